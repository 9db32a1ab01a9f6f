/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lives of connections and processes, bounds, and what the model passes on.
 * Exchanges have their own tests, in test_exchange.c.
 */
#include "model_rig.h"

#include <stdio.h>
#include <string.h>

#include "model/connection.h"
#include "model/operations.h"
#include "model/payload.h"

static void open_and_close(void **state)
{
	struct rig *rig = *state;
	const struct sink_conn *c;

	rig_open(rig, .time = 510, .established = 500, .tgid = 42);
	c = rig_conn_event(rig, SINK_CONN_OPENED);
	assert_int_equal(c->cookie, 7);
	assert_int_equal(c->pid, 42);
	assert_int_equal(c->role, RT_ROLE_SERVER);
	assert_int_equal(c->port, 80);
	assert_int_equal(c->local_port, 80);
	assert_int_equal(c->remote_port, 40000);
	assert_int_equal(c->remote_addr[15], 9);
	assert_int_equal(c->established, 500);
	assert_int_equal(c->time, 500);
	assert_false(c->joined || c->summarised);
	rig_close(rig, .time = 900, .bytes_in = 11, .bytes_out = 22);
	c = rig_conn_event(rig, SINK_CONN_CLOSED);
	assert_int_equal(c->time, 900);
	assert_int_equal(c->established, 500);
	assert_int_equal(c->bytes_in, 11);
	assert_int_equal(c->bytes_out, 22);
	assert_int_equal(c->pid, 42);
}

static void client_port_is_the_remote_one(void **state)
{
	struct rig *rig = *state;

	rig_open(rig, .role = RT_ROLE_CLIENT, .port = 5432, .time = 1);
	assert_int_equal(rig_conn_event(rig, SINK_CONN_OPENED)->port, 5432);
}

static void joined_connection(void **state)
{
	struct rig *rig = *state;
	const struct sink_conn *c;

	rig_open(rig, .time = 510, .peer_flags = RT_PEER_JOINED);
	c = rig_conn_event(rig, SINK_CONN_JOINED);
	assert_true(c->joined);
	assert_int_equal(c->established, 0);
	assert_int_equal(c->time, 510);
}

static void summarised_opening(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, TIMES, .peer_flags = RT_PEER_OPEN_SUMMARISED,
		     .in = GET, .out = OK2);
	assert_true(rig_conn_event(rig, SINK_CONN_OPENED)->summarised);
}

static void any_record_creates_a_connection_once(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, TIMES, .in = GET, .out = OK2);
	rig_open(rig, .time = 990);
	rig_conn_event(rig, SINK_CONN_OPENED);
	rig_request(rig);
	assert_int_equal(rig_left(rig, CALL_CONN), 0);
	rig_close(rig, .cookie = 8, .time = 3000);
	rig_conn_event(rig, SINK_CONN_OPENED);
	rig_conn_event(rig, SINK_CONN_CLOSED);
}

static void second_close_is_ignored(void **state)
{
	struct rig *rig = *state;

	rig_close(rig, .time = 1000);
	rig_close(rig, .time = 1001);
	rig_open(rig, .time = 999);
	assert_int_equal(rig_left(rig, CALL_CONN), 2);
}

static void closed_entry_lingers_for_two_seconds(void **state)
{
	struct rig *rig = *state;
	const uint64_t close = 1000;

	rig_close(rig, .time = close);
	rig_mark(rig, RT_REC_TICK, close + CONNECTION_LINGER_NS);
	rig_exchange(rig, TIMES, .in = GET, .out = OK2);
	assert_int_equal(rig_left(rig, CALL_CONN), 2);
	rig_mark(rig, RT_REC_TICK, close + CONNECTION_LINGER_NS + 1);
	rig_exchange(rig, TIMES, .seq = 1, .in = GET, .out = OK2);
	assert_int_equal(rig_left(rig, CALL_CONN), 3);
}

