/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of calls out of a measure (snapshot.h), by peer: bounded, always
 * sorted. Fed with what exchanges called, and with other tables.
 */
#ifndef REQTRACE_STATS_MEASURE_CALLS_H
#define REQTRACE_STATS_MEASURE_CALLS_H

#include "stats/snapshot.h"

/* Peers of their own; those after go to one named "other". The exchanges' own
 * connections are one entry besides, whatever their names. */
#define CALLS_PEERS 16

/* Add to the entry of add's peer; *folded becomes true if that is "other", and
 * else stays. 0, or -ENOMEM and nothing changed. */
int measure_calls__add(struct measure *m, const struct measure_call *add,
		       bool *folded);

/* Free the table, which is then empty. */
void measure_calls__free(struct measure *m);

#endif
