// SPDX-License-Identifier: GPL-2.0-only
/* See config.h. */
#include "export/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "export/endpoint.h"
#include "export/pairs.h"

#define NS_PER_S 1000000000ull
#define NS_PER_MS 1000000ull
#define DAY (86400 * NS_PER_S)

/* Defaults of the specification, but for LISTEN_PORT (OpenTelemetry's own
 * Prometheus exporter) and SPANS_PER_SECOND. */
#define DEFAULT_INTERVAL (60 * NS_PER_S)
#define DEFAULT_TIMEOUT (10 * NS_PER_S)
#define LISTEN_HOST "127.0.0.1"
#define LISTEN_PORT 9464
#define SPANS_PER_SECOND 100
#define MAX_RATE 1e6
#define MIN_INTERVAL (100 * NS_PER_MS)

struct resolve {
	struct export_config *c;
	const struct export_options *o;
	const struct export_environment *env;
	struct error *err;
};

/* A value and where it is from, which says how it is read. */
enum place { PLACE_OPTION, PLACE_SIGNAL, PLACE_GENERAL, PLACES };

struct given {
	enum place place;
	char name[80]; /* of the option or variable */
	const char *value;
};

struct setting {
	const char *option;   /* NULL: there is none */
	const char *variable; /* behind OTEL_EXPORTER_OTLP_[METRICS_], or whole
			       * where .whole */
	bool whole;
	const char *takes; /* ends the sentence "NAME takes ..." */
	bool secret;	   /* the value appears nowhere */
	int (*parse)(const struct given *g, void *out); /* 0, or -EINVAL,
							 * -ENOMEM */
};

static const char *const signal_names[OTLP_SIGNALS] = {
	[OTLP_METRICS] = "METRICS_",
	[OTLP_TRACES] = "TRACES_",
};

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

struct endpoint {
	enum otlp_protocol protocol;
	enum otlp_signal signal;
	bool insecure;
	char *url;
};

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

/* Names that make a message what it is: not for users to set. */
static bool header__is_ours(const char *name)
{
	static const char *const ours[] = {
		"content-type", "content-encoding",  "content-length",
		"connection",	"transfer-encoding", "te"};

	return parse__name(name, ours, sizeof(ours) / sizeof(ours[0])) >= 0 ||
	       !strncasecmp(name, "grpc-", 5);
}

/* RFC 9110, 5.1 and 5.5; no line breaks, above all. */
static bool header__is_valid(const char *name, const char *value)
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
	int code = pairs__decode(out, g->value, false);

	if (code)
		pairs__free(out);
	return code;
}

/* --- settings ------------------------------------------------------------ */

static const struct setting
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
		       false,	    parse__text},
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

/* What place has for a setting. False: nothing. */
static bool given__get(struct given *g, const struct resolve *r,
		       const struct setting *s, const char *option,
		       enum otlp_signal signal, enum place place)
{
	g->place = place;
	if (place == PLACE_OPTION) {
		g->value = option;
		snprintf(g->name, sizeof(g->name), "%s",
			 s->option ? s->option : "");
		return option;
	}
	if (!s->variable || (s->whole && place == PLACE_SIGNAL))
		return false;
	snprintf(g->name, sizeof(g->name), "%s%s%s",
		 s->whole ? "" : "OTEL_EXPORTER_OTLP_",
		 place == PLACE_SIGNAL ? signal_names[signal] : "",
		 s->variable);
	g->value = r->env->get(r->env->ctx, g->name);
	/* The specification: an empty variable is none. */
	return g->value && *g->value;
}

/* Refuse an option, warn of a variable. */
static int resolve__complain(const struct resolve *r, const struct setting *s,
			     const struct given *g)
{
	char *shown = s->secret ? NULL : endpoint__show(g->value);
	struct error sentence;

	if (shown)
		error__set(&sentence, 0, "%s takes %s, not '%s'", g->name,
			   s->takes, shown);
	else
		error__set(&sentence, 0, "%s takes %s", g->name, s->takes);
	free(shown);
	if (g->place == PLACE_OPTION)
		return error__set(r->err, -EINVAL, "%s", sentence.text);
	r->env->warn(r->env->ctx, sentence.text);
	return 0;
}

