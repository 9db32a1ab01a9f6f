// SPDX-License-Identifier: GPL-2.0-only
/* See hook.h. Owns the results; each kind of hook has a function to try it. */
#include "source/hook.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "source/hook_feature.h"
#include "source/kernel_types.h"
#include "source/permissions.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))
#define TRIED_MAX 64
#define NAME_LEN 128

/* include/linux/errno.h: what trampolines without support give. */
#define ENOTSUPP 524

struct tried {
	const char *name; /* a copy of the pointer: names are literals */
	bool attached;
	int err;
};

static struct {
	struct tried all[TRIED_MAX];
	size_t len;
} cache;

static const struct bpf_insn nothing[] = {
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
	{.code = BPF_JMP | BPF_EXIT},
};

/* A program that returns 0, of a kernel type by its id. fd or -errno. */
static int load(enum bpf_prog_type type, enum bpf_attach_type attach, int id)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach,
		    .attach_btf_id = id);

	return bpf_prog_load(type, "rt_try", "GPL", nothing, LEN(nothing),
			     &opts);
}

/* Attach by BTF, if wanted, and undo everything. */
static int attach__raw(int program, bool attach)
{
	int link = attach ? bpf_raw_tracepoint_open(NULL, program) : program;

	if (link >= 0 && link != program)
		close(link);
	close(program);
	return link < 0 ? link : 0;
}

static int try__tracepoint(const char *name, bool attach)
{
	int id = kernel_types__tracepoint(name), fd;

	if (id < 0)
		return id;
	fd = load(BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, id);
	if (fd < 0)
		return fd;
	return attach__raw(fd, attach);
}

static int try__trampoline(const char *name, enum bpf_attach_type type,
			   bool attach)
{
	int id = kernel_types__function(name), fd;

	if (id < 0)
		return id;
	fd = load(BPF_PROG_TYPE_TRACING, type, id);
	if (fd < 0)
		return fd;
	return attach__raw(fd, attach);
}

/* The type of the map whose elements an iterator visits, or 0. */
static int iterator__map(const char *name)
{
	if (!strcmp(name, "bpf_sk_storage_map"))
		return BPF_MAP_TYPE_SK_STORAGE;
	return strcmp(name, "bpf_map_elem") ? 0 : BPF_MAP_TYPE_HASH;
}

static int try__iterator(const char *name)
{
	union bpf_iter_link_info info = {};
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	char function[NAME_LEN];
	int id, fd, link, map = -1, type = iterator__map(name);

	snprintf(function, sizeof(function), "bpf_iter_%s", name);
	id = kernel_types__function(function);
	if (id < 0)
		return id;
	if (type)
		map = hook_feature__map(type);
	if (map >= 0) {
		info.map.map_fd = map;
		opts.iter_info = &info;
		opts.iter_info_len = sizeof(info);
	}
	fd = load(BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, id);
	link = fd < 0 ? fd : bpf_link_create(fd, 0, BPF_TRACE_ITER, &opts);
	if (link >= 0)
		close(link);
	if (fd >= 0)
		close(fd);
	if (map >= 0)
		close(map);
	return link < 0 ? link : 0;
}

/* --- return probes ------------------------------------------------------ */

/* Where a byte of this program's code is in its file. */
static uint64_t file_offset(uintptr_t address)
{
	uint64_t begin, end, offset, found = 0;
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512];

	while (f && !found && fgets(line, sizeof(line), f))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &begin,
			   &end, &offset) == 3 &&
		    address >= begin && address < end)
			found = address - begin + offset;
	if (f)
		fclose(f);
	return found;
}

static int probe__type(void)
{
	FILE *f = fopen("/sys/bus/event_source/devices/uprobe/type", "re");
	int type = -ESRCH;

	if (!f)
		return type;
	if (fscanf(f, "%d", &type) != 1)
		type = -ESRCH;
	fclose(f);
	return type;
}

static int event__open(struct perf_event_attr *attr, const char *path)
{
	attr->uprobe_path = (uintptr_t)path;
	return syscall(SYS_perf_event_open, attr, -1, 0, -1,
		       PERF_FLAG_FD_CLOEXEC);
}

/*
 * Closing the event of a probe waits for a grace period, 0.2 s. One in a file
 * that there is not gets as far as the look-up of the path
 * (perf_uprobe_event_init() in kernel/events/core.c), behind every refusal.
 *
 * attach: on a function of our own that is not called meanwhile. One in the C
 * library would be patched in every process that there is.
 */
static int try__return_probe(bool attach)
{
	int type = probe__type(), event = -1, fd, err = 0;
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = type,
		.config = 1, /* bit 0: the return (format/retprobe) */
	};

	if (type < 0)
		return type;
	fd = load(BPF_PROG_TYPE_KPROBE, 0, 0);
	if (fd < 0)
		return fd;
	if (event__open(&attr, "/nonexistent/reqtrace") < 0 && errno != ENOENT)
		err = -errno;
	if (!err && attach) {
		attr.probe_offset = file_offset((uintptr_t)try__return_probe);
		event = event__open(&attr, "/proc/self/exe");
		if (event < 0 || ioctl(event, PERF_EVENT_IOC_SET_BPF, fd))
			err = -errno;
	}
	if (event >= 0)
		close(event);
	close(fd);
	return err;
}

