/* SPDX-License-Identifier: GPL-2.0-only */
/* What options and environment come to: who wins, what is warned of, and that
 * nothing secret is repeated. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "export/config.h"
#include "export/endpoint.h"

#define SECOND 1000000000ull

/* An environment: "NAME=value", ..., NULL; and what was warned of. */
struct fake {
	const char *const *list;
	char warnings[4096];
	int len;
};

static const char *fake__get(void *ctx, const char *name)
{
	const struct fake *f = ctx;
	size_t n = strlen(name);

	for (size_t i = 0; f->list && f->list[i]; i++)
		if (!strncmp(f->list[i], name, n) && f->list[i][n] == '=')
			return f->list[i] + n + 1;
	return NULL;
}

static void fake__warn(void *ctx, const char *sentence)
{
	struct fake *f = ctx;
	size_t len = strlen(f->warnings);

	f->len++;
	snprintf(f->warnings + len, sizeof(f->warnings) - len, "%s\n",
		 sentence);
}

static struct fake fake;
static struct error err;

static int resolve(struct export_config *c, const struct export_options *o,
		   const char *const *list)
{
	const struct export_environment env = {fake__get, fake__warn, &fake};

	memset(&fake, 0, sizeof(fake));
	memset(&err, 0, sizeof(err));
	fake.list = list;
	return export_config__resolve(c, o, &env, &err);
}

#define ENV(...) ((const char *const[]){__VA_ARGS__, NULL})

static void environment_alone_switches_nothing_on(void **state)
{
	const struct export_options none = {0};
	struct export_config c;

	(void)state;
	assert_int_equal(
		resolve(&c, &none,
			ENV("OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318",
			    "OTEL_EXPORTER_OTLP_PROTOCOL=nonsense")),
		0);
	assert_false(export_config__is_on(&c));
	assert_int_equal(fake.len, 0);
	export_config__free(&c);
}

static void defaults_are_the_specifications(void **state)
{
	const struct export_options o = {.metrics = true, .traces = true};
	struct export_config c;
	const struct otlp_target *t = &c.otlp[OTLP_METRICS];

	(void)state;
	assert_int_equal(resolve(&c, &o, NULL), 0);
	assert_true(t->on);
	assert_int_equal(t->protocol, OTLP_HTTP_PROTOBUF);
	assert_string_equal(t->url, "http://localhost:4318/v1/metrics");
	assert_string_equal(c.otlp[OTLP_TRACES].url,
			    "http://localhost:4318/v1/traces");
	assert_null(t->headers[0]);
	assert_int_equal(t->timeout, 10 * SECOND);
	assert_false(t->gzip);
	assert_int_equal(c.interval, 60 * SECOND);
	assert_false(c.delta);
	assert_false(c.explicit_buckets);
	assert_null(c.resource);
	assert_null(c.service);
	assert_null(c.listen_host);
	export_config__free(&c);
}

struct url_case {
	const char *given;
	enum endpoint_kind kind;
	enum otlp_protocol protocol;
	bool insecure;
	const char *url; /* NULL: is refused */
};

