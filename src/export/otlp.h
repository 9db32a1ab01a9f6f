/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests of the OpenTelemetry protocol (opentelemetry-proto 1.x): from
 * batches of metrics and lists of spans to bytes, protobuf or JSON, each no
 * larger than a bound.
 *
 * What was delivered is remembered of each point. A delta begins at the batch
 * of which the point was delivered last, whole requests or not; where nothing
 * came since, there is no point. An exemplar is not sent again once it was
 * delivered. A point that has ended is sent once as having no value, unless it
 * is one of deltas.
 */
#ifndef REQTRACE_EXPORT_OTLP_H
#define REQTRACE_EXPORT_OTLP_H

#include "base/buffer.h"
#include "export/config.h"
#include "export/metrics.h"
#include "export/spans.h"

/* Collectors take 4 MiB by default (gRPC's own bound). */
#define OTLP_MAX_REQUEST (3500u << 10)

/* What gets a batch, request by request. */
struct otlp_metrics;

/* config must outlive it. NULL when out of memory. */
struct otlp_metrics *otlp_metrics__new(const struct export_config *config);
void otlp_metrics__free(struct otlp_metrics *o); /* accepts NULL */

/* Begin with a batch (a reference of its own is taken): the one before is left
 * as far as it was delivered. 0 or -ENOMEM. */
int otlp_metrics__begin(struct otlp_metrics *o, const struct metrics *m);

/* The next request, of no more than max bytes unless a single point is larger,
 * in place of what out held; points is how many data points it has, 0: the
 * batch is done. The same request again until it is delivered or refused. 0,
 * -ENOMEM, or -EFBIG if out's own bound is too low for a single point. */
int otlp_metrics__next(struct otlp_metrics *o, size_t max, struct buffer *out,
		       size_t *points);

/* The last request has arrived: deltas begin anew from it. 0, or -ENOMEM and it
 * is to be called again before there is another request. */
int otlp_metrics__delivered(struct otlp_metrics *o);
/* It will never be taken: go on behind it. Its figures are in the next batch
 * again, and so in the next delta. */
void otlp_metrics__refused(struct otlp_metrics *o);

/* A trace request with the first spans of a list, of no more than max bytes
 * unless a single one is larger; *len is how many it has. Resources are those
 * of m (NULL: none are known) by span.resource_id. 0, -ENOMEM, or -EFBIG if
 * out's own bound is too low for a single span. */
int otlp_spans__encode(enum otlp_protocol protocol, const struct span *spans,
		       const struct metrics *m, size_t max, struct buffer *out,
		       size_t *len);

#endif
