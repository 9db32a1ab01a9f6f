// SPDX-License-Identifier: GPL-2.0-only
/* See service.h: reads the files, and decides who is right. */
#include "source/service.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "source/attributes.h"
#include "source/service_argv.h"
#include "source/service_cgroup.h"

#define NS_PER_S 1000000000ull

/* What is known of one process while it is looked at. */
struct finding {
	const char *root;
	uint32_t pid;
	char *buffer; /* SERVICE_READ_MAX + 1 bytes, for one file at a time */
	struct service_cgroup cgroup;
	struct attributes attributes;
	char name[SERVICE_NAME_MAX + 1];
};

/* Bytes of ROOT/PID/FILE in the buffer, terminated; 0 if it cannot be read. */
static size_t read_file(const char *root, uint32_t pid, const char *file,
			char *buffer, size_t size)
{
	char path[PATH_MAX];
	size_t len = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%u/%s", root, pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0) {
		while (len < size - 1 &&
		       (n = read(fd, buffer + len, size - 1 - len)) > 0)
			len += n;
		close(fd);
	}
	buffer[len] = 0;
	return len;
}

static size_t find_file(struct finding *f, const char *file)
{
	return read_file(f->root, f->pid, file, f->buffer,
			 SERVICE_READ_MAX + 1);
}

const char *service__variable(const char *variables, size_t len,
			      const char *name)
{
	const char *at = variables, *end = variables + len, *next;
	size_t name_len = strlen(name);

	for (; at < end; at = next + 1) {
		next = memchr(at, 0, end - at);
		if (!next)
			return NULL;
		if ((size_t)(next - at) > name_len && at[name_len] == '=' &&
		    !memcmp(at, name, name_len))
			return at + name_len + 1;
	}
	return NULL;
}

/* The first that has a name counts. */
static void propose(struct finding *f, const char *name)
{
	size_t len = strlen(name);

	if (!f->name[0])
		utf8__clean(name,
			    len > SERVICE_NAME_MAX ? SERVICE_NAME_MAX : len,
			    f->name);
}

/* --- Kubernetes --------------------------------------------------------- */

/* What manifests usually call what they take from the downward API. */
struct downward {
	const char *attribute;
	const char *variables[6]; /* up to a NULL */
};

static const struct downward downward[] = {
	{"k8s.pod.name",
	 {"OTEL_RESOURCE_ATTRIBUTES_POD_NAME", "K8S_POD_NAME", "POD_NAME",
	  "MY_POD_NAME"}},
	{"k8s.namespace.name",
	 {"K8S_NAMESPACE_NAME", "K8S_NAMESPACE", "POD_NAMESPACE",
	  "MY_POD_NAMESPACE"}},
	{"k8s.node.name",
	 {"OTEL_RESOURCE_ATTRIBUTES_NODE_NAME", "K8S_NODE_NAME", "NODE_NAME",
	  "MY_NODE_NAME"}},
	{"k8s.container.name", {"K8S_CONTAINER_NAME", "CONTAINER_NAME"}},
};

/* In a pod HOSTNAME is its name, unless it shares the host's. */
static bool has_own_hostname(const struct finding *f)
{
	char path[PATH_MAX], own[64], host[64];
	ssize_t own_len, host_len;

	snprintf(path, sizeof(path), "%s/%u/ns/uts", f->root, f->pid);
	own_len = readlink(path, own, sizeof(own));
	snprintf(path, sizeof(path), "%s/1/ns/uts", f->root);
	host_len = readlink(path, host, sizeof(host));
	return own_len > 0 && host_len > 0 &&
	       (own_len != host_len || memcmp(own, host, own_len) != 0);
}

static void take_downward(struct finding *f, size_t len)
{
	const char *value;

	for (size_t i = 0; i < sizeof(downward) / sizeof(downward[0]); i++) {
		const struct downward *d = &downward[i];

		for (size_t j = 0; d->variables[j]; j++) {
			value = service__variable(f->buffer, len,
						  d->variables[j]);
			if (value)
				attributes__add(&f->attributes, d->attribute,
						value);
		}
	}
	value = service__variable(f->buffer, len, "HOSTNAME");
	if (value && has_own_hostname(f))
		attributes__add(&f->attributes, "k8s.pod.name", value);
}

/* The length of text without "-<len characters that Kubernetes makes up>". */
static size_t without_made_up(const char *text, size_t len, size_t least,
			      size_t most)
{
	static const char made_up[] = "bcdfghjklmnpqrstvwxz2456789";
	size_t n = 0;

	while (n < len &&
	       memchr(made_up, text[len - 1 - n], sizeof(made_up) - 1))
		n++;
	return n >= least && n <= most && n + 1 < len &&
			       text[len - 1 - n] == '-'
		       ? len - n - 1
		       : len;
}

