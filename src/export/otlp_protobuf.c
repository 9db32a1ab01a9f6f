// SPDX-License-Identifier: GPL-2.0-only
/*
 * The OpenTelemetry protocol as protobuf. Field numbers are those of
 * opentelemetry-proto 1.x; fields with their default value are left out where
 * that says the same.
 */
#include "export/otlp_format.h"

#include <stdlib.h>
#include <string.h>

#include "export/protobuf.h"

/* Request, ResourceX and ScopeX have the same fields for both signals. */
enum { REQUEST_RESOURCE = 1 };
enum { RESOURCE_RESOURCE = 1, RESOURCE_SCOPE, RESOURCE_SCHEMA_URL };
enum { SCOPE_SCOPE = 1, SCOPE_ITEM, SCOPE_SCHEMA_URL };
enum { METRIC_NAME = 1, METRIC_DESCRIPTION, METRIC_UNIT };
enum { DATA_POINT = 1, DATA_TEMPORALITY, DATA_MONOTONIC };

/* Metric.data */
enum {
	DATA_GAUGE = 5,
	DATA_SUM = 7,
	DATA_HISTOGRAM = 9,
	DATA_EXPONENTIAL = 10
};

static void put_text(struct buffer *b, unsigned field, const char *text)
{
	char *copy;

	protobuf__text(b, field, otlp__safe(b, text, &copy));
	free(copy);
}

static void put_attribute(struct buffer *b, unsigned field,
			  const struct otlp_attribute *a)
{
	const size_t pair = protobuf__begin(b, field);
	size_t value;

	put_text(b, 1, a->key);
	value = protobuf__begin(b, 2);
	switch (a->type) {
	case OTLP_TEXT:
		put_text(b, 1, a->text);
		break;
	case OTLP_BOOL:
		protobuf__varint(b, 2, a->number != 0);
		break;
	case OTLP_INT:
		protobuf__int(b, 3, a->number);
		break;
	case OTLP_REAL:
		protobuf__double(b, 4, a->real);
	}
	protobuf__end(b, value);
	protobuf__end(b, pair);
}

static void put_attributes(struct buffer *b, unsigned field,
			   const struct metric_attribute *attributes,
			   size_t len)
{
	for (size_t i = 0; i < len; i++) {
		struct otlp_attribute a = otlp_attribute__of(&attributes[i]);

		put_attribute(b, field, &a);
	}
}

static void begin(struct otlp_writer *w)
{
	(void)w;
}

static void resource(struct otlp_writer *w,
		     const struct metric_attribute *attributes, size_t len)
{
	struct buffer *b = w->out;
	size_t inner;

	w->resource_begun[0] = protobuf__begin(b, REQUEST_RESOURCE);
	inner = protobuf__begin(b, RESOURCE_RESOURCE);
	put_attributes(b, 1, attributes, len);
	protobuf__end(b, inner);
	protobuf__text(b, RESOURCE_SCHEMA_URL, OTLP_SCHEMA_URL);

	w->resource_begun[1] = protobuf__begin(b, RESOURCE_SCOPE);
	inner = protobuf__begin(b, SCOPE_SCOPE);
	protobuf__text(b, 1, OTLP_SCOPE);
	protobuf__text(b, 2, REQTRACE_VERSION);
	protobuf__end(b, inner);
	protobuf__text(b, SCOPE_SCHEMA_URL, OTLP_SCHEMA_URL);
}

static void resource_end(struct otlp_writer *w)
{
	protobuf__end(w->out, w->resource_begun[1]);
	protobuf__end(w->out, w->resource_begun[0]);
}

static unsigned data_field(const struct otlp_writer *w, enum metric_kind kind)
{
	switch (kind) {
	case METRIC_HISTOGRAM:
		return w->explicit_buckets ? DATA_HISTOGRAM : DATA_EXPONENTIAL;
	case METRIC_GAUGE:
		return DATA_GAUGE;
	default:
		return DATA_SUM;
	}
}

static void metric(struct otlp_writer *w, const struct metric_info *info,
		   int temporality)
{
	struct buffer *b = w->out;

	w->metric_begun[0] = protobuf__begin(b, SCOPE_ITEM);
	protobuf__text(b, METRIC_NAME, info->name);
	protobuf__text(b, METRIC_DESCRIPTION, info->description);
	protobuf__text(b, METRIC_UNIT, info->unit);
	w->metric_begun[1] = protobuf__begin(b, data_field(w, info->kind));
	if (info->kind != METRIC_GAUGE)
		protobuf__varint(b, DATA_TEMPORALITY, (uint64_t)temporality);
	if (info->kind == METRIC_COUNTER)
		protobuf__varint(b, DATA_MONOTONIC, 1);
}

static void metric_end(struct otlp_writer *w)
{
	protobuf__end(w->out, w->metric_begun[1]);
	protobuf__end(w->out, w->metric_begun[0]);
}

static void put_exemplars(struct buffer *b, unsigned field,
			  const struct otlp_point *p)
{
	for (size_t i = 0; i < p->exemplars_len; i++) {
		const struct metric_exemplar *x = &p->exemplars[i];
		const size_t begun = protobuf__begin(b, field);

		protobuf__fixed64(b, 2, x->time);
		protobuf__double(b, 3, otlp__seconds(x->value));
		protobuf__bytes(b, 4, x->span_id, sizeof(x->span_id));
		protobuf__bytes(b, 5, x->trace_id, sizeof(x->trace_id));
		protobuf__end(b, begun);
	}
}

/* All kinds of points have the same numbers for these. */
static void put_times(struct buffer *b, const struct otlp_point *p)
{
	if (p->start)
		protobuf__fixed64(b, 2, p->start);
	protobuf__fixed64(b, 3, p->time);
}

