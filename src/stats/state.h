/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct stats as stats.c (which fills it) and snapshot.c (which reads it)
 * share it; nobody else includes this.
 */
#ifndef REQTRACE_STATS_STATE_H
#define REQTRACE_STATS_STATE_H

#include "stats/connections.h"
#include "stats/group.h"
#include "stats/ports.h"
#include "stats/processes.h"
#include "stats/slow.h"
#include "stats/slowest.h"
#include "stats/stats.h"
#include "stats/streams.h"
#include "stats/threads.h"
#include "stats/totals.h"

struct stats {
	struct stats_config config; /* defaults filled in */
	enum snapshot_by by;	    /* what .rows of the next snapshot are */
	struct groups series;
	struct groups rows; /* by thread or peer; stays empty otherwise */
	struct ports ports;
	struct connections connections;
	struct streams streams;
	struct processes processes;
	struct threads threads;
	struct slowest slowest;
	struct slow slow;
	struct totals totals;
	uint64_t interval_start; /* ns; 0 before the first interval ended */
};

/* Whether .rows are kept as requests come: they cannot be made of series. */
static inline bool stats__keeps_rows(const struct stats *s)
{
	return s->config.by == SNAPSHOT_BY_THREAD ||
	       s->config.by == SNAPSHOT_BY_PEER;
}

#endif
