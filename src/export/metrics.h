/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct metrics: what is exported, at one instant, in the words of the
 * OpenTelemetry metrics data model: resources, their metrics, points with
 * attributes. Cumulative; encoders make deltas and other shapes of it.
 *
 * It owns all that it points to, and never changes after it was built, so that
 * threads may share it: each holds a reference.
 *
 * Everything is sorted: resources by .id, a resource's metrics by their place
 * in metric_table, points by their attributes (metrics__compare_attributes).
 * So two batches can be walked side by side, and equal figures give equal
 * bytes.
 */
#ifndef REQTRACE_EXPORT_METRICS_H
#define REQTRACE_EXPORT_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/histogram.h"

enum metric_kind {
	METRIC_HISTOGRAM, /* of durations; seconds outside, ns inside */
	METRIC_COUNTER,	  /* a monotonic sum */
	METRIC_UP_DOWN,	  /* a sum that may fall: how many there are now */
	METRIC_GAUGE,
};

/* One row of the table of all metrics (metric_table.c, docs/metrics.md). */
struct metric_info {
	const char *name;	 /* "http.server.request.duration" */
	const char *unit;	 /* UCUM: "s", "By", "{request}" */
	const char *description; /* one sentence */
	enum metric_kind kind;
	bool in_seconds; /* counters: .value is ns, shown in seconds */
};

/* A value is text, or, where .text is NULL, a number, or, where .is_bool, true
 * (.number is 1) or false (0). */
struct metric_attribute {
	const char *key;
	const char *text;
	int64_t number;
	bool is_bool;
};

/* A request of which there is a span. */
struct metric_exemplar {
	uint64_t value; /* ns */
	uint64_t time;	/* CLOCK_REALTIME ns: its end */
	uint8_t trace_id[16];
	uint8_t span_id[8];
};

struct metric_point {
	const struct metric_attribute *attributes; /* sorted by key */
	size_t attributes_len;
	uint64_t start; /* CLOCK_REALTIME ns: from here on it counts */
	/* CLOCK_MONOTONIC ns: since when there are no figures any more, as its
	 * processes have exited; 0: there are. In all batches until one of them
	 * was delivered. */
	uint64_t ended;
	bool overflow;	/* all that found no room: its only attribute is
			 * otel.metric.overflow, a bool, which is in the list */
	uint64_t value; /* counters and gauges */
	struct histogram histogram;
	const struct metric_exemplar *exemplars; /* by time */
	size_t exemplars_len;
};

struct metric {
	const struct metric_info *info; /* static */
	const struct metric_point *points;
	size_t points_len;
};

/* One service (OpenTelemetry: a resource). */
struct metric_resource {
	const char *id; /* service.instance.id, unique */
	const struct metric_attribute *attributes; /* sorted by key; holds id */
	size_t attributes_len;
	const struct metric *metrics; /* none is empty */
	size_t metrics_len;
};

struct metrics {
	uint64_t start; /* CLOCK_REALTIME ns: tracing began */
	uint64_t time;	/* CLOCK_REALTIME ns: of this batch */
	uint64_t made;	/* CLOCK_MONOTONIC ns: likewise */
	bool final;	/* tracing has stopped: there comes no other */
	const struct metric_resource *resources;
	size_t resources_len;
};

/* Another reference; given back with metrics__put, the last of which frees.
 * Any thread. put accepts NULL. */
const struct metrics *metrics__get(const struct metrics *m);
void metrics__put(const struct metrics *m);

/* Order of attribute lists: by key and value, pair by pair; like strcmp. */
int metrics__compare_attributes(const struct metric_attribute *a, size_t a_len,
				const struct metric_attribute *b, size_t b_len);

#endif
