// SPDX-License-Identifier: GPL-2.0-only
/*
 * io.prometheus.client.MetricFamily, each behind its length: native histograms
 * with all the buckets that there are. The classic buckets are in the same
 * messages: they carry the exemplars, and they are what a server takes that
 * asks for protobuf but does not keep native histograms. One that does passes
 * them over.
 */
#include <stdio.h>

#include "export/prometheus_write.h"
#include "export/protobuf.h"

/* prometheus/client_model, io/prometheus/client/metrics.proto */
enum {
	FAMILY_NAME = 1,
	FAMILY_HELP = 2,
	FAMILY_TYPE = 3,
	FAMILY_METRIC = 4,
	METRIC_LABEL = 1,
	METRIC_GAUGE_FIELD = 2,
	METRIC_COUNTER_FIELD = 3,
	METRIC_HISTOGRAM_FIELD = 7,
	LABEL_NAME = 1,
	LABEL_VALUE = 2,
	NUMBER_VALUE = 1, /* of Gauge and Counter */
	HISTOGRAM_COUNT = 1,
	HISTOGRAM_SUM = 2,
	HISTOGRAM_BUCKET = 3,
	HISTOGRAM_SCHEMA = 5,
	HISTOGRAM_ZERO_THRESHOLD = 6,
	HISTOGRAM_ZERO_COUNT = 7,
	HISTOGRAM_POSITIVE_SPAN = 12,
	HISTOGRAM_POSITIVE_DELTA = 13,
	BUCKET_COUNT = 1,
	BUCKET_BOUND = 2,
	BUCKET_EXEMPLAR = 3,
	SPAN_OFFSET = 1,
	SPAN_LENGTH = 2,
	EXEMPLAR_LABEL = 1,
	EXEMPLAR_VALUE = 2,
	EXEMPLAR_TIME = 3,
	TIMESTAMP_SECONDS = 1,
	TIMESTAMP_NANOS = 2,
};

enum { TYPE_COUNTER = 0, TYPE_GAUGE = 1, TYPE_HISTOGRAM = 4 };

/* That of Prometheus' client libraries, so that histograms of both add up
 * without widening. Only 0 is below it. */
#define ZERO_THRESHOLD 0x1p-128

/* Empty buckets in a row that cost less than a span that leaves them out. */
#define GAP 2

static void label_begin(struct prometheus_sink *s, const char *name)
{
	s->pair = protobuf__begin(s->out, METRIC_LABEL);
	protobuf__text(s->out, LABEL_NAME, name);
	s->text = protobuf__begin(s->out, LABEL_VALUE);
}

static void label_value(struct prometheus_sink *s, const char *text)
{
	buffer__text(s->out, text);
}

static void label_end(struct prometheus_sink *s)
{
	protobuf__end(s->out, s->text);
	protobuf__end(s->out, s->pair);
}

static struct prometheus_sink sink_into(struct buffer *out)
{
	return (struct prometheus_sink){
		.begin = label_begin,
		.value = label_value,
		.end = label_end,
		.out = out,
	};
}

static double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

static void add_number(struct buffer *out, unsigned field, double value)
{
	size_t at = protobuf__begin(out, field);

	protobuf__double(out, NUMBER_VALUE, value);
	protobuf__end(out, at);
}

static void add_pair(struct buffer *out, const char *name, const uint8_t *id,
		     size_t len)
{
	size_t at = protobuf__begin(out, EXEMPLAR_LABEL);
	char text[2 * 16 + 1];

	prometheus__hex(id, len, text);
	protobuf__text(out, LABEL_NAME, name);
	protobuf__text(out, LABEL_VALUE, text);
	protobuf__end(out, at);
}

static void add_exemplar(struct buffer *out, const struct metric_exemplar *x)
{
	size_t at = protobuf__begin(out, BUCKET_EXEMPLAR), time;

	add_pair(out, "trace_id", x->trace_id, sizeof(x->trace_id));
	add_pair(out, "span_id", x->span_id, sizeof(x->span_id));
	protobuf__double(out, EXEMPLAR_VALUE, seconds(x->value));
	time = protobuf__begin(out, EXEMPLAR_TIME);
	protobuf__varint(out, TIMESTAMP_SECONDS, x->time / 1000000000);
	protobuf__varint(out, TIMESTAMP_NANOS, x->time % 1000000000);
	protobuf__end(out, time);
	protobuf__end(out, at);
}

static void add_classic(struct buffer *out, const struct metric_info *info,
			const struct metric_point *p)
{
	const struct prometheus_ladder ladder = prometheus__ladder(info);
	const struct metric_exemplar *latest[PROMETHEUS_LADDER_MAX + 1];
	uint64_t counts[PROMETHEUS_LADDER_MAX + 1];

	prometheus__cumulate(&ladder, &p->histogram, counts);
	prometheus__exemplars(&ladder, p, latest);
	for (size_t i = 0; i <= ladder.len; i++) {
		size_t at = protobuf__begin(out, HISTOGRAM_BUCKET);

		protobuf__varint(out, BUCKET_COUNT, counts[i]);
		protobuf__double(
			out, BUCKET_BOUND,
			i < ladder.len
				? __builtin_ldexp(
					  1, prometheus__exponent(&ladder, i))
				: __builtin_inf());
		if (latest[i])
			add_exemplar(out, latest[i]);
		protobuf__end(out, at);
	}
}

/* The buckets from *at on that make one span, [*at, returned); *at is moved to
 * its first used one. Both are h->len at the end. */
