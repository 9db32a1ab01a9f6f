/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of exchanges by their duration: what the usual ones and the slow
 * ones spend their time on. For each bucket of the duration, the sums of the
 * duration and of each part, so that whatever is taken together adds up.
 *
 * Memory: 8 bytes for each part that was ever there and 16 besides, a bucket
 * between the lowest and the highest used one (rounded up to 8), at scale 3 (a
 * bucket spans 9 %) or, where it needs more than 64, at a lower one: a series
 * from 1 ms to 100 ms with six parts takes 3.6 KB, and none more than 8 KB.
 */
#ifndef REQTRACE_STATS_BREAKDOWN_H
#define REQTRACE_STATS_BREAKDOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/part.h"

/* Sums over exchanges whose durations are in one bucket; operations count. */
struct breakdown_cell {
	uint64_t count;
	uint64_t duration; /* ns */
	uint64_t part[PARTS];
};

struct breakdown {
	int8_t scale;
	bool shared;	/* word belongs to another one */
	uint16_t parts; /* bit i: part i was ever there, and so has a word */
	int offset;   /* index of the first cell, as histogram__index has it */
	uint32_t len; /* at most BREAKDOWN_CELLS_MAX; scaled down for that */
	uint32_t cap;
	uint64_t *word; /* of each cell: count, duration, its parts in order */
	uint64_t zero_count; /* operations of 0 ns, below every cell */
};

/* The mean of each part over some of the exchanges; the parts sum to the
 * duration. */
struct breakdown_slice {
	double count;	 /* operations in it; 0: nothing else is valid */
	double duration; /* ns */
	double part[PARTS];
};

#define BREAKDOWN_SCALE 3
#define BREAKDOWN_CELLS_MAX 64

void breakdown__init(struct breakdown *b);
void breakdown__free(struct breakdown *b); /* accepts an initialised b */

/* Add an exchange of that duration and parts, times times. 0 or -ENOMEM. */
int breakdown__add(struct breakdown *b, uint64_t duration,
		   const uint64_t part[PARTS], uint64_t times);
/* into += from; the result has the lower scale. 0, or -ENOMEM with no more
 * than into's scale changed. */
int breakdown__merge(struct breakdown *into, const struct breakdown *from);

/* Cell i < b->len. */
struct breakdown_cell breakdown__cell(const struct breakdown *b, uint32_t i);

/* A copy without cells of its own, until to is changed; so from must not
 * change before to is freed. */
void breakdown__share(struct breakdown *to, const struct breakdown *from);

/* All of them. */
void breakdown__mean(const struct breakdown *b, struct breakdown_slice *out);
/* Those whose duration is in the bucket of quantile 0 <= q <= 1. */
void breakdown__around(const struct breakdown *b, double q,
		       struct breakdown_slice *out);
/* The slowest share (0.01: 1 %) of them: whole buckets from the top, and of
 * the last one as many as are missing, at its mean. */
void breakdown__slowest(const struct breakdown *b, double share,
			struct breakdown_slice *out);

#endif