/* NumberDataPoint */
static void put_number(struct buffer *b, const struct metric_info *info,
		       const struct otlp_point *p)
{
	put_times(b, p);
	if (p->no_value)
		protobuf__varint(b, 8, OTLP_NO_RECORDED_VALUE);
	else if (info->in_seconds)
		protobuf__double(b, 4, otlp__seconds(p->value));
	else
		protobuf__fixed64(b, 6, p->value);
	put_attributes(b, 7, p->of->attributes, p->of->attributes_len);
}

/* ExponentialHistogramDataPoint */
static void put_exponential(struct buffer *b, const struct otlp_point *p)
{
	size_t positive, counts;

	put_attributes(b, 1, p->of->attributes, p->of->attributes_len);
	put_times(b, p);
	if (p->no_value) {
		protobuf__varint(b, 10, OTLP_NO_RECORDED_VALUE);
		return;
	}
	protobuf__fixed64(b, 4, p->count);
	protobuf__double(b, 5, otlp__seconds(p->sum));
	protobuf__sint(b, 6, p->buckets.scale);
	protobuf__fixed64(b, 7, p->zero_count);
	if (p->buckets.len) {
		positive = protobuf__begin(b, 8);
		protobuf__sint(b, 1, p->buckets.offset);
		counts = protobuf__begin(b, 2);
		for (size_t i = 0; i < p->buckets.len; i++)
			protobuf__put_varint(b, p->buckets.count[i]);
		protobuf__end(b, counts);
		protobuf__end(b, positive);
	}
	put_exemplars(b, 11, p);
	if (p->has_ends) {
		protobuf__double(b, 12, otlp__seconds(p->of->histogram.min));
		protobuf__double(b, 13, otlp__seconds(p->of->histogram.max));
	}
}

/* HistogramDataPoint */
static void put_explicit(struct buffer *b, const struct otlp_point *p)
{
	size_t packed;

	put_times(b, p);
	if (p->no_value) {
		put_attributes(b, 9, p->of->attributes, p->of->attributes_len);
		protobuf__varint(b, 10, OTLP_NO_RECORDED_VALUE);
		return;
	}
	protobuf__fixed64(b, 4, p->count);
	protobuf__double(b, 5, otlp__seconds(p->sum));
	packed = protobuf__begin(b, 6);
	for (int i = 0; i <= EXPLICIT_BOUNDS; i++)
		protobuf__put_fixed64(b, p->explicit_counts[i]);
	protobuf__end(b, packed);
	packed = protobuf__begin(b, 7);
	for (int i = 0; i < EXPLICIT_BOUNDS; i++)
		protobuf__put_double(b, explicit_bounds[i]);
	protobuf__end(b, packed);
	put_exemplars(b, 8, p);
	put_attributes(b, 9, p->of->attributes, p->of->attributes_len);
	if (p->has_ends) {
		protobuf__double(b, 11, otlp__seconds(p->of->histogram.min));
		protobuf__double(b, 12, otlp__seconds(p->of->histogram.max));
	}
}

static void point(struct otlp_writer *w, const struct metric_info *info,
		  const struct otlp_point *p)
{
	struct buffer *b = w->out;
	const size_t begun = protobuf__begin(b, DATA_POINT);

	if (info->kind != METRIC_HISTOGRAM)
		put_number(b, info, p);
	else if (w->explicit_buckets)
		put_explicit(b, p);
	else
		put_exponential(b, p);
	protobuf__end(b, begun);
}

static void put_span_attributes(struct buffer *b, const struct span *s)
{
	struct otlp_attribute a;

	for (size_t i = 0; i < s->attributes_len; i++) {
		if (otlp_attribute__of_span(&a, &s->attributes[i]))
			put_attribute(b, 9, &a);
	}
}

static void put_events(struct buffer *b, const struct span *s)
{
	for (size_t i = 0; i < s->events_len; i++) {
		const size_t begun = protobuf__begin(b, 11);

		protobuf__fixed64(b, 1, s->events[i].time);
		protobuf__text(b, 2, s->events[i].name);
		protobuf__end(b, begun);
	}
}

static void span(struct otlp_writer *w, const struct span *s)
{
	static const uint8_t root[sizeof(s->parent_id)];
	struct buffer *b = w->out;
	const size_t begun = protobuf__begin(b, SCOPE_ITEM);
	size_t status;

	protobuf__bytes(b, 1, s->trace_id, sizeof(s->trace_id));
	protobuf__bytes(b, 2, s->span_id, sizeof(s->span_id));
	if (memcmp(s->parent_id, root, sizeof(root)) != 0)
		protobuf__bytes(b, 4, s->parent_id, sizeof(s->parent_id));
	put_text(b, 5, s->name);
	protobuf__varint(b, 6, s->kind);
	protobuf__fixed64(b, 7, s->begin);
	protobuf__fixed64(b, 8, s->end);
	put_span_attributes(b, s);
	put_events(b, s);
	if (s->failed) {
		status = protobuf__begin(b, 15);
		protobuf__varint(b, 3, OTLP_STATUS_ERROR);
		protobuf__end(b, status);
	}
	if (s->flags)
		protobuf__fixed32(b, 16, s->flags);
	protobuf__end(b, begun);
}

static void end(struct otlp_writer *w)
{
	(void)w;
}

const struct otlp_format otlp_protobuf = {
	.begin = begin,
	.end = end,
	.resource = resource,
	.resource_end = resource_end,
	.metric = metric,
	.metric_end = metric_end,
	.point = point,
	.span = span,
	.closing = 4 * PROTOBUF_END_MAX,
};
