// SPDX-License-Identifier: GPL-2.0-only
/*
 * See kernel_types.h. Owns the types and an index of names: libbpf's look-up
 * passes over all 100,000 types for each name, half a millisecond.
 */
#include "source/kernel_types.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACEPOINT "btf_trace_" /* typedef of its function's type */
#define NAME_LEN 128

/* Open addressing, at most half full; ids, 0: none. */
static struct {
	struct btf *btf;
	int err; /* of loading */
	uint32_t *slots;
	uint32_t mask;
} types;

static uint32_t hash(const char *s)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

static const char *name_of(const struct btf_type *t)
{
	return btf__name_by_offset(types.btf, t->name_off);
}

/* What a hook can be. */
static bool is_indexed(const struct btf_type *t)
{
	return btf_is_func(t) ||
	       (btf_is_typedef(t) &&
		!strncmp(name_of(t), TRACEPOINT, strlen(TRACEPOINT)));
}

static int index_names(void)
{
	uint32_t count = btf__type_cnt(types.btf), size = 1, at;

	while (size < 2 * count)
		size *= 2;
	types.slots = calloc(size, sizeof(*types.slots));
	if (!types.slots)
		return -ENOMEM;
	types.mask = size - 1;
	for (uint32_t id = 1; id < count; id++) {
		const struct btf_type *t = btf__type_by_id(types.btf, id);

		if (!is_indexed(t))
			continue;
		at = hash(name_of(t)) & types.mask;
		while (types.slots[at])
			at = (at + 1) & types.mask;
		types.slots[at] = id;
	}
	return 0;
}

int kernel_types__load(void)
{
	if (types.btf || types.err)
		return types.err;
	types.btf = btf__parse_raw(KERNEL_TYPES_PATH);
	if (!types.btf) {
		types.err = -errno;
		return types.err;
	}
	types.err = index_names();
	if (types.err) {
		btf__free(types.btf);
		types.btf = NULL;
	}
	return types.err;
}

void kernel_types__free(void)
{
	btf__free(types.btf);
	free(types.slots);
	memset(&types, 0, sizeof(types));
}

static int find(const char *name, unsigned int kind)
{
	int err = kernel_types__load();
	uint32_t at, id;

	if (err)
		return err;
	for (at = hash(name) & types.mask; (id = types.slots[at]);
	     at = (at + 1) & types.mask) {
		const struct btf_type *t = btf__type_by_id(types.btf, id);

		if (btf_kind(t) == kind && !strcmp(name_of(t), name))
			return id;
	}
	return -ESRCH;
}

int kernel_types__function(const char *name)
{
	return find(name, BTF_KIND_FUNC);
}

int kernel_types__tracepoint(const char *name)
{
	char type[NAME_LEN];

	snprintf(type, sizeof(type), TRACEPOINT "%s", name);
	return find(type, BTF_KIND_TYPEDEF);
}

/* A function's type, or that which a tracepoint's typedef points to. */
static const struct btf_type *prototype(int id)
{
	const struct btf_type *t = NULL;

	if (id > 0 && !kernel_types__load())
		t = btf__type_by_id(types.btf, id);
	while (t && (btf_is_typedef(t) || btf_is_ptr(t) || btf_is_func(t)))
		t = btf__type_by_id(types.btf, t->type);
	return t && btf_is_func_proto(t) ? t : NULL;
}

int kernel_types__params(int id)
{
	const struct btf_type *t = prototype(id);

	return t ? btf_vlen(t) : -ESRCH;
}

bool kernel_types__param_is_pointer(int id, int param)
{
	const struct btf_type *t = prototype(id);
	int type;

	if (!t || param >= btf_vlen(t))
		return false;
	type = btf__resolve_type(types.btf, btf_params(t)[param].type);
	return type > 0 && btf_is_ptr(btf__type_by_id(types.btf, type));
}
