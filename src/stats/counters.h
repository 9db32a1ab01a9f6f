/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that can be missed or cut short, by name and reason. Fed with
 * the kernel's totals and those of statistics.
 */
#ifndef REQTRACE_STATS_COUNTERS_H
#define REQTRACE_STATS_COUNTERS_H

#include "stats/snapshot.h"

/* What statistics count themselves; listed after the kernel's counters. */
enum stats_counter {
	STATS_COUNT_SERIES_FOLDED,
	STATS_COUNT_ROWS_FOLDED,
	STATS_COUNT_PORTS_FOLDED,
	STATS_COUNT_STREAMS_FOLDED,
	STATS_COUNT_THREADS_FOLDED,
	STATS_COUNT_EXITED_FOLDED,
	STATS_COUNT_CALLS_FOLDED,
	STATS_COUNT_PARTS_CUT,
	STATS_COUNT_UNREADABLE, /* from here on: told by the model */
	STATS_COUNT_UNCOUNTED,
	STATS_COUNT_FORGOTTEN,
	STATS_COUNT_UNANSWERED,
	STATS_COUNT_CALLS_DROPPED,
	STATS_COUNTERS, /* how many there are */
};

/* All counters: kernel[RT_COUNTERS] first, then own[STATS_COUNTERS]. Returns 0
 * and *out (free it), or -ENOMEM. */
int counters__list(const uint64_t *kernel, const uint64_t *own,
		   struct snapshot_counter **out, size_t *len);

#endif
