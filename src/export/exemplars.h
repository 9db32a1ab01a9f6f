/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The latest slow requests of each series that have a span, for histograms to
 * point at. Bounded: EXEMPLARS_SERIES series, of each the latest
 * EXEMPLARS_KEPT. One thread.
 */
#ifndef REQTRACE_EXPORT_EXEMPLARS_H
#define REQTRACE_EXPORT_EXEMPLARS_H

#include "export/metrics.h"
#include "model/request.h"
#include "stats/snapshot.h"

#define EXEMPLARS_SERIES 2000
#define EXEMPLARS_KEPT 8

struct exemplars;

struct exemplars *exemplars__new(void);	   /* NULL when out of memory */
void exemplars__free(struct exemplars *e); /* accepts NULL */

/* r has the span x. 0 or -ENOMEM. When full, the series that was longest
 * without one makes room. */
int exemplars__add(struct exemplars *e, const struct request *r,
		   const struct metric_exemplar *x);

/* *out is those of a series, by time, valid until e is changed; how many. */
size_t exemplars__of(const struct exemplars *e, const struct snapshot_series *s,
		     const struct metric_exemplar **out);

#endif
