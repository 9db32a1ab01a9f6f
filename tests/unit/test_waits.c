/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting that belongs to no exchange: accept queues, and threads at large. */
#include "stats_rig.h"

#include <stdlib.h>

#include "stats/names.h"
#include "stats/threads.h"

static void accepted(struct stats *s, uint64_t cookie, uint32_t pid,
		     uint64_t wait)
{
	struct sink_conn c = conn_event(SINK_CONN_ACCEPTED, cookie);

	c.pid = pid;
	c.accept_queue = wait;
	tell_conn(s, &c);
}

static void accept_queues_are_of_who_accepts(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct sink_conn open = conn_event(SINK_CONN_OPENED, 1);
	const struct snapshot_port *port;
	struct snapshot *snap;

	(void)state;
	tell_process(s, PID, "master", false);
	tell_process(s, PID + 1, "worker", false);
	tell_conn(s, &open);
	accepted(s, 1, PID + 1, 3 * MS);
	accepted(s, 2, PID + 1, 5 * MS);
	accepted(s, 3, PID, 1 * MS);
	for (int round = 0; round < 2; round++) {
		snap = snap_now(s);
		assert_int_equal(snap->ports_len, 2);
		port = find_port(snap, PID);
		assert_int_equal(port->accept_queue.count, 1);
		assert_int_equal(port->opened, 1);
		port = find_port(snap, PID + 1);
		assert_string_equal(port->comm, "worker");
		assert_int_equal(port->accept_queue.count, 2);
		assert_int_equal(port->accept_queue.sum, 8 * MS);
		/* Accepting opens nothing. */
		assert_int_equal(port->opened, 0);
		assert_int_equal(port->active, 0);
		assert_false(port->listens);
		assert_int_equal(snap->conns_open_total, 1);
		snapshot__free(snap);
	}
	stats__free(s);
}

static void listener(struct stats *s, const struct sink_listener *l)
{
	struct model_sink sink = stats__sink(s);

	assert_int_equal(sink.listener(sink.ctx, l), 0);
}

static void expect_backlog(struct stats *s, uint32_t pid, uint32_t now,
			   uint32_t max, uint32_t limit)
{
	struct snapshot *snap = snap_now(s);
	const struct snapshot_port *port = find_port(snap, pid);

	assert_non_null(port);
	assert_true(port->listens);
	assert_int_equal(port->role, RT_ROLE_SERVER);
	assert_int_equal(port->port, 80);
	assert_int_equal(port->backlog, now);
	assert_int_equal(port->backlog_max, max);
	assert_int_equal(port->backlog_limit, limit);
	snapshot__free(snap);
}

static void listeners_have_a_row(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct sink_listener l = {.cookie = 7,
				  .pid = PID,
				  .port = 80,
				  .depth = 3,
				  .max_depth = 9,
				  .limit = 128};

	(void)state;
	listener(s, &l);
	expect_backlog(s, PID, 3, 9, 128);
	l.depth = 1;
	listener(s, &l);
	expect_backlog(s, PID, 1, 9, 128);
	/* Of two sockets on a port: the sums. */
	l.cookie = 8;
	l.depth = 20;
	l.max_depth = 20;
	listener(s, &l);
	listener(s, &l);
	expect_backlog(s, PID, 21, 29, 256);
	/* One went to a worker. */
	l.pid = PID + 1;
	listener(s, &l);
	expect_backlog(s, PID, 1, 9, 128);
	expect_backlog(s, PID + 1, 20, 20, 128);
	stats__free(s);
}

static void listeners_without_room_are_nobody_s(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 2, 0);
	struct snapshot *snap;

	(void)state;
	for (uint32_t i = 1; i <= 5; i++) {
		const struct sink_listener l = {.cookie = i,
						.pid = i,
						.port = 80,
						.depth = 1,
						.limit = 5};

		listener(s, &l);
		accepted(s, i, i, MS);
	}
	snap = snap_now(s);
	assert_int_equal(snap->ports_len, 3);
	assert_int_equal(snap->ports[0].pid, 0);
	assert_false(snap->ports[0].listens);
	assert_int_equal(snap->ports[0].accept_queue.count, 3);
	assert_int_equal(snap->ports[1].backlog_limit, 5);
	assert_int_equal(snap->ports[2].backlog_limit, 5);
	assert_int_equal(counter(snap, "ports_folded"), 3);
	snapshot__free(snap);
	stats__free(s);
}

