/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Knows the semantic conventions of resources; fed with processes and the
 * configuration. What a target says of itself goes before what reqtrace's own
 * environment says, and that before what was found out.
 */
#include "export/build_resource.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lines.h"
#include "export/build_attributes.h"

/* Of a resource: what is found out, and what is told. */
#define RESOURCE_ATTRIBUTES 64

struct resource_list {
	struct metric_attribute item[RESOURCE_ATTRIBUTES];
	size_t len;
	struct arena *arena;
};

static const char *config_value(const struct export_config *config,
				const char *key)
{
	for (char **at = config->resource; at && at[0]; at += 2) {
		if (!strcmp(at[0], key))
			return at[1];
	}
	return NULL;
}

static const char *name_of(const struct export_config *config,
			   const struct snapshot_process *p)
{
	if (config->service)
		return config->service;
	if (p && p->service && p->service[0])
		return p->service;
	if (p && p->comm && p->comm[0])
		return p->comm;
	return "unknown_service";
}

char *resource__key(const struct export_config *config,
		    const struct snapshot_process *p)
{
	size_t space_len = 0, container_len = 0;
	const char *space = config_value(config, "service.namespace");
	const char *told =
		lines__value(p->resource, "service.namespace", &space_len);
	const char *container =
		lines__value(p->resource, "container.id", &container_len);
	char *key;

	if (told)
		space = told;
	else
		space_len = space ? strlen(space) : 0;
	if (asprintf(&key, "%s\n%.*s\n%.*s", name_of(config, p), (int)space_len,
		     space ? space : "", (int)container_len,
		     container ? container : "") < 0)
		return NULL;
	return key;
}

/* Set key, in place of what it was. What finds no room is left out: nobody
 * has so many. */
static void set(struct resource_list *l, struct metric_attribute item)
{
	for (size_t i = 0; i < l->len; i++) {
		if (!strcmp(l->item[i].key, item.key)) {
			l->item[i] = item;
			return;
		}
	}
	if (l->len < RESOURCE_ATTRIBUTES)
		l->item[l->len++] = item;
}

static void set_text(struct resource_list *l, const char *key, const char *text)
{
	if (text && text[0])
		set(l, (struct metric_attribute){.key = key, .text = text});
}

static void set_number(struct resource_list *l, const char *key, int64_t number)
{
	set(l, (struct metric_attribute){.key = key, .number = number});
}

/* What reqtrace decides itself, so that names and ids hold everywhere. */
static bool is_own(const char *key)
{
	return !strcmp(key, "service.name") ||
	       !strcmp(key, "service.instance.id") ||
	       !strncmp(key, "telemetry.", strlen("telemetry."));
}

/* Of reqtrace's environment. */
static void set_config(struct resource_list *l,
		       const struct export_config *config)
{
	for (char **at = config->resource; at && at[0]; at += 2) {
		if (!is_own(at[0]))
			set_text(l, at[0], at[1]);
	}
}

/* Of the target: "key=value" a line. */
static void set_lines(struct resource_list *l, const char *lines)
{
	while (lines && *lines) {
		size_t len = strcspn(lines, "\n");
		const char *equals = memchr(lines, '=', len);

		if (equals && equals > lines) {
			const char *key = arena__text(l->arena, lines,
						      (size_t)(equals - lines));
			const char *value =
				arena__text(l->arena, equals + 1,
					    len - (size_t)(equals + 1 - lines));

			if (key && value && !is_own(key))
				set_text(l, key, value);
		}
		lines += len + (lines[len] == '\n');
	}
}

/* As the conventions name them; others as the kernel does. */
static const char *arch_name(const char *machine)
{
	static const char *const names[][2] = {
		{"x86_64", "amd64"}, {"aarch64", "arm64"}, {"i686", "x86"},
		{"i386", "x86"},     {"armv7l", "arm32"},  {"ppc64le", "ppc64"},
	};

	for (size_t i = 0; machine && i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(machine, names[i][0]))
			return names[i][1];
	}
	return machine;
}

static void set_machine(struct resource_list *l, const struct snapshot *snap)
{
	set_text(l, "host.name", snap->host);
	set_text(l, "host.arch", arch_name(snap->arch));
	set_text(l, "os.type", "linux");
	set_text(l, "os.version", snap->kernel);
}

/* Who measures. The conventions leave "opentelemetry" to its own SDKs, and ask
 * others for a name of theirs. */
