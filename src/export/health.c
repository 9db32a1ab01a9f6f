/* SPDX-License-Identifier: GPL-2.0-only */
/* See health.h. */
#include "export/health.h"

#include "export/metric_table.h"

/* What a thread counts: the metric, and where the figure is. */
struct figure {
	enum metric_id metric;
	size_t offset;
};

#define FIGURE(metric, kind, member)                                           \
	{                                                                      \
		metric, offsetof(struct kind, member)                          \
	}

static const struct figure of_sender[] = {
	FIGURE(METRIC_EXPORTER_REQUESTS, sender_health, requests),
	FIGURE(METRIC_EXPORTER_FAILURES, sender_health, failures),
	FIGURE(METRIC_EXPORTER_ITEMS, sender_health, items),
	FIGURE(METRIC_EXPORTER_REJECTED, sender_health, rejected),
	FIGURE(METRIC_EXPORTER_REFUSED, sender_health, refused),
	FIGURE(METRIC_EXPORTER_BYTES, sender_health, bytes),
	FIGURE(METRIC_EXPORTER_TIME, sender_health, send_ns),
};

static const struct figure of_spans[] = {
	FIGURE(METRIC_SPANS_MADE, spans_health, made),
	FIGURE(METRIC_SPANS_LIMITED, spans_health, limited),
	FIGURE(METRIC_SPANS_UNSAMPLED, spans_health, unsampled),
	FIGURE(METRIC_SPANS_DROPPED, spans_health, dropped),
	FIGURE(METRIC_SPANS_CALLS_DROPPED, spans_health, calls_dropped),
};

static const struct figure of_server[] = {
	FIGURE(METRIC_EXPORTER_SCRAPES, http_server_health, scrapes),
	FIGURE(METRIC_EXPORTER_FAILURES, http_server_health, failures),
	FIGURE(METRIC_EXPORTER_BYTES, http_server_health, bytes),
};

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

_Static_assert(OTLP_SIGNALS *LEN(of_sender) + LEN(of_spans) + LEN(of_server) <=
		       HEALTH_ROWS,
	       "all rows have room");

static const struct metric_attribute signal_of[] = {
	[OTLP_METRICS] = {.key = "reqtrace.exporter.signal", .text = "metrics"},
	[OTLP_TRACES] = {.key = "reqtrace.exporter.signal", .text = "traces"},
};
static const struct metric_attribute scraped = {
	.key = "reqtrace.exporter.signal", .text = "scrape"};

static size_t put(struct build_health *rows, const void *figures,
		  const struct figure *table, size_t len,
		  const struct metric_attribute *attribute)
{
	for (size_t i = 0; i < len; i++)
		rows[i] = (struct build_health){
			.attributes = attribute,
			.attributes_len = attribute ? 1 : 0,
			.info = &metric_table[table[i].metric],
			.value = *(const uint64_t *)((const char *)figures +
						     table[i].offset),
		};
	return len;
}

size_t health__rows(const struct health *h, struct build_health *rows)
{
	size_t len = 0;

	for (int i = 0; i < OTLP_SIGNALS; i++)
		if (h->sends[i])
			len += put(rows + len, &h->sender[i], of_sender,
				   LEN(of_sender), &signal_of[i]);
	if (h->has_spans)
		len += put(rows + len, &h->spans, of_spans, LEN(of_spans),
			   NULL);
	if (h->serves)
		len += put(rows + len, &h->server, of_server, LEN(of_server),
			   &scraped);
	return len;
}
