/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Histograms by the explicit boundaries that OpenTelemetry's semantic
 * conventions give for durations, for receivers that know no exponential ones.
 *
 * 0.25, 0.5 and 1 s are boundaries of ours, too, so what is below them is
 * exact. The others lie within a bucket, and of that a fixed share is taken to
 * be below: the boundary's geometric place in it, rounded down.
 *
 * Error: a value can be on the wrong side of a boundary only if it is in the
 * same bucket, so within 2.2 % of it at scale 5, 9.1 % at scale 3. The total is
 * exact. As the share is fixed, no cumulative count falls as values come; when
 * the histogram is scaled down, one may fall once, by less than what the bucket
 * around its boundary holds.
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
