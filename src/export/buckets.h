/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The buckets of a histogram as they are sent: what came since an earlier state
 * of it, without empty ones at the ends, in no more than a number of buckets.
 */
#ifndef REQTRACE_EXPORT_BUCKETS_H
#define REQTRACE_EXPORT_BUCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/histogram.h"

/* As many as OpenTelemetry's SDKs have by default. */
#define BUCKETS_MAX 160

struct buckets {
	int scale;  /* 0..RT_HIST_SCALE */
	int offset; /* index (OpenTelemetry's) of the first */
	size_t len; /* 0: all are empty */
	uint64_t count[RT_HIST_BUCKETS];
};

/* Those of h less those of base (NULL: none), an earlier state of h whose scale
 * may be another; pairs are merged until there are no more than max. max is no
 * less than HISTOGRAM_LEN_MIN. False if a count is lower than it was: base is
 * no earlier state of h. */
bool buckets__of(struct buckets *out, const struct histogram *h,
		 const struct histogram *base, size_t max);

#endif
