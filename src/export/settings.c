// SPDX-License-Identifier: GPL-2.0-only
/* See settings.h. */
#include "export/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "export/endpoint.h"
#include "export/pairs.h"

#define NS_PER_S 1000000000ull
#define NS_PER_MS 1000000ull
#define DAY (86400 * NS_PER_S)
#define MAX_RATE 1e6
#define MIN_INTERVAL (100 * NS_PER_MS)

/* --- values ------------------------------------------------------------ */

static int parse__name(const char *value, const char *const *names, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strcasecmp(value, names[i]))
			return i;
	return -EINVAL;
}

static int parse__protocol(const struct given *g, void *out)
{
	static const char *const names[] = {
		[OTLP_HTTP_PROTOBUF] = "http/protobuf",
		[OTLP_HTTP_JSON] = "http/json",
		[OTLP_GRPC] = "grpc",
	};
	int i = parse__name(g->value, names, 3);

	if (i >= 0)
		*(enum otlp_protocol *)out = i;
	return i < 0 ? i : 0;
}

/* *out is whether the value is the second of two names. */
static int parse__second(const struct given *g, const char *first,
			 const char *second, void *out)
{
	const char *const names[] = {first, second};
	int i = parse__name(g->value, names, 2);

	if (i >= 0)
		*(bool *)out = i;
	return i < 0 ? i : 0;
}

static int parse__gzip(const struct given *g, void *out)
{
	return parse__second(g, "none", "gzip", out);
}

static int parse__bool(const struct given *g, void *out)
{
	return parse__second(g, "false", "true", out);
}

static int parse__histogram(const struct given *g, void *out)
{
	if (g->place == PLACE_OPTION)
		return parse__second(g, "exponential", "explicit", out);
	return parse__second(g, "base2_exponential_bucket_histogram",
			     "explicit_bucket_histogram", out);
}

/* Whether deltas. "lowmemory" means them for all that reqtrace has but what
 * goes up and down, where "delta" does not either. */
static int parse__delta(const struct given *g, void *out)
{
	static const char *const names[] = {"cumulative", "delta", "lowmemory"};
	int i = parse__name(g->value, names, 3);

	if (i >= 0)
		*(bool *)out = i > 0;
	return i < 0 ? i : 0;
}

/* Seconds in an option, whole milliseconds in a variable; ns. */
static int parse__time(const struct given *g, uint64_t *out)
{
	bool option = g->place == PLACE_OPTION;
	char *end;
	double n;

	if (g->value[strspn(g->value, option ? "0123456789." : "0123456789")])
		return -EINVAL;
	n = strtod(g->value, &end);
	if (end == g->value || *end)
		return -EINVAL;
	n *= option ? NS_PER_S : NS_PER_MS;
	if (!(n <= DAY))
		return -EINVAL;
	*out = n;
	return 0;
}

static int parse__interval(const struct given *g, void *out)
{
	uint64_t ns;
	int code = parse__time(g, &ns);

	if (!code && ns < MIN_INTERVAL)
		code = -EINVAL;
	if (!code)
		*(uint64_t *)out = ns;
	return code;
}

/* The specification: zero is no limit. */
static int parse__timeout(const struct given *g, void *out)
{
	return parse__time(g, out);
}

static int parse__rate(const struct given *g, void *out)
{
	char *end;
	double n;

	if (g->value[strspn(g->value, "0123456789.")])
		return -EINVAL;
	n = strtod(g->value, &end);
	if (end == g->value || *end || !(n > 0) || n > MAX_RATE)
		return -EINVAL;
	*(double *)out = n;
	return 0;
}

static int parse__text(const struct given *g, void *out)
{
	char *copy = strdup(g->value);

	if (!copy)
		return -ENOMEM;
	free(*(char **)out);
	*(char **)out = copy;
	return 0;
}

/* A text that is shown and exported, made fit for that in place. */
static void text__clean(char *text)
{
	utf8__clean(text, strlen(text), text);
}

static int parse__label(const struct given *g, void *out)
{
	int code = parse__text(g, out);

	if (!code)
		text__clean(*(char **)out);
	return code;
}

