// SPDX-License-Identifier: GPL-2.0-only
/*
 * See service_cgroup.h. Lines are "hierarchy:controllers:path"; what names a
 * container or a unit is a part of the path, and the deepest one counts:
 *
 *   0::/system.slice/docker-<id>.scope
 *   0::/kubepods.slice/kubepods-burstable.slice/
 *      kubepods-burstable-pod<uid, _ for ->.slice/cri-containerd-<id>.scope
 *   4:memory:/kubepods/besteffort/pod<uid>/<id>
 *   0::/kubepods-besteffort-pod<uid>.slice:cri-containerd:<id>
 *   0::/machine.slice/libpod-<id>.scope/container
 *   1:name=systemd:/system.slice/nginx.service
 *   0::/lxc.payload.NAME/system.slice/nginx.service
 */
#include "source/service_cgroup.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

/* A piece of the text. */
struct piece {
	const char *at;
	size_t len;
};

static bool starts(struct piece p, const char *with)
{
	size_t len = strlen(with);

	return p.len >= len && !memcmp(p.at, with, len);
}

static bool ends(struct piece p, const char *with)
{
	size_t len = strlen(with);

	return p.len >= len && !memcmp(p.at + p.len - len, with, len);
}

static struct piece without_end(struct piece p, const char *end)
{
	if (ends(p, end))
		p.len -= strlen(end);
	return p;
}

/* Up to the first c; *rest is what follows it. False at the end. */
static bool cut(struct piece *rest, char c, struct piece *out)
{
	const char *end;

	if (!rest->at)
		return false;
	end = memchr(rest->at, c, rest->len);
	*out = *rest;
	if (!end) {
		rest->at = NULL;
		return true;
	}
	out->len = end - rest->at;
	rest->len -= out->len + 1;
	rest->at = end + 1;
	return true;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool all_hex(struct piece p)
{
	for (size_t i = 0; i < p.len; i++)
		if (!is_hex(p.at[i]))
			return false;
	return true;
}

/* <id>, docker-<id>.scope, ...:cri-containerd:<id>. What watches a container
 * from outside (conmon) is not in it. */
static bool take_container(struct piece part, struct service_cgroup *out)
{
	const size_t len = sizeof(out->container) - 1;
	struct piece id = without_end(part, ".scope");
	char before;

	if (id.len < len || starts(part, "libpod-conmon-") ||
	    starts(part, "crio-conmon-"))
		return false;
	before = id.len > len ? id.at[id.len - len - 1] : '-';
	id.at += id.len - len;
	id.len = len;
	if (!all_hex(id) || (before != '-' && before != ':'))
		return false;
	memcpy(out->container, id.at, len);
	out->container[len] = 0;
	return true;
}

/* pod<uid>, kubepods-burstable-pod<uid>.slice; a uid is a UUID, or of a static
 * pod 32 digits. */
static void take_pod(struct piece part, struct service_cgroup *out)
{
	const char *slice = memmem(part.at, part.len, ".slice", 6);
	char uid[sizeof(out->pod_uid)];
	struct piece p = part;

	if (slice)
		p.len = slice - part.at;
	for (; p.len >= 3; p.at++, p.len--)
		if (starts(p, "pod") && (p.len == 3 + 36 || p.len == 3 + 32))
			break;
	if (p.len < 3 || (p.at > part.at && p.at[-1] != '-'))
		return;
	p.at += 3;
	p.len -= 3;
	for (size_t i = 0; i < p.len; i++) {
		uid[i] = p.at[i] == '_' ? '-' : p.at[i];
		if (!is_hex(uid[i]) && uid[i] != '-')
			return;
	}
	memcpy(out->pod_uid, uid, p.len);
	out->pod_uid[p.len] = 0;
}

/* Undo systemd's escapes, "\x2d" for "-", and make it safe to show. */
static void take_name(struct piece p, char *out, size_t size)
{
	char name[256];
	size_t n = 0;

	for (size_t i = 0; i < p.len && n < sizeof(name) && n + 1 < size; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *high, *low;

		name[n++] = p.at[i];
		if (i + 3 >= p.len || p.at[i] != '\\' || p.at[i + 1] != 'x')
			continue;
		high = memchr(digits, p.at[i + 2], 16);
		low = memchr(digits, p.at[i + 3], 16);
		if (!high || !low)
			continue;
		name[n - 1] = (char)((high - digits) << 4 | (low - digits));
		i += 3;
	}
	utf8__clean(name, n, out);
}

/* The length of a unit's name without the instance, if that is a connection:
 * "echo@7-127.0.0.1:7-127.0.0.1:40000", "echo@7-4711-0" (systemd.socket(5),
 * Accept=). There is a new one each time. */
static struct piece without_connection(struct piece unit)
{
	const char *at = memchr(unit.at, '@', unit.len);
	struct piece instance, part;
	size_t numbers = 0;

	if (!at)
		return unit;
	instance.at = at + 1;
	instance.len = unit.len - (at + 1 - unit.at);
	if (!memchr(instance.at, ':', instance.len)) {
		while (cut(&instance, '-', &part)) {
			for (size_t i = 0; i < part.len; i++)
				if (part.at[i] < '0' || part.at[i] > '9')
					return unit;
			numbers += part.len > 0;
		}
		if (numbers != 3)
			return unit;
	}
	unit.len = at - unit.at;
	return unit;
}

/* Units whose processes are others' programs, and names that are new at each
 * start, say nothing of the service. */
static bool is_telling(struct piece unit)
{
	static const char *const not [] = {
		"anacron.service",  "atd.service",     "containerd.service",
		"cron.service",	    "crond.service",   "crio.service",
		"docker.service",   "kubelet.service", "podman.service",
		"rc-local.service", "ssh.service",     "sshd.service",
	};

	for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++)
		if (unit.len == strlen(not [i]) && starts(unit, not [i]))
			return false;
	return !starts(unit, "user@") && !starts(unit, "run-") &&
	       !starts(unit, "getty@") && !starts(unit, "serial-getty@") &&
	       !starts(unit, "sshd@") && !starts(unit, "ssh@");
}

