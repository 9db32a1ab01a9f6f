/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the JSON report says of parts, calls out, threads, accept queues and
 * slow exchanges, figure by figure, of a snapshot made for it.
 */
#include <arpa/inet.h>
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

#include "view/view.h"

#define MS 1000000ull

/* 198 exchanges of 10 ms and 2 of 40 ms, which wait for a CPU. */
#define USUAL 198
#define SLOW 2

struct fixture {
	struct snapshot snap;
	struct snapshot_series series[2];
	struct snapshot_port ports[2];
	struct snapshot_threads threads[1];
	struct snapshot_slow slowest[2];
	struct measure_call calls[2];
	json_t *report;
};

static void add(struct measure *m, uint64_t times, const uint64_t part[PARTS])
{
	uint64_t duration = 0;

	for (int i = 0; i < PARTS; i++) {
		duration += part[i];
		assert_int_equal(histogram__add(&m->part[i], part[i], times),
				 0);
	}
	assert_int_equal(histogram__add(&m->duration, duration, times), 0);
	assert_int_equal(breakdown__add(&m->breakdown, duration, part, times),
			 0);
	m->exchanges += times;
	m->operations += times;
	m->with_arrival += times;
	m->with_parts += times;
	m->calls_known += times;
}

static void begin_measure(struct measure *m)
{
	histogram__init(&m->duration, RT_HIST_SCALE);
	histogram__init(&m->time_to_first_byte, RT_HIST_SCALE);
	histogram__init(&m->rtt, RT_HIST_SCALE);
	for (int i = 0; i < PARTS; i++)
		histogram__init(&m->part[i], RT_HIST_SCALE);
	breakdown__init(&m->breakdown);
}

static void end_measure(struct measure *m)
{
	histogram__free(&m->duration);
	histogram__free(&m->rtt);
	for (int i = 0; i < PARTS; i++)
		histogram__free(&m->part[i]);
	breakdown__free(&m->breakdown);
}

static void make_series(struct fixture *f)
{
	static const uint64_t usual[PARTS] = {[PART_RECEIVE_QUEUE] = 1 * MS,
					      [PART_CPU] = 4 * MS,
					      [PART_NETWORK] = 5 * MS};
	static const uint64_t slow[PARTS] = {[PART_CPU] = 4 * MS,
					     [PART_RUN_QUEUE] = 35 * MS,
					     [PART_UNATTRIBUTED] = 1 * MS};
	struct measure *m = &f->series[0].m;

	f->series[0] = (struct snapshot_series){
		.pid = 7, .comm = "web", .role = RT_ROLE_SERVER, .port = 80};
	begin_measure(m);
	add(m, USUAL, usual);
	add(m, SLOW, slow);
	assert_int_equal(histogram__add(&m->rtt, MS / 4, 200), 0);
	m->retransmits = 3;
	f->calls[0] = (struct measure_call){.peer = "redis:6379",
					    .count = 400,
					    .time = 900 * MS,
					    .network = 880 * MS};
	f->calls[1] = (struct measure_call){
		.peer = "client", .own = true, .network = 110 * MS};
	m->calls = f->calls;
	m->calls_len = 2;
	/* Of this one no thread was seen. */
	f->series[1] = (struct snapshot_series){
		.pid = 7, .comm = "web", .role = RT_ROLE_CLIENT, .port = 6379};
	begin_measure(&f->series[1].m);
	f->snap.series = f->series;
	f->snap.series_len = 2;
}

static void make_slow(struct snapshot_slow *s, const char *address, uint64_t ms)
{
	*s = (struct snapshot_slow){
		.comm = "web",
		.wall = 1790000000500 * MS,
		.request = {.pid = 7,
			    .tid = 8,
			    .last_tid = 9,
			    .role = RT_ROLE_SERVER,
			    .port = 80,
			    .remote_port = 40000,
			    .protocol = "http",
			    .operation = "GET /",
			    .status = "200",
			    .begin = 5 * MS,
			    .end = (5 + ms) * MS,
			    .has_parts = true},
	};
	assert_int_equal(inet_pton(AF_INET6, address, s->request.remote_addr),
			 1);
	s->request.part[PART_CPU] = 4 * MS;
	s->request.part[PART_RUN_QUEUE] = (ms - 4) * MS;
	s->request.calls_len = 1;
	s->request.calls[0] = (struct request_call){.peer = "redis:6379",
						    .count = 2,
						    .time = 3 * MS,
						    .network = MS};
}

