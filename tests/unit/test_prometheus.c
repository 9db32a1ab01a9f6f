// SPDX-License-Identifier: GPL-2.0-only
/* The three formats of Prometheus; what their bytes mean as a whole is checked
 * by tests/prometheus/run.py, with parsers that are not ours. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "export/prometheus.h"
#include "export/prometheus_write.h"
#include "fake_metrics.h"

#include <cmocka.h>

#define PROTO                                                                  \
	"application/vnd.google.protobuf;"                                     \
	"proto=io.prometheus.client.MetricFamily;encoding=delimited"

static char *encode(const struct metrics *m, enum prometheus_format format)
{
	struct buffer b;

	buffer__init(&b, 1 << 20);
	prometheus__encode(m, format, &b);
	buffer__add(&b, "", 1);
	assert_int_equal(b.err, 0);
	return (char *)b.data;
}

static void formats_by_accept_header(void **state)
{
	static const struct {
		const char *accept;
		enum prometheus_format format;
	} cases[] = {
		{NULL, PROMETHEUS_TEXT},
		{"", PROMETHEUS_TEXT},
		{"*/*", PROMETHEUS_TEXT},
		{"text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
		 PROMETHEUS_TEXT},
		{"image/png", PROMETHEUS_TEXT},
		/* Prometheus 2.42 */
		{"application/openmetrics-text;version=1.0.0,application/"
		 "openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0."
		 "4;q=0.5,*/*;q=0.1",
		 PROMETHEUS_OPENMETRICS},
		/* the same with native histograms */
		{PROTO ",application/openmetrics-text;version=1.0.0;q=0.8,"
		       "application/openmetrics-text;version=0.0.1;q=0.75,"
		       "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		 PROMETHEUS_PROTOBUF},
		/* 2.53 */
		{"application/openmetrics-text;version=1.0.0;q=0.5,application/"
		 "openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4"
		 ";q=0.3,*/*;q=0.2",
		 PROMETHEUS_OPENMETRICS},
		/* 3.x */
		{"application/openmetrics-text;version=1.0.0;escaping=allow-utf"
		 "-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
		 "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/"
		 "plain;version=0.0.4;q=0.3,*/*;q=0.2",
		 PROMETHEUS_OPENMETRICS},
		{"text/plain;version=1.0.0;q=0.9,text/plain;version=0.0.4;q=0."
		 "3",
		 PROMETHEUS_TEXT},
		/* order and weight */
		{"text/plain, application/openmetrics-text", PROMETHEUS_TEXT},
		{"application/openmetrics-text, text/plain",
		 PROMETHEUS_OPENMETRICS},
		{"application/openmetrics-text;q=0.1, text/plain;q=0.11",
		 PROMETHEUS_TEXT},
		{"application/openmetrics-text;q=0", PROMETHEUS_TEXT},
		{"application/openmetrics-text;q=nonsense", PROMETHEUS_TEXT},
		{" , ;q=1, APPLICATION/OpenMetrics-Text ; Version=\"1.0.0\"",
		 PROMETHEUS_OPENMETRICS},
		{"application/openmetrics-text;version=9", PROMETHEUS_TEXT},
		{"application/vnd.google.protobuf", PROMETHEUS_TEXT},
		{"application/vnd.google.protobuf;proto=io.prometheus.client."
		 "MetricFamily;encoding=text",
		 PROMETHEUS_TEXT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (prometheus__negotiate(cases[i].accept) != cases[i].format)
			fail_msg("%s", cases[i].accept);
	}
}

static struct metrics without_histograms(void)
{
	static struct metric_resource first;
	const struct metrics *m = fake_metrics__small();

	first = m->resources[0];
	first.metrics++;
	first.metrics_len--;
	return (struct metrics){.resources = &first, .resources_len = 1};
}