static bool take_machine(struct piece part, struct piece before,
			 struct service_cgroup *out)
{
	struct piece name = part;

	if (starts(part, "lxc.payload.")) {
		name.at += 12;
		name.len -= 12;
	} else if (starts(part, "machine-") && ends(part, ".scope") &&
		   !starts(part, "machine-qemu")) {
		name = without_end(part, ".scope");
		name.at += 8;
		name.len -= 8;
	} else if (before.len != 3 || !starts(before, "lxc")) {
		return false;
	}
	take_name(name, out->machine, sizeof(out->machine));
	return true;
}

static void take_path(struct piece path, bool has_units,
		      struct service_cgroup *out)
{
	struct piece part, before = {"", 0};

	while (cut(&path, '/', &part)) {
		if (memmem(part.at, part.len, "pod", 3))
			take_pod(part, out);
		if (take_container(part, out) ||
		    take_machine(part, before, out))
			out->unit[0] = 0; /* it was about what is around it */
		else if (has_units && ends(part, ".service") &&
			 is_telling(part))
			take_name(without_connection(
					  without_end(part, ".service")),
				  out->unit, sizeof(out->unit));
		before = part;
	}
}

void service_cgroup__parse(const char *text, size_t len,
			   struct service_cgroup *out)
{
	struct piece rest = {text, len}, line;

	memset(out, 0, sizeof(*out));
	while (cut(&rest, '\n', &line)) {
		struct piece number, names;

		if (!cut(&line, ':', &number) || !cut(&line, ':', &names) ||
		    !line.at)
			continue;
		take_path(line,
			  !names.len || (names.len == 12 &&
					 starts(names, "name=systemd")),
			  out);
	}
}
