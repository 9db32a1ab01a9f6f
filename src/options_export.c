// SPDX-License-Identifier: GPL-2.0-only
/* See options_export.h. */
#include "options_export.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/net.h"

enum {
	KEY_OTLP = 512,
	KEY_PROTOCOL,
	KEY_HEADER,
	KEY_INTERVAL,
	KEY_TIMEOUT,
	KEY_COMPRESSION,
	KEY_CA,
	KEY_CERT,
	KEY_KEY,
	KEY_INSECURE,
	KEY_TEMPORALITY,
	KEY_HISTOGRAM,
	KEY_TRACES,
	KEY_RATE,
	KEY_PER_PROCESS,
	KEY_SERVICE,
	KEY_LISTEN,
};

static const struct argp_option list[] = {
	{0, 0, 0, 0, "Export to OpenTelemetry and Prometheus:", 4},
	{"otlp", KEY_OTLP, "URL", OPTION_ARG_OPTIONAL,
	 "send metrics to an OpenTelemetry collector (default "
	 "http://localhost:4318; gRPC http://localhost:4317)",
	 0},
	{"otlp-protocol", KEY_PROTOCOL, "NAME", 0,
	 "http/protobuf (default), http/json or grpc", 0},
	{"otlp-header", KEY_HEADER, "NAME=VALUE", 0,
	 "a header of every request; repeatable", 0},
	{"otlp-interval", KEY_INTERVAL, "SECS", 0,
	 "between two sends of metrics (default 60)", 0},
	{"otlp-timeout", KEY_TIMEOUT, "SECS", 0,
	 "for one request (default 10; 0: none)", 0},
	{"otlp-compression", KEY_COMPRESSION, "NAME", 0,
	 "gzip or none (default)", 0},
	{"otlp-ca", KEY_CA, "FILE", 0,
	 "trust the certificates in FILE instead of the system's", 0},
	{"otlp-cert", KEY_CERT, "FILE", 0, "certificate to show the collector",
	 0},
	{"otlp-key", KEY_KEY, "FILE", 0, "its private key", 0},
	{"otlp-insecure", KEY_INSECURE, 0, 0,
	 "gRPC without TLS where the address has no http:// or https://", 0},
	{"otlp-temporality", KEY_TEMPORALITY, "NAME", 0,
	 "cumulative (default), delta or lowmemory", 0},
	{"otlp-histogram", KEY_HISTOGRAM, "NAME", 0,
	 "exponential (default) or explicit buckets", 0},
	{"otlp-traces", KEY_TRACES, 0, 0,
	 "send a span of each slow exchange (see --slow) to the collector", 0},
	{"otlp-traces-rate", KEY_RATE, "N", 0,
	 "spans of exchanges a second at most (default 100)", 0},
	{"listen", KEY_LISTEN, "ADDR:PORT", OPTION_ARG_OPTIONAL,
	 "serve /metrics to Prometheus (default 127.0.0.1:9464)", 0},
	{"per-process", KEY_PER_PROCESS, 0, 0,
	 "export figures of each process, not of each service", 0},
	{"service", KEY_SERVICE, "NAME", 0,
	 "service.name of all that is exported (default: found per process)",
	 0},
	{0},
};

bool options_export__given(const struct options_export *x)
{
	const struct export_options *g = &x->given;

	return g->metrics || g->traces || g->listens || g->protocol ||
	       g->headers_len || g->interval || g->timeout || g->compression ||
	       g->ca_file || g->cert_file || g->key_file || g->insecure ||
	       g->temporality || g->histogram || g->rate || g->per_process ||
	       g->service;
}

/* An optional argument that stands apart: take the next word if it looks like
 * one. */
static const char *parse__next(const char *arg, bool (*looks)(const char *),
			       struct argp_state *state)
{
	if (arg || state->next >= state->argc ||
	    !looks(state->argv[state->next]))
		return arg;
	return state->argv[state->next++];
}

static bool is_url(const char *word)
{
	return *word != '-' && strstr(word, "://");
}

static void parse__header(struct export_options *g, const char *arg,
			  struct argp_state *state)
{
	if (g->headers_len == EXPORT_MAX_HEADERS)
		argp_error(state, "--otlp-header can be given %d times at most",
			   EXPORT_MAX_HEADERS);
	g->headers[g->headers_len++] = arg;
}

static const char *environment__get(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

static void environment__warn(void *ctx, const char *sentence)
{
	const struct argp_state *state = ctx;

	fprintf(stderr, "%s: warning: %s\n", state->name, sentence);
}

/* All is parsed. */
static void parse__end(struct options_export *x, struct argp_state *state)
{
	const struct export_environment env = {environment__get,
					       environment__warn, state};
	struct error err = {""};
	int code = export_config__resolve(&x->config, &x->given, &env, &err);

	if (code)
		argp_error(state, "%s",
			   err.text[0] ? err.text : strerror(-code));
	if (export_config__is_on(&x->config) && net__missing())
		argp_failure(state, argp_err_exit_status, 0, "%s",
			     net__missing());
}

static error_t parse__option(int key, char *arg, struct argp_state *state)
{
	struct options_export *x = state->input;
	struct export_options *g = &x->given;

	switch (key) {
	case KEY_OTLP:
		g->metrics = true;
		g->url = parse__next(arg, is_url, state);
		break;
	case KEY_PROTOCOL:
		g->protocol = arg;
		break;
	case KEY_HEADER:
		parse__header(g, arg, state);
		break;
	case KEY_INTERVAL:
		g->interval = arg;
		break;
	case KEY_TIMEOUT:
		g->timeout = arg;
		break;
	case KEY_COMPRESSION:
		g->compression = arg;
		break;
	case KEY_CA:
		g->ca_file = arg;
		break;
	case KEY_CERT:
		g->cert_file = arg;
		break;
	case KEY_KEY:
		g->key_file = arg;
		break;
	case KEY_INSECURE:
		g->insecure = true;
		break;
	case KEY_TEMPORALITY:
		g->temporality = arg;
		break;
	case KEY_HISTOGRAM:
		g->histogram = arg;
		break;
	case KEY_TRACES:
		g->traces = true;
		break;
	case KEY_RATE:
		g->rate = arg;
		break;
	case KEY_PER_PROCESS:
		g->per_process = true;
		break;
	case KEY_SERVICE:
		g->service = arg;
		break;
	case KEY_LISTEN:
		g->listens = true;
		g->address = parse__next(arg, export_config__is_address, state);
		break;
	case ARGP_KEY_END:
		parse__end(x, state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

const struct argp options_export__argp = {.options = list,
					  .parser = parse__option};
