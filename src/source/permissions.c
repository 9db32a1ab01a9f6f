// SPDX-License-Identifier: GPL-2.0-only
/* See permissions.h. */
#include "source/permissions.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "source/procfs.h"

/* include/uapi/linux/capability.h */
#define CAP_SYS_ADMIN 21
#define CAP_PERFMON 38
#define CAP_BPF 39

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

static uint64_t effective_capabilities(void)
{
	char line[256];
	uint64_t caps = 0;
	FILE *f = fopen("/proc/self/status", "re");

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "CapEff:\t", 8))
			caps = strtoull(line + 8, NULL, 16);
	fclose(f);
	return caps;
}

static bool has(uint64_t caps, int cap)
{
	return caps >> cap & 1;
}

const char *permissions__missing(void)
{
	uint64_t caps = effective_capabilities();

	if (has(caps, CAP_SYS_ADMIN) ||
	    (has(caps, CAP_BPF) && has(caps, CAP_PERFMON)))
		return NULL;
	if (has(caps, CAP_BPF))
		return "needs CAP_PERFMON";
	return has(caps, CAP_PERFMON) ? "needs CAP_BPF"
				      : "needs CAP_BPF and CAP_PERFMON";
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
	if (access(KERNEL_BTF, R_OK))
		return error__set(
			err, -ENOTSUP,
			"this kernel has no type information (%s); it "
			"needs one built with CONFIG_DEBUG_INFO_BTF=y",
			KERNEL_BTF);
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
	if (code == -ESRCH || code == -ENOENT)
		return error__set(err, code,
				  "cannot %s: kernel %s lacks a socket "
				  "tracepoint (sock_recv_length, "
				  "sock_send_length, sk_data_ready); Linux 6.3 "
				  "or newer has them",
				  what, host.release);
	return error__set(err, code,
			  "cannot %s on kernel %s: %s; this is a fault of "
			  "reqtrace: please report it with what it prints when "
			  "REQTRACE_LIBBPF_LOG=1 is set",
			  what, host.release, strerror(-code));
}
