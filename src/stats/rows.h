/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lines of tables in a snapshot: series as they are, and rows that merge
 * them (or the groups by thread or peer). Fed with copies of groups that may
 * be taken apart.
 */
#ifndef REQTRACE_STATS_ROWS_H
#define REQTRACE_STATS_ROWS_H

#include "stats/connections.h"
#include "stats/group.h"
#include "stats/processes.h"

/* Set .active of every group of a copy by peer. */
void rows__count_peers(struct groups *copy, const struct connections *cs);

/* Rows of by from groups, sorted by operations, descending; ports (with ids as
 * groups have them) give the open connections, all comm are set. By thread or
 * peer groups are those, and lose their histograms; else they are series, which
 * must live as long as the rows. Returns 0 and *out (free each measure, then
 * it), or -ENOMEM. */
int rows__build(struct groups *groups, enum snapshot_by by,
		const struct snapshot_port *ports, size_t ports_len,
		const struct processes *processes, struct snapshot_row **out,
		size_t *len);

/* Sorted series that take over the histograms of copy. Returns 0 and *out
 * (free each measure, then it), or -ENOMEM. */
int rows__take_series(struct groups *copy, const struct processes *processes,
		      struct snapshot_series **out, size_t *len);

#endif
