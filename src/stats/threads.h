/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the threads of each name in each process spent their time. Fed with
 * totals, which replace those before of the same process and name.
 */
#ifndef REQTRACE_STATS_THREADS_H
#define REQTRACE_STATS_THREADS_H

#include "base/hash.h"
#include "model/sink.h"
#include "stats/processes.h"
#include "stats/snapshot.h"

/* Pairs of process and name that are a row of their own. Those after are added
 * up as "other" of their process; of processes without any row, as "other" of
 * process 0. */
#define THREADS_ROWS 4096
/* Pairs whose totals are kept, 240 bytes each; the kernel's own bound. */
#define THREADS_KEPT RT_MAX_THREADS

/* Without padding, compared as bytes; the string is interned. */
struct thread_key {
	uint64_t pid;
	const char *name;
};

struct thread_time {
	struct thread_key key;
	bool has_row;
	uint32_t living, ended;
	uint64_t clock[RT_CLOCKS]; /* ns */
	/* Of the totals that were told: in a sum of exited processes, and not
	 * above. */
	uint32_t retired;
	uint64_t retired_clock[RT_CLOCKS];
	UT_hash_handle hh;
};

struct threads {
	size_t rows, kept; /* bounds, as above */
	size_t rows_used;
	struct thread_time *all; /* uthash by key, owned, never taken out */
	uint64_t folded; /* pairs without a row, and what was told of those
			  * that were not kept */
};

void thread_list__init(struct threads *ts);
void thread_list__free(struct threads *ts); /* accepts an initialised ts */

/* *has_row: a row of its own names that process. 0 or -ENOMEM. */
int thread_list__set(struct threads *ts, const struct sink_threads *t,
		     bool *has_row);

/* Add up what is of processes that were chosen (retire.h). 0 or -ENOMEM. */
int thread_list__retire(struct threads *ts, const struct processes *ps);

/* Sorted by pid and time, descending; .comm left NULL. Returns 0 and *out
 * (free it), or -ENOMEM. */
int thread_list__list(const struct threads *ts, struct snapshot_threads **out,
		      size_t *len);

#endif
