/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two encodings of the OpenTelemetry protocol behind one struct of
 * functions. Both signals have the same shape:
 *
 *	request { resource { scope { metric { point... }... } }... }
 *	request { resource { scope { span... } }... }
 *
 * Whoever calls opens and closes the levels (otlp_writer__*); a format writes
 * them. A failure is the buffer's.
 */
#ifndef REQTRACE_EXPORT_OTLP_FORMAT_H
#define REQTRACE_EXPORT_OTLP_FORMAT_H

#include "base/buffer.h"
#include "export/buckets.h"
#include "export/config.h"
#include "export/explicit.h"
#include "export/metrics.h"
#include "export/spans.h"

#define OTLP_SCOPE "reqtrace"
/* Of the semantic conventions that names of metrics and attributes are by. */
#define OTLP_SCHEMA_URL "https://opentelemetry.io/schemas/1.37.0"

/* Numbers of the .proto files. */
enum { OTLP_DELTA = 1, OTLP_CUMULATIVE = 2 };
enum { OTLP_NO_RECORDED_VALUE = 1 };
enum { OTLP_STATUS_ERROR = 2 };

/* A data point as it is sent: the figures of a metric_point, or what came since
 * the last. */
struct otlp_point {
	const struct metric_point *of; /* its attributes */
	uint64_t start, time;	       /* CLOCK_REALTIME ns; start 0: none */
	bool no_value;		       /* it has ended */
	uint64_t value;		       /* of no histogram */
	uint64_t count, zero_count;
	uint64_t sum;  /* ns */
	bool has_ends; /* the histogram's min and max are the point's */
	struct buckets buckets;
	uint64_t explicit_counts[EXPLICIT_BOUNDS + 1];
	const struct metric_exemplar *exemplars;
	size_t exemplars_len;
};

enum otlp_value { OTLP_TEXT, OTLP_INT, OTLP_REAL, OTLP_BOOL };

struct otlp_attribute {
	const char *key;
	enum otlp_value type;
	const char *text;
	int64_t number; /* also of a bool */
	double real;
};

struct otlp_format;

/* Where a request has got to. A copy of it and the buffer's length are all that
 * is needed to go back, as long as nothing was closed. */
struct otlp_writer {
	const struct otlp_format *format;
	struct buffer *out;
	enum otlp_signal signal;
	bool explicit_buckets;
	bool in_resource, in_metric;		   /* what is open */
	size_t resources, metrics, items, total;   /* in what is open; all */
	size_t resource_begun[2], metric_begun[2]; /* the format's */
};

struct otlp_format {
	void (*begin)(struct otlp_writer *w);
	void (*end)(struct otlp_writer *w);
	void (*resource)(struct otlp_writer *w,
			 const struct metric_attribute *attributes, size_t len);
	void (*resource_end)(struct otlp_writer *w);
	void (*metric)(struct otlp_writer *w, const struct metric_info *info,
		       int temporality);
	void (*metric_end)(struct otlp_writer *w);
	void (*point)(struct otlp_writer *w, const struct metric_info *info,
		      const struct otlp_point *p);
	void (*span)(struct otlp_writer *w, const struct span *s);
	size_t closing; /* bytes at most that all the ends add */
};

extern const struct otlp_format otlp_protobuf, otlp_json;

void otlp_writer__begin(struct otlp_writer *w, enum otlp_protocol protocol,
			enum otlp_signal signal, struct buffer *out);
void otlp_writer__resource(struct otlp_writer *w,
			   const struct metric_attribute *attributes,
			   size_t len);
void otlp_writer__metric(struct otlp_writer *w, const struct metric_info *info,
			 int temporality);
void otlp_writer__close_metric(struct otlp_writer *w);
void otlp_writer__close_resource(struct otlp_writer *w);
void otlp_writer__end(struct otlp_writer *w);

/* Whether the item that was written last is one too many for a request of max
 * bytes: then it goes, with the levels opened for it, back to what was before,
 * and the request is to be ended. A single item is never too many. */
bool otlp_writer__takes_back(struct otlp_writer *w,
			     const struct otlp_writer *before, size_t len,
			     size_t max);

struct otlp_attribute otlp_attribute__of(const struct metric_attribute *a);
/* False: a number that cannot be told (NaN and the like). */
bool otlp_attribute__of_span(struct otlp_attribute *out,
			     const struct span_attribute *a);

/* The text, or a copy that is safe to send (base/utf8.h), for *copy to be
 * freed; after a failure "". A receiver drops all of a request that has one
 * text that is no UTF-8. */
const char *otlp__safe(struct buffer *b, const char *text, char **copy);

static inline double otlp__seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

#endif
