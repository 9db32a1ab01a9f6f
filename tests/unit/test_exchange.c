/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exchange records in, requests out: durations, what settles an exchange,
 * protocols, waiting payload. One rule a test.
 */
#include "model_rig.h"

#include <errno.h>
#include <string.h>

static void server_times(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, TIMES, .in = GET, .out = OK2);
	r = rig_request(rig);
	assert_int_equal(r->begin, 1000);
	assert_int_equal(r->end, 1900);
	assert_int_equal(r->time_to_first_byte, 700);
	assert_int_equal(r->part[PART_RECEIVE_QUEUE], 100);
	assert_true(r->has_arrival && r->has_first_byte);
	assert_int_equal(r->pid, 100);
	assert_int_equal(r->tid, 101);
	assert_int_equal(r->port, 80);
	assert_int_equal(r->remote_port, 40000);
	assert_int_equal(r->remote_addr[15], 9);
	assert_int_equal(r->bytes_in, strlen(GET));
	assert_int_equal(r->bytes_out, strlen(OK2));
	assert_string_equal(r->protocol, "http");
	assert_string_equal(r->operation, "GET /a");
	assert_string_equal(r->status, "200");
	assert_int_equal(r->operations, 1);
	assert_int_equal(r->failed, 0);
	assert_int_equal(r->error, REQUEST_OK);
}

static void server_times_without_arrival(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .first_recv = 1100, .first_send = 1700, .in = GET,
		     .out = OK2);
	r = rig_request(rig);
	assert_int_equal(r->begin, 1100);
	assert_int_equal(r->end, 1700);
	assert_false(r->has_arrival);
	assert_int_equal(r->part[PART_RECEIVE_QUEUE], 0);
}

static void client_times(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .role = RT_ROLE_CLIENT, .port = 6379,
		     .first_send = 1000, .last_send = 1010, .arrive = 1500,
		     .first_recv = 1600, .last_recv = 1800, .out = GET,
		     .in = OK2);
	r = rig_request(rig);
	assert_int_equal(r->role, RT_ROLE_CLIENT);
	assert_int_equal(r->port, 6379);
	assert_int_equal(r->begin, 1000);
	assert_int_equal(r->end, 1800);
	assert_int_equal(r->time_to_first_byte, 600);
	assert_int_equal(r->part[PART_RECEIVE_QUEUE], 100);
	assert_true(r->has_arrival);
	assert_string_equal(r->operation, "GET /a");
	assert_string_equal(r->status, "200");
}

static void inverted_times_are_zero(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .arrive = 5000, .first_recv = 4000,
		     .first_send = 3000, .last_send = 2000, .in = GET,
		     .out = OK2);
	r = rig_request(rig);
	assert_int_equal(r->end - r->begin, 0);
	assert_int_equal(r->time_to_first_byte, 0);
	assert_int_equal(r->part[PART_RECEIVE_QUEUE], 0);
}

static void parts_do_not_exceed_the_whole(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .arrive = 1000, .first_recv = 9000,
		     .first_send = 8000, .last_send = 1500, .in = GET,
		     .out = OK2);
	r = rig_request(rig);
	assert_int_equal(r->end - r->begin, 500);
	assert_int_equal(r->time_to_first_byte, 500);
	assert_int_equal(r->part[PART_RECEIVE_QUEUE], 500);
}

static void unknown_role_is_told_by_who_speaks_first(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .cookie = 1, .unknown_role = true, TIMES, .in = GET,
		     .out = OK2);
	assert_int_equal(rig_request(rig)->role, RT_ROLE_SERVER);
	rig_exchange(rig, .cookie = 2, .unknown_role = true, .first_send = 10,
		     .first_recv = 20, .in = OK2, .out = GET);
	assert_int_equal(rig_request(rig)->role, RT_ROLE_CLIENT);
}

static void duplicates_are_ignored(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .seq = 5, TIMES, .in = GET, .out = OK2);
	rig_exchange(rig, .seq = 5, TIMES, .in = GET, .out = OK2);
	rig_exchange(rig, .seq = 5, .flags = RT_EX_PROVISIONAL, TIMES,
		     .in = GET, .out = OK2);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 1);
	assert_int_equal(rig_pending_len(rig), 0);
}

static void overtaken_exchange_counts_once(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .seq = 6, TIMES, .in = GET, .out = OK2);
	rig_exchange(rig, .seq = 5, TIMES, .in = GET, .out = OK2);
	rig_exchange(rig, .seq = 5, TIMES, .in = GET, .out = OK2);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 2);
}

/* Too far back to tell, so it must not count twice. */
static void long_overtaken_number_is_ignored(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .seq = 100, TIMES, .in = GET, .out = OK2);
	rig_exchange(rig, .seq = 1, TIMES, .in = GET, .out = OK2);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 1);
	rig_exchange(rig, .seq = 37, TIMES, .in = GET, .out = OK2);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 2);
}

