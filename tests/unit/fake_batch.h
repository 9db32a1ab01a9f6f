/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Batches of metrics by hand, for tests of what encodes them: one of everything
 * that there is, the same on every machine; and random ones.
 *
 * References to such a batch are only counted: metrics__get and metrics__put
 * are here, so a test that has a fake batch cannot have a real one.
 */
#ifndef FAKE_BATCH_H
#define FAKE_BATCH_H

#include "export/metrics.h"
#include "export/spans.h"

/* CLOCK_REALTIME ns of the batch's beginning and making. */
#define FAKE_BATCH_START UINT64_C(1700000000000000000)
#define FAKE_BATCH_TIME (FAKE_BATCH_START + UINT64_C(60000000000))

/* Two resources; histograms with and without values, zeros, exemplars and a
 * span of more than 160 buckets; counters whole and in seconds, a sum that may
 * fall, a gauge; attributes of all kinds, text that needs escaping and text
 * that is no UTF-8; a point that has ended, one that is the overflow. */
struct metrics *fake_batch__all(void);

/* The metric infos of all kinds, of which fake batches are made. */
enum {
	FAKE_DURATION, /* histogram */
	FAKE_REQUESTS, /* counter */
	FAKE_CPU,      /* counter in seconds */
	FAKE_ACTIVE,   /* up-down */
	FAKE_LIMIT,    /* gauge */
	FAKE_INFOS,
};
extern const struct metric_info fake_batch__info[FAKE_INFOS];

/* Up to resources × FAKE_INFOS × points points, by a seed. The same arguments
 * but for age give the same points, later by age seconds, whose totals have not
 * fallen. */
struct metrics *fake_batch__random(unsigned seed, size_t resources,
				   size_t points, unsigned age);

void fake_batch__free(struct metrics *m); /* accepts NULL */

/* Taken and not given back, of all fake batches. */
int fake_batch__references(void);

/* A list of two spans: a root that failed, with everything, and a child; of the
 * first resource of fake_batch__all and of one that is not known. */
const struct span *fake_batch__spans(void);

#endif