/* Lockdown takes helpers away (bpf_base_func_proto() in kernel/bpf/helpers.c),
 * as if the kernel did not have them. */
static int try__feature(const char *name)
{
	int err = hook_feature__load(&name, 1);

	return err == -EINVAL && permissions__confidential() ? -EPERM : err;
}

int hook__probe_allowed(void)
{
	return try__return_probe(false);
}

/* --- reasons ------------------------------------------------------------ */

static bool is_trampoline(const char *name)
{
	return !strncmp(name, "fentry/", 7) || !strncmp(name, "fexit/", 6);
}

static const char *reason__absent(const char *name)
{
	if (!strncmp(name, "tp_btf/", 7))
		return "this kernel has no such tracepoint";
	if (!strncmp(name, "iter/", 5))
		return "this kernel has no such iterator";
	if (!strncmp(name, "uretprobe/", 10))
		return "this kernel has no uprobes (CONFIG_UPROBE_EVENTS)";
	return "this kernel has no such function";
}

static const char *reason__forbidden(const char *name)
{
	const char *missing = permissions__missing();

	if (missing)
		return missing;
	if (permissions__confidential())
		return "kernel lockdown forbids it (boot with "
		       "lockdown=integrity)";
	if (is_trampoline(name))
		return "this kernel forbids trampolines (EPERM)";
	if (!strncmp(name, "iter/", 5) && iterator__map(name + 5))
		return "this kernel forbids iterators over maps (EPERM)";
	if (!strncmp(name, "uretprobe/", 10) && !permissions__admin())
		return "needs CAP_SYS_ADMIN on this kernel";
	return "it is forbidden here (EPERM): look for seccomp, or a container "
	       "without CAP_BPF and CAP_PERFMON";
}

static const char *reason(const char *name, int err)
{
	switch (-err) {
	case 0:
		return NULL;
	case EPERM:
	case EACCES:
		return reason__forbidden(name);
	case ESRCH:
		return reason__absent(name);
	case ENOENT:
		return "no type information (BTF)";
	case EPROTONOSUPPORT:
		return "the kernel's type information is not understood";
	case ENOTSUPP:
	case EOPNOTSUPP:
		return is_trampoline(name)
			       ? "this kernel has no trampolines for this "
				 "machine"
			       : "this kernel does not support it";
	case EINVAL:
		return hook_feature__is(name)
			       ? "tracing programs cannot use it here"
			       : "this kernel refuses it (EINVAL)";
	case ENOSYS:
		return "this kernel has no BPF";
	case ECANCELED:
		return "REQTRACE_WITHOUT leaves it out";
	default:
		return strerror(-err);
	}
}

/* --- results ------------------------------------------------------------ */

static struct tried *tried__find(const char *name)
{
	for (size_t i = 0; i < cache.len; i++)
		if (!strcmp(cache.all[i].name, name))
			return &cache.all[i];
	return NULL;
}

static void tried__keep(const char *name, bool attached_too, int err)
{
	struct tried *t = tried__find(name);

	if (!t && cache.len < TRIED_MAX)
		t = &cache.all[cache.len++];
	if (t)
		*t = (struct tried){name, attached_too, err};
}

/* REQTRACE_WITHOUT names hooks, by commas: what would be without them? */
static bool is_left_out(const char *name)
{
	const char *list = getenv("REQTRACE_WITHOUT");
	size_t len = strlen(name);

	while (list && (strncmp(list, name, len) != 0 ||
			(list[len] && list[len] != ','))) {
		list = strchr(list, ',');
		list += list != NULL;
	}
	return list;
}

static int try__now(const char *name, bool attach)
{
	const char *what = strchr(name, '/');

	if (is_left_out(name))
		return -ECANCELED;
	libbpf_set_print(NULL); /* failing is no news here */
	if (hook_feature__is(name))
		return try__feature(name);
	if (!strncmp(name, "uretprobe/", 10))
		return try__return_probe(attach);
	if (!strncmp(name, "tp_btf/", 7))
		return try__tracepoint(what + 1, attach);
	if (!strncmp(name, "iter/", 5))
		return try__iterator(what + 1);
	if (!strncmp(name, "fexit/", 6))
		return try__trampoline(what + 1, BPF_TRACE_FEXIT, attach);
	return try__trampoline(what + 1, BPF_TRACE_FENTRY, attach);
}

int hook__try(const char *name, bool attach, const char **why)
{
	const struct tried *t = tried__find(name);
	int err;

	if (t && (t->attached || t->err || !attach)) {
		err = t->err;
	} else {
		err = try__now(name, attach);
		tried__keep(name, attach, err);
	}
	*why = reason(name, err);
	return err;
}

int hook__try_together(const char *const *names, size_t len)
{
	int err;

	libbpf_set_print(NULL);
	err = hook_feature__load(names, len);

	for (size_t i = 0; !err && i < len; i++)
		tried__keep(names[i], true, 0);
	return err;
}
