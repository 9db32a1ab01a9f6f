/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests in flight: which the model has, and how snapshots count them.
 */
#include "model_rig.h"

#include <errno.h>
#include <string.h>

#include "stats/stats.h"

#define IDLE .flags = RT_EX_PROVISIONAL, .end = RT_END_IDLE
#define UNANSWERED                                                             \
	.flags = RT_EX_PROVISIONAL | RT_EX_NO_RESPONSE, .end = RT_END_IDLE,    \
	.arrive = 1000, .first_recv = 1100

static int each(void *ctx, int (*fn)(void *arg, const struct sink_in_flight *f),
		void *arg)
{
	return model__each_in_flight(ctx, fn, arg);
}

static int each_none(void *ctx, int (*fn)(void *arg, const struct request *r),
		     void *arg)
{
	(void)ctx;
	(void)fn;
	(void)arg;
	return 0;
}

static struct snapshot *snap_of(struct rig *rig, size_t max)
{
	const struct stats_config config = {.max_series = max};
	const struct stats_pending pending = {
		.each = each_none, .each_in_flight = each, .ctx = rig->m};
	const struct stats_facts facts = {
		.in_flight = model__totals(rig->m).in_flight};
	struct stats *s = stats__new(&config);
	struct snapshot *snap;
	uint64_t all = 0;

	assert_non_null(s);
	assert_int_equal(
		stats__snapshot(s, &facts, &pending, 5000, false, false, &snap),
		0);
	for (size_t i = 0; i < snap->flying_len; i++)
		all += snap->flying[i].count;
	assert_int_equal(all, facts.in_flight);
	stats__free(s);
	return snap;
}

static void check(const struct snapshot_in_flight *f, uint32_t pid,
		  enum rt_role role, uint16_t port, const char *protocol,
		  const char *operation, uint64_t count)
{
	assert_int_equal(f->pid, pid);
	assert_int_equal(f->role, role);
	assert_int_equal(f->port, port);
	assert_string_equal(f->protocol, protocol);
	assert_string_equal(f->operation, operation);
	assert_int_equal(f->count, count);
}

static void they_are_counted_by_what_they_are(void **state)
{
	struct rig *rig = *state;
	struct snapshot *snap;

	for (uint64_t i = 1; i <= 3; i++)
		rig_exchange(rig, .cookie = i, UNANSWERED, .in = GET);
	rig_exchange(rig, .cookie = 4, UNANSWERED, .in = "PING\r\n");
	rig_exchange(rig, .cookie = 5, UNANSWERED, .in = "what",
		     .transport = RT_TRANSPORT_UNIX);
	rig_exchange(rig, .cookie = 6, UNANSWERED, .in = GET, .port = 81);
	rig_exchange(rig, .cookie = 7, UNANSWERED, .in = GET, .tgid = 101);
	rig_exchange(rig, .cookie = 8, .role = RT_ROLE_CLIENT,
		     .flags = RT_EX_PROVISIONAL | RT_EX_NO_RESPONSE,
		     .end = RT_END_IDLE, .first_send = 1000, .out = GET);
	/* A part of the answer is in flight, too; a whole one is not, nor is
	 * one that nothing says to go on. */
	rig_exchange(rig, .cookie = 9, TIMES, IDLE, .in = GET, .out = PARTIAL);
	rig_exchange(rig, .cookie = 10, TIMES, IDLE, .in = GET, .out = OK2);
	rig_exchange(rig, .cookie = 11, TIMES, IDLE, .in = "a", .out = "b");
	snap = snap_of(rig, 0);
	assert_int_equal(snap->flying_len, 6);
	check(&snap->flying[0], 100, RT_ROLE_SERVER, 80, "http", "GET /a", 4);
	check(&snap->flying[1], 100, RT_ROLE_SERVER, 80, "redis", "PING", 1);
	check(&snap->flying[2], 100, RT_ROLE_SERVER, 81, "http", "GET /a", 1);
	check(&snap->flying[3], 100, RT_ROLE_SERVER, 80, "unix", "", 1);
	assert_int_equal(snap->flying[3].transport, RT_TRANSPORT_UNIX);
	check(&snap->flying[4], 100, RT_ROLE_CLIENT, 80, "http", "GET /a", 1);
	check(&snap->flying[5], 101, RT_ROLE_SERVER, 80, "http", "GET /a", 1);
	snapshot__free(snap);
}

static void they_are_bounded(void **state)
{
	struct rig *rig = *state;
	struct snapshot *snap;

	for (uint16_t i = 1; i <= 9; i++)
		rig_exchange(rig, .cookie = i, UNANSWERED, .in = GET,
			     .port = i);
	snap = snap_of(rig, 4);
	assert_int_equal(snap->flying_len, 5);
	check(&snap->flying[0], 0, RT_ROLE_SERVER, 0, "tcp", "other", 5);
	assert_string_equal(snap->flying[0].comm, "other");
	check(&snap->flying[1], 100, RT_ROLE_SERVER, 1, "http", "GET /a", 1);
	snapshot__free(snap);
}

