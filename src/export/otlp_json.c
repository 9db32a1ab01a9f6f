// SPDX-License-Identifier: GPL-2.0-only
/*
 * The OpenTelemetry protocol as JSON: field names in lowerCamelCase, 64-bit
 * integers as strings, enums as numbers, identifiers in hexadecimal. Written
 * straight into the buffer, so that a request takes no more memory than its
 * bytes.
 */
#include "export/otlp_format.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Digits of which a double can be read back exactly. The program leaves
 * LC_NUMERIC alone, so the decimal point is one. */
#define REAL "%.17g"

static void put_escaped(struct buffer *b, const char *text)
{
	buffer__text(b, "\"");
	while (*text) {
		const size_t plain = strcspn(text, "\"\\");

		buffer__add(b, text, plain);
		text += plain;
		if (*text)
			buffer__format(b, "\\%c", *text++);
	}
	buffer__text(b, "\"");
}

/* Safe text has no control characters. */
static void put_text(struct buffer *b, const char *text)
{
	char *copy;

	put_escaped(b, otlp__safe(b, text, &copy));
	free(copy);
}

static void put_hex(struct buffer *b, const char *name, const uint8_t *bytes,
		    size_t len)
{
	buffer__format(b, "\"%s\":\"", name);
	for (size_t i = 0; i < len; i++)
		buffer__format(b, "%02x", bytes[i]);
	buffer__text(b, "\"");
}

static void put_attribute(struct buffer *b, const struct otlp_attribute *a,
			  bool first)
{
	buffer__text(b, first ? "{\"key\":" : ",{\"key\":");
	put_text(b, a->key);
	buffer__text(b, ",\"value\":{");
	switch (a->type) {
	case OTLP_TEXT:
		buffer__text(b, "\"stringValue\":");
		put_text(b, a->text);
		break;
	case OTLP_BOOL:
		buffer__format(b, "\"boolValue\":%s",
			       a->number ? "true" : "false");
		break;
	case OTLP_INT:
		buffer__format(b, "\"intValue\":\"%" PRId64 "\"", a->number);
		break;
	case OTLP_REAL:
		buffer__format(b, "\"doubleValue\":" REAL, a->real);
	}
	buffer__text(b, "}}");
}

static void put_attributes(struct buffer *b,
			   const struct metric_attribute *attributes,
			   size_t len)
{
	buffer__text(b, "\"attributes\":[");
	for (size_t i = 0; i < len; i++) {
		struct otlp_attribute a = otlp_attribute__of(&attributes[i]);

		put_attribute(b, &a, i == 0);
	}
	buffer__text(b, "]");
}

static void begin(struct otlp_writer *w)
{
	buffer__text(w->out, w->signal == OTLP_METRICS
				     ? "{\"resourceMetrics\":["
				     : "{\"resourceSpans\":[");
}

static void resource(struct otlp_writer *w,
		     const struct metric_attribute *attributes, size_t len)
{
	const bool metrics = w->signal == OTLP_METRICS;
	struct buffer *b = w->out;

	buffer__text(b, w->resources ? ",{\"resource\":{" : "{\"resource\":{");
	put_attributes(b, attributes, len);
	buffer__format(b,
		       "},\"schemaUrl\":\"%s\",\"%s\":[{\"scope\":"
		       "{\"name\":\"%s\",\"version\":\"%s\"},"
		       "\"schemaUrl\":\"%s\",\"%s\":[",
		       OTLP_SCHEMA_URL, metrics ? "scopeMetrics" : "scopeSpans",
		       OTLP_SCOPE, REQTRACE_VERSION, OTLP_SCHEMA_URL,
		       metrics ? "metrics" : "spans");
}

static void resource_end(struct otlp_writer *w)
{
	buffer__text(w->out, "]}]}");
}

static const char *data_name(const struct otlp_writer *w, enum metric_kind kind)
{
	switch (kind) {
	case METRIC_HISTOGRAM:
		return w->explicit_buckets ? "histogram"
					   : "exponentialHistogram";
	case METRIC_GAUGE:
		return "gauge";
	default:
		return "sum";
	}
}

static void metric(struct otlp_writer *w, const struct metric_info *info,
		   int temporality)
{
	struct buffer *b = w->out;

	buffer__text(b, w->metrics ? ",{\"name\":" : "{\"name\":");
	put_text(b, info->name);
	buffer__text(b, ",\"description\":");
	put_text(b, info->description);
	buffer__text(b, ",\"unit\":");
	put_text(b, info->unit);
	buffer__format(b, ",\"%s\":{", data_name(w, info->kind));
	if (info->kind != METRIC_GAUGE)
		buffer__format(b, "\"aggregationTemporality\":%d,",
			       temporality);
	if (info->kind == METRIC_COUNTER)
		buffer__text(b, "\"isMonotonic\":true,");
	buffer__text(b, "\"dataPoints\":[");
}

static void metric_end(struct otlp_writer *w)
{
	buffer__text(w->out, "]}}");
}

static void put_u64(struct buffer *b, const char *name, uint64_t value)
{
	buffer__format(b, ",\"%s\":\"%" PRIu64 "\"", name, value);
}

static void put_seconds(struct buffer *b, const char *name, uint64_t ns)
{
	buffer__format(b, ",\"%s\":" REAL, name, otlp__seconds(ns));
}

/* ,"NAME":["1","2"] */
static void put_counts(struct buffer *b, const char *name,
		       const uint64_t *counts, size_t len)
{
	buffer__format(b, ",\"%s\":[", name);
	for (size_t i = 0; i < len; i++)
		buffer__format(b, "%s\"%" PRIu64 "\"", i ? "," : "", counts[i]);
	buffer__text(b, "]");
}

