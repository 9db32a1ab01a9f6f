/* SPDX-License-Identifier: GPL-2.0-only */
/* Slow exchanges, told as they happen: which, and each once. */
#include "stats_rig.h"

#include <errno.h>
#include <string.h>

#include "stats/slow.h"

struct log {
	size_t len;
	struct request last;
	const char *comm;
	int answer; /* of the callback */
};

static int note(void *ctx, const struct request *r, const char *comm)
{
	struct log *log = ctx;

	log->len++;
	log->last = *r;
	log->comm = comm;
	return log->answer;
}

static struct stats *new_slow(uint64_t ns, double quantile, struct log *log)
{
	const struct stats_config config = {.slow_ns = ns,
					    .slow_quantile = quantile,
					    .slow = note,
					    .slow_ctx = log};
	struct stats *s = stats__new(&config);

	assert_non_null(s);
	*log = (struct log){0};
	return s;
}

/* Of connection 1, in the order of their numbers. */
static struct request lasting(uint32_t seq, uint64_t duration)
{
	struct request r = get_request("GET /a");

	r.seq = seq;
	r.begin = seq * MS;
	r.end = r.begin + duration;
	return r;
}

static void tell_one(struct stats *s, uint32_t seq, uint64_t duration)
{
	const struct request r = lasting(seq, duration);

	tell(s, &r);
}

static void pend(struct stats *s, const struct request *r)
{
	snapshot__free(snap_with(s, r, 1));
}

static void over_a_threshold(void **state)
{
	struct log log;
	struct stats *s = new_slow(10 * MS, 0, &log);
	struct request call = lasting(3, 50 * MS);

	(void)state;
	tell_process(s, PID, "web", false);
	assert_int_equal(stats__slow_threshold(s), 10 * MS);
	tell_one(s, 1, 10 * MS - 1);
	assert_int_equal(log.len, 0);
	tell_one(s, 2, 10 * MS);
	assert_int_equal(log.len, 1);
	assert_int_equal(log.last.seq, 2);
	assert_string_equal(log.comm, "web");
	call.is_call = true;
	tell(s, &call);
	pend(s, &call);
	assert_int_equal(log.len, 1);
	stats__free(s);
}

static void off_is_off(void **state)
{
	const struct stats_config deaf = {.slow_ns = 1};
	struct log log;
	struct stats *s = new_slow(0, 0, &log);

	(void)state;
	for (uint32_t i = 1; i <= 300; i++)
		tell_one(s, i, i * MS);
	assert_int_equal(log.len, 0);
	assert_true(stats__slow_threshold(s) == UINT64_MAX);
	stats__free(s);
	s = stats__new(&deaf); /* nobody to be told */
	tell_one(s, 1, MS);
	assert_true(stats__slow_threshold(s) == UINT64_MAX);
	stats__free(s);
}

static void an_error_goes_up(void **state)
{
	struct log log;
	struct stats *s = new_slow(1 * MS, 0, &log);
	struct model_sink sink = stats__sink(s);
	struct request r = lasting(1, 2 * MS);
	struct stats_facts facts = {0};
	struct snapshot *snap = NULL;

	(void)state;
	log.answer = -EPIPE;
	assert_int_equal(sink.request(sink.ctx, &r), -EPIPE);
	r.seq = 2;
	r.begin++;
	assert_int_equal(
		take_snapshot(s, &facts, &r, 1, NOW, false, false, &snap),
		-EPIPE);
	stats__free(s);
}

static void pending_ones_are_told_once(void **state)
{
	struct log log;
	struct stats *s = new_slow(10 * MS, 0, &log);
	struct request r = lasting(1, 9 * MS);

	(void)state;
	pend(s, &r);
	assert_int_equal(log.len, 0);
	r.end += MS;
	pend(s, &r);
	assert_int_equal(log.len, 1);
	pend(s, &r);
	r.end += MS;
	pend(s, &r);
	tell(s, &r);
	assert_int_equal(log.len, 1);
	/* It is forgotten: what looks the same is another one. */
	tell(s, &r);
	assert_int_equal(log.len, 2);
	/* The next ones of the connection. */
	r = lasting(2, 20 * MS);
	pend(s, &r);
	assert_int_equal(log.len, 3);
	tell(s, &r);
	assert_int_equal(log.len, 3);
	tell_one(s, 3, 30 * MS);
	assert_int_equal(log.len, 4);
	stats__free(s);
}

/* HTTP's 100 (Continue): the same exchange in the record after. */
static void told_ones_may_go_on_in_another_record(void **state)
{
	struct log log;
	struct stats *s = new_slow(10 * MS, 0, &log);
	struct request r = lasting(1, 20 * MS);

	(void)state;
	pend(s, &r);
	r.seq = 2;
	pend(s, &r);
	tell(s, &r);
	assert_int_equal(log.len, 1);
	stats__free(s);
}

