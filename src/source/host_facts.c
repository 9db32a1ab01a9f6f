// SPDX-License-Identifier: GPL-2.0-only
/* See host_facts.h. */
#include "source/host_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "source/kernel_types.h"
#include "source/procfs.h"

/* The first line of a file; "" if it cannot be read. */
static void read_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");

	line[0] = 0;
	if (!f)
		return;
	if (!fgets(line, size, f))
		line[0] = 0;
	line[strcspn(line, "\n")] = 0;
	fclose(f);
}

static int read_number(const char *path, int otherwise)
{
	char line[64], *end;
	long n;

	read_line(path, line, sizeof(line));
	n = strtol(line, &end, 10);
	return end == line ? otherwise : n;
}

/* "none [integrity] confidentiality": the one in brackets. */
static void read_lockdown(char *out, size_t size)
{
	char line[128], *begin;

	read_line("/sys/kernel/security/lockdown", line, sizeof(line));
	begin = strchr(line, '[');
	snprintf(out, size, "%.*s", begin ? (int)strcspn(begin + 1, "]") : 0,
		 begin ? begin + 1 : "");
}

static int read_seccomp(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	int mode = 0;

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Seccomp: %d", &mode) == 1)
			break;
	fclose(f);
	return mode;
}

/* What Docker, Podman, Kubernetes and systemd leave behind. */
static bool in_container(void)
{
	return !access("/.dockerenv", F_OK) ||
	       !access("/run/.containerenv", F_OK) ||
	       !access("/run/systemd/container", F_OK) ||
	       getenv("KUBERNETES_SERVICE_HOST") || getenv("container");
}

void host_facts__read(struct host_facts *out)
{
	struct utsname name;

	memset(out, 0, sizeof(*out));
	if (!uname(&name)) {
		snprintf(out->kernel, sizeof(out->kernel), "%s", name.release);
		snprintf(out->machine, sizeof(out->machine), "%s",
			 name.machine);
	}
	out->types = !access(KERNEL_TYPES_PATH, R_OK);
	read_lockdown(out->lockdown, sizeof(out->lockdown));
	out->seccomp = read_seccomp();
	out->container = in_container();
	out->pid_namespace = !procfs__initial_pid_namespace();
	out->unprivileged_bpf =
		read_number("/proc/sys/kernel/unprivileged_bpf_disabled", -1);
}