static void make_rest(struct fixture *f)
{
	f->ports[0] = (struct snapshot_port){.role = RT_ROLE_SERVER,
					     .port = 80,
					     .listens = true,
					     .backlog = 2,
					     .backlog_max = 17,
					     .backlog_limit = 128};
	histogram__init(&f->ports[0].accept_queue, RT_HIST_SCALE);
	assert_int_equal(histogram__add(&f->ports[0].accept_queue, MS, 12), 0);
	f->ports[1] = (struct snapshot_port){.role = RT_ROLE_CLIENT};
	f->snap.ports = f->ports;
	f->snap.ports_len = 2;
	f->threads[0] = (struct snapshot_threads){
		.pid = 7, .comm = "web", .name = "worker", .living = 4};
	for (unsigned int i = 0; i < RT_CLOCKS; i++)
		f->threads[0].clock[i] = (i + 1) * 1000 * MS;
	f->snap.threads = f->threads;
	f->snap.threads_len = 1;
	make_slow(&f->slowest[0], "2001:db8::7", 40);
	make_slow(&f->slowest[1], "::ffff:192.0.2.7", 39);
	f->snap.slowest = f->slowest;
	f->snap.slowest_len = 2;
	f->snap.exchanges = 210;
	f->snap.summarised = 10;
	f->snap.unattributed = 2 * MS;
	f->snap.attributed = 2058 * MS;
}

static json_t *report_of(const struct snapshot *snap)
{
	static const struct view_style style;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	json_error_t error;
	json_t *report;

	assert_non_null(out);
	assert_int_equal(view_json.report(snap, &style, out), 0);
	assert_int_equal(fclose(out), 0);
	report = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (!report)
		fail_msg("line %d: %s", error.line, error.text);
	free(text);
	return report;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	make_series(f);
	make_rest(f);
	f->report = report_of(&f->snap);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	json_decref(f->report);
	end_measure(&f->series[0].m);
	end_measure(&f->series[1].m);
	histogram__free(&f->ports[0].accept_queue);
	free(f);
	return 0;
}

/* The value at a path of keys and numbers, as "series/0/parts/cpu". */
static json_t *at(const struct fixture *f, const char *path)
{
	json_t *value = f->report;
	char copy[100], *rest = copy, *key;

	snprintf(copy, sizeof(copy), "%s", path);
	while ((key = strsep(&rest, "/"))) {
		value = json_is_array(value)
				? json_array_get(value, strtoul(key, NULL, 10))
				: json_object_get(value, key);
		if (!value)
			fail_msg("%s: no %s", path, key);
	}
	return value;
}

static void check_real(const struct fixture *f, const char *path, double want)
{
	json_t *value = at(f, path);

	assert_true(json_is_number(value));
	if (fabs(json_number_value(value) - want) > 1e-12 * (1 + fabs(want)))
		fail_msg("%s is %.15g, not %.15g", path,
			 json_number_value(value), want);
}

static void check_null(const struct fixture *f, const char *path)
{
	if (!json_is_null(at(f, path)))
		fail_msg("%s is not null", path);
}

static void check_text(const struct fixture *f, const char *path,
		       const char *want)
{
	assert_string_equal(json_string_value(at(f, path)), want);
}

static void test_parts(void **state)
{
	const struct fixture *f = *state;

	assert_int_equal(json_object_size(at(f, "series/0/parts")), PARTS);
	check_real(f, "series/0/parts/cpu/sum", 0.8);
	check_real(f, "series/0/parts/run_queue/max", 0.035);
	check_real(f, "series/0/parts/run_queue/zero_count", USUAL);
	check_real(f, "series/0/parts/handoff/sum", 0);
}

static void test_breakdown(void **state)
{
	const struct fixture *f = *state;

	check_real(f, "series/0/breakdown/mean/count", USUAL + SLOW);
	check_real(f, "series/0/breakdown/mean/duration", 0.0103);
	check_real(f, "series/0/breakdown/mean/parts/run_queue", 0.00035);
	check_real(f, "series/0/breakdown/p50/count", USUAL);
	check_real(f, "series/0/breakdown/p50/duration", 0.01);
	check_real(f, "series/0/breakdown/p50/parts/network", 0.005);
	check_real(f, "series/0/breakdown/p50/parts/run_queue", 0);
	check_real(f, "series/0/breakdown/slowest/share", 0.01);
	check_real(f, "series/0/breakdown/slowest/count", SLOW);
	check_real(f, "series/0/breakdown/slowest/duration", 0.04);
	check_real(f, "series/0/breakdown/slowest/parts/run_queue", 0.035);
	assert_int_equal(
		json_object_size(at(f, "series/0/breakdown/slowest/parts")),
		PARTS);
	check_null(f, "series/1/breakdown");
}