static void closed_entries_are_bounded(void **state)
{
	struct rig *rig = *state;

	for (unsigned i = 1; i <= CONNECTIONS_CLOSED_MAX + 2; i++)
		rig_close(rig, .cookie = i, .time = 1000);
	rig->read = rig->len;
	rig_exchange(rig, .cookie = CONNECTIONS_CLOSED_MAX + 2, TIMES,
		     .in = GET, .out = OK2);
	assert_int_equal(rig_left(rig, CALL_CONN), 0);
	rig_exchange(rig, .cookie = 1, TIMES, .in = GET, .out = OK2);
	assert_int_equal(rig_left(rig, CALL_CONN), 1);
}

static void unknown_role_is_introduced_when_known(void **state)
{
	struct rig *rig = *state;

	rig_open(rig, .unknown_role = true, .time = 1);
	assert_int_equal(rig_left(rig, CALL_CONN), 0);
	rig_exchange(rig, .unknown_role = true, .first_send = 10,
		     .first_recv = 20, .in = OK2, .out = GET);
	assert_int_equal(rig_conn_event(rig, SINK_CONN_OPENED)->role,
			 RT_ROLE_CLIENT);
	rig_open(rig, .cookie = 8, .unknown_role = true, .time = 1);
	rig_close(rig, .cookie = 8, .unknown_role = true, .time = 2);
	assert_int_equal(rig_conn_event(rig, SINK_CONN_OPENED)->role,
			 RT_ROLE_UNKNOWN);
	rig_conn_event(rig, SINK_CONN_CLOSED);
}

static void connection_moves_to_the_process_that_serves(void **state)
{
	struct rig *rig = *state;
	const struct sink_conn *c;

	rig_open(rig, .time = 500, .tgid = 1);
	rig_exchange(rig, .seq = 1, .tgid = 2, TIMES, .in = GET, .out = OK2);
	rig_exchange(rig, .seq = 2, .tgid = 2, TIMES, .in = GET, .out = OK2);
	rig_close(rig, .time = 9000, .tgid = 2);
	rig_conn_event(rig, SINK_CONN_OPENED);
	c = rig_conn_event(rig, SINK_CONN_MOVED);
	assert_int_equal(c->old_pid, 1);
	assert_int_equal(c->pid, 2);
	assert_int_equal(rig_request(rig)->pid, 2);
	assert_int_equal(rig_conn_event(rig, SINK_CONN_CLOSED)->pid, 2);
}

/* Who finishes an exchange does not own it. */
static void finisher_does_not_move_the_connection(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .tgid = 2, .last_tgid = 3, TIMES, .in = GET,
		     .out = OK2);
	assert_int_equal(rig_request(rig)->pid, 2);
	rig->read = 0;
	assert_int_equal(rig_left(rig, CALL_CONN), 1);
}

static void late_exchange_does_not_move_a_closed_connection(void **state)
{
	struct rig *rig = *state;

	rig_close(rig, .time = 1000, .tgid = 1);
	rig_exchange(rig, .tgid = 2, TIMES, .in = GET, .out = OK2);
	assert_int_equal(rig_left(rig, CALL_CONN), 2);
	assert_int_equal(rig_request(rig)->pid, 2);
}

static void process_is_introduced_before_its_requests(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .tgid = 55, TIMES, .in = GET, .out = OK2);
	assert_int_equal(rig->calls[0].kind, CALL_PROCESS);
	assert_int_equal(rig->calls[0].process.pid, 55);
	assert_string_equal(rig->calls[0].process.comm, "?");
	assert_string_equal(rig->calls[0].process.exe, "");
	assert_string_equal(rig->calls[0].process.service, "");
}

static const struct sink_process *process(struct rig *rig)
{
	return &rig_next(rig, CALL_PROCESS)->process;
}

