/* SPDX-License-Identifier: GPL-2.0-only */
/* Settled requests that are passed on: the slow ones, and calls out. */
#include "stats_rig.h"

#include <errno.h>

struct log {
	size_t settled, told; /* slow ones and calls; told */
	size_t fast;
	struct request last;
	bool slow;
	int answer; /* of both callbacks */
};

static int settled(void *ctx, const struct request *r, bool slow)
{
	struct log *log = ctx;

	if (!slow && !r->is_call) {
		log->fast++;
		return log->answer;
	}
	log->settled++;
	log->last = *r;
	log->slow = slow;
	return log->answer;
}

static int told(void *ctx, const struct request *r, const char *comm)
{
	struct log *log = ctx;

	(void)r;
	(void)comm;
	log->told++;
	return log->answer;
}

static struct stats *new_stats_of(struct log *log, uint64_t ns, double quantile,
				  bool tells)
{
	const struct stats_config config = {.slow_ns = ns,
					    .slow_quantile = quantile,
					    .slow = tells ? told : NULL,
					    .slow_ctx = log,
					    .settled = settled,
					    .settled_ctx = log};
	struct stats *s = stats__new(&config);

	assert_non_null(s);
	*log = (struct log){0};
	return s;
}

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

/* With a listener to slow ones and without. */
static void slow_ones_are_passed_on(void **state)
{
	(void)state;
	for (int tells = 0; tells < 2; tells++) {
		struct log log;
		struct stats *s = new_stats_of(&log, 10 * MS, 0, tells);

		assert_int_equal(stats__slow_threshold(s), 10 * MS);
		tell_one(s, 1, 10 * MS - 1);
		assert_int_equal(log.settled, 0);
		assert_int_equal(log.fast, 1);
		tell_one(s, 2, 10 * MS);
		assert_int_equal(log.settled, 1);
		assert_int_equal(log.last.seq, 2);
		assert_true(log.slow);
		assert_int_equal(log.told, tells);
		stats__free(s);
	}
}

static void quantiles_need_no_listener(void **state)
{
	struct log log;
	struct stats *s = new_stats_of(&log, 0, 0.9, false);
	uint64_t threshold;

	(void)state;
	for (uint32_t i = 1; i <= 100; i++)
		tell_one(s, i, i * MS);
	assert_int_equal(log.settled, 0);
	threshold = stats__slow_threshold(s);
	assert_in_range(threshold, 88 * MS, 92 * MS);
	tell_one(s, 101, threshold);
	assert_int_equal(log.settled, 0);
	tell_one(s, 102, threshold + 1);
	assert_int_equal(log.settled, 1);
	assert_true(log.slow);
	stats__free(s);
}

/* Told while pending, once; passed on when it settles, as it is then. */
static void pending_ones_are_passed_on_when_they_settle(void **state)
{
	(void)state;
	for (int tells = 0; tells < 2; tells++) {
		struct log log;
		struct stats *s = new_stats_of(&log, 10 * MS, 0, tells);
		struct request r = lasting(1, 20 * MS);

		snapshot__free(snap_with(s, &r, 1));
		assert_int_equal(log.settled, 0);
		assert_int_equal(log.told, tells);
		r.end += MS;
		tell(s, &r);
		assert_int_equal(log.settled, 1);
		assert_int_equal(log.last.end, r.end);
		assert_int_equal(log.told, tells);
		stats__free(s);
	}
}

/* When tracing ends there is no later. */
static void pending_ones_are_passed_on_at_the_end(void **state)
{
	(void)state;
	for (int tells = 0; tells < 2; tells++) {
		struct log log;
		struct stats *s = new_stats_of(&log, 10 * MS, 0, tells);
		struct request r[] = {lasting(1, 20 * MS), lasting(2, 1 * MS),
				      lasting(3, 20 * MS)};
		const struct stats_facts facts = {.cpus = 1};
		struct snapshot *snap;

		r[2].is_call = true;
		assert_int_equal(
			take_snapshot(s, &facts, r, 3, NOW, false, true, &snap),
			0);
		snapshot__free(snap);
		assert_int_equal(log.settled, 2);
		assert_int_equal(log.fast, 1);
		assert_int_equal(log.told, tells);
		assert_true(log.last.is_call);
		assert_false(log.slow);
		stats__free(s);
	}
}

static void calls_are_passed_on_whatever_they_take(void **state)
{
	static const uint64_t durations[] = {1, 50 * MS};
	struct log log;
	struct stats *s = new_stats_of(&log, 10 * MS, 0, true);

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		struct request call = lasting(i, durations[i]);

		call.is_call = true;
		snapshot__free(snap_with(s, &call, 1));
		assert_int_equal(log.settled, i);
		tell(s, &call);
		assert_int_equal(log.settled, i + 1);
		assert_false(log.slow);
		assert_true(log.last.is_call);
	}
	assert_int_equal(log.told, 0);
	stats__free(s);
}

/* Calls are passed on also where nothing is slow. */
static void without_a_threshold_nothing_is_slow(void **state)
{
	struct log log;
	struct stats *s = new_stats_of(&log, 0, 0, false);
	struct request call = lasting(301, 1);

	(void)state;
	for (uint32_t i = 1; i <= 300; i++)
		tell_one(s, i, i * MS);
	assert_int_equal(log.settled, 0);
	assert_true(stats__slow_threshold(s) == UINT64_MAX);
	call.is_call = true;
	tell(s, &call);
	assert_int_equal(log.settled, 1);
	stats__free(s);
}

static void an_error_goes_up(void **state)
{
	struct log log;
	struct stats *s = new_stats_of(&log, 1 * MS, 0, true);
	struct model_sink sink = stats__sink(s);
	struct request r = lasting(1, 2 * MS), call = lasting(2, 2 * MS);

	(void)state;
	call.is_call = true;
	log.answer = -EPIPE;
	assert_int_equal(sink.request(sink.ctx, &call), -EPIPE);
	assert_int_equal(log.settled, 1);
	/* The listener's own comes first. */
	assert_int_equal(sink.request(sink.ctx, &r), -EPIPE);
	assert_int_equal(log.told, 1);
	assert_int_equal(log.settled, 1);
	stats__free(s);
	s = new_stats_of(&log, 1 * MS, 0, false);
	sink = stats__sink(s);
	log.answer = -EPIPE;
	assert_int_equal(sink.request(sink.ctx, &r), -EPIPE);
	stats__free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slow_ones_are_passed_on),
		cmocka_unit_test(quantiles_need_no_listener),
		cmocka_unit_test(pending_ones_are_passed_on_when_they_settle),
		cmocka_unit_test(pending_ones_are_passed_on_at_the_end),
		cmocka_unit_test(calls_are_passed_on_whatever_they_take),
		cmocka_unit_test(without_a_threshold_nothing_is_slow),
		cmocka_unit_test(an_error_goes_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
