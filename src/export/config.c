// SPDX-License-Identifier: GPL-2.0-only
/* See config.h. */
#include "export/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "export/endpoint.h"
#include "export/listen_address.h"
#include "export/pairs.h"
#include "export/settings.h"

#define NS_PER_S 1000000000ull

/* Defaults of the specification, but for SPANS_PER_SECOND. */
#define DEFAULT_INTERVAL (60 * NS_PER_S)
#define DEFAULT_TIMEOUT (10 * NS_PER_S)
#define SPANS_PER_SECOND 100

struct resolve {
	struct export_config *c;
	const struct export_options *o;
	const struct export_environment *env;
	struct error *err;
};

static const char *const signal_names[OTLP_SIGNALS] = {
	[OTLP_METRICS] = "METRICS_",
	[OTLP_TRACES] = "TRACES_",
};

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

bool export_config__is_address(const char *text)
{
	char *host = NULL;
	uint16_t port;
	bool is = !listen_address__parse(text, &host, &port);

	free(host);
	return is;
}

static int resolve__listen(const struct resolve *r)
{
	int code = listen_address__parse(
		r->o->address ? r->o->address : LISTEN_ADDRESS_HOST,
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