static void numbers_wrap(void **state)
{
	struct rig *rig = *state;

	for (uint32_t seq = UINT32_MAX - 1; seq != 2; seq++)
		rig_exchange(rig, .seq = seq, TIMES, .in = GET, .out = OK2);
	rig_exchange(rig, .seq = UINT32_MAX, TIMES, .in = GET, .out = OK2);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 4);
}

static void overtaken_exchange_leaves_pending_alone(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .seq = 5, TIMES, .flags = RT_EX_PROVISIONAL,
		     .in = GET, .out = OK2);
	rig_exchange(rig, .seq = 4, .first_recv = 10, .first_send = 20,
		     .in = GET, .out = OK2);
	assert_int_equal(rig_request(rig)->end, 20);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
	assert_int_equal(rig_pending(rig)->end, 1900);
}

static void overtaken_request_phase_is_not_invented(void **state)
{
	struct rig *rig = *state;

	rig_close(rig, .time = 1000);
	rig_exchange(rig, .flags = RT_EX_NO_RESPONSE, .end = RT_END_STOP,
		     .first_recv = 900, .in = GET);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
	assert_int_equal(model__totals(rig->m).in_flight, 0);
}

static void provisional_is_pending(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .flags = RT_EX_PROVISIONAL, .end = RT_END_IDLE, TIMES,
		     .in = GET, .out = OK2);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
	assert_int_equal(rig_pending(rig)->end, 1900);
	assert_int_equal(model__totals(rig->m).in_flight, 0);
}

/* Its length is told by nothing but the end of the connection. */
#define UNFRAMED "HTTP/1.1 200 OK\r\n\r\nx"

static void later_record_replaces_provisional(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .flags = RT_EX_PROVISIONAL, .end = RT_END_IDLE, TIMES,
		     .in = GET, .out = UNFRAMED);
	rig_exchange(rig, .flags = RT_EX_PROVISIONAL, .end = RT_END_IDLE,
		     .first_recv = 1000, .first_send = 1700, .last_send = 2500,
		     .in = GET, .out = UNFRAMED);
	assert_int_equal(rig_pending(rig)->end, 2500);
	rig_exchange(rig, .first_recv = 1000, .first_send = 1700,
		     .last_send = 3000, .in = GET, .out = UNFRAMED);
	assert_int_equal(rig_request(rig)->end, 3000);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
	assert_int_equal(rig_pending_len(rig), 0);
}

/* A server's late "408 Request Timeout", after a whole answer. */
static void whole_answer_grows_no_more(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .flags = RT_EX_PROVISIONAL, .end = RT_END_IDLE, TIMES,
		     .in = GET, .out = OK2);
	rig_exchange(rig, .flags = RT_EX_PROVISIONAL, .end = RT_END_IDLE,
		     .first_recv = 1000, .first_send = 1700, .last_send = 9000,
		     .in = GET, .out = OK2 "HTTP/1.1 408 Late\r\n\r\n");
	assert_int_equal(rig_pending(rig)->end, 1900);
	/* And the client had left: it has its answer all the same. */
	rig_exchange(rig, .flags = RT_EX_UNACKED | RT_EX_PEER_CLOSED_FIRST,
		     .end = RT_END_RESET, .ended = 9001, .first_recv = 1000,
		     .first_send = 1700, .last_send = 9000, .in = GET,
		     .out = OK2 "HTTP/1.1 408 Late\r\n\r\n");
	r = rig_request(rig);
	assert_int_equal(r->error, REQUEST_OK);
	assert_int_equal(r->end, 1900);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
}

static void higher_number_settles_pending(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .seq = 1, .flags = RT_EX_PROVISIONAL,
		     .end = RT_END_IDLE, TIMES, .in = GET, .out = OK2);
	rig_exchange(rig, .seq = 4, .flags = RT_EX_PROVISIONAL,
		     .end = RT_END_IDLE, .first_recv = 5000, .first_send = 6000,
		     .in = GET, .out = OK2);
	assert_int_equal(rig_request(rig)->end, 1900);
	assert_int_equal(rig_pending(rig)->end, 6000);
}

static void close_settles_pending(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .flags = RT_EX_PROVISIONAL, .end = RT_END_IDLE, TIMES,
		     .in = GET, .out = OK2);
	rig_close(rig, .time = 9000);
	r = rig_request(rig);
	assert_int_equal(r->end, 1900);
	assert_int_equal(r->error, REQUEST_OK);
	rig_conn_event(rig, SINK_CONN_CLOSED);
	assert_int_equal(rig_pending_len(rig), 0);
}