static int parse__endpoint(const struct given *g, void *out)
{
	static const enum endpoint_kind kinds[PLACES] = {
		[PLACE_OPTION] = ENDPOINT_OPTION,
		[PLACE_SIGNAL] = ENDPOINT_WHOLE,
		[PLACE_GENERAL] = ENDPOINT_BASE,
	};
	struct endpoint *e = out;

	return endpoint__url(g->value, kinds[g->place], e->protocol, e->signal,
			     e->insecure, &e->url);
}

bool header__is_ours(const char *name)
{
	static const char *const ours[] = {
		"content-type", "content-encoding",  "content-length",
		"connection",	"transfer-encoding", "te"};

	return parse__name(name, ours, sizeof(ours) / sizeof(ours[0])) >= 0 ||
	       !strncasecmp(name, "grpc-", 5);
}

bool header__is_valid(const char *name, const char *value)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (!*name || name[strspn(name, token)] || header__is_ours(name))
		return false;
	for (; *value; value++)
		if (((unsigned char)*value < ' ' && *value != '\t') ||
		    *value == 0x7f)
			return false;
	return true;
}

static int parse__headers(const struct given *g, void *out)
{
	struct pairs *p = out;
	int code = pairs__decode(p, g->value, true);

	for (size_t i = 0; !code && i < p->len; i += 2)
		if (!header__is_valid(p->list[i], p->list[i + 1]))
			code = -EINVAL;
	if (code)
		pairs__free(p);
	return code;
}

static int parse__resource(const struct given *g, void *out)
{
	struct pairs *p = out;
	int code = pairs__decode(p, g->value, false);

	for (size_t i = 0; !code && i < p->len; i++)
		text__clean(p->list[i]);
	if (code)
		pairs__free(p);
	return code;
}

/* --- settings ------------------------------------------------------------ */

const struct setting
	set_protocol = {"--otlp-protocol",
			"PROTOCOL",
			false,
			"http/protobuf, http/json or grpc",
			false,
			parse__protocol},
	set_endpoint = {"--otlp",
			"ENDPOINT",
			false,
			"a URL such as http://localhost:4318 (gRPC also "
			"localhost:4317)",
			false,
			parse__endpoint},
	set_insecure = {NULL,  "INSECURE", false, "true or false",
			false, parse__bool},
	set_headers = {NULL,
		       "HEADERS",
		       false,
		       "a list such as name1=value1,name2=value2, with %41 for "
		       "what must not stand there",
		       true,
		       parse__headers},
	set_timeout = {"--otlp-timeout",
		       "TIMEOUT",
		       false,
		       "a time up to a day (option: seconds; variable: whole "
		       "milliseconds; 0: none)",
		       false,
		       parse__timeout},
	set_gzip = {"--otlp-compression", "COMPRESSION", false,
		    "gzip or none",	  false,	 parse__gzip},
	set_ca = {"--otlp-ca", "CERTIFICATE", false,
		  "a file",    false,	      parse__text},
	set_cert = {"--otlp-cert", "CLIENT_CERTIFICATE", false, "a file",
		    false,	   parse__text},
	set_key = {"--otlp-key", "CLIENT_KEY", false,
		   "a file",	 false,	       parse__text},
	set_interval = {"--otlp-interval",
			"OTEL_METRIC_EXPORT_INTERVAL",
			true,
			"a time from 0.1 seconds to a day (option: seconds; "
			"variable: whole milliseconds)",
			false,
			parse__interval},
	set_delta = {"--otlp-temporality",
		     "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
		     true,
		     "cumulative, delta or lowmemory",
		     false,
		     parse__delta},
	set_histogram = {"--otlp-histogram",
			 "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_"
			 "AGGREGATION",
			 true,
			 "exponential or explicit (variable: "
			 "base2_exponential_bucket_histogram or "
			 "explicit_bucket_histogram)",
			 false,
			 parse__histogram},
	set_service = {"--service", "OTEL_SERVICE_NAME", true, "a name",
		       false,	    parse__label},
	set_resource = {NULL,
			"OTEL_RESOURCE_ATTRIBUTES",
			true,
			"a list such as key1=value1,key2=value2, with %41 for "
			"what must not stand there",
			false,
			parse__resource},
	set_rate = {"--otlp-traces-rate",
		    NULL,
		    true,
		    "a number of spans a second, above 0",
		    false,
		    parse__rate},
	set_disabled = {NULL,  "OTEL_SDK_DISABLED", true, "true or false",
			false, parse__bool};
