/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is exported, where to and how: the result of the options and of the
 * environment (OpenTelemetry specification, "OpenTelemetry Protocol Exporter"
 * and "Environment Variable Specification"). Filled and checked by
 * export_config__resolve, read by everybody else.
 */
#ifndef REQTRACE_EXPORT_CONFIG_H
#define REQTRACE_EXPORT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum otlp_protocol { OTLP_HTTP_PROTOBUF, OTLP_HTTP_JSON, OTLP_GRPC };

enum otlp_signal { OTLP_METRICS, OTLP_TRACES, OTLP_SIGNALS };

/* Where a signal goes. Strings are owned by struct export_config. */
struct otlp_target {
	bool on;
	enum otlp_protocol protocol;
	char *url;	  /* whole: with path; gRPC: scheme://host:port and the
			   * method's path */
	char **headers;	  /* "Name: value", as HTTP has it; NULL-terminated */
	uint64_t timeout; /* ns, of one request; 0: no limit */
	bool gzip;
	char *ca_file;	 /* PEM; NULL: the system's */
	char *cert_file; /* NULL: none */
	char *key_file;
};

struct export_config {
	struct otlp_target otlp[OTLP_SIGNALS];
	uint64_t interval; /* ns between two sends of metrics */
	bool delta;	   /* temporality of histograms and counters */
	bool explicit_buckets;
	bool per_process; /* process.pid is an attribute of each point */
	char *service;	  /* of OTEL_SERVICE_NAME; NULL: found per process */
	/* OTEL_RESOURCE_ATTRIBUTES of reqtrace's own environment, decoded:
	 * "key", "value", ..., NULL; for every resource. */
	char **resource;
	double spans_per_second; /* rate limit of traces */

	char *listen_host; /* NULL: no HTTP server; "" is no host */
	uint16_t listen_port;
};

/* Whether anything is to be exported. */
static inline bool export_config__is_on(const struct export_config *c)
{
	return c->otlp[OTLP_METRICS].on || c->otlp[OTLP_TRACES].on ||
	       c->listen_host;
}

#define EXPORT_MAX_HEADERS 64 /* options, and likewise variables */

/* What the command line says, as it was given; NULL or false where it says
 * nothing. Not owned. */
struct export_options {
	bool metrics, traces, listens; /* --otlp, --otlp-traces, --listen */
	const char *url;	       /* of --otlp */
	const char *protocol;
	const char *headers[EXPORT_MAX_HEADERS]; /* NAME=VALUE */
	size_t headers_len;
	const char *interval, *timeout; /* seconds */
	const char *compression;
	const char *ca_file, *cert_file, *key_file;
	bool insecure;
	const char *temporality, *histogram;
	const char *rate; /* spans a second */
	bool per_process;
	const char *service;
	const char *address; /* of --listen */
};

/* Where else settings come from, and where complaints about them go. */
struct export_environment {
	const char *(*get)(void *ctx, const char *name);
	void (*warn)(void *ctx, const char *sentence);
	void *ctx;
};

/* Fill c from both. Options go before variables, a signal's variable before the
 * general one; a variable that makes no sense is warned of and then passed
 * over. Nothing is on that no option asked for. 0; -EINVAL and err: an option
 * makes no sense; or -ENOMEM. Whatever it returns, c can be freed. */
int export_config__resolve(struct export_config *c,
			   const struct export_options *o,
			   const struct export_environment *env,
			   struct error *err);

/* Whether a text looks like an argument of --listen. */
bool export_config__is_address(const char *text);

void export_config__free(struct export_config *c); /* accepts a zeroed one */

#endif