/* The length of text without "-<digits>", least of them or more. */
static size_t without_digits(const char *text, size_t len, size_t least)
{
	size_t n = 0;

	while (n < len && text[len - 1 - n] >= '0' && text[len - 1 - n] <= '9')
		n++;
	return n >= least && n + 1 < len && text[len - 1 - n] == '-'
		       ? len - n - 1
		       : len;
}

/* shop-7d9f8b6c5-x2x7k of a Deployment, shop-x2x7k of a DaemonSet or Job,
 * shop-28391040-x2x7k of a CronJob (in minutes since 1970), shop-0 of a
 * StatefulSet: shop. */
static void propose_workload(struct finding *f)
{
	char pod[256];
	size_t len, shorter;

	if (!attributes__get(&f->attributes, "k8s.pod.name", pod, sizeof(pod)))
		return;
	len = strlen(pod);
	shorter = without_made_up(pod, len, 5, 5);
	if (shorter == len) {
		len = without_digits(pod, len, 1);
	} else {
		len = without_digits(pod, shorter, 8);
		if (len == shorter)
			len = without_made_up(pod, shorter, 6, 10);
	}
	pod[len] = 0;
	propose(f, pod);
}

/* --- all sources --------------------------------------------------------- */

static void take_environment(struct finding *f)
{
	size_t len = find_file(f, "environ");
	const char *list =
		service__variable(f->buffer, len, "OTEL_RESOURCE_ATTRIBUTES");
	const char *name =
		service__variable(f->buffer, len, "OTEL_SERVICE_NAME");
	char text[SERVICE_NAME_MAX + 1];

	if (list)
		attributes__parse(&f->attributes, list);
	if (name)
		propose(f, name);
	if (attributes__get(&f->attributes, "service.name", text, sizeof(text)))
		propose(f, text);
	attributes__remove(&f->attributes, "service.name");
	if (f->cgroup.pod_uid[0])
		take_downward(f, len);
}

static void take_cgroup(struct finding *f)
{
	char name[SERVICE_NAME_MAX + 1];

	attributes__add(&f->attributes, "container.id", f->cgroup.container);
	attributes__add(&f->attributes, "container.name", f->cgroup.machine);
	attributes__add(&f->attributes, "k8s.pod.uid", f->cgroup.pod_uid);
	if (attributes__get(&f->attributes, "k8s.container.name", name,
			    sizeof(name)))
		propose(f, name);
	propose_workload(f);
	propose(f, f->cgroup.machine);
	propose(f, f->cgroup.unit);
}

/* The kernel cuts names at 15 bytes; what follows a colon is a process's state,
 * "gunicorn: master". */
static void propose_own(struct finding *f, const char *comm, const char *exe)
{
	const char *slash = strrchr(exe, '/');
	const char *base = slash ? slash + 1 : exe;
	size_t len = strlen(comm);
	const char *colon = strstr(comm, ": ");
	char name[SERVICE_ARGV_NAME_MAX + 1];

	service_argv__name(exe, f->buffer, find_file(f, "cmdline"), name);
	propose(f, name);
	if (len == 15 && !strncmp(base, comm, len)) {
		propose(f, base);
		return;
	}
	if (colon && colon > comm)
		len = colon - comm;
	snprintf(name, sizeof(name), "%.*s", (int)len, comm);
	propose(f, name);
}

static int finish(struct service *out, const char *name, const char *resource)
{
	out->name = strdup(name);
	out->resource = strdup(resource);
	if (out->name && out->resource)
		return 0;
	service__free(out);
	return -ENOMEM;
}

int service__read(const char *root, uint32_t pid, const char *comm,
		  const char *exe, struct service *out)
{
	struct finding f = {.root = root, .pid = pid};
	int err;

	*out = (struct service){0};
	f.buffer = malloc(SERVICE_READ_MAX + 1);
	if (!f.buffer)
		return -ENOMEM;
	attributes__init(&f.attributes);
	service_cgroup__parse(f.buffer, find_file(&f, "cgroup"), &f.cgroup);
	take_environment(&f);
	take_cgroup(&f);
	propose_own(&f, comm, exe);
	err = finish(out, f.name, f.attributes.text);
	free(f.buffer);
	return err;
}

int service__copy(struct service *to, const struct service *from)
{
	*to = (struct service){0};
	return from->name ? finish(to, from->name, from->resource) : 0;
}

void service__free(struct service *s)
{
	free(s->name);
	free(s->resource);
	*s = (struct service){0};
}

/* Field 22 of stat; the name, field 2, may hold anything. */
uint64_t service__started(const char *root, uint32_t pid)
{
	char line[1024], *at;
	unsigned long long ticks;
	long per_second = sysconf(_SC_CLK_TCK);

	read_file(root, pid, "stat", line, sizeof(line));
	at = strrchr(line, ')');
	if (!at || per_second <= 0)
		return 0;
	for (int field = 2; field < 22 && at; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, "%llu", &ticks) != 1)
		return 0;
	return ticks / per_second * NS_PER_S +
	       ticks % per_second * NS_PER_S / per_second;
}