/* Two ports, but three sockets on them. */
static void listeners_are_bounded(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 2, 0);
	struct sink_listener l = {
		.pid = PID, .port = 80, .depth = 1, .limit = 5};
	struct snapshot *snap;

	(void)state;
	for (l.cookie = 1; l.cookie <= 3; l.cookie++)
		listener(s, &l);
	expect_backlog(s, PID, 2, 2, 10);
	/* One that is closed makes room. */
	l.time = 120 * MS;
	for (l.cookie = 2; l.cookie <= 3; l.cookie++)
		listener(s, &l);
	snapshot__free(snap_interval(s, NULL, 0, 150 * MS));
	l.time = 170 * MS;
	for (l.cookie = 2; l.cookie <= 3; l.cookie++)
		listener(s, &l);
	snapshot__free(snap_interval(s, NULL, 0, 200 * MS));
	listener(s, &(struct sink_listener){.cookie = 3,
					    .time = 220 * MS,
					    .pid = PID,
					    .port = 80,
					    .depth = 4,
					    .limit = 5});
	snap = snap_interval(s, NULL, 0, 250 * MS);
	assert_int_equal(find_port(snap, PID)->backlog, 5);
	assert_int_equal(counter(snap, "ports_folded"), 3);
	snapshot__free(snap);
	stats__free(s);
}

static void expect_depth(struct snapshot *snap, uint32_t now, uint32_t max,
			 uint32_t limit)
{
	const struct snapshot_port *port = find_port(snap, PID);

	assert_true(port->listens);
	assert_int_equal(port->backlog, now);
	assert_int_equal(port->backlog_max, max);
	assert_int_equal(port->backlog_limit, limit);
	snapshot__free(snap);
}

/* Nobody tells of a socket that is closed. */
static void closed_listeners_hold_nothing(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct sink_listener l = {.cookie = 7,
				  .time = 90 * MS,
				  .pid = PID,
				  .port = 80,
				  .depth = 3,
				  .max_depth = 9,
				  .limit = 128};

	(void)state;
	listener(s, &l);
	l.cookie = 8;
	listener(s, &l);
	expect_depth(snap_interval(s, NULL, 0, 100 * MS), 6, 18, 256);
	/* A single record may have been lost; however often it is drawn. */
	l.time = 190 * MS;
	listener(s, &l);
	for (int i = 0; i < 3; i++)
		expect_depth(snap_interval(s, NULL, 0, 200 * MS), 6, 18, 256);
	l.time = 290 * MS;
	listener(s, &l);
	expect_depth(snap_interval(s, NULL, 0, 300 * MS), 3, 18, 128);
	expect_depth(snap_interval(s, NULL, 0, 400 * MS), 3, 18, 128);
	expect_depth(snap_interval(s, NULL, 0, 500 * MS), 0, 18, 256);
	/* The service is back, with another socket. */
	l.cookie = 9;
	l.time = 590 * MS;
	l.max_depth = 5;
	l.limit = 10;
	listener(s, &l);
	expect_depth(snap_interval(s, NULL, 0, 600 * MS), 3, 18, 10);
	stats__free(s);
}

/* The last report need not wait for a second silence. */
static void listeners_closed_before_the_end(void **state)
{
	static const struct stats_facts facts;
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct sink_listener l = {.cookie = 7,
				  .time = 90 * MS,
				  .pid = PID,
				  .port = 80,
				  .depth = 3,
				  .limit = 128};
	struct snapshot *snap;

	(void)state;
	listener(s, &l);
	l.cookie = 8;
	listener(s, &l);
	snapshot__free(snap_now(s));
	l.time = NOW + MS;
	listener(s, &l);
	assert_int_equal(stats__snapshot(s, &facts, NULL, NOW + 2 * MS, false,
					 true, &snap),
			 0);
	expect_depth(snap, 3, 6, 128);
	stats__free(s);
}

static void queues_of_several_ports_are_not_known(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 1, 0);
	struct sink_conn c = conn_event(SINK_CONN_OPENED, 1);
	const struct sink_listener l = {
		.cookie = 7, .pid = PID + 1, .port = 81, .limit = 5};
	struct snapshot *snap;

	(void)state;
	tell_conn(s, &c);
	listener(s, &l);
	snap = snap_now(s);
	assert_int_equal(snap->ports_len, 2);
	assert_int_equal(snap->ports[0].pid, 0);
	assert_false(snap->ports[0].listens);
	assert_int_equal(snap->ports[0].backlog_limit, 0);
	snapshot__free(snap);
	stats__free(s);
}

static struct sink_threads threads_of(uint32_t pid, const char *name,
				      uint64_t cpu, uint64_t poll)
{
	return (struct sink_threads){.pid = pid,
				     .name = name,
				     .living = 2,
				     .ended = 1,
				     .clock[RT_CLOCK_CPU] = cpu,
				     .clock[RT_CLOCK_POLL] = poll};
}