static void classic_text(void **state)
{
	struct metrics m = without_histograms();
	char *text = encode(&m, PROMETHEUS_TEXT);

	(void)state;
	assert_string_equal(
		text,
		"# HELP target_info Target metadata\n"
		"# TYPE target_info gauge\n"
		"target_info{job=\"web/shop\",instance=\"shop-1\",a_b=\"1;2\","
		"host_name=\"x\\\"y\\\\z\\nw\",exported_job=\"nightly\","
		"process_pid=\"42\"} 1\n"
		"# HELP http_server_active_requests Requests under way.\n"
		"# TYPE http_server_active_requests gauge\n"
		"http_server_active_requests{job=\"web/shop\","
		"instance=\"shop-1\"} 7\n"
		"# HELP reqtrace_exporter_cpu_time_seconds_total CPU time of "
		"reqtrace.\n"
		"# TYPE reqtrace_exporter_cpu_time_seconds_total counter\n"
		"reqtrace_exporter_cpu_time_seconds_total{job=\"web/shop\","
		"instance=\"shop-1\"} 1.5\n");
	free(text);
}

static void openmetrics(void **state)
{
	struct metrics m = without_histograms();
	char *text = encode(&m, PROMETHEUS_OPENMETRICS);

	(void)state;
	assert_string_equal(
		text,
		"# HELP target Target metadata\n"
		"# TYPE target info\n"
		"target_info{job=\"web/shop\",instance=\"shop-1\",a_b=\"1;2\","
		"host_name=\"x\\\"y\\\\z\\nw\",exported_job=\"nightly\","
		"process_pid=\"42\"} 1\n"
		"# HELP http_server_active_requests Requests under way.\n"
		"# TYPE http_server_active_requests gauge\n"
		"http_server_active_requests{job=\"web/shop\","
		"instance=\"shop-1\"} 7\n"
		"# HELP reqtrace_exporter_cpu_time_seconds CPU time of "
		"reqtrace.\n"
		"# TYPE reqtrace_exporter_cpu_time_seconds counter\n"
		"# UNIT reqtrace_exporter_cpu_time_seconds seconds\n"
		"reqtrace_exporter_cpu_time_seconds_total{job=\"web/shop\","
		"instance=\"shop-1\"} 1.5\n"
		"# EOF\n");
	free(text);
}

/* Whether text has the line, once. */
static void assert_line(const char *text, const char *line)
{
	const char *at = strstr(text, line);

	if (!at || strstr(at + 1, line))
		fail_msg("not there once: %s", line);
}

#define BUCKET                                                                 \
	"\nhttp_server_request_duration_seconds_bucket{job=\"web/shop\","      \
	"instance=\"shop-1\",http_request_method=\"GET\","                     \
	"http_response_status_code=\"200\",http_route=\"/a/{id}\","

static void histograms_in_text(void **state)
{
	char *text = encode(fake_metrics__small(), PROMETHEUS_TEXT);

	(void)state;
	assert_line(text, BUCKET "le=\"1.52587890625e-05\"} 1\n");
	assert_line(text, BUCKET "le=\"0.0009765625\"} 1\n");
	assert_line(text, BUCKET "le=\"0.001953125\"} 3\n");
	assert_line(text, BUCKET "le=\"0.25\"} 4\n");
	assert_line(text, BUCKET "le=\"0.5\"} 5\n");
	assert_line(text, BUCKET "le=\"64\"} 5\n");
	assert_line(text, BUCKET "le=\"+Inf\"} 6\n");
	assert_line(text, "http_route=\"/a/{id}\"} 100.505\n");
	assert_line(text, "otel_metric_overflow=\"true\",le=\"0.00390625\"} 1");
	assert_line(text,
		    "otel_metric_overflow=\"true\",le=\"0.001953125\"} 0");
	assert_line(text, "# HELP reqtrace_server_request_cpu_duration_seconds "
			  "Time on a CPU, a \"part\".\\nSee \\\\docs.\n");
	assert_null(strstr(text, "500\"")); /* ended */
	assert_null(strstr(text, "trace_id"));
	free(text);
}