static void late_exchange_finds_closed_connection(void **state)
{
	struct rig *rig = *state;

	rig_open(rig, .time = 500);
	rig_close(rig, .time = 2000);
	rig_exchange(rig, TIMES, .end = RT_END_CLOSE, .time = 1990, .in = GET,
		     .out = OK2);
	rig_request(rig);
	rig->read = 0;
	assert_int_equal(rig_left(rig, CALL_CONN), 2);
}

static void request_phase_at_stop_is_in_flight(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .flags = RT_EX_NO_RESPONSE, .end = RT_END_STOP,
		     .first_recv = 1000, .in = GET);
	assert_int_equal(model__totals(rig->m).in_flight, 1);
	assert_int_equal(rig_pending_len(rig), 0);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
}

static void partial_response_is_in_flight(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .flags = RT_EX_PROVISIONAL, .end = RT_END_IDLE, TIMES,
		     .in = GET, .out = PARTIAL);
	assert_int_equal(model__totals(rig->m).in_flight, 1);
	assert_int_equal(rig_pending_len(rig), 0);
}

static void unknown_framing_is_pending(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .flags = RT_EX_PROVISIONAL, .end = RT_END_STOP, TIMES,
		     .in = "\1\2\3", .out = "\4");
	assert_string_equal(rig_pending(rig)->protocol, "tcp");
	assert_int_equal(model__totals(rig->m).in_flight, 0);
}

static void protocol_may_change(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .seq = 1, TIMES, .in = GET, .out = OK2);
	assert_string_equal(rig_request(rig)->protocol, "http");
	rig_exchange(rig, .seq = 2, TIMES, .in = "*1\r\n$4\r\nPING\r\n",
		     .out = "+PONG\r\n");
	assert_string_equal(rig_request(rig)->protocol, "redis");
}

static void nonsense_is_timed_only(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .seq = 1, TIMES, .in = GET, .out = OK2);
	rig_request(rig);
	rig_exchange(rig, .seq = 2, TIMES, .in = "\1\2\3", .out = "\4");
	r = rig_request(rig);
	assert_string_equal(r->protocol, "tcp");
	assert_string_equal(r->operation, "");
	assert_string_equal(r->status, "");
	rig_exchange(rig, .seq = 3, TIMES, .in = GET, .out = OK2);
	assert_string_equal(rig_request(rig)->protocol, "http");
	rig_exchange(rig, .cookie = 8, .transport = RT_TRANSPORT_UNIX, TIMES,
		     .in = "\1\2\3", .out = "\4");
	assert_string_equal(rig_request(rig)->protocol, "unix");
}

static void unreadable_request_keeps_protocol(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .seq = 1, TIMES, .bytes_in = 9, .out = OK2,
		     .flags = RT_EX_REQUEST_UNREADABLE);
	r = rig_request(rig);
	assert_string_equal(r->protocol, "tcp");
	assert_string_equal(r->operation, "(not readable)");
	rig_exchange(rig, .seq = 2, TIMES, .in = GET, .out = OK2);
	rig_request(rig);
	rig_exchange(rig, .seq = 3, .flags = RT_EX_REQUEST_UNREADABLE, TIMES,
		     .bytes_in = 9, .out = OK2);
	assert_string_equal(rig_request(rig)->protocol, "http");
	rig_exchange(rig, .seq = 4, TIMES, .bytes_in = 9, .out = OK2,
		     .flags = RT_EX_REQUEST_UNREADABLE | RT_EX_PROVISIONAL);
	assert_int_equal(model__totals(rig->m).unreadable, 3);
}

static void fill_pings(char *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		memcpy(to + i * 14, "*1\r\n$4\r\nPING\r\n", 15);
}

static void data_records_complete_a_pipeline(void **state)
{
	struct rig *rig = *state;
	static char pings[14 * 1000 + 1];
	const struct request *r;

	fill_pings(pings, 1000);
	for (size_t at = RT_REQUEST_CAP; at < 14000; at += RT_DATA_CHUNK)
		rig_data(rig, 1, at, pings + at,
			 14000 - at < RT_DATA_CHUNK ? 14000 - at
						    : RT_DATA_CHUNK);
	rig_exchange(rig, .seq = 1, TIMES, .in = pings, .out = "+PONG\r\n");
	r = rig_request(rig);
	assert_int_equal(r->operations, 1000);
	assert_int_equal(model__totals(rig->m).uncounted, 0);
}

static void data_behind_a_gap_is_not_used(void **state)
{
	struct rig *rig = *state;
	static char pings[14 * 1000 + 1];

	fill_pings(pings, 1000);
	rig_data(rig, 1, RT_REQUEST_CAP, pings + RT_REQUEST_CAP, 100);
	rig_data(rig, 1, RT_REQUEST_CAP + 240, pings + RT_REQUEST_CAP + 240,
		 100);
	rig_exchange(rig, .seq = 1, TIMES, .in = pings, .out = "+PONG\r\n");
	rig_close(rig, .time = 4000);
	assert_in_range(rig_request(rig)->operations, 20, 26);
	assert_int_equal(model__totals(rig->m).uncounted, 1);
}