static void test_diagnosis(void **state)
{
	const struct fixture *f = *state;
	const char *sentence = json_string_value(at(f, "series/0/diagnosis"));

	assert_non_null(sentence);
	assert_non_null(strstr(sentence, "run queue"));
	check_null(f, "series/1/diagnosis");
}

static void test_calls(void **state)
{
	const struct fixture *f = *state;

	check_text(f, "series/0/calls/0/peer", "redis:6379");
	assert_true(json_is_false(at(f, "series/0/calls/0/own")));
	check_real(f, "series/0/calls/0/calls", 400);
	check_real(f, "series/0/calls/0/per_exchange", 2);
	check_real(f, "series/0/calls/0/seconds", 0.9);
	check_real(f, "series/0/calls/0/mean", 0.00225);
	check_real(f, "series/0/calls/0/network_seconds", 0.88);
	/* Waited for, but never called. */
	assert_true(json_is_true(at(f, "series/0/calls/1/own")));
	check_real(f, "series/0/calls/1/per_exchange", 0);
	check_null(f, "series/0/calls/1/mean");
	assert_int_equal(json_array_size(at(f, "series/1/calls")), 0);
}

static void test_tcp(void **state)
{
	const struct fixture *f = *state;

	check_real(f, "series/0/tcp/rtt/count", 200);
	check_real(f, "series/0/tcp/rtt/mean", 0.00025);
	check_real(f, "series/0/tcp/retransmits", 3);
	check_null(f, "series/1/tcp/rtt");
}

static void test_connections(void **state)
{
	const struct fixture *f = *state;

	check_real(f, "connections/0/accept_queue/count", 12);
	check_real(f, "connections/0/backlog/depth", 2);
	check_real(f, "connections/0/backlog/max", 17);
	check_real(f, "connections/0/backlog/limit", 128);
	check_null(f, "connections/1/accept_queue");
	check_null(f, "connections/1/backlog");
}

static void test_threads(void **state)
{
	static const char *const in_order[RT_CLOCKS] = {
		"cpu",	"run_queue", "lock",	   "disk",	   "network",
		"poll", "sleep",     "page_fault", "other_blocked"};
	const struct fixture *f = *state;
	char path[100];

	check_text(f, "threads/0/comm", "web");
	check_text(f, "threads/0/name", "worker");
	check_real(f, "threads/0/living", 4);
	check_real(f, "threads/0/ended", 0);
	for (int i = 0; i < RT_CLOCKS; i++) {
		snprintf(path, sizeof(path), "threads/0/seconds/%s",
			 in_order[i]);
		check_real(f, path, i + 1);
	}
}

static void test_slowest(void **state)
{
	const struct fixture *f = *state;

	check_real(f, "slowest/0/time", 1790000000.5);
	check_real(f, "slowest/0/tid", 8);
	check_real(f, "slowest/0/last_tid", 9);
	check_text(f, "slowest/0/peer", "[2001:db8::7]:40000");
	check_text(f, "slowest/1/peer", "192.0.2.7:40000");
	check_real(f, "slowest/0/duration", 0.04);
	check_real(f, "slowest/0/parts/cpu", 0.004);
	check_real(f, "slowest/0/parts/run_queue", 0.036);
	assert_int_equal(json_object_size(at(f, "slowest/0/parts")), 2);
	check_text(f, "slowest/0/calls/0/peer", "redis:6379");
	check_real(f, "slowest/0/calls/0/calls", 2);
	check_real(f, "slowest/0/calls/0/mean", 0.0015);
	check_real(f, "slowest/0/calls/0/network_seconds", 0.001);
}

static void test_coverage(void **state)
{
	struct fixture *f = *state;

	check_real(f, "coverage/unattributed_share", 2. / 2060);
	check_null(f, "coverage/verify");
	json_decref(f->report);
	f->snap.verified = true;
	f->snap.violations = 1;
	f->snap.attributed = f->snap.unattributed = 0;
	f->report = report_of(&f->snap);
	check_real(f, "coverage/verify/checked", 200);
	check_real(f, "coverage/verify/violations", 1);
	check_null(f, "coverage/unattributed_share");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_parts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_breakdown, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_diagnosis, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_calls, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tcp, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_connections, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_threads, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_slowest, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_coverage, set_up,
						tear_down),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		abort();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