static void set_telemetry(struct resource_list *l, const struct snapshot *snap)
{
	set_text(l, "telemetry.sdk.name", "reqtrace");
	set_text(l, "telemetry.sdk.language", "c");
	set_text(l, "telemetry.sdk.version", snap->version);
}

static void set_process(struct resource_list *l,
			const struct snapshot_process *p)
{
	const char *slash;

	set_number(l, "process.pid", p->pid);
	if (p->ppid)
		set_number(l, "process.parent_pid", p->ppid);
	if (!p->exe || !p->exe[0])
		return;
	slash = strrchr(p->exe, '/');
	set_text(l, "process.executable.path", p->exe);
	set_text(l, "process.executable.name", slash ? slash + 1 : p->exe);
}

/* --- service.instance.id -------------------------------------------------- */

/* Two lanes of FNV-1a, mixed at the end as by MurmurHash3. */
struct id_hash {
	uint64_t lane[2];
};

static void id_hash__add(struct id_hash *h, const void *data, size_t len)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < len; i++) {
		for (int k = 0; k < 2; k++) {
			h->lane[k] ^= bytes[i];
			h->lane[k] *= UINT64_C(0x100000001b3);
		}
	}
}

static void id_hash__text(struct id_hash *h, const char *text)
{
	if (!text)
		text = "";
	id_hash__add(h, text, strlen(text) + 1);
}

static uint64_t mixed(uint64_t x)
{
	x = (x ^ (x >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	x = (x ^ (x >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ (x >> 33);
}

/* RFC 9562: version 8, for ways of one's own. */
static void make_id(char id[SERVICE_ID_SIZE], const char *host, const char *key,
		    uint64_t begun, uint64_t which)
{
	struct id_hash h = {
		{UINT64_C(0xcbf29ce484222325), UINT64_C(0x9ae16a3b2f90404f)}};
	uint64_t a, b;

	id_hash__text(&h, host);
	id_hash__text(&h, key);
	id_hash__add(&h, &begun, sizeof(begun));
	id_hash__add(&h, &which, sizeof(which));
	a = mixed(h.lane[0]);
	b = mixed(h.lane[1] ^ a);
	a = (a & ~UINT64_C(0xf000)) | UINT64_C(0x8000);
	b = (b & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
	snprintf(id, SERVICE_ID_SIZE, "%08x-%04x-%04x-%04x-%012llx",
		 (unsigned int)(a >> 32), (unsigned int)(a >> 16 & 0xffff),
		 (unsigned int)(a & 0xffff), (unsigned int)(b >> 48),
		 (unsigned long long)(b & 0xffffffffffff));
}

/* --- whole resources ------------------------------------------------------ */

static int by_key(const void *a, const void *b)
{
	const struct metric_attribute *x = a, *y = b;

	return strcmp(x->key, y->key);
}

/* Copies, so that it lasts longer than what it was made of. */
static int finish(struct resource_list *l, struct service *s)
{
	struct attributes kept;

	set_text(l, "service.instance.id", s->id);
	qsort(l->item, l->len, sizeof(*l->item), by_key);
	kept = attributes__copy(l->item, l->len, &s->own);
	if (s->own.failed) {
		arena__free(&s->own);
		return -ENOMEM;
	}
	s->attributes = kept.item;
	s->attributes_len = kept.len;
	return 0;
}

int resource__describe(struct service *s, const struct export_config *config,
		       const struct snapshot *snap,
		       const struct snapshot_process *leader)
{
	struct resource_list l = {.arena = &s->own};

	set_machine(&l, snap);
	if (leader)
		set_process(&l, leader);
	set_config(&l, config);
	if (leader)
		set_lines(&l, leader->resource);
	set_telemetry(&l, snap);
	set_text(&l, "service.name", name_of(config, leader));
	/* Without a time of its own, a process is told from the one before by
	 * its number and by when it was first seen. */
	make_id(s->id, snap->host, s->key,
		leader && leader->started ? leader->started : s->start,
		leader ? leader->pid : 0);
	return finish(&l, s);
}

int resource__describe_self(struct service *s,
			    const struct export_config *config,
			    const struct snapshot *snap)
{
	struct resource_list l = {.arena = &s->own};

	set_machine(&l, snap);
	set_number(&l, "process.pid", getpid());
	set_config(&l, config);
	set_telemetry(&l, snap);
	set_text(&l, "service.name", "reqtrace");
	set_text(&l, "service.version", snap->version);
	make_id(s->id, snap->host, "\nreqtrace", snap->wall_start,
		(uint64_t)getpid());
	return finish(&l, s);
}
