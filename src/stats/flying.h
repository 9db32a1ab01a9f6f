/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests in flight, counted by what they are. Fed with each of them, yields a
 * sorted and bounded list.
 */
#ifndef REQTRACE_STATS_FLYING_H
#define REQTRACE_STATS_FLYING_H

#include "stats/stats.h"

/* pending's requests in flight, sorted. Past max entries those of a role and
 * transport are in one, of process 0 and operation "other". Returns 0 and *out
 * (to be freed; comm is not set), or -ENOMEM. */
int flying__list(const struct stats_pending *pending, size_t max,
		 struct snapshot_in_flight **out, size_t *len);

#endif
