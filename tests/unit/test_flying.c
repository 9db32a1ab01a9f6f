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
		T(an_error_ends_the_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
