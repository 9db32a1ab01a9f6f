/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Accept queues, and what threads do: what the model makes of records that
 * belong to no exchange.
 */
#include "model_rig.h"

static void accept_tells_how_long_it_waited(void **state)
{
	struct rig *rig = *state;
	const struct sink_conn *c;

	rig_open(rig, .time = 510, .established = 500, .tgid = 42);
	rig_accept(rig, 7, 43, 800);
	assert_int_equal(rig_next(rig, CALL_PROCESS)->process.pid, 42);
	rig_conn_event(rig, SINK_CONN_OPENED);
	assert_int_equal(rig_next(rig, CALL_PROCESS)->process.pid, 43);
	c = rig_conn_event(rig, SINK_CONN_ACCEPTED);
	assert_int_equal(c->cookie, 7);
	assert_int_equal(c->pid, 43);
	assert_int_equal(c->port, 80);
	assert_int_equal(c->role, RT_ROLE_SERVER);
	assert_int_equal(c->time, 800);
	assert_int_equal(c->established, 500);
	assert_int_equal(c->accept_queue, 300);
	/* It moves with its first exchange, as ever. */
	rig_exchange(rig, .tgid = 43, TIMES, .in = GET, .out = OK2);
	c = rig_conn_event(rig, SINK_CONN_MOVED);
	assert_int_equal(c->old_pid, 42);
	assert_int_equal(c->accept_queue, 0);
}

static void accept_is_told_once(void **state)
{
	struct rig *rig = *state;

	rig_open(rig, .time = 510, .established = 500);
	rig_conn_event(rig, SINK_CONN_OPENED);
	rig_accept(rig, 7, 42, 800);
	rig_accept(rig, 7, 42, 900);
	assert_int_equal(rig_conn_event(rig, SINK_CONN_ACCEPTED)->time, 800);
	assert_int_equal(rig_left(rig, CALL_CONN), 0);
}

static void accept_of_unknown_beginning_is_not_told(void **state)
{
	struct rig *rig = *state;

	rig_accept(rig, 7, 42, 800);
	assert_int_equal(rig->len, 0);
	rig_open(rig, .cookie = 1, .time = 510, .peer_flags = RT_PEER_JOINED);
	rig_open(rig, .cookie = 2, .time = 510, .established = 500,
		 .peer_flags = RT_PEER_JOINED);
	rig_open(rig, .cookie = 3, .time = 510);
	rig_open(rig, .cookie = 4, .time = 510, .established = 500);
	rig_close(rig, .cookie = 4, .time = 700);
	rig->read = rig->len;
	for (uint64_t cookie = 1; cookie <= 4; cookie++)
		rig_accept(rig, cookie, 42, 800);
	assert_int_equal(rig_left(rig, CALL_CONN), 0);
}

static void accept_before_establishment_waited_for_nothing(void **state)
{
	struct rig *rig = *state;

	rig_open(rig, .time = 510, .established = 500);
	rig_conn_event(rig, SINK_CONN_OPENED);
	rig_accept(rig, 7, 0, 499);
	assert_int_equal(rig_conn_event(rig, SINK_CONN_ACCEPTED)->accept_queue,
			 0);
}

/* Who was accepted is a server; by nobody known, by who has it. */
static void accept_tells_the_role(void **state)
{
	struct rig *rig = *state;
	const struct sink_conn *c;

	rig_open(rig, .time = 510, .established = 500, .unknown_role = true,
		 .tgid = 42);
	assert_int_equal(rig_left(rig, CALL_CONN), 0);
	rig_accept(rig, 7, 0, 600);
	assert_int_equal(rig_conn_event(rig, SINK_CONN_OPENED)->role,
			 RT_ROLE_SERVER);
	c = rig_conn_event(rig, SINK_CONN_ACCEPTED);
	assert_int_equal(c->role, RT_ROLE_SERVER);
	assert_int_equal(c->pid, 42);
}

static void listener_comes_through(void **state)
{
	struct rig *rig = *state;
	const struct rt_listener listener = {
		.header.time = 1500,
		.cookie = 70,
		.tgid = 42,
		.depth = 3,
		.max_depth = 9,
		.limit = 128,
		.port = 8080,
	};
	const struct sink_listener *l;

	rig_listener(rig, &listener);
	assert_int_equal(rig_next(rig, CALL_PROCESS)->process.pid, 42);
	l = &rig_next(rig, CALL_LISTENER)->listener;
	assert_int_equal(l->cookie, 70);
	assert_int_equal(l->time, 1500);
	assert_int_equal(l->pid, 42);
	assert_int_equal(l->port, 8080);
	assert_int_equal(l->depth, 3);
	assert_int_equal(l->max_depth, 9);
	assert_int_equal(l->limit, 128);
}

static void threads_come_through(void **state)
{
	struct rig *rig = *state;
	struct rt_threads threads = {
		.tgid = 42, .living = 4, .ended = 2, .comm = "worker"};
	const struct sink_threads *t;
	const char *name;

	for (int i = 0; i < RT_CLOCKS; i++)
		threads.clock[i] = 100 + i;
	rig_threads(rig, &threads);
	assert_int_equal(rig_next(rig, CALL_PROCESS)->process.pid, 42);
	t = &rig_next(rig, CALL_THREADS)->threads;
	assert_int_equal(t->pid, 42);
	assert_string_equal(t->name, "worker");
	assert_int_equal(t->living, 4);
	assert_int_equal(t->ended, 2);
	for (int i = 0; i < RT_CLOCKS; i++)
		assert_int_equal(t->clock[i], 100 + i);
	name = t->name;
	rig_threads(rig, &threads);
	assert_ptr_equal(rig_next(rig, CALL_THREADS)->threads.name, name);
}

static void thread_names_are_cleaned(void **state)
{
	struct rig *rig = *state;
	struct rt_threads threads = {.tgid = 42, .comm = "a\x1b[2J\xff"};

	rig_threads(rig, &threads);
	assert_string_equal(rig_next(rig, CALL_THREADS)->threads.name,
			    "a?[2J?");
}

#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(accept_tells_how_long_it_waited),
		T(accept_is_told_once),
		T(accept_of_unknown_beginning_is_not_told),
		T(accept_before_establishment_waited_for_nothing),
		T(accept_tells_the_role),
		T(listener_comes_through),
		T(threads_come_through),
		T(thread_names_are_cleaned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
