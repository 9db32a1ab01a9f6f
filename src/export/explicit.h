/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Histograms by the explicit boundaries that OpenTelemetry's semantic
 * conventions give for durations, for receivers that know no exponential ones.
 *
 * 0.25, 0.5 and 1 s are boundaries of ours, too, so what is below them is
 * exact. The others lie within a bucket, all of which is taken to be below.
 *
 * Error: a value counts as below a boundary that it is above only if it is in
 * the same bucket, so by 2.2 % at most at scale 5, 4.4 % at scale 4, 9.1 % at
 * scale 3. The total is exact. No cumulative count falls, neither as values
 * come nor when the histogram is scaled down, which makes buckets wider: a
 * share of the bucket would be nearer to the truth, but another one at each
 * scale, and stores take a count that fell for one that began anew.
 */
#ifndef REQTRACE_EXPORT_EXPLICIT_H
#define REQTRACE_EXPORT_EXPLICIT_H

#include <stdint.h>

#include "stats/histogram.h"

#define EXPLICIT_BOUNDS 14

/* Seconds, ascending. */
extern const double explicit_bounds[EXPLICIT_BOUNDS];

/* below[k] is how many values of h are at most explicit_bounds[k], ascending
 * and never above h->count; reckoned at scale, no higher than h's own. */
void explicit__cumulative(const struct histogram *h, int scale,
			  uint64_t below[EXPLICIT_BOUNDS]);

#endif