static void process_life(void **state)
{
	struct rig *rig = *state;
	const struct sink_process *p;

	rig_proc(rig, 10, 1, "master", "/usr/bin/m", "web");
	p = process(rig);
	assert_string_equal(p->comm, "master");
	assert_string_equal(p->exe, "/usr/bin/m");
	assert_string_equal(p->service, "web");
	assert_int_equal(p->ppid, 1);
	rig_process(rig, RT_REC_FORK, 11, 10, "master");
	p = process(rig);
	assert_int_equal(p->pid, 11);
	assert_int_equal(p->ppid, 10);
	assert_string_equal(p->comm, "master");
	assert_string_equal(p->exe, "/usr/bin/m");
	assert_string_equal(p->service, "web");
	rig_process(rig, RT_REC_EXEC, 11, 10, "worker");
	p = process(rig);
	assert_string_equal(p->comm, "worker");
	assert_string_equal(p->exe, "");
	rig_proc(rig, 11, 10, "worker", "/usr/bin/w", "jobs");
	assert_string_equal(process(rig)->exe, "/usr/bin/w");
	rig_process(rig, RT_REC_EXIT, 11, 10, "worker");
	p = process(rig);
	assert_true(p->exited);
	assert_string_equal(p->exe, "/usr/bin/w");
}

static void resources_live_with_their_process(void **state)
{
	struct rig *rig = *state;
	const struct sink_process *p;

	rig_proc_resource(rig, 10, 1, "m", "/m", "web", "a=b\nc=d", "77");
	p = process(rig);
	assert_string_equal(p->resource, "a=b\nc=d");
	assert_int_equal(p->started, 77);
	/* A child runs the same program, but started later. */
	rig_process(rig, RT_REC_FORK, 11, 10, "m");
	p = process(rig);
	assert_string_equal(p->resource, "a=b\nc=d");
	assert_int_equal(p->started, 0);
	rig_proc_resource(rig, 11, 10, "m", "/m", "web", "a=b", "78");
	p = process(rig);
	assert_string_equal(p->resource, "a=b");
	assert_int_equal(p->started, 78);
	rig_process(rig, RT_REC_EXEC, 11, 10, "x");
	p = process(rig);
	assert_string_equal(p->resource, "");
	assert_int_equal(p->started, 0);
}

/* A record of a zombie's connection has /proc read again. */
static void a_zombie_keeps_its_service(void **state)
{
	struct rig *rig = *state;
	const struct sink_process *p;

	rig_proc_resource(rig, 10, 1, "m", "/m", "web", "a=b", "77");
	rig_process(rig, RT_REC_EXIT, 10, 1, "m");
	rig_proc_resource(rig, 10, 1, "m", "", "m", "", "77");
	process(rig);
	process(rig);
	p = process(rig);
	assert_true(p->exited);
	assert_string_equal(p->exe, "/m");
	assert_string_equal(p->service, "web");
}

static void reused_pid_is_a_new_life(void **state)
{
	struct rig *rig = *state;
	const struct sink_process *p;

	rig_proc(rig, 11, 1, "old", "/old", "old");
	rig_process(rig, RT_REC_EXIT, 11, 1, "old");
	rig_process(rig, RT_REC_FORK, 11, 2, "new");
	process(rig);
	process(rig);
	p = process(rig);
	assert_false(p->exited);
	assert_string_equal(p->comm, "new");
	assert_string_equal(p->exe, "");
	assert_int_equal(p->ppid, 2);
}

/* /proc may be read after the process has gone. */
static void names_do_not_revive_a_process(void **state)
{
	struct rig *rig = *state;
	const struct sink_process *p;

	rig_process(rig, RT_REC_FORK, 11, 1, "x");
	process(rig);
	rig_process(rig, RT_REC_EXIT, 11, 1, "x");
	rig_proc(rig, 11, 0, "x", "/x", "");
	assert_true(process(rig)->exited);
	p = process(rig);
	assert_true(p->exited);
	assert_int_equal(p->ppid, 1);
}

static void hostile_names_are_cleaned(void **state)
{
	struct rig *rig = *state;
	const struct sink_process *p;

	rig_proc(rig, 11, 1, "\x1b[31mevil", "/tmp/\xff\n",
		 "a\xe2\x80\xae"
		 "b");
	p = process(rig);
	assert_string_equal(p->comm, "?[31mevil");
	assert_string_equal(p->exe, "/tmp/??");
	assert_string_equal(p->service, "a???b");
}