static void put_exemplars(struct buffer *b, const struct otlp_point *p)
{
	if (!p->exemplars_len)
		return;
	buffer__text(b, ",\"exemplars\":[");
	for (size_t i = 0; i < p->exemplars_len; i++) {
		const struct metric_exemplar *x = &p->exemplars[i];

		buffer__text(b, i ? ",{" : "{");
		put_hex(b, "spanId", x->span_id, sizeof(x->span_id));
		buffer__text(b, ",");
		put_hex(b, "traceId", x->trace_id, sizeof(x->trace_id));
		put_u64(b, "timeUnixNano", x->time);
		put_seconds(b, "asDouble", x->value);
		buffer__text(b, "}");
	}
	buffer__text(b, "]");
}

static void put_exponential(struct buffer *b, const struct otlp_point *p)
{
	buffer__format(b, ",\"scale\":%d", p->buckets.scale);
	put_u64(b, "zeroCount", p->zero_count);
	if (!p->buckets.len)
		return;
	buffer__format(b, ",\"positive\":{\"offset\":%d", p->buckets.offset);
	put_counts(b, "bucketCounts", p->buckets.count, p->buckets.len);
	buffer__text(b, "}");
}

static void put_explicit(struct buffer *b, const struct otlp_point *p)
{
	put_counts(b, "bucketCounts", p->explicit_counts, EXPLICIT_BOUNDS + 1);
	buffer__text(b, ",\"explicitBounds\":[");
	for (int i = 0; i < EXPLICIT_BOUNDS; i++)
		buffer__format(b, "%s" REAL, i ? "," : "", explicit_bounds[i]);
	buffer__text(b, "]");
}

static void put_histogram(struct otlp_writer *w, const struct otlp_point *p)
{
	struct buffer *b = w->out;

	put_u64(b, "count", p->count);
	put_seconds(b, "sum", p->sum);
	if (w->explicit_buckets)
		put_explicit(b, p);
	else
		put_exponential(b, p);
	put_exemplars(b, p);
	if (p->has_ends) {
		put_seconds(b, "min", p->of->histogram.min);
		put_seconds(b, "max", p->of->histogram.max);
	}
}

static void point(struct otlp_writer *w, const struct metric_info *info,
		  const struct otlp_point *p)
{
	struct buffer *b = w->out;

	buffer__text(b, w->items ? ",{" : "{");
	put_attributes(b, p->of->attributes, p->of->attributes_len);
	if (p->start)
		put_u64(b, "startTimeUnixNano", p->start);
	put_u64(b, "timeUnixNano", p->time);
	if (p->no_value)
		buffer__format(b, ",\"flags\":%d", OTLP_NO_RECORDED_VALUE);
	else if (info->kind == METRIC_HISTOGRAM)
		put_histogram(w, p);
	else if (info->in_seconds)
		put_seconds(b, "asDouble", p->value);
	else
		buffer__format(b, ",\"asInt\":\"%" PRId64 "\"",
			       (int64_t)p->value);
	buffer__text(b, "}");
}

static void put_span_attributes(struct buffer *b, const struct span *s)
{
	struct otlp_attribute a;
	bool first = true;

	buffer__text(b, ",\"attributes\":[");
	for (size_t i = 0; i < s->attributes_len; i++) {
		if (!otlp_attribute__of_span(&a, &s->attributes[i]))
			continue;
		put_attribute(b, &a, first);
		first = false;
	}
	buffer__text(b, "]");
}

static void put_events(struct buffer *b, const struct span *s)
{
	buffer__text(b, ",\"events\":[");
	for (size_t i = 0; i < s->events_len; i++) {
		buffer__format(b,
			       "%s{\"timeUnixNano\":\"%" PRIu64 "\",\"name\":",
			       i ? "," : "", s->events[i].time);
		put_text(b, s->events[i].name);
		buffer__text(b, "}");
	}
	buffer__text(b, "]");
}

static void span(struct otlp_writer *w, const struct span *s)
{
	static const uint8_t root[sizeof(s->parent_id)];
	struct buffer *b = w->out;

	buffer__text(b, w->items ? ",{" : "{");
	put_hex(b, "traceId", s->trace_id, sizeof(s->trace_id));
	buffer__text(b, ",");
	put_hex(b, "spanId", s->span_id, sizeof(s->span_id));
	if (memcmp(s->parent_id, root, sizeof(root)) != 0) {
		buffer__text(b, ",");
		put_hex(b, "parentSpanId", s->parent_id, sizeof(s->parent_id));
	}
	buffer__text(b, ",\"name\":");
	put_text(b, s->name);
	buffer__format(b, ",\"kind\":%d", (int)s->kind);
	put_u64(b, "startTimeUnixNano", s->begin);
	put_u64(b, "endTimeUnixNano", s->end);
	put_span_attributes(b, s);
	put_events(b, s);
	if (s->failed)
		buffer__format(b, ",\"status\":{\"code\":%d}",
			       OTLP_STATUS_ERROR);
	if (s->flags)
		buffer__format(b, ",\"flags\":%" PRIu32, s->flags);
	buffer__text(b, "}");
}

static void end(struct otlp_writer *w)
{
	buffer__text(w->out, "]}");
}

const struct otlp_format otlp_json = {
	.begin = begin,
	.end = end,
	.resource = resource,
	.resource_end = resource_end,
	.metric = metric,
	.metric_end = metric_end,
	.point = point,
	.span = span,
	.closing = sizeof("]}}]}]}]}") - 1,
};
