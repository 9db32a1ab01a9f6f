/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc knows of processes: names, parents, who exists. */
#ifndef REQTRACE_SOURCE_PROCFS_H
#define REQTRACE_SOURCE_PROCFS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "reqtrace/limits.h"

struct procfs_process {
	uint32_t pid;
	uint32_t tgid; /* differs from pid for a thread's id */
	uint32_t ppid;
	char comm[RT_COMM_LEN];
	char exe[PATH_MAX]; /* "" when it cannot be read */
};

/* 0 and *out, -ESRCH, or another negative errno. */
int procfs__read(uint32_t pid, struct procfs_process *out);

/* Call fn for every process (without .exe). Ends early when fn returns
 * nonzero, with that. */
int procfs__each(int (*fn)(void *ctx, const struct procfs_process *p),
		 void *ctx);

/* Does this kernel show the processes of the initial PID namespace to us? */
bool procfs__initial_pid_namespace(void);

#endif
