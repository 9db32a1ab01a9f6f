/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The exchanges that took longest, up to a number of them. Those that were made
 * in the service of another one are in that one's duration and so not here.
 * Fed with requests.
 */
#ifndef REQTRACE_STATS_SLOWEST_H
#define REQTRACE_STATS_SLOWEST_H

#include "stats/snapshot.h"

struct slowest {
	size_t max;
	size_t len;
	size_t quickest;      /* index of the first to leave when it is full */
	struct request *list; /* owned, max of them, in no order */
};

/* 0 or -ENOMEM (s is empty and stays so). */
int slowest__init(struct slowest *s, size_t max);
void slowest__free(struct slowest *s); /* accepts a zeroed s */
/* Copy into an uninitialised one. 0 or -ENOMEM. */
int slowest__copy(struct slowest *to, const struct slowest *from);

/* Of equal ones, the first that came stays. */
void slowest__add(struct slowest *s, const struct request *r);

/* Sorted, .comm and .wall not set. Returns 0 and *out (free it), or
 * -ENOMEM. */
int slowest__list(const struct slowest *s, struct snapshot_slow **out,
		  size_t *len);

#endif