static void none_is_none(void **state)
{
	struct rig *rig = *state;
	struct snapshot *snap;

	rig_exchange(rig, TIMES, IDLE, .in = GET, .out = OK2);
	snap = snap_of(rig, 0);
	assert_int_equal(snap->flying_len, 0);
	snapshot__free(snap);
}

static void answers_end_it(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .seq = 1, UNANSWERED, .in = GET);
	assert_int_equal(model__totals(rig->m).in_flight, 1);
	assert_int_equal(rig_pending_len(rig), 0);
	rig_exchange(rig, .seq = 1, TIMES, .in = GET, .out = OK2);
	assert_int_equal(model__totals(rig->m).in_flight, 0);
	r = rig_request(rig);
	assert_string_equal(r->status, "200");
	assert_int_equal(r->end, 1900);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
}

/* The kernel had no room for its own record: it is in a summary, and what made
 * it known does not count it again. */
static void news_alone_is_no_request(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .seq = 1, UNANSWERED, .in = GET);
	rig_exchange(rig, .seq = 2, UNANSWERED, .in = GET);
	assert_int_equal(model__totals(rig->m).in_flight, 1);
	rig_close(rig, .time = 5000);
	assert_int_equal(model__totals(rig->m).in_flight, 0);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
	assert_int_equal(model__totals(rig->m).unanswered, 0);
}

/* Late news is none: the exchange has its own record, or gets it. */
static void late_news_changes_nothing(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .seq = 3, TIMES, .in = GET, .out = OK2);
	rig_exchange(rig, .seq = 2, UNANSWERED, .in = GET);
	assert_int_equal(model__totals(rig->m).in_flight, 0);
	rig_exchange(rig, .seq = 2, TIMES, .in = GET, .out = OK2);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 2);
}

static void aborted_after_the_news(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .seq = 1, UNANSWERED, .in = GET);
	rig_exchange(rig, .seq = 1, .flags = RT_EX_NO_RESPONSE, .arrive = 1000,
		     .first_recv = 1100, .ended = 4000, .end = RT_END_CLOSE,
		     .in = GET);
	rig_close(rig, .time = 4000);
	assert_string_equal(rig_request(rig)->status, "aborted");
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
}

/* What asks for a stream is one when it is answered, unless it is refused. */
static void streams_begin_with_the_answer(void **state)
{
	static const char subscribe[] = "*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n";
	struct rig *rig = *state;

	rig_exchange(rig, .seq = 1, UNANSWERED, .in = subscribe);
	assert_int_equal(rig_left(rig, CALL_STREAM), 0);
	assert_int_equal(model__totals(rig->m).in_flight, 1);
	rig_exchange(rig, .seq = 1, TIMES, .in = subscribe,
		     .out = "-NOAUTH Authentication required.\r\n");
	assert_int_equal(rig_left(rig, CALL_STREAM), 0);
	assert_string_equal(rig_request(rig)->status, "NOAUTH");
	rig_exchange(rig, .seq = 2, TIMES, .in = GET, .out = OK2);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 1);
}

/* The body that a 100 (Continue) asked for, and that takes its time. */
static void joined_requests_fly_once(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .seq = 1, TIMES,
		     .in = "PUT /a HTTP/1.1\r\nExpect: 100-continue\r\n"
			   "Content-Length: 2\r\n\r\n",
		     .out = "HTTP/1.1 100 Continue\r\n\r\n");
	assert_int_equal(model__totals(rig->m).in_flight, 1);
	for (int i = 0; i < 2; i++) {
		rig_exchange(rig, .seq = 2, UNANSWERED, .in = "hi");
		assert_int_equal(model__totals(rig->m).in_flight, 1);
	}
	rig_exchange(rig, .seq = 2, .first_recv = 2000, .first_send = 3000,
		     .in = "hi", .out = OK2);
	r = rig_request(rig);
	assert_string_equal(r->operation, "PUT /a");
	assert_string_equal(r->status, "200");
	assert_int_equal(r->begin, 1000);
	assert_int_equal(r->end, 3000);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
}

static int refuse(void *arg, const struct sink_in_flight *f)
{
	(void)f;
	++*(int *)arg;
	return -EPIPE;
}

static void an_error_ends_the_walk(void **state)
{
	struct rig *rig = *state;
	int calls = 0;

	for (uint64_t i = 1; i <= 3; i++)
		rig_exchange(rig, .cookie = i, UNANSWERED, .in = GET);
	assert_int_equal(model__each_in_flight(rig->m, refuse, &calls), -EPIPE);
	assert_int_equal(calls, 1);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(they_are_counted_by_what_they_are),
		T(they_are_bounded),
		T(none_is_none),
		T(answers_end_it),
		T(news_alone_is_no_request),
		T(late_news_changes_nothing),
		T(aborted_after_the_news),
		T(streams_begin_with_the_answer),
		T(joined_requests_fly_once),
		T(an_error_ends_the_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