static void processes_are_bounded(void **state)
{
	struct rig *rig = *state;

	rig_process(rig, RT_REC_FORK, 1, 0, "first");
	rig_process(rig, RT_REC_EXIT, 2, 0, "gone");
	for (unsigned pid = 3; pid <= RT_MAX_PROCESSES + 1; pid++)
		rig_process(rig, RT_REC_FORK, pid, 1, "x");
	rig_summary(rig, 1);
	assert_string_equal(rig_next(rig, CALL_SUMMARY)->comm, "first");
	rig_summary(rig, 2);
	assert_string_equal(rig_next(rig, CALL_SUMMARY)->comm, "?");
}

static void summary_comes_with_its_name(void **state)
{
	struct rig *rig = *state;

	rig_proc(rig, 11, 1, "nginx", "/x", "");
	rig_summary(rig, 11);
	assert_string_equal(rig_next(rig, CALL_SUMMARY)->comm, "nginx");
}

static const char *operation_of(struct rig *rig, uint32_t seq, uint16_t port,
				const char *request)
{
	rig_exchange(rig, .cookie = port, .seq = seq, .port = port, TIMES,
		     .in = request, .out = OK2);
	return rig_request(rig)->operation;
}

static void operations_are_bounded_by_port(void **state)
{
	struct rig *rig = *state;
	char request[64];
	uint32_t seq = 0;

	for (int a = 'a'; a < 'a' + OPERATIONS_PER_PORT / 20; a++) {
		for (int b = 'a'; b < 'a' + 20; b++) {
			snprintf(request, sizeof(request),
				 "GET /%c%c HTTP/1.1\r\n\r\n", a, b);
			assert_string_not_equal(
				operation_of(rig, seq++, 80, request),
				"GET other");
		}
	}
	assert_string_equal(
		operation_of(rig, seq++, 80, "GET /zz HTTP/1.1\r\n\r\n"),
		"GET other");
	assert_string_equal(
		operation_of(rig, seq++, 80, "PUT /zz HTTP/1.1\r\n\r\n"),
		"PUT other");
	assert_string_equal(
		operation_of(rig, seq++, 80, "*1\r\n$4\r\nPING\r\n"), "other");
	assert_string_equal(
		operation_of(rig, seq++, 80, "GET /aa HTTP/1.1\r\n\r\n"),
		"GET /aa");
	assert_string_equal(
		operation_of(rig, seq, 81, "GET /zz HTTP/1.1\r\n\r\n"),
		"GET /zz");
}

static void equal_operations_have_one_address(void **state)
{
	struct rig *rig = *state;
	const char *one = operation_of(rig, 1, 80, GET);

	assert_ptr_equal(one, operation_of(rig, 1, 81, GET));
}

static void statuses_are_bounded(void **state)
{
	struct rig *rig = *state;
	char response[64];

	for (int i = 0; i <= OPERATIONS_STATUSES_PER_PORT; i++) {
		const char *status;

		snprintf(response, sizeof(response),
			 "HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n", 300 + i);
		rig_exchange(rig, .seq = i, TIMES, .in = GET, .out = response);
		status = rig_request(rig)->status;
		if (i < OPERATIONS_STATUSES_PER_PORT)
			assert_string_not_equal(status, "other");
		else
			assert_string_equal(status, "other");
	}
}

static void connections_are_bounded(void **state)
{
	struct rig *rig = *state;

	/* The oldest has traffic, so the one after it must go. */
	rig_open(rig, .cookie = 1, .time = 1, .tgid = 1);
	for (uint64_t i = 2; i <= CONNECTIONS_MAX; i++) {
		rig_open(rig, .cookie = i, .time = 1);
		rig->len = 0;
	}
	rig_open(rig, .cookie = CONNECTIONS_MAX + 1, .time = 1);
	assert_int_equal(model__totals(rig->m).forgotten, 1);
	rig_exchange(rig, .cookie = 2, TIMES, .in = GET, .out = OK2);
	rig_open(rig, .cookie = CONNECTIONS_MAX + 2, .time = 1);
	assert_int_equal(model__totals(rig->m).forgotten, 2);
	rig->len = rig->read = 0;
	rig_close(rig, .cookie = 2, .time = 9);
	assert_int_equal(rig_left(rig, CALL_CONN), 1);
	rig_close(rig, .cookie = 3, .time = 9);
	assert_int_equal(rig_left(rig, CALL_CONN), 3);
}