static void data_stays_until_the_exchange_is_final(void **state)
{
	struct rig *rig = *state;
	static char pings[14 * 100 + 1];

	fill_pings(pings, 100);
	rig_data(rig, 1, RT_REQUEST_CAP, pings + RT_REQUEST_CAP,
		 1400 - RT_REQUEST_CAP);
	rig_exchange(rig, .seq = 1, TIMES, .flags = RT_EX_PROVISIONAL,
		     .in = pings, .out = "+PONG\r\n");
	rig_exchange(rig, .seq = 1, TIMES, .in = pings, .out = "+PONG\r\n");
	assert_int_equal(rig_request(rig)->operations, 100);
	/* Of another exchange: nothing of the former may be left. */
	rig_exchange(rig, .seq = 2, TIMES, .in = pings, .out = "+PONG\r\n");
	rig_close(rig, .time = 4000);
	assert_in_range(rig_request(rig)->operations, 17, 19);
}

static void data_of_the_next_exchange_replaces(void **state)
{
	struct rig *rig = *state;
	static char pings[14 * 100 + 1];

	fill_pings(pings, 100);
	rig_data(rig, 1, RT_REQUEST_CAP, "nothing", 7);
	rig_data(rig, 2, RT_REQUEST_CAP, pings + RT_REQUEST_CAP,
		 1400 - RT_REQUEST_CAP);
	/* Of an exchange that is over. */
	rig_data(rig, 1, RT_REQUEST_CAP, "nothing", 7);
	rig_exchange(rig, .seq = 2, TIMES, .in = pings, .out = "+PONG\r\n");
	assert_int_equal(rig_request(rig)->operations, 100);
}

/* A short first capture: the record's head and the data overlap. */
static void data_may_overlap_the_head(void **state)
{
	struct rig *rig = *state;
	static char pings[14 * 100 + 1];

	fill_pings(pings, 100);
	rig_data(rig, 1, 100, pings + 100, 1300);
	rig_exchange(rig, .seq = 1, TIMES, .in = pings, .out = "+PONG\r\n");
	assert_int_equal(rig_request(rig)->operations, 100);
}

static void chunked_answer_ends_with_its_tail(void **state)
{
	struct rig *rig = *state;
	static const char head[] =
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9999\r\n";

	rig_exchange(rig, TIMES, .flags = RT_EX_PROVISIONAL, .in = GET,
		     .out = head, .bytes_out = 30000, .tail = "abcdefgh");
	assert_int_equal(model__totals(rig->m).in_flight, 1);
	rig_exchange(rig, TIMES, .flags = RT_EX_PROVISIONAL, .in = GET,
		     .out = head, .bytes_out = 40000, .tail = "a\r\n0\r\n\r\n");
	assert_int_equal(model__totals(rig->m).in_flight, 0);
	assert_int_equal(rig_pending_len(rig), 1);
}

static void sink_error_ends_the_run(void **state)
{
	struct rig *rig = *state;

	rig_open(rig, .time = 1);
	rig->refuse = -EIO;
	assert_int_equal(rig_try_exchange(rig, &(struct ex){TIMES, .in = GET,
							    .out = OK2}),
			 -EIO);
}

#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(server_times),
		T(server_times_without_arrival),
		T(client_times),
		T(inverted_times_are_zero),
		T(parts_do_not_exceed_the_whole),
		T(unknown_role_is_told_by_who_speaks_first),
		T(duplicates_are_ignored),
		T(overtaken_exchange_counts_once),
		T(long_overtaken_number_is_ignored),
		T(numbers_wrap),
		T(overtaken_exchange_leaves_pending_alone),
		T(overtaken_request_phase_is_not_invented),
		T(provisional_is_pending),
		T(later_record_replaces_provisional),
		T(whole_answer_grows_no_more),
		T(higher_number_settles_pending),
		T(close_settles_pending),
		T(late_exchange_finds_closed_connection),
		T(request_phase_at_stop_is_in_flight),
		T(partial_response_is_in_flight),
		T(unknown_framing_is_pending),
		T(protocol_may_change),
		T(nonsense_is_timed_only),
		T(unreadable_request_keeps_protocol),
		T(data_records_complete_a_pipeline),
		T(data_behind_a_gap_is_not_used),
		T(data_stays_until_the_exchange_is_final),
		T(data_of_the_next_exchange_replaces),
		T(data_may_overlap_the_head),
		T(chunked_answer_ends_with_its_tail),
		T(sink_error_ends_the_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