static uint32_t find_span(const struct histogram *h, uint32_t *at)
{
	uint32_t end, empty = 0;

	while (*at < h->len && !histogram__bucket(h, *at))
		++*at;
	end = *at;
	for (uint32_t i = *at; i < h->len && empty <= GAP; i++) {
		if (histogram__bucket(h, i)) {
			end = i + 1;
			empty = 0;
		} else {
			empty++;
		}
	}
	return end;
}

/* Index i there holds (2^((i - 1) / 2^s), 2^(i / 2^s)]: one more than
 * OpenTelemetry's. */
static void add_spans(struct buffer *out, const struct histogram *h)
{
	int before = 0;

	for (uint32_t at = 0, end; at < h->len; at = end) {
		size_t span;

		end = find_span(h, &at);
		if (at == end)
			break;
		span = protobuf__begin(out, HISTOGRAM_POSITIVE_SPAN);
		protobuf__sint(out, SPAN_OFFSET,
			       h->offset + 1 + (int)at - before);
		protobuf__varint(out, SPAN_LENGTH, end - at);
		protobuf__end(out, span);
		before = h->offset + 1 + (int)end;
	}
}

static void add_deltas(struct buffer *out, const struct histogram *h)
{
	size_t deltas = protobuf__begin(out, HISTOGRAM_POSITIVE_DELTA);
	uint64_t before = 0;

	for (uint32_t at = 0, end; at < h->len; at = end) {
		end = find_span(h, &at);
		for (uint32_t i = at; i < end; i++) {
			const uint64_t count = histogram__bucket(h, i);

			protobuf__put_sint(out, (int64_t)(count - before));
			before = count;
		}
	}
	protobuf__end(out, deltas);
}

static void add_histogram(struct buffer *out, const struct metric_info *info,
			  const struct metric_point *p)
{
	const struct histogram *h = &p->histogram;
	size_t at = protobuf__begin(out, METRIC_HISTOGRAM_FIELD);

	protobuf__varint(out, HISTOGRAM_COUNT, h->count);
	protobuf__double(out, HISTOGRAM_SUM, seconds(h->sum));
	add_classic(out, info, p);
	protobuf__sint(out, HISTOGRAM_SCHEMA, h->scale);
	protobuf__double(out, HISTOGRAM_ZERO_THRESHOLD, ZERO_THRESHOLD);
	protobuf__varint(out, HISTOGRAM_ZERO_COUNT, h->zero_count);
	if (h->len) {
		add_spans(out, h);
		add_deltas(out, h);
	}
	protobuf__end(out, at);
}

static void add_point(struct buffer *out, const struct metric_info *info,
		      const struct metric_resource *r,
		      const struct metric_point *p)
{
	struct prometheus_sink sink = sink_into(out);
	const double value =
		info->in_seconds ? seconds(p->value) : (double)p->value;
	size_t at = protobuf__begin(out, FAMILY_METRIC);

	prometheus__resource_labels(r, &sink);
	prometheus__point_labels(p, &sink);
	if (info->kind == METRIC_HISTOGRAM)
		add_histogram(out, info, p);
	else
		add_number(out,
			   info->kind == METRIC_COUNTER ? METRIC_COUNTER_FIELD
							: METRIC_GAUGE_FIELD,
			   value);
	protobuf__end(out, at);
}

static void add_points(struct buffer *out, const struct metrics *m,
		       const struct metric_info *info)
{
	for (size_t i = 0; i < m->resources_len; i++) {
		const struct metric_resource *r = &m->resources[i];
		const struct metric *metric = prometheus__find(r, info);

		for (size_t k = 0; metric && k < metric->points_len; k++) {
			if (prometheus__is_shown(&metric->points[k]))
				add_point(out, info, r, &metric->points[k]);
		}
	}
}

static unsigned type_of(const struct metric_info *info)
{
	switch (info->kind) {
	case METRIC_HISTOGRAM:
		return TYPE_HISTOGRAM;
	case METRIC_COUNTER:
		return TYPE_COUNTER;
	default:
		return TYPE_GAUGE;
	}
}

static void add_family(struct buffer *out, const struct metrics *m,
		       const struct prometheus_family *f)
{
	const bool is_counter = f->info->kind == METRIC_COUNTER;
	char name[PROMETHEUS_NAME_MAX + sizeof("_total")];
	size_t at;

	if (!prometheus__shown(m, f->info))
		return;
	snprintf(name, sizeof(name), "%s%s", f->name,
		 is_counter ? "_total" : "");
	at = protobuf__begin(out, 0);
	protobuf__text(out, FAMILY_NAME, name);
	protobuf__text(out, FAMILY_HELP, f->info->description);
	protobuf__varint(out, FAMILY_TYPE, type_of(f->info));
	add_points(out, m, f->info);
	protobuf__end(out, at);
}

static void add_target_info(struct buffer *out, const struct metrics *m)
{
	struct prometheus_sink sink = sink_into(out);
	size_t at, metric;

	if (!m->resources_len)
		return;
	at = protobuf__begin(out, 0);
	protobuf__text(out, FAMILY_NAME, "target_info");
	protobuf__text(out, FAMILY_HELP, "Target metadata");
	protobuf__varint(out, FAMILY_TYPE, TYPE_GAUGE);
	for (size_t i = 0; i < m->resources_len; i++) {
		metric = protobuf__begin(out, FAMILY_METRIC);
		prometheus__resource_labels(&m->resources[i], &sink);
		prometheus__info_labels(&m->resources[i], &sink);
		add_number(out, METRIC_GAUGE_FIELD, 1);
		protobuf__end(out, metric);
	}
	protobuf__end(out, at);
}

void prometheus__write_protobuf(const struct metrics *m,
				const struct prometheus_family *families,
				size_t len, struct buffer *out)
{
	add_target_info(out, m);
	for (size_t i = 0; i < len && !out->err; i++)
		add_family(out, m, &families[i]);
}