static void tell_threads(struct stats *s, const struct sink_threads *t)
{
	struct model_sink sink = stats__sink(s);

	assert_int_equal(sink.threads(sink.ctx, t), 0);
}

static void threads_by_process_and_time(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	static const char worker[] = "worker", timer[] = "timer";
	struct sink_threads t = threads_of(PID, timer, 1 * MS, 4 * MS);
	struct snapshot *snap;

	(void)state;
	tell_threads(s, &t);
	t = threads_of(PID, worker, 5 * MS, 1 * MS);
	tell_threads(s, &t);
	t = threads_of(PID - 1, timer, 0, 1 * MS);
	tell_threads(s, &t);
	tell_process(s, PID, "web", true);
	snap = snap_now(s);
	assert_int_equal(snap->threads_len, 3);
	assert_int_equal(snap->threads[0].pid, PID - 1);
	assert_string_equal(snap->threads[1].name, "worker");
	assert_string_equal(snap->threads[1].comm, "web");
	assert_string_equal(snap->threads[2].name, "timer");
	assert_int_equal(snap->threads[2].living, 2);
	assert_int_equal(snap->threads[2].ended, 1);
	assert_int_equal(snap->threads[2].clock[RT_CLOCK_CPU], 1 * MS);
	snapshot__free(snap);
	/* Totals replace those before. */
	t = threads_of(PID, timer, 2 * MS, 8 * MS);
	t.living = 0;
	t.ended = 3;
	tell_threads(s, &t);
	snap = snap_now(s);
	assert_int_equal(snap->threads_len, 3);
	assert_string_equal(snap->threads[1].name, "timer");
	assert_int_equal(snap->threads[1].living, 0);
	assert_int_equal(snap->threads[1].ended, 3);
	assert_int_equal(snap->threads[1].clock[RT_CLOCK_POLL], 8 * MS);
	assert_int_equal(counter(snap, "threads_folded"), 0);
	snapshot__free(snap);
	stats__free(s);
}

/* Rows: (1, a) and (1, b). Added up: (1, c), (1, d); and (2, e), (3, f) of
 * processes that have no row. Not kept: (1, g). */
static void names_of_threads_are_bounded(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g"};
	static const uint32_t pids[] = {1, 1, 1, 1, 2, 3, 1};
	struct snapshot_threads *list;
	struct threads ts;
	bool has_row;
	size_t len;

	(void)state;
	thread_list__init(&ts);
	assert_int_equal(ts.rows, THREADS_ROWS);
	assert_int_equal(ts.kept, THREADS_KEPT);
	ts.rows = 2;
	ts.kept = 6;
	for (uint64_t round = 1; round <= 2; round++)
		for (size_t i = 0; i < 7; i++) {
			struct sink_threads t = threads_of(pids[i], names[i],
							   round * (i + 1), 0);

			assert_int_equal(thread_list__set(&ts, &t, &has_row),
					 0);
			assert_int_equal(has_row, round == 1 && i < 2);
		}
	assert_int_equal(thread_list__list(&ts, &list, &len), 0);
	assert_int_equal(len, 4);
	assert_int_equal(list[0].pid, 0);
	assert_ptr_equal(list[0].name, name_other);
	assert_int_equal(list[0].clock[RT_CLOCK_CPU], 2 * (5 + 6));
	assert_int_equal(list[0].living, 4);
	assert_int_equal(list[1].pid, 1);
	assert_ptr_equal(list[1].name, name_other);
	assert_int_equal(list[1].clock[RT_CLOCK_CPU], 2 * (3 + 4));
	assert_int_equal(list[1].ended, 2);
	assert_string_equal(list[2].name, "b");
	assert_string_equal(list[3].name, "a");
	assert_int_equal(list[3].clock[RT_CLOCK_CPU], 2);
	assert_int_equal(ts.folded, 4 + 2); /* g each time */
	free(list);
	thread_list__free(&ts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accept_queues_are_of_who_accepts),
		cmocka_unit_test(listeners_have_a_row),
		cmocka_unit_test(listeners_without_room_are_nobody_s),
		cmocka_unit_test(listeners_are_bounded),
		cmocka_unit_test(closed_listeners_hold_nothing),
		cmocka_unit_test(listeners_closed_before_the_end),
		cmocka_unit_test(queues_of_several_ports_are_not_known),
		cmocka_unit_test(threads_by_process_and_time),
		cmocka_unit_test(names_of_threads_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