/* Set *out by the first place that has a value that makes sense; leave it if
 * there is none. */
static int resolve__set(const struct resolve *r, const struct setting *s,
			const char *option, enum otlp_signal signal, void *out)
{
	struct given g;
	int code;

	for (int place = 0; place < PLACES; place++) {
		if (!given__get(&g, r, s, option, signal, place))
			continue;
		code = *g.value ? s->parse(&g, out) : -EINVAL;
		if (code != -EINVAL)
			return code;
		code = resolve__complain(r, s, &g);
		if (code)
			return code;
	}
	return 0;
}

/* One --otlp-header, which is taken literally. */
static int resolve__header(const struct resolve *r, struct pairs *p,
			   const char *given)
{
	const char *equals = strchr(given, '=');
	char *name;
	int code;

	name = equals ? strndup(given, (size_t)(equals - given)) : strdup("");
	if (!name)
		return -ENOMEM;
	if (header__is_ours(name))
		code = error__set(r->err, -EINVAL,
				  "--otlp-header cannot set %s, which "
				  "reqtrace sets itself",
				  name);
	else if (!header__is_valid(name, equals ? equals + 1 : ""))
		code = error__set(r->err, -EINVAL,
				  "--otlp-header takes NAME=VALUE, a header's "
				  "name and value without line breaks");
	else
		code = pairs__set(p, name, equals + 1, true);
	free(name);
	return code;
}

/* "Name: value" of each pair, NULL at the end. */
static int resolve__join(const struct pairs *p, char ***out)
{
	char **lines = calloc(p->len / 2 + 1, sizeof(*lines));

	*out = lines;
	if (!lines)
		return -ENOMEM;
	for (size_t i = 0; i < p->len; i += 2)
		if (asprintf(&lines[i / 2], "%s: %s", p->list[i],
			     p->list[i + 1]) < 0) {
			lines[i / 2] = NULL;
			return -ENOMEM;
		}
	return 0;
}

/* Those of the environment, and the options', which win one by one. */
static int resolve__headers(const struct resolve *r, enum otlp_signal signal)
{
	struct pairs p = {0};
	int code = resolve__set(r, &set_headers, NULL, signal, &p);

	for (size_t i = 0; !code && i < r->o->headers_len; i++)
		code = resolve__header(r, &p, r->o->headers[i]);
	if (!code)
		code = resolve__join(&p, &r->c->otlp[signal].headers);
	pairs__free(&p);
	return code;
}

static int resolve__url(const struct resolve *r, enum otlp_signal signal)
{
	struct otlp_target *t = &r->c->otlp[signal];
	struct endpoint e = {.protocol = t->protocol, .signal = signal};
	bool insecure = false;
	int code = resolve__set(r, &set_insecure, NULL, signal, &insecure);

	e.insecure = insecure || r->o->insecure;
	if (!code)
		code = resolve__set(r, &set_endpoint, r->o->url, signal, &e);
	if (!code && !e.url)
		code = endpoint__url(
			t->protocol == OTLP_GRPC ? "http://localhost:4317"
						 : "http://localhost:4318",
			ENDPOINT_BASE, t->protocol, signal, false, &e.url);
	t->url = e.url;
	return code;
}

