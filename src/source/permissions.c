// SPDX-License-Identifier: GPL-2.0-only
/* See permissions.h. */
#include "source/permissions.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "source/hook.h"
#include "source/kernel_types.h"
#include "source/procfs.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* libcap of Debian 11 has no names for these; include/uapi/linux/capability.h
 */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif

static const struct {
	cap_value_t cap;
	struct permission text;
} useful[] = {
	{CAP_BPF, {"CAP_BPF", "to load programs", true, false}},
	{CAP_PERFMON, {"CAP_PERFMON", "to trace with them", true, false}},
	{CAP_SYS_PTRACE,
	 {"CAP_SYS_PTRACE",
	  "to tell the executables of other users' processes, and to probe "
	  "their C library",
	  false, false}},
	{CAP_DAC_READ_SEARCH,
	 {"CAP_DAC_READ_SEARCH",
	  "to read the service name in the environment of other users' "
	  "processes, and to probe a C library in a directory that is closed "
	  "to this user",
	  false, false}},
	{CAP_SYS_ADMIN,
	 {"CAP_SYS_ADMIN",
	  "to probe a C library on newer kernels, which is done where "
	  "fexit/inet_csk_accept does not work",
	  false, false}},
	{CAP_SYS_NICE,
	 {"CAP_SYS_NICE", "to keep up when the load takes every CPU", false,
	  false}},
};

static bool has(cap_value_t cap)
{
	cap_t now = cap_get_proc();
	cap_flag_value_t value = CAP_CLEAR;

	if (now && cap_get_flag(now, cap, CAP_EFFECTIVE, &value))
		value = CAP_CLEAR;
	cap_free(now);
	return value == CAP_SET;
}

bool permissions__admin(void)
{
	return has(CAP_SYS_ADMIN);
}

const struct permission *permissions__list(size_t *len)
{
	static struct permission list[LEN(useful)];

	for (size_t i = 0; i < LEN(useful); i++) {
		list[i] = useful[i].text;
		list[i].held = has(useful[i].cap);
	}
	*len = LEN(useful);
	return list;
}

const char *permissions__missing(void)
{
	bool bpf = has(CAP_BPF), perfmon = has(CAP_PERFMON);

	if ((bpf && perfmon) || permissions__admin())
		return NULL;
	if (bpf)
		return "needs CAP_PERFMON";
	return perfmon ? "needs CAP_BPF" : "needs CAP_BPF and CAP_PERFMON";
}

int permissions__check(struct error *err)
{
	const char *missing = permissions__missing();

	if (missing)
		return error__set(err, -EPERM,
				  geteuid() ? "tracing %s, which this "
					      "user does not have; run it with "
					      "sudo"
					    : "tracing %s, which this "
					      "root does not have; in a "
					      "container, add it (--privileged "
					      "or --cap-add)",
				  missing);
	if (access(KERNEL_TYPES_PATH, R_OK))
		return error__set(
			err, -ENOTSUP,
			"this kernel has no type information (%s); it "
			"needs one built with CONFIG_DEBUG_INFO_BTF=y",
			KERNEL_TYPES_PATH);
	if (!procfs__initial_pid_namespace())
		return error__set(err, -ENOTSUP,
				  "reqtrace runs inside a PID namespace; start "
				  "it on the host, or its container with "
				  "--pid=host");
	return 0;
}

bool permissions__confidential(void)
{
	FILE *f = fopen("/sys/kernel/security/lockdown", "re");
	char line[128];
	bool found = f && fgets(line, sizeof(line), f) &&
		     strstr(line, "[confidentiality]");

	if (f)
		fclose(f);
	return found;
}

int permissions__explain(int code, const char *what, struct error *err)
{
	struct utsname host;

	uname(&host);
	if (permissions__confidential())
		return error__set(err, code,
				  "cannot %s: kernel lockdown is set to "
				  "confidentiality, which forbids BPF tracing; "
				  "boot with lockdown=integrity",
				  what);
	if (code == -EPERM)
		return error__set(
			err, code,
			"cannot %s: the kernel forbids BPF here (%s); "
			"look for seccomp or a container without "
			"CAP_BPF and CAP_PERFMON",
			what, strerror(-code));
	if (code == -ENOMEM)
		return error__set(err, code,
				  "cannot %s: the kernel has no memory for it; "
				  "look for the limit of a container or of a "
				  "systemd unit (MemoryMax=)",
				  what);
	return error__set(err, code,
			  "cannot %s on kernel %s: %s; this is a fault of "
			  "reqtrace: please report it with what it prints when "
			  "REQTRACE_LIBBPF_LOG=1 is set",
			  what, host.release, strerror(-code));
}

/* The capabilities of list that are permitted, and no others. */
static int keep(const cap_value_t *list, size_t len)
{
	cap_t old = cap_get_proc(), new = cap_init();
	cap_flag_value_t held;
	int err = old && new ? 0 : -errno;

	for (size_t i = 0; !err && i < len; i++) {
		if (cap_get_flag(old, list[i], CAP_PERMITTED, &held) ||
		    held != CAP_SET)
			continue;
		if (cap_set_flag(new, CAP_PERMITTED, 1, &list[i], CAP_SET) ||
		    cap_set_flag(new, CAP_EFFECTIVE, 1, &list[i], CAP_SET))
			err = -errno;
	}
	if (!err && cap_set_proc(new))
		err = -errno;
	cap_free(old);
	cap_free(new);
	return err;
}

/* Without CAP_SYS_ADMIN for the moment: is it that which allows probes? It is
 * since ba677dbe77af, "perf: Revert to requiring CAP_SYS_ADMIN for uprobes". */
static bool probes_need_admin(void)
{
	const cap_value_t admin = CAP_SYS_ADMIN;
	cap_t now = cap_get_proc();
	bool needed = true;

	if (now && !cap_set_flag(now, CAP_EFFECTIVE, 1, &admin, CAP_CLEAR) &&
	    !cap_set_proc(now))
		needed = hook__probe_allowed() != 0;
	cap_free(now);
	return needed;
}

/* Iterators, maps and probes go on to need what the programs needed, and there
 * will be processes of other users. */
int permissions__drop(bool probes, bool command, struct error *err)
{
	cap_value_t list[6] = {CAP_BPF, CAP_PERFMON};
	size_t len = 2;
	int code;

	if (!has(CAP_BPF) || !has(CAP_PERFMON) ||
	    (probes && probes_need_admin()))
		list[len++] = CAP_SYS_ADMIN;
	list[len++] = CAP_SYS_PTRACE;
	list[len++] = CAP_DAC_READ_SEARCH;
	if (command)
		list[len++] = CAP_KILL;
	code = keep(list, len);
	/* Or execve() would give all of it back to root. */
	if (!code && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		code = -errno;
	return code ? error__set(err, code, "cannot give up capabilities: %s",
				 strerror(-code))
		    : 0;
}
