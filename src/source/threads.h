/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the threads of each process and name spent their time: sums over those
 * that live and those that have ended, told as records (RT_REC_THREADS).
 */
#ifndef REQTRACE_SOURCE_THREADS_H
#define REQTRACE_SOURCE_THREADS_H

#include <bpf/libbpf.h>

#include "source/source.h"

struct threads;

struct threads *threads__new(void);	/* NULL when out of memory */
void threads__free(struct threads *ts); /* accepts NULL */

/* Tell fn of what changed since the last call: of processes that are gone,
 * nothing more. living: link of the iterator over threads; ended_fd: the map
 * of those that ended. What is kept is bounded by what these two have, 240
 * bytes a pair. 0, negative errno, or what fn returned if negative. */
int threads__tell(struct threads *ts, struct bpf_link *living, int ended_fd,
		  source_fn fn, void *ctx);

#endif