static void endpoints_become_urls(void **state)
{
	static const struct url_case cases[] = {
		{"http://c:4318", ENDPOINT_BASE, OTLP_HTTP_PROTOBUF, false,
		 "http://c:4318/v1/metrics"},
		{"HTTPS://c/", ENDPOINT_BASE, OTLP_HTTP_JSON, false,
		 "https://c/v1/metrics"},
		{"http://c/otlp/", ENDPOINT_BASE, OTLP_HTTP_JSON, false,
		 "http://c/otlp/v1/metrics"},
		{"http://c/a/b?x=1", ENDPOINT_BASE, OTLP_HTTP_JSON, false,
		 "http://c/a/b/v1/metrics?x=1"},
		{"http://c/v1/metrics", ENDPOINT_BASE, OTLP_HTTP_JSON, false,
		 "http://c/v1/metrics/v1/metrics"},
		{"http://c/o/v1/metrics", ENDPOINT_OPTION, OTLP_HTTP_JSON,
		 false, "http://c/o/v1/metrics"},
		{"http://c/v1/traces", ENDPOINT_OPTION, OTLP_HTTP_JSON, false,
		 "http://c/v1/metrics"},
		{"http://c", ENDPOINT_WHOLE, OTLP_HTTP_JSON, false,
		 "http://c/"},
		{"http://c/in", ENDPOINT_WHOLE, OTLP_HTTP_JSON, false,
		 "http://c/in"},
		{"http://u:p@[::1]:4318", ENDPOINT_WHOLE, OTLP_HTTP_JSON, false,
		 "http://u:p@[::1]:4318/"},
		{"c:4317", ENDPOINT_BASE, OTLP_GRPC, true,
		 "http://c:4317/opentelemetry.proto.collector.metrics.v1."
		 "MetricsService/Export"},
		{"c:4317", ENDPOINT_WHOLE, OTLP_GRPC, false,
		 "https://c:4317/opentelemetry.proto.collector.metrics.v1."
		 "MetricsService/Export"},
		{"https://c:4317/", ENDPOINT_OPTION, OTLP_GRPC, true,
		 "https://c:4317/opentelemetry.proto.collector.metrics.v1."
		 "MetricsService/Export"},
		{"c:4318", ENDPOINT_BASE, OTLP_HTTP_PROTOBUF, true, NULL},
		{"ftp://c", ENDPOINT_BASE, OTLP_HTTP_PROTOBUF, false, NULL},
		{"http://", ENDPOINT_BASE, OTLP_HTTP_PROTOBUF, false, NULL},
		{"http://:80", ENDPOINT_BASE, OTLP_HTTP_PROTOBUF, false, NULL},
		{"http://c:0", ENDPOINT_BASE, OTLP_HTTP_PROTOBUF, false, NULL},
		{"http://c:65536", ENDPOINT_BASE, OTLP_GRPC, false, NULL},
		{"http://c:99999999999", ENDPOINT_BASE, OTLP_GRPC, false, NULL},
		{"http://c:x", ENDPOINT_BASE, OTLP_GRPC, false, NULL},
		{"http://[::1", ENDPOINT_BASE, OTLP_GRPC, false, NULL},
		{"http://c d", ENDPOINT_BASE, OTLP_GRPC, false, NULL},
		{"http://c/\r\nx", ENDPOINT_BASE, OTLP_GRPC, false, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct url_case *k = &cases[i];
		char *url = NULL;
		int code = endpoint__url(k->given, k->kind, k->protocol,
					 OTLP_METRICS, k->insecure, &url);

		assert_int_equal(code, k->url ? 0 : -EINVAL);
		if (k->url)
			assert_string_equal(url, k->url);
		free(url);
	}
}

static void the_nearer_place_wins(void **state)
{
	const char *const *env = ENV(
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://all:4318/in",
		"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=https://metrics:4318",
		"OTEL_EXPORTER_OTLP_PROTOCOL=http/json",
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=grpc",
		"OTEL_EXPORTER_OTLP_TIMEOUT=1500",
		"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT=0",
		"OTEL_EXPORTER_OTLP_COMPRESSION=gzip",
		"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION=",
		"OTEL_EXPORTER_OTLP_CERTIFICATE=/ca",
		"OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE=/cert",
		"OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY=/key",
		"OTEL_METRIC_EXPORT_INTERVAL=5000",
		"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=LowMemory",
		"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION="
		"explicit_bucket_histogram");
	struct export_options o = {.metrics = true, .traces = true};
	struct export_config c;
	const struct otlp_target *m = &c.otlp[OTLP_METRICS];
	const struct otlp_target *t = &c.otlp[OTLP_TRACES];

	(void)state;
	assert_int_equal(resolve(&c, &o, env), 0);
	assert_int_equal(fake.len, 0);
	assert_string_equal(m->url, "https://metrics:4318/");
	assert_int_equal(m->protocol, OTLP_HTTP_JSON);
	assert_int_equal(m->timeout, 0);
	assert_true(m->gzip);
	assert_string_equal(m->ca_file, "/ca");
	assert_string_equal(m->cert_file, "/cert");
	assert_string_equal(m->key_file, "/key");
	assert_string_equal(t->url,
			    "http://all:4318/opentelemetry.proto.collector."
			    "trace.v1.TraceService/Export");
	assert_int_equal(t->timeout, 3 * SECOND / 2);
	assert_true(t->gzip);
	assert_null(t->cert_file);
	assert_int_equal(c.interval, 5 * SECOND);
	assert_true(c.delta);
	assert_true(c.explicit_buckets);
	export_config__free(&c);

	o.url = "http://mine:1";
	o.protocol = "http/protobuf";
	o.timeout = "2.5";
	o.interval = "0.25";
	o.compression = "none";
	o.temporality = "cumulative";
	o.histogram = "exponential";
	assert_int_equal(resolve(&c, &o, env), 0);
	assert_string_equal(m->url, "http://mine:1/v1/metrics");
	assert_string_equal(t->url, "http://mine:1/v1/traces");
	assert_int_equal(m->timeout, 5 * SECOND / 2);
	assert_int_equal(c.interval, SECOND / 4);
	assert_false(m->gzip);
	assert_false(c.delta);
	assert_false(c.explicit_buckets);
	export_config__free(&c);
}

static void headers_are_decoded_and_merged(void **state)
{
	const struct export_options o = {
		.metrics = true,
		.traces = true,
		.headers = {"X-B=100%=", "authorization=other"},
		.headers_len = 2};
	struct export_config c;
	char **m = NULL, **t = NULL;

	(void)state;
	assert_int_equal(
		resolve(&c, &o,
			ENV("OTEL_EXPORTER_OTLP_HEADERS=a=1,x-b=2",
			    "OTEL_EXPORTER_OTLP_METRICS_HEADERS="
			    " Authorization = Basic%20YTpi ,, x-c=p%2Cq=r;s")),
		0);
	m = c.otlp[OTLP_METRICS].headers;
	t = c.otlp[OTLP_TRACES].headers;
	assert_string_equal(m[0], "Authorization: other");
	assert_string_equal(m[1], "x-c: p,q=r;s");
	assert_string_equal(m[2], "X-B: 100%=");
	assert_null(m[3]);
	assert_string_equal(t[0], "a: 1");
	assert_string_equal(t[1], "x-b: 100%=");
	assert_string_equal(t[2], "authorization: other");
	assert_null(t[3]);
	export_config__free(&c);
}

static void bad_variables_are_warned_of(void **state)
{
	const struct export_options o = {.metrics = true};
	struct export_config c;
	const struct otlp_target *t = &c.otlp[OTLP_METRICS];

	(void)state;
	assert_int_equal(
		resolve(&c, &o,
			ENV("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT="
			    "user:secret1@c:1?token=secret2",
			    "OTEL_EXPORTER_OTLP_ENDPOINT=http://all",
			    "OTEL_EXPORTER_OTLP_PROTOCOL=http",
			    "OTEL_EXPORTER_OTLP_HEADERS=a=secret3%0d%0ax: y",
			    "OTEL_EXPORTER_OTLP_METRICS_HEADERS=secret4",
			    "OTEL_EXPORTER_OTLP_TIMEOUT=-1",
			    "OTEL_EXPORTER_OTLP_COMPRESSION=zstd",
			    "OTEL_METRIC_EXPORT_INTERVAL=0",
			    "OTEL_RESOURCE_ATTRIBUTES=a=b,c=%4",
			    "OTEL_SDK_DISABLED=yes")),
		0);
	assert_int_equal(fake.len, 9);
	assert_null(strstr(fake.warnings, "secret"));
	assert_non_null(strstr(fake.warnings,
			       "OTEL_EXPORTER_OTLP_COMPRESSION takes gzip or "
			       "none, not 'zstd'\n"));
	assert_string_equal(t->url, "http://all/v1/metrics");
	assert_int_equal(t->protocol, OTLP_HTTP_PROTOBUF);
	assert_null(t->headers[0]);
	assert_int_equal(t->timeout, 10 * SECOND);
	assert_int_equal(c.interval, 60 * SECOND);
	assert_null(c.resource);
	export_config__free(&c);
}

/* Prometheus throws a whole scrape away for a byte that is no UTF-8. */
static void names_are_made_valid(void **state)
{
	const struct export_options o = {.listens = true,
					 .service = "till\xff\n"};
	struct export_config c;

	(void)state;
	assert_int_equal(
		resolve(&c, &o,
			ENV("OTEL_RESOURCE_ATTRIBUTES="
			    "a%FF=b%ff%0A,city=K\xc3\xb6ln,raw=\xc3\x28")),
		0);
	assert_int_equal(fake.len, 0);
	assert_string_equal(c.service, "till??");
	assert_string_equal(c.resource[0], "a?");
	assert_string_equal(c.resource[1], "b??");
	assert_string_equal(c.resource[3], "K\xc3\xb6ln");
	assert_string_equal(c.resource[5], "?(");
	export_config__free(&c);
	assert_int_equal(resolve(&c, &(struct export_options){.listens = true},
				 ENV("OTEL_RESOURCE_ATTRIBUTES="
				     "service.name=%C3")),
			 0);
	assert_string_equal(c.service, "?");
	export_config__free(&c);
}

static void the_service_has_one_name(void **state)
{
	const struct export_options o = {.listens = true};
	struct export_config c;

	(void)state;
	assert_int_equal(resolve(&c, &o,
				 ENV("OTEL_RESOURCE_ATTRIBUTES="
				     "a=1,service.name=shop%20front,b=2")),
			 0);
	assert_string_equal(c.service, "shop front");
	assert_string_equal(c.resource[0], "a");
	assert_string_equal(c.resource[2], "b");
	assert_string_equal(c.resource[3], "2");
	assert_null(c.resource[4]);
	assert_string_equal(c.listen_host, "127.0.0.1");
	assert_int_equal(c.listen_port, 9464);
	export_config__free(&c);
	assert_int_equal(resolve(&c, &o,
				 ENV("OTEL_SERVICE_NAME=till",
				     "OTEL_RESOURCE_ATTRIBUTES="
				     "service.name=shop")),
			 0);
	assert_string_equal(c.service, "till");
	assert_null(c.resource[0]);
	export_config__free(&c);
}

static void disabled_is_off(void **state)
{
	const struct export_options o = {
		.metrics = true, .traces = true, .listens = true};
	struct export_config c;

	(void)state;
	assert_int_equal(resolve(&c, &o, ENV("OTEL_SDK_DISABLED=true")), 0);
	assert_false(export_config__is_on(&c));
	assert_int_equal(fake.len, 1);
	export_config__free(&c);
}

static void addresses_to_listen_at(void **state)
{
	static const struct {
		const char *given, *host;
		uint16_t port;
	} cases[] = {
		{"9000", "127.0.0.1", 9000},
		{":9000", "127.0.0.1", 9000},
		{"0.0.0.0:9464", "0.0.0.0", 9464},
		{"10.1.2.3", "10.1.2.3", 9464},
		{"localhost:1", "127.0.0.1", 1},
		{"[::1]:9464", "::1", 9464},
		{"[::]", "::", 9464},
		{"", NULL, 0},
		{":", NULL, 0},
		{"0", NULL, 0},
		{"65536", NULL, 0},
		{":99999999999", NULL, 0},
		{"::1", NULL, 0},
		{"[::1", NULL, 0},
		{"[]:1", NULL, 0},
		{"example.org:80", NULL, 0},
		{"1.2.3.4:+5", NULL, 0},
		{"http://1.2.3.4:5", NULL, 0},
		{"-d", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct export_options o = {.listens = true,
						 .address = cases[i].given};
		struct export_config c;
		int code = resolve(&c, &o, NULL);

		assert_int_equal(code, cases[i].host ? 0 : -EINVAL);
		assert_int_equal(export_config__is_address(cases[i].given),
				 !code);
		if (!code) {
			assert_string_equal(c.listen_host, cases[i].host);
			assert_int_equal(c.listen_port, cases[i].port);
		} else {
			assert_null(c.listen_host);
		}
		export_config__free(&c);
	}
}

static void bad_options_are_refused(void **state)
{
	static const struct {
		struct export_options o;
		const char *says;
	} cases[] = {
		{{.protocol = "grpc"}, "--otlp-protocol needs --otlp or"},
		{{.traces = true, .interval = "5"}, "--otlp-interval needs"},
		{{.metrics = true, .rate = "5"}, "--otlp-traces-rate needs"},
		{{.service = "x"}, "--service needs"},
		{{.metrics = true, .key_file = "k"}, "--otlp-key needs"},
		{{.metrics = true, .protocol = "udp"}, "not 'udp'"},
		{{.metrics = true, .url = "c:1"}, "not 'c:1'"},
		{{.metrics = true, .url = "ftp://u:secret@c:1/?secret"},
		 "not 'ftp://c:1/'"},
		{{.metrics = true, .url = "http://c", .insecure = true},
		 "leave out --otlp-insecure"},
		{{.metrics = true, .timeout = "1e3"}, "--otlp-timeout takes"},
		{{.metrics = true, .timeout = ""}, "--otlp-timeout takes"},
		{{.metrics = true, .timeout = "1.2.3"}, "--otlp-timeout takes"},
		{{.metrics = true, .interval = "0"}, "--otlp-interval takes"},
		{{.metrics = true, .interval = "86401"},
		 "--otlp-interval takes"},
		{{.traces = true, .rate = "0"}, "--otlp-traces-rate takes"},
		{{.metrics = true, .headers = {"secret"}, .headers_len = 1},
		 "--otlp-header takes"},
		{{.metrics = true, .headers = {"a b=secret"}, .headers_len = 1},
		 "--otlp-header takes"},
		{{.metrics = true,
		  .headers = {"a=secret\nb: c"},
		  .headers_len = 1},
		 "--otlp-header takes"},
		{{.metrics = true,
		  .headers = {"Content-Type=text/plain"},
		  .headers_len = 1},
		 "cannot set Content-Type"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct export_config c;

		assert_int_equal(resolve(&c, &cases[i].o, NULL), -EINVAL);
		if (!strstr(err.text, cases[i].says))
			fail_msg("'%s' does not say '%s'", err.text,
				 cases[i].says);
		assert_null(strstr(err.text, "secret"));
		export_config__free(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(environment_alone_switches_nothing_on),
		cmocka_unit_test(defaults_are_the_specifications),
		cmocka_unit_test(endpoints_become_urls),
		cmocka_unit_test(the_nearer_place_wins),
		cmocka_unit_test(headers_are_decoded_and_merged),
		cmocka_unit_test(bad_variables_are_warned_of),
		cmocka_unit_test(names_are_made_valid),
		cmocka_unit_test(the_service_has_one_name),
		cmocka_unit_test(disabled_is_off),
		cmocka_unit_test(addresses_to_listen_at),
		cmocka_unit_test(bad_options_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