static int resolve__target(const struct resolve *r, enum otlp_signal signal)
{
	const struct export_options *o = r->o;
	struct otlp_target *t = &r->c->otlp[signal];
	struct {
		const struct setting *setting;
		const char *option;
		void *out;
	} all[] = {
		{&set_protocol, o->protocol, &t->protocol},
		{&set_timeout, o->timeout, &t->timeout},
		{&set_gzip, o->compression, &t->gzip},
		{&set_ca, o->ca_file, &t->ca_file},
		{&set_cert, o->cert_file, &t->cert_file},
		{&set_key, o->key_file, &t->key_file},
	};
	int code = 0;

	t->on = true;
	t->protocol = OTLP_HTTP_PROTOBUF;
	t->timeout = DEFAULT_TIMEOUT;
	for (size_t i = 0; !code && i < sizeof(all) / sizeof(all[0]); i++)
		code = resolve__set(r, all[i].setting, all[i].option, signal,
				    all[i].out);
	if (!code)
		code = resolve__url(r, signal);
	if (!code)
		code = resolve__headers(r, signal);
	return code;
}

static int resolve__metrics(const struct resolve *r)
{
	struct export_config *c = r->c;
	int code = resolve__target(r, OTLP_METRICS);

	if (!code)
		code = resolve__set(r, &set_interval, r->o->interval, 0,
				    &c->interval);
	if (!code)
		code = resolve__set(r, &set_delta, r->o->temporality, 0,
				    &c->delta);
	if (!code)
		code = resolve__set(r, &set_histogram, r->o->histogram, 0,
				    &c->explicit_buckets);
	return code;
}

static int resolve__traces(const struct resolve *r)
{
	int code = resolve__target(r, OTLP_TRACES);

	if (!code)
		code = resolve__set(r, &set_rate, r->o->rate, 0,
				    &r->c->spans_per_second);
	return code;
}

/* service.name goes to .service, which knows who wins: OTEL_SERVICE_NAME. */
static int resolve__service(const struct resolve *r)
{
	struct export_config *c = r->c;
	struct pairs p = {0};
	int code = resolve__set(r, &set_resource, NULL, 0, &p);
	char *name = pairs__take(&p, "service.name");

	c->resource = p.list;
	if (!code)
		code = resolve__set(r, &set_service, r->o->service, 0,
				    &c->service);
	if (!c->service)
		c->service = name;
	else
		free(name);
	return code;
}

/* --- where to listen ------------------------------------------------------ */

/* A port in decimal; 0 if it is none. */
static uint16_t listen__port(const char *text)
{
	unsigned long n;

	if (!*text || strlen(text) > 5 || text[strspn(text, "0123456789")])
		return 0;
	n = strtoul(text, NULL, 10);
	return n <= 65535 ? n : 0;
}

/* The numeric address that a text of len bytes means, the caller's; NULL: it
 * is none, or no memory. */
static char *listen__host(const char *text, size_t len)
{
	struct in6_addr ip;
	int family = AF_INET;
	char *host;

	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		family = AF_INET6;
		text++;
		len -= 2;
	} else if (!len || (len == 9 && !strncmp(text, "localhost", len))) {
		text = LISTEN_HOST;
		len = strlen(text);
	}
	host = strndup(text, len);
	if (host && inet_pton(family, host, &ip) == 1)
		return host;
	free(host);
	return NULL;
}

/* Host and port of ADDR:PORT, [ADDR]:PORT, ADDR, :PORT or PORT; *host is the
 * caller's. */
static int listen__parse(const char *text, char **host, uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	size_t len;

	*port = listen__port(text);
	if (*port) {
		len = 0;
	} else if (colon && text[strlen(text) - 1] != ']') {
		*port = listen__port(colon + 1);
		len = (size_t)(colon - text);
	} else {
		*port = LISTEN_PORT;
		len = strlen(text);
	}
	*host = *port && *text ? listen__host(text, len) : NULL;
	return *host ? 0 : -EINVAL;
}

bool export_config__is_address(const char *text)
{
	char *host = NULL;
	uint16_t port;
	bool is = !listen__parse(text, &host, &port);

	free(host);
	return is;
}