/* What was open on a connection that is given up still counts. */
static void forgotten_connection_settles_its_request(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .cookie = 1, TIMES, .flags = RT_EX_PROVISIONAL,
		     .in = GET, .out = OK2);
	for (uint64_t i = 2; i <= CONNECTIONS_MAX; i++) {
		rig_open(rig, .cookie = i, .time = 1);
		rig->len = 0;
	}
	for (uint64_t i = 2; i <= CONNECTIONS_MAX; i++) {
		rig_open(rig, .cookie = i, .time = 1);
	}
	rig_open(rig, .cookie = CONNECTIONS_MAX + 1, .time = 1);
	assert_string_equal(rig_request(rig)->operation, "GET /a");
	assert_int_equal(rig_pending_len(rig), 0);
}

static void payload_is_bounded(void **state)
{
	struct payloads ps;
	static uint8_t bytes[RT_DATA_CHUNK];
	struct rt_data data = {.offset = RT_REQUEST_CAP, .len = sizeof(bytes)};
	const uint64_t n = 2 * (PAYLOADS_MAX / RT_DATA_CHUNK);

	(void)state;
	payloads__init(&ps);
	for (data.cookie = 1; data.cookie <= n; data.cookie++) {
		assert_int_equal(payloads__add(&ps, &data, bytes), 0);
		assert_true(ps.used <= PAYLOADS_MAX);
	}
	assert_null(payloads__find(&ps, 1, 0));
	assert_non_null(payloads__find(&ps, n, 0));
	for (data.cookie = n; data.offset < 2 * RT_DATA_MAX;
	     data.offset += data.len)
		assert_int_equal(payloads__add(&ps, &data, bytes), 0);
	assert_int_equal(payloads__find(&ps, n, 0)->len, RT_DATA_MAX);
	payloads__settle(&ps, n, UINT32_MAX);
	assert_non_null(payloads__find(&ps, n, 0));
	payloads__settle(&ps, n, 0);
	assert_null(payloads__find(&ps, n, 0));
	payloads__free(&ps);
	assert_int_equal(ps.used, 0);
}

static void marks_are_no_business_of_the_model(void **state)
{
	struct rig *rig = *state;

	rig_mark(rig, RT_REC_TICK, 5);
	rig_mark(rig, RT_REC_REPORT, 5);
	rig_mark(rig, RT_REC_END, 5);
	assert_int_equal(rig->len, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(open_and_close),
		T(client_port_is_the_remote_one),
		T(joined_connection),
		T(summarised_opening),
		T(any_record_creates_a_connection_once),
		T(second_close_is_ignored),
		T(closed_entry_lingers_for_two_seconds),
		T(closed_entries_are_bounded),
		T(unknown_role_is_introduced_when_known),
		T(connection_moves_to_the_process_that_serves),
		T(finisher_does_not_move_the_connection),
		T(late_exchange_does_not_move_a_closed_connection),
		T(process_is_introduced_before_its_requests),
		T(process_life),
		T(resources_live_with_their_process),
		T(a_zombie_keeps_its_service),
		T(reused_pid_is_a_new_life),
		T(names_do_not_revive_a_process),
		T(hostile_names_are_cleaned),
		T(processes_are_bounded),
		T(summary_comes_with_its_name),
		T(operations_are_bounded_by_port),
		T(equal_operations_have_one_address),
		T(statuses_are_bounded),
		T(connections_are_bounded),
		T(forgotten_connection_settles_its_request),
		cmocka_unit_test(payload_is_bounded),
		T(marks_are_no_business_of_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