/* Pending ones that became a stream, or a goodbye, never settle. */
static void told_ones_may_not_settle(void **state)
{
	struct log log;
	struct stats *s = new_slow(10 * MS, 0, &log);
	struct request r = lasting(5, 20 * MS);
	struct sink_conn gone = conn_event(SINK_CONN_CLOSED, 1);

	(void)state;
	pend(s, &r);
	tell_one(s, 4, 30 * MS); /* one that came late */
	assert_int_equal(log.len, 2);
	tell(s, &r); /* and that forgot nothing */
	assert_int_equal(log.len, 2);

	pend(s, &r);
	assert_int_equal(log.len, 3);
	tell_one(s, 6, 30 * MS);
	assert_int_equal(log.len, 4);
	tell(s, &r);
	assert_int_equal(log.len, 5);

	pend(s, &r);
	assert_int_equal(log.len, 6);
	tell_conn(s, &gone);
	tell(s, &r);
	assert_int_equal(log.len, 7);
	stats__free(s);
}

/* Past the bound they are told later, but never twice. */
static void told_ones_are_bounded(void **state)
{
	struct log log = {0};
	const struct stats_config config = {
		.slow_ns = 1 * MS, .slow = note, .slow_ctx = &log};
	struct request r[3];
	struct processes ps;
	struct slow slow;

	(void)state;
	process_list__init(&ps);
	slow__init(&slow, &config, &ps);
	slow.max_told = 2;
	for (uint32_t i = 0; i < 3; i++) {
		r[i] = lasting(1, 2 * MS);
		r[i].cookie = i;
	}
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 3; i++)
			assert_int_equal(slow__pending(&slow, &r[i], NULL), 0);
		assert_int_equal(log.len, 2);
	}
	for (int i = 0; i < 3; i++)
		slow__closed(&slow, (uint64_t)i);
	assert_int_equal(slow__pending(&slow, &r[2], NULL), 0);
	assert_int_equal(log.len, 3);
	slow__free(&slow);
	process_list__free(&ps);
}

/* 1 ms .. 100 ms, each once, with numbers from 1 on. */
static void hundred(struct stats *s, const char *operation)
{
	for (uint32_t i = 1; i <= 100; i++) {
		struct request r = lasting(i, i * MS);

		r.operation = operation;
		tell(s, &r);
	}
}

static void over_the_quantile_of_its_series(void **state)
{
	struct log log;
	struct stats *s = new_slow(0, 0.9, &log);
	struct request r = lasting(101, 93 * MS);
	uint64_t threshold;

	(void)state;
	hundred(s, "GET /a");
	assert_int_equal(log.len, 0); /* none has a quantile before */
	threshold = stats__slow_threshold(s);
	assert_in_range(threshold, 88 * MS, 92 * MS);
	pend(s, &r);
	assert_int_equal(log.len, 1);
	tell(s, &r);
	assert_int_equal(log.len, 1);
	tell_one(s, 102, threshold);
	assert_int_equal(log.len, 1);
	tell_one(s, 103, threshold + 1);
	assert_int_equal(log.len, 2);
	/* Another series has its own. */
	r.seq = 104;
	r.begin++;
	r.operation = "GET /b";
	tell(s, &r);
	pend(s, &r);
	assert_int_equal(log.len, 2);
	stats__free(s);
}

static void the_quantile_is_a_running_one(void **state)
{
	struct log log;
	struct stats *s = new_slow(0, 0.5, &log);

	(void)state;
	hundred(s, "GET /a");
	assert_in_range(stats__slow_threshold(s), 48 * MS, 52 * MS);
	for (uint32_t i = 101; i <= 300; i++)
		tell_one(s, i, 1 * MS);
	/* Within the bucket of 1 ms. */
	assert_in_range(stats__slow_threshold(s), MS - 22000, MS + 22000);
	log.len = 0;
	tell_one(s, 301, 2 * MS);
	assert_int_equal(log.len, 1);
	stats__free(s);
}

static void the_lowest_threshold_counts(void **state)
{
	struct log log;
	struct stats *s = new_slow(60 * MS, 0.5, &log);
	struct request call = lasting(1, MS);

	(void)state;
	assert_int_equal(stats__slow_threshold(s), 60 * MS);
	hundred(s, "GET /a");
	assert_int_equal(log.len, 41);
	assert_in_range(stats__slow_threshold(s), 48 * MS, 52 * MS);
	/* Calls out are never told, so their series is none to wait for. */
	call.is_call = true;
	call.operation = "GET";
	for (int i = 0; i < 200; i++)
		tell(s, &call);
	assert_in_range(stats__slow_threshold(s), 48 * MS, 52 * MS);
	stats__free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(over_a_threshold),
		cmocka_unit_test(off_is_off),
		cmocka_unit_test(an_error_goes_up),
		cmocka_unit_test(pending_ones_are_told_once),
		cmocka_unit_test(told_ones_may_go_on_in_another_record),
		cmocka_unit_test(told_ones_may_not_settle),
		cmocka_unit_test(told_ones_are_bounded),
		cmocka_unit_test(over_the_quantile_of_its_series),
		cmocka_unit_test(the_quantile_is_a_running_one),
		cmocka_unit_test(the_lowest_threshold_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
