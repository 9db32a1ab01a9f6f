/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The URL that a signal is sent to, of what a user gave as an endpoint
 * (OpenTelemetry specification, "Endpoint URLs for OTLP/HTTP" and the
 * configuration options of the exporter).
 */
#ifndef REQTRACE_EXPORT_ENDPOINT_H
#define REQTRACE_EXPORT_ENDPOINT_H

#include <stdbool.h>

#include "export/config.h"

/* How a given endpoint is to be read. */
enum endpoint_kind {
	ENDPOINT_WHOLE,	 /* of one signal: as it is */
	ENDPOINT_BASE,	 /* of all: the signal's path is appended */
	ENDPOINT_OPTION, /* likewise, but /v1/metrics may already stand there */
};

/* *out is the whole URL, the caller's. insecure: what a gRPC endpoint without
 * a scheme is sent by is http. 0, -EINVAL if given is no such URL, -ENOMEM. */
int endpoint__url(const char *given, enum endpoint_kind kind,
		  enum otlp_protocol protocol, enum otlp_signal signal,
		  bool insecure, char **out);

/* A copy to be shown, the caller's: without user, password and query, which
 * may be secret. NULL when out of memory. */
char *endpoint__show(const char *url);

#endif