static int resolve__listen(const struct resolve *r)
{
	int code = listen__parse(r->o->address ? r->o->address : LISTEN_HOST,
				 &r->c->listen_host, &r->c->listen_port);

	if (code != -EINVAL)
		return code;
	return error__set(r->err, code,
			  "--listen takes ADDRESS:PORT, such as "
			  "127.0.0.1:9464, [::1]:9464 or :9464 (which is "
			  "127.0.0.1), not '%s'",
			  r->o->address);
}

/* --- all of it ------------------------------------------------------------ */

/* Options that say something of what is not there. */
static int resolve__check(const struct resolve *r)
{
	const struct export_options *o = r->o;
	const bool otlp = o->metrics || o->traces, any = otlp || o->listens;
	static const char of_otlp[] = "--otlp or --otlp-traces";
	static const char of_any[] = "--otlp, --otlp-traces or --listen";
	const struct {
		const char *option;
		bool given, fits;
		const char *needs;
	} all[] = {
		{"--otlp-protocol", o->protocol, otlp, of_otlp},
		{"--otlp-header", o->headers_len, otlp, of_otlp},
		{"--otlp-timeout", o->timeout, otlp, of_otlp},
		{"--otlp-compression", o->compression, otlp, of_otlp},
		{"--otlp-ca", o->ca_file, otlp, of_otlp},
		{"--otlp-cert", o->cert_file, otlp, of_otlp},
		{"--otlp-key", o->key_file, otlp, of_otlp},
		{"--otlp-insecure", o->insecure, otlp, of_otlp},
		{"--otlp-interval", o->interval, o->metrics, "--otlp"},
		{"--otlp-temporality", o->temporality, o->metrics, "--otlp"},
		{"--otlp-histogram", o->histogram, o->metrics, "--otlp"},
		{"--otlp-traces-rate", o->rate, o->traces, "--otlp-traces"},
		{"--per-process", o->per_process, any, of_any},
		{"--service", o->service, any, of_any},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].given && !all[i].fits)
			return error__set(r->err, -EINVAL, "%s needs %s",
					  all[i].option, all[i].needs);
	if (o->key_file && !o->cert_file)
		return error__set(r->err, -EINVAL,
				  "--otlp-key needs --otlp-cert");
	if (o->insecure && o->url && strstr(o->url, "://"))
		return error__set(r->err, -EINVAL,
				  "the URL says by http:// or https:// whether "
				  "TLS is used: leave out --otlp-insecure");
	return 0;
}

int export_config__resolve(struct export_config *c,
			   const struct export_options *o,
			   const struct export_environment *env,
			   struct error *err)
{
	const struct resolve r = {c, o, env, err};
	bool disabled = false;
	int code;

	memset(c, 0, sizeof(*c));
	c->interval = DEFAULT_INTERVAL;
	c->spans_per_second = SPANS_PER_SECOND;
	c->per_process = o->per_process;
	code = resolve__check(&r);
	if (code || !(o->metrics || o->traces || o->listens))
		return code;
	code = resolve__set(&r, &set_disabled, NULL, 0, &disabled);
	if (!code && disabled) {
		env->warn(env->ctx,
			  "OTEL_SDK_DISABLED is true: nothing is exported");
		return 0;
	}
	if (!code && o->metrics)
		code = resolve__metrics(&r);
	if (!code && o->traces)
		code = resolve__traces(&r);
	if (!code && o->listens)
		code = resolve__listen(&r);
	if (!code)
		code = resolve__service(&r);
	return code;
}

static void strings__free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

void export_config__free(struct export_config *c)
{
	for (int i = 0; i < OTLP_SIGNALS; i++) {
		struct otlp_target *t = &c->otlp[i];

		strings__free(t->headers);
		free(t->url);
		free(t->ca_file);
		free(t->cert_file);
		free(t->key_file);
	}
	strings__free(c->resource);
	free(c->service);
	free(c->listen_host);
	memset(c, 0, sizeof(*c));
}
