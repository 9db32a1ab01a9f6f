/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct measure (snapshot.h): what is done with the figures of a group of
 * exchanges. Fed with requests and kernel summaries.
 */
#ifndef REQTRACE_STATS_MEASURE_H
#define REQTRACE_STATS_MEASURE_H

#include "stats/snapshot.h"

void measure__init(struct measure *m);
void measure__free(struct measure *m); /* accepts an initialised m */

/* Count a request; its duration counts once an operation. Parts of 0 ns wait
 * for measure__count_zeros: most parts of most requests are that. 0 or
 * -ENOMEM. */
int measure__add(struct measure *m, const struct request *r);

/* Count those in the histograms of parts. Again: no effect. */
void measure__count_zeros(struct measure *m);

/* Replace all of m by the totals of a kernel summary. 0 or -ENOMEM (m is as
 * it was). */
int measure__set_summary(struct measure *m, const struct rt_summary *summary);

/* into += from, recent included. 0 or -ENOMEM. */
int measure__merge(struct measure *into, const struct measure *from);
/* The same without the histograms of the parts, which take most memory. */
int measure__merge_whole(struct measure *into, const struct measure *from);

/* A copy into an uninitialised one, whose histograms are from's as long as it
 * is not changed; so from must not change before to is freed. 0, or -ENOMEM
 * and to is initialised. */
int measure__share(struct measure *to, const struct measure *from);
/* The same without the histograms of the parts. */
int measure__share_whole(struct measure *to, const struct measure *from);

/* Hand all that it owns over into an uninitialised one; from keeps its totals
 * and has empty histograms. */
void measure__move(struct measure *to, struct measure *from);

/* Nanoseconds from a request's begin to its end. */
uint64_t measure__duration(const struct request *r);

#endif