static void exemplars_in_openmetrics(void **state)
{
	char *text = encode(fake_metrics__small(), PROMETHEUS_OPENMETRICS);

	(void)state;
	/* The latest of two in a bucket. */
	assert_line(text, BUCKET
		    "le=\"0.001953125\"} 3 # {trace_id=\"ab000000000000000000"
		    "000000000001\",span_id=\"cd00000000000002\"} 0.001 "
		    "1700000001.5\n");
	/* On the boundary. */
	assert_line(text,
		    BUCKET "le=\"0.5\"} 5 # {trace_id=\"02000000000000000000"
			   "000000000000\",span_id=\"0200000000000000\"} 0.5 "
			   "1700000000.000000002\n");
	assert_line(text, BUCKET "le=\"1.0\"} 5\n");
	assert_line(text, "Time on a CPU, a \\\"part\\\".\\nSee \\\\docs.\n");
	free(text);
}

#define VALUES 600

/* Counted one by one. */
static void check_counts(const struct prometheus_ladder *l,
			 const struct histogram *h, const uint64_t *values)
{
	uint64_t counts[PROMETHEUS_LADDER_MAX + 1];

	prometheus__cumulate(l, h, counts);
	for (size_t i = 0; i < l->len; i++) {
		const double limit = ldexp(1e9, prometheus__exponent(l, i));
		uint64_t expected = 0;

		for (size_t k = 0; k < VALUES; k++)
			expected += (double)values[k] <= limit;
		assert_int_equal(counts[i], expected);
	}
	assert_int_equal(counts[l->len], VALUES);
}

/* At each scale and of each ladder, with values on and around boundaries. */
static void cumulative_counts_are_exact(void **state)
{
	static const char *const names[] = {
		"http.server.request.duration",
		"reqtrace.server.request.cpu.duration",
		"reqtrace.server.stream.duration",
	};
	uint64_t values[VALUES], seed = 1;

	(void)state;
	for (size_t i = 0; i < VALUES; i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		if (i < 3 * 27)
			values[i] =
				(uint64_t)floor(ldexp(1e9, (int)i / 3 - 16)) +
				i % 3 - 1;
		else
			values[i] = seed >> (23 + seed % 34);
	}
	for (int scale = 0; scale <= RT_HIST_SCALE; scale++) {
		struct histogram h;

		histogram__init(&h, RT_HIST_SCALE);
		for (size_t i = 0; i < VALUES; i++)
			assert_int_equal(histogram__add(&h, values[i], 1), 0);
		assert_int_equal(histogram__downscale(&h, scale), 0);
		for (size_t i = 0; i < 3; i++) {
			const struct metric_info info = {.name = names[i]};
			const struct prometheus_ladder l =
				prometheus__ladder(&info);

			assert_in_range(l.len, 1, PROMETHEUS_LADDER_MAX);
			check_counts(&l, &h, values);
		}
		histogram__free(&h);
	}
}

static void nothing_to_tell(void **state)
{
	static const struct metrics empty;
	char *text = encode(&empty, PROMETHEUS_TEXT);

	(void)state;
	assert_string_equal(text, "");
	free(text);
	text = encode(&empty, PROMETHEUS_OPENMETRICS);
	assert_string_equal(text, "# EOF\n");
	free(text);
	text = encode(&empty, PROMETHEUS_PROTOBUF);
	assert_string_equal(text, "");
	free(text);
}

static void bounds_hold(void **state)
{
	struct buffer b;

	(void)state;
	for (int format = 0; format <= PROMETHEUS_PROTOBUF; format++) {
		for (size_t max = 0; max < 2000; max += 7) {
			buffer__init(&b, max);
			prometheus__encode(fake_metrics__small(),
					   (enum prometheus_format)format, &b);
			assert_int_equal(b.err, -EFBIG);
			assert_true(b.len <= max);
			buffer__free(&b);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_by_accept_header),
		cmocka_unit_test(classic_text),
		cmocka_unit_test(openmetrics),
		cmocka_unit_test(histograms_in_text),
		cmocka_unit_test(exemplars_in_openmetrics),
		cmocka_unit_test(cumulative_counts_are_exact),
		cmocka_unit_test(nothing_to_tell),
		cmocka_unit_test(bounds_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
