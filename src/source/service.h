/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which service a process is, and what else tells it from others: its name and
 * attributes in the words of OpenTelemetry's conventions for resources. From
 * /proc, once a program.
 *
 * The name is the first of these that is known:
 *   OTEL_SERVICE_NAME
 *   service.name in OTEL_RESOURCE_ATTRIBUTES
 *   of a pod: its container's name, or what its pods are called
 *   the container's name (LXC, systemd-nspawn: others have only an id)
 *   the systemd service
 *   what an interpreter runs (service_argv.h)
 *   the process's own name
 */
#ifndef REQTRACE_SOURCE_SERVICE_H
#define REQTRACE_SOURCE_SERVICE_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of a name. */
#define SERVICE_NAME_MAX 255

/* Bytes of a file of /proc that are looked at. */
#define SERVICE_READ_MAX 131072

struct service {
	char *name;	/* owned; NULL: nothing is known */
	char *resource; /* owned; a "key=value" a line, see attributes.h */
};

/*
 * Read what root ("/proc") has of pid; comm and exe are its names. What cannot
 * be read (another user's, without the right to) is as if it said nothing. 0
 * and *out (free it with service__free), or -ENOMEM.
 */
int service__read(const char *root, uint32_t pid, const char *comm,
		  const char *exe, struct service *out);

/* 0 or -ENOMEM (to is empty). */
int service__copy(struct service *to, const struct service *from);
void service__free(struct service *s); /* accepts an empty one */

/* When it started: ns of CLOCK_BOOTTIME, in steps of clock ticks; 0 when not
 * known. */
uint64_t service__started(const char *root, uint32_t pid);

/* The value of a variable in the text of /proc/PID/environ, which is
 * terminated; NULL when it is not set, or cut. */
const char *service__variable(const char *variables, size_t len,
			      const char *name);

#endif
