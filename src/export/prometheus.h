/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A batch of metrics as Prometheus reads it: the classic text format,
 * OpenMetrics 1.0 with exemplars, and delimited protobuf with native
 * histograms. Names as "Prometheus and OpenMetrics Compatibility" of the
 * OpenTelemetry specification has them.
 */
#ifndef REQTRACE_EXPORT_PROMETHEUS_H
#define REQTRACE_EXPORT_PROMETHEUS_H

#include "base/buffer.h"
#include "export/metrics.h"

enum prometheus_format {
	PROMETHEUS_TEXT,
	PROMETHEUS_OPENMETRICS,
	PROMETHEUS_PROTOBUF,
};

/* The format that an Accept header asks for (NULL: none was sent), and the
 * Content-Type that goes with it. */
enum prometheus_format prometheus__negotiate(const char *accept);
const char *prometheus__content_type(enum prometheus_format format);

/* Add all of m to out; its failure is out's. */
void prometheus__encode(const struct metrics *m, enum prometheus_format format,
			struct buffer *out);

#endif
