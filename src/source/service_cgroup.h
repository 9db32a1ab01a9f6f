/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What /proc/PID/cgroup tells of where a process runs: the container, the pod,
 * the systemd unit. Fed with the text of that file, of version 1 or 2.
 */
#ifndef REQTRACE_SOURCE_SERVICE_CGROUP_H
#define REQTRACE_SOURCE_SERVICE_CGROUP_H

#include <stddef.h>

/* Texts are "" when not known. */
struct service_cgroup {
	char container[65]; /* id: 64 hexadecimal digits */
	char pod_uid[37];   /* set: it is a pod of Kubernetes */
	char unit[128];	    /* systemd service, without ".service" */
	char machine[65];   /* name of a container of LXC or systemd-nspawn */
};

void service_cgroup__parse(const char *text, size_t len,
			   struct service_cgroup *out);

#endif
