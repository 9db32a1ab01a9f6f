/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The JSON report: against files, and read back figure by figure. That the
 * files match docs/report.schema.json is checked by tests/view/schema_test.py.
 */
#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "view_golden.h"

static const struct view_style no_style;

static json_t *load(enum fake_kind kind)
{
	char *text =
		view_golden__text(view_json.report, kind, false, &no_style);
	json_error_t error;
	json_t *report = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (!report)
		fail_msg("line %d: %s", error.line, error.text);
	free(text);
	return report;
}

static json_t *at(json_t *report, const char *key, size_t i)
{
	json_t *found = json_array_get(json_object_get(report, key), i);

	assert_non_null(found);
	return found;
}

static json_int_t integer(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static double real(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	assert_true(json_is_number(value));
	return json_number_value(value);
}

static void test_golden(void **state)
{
	static const struct {
		const char *name;
		enum fake_kind kind;
	} cases[] = {
		{"empty.json", FAKE_EMPTY},
		{"redis.json", FAKE_REDIS},
		{"web.json", FAKE_WEB},
		{"connections.json", FAKE_CONNECTIONS},
		{"peers.json", FAKE_PEERS},
		{"parts.json", FAKE_PARTS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = view_golden__text(view_json.report, cases[i].kind,
					       false, &no_style);

		view_golden__equal(text, cases[i].name);
		free(text);
	}
}

/* Histogram against the snapshot's, in seconds. */
static void check_histogram(json_t *json, const struct histogram *h)
{
	json_t *buckets = json_object_get(json, "buckets");
	uint64_t sum = h->zero_count;

	assert_int_equal(integer(json, "count"), h->count);
	assert_float_equal(real(json, "sum"), h->sum / 1e9, 1e-9);
	assert_int_equal(integer(json, "scale"), h->scale);
	assert_int_equal(integer(json, "offset"), h->offset);
	assert_int_equal(integer(json, "zero_count"), h->zero_count);
	assert_int_equal(json_array_size(buckets), h->len);
	for (size_t i = 0; i < h->len; i++)
		sum += json_integer_value(json_array_get(buckets, i));
	assert_int_equal(sum, h->count);
	if (h->count == 0) {
		assert_true(json_is_null(json_object_get(json, "min")));
		assert_true(json_is_null(json_object_get(json, "p999")));
		return;
	}
	assert_float_equal(real(json, "min"), h->min / 1e9, 1e-15);
	assert_float_equal(real(json, "max"), h->max / 1e9, 1e-15);
	assert_float_equal(real(json, "p99"),
			   histogram__quantile(h, 0.99) / 1e9, 1e-12);
}

static void test_series(void **state)
{
	struct snapshot *snap = fake_snapshot__new(FAKE_WEB, 10, false);
	json_t *report = load(FAKE_WEB);

	(void)state;
	assert_int_equal(json_array_size(json_object_get(report, "series")),
			 snap->series_len);
	for (size_t i = 0; i < snap->series_len; i++) {
		const struct measure *m = &snap->series[i].m;
		json_t *s = at(report, "series", i);
		json_t *parts = json_object_get(s, "parts");

		assert_int_equal(integer(s, "operations"), m->operations);
		assert_int_equal(integer(s, "exchanges"), m->exchanges);
		assert_int_equal(integer(s, "errors"), m->errors);
		check_histogram(json_object_get(s, "duration"), &m->duration);
		check_histogram(json_object_get(s, "time_to_first_byte"),
				&m->time_to_first_byte);
		check_histogram(json_object_get(parts, "receive_queue"),
				&m->part[PART_RECEIVE_QUEUE]);
		check_histogram(json_object_get(parts, "unattributed"),
				&m->part[PART_UNATTRIBUTED]);
	}
	json_decref(report);
	fake_snapshot__free(snap);
}

static void test_meaning(void **state)
{
	static const char *const starts[] = {"arrival", "mixed", "send"};
	json_t *report = load(FAKE_WEB);
	json_t *errors = json_object_get(at(report, "series", 4), "errors_by");
	json_t *coverage = json_object_get(report, "coverage");
	json_t *cost = json_object_get(report, "cost");
	json_t *window = json_object_get(report, "window");

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(
			json_string_value(json_object_get(
				at(report, "series", i), "starts_at")),
			starts[i]);
	assert_int_equal(integer(errors, "status"), 297);
	assert_int_equal(integer(errors, "peer_abort"), 2);
	assert_int_equal(integer(errors, "local_abort"), 0);
	assert_int_equal(integer(errors, "reset"), 1);
	assert_int_equal(integer(coverage, "in_flight"), 3);
	assert_int_equal(integer(coverage, "summarised"), 1200);
	assert_int_equal(integer(coverage, "joined_midway"), 1);
	assert_true(json_is_null(json_object_get(cost, "bpf_seconds")));
	assert_float_equal(real(cost, "user_seconds"), 0.42, 1e-9);
	assert_float_equal(real(window, "start"), 1790000000.25, 1e-6);
	assert_float_equal(real(window, "end"), 1790000010.25, 1e-6);
	assert_float_equal(real(window, "seconds"), 10, 1e-9);
	assert_null(json_object_get(report, "rows"));
	/* Bytes that are no text are still a report. */
	assert_string_equal(json_string_value(json_object_get(
				    at(report, "series", 4), "operation")),
			    "GET /bad\x1b[31m\xef\xbf\xbd/\xe2\x80\xae{id}");
	json_decref(report);
	report = load(FAKE_REDIS);
	assert_float_equal(
		real(json_object_get(report, "cost"), "bpf_ns_per_exchange"),
		570e6 / 1100000, 1e-6);
	json_decref(report);
}

static void test_rows(void **state)
{
	json_t *report = load(FAKE_CONNECTIONS);
	json_t *row = at(report, "rows", 0);

	(void)state;
	assert_string_equal(json_string_value(json_object_get(row, "remote")),
			    "192.0.2.1:40000");
	assert_float_equal(real(row, "age"), 3, 1e-9);
	assert_float_equal(real(row, "p99"), 0.03, 1e-9);
	row = at(report, "rows", 5); /* closed, without an exchange */
	assert_true(json_is_null(json_object_get(row, "idle")));
	assert_true(json_is_null(json_object_get(row, "max")));
	json_decref(report);
	report = load(FAKE_PEERS);
	row = at(report, "rows", 1);
	assert_string_equal(json_string_value(json_object_get(row, "peer")),
			    "192.0.2.2");
	assert_int_equal(integer(row, "operations"), 1600000);
	json_decref(report);
}

static void test_same_bytes_again(void **state)
{
	char *first =
		view_golden__text(view_json.report, FAKE_WEB, false, &no_style);
	char *second =
		view_golden__text(view_json.report, FAKE_WEB, false, &no_style);

	(void)state;
	assert_string_equal(first, second);
	free(first);
	free(second);
}

static void test_write_errors(void **state)
{
	(void)state;
	view_golden__write_errors(view_json.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_series),
		cmocka_unit_test(test_meaning),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_same_bytes_again),
		cmocka_unit_test(test_write_errors),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		abort();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
