/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the Prometheus encoders share: names and labels, the ladder of bucket
 * boundaries, and the families, each of which is one metric of all resources.
 */
#ifndef REQTRACE_EXPORT_PROMETHEUS_WRITE_H
#define REQTRACE_EXPORT_PROMETHEUS_WRITE_H

#include "base/buffer.h"
#include "export/metrics.h"
#include "export/prometheus.h"

#define PROMETHEUS_NAME_MAX 256 /* bytes of a family's name */

struct prometheus_family {
	char name[PROMETHEUS_NAME_MAX]; /* without _total */
	const char *unit;		/* "seconds"; "" if there is none */
	const struct metric_info *info;
};

/* All families of m in the order in which they are met first; an array to be
 * freed. 0 or -ENOMEM. */
int prometheus__families(const struct metrics *m,
			 struct prometheus_family **out, size_t *len);

/* The metric of a family in a resource; NULL if it has none. */
const struct metric *prometheus__find(const struct metric_resource *r,
				      const struct metric_info *info);

/* Whether the figures are shown: what has ended is not, as absence is how
 * Prometheus is told. */
static inline bool prometheus__is_shown(const struct metric_point *p)
{
	return !p->ended;
}

/* How many points of a family are shown. */
size_t prometheus__shown(const struct metrics *m,
			 const struct metric_info *info);

/* --- labels ------------------------------------------------------------ */

/* What a label is written by: name and value are raw, the value may come in
 * pieces: first, then with name NULL what is added to it. */
struct prometheus_sink {
	void (*begin)(struct prometheus_sink *s, const char *name);
	void (*value)(struct prometheus_sink *s, const char *text);
	void (*end)(struct prometheus_sink *s);
	struct buffer *out;
	size_t pair, text; /* the encoder's own */
};

/* job and instance of a resource. */
void prometheus__resource_labels(const struct metric_resource *r,
				 struct prometheus_sink *s);
/* What else is known of it: the labels of target_info. */
void prometheus__info_labels(const struct metric_resource *r,
			     struct prometheus_sink *s);
/* Of a point. */
void prometheus__point_labels(const struct metric_point *p,
			      struct prometheus_sink *s);

/* --- buckets ------------------------------------------------------------ */

/*
 * Upper boundaries, 2^exponent seconds: they are boundaries of exponential
 * histograms of every scale, so what is counted below them is exact; and they
 * are the same for all series of a family, always.
 */
struct prometheus_ladder {
	int first, step; /* exponents of 2 */
	size_t len;	 /* +Inf is not counted */
};

#define PROMETHEUS_LADDER_MAX 24

struct prometheus_ladder prometheus__ladder(const struct metric_info *info);

static inline int prometheus__exponent(const struct prometheus_ladder *l,
				       size_t i)
{
	return l->first + l->step * (int)i;
}

/* counts[i]: the values up to the boundary i; counts[l->len]: all. */
void prometheus__cumulate(const struct prometheus_ladder *l,
			  const struct histogram *h, uint64_t *counts);

/* latest[i]: the latest exemplar of those that bucket i counts and the bucket
 * below does not; NULL if there is none. */
void prometheus__exemplars(const struct prometheus_ladder *l,
			   const struct metric_point *p,
			   const struct metric_exemplar **latest);

/* In hexadecimal; text has room for 2 * len + 1. */
void prometheus__hex(const uint8_t *bytes, size_t len, char *text);

/* --- the formats --------------------------------------------------------- */

void prometheus__write_text(const struct metrics *m,
			    const struct prometheus_family *families,
			    size_t len, bool openmetrics, struct buffer *out);
void prometheus__write_protobuf(const struct metrics *m,
				const struct prometheus_family *families,
				size_t len, struct buffer *out);

#endif
