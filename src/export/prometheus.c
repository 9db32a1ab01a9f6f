// SPDX-License-Identifier: GPL-2.0-only
/* See prometheus.h. Chooses the format, and gathers the metrics of all
 * resources into families, which the formats want in one piece. */
#include "export/prometheus.h"

#include <errno.h>
#include <stdlib.h>

#include "export/http_accept.h"
#include "export/prometheus_write.h"

#define OPENMETRICS "application/openmetrics-text"
#define PROTOBUF "application/vnd.google.protobuf"
#define FAMILY "io.prometheus.client.MetricFamily"

/* Whether the element asks for one of our formats, and which. */
static bool match(const struct http_accept *a, enum prometheus_format *format)
{
	if (http_accept__is(a, OPENMETRICS)) {
		*format = PROMETHEUS_OPENMETRICS;
		return http_accept__param(a, "version", "1.0.0", true);
	}
	if (http_accept__is(a, PROTOBUF)) {
		*format = PROMETHEUS_PROTOBUF;
		return http_accept__param(a, "proto", FAMILY, false) &&
		       http_accept__param(a, "encoding", "delimited", false);
	}
	*format = PROMETHEUS_TEXT;
	return http_accept__is(a, "*/*") || http_accept__is(a, "text/*") ||
	       (http_accept__is(a, "text/plain") &&
		http_accept__param(a, "version", "0.0.4", true));
}

/* The highest q wins, the first of equal ones. Who wants nothing that we have
 * gets text, as clients of old send what they like. */
enum prometheus_format prometheus__negotiate(const char *accept)
{
	enum prometheus_format best = PROMETHEUS_TEXT, format;
	struct http_accept a;
	unsigned q = 0;

	while (accept && http_accept__next(&accept, &a)) {
		if (a.q > q && match(&a, &format)) {
			best = format;
			q = a.q;
		}
	}
	return best;
}

const char *prometheus__content_type(enum prometheus_format format)
{
	switch (format) {
	case PROMETHEUS_OPENMETRICS:
		return OPENMETRICS "; version=1.0.0; charset=utf-8";
	case PROMETHEUS_PROTOBUF:
		return PROTOBUF "; proto=" FAMILY "; encoding=delimited";
	default:
		return "text/plain; version=0.0.4; charset=utf-8";
	}
}

void prometheus__encode(const struct metrics *m, enum prometheus_format format,
			struct buffer *out)
{
	struct prometheus_family *families;
	size_t len;

	if (prometheus__families(m, &families, &len)) {
		/* Kept there as its own failures are. */
		if (!out->err)
			out->err = -ENOMEM;
		return;
	}
	if (format == PROMETHEUS_PROTOBUF)
		prometheus__write_protobuf(m, families, len, out);
	else
		prometheus__write_text(m, families, len,
				       format == PROMETHEUS_OPENMETRICS, out);
	free(families);
}
