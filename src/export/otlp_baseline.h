/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was delivered last of each point: where the next delta begins, and which
 * exemplars are known already. No more of them than the latest batch has
 * points. One thread.
 */
#ifndef REQTRACE_EXPORT_OTLP_BASELINE_H
#define REQTRACE_EXPORT_OTLP_BASELINE_H

#include "base/buffer.h"
#include "base/hash.h"
#include "export/metrics.h"

struct baseline {
	uint64_t start;		    /* the point's */
	uint64_t time;		    /* of the batch that was delivered */
	uint64_t value;		    /* of a counter */
	struct histogram histogram; /* owned; empty unless .is_delta */
	uint64_t exemplar;	    /* time of the latest; 0: none */
	unsigned batch;		    /* the latest that it is in */
	UT_hash_handle hh;
	uint8_t key[];
};

struct baselines {
	bool is_delta;	      /* figures are kept, too */
	struct baseline *all; /* by resource, metric and attributes */
	unsigned batch;
	struct buffer key; /* scratch */
};

void baselines__init(struct baselines *bs, bool is_delta);
void baselines__free(struct baselines *bs);

/* Forget the points that m has not: they have ended. 0 or -ENOMEM. */
int baselines__begin(struct baselines *bs, const struct metrics *m);

/* That of a point: *out, NULL if there is none. 0 or -ENOMEM. */
int baselines__find(struct baselines *bs, const struct metric_resource *r,
		    const struct metric_info *info,
		    const struct metric_point *p, struct baseline **out);

/* The point was delivered in a batch of that time. 0, or -ENOMEM and it is as
 * if it was not; doing it again is harmless. */
int baselines__set(struct baselines *bs, const struct metric_resource *r,
		   const struct metric_info *info, const struct metric_point *p,
		   uint64_t time);

#endif
