/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lists of attributes: of what a snapshot counts, by OpenTelemetry's semantic
 * conventions (docs/metrics.md).
 */
#ifndef REQTRACE_EXPORT_BUILD_ATTRIBUTES_H
#define REQTRACE_EXPORT_BUILD_ATTRIBUTES_H

#include "export/arena.h"
#include "export/metric_table.h"
#include "stats/snapshot.h"

/* One that is being made. */
#define ATTRIBUTES_MAX 16
struct attribute_list {
	struct metric_attribute item[ATTRIBUTES_MAX];
	size_t len;
};

/* One that is kept, sorted by key. */
struct attributes {
	const struct metric_attribute *item;
	size_t len;
};

void attribute_list__text(struct attribute_list *l, const char *key,
			  const char *text);
void attribute_list__number(struct attribute_list *l, const char *key,
			    int64_t number);

/* Sorted, in a's memory; {NULL, 0} when out of it. Texts and keys are not
 * copied. */
struct attributes attribute_list__keep(const struct attribute_list *l,
				       struct arena *a);
/* With copies of all texts too. */
struct attributes attributes__copy(const struct metric_attribute *item,
				   size_t len, struct arena *a);

/* With none: texts and keys are those of before. */
struct attributes attributes__move(struct attributes of, struct arena *a);

/* of, and one more. */
struct attributes attributes__with(struct attributes of, const char *key,
				   const char *text, struct arena *a);

/* otel.metric.overflow alone. */
extern const struct attributes attributes_overflow;

/* Which metric the durations of a series are in, and its attributes but those
 * that say how it went; texts are copied into a. False: it holds what found no
 * room of its own, and so has attributes_overflow. */
enum metric_id build__duration_metric(const struct snapshot_series *s);
bool build__series(struct attribute_list *l, const struct snapshot_series *s,
		   struct arena *a);
/* How it went: added to those. */
void build__status(struct attribute_list *l, const struct snapshot_series *s,
		   struct arena *a);

/* Likewise of streams, of requests that are being served, of ports. */
bool build__stream(struct attribute_list *l, const struct snapshot_stream *s,
		   struct arena *a);
enum metric_id build__flying(struct attribute_list *l,
			     const struct snapshot_in_flight *f,
			     struct arena *a);
void build__port(struct attribute_list *l, const struct snapshot_port *p);

#endif
