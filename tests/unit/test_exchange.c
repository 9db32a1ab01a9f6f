/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exchange records in, requests out: durations, what settles an exchange,
 * turns that belong together, aborts, protocols. One rule a test.
 */
#include "model_rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GET "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
#define OK2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
#define PARTIAL "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nhi"
#define POST_EXPECT                                                            \
	"POST /up HTTP/1.1\r\nContent-Length: 5\r\nExpect: "                   \
	"100-continue\r\n\r\n"
#define POST_HEAD "POST /up HTTP/1.1\r\nContent-Length: 5\r\n\r\n"
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

/* One plain exchange from 1000 to 1900. */
#define TIMES                                                                  \
	.arrive = 1000, .first_recv = 1100, .last_recv = 1200,                 \
	.first_send = 1700, .last_send = 1900

static void server_times(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, TIMES, .in = GET, .out = OK2);
	r = rig_request(rig);
	assert_int_equal(r->begin, 1000);
	assert_int_equal(r->end, 1900);
	assert_int_equal(r->time_to_first_byte, 700);
	assert_int_equal(r->receive_queue, 100);
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
	assert_int_equal(r->receive_queue, 0);
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
	assert_int_equal(r->receive_queue, 100);
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
	assert_int_equal(r->receive_queue, 0);
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
	assert_int_equal(r->receive_queue, 500);
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

static void numbers_wrap(void **state)
{
	struct rig *rig = *state;

	for (uint32_t seq = UINT32_MAX - 1; seq != 2; seq++)
		rig_exchange(rig, .seq = seq, TIMES, .in = GET, .out = OK2);
	rig_exchange(rig, .seq = UINT32_MAX, TIMES, .in = GET, .out = OK2);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 4);
}

static void provisional_is_pending(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .flags = RT_EX_PROVISIONAL, .end = RT_END_IDLE, TIMES,
		     .in = GET, .out = OK2);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
	assert_int_equal(rig_pending(rig)->end, 1900);
	assert_int_equal(model__in_flight(rig->m), 0);
}

static void later_record_replaces_provisional(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .flags = RT_EX_PROVISIONAL, .end = RT_END_IDLE, TIMES,
		     .in = GET, .out = OK2);
	rig_exchange(rig, .flags = RT_EX_PROVISIONAL, .end = RT_END_IDLE,
		     .first_recv = 1000, .first_send = 1700, .last_send = 2500,
		     .in = GET, .out = OK2);
	assert_int_equal(rig_pending(rig)->end, 2500);
	rig_exchange(rig, .first_recv = 1000, .first_send = 1700,
		     .last_send = 3000, .in = GET, .out = OK2);
	assert_int_equal(rig_request(rig)->end, 3000);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
	assert_int_equal(rig_pending_len(rig), 0);
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
	assert_int_equal(model__in_flight(rig->m), 1);
	assert_int_equal(rig_pending_len(rig), 0);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
}

static void partial_response_is_in_flight(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .flags = RT_EX_PROVISIONAL, .end = RT_END_IDLE, TIMES,
		     .in = GET, .out = PARTIAL);
	assert_int_equal(model__in_flight(rig->m), 1);
	assert_int_equal(rig_pending_len(rig), 0);
}

static void unknown_framing_is_pending(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .flags = RT_EX_PROVISIONAL, .end = RT_END_STOP, TIMES,
		     .in = "\1\2\3", .out = "\4");
	assert_string_equal(rig_pending(rig)->protocol, "tcp");
	assert_int_equal(model__in_flight(rig->m), 0);
}

static void body_after_continue_is_one_request(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .seq = 1, .arrive = 1000, .first_recv = 1100,
		     .first_send = 1200, .in = POST_EXPECT, .out = CONTINUE);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
	assert_int_equal(model__in_flight(rig->m), 1);
	/* The body looks like a request, and is none. */
	rig_exchange(rig, .seq = 2, .arrive = 1500, .first_recv = 1600,
		     .first_send = 1700, .last_send = 1800, .in = "GET /",
		     .out = OK2);
	r = rig_request(rig);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
	assert_int_equal(r->begin, 1000);
	assert_int_equal(r->receive_queue, 100);
	assert_int_equal(r->time_to_first_byte, 700);
	assert_int_equal(r->end, 1800);
	assert_string_equal(r->operation, "POST /up");
	assert_string_equal(r->status, "200");
	assert_int_equal(r->bytes_in, strlen(POST_EXPECT) + 5);
	assert_int_equal(r->bytes_out, strlen(CONTINUE) + strlen(OK2));
	assert_int_equal(model__in_flight(rig->m), 0);
}

static void client_sees_continue_too(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .role = RT_ROLE_CLIENT, .seq = 1, .first_send = 1000,
		     .arrive = 1100, .first_recv = 1150, .out = POST_EXPECT,
		     .in = CONTINUE);
	rig_exchange(rig, .role = RT_ROLE_CLIENT, .seq = 2, .first_send = 1200,
		     .arrive = 1400, .first_recv = 1450, .last_recv = 1500,
		     .out = "hello", .in = OK2);
	r = rig_request(rig);
	assert_int_equal(r->begin, 1000);
	assert_int_equal(r->end, 1500);
	assert_int_equal(r->time_to_first_byte, 450);
	assert_int_equal(r->receive_queue, 50);
	assert_string_equal(r->status, "200");
}

static void early_response_keeps_first_status(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(
		rig, .seq = 1, .arrive = 1000, .first_recv = 1100,
		.first_send = 1200, .in = POST_HEAD "he",
		.out = "HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\na");
	rig_exchange(rig, .seq = 2, .arrive = 1500, .first_recv = 1600,
		     .first_send = 1700, .last_send = 1800, .in = "llo",
		     .out = "bcd");
	r = rig_request(rig);
	assert_int_equal(r->begin, 1000);
	assert_int_equal(r->time_to_first_byte, 200);
	assert_int_equal(r->end, 1800);
	assert_string_equal(r->operation, "POST /up");
	assert_string_equal(r->status, "201");
	assert_int_equal(r->bytes_in, strlen(POST_HEAD) + 5);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
}

/* Every turn but the last leaves body outstanding. */
static void body_in_three_turns(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .seq = 1, .first_recv = 1000, .first_send = 1100,
		     .in = POST_HEAD "h",
		     .out = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na");
	rig_exchange(rig, .seq = 2, .first_recv = 1200, .first_send = 1300,
		     .in = "el", .out = "b");
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
	rig_exchange(rig, .seq = 3, .first_recv = 1400, .first_send = 1500,
		     .in = "lo", .out = "c");
	assert_int_equal(rig_request(rig)->end, 1500);
	rig_exchange(rig, .seq = 4, .first_recv = 1600, .first_send = 1700,
		     .in = GET, .out = OK2);
	assert_int_equal(rig_request(rig)->begin, 1600);
}

static void rest_of_body_after_whole_answer_is_no_abort(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .seq = 1, .first_recv = 1000, .first_send = 1200,
		     .in = POST_HEAD "he",
		     .out = "HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n");
	rig_exchange(rig, .seq = 2, .first_recv = 1300, .in = "llo",
		     .flags = RT_EX_NO_RESPONSE | RT_EX_PEER_CLOSED_FIRST,
		     .end = RT_END_RESET, .ended = 5000);
	r = rig_request(rig);
	assert_int_equal(r->error, REQUEST_OK);
	assert_string_equal(r->status, "413");
	assert_int_equal(r->end, 1200);
	assert_int_equal(r->bytes_in, strlen(POST_HEAD) + 5);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
}

static void held_turn_is_settled_by_a_new_request(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .seq = 1, .first_recv = 1000, .first_send = 1200,
		     .in = POST_HEAD "he", .out = OK2);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
	assert_int_equal(rig_pending_len(rig), 1);
	rig_exchange(rig, .seq = 2, .first_recv = 1300, .first_send = 1400,
		     .in = GET, .out = OK2);
	assert_string_equal(rig_request(rig)->operation, "POST /up");
	assert_string_equal(rig_request(rig)->operation, "GET /a");
}

static void held_turn_is_settled_by_close(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .seq = 1, .first_recv = 1000, .first_send = 1200,
		     .in = POST_HEAD "he", .out = OK2);
	rig_close(rig, .time = 4000);
	assert_int_equal(rig_request(rig)->end, 1200);
	rig_conn_event(rig, SINK_CONN_CLOSED);
}

static void provisional_continuation_is_one_pending(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .seq = 1, .first_recv = 1000, .first_send = 1200,
		     .in = POST_EXPECT, .out = CONTINUE);
	rig_exchange(rig, .seq = 2, .flags = RT_EX_PROVISIONAL,
		     .end = RT_END_IDLE, .first_recv = 1300, .first_send = 1400,
		     .in = "hello", .out = PARTIAL);
	assert_int_equal(model__in_flight(rig->m), 1);
	rig_exchange(rig, .seq = 2, .flags = RT_EX_PROVISIONAL,
		     .end = RT_END_IDLE, .first_recv = 1300, .first_send = 1400,
		     .last_send = 1500, .in = "hello", .out = OK2);
	r = rig_pending(rig);
	assert_int_equal(r->begin, 1000);
	assert_int_equal(r->end, 1500);
	/* Bytes of the first turn are added once, not with each record. */
	assert_int_equal(r->bytes_in, strlen(POST_EXPECT) + 5);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
	rig_exchange(rig, .seq = 3, .first_recv = 1600, .first_send = 1700,
		     .in = GET, .out = OK2);
	assert_int_equal(rig_request(rig)->end, 1500);
	assert_int_equal(rig_request(rig)->end, 1700);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
}

static void abort_after_continue(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .seq = 1, .first_recv = 1000, .first_send = 1200,
		     .in = POST_EXPECT, .out = CONTINUE);
	rig_exchange(rig, .seq = 2, .first_recv = 1300, .in = "he",
		     .flags = RT_EX_NO_RESPONSE | RT_EX_PEER_CLOSED_FIRST,
		     .end = RT_END_CLOSE, .ended = 1900);
	r = rig_request(rig);
	assert_int_equal(r->error, REQUEST_ERROR_PEER_ABORT);
	assert_int_equal(r->begin, 1000);
	assert_int_equal(r->end, 1900);
	assert_false(r->has_first_byte);
}

/* Redis answers the whole commands of what it read, and the cut one later. */
static void pipeline_cut_in_a_command_is_one_exchange(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .seq = 1, .first_recv = 1000, .first_send = 1100,
		     .in = "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPI",
		     .out = "+PONG\r\n");
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
	rig_exchange(rig, .seq = 2, .first_recv = 1200, .first_send = 1300,
		     .in = "NG\r\n*1\r\n$4\r\nPING\r\n",
		     .out = "+PONG\r\n+PONG\r\n");
	r = rig_request(rig);
	assert_string_equal(r->protocol, "redis");
	assert_int_equal(r->operations, 3);
	assert_int_equal(r->end, 1300);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
	assert_int_equal(model__uncounted(rig->m), 0);
}

static void expect_abort(struct rig *rig, enum request_error error)
{
	const struct request *r = rig_request(rig);

	assert_int_equal(r->error, error);
	assert_string_equal(r->status, "aborted");
	assert_int_equal(r->failed, r->operations);
	assert_int_equal(r->end, 5000);
}

static void expect_fine(struct rig *rig)
{
	const struct request *r = rig_request(rig);

	assert_int_equal(r->error, REQUEST_OK);
	assert_string_equal(r->status, "200");
	assert_int_equal(r->failed, 0);
	assert_int_equal(r->end, 1900);
}

struct ending {
	uint8_t role;
	uint16_t flags;
	uint8_t end;
	enum request_error error;
};

static void unanswered_request_is_aborted(void **state)
{
	static const struct ending cases[] = {
		{RT_ROLE_SERVER, RT_EX_PEER_CLOSED_FIRST, RT_END_CLOSE,
		 REQUEST_ERROR_PEER_ABORT},
		{RT_ROLE_SERVER, RT_EX_PEER_CLOSED_FIRST | RT_EX_LOCAL_CLOSED,
		 RT_END_CLOSE, REQUEST_ERROR_PEER_ABORT},
		{RT_ROLE_SERVER, 0, RT_END_RESET, REQUEST_ERROR_PEER_ABORT},
		{RT_ROLE_SERVER, RT_EX_LOCAL_CLOSED, RT_END_CLOSE,
		 REQUEST_ERROR_LOCAL_ABORT},
		{RT_ROLE_SERVER, RT_EX_SEND_FAILED, RT_END_CLOSE,
		 REQUEST_ERROR_PEER_ABORT},
		{RT_ROLE_SERVER, 0, RT_END_CLOSE, REQUEST_ERROR_LOCAL_ABORT},
		{RT_ROLE_CLIENT, RT_EX_PEER_CLOSED_FIRST, RT_END_CLOSE,
		 REQUEST_ERROR_PEER_ABORT},
		{RT_ROLE_CLIENT, RT_EX_LOCAL_CLOSED, RT_END_CLOSE,
		 REQUEST_ERROR_LOCAL_ABORT},
		{RT_ROLE_CLIENT, 0, RT_END_RESET, REQUEST_ERROR_PEER_ABORT},
		{RT_ROLE_CLIENT, 0, RT_END_CLOSE, REQUEST_ERROR_PEER_ABORT},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct ending *e = &cases[i];
		bool client = e->role == RT_ROLE_CLIENT;

		rig_exchange(
			rig, .cookie = i + 1, .role = e->role,
			.flags = e->flags | RT_EX_NO_RESPONSE, .end = e->end,
			.ended = 5000, .first_recv = client ? 0 : 1000,
			.first_send = client ? 1000 : 0,
			.in = client ? NULL : GET, .out = client ? GET : NULL);
		expect_abort(rig, e->error);
	}
}

static void undelivered_answer_is_aborted(void **state)
{
	static const struct ending cases[] = {
		{RT_ROLE_SERVER, RT_EX_PEER_CLOSED_FIRST, RT_END_RESET,
		 REQUEST_ERROR_PEER_ABORT},
		{RT_ROLE_SERVER, RT_EX_UNACKED, RT_END_RESET,
		 REQUEST_ERROR_PEER_ABORT},
		{RT_ROLE_SERVER, RT_EX_SEND_FAILED, RT_END_CLOSE,
		 REQUEST_ERROR_PEER_ABORT},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rig_exchange(rig, .cookie = i + 1, TIMES,
			     .flags = cases[i].flags, .end = cases[i].end,
			     .ended = 5000, .in = GET, .out = OK2);
		expect_abort(rig, cases[i].error);
	}
}

static void half_close_is_no_abort(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, TIMES, .flags = RT_EX_PEER_CLOSED_FIRST,
		     .end = RT_END_CLOSE, .ended = 5000, .in = GET, .out = OK2);
	expect_fine(rig);
}

static void reset_after_whole_answer_is_no_abort(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, TIMES, .end = RT_END_RESET, .ended = 5000, .in = GET,
		     .out = OK2);
	expect_fine(rig);
}

static void client_with_whole_answer_is_no_abort(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .role = RT_ROLE_CLIENT, .first_send = 1000,
		     .first_recv = 1900, .flags = RT_EX_UNACKED,
		     .end = RT_END_RESET, .ended = 5000, .in = OK2, .out = GET);
	expect_fine(rig);
}

static void cut_answer_is_aborted_by_who_left(void **state)
{
	static const struct ending cases[] = {
		{RT_ROLE_SERVER, RT_EX_LOCAL_CLOSED, RT_END_CLOSE,
		 REQUEST_ERROR_LOCAL_ABORT},
		{RT_ROLE_SERVER, 0, RT_END_CLOSE, REQUEST_ERROR_PEER_ABORT},
		{RT_ROLE_SERVER, RT_EX_PEER_CLOSED_FIRST, RT_END_CLOSE,
		 REQUEST_ERROR_PEER_ABORT},
		{RT_ROLE_SERVER, 0, RT_END_RESET, REQUEST_ERROR_RESET},
		{RT_ROLE_SERVER, RT_EX_RECV_FAILED, RT_END_RESET,
		 REQUEST_ERROR_PEER_ABORT},
		{RT_ROLE_CLIENT, RT_EX_LOCAL_CLOSED, RT_END_CLOSE,
		 REQUEST_ERROR_LOCAL_ABORT},
		{RT_ROLE_CLIENT, 0, RT_END_CLOSE, REQUEST_ERROR_PEER_ABORT},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct ending *e = &cases[i];
		bool client = e->role == RT_ROLE_CLIENT;

		rig_exchange(rig, .cookie = i + 1, .role = e->role,
			     .flags = e->flags, .end = e->end, .ended = 5000,
			     .first_recv = client ? 1900 : 1000,
			     .first_send = client ? 1000 : 1900,
			     .in = client ? PARTIAL : GET,
			     .out = client ? GET : PARTIAL);
		expect_abort(rig, e->error);
	}
}

static void pending_cut_answer_is_aborted_by_close(void **state)
{
	struct rig *rig = *state;

	for (int i = 0; i < 3; i++)
		rig_exchange(rig, .cookie = i + 1, TIMES,
			     .role = i == 1 ? RT_ROLE_CLIENT : RT_ROLE_SERVER,
			     .flags = RT_EX_PROVISIONAL, .end = RT_END_IDLE,
			     .in = i == 1 ? PARTIAL : GET,
			     .out = i == 1 ? GET : PARTIAL);
	rig_close(rig, .cookie = 1, .time = 5000);
	expect_abort(rig, REQUEST_ERROR_LOCAL_ABORT);
	rig_close(rig, .cookie = 2, .time = 5000, .role = RT_ROLE_CLIENT);
	expect_abort(rig, REQUEST_ERROR_PEER_ABORT);
	rig_close(rig, .cookie = 3, .time = 5000, .flags = RT_CONN_RESET);
	expect_abort(rig, REQUEST_ERROR_RESET);
}

/* The next request came, so the client was content. */
static void cut_answer_before_next_request_is_no_abort(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, TIMES, .end = RT_END_NEXT, .in = GET, .out = PARTIAL);
	expect_fine(rig);
}

static void protocol_error_counts(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, TIMES, .in = GET,
		     .out = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
	r = rig_request(rig);
	assert_int_equal(r->error, REQUEST_ERROR_STATUS);
	assert_int_equal(r->failed, 1);
	assert_string_equal(r->status, "503");
	assert_int_equal(r->end, 1900);
}

static void abort_fails_every_operation(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .first_recv = 1000, .ended = 5000,
		     .flags = RT_EX_NO_RESPONSE | RT_EX_PEER_CLOSED_FIRST,
		     .end = RT_END_CLOSE, .in = GET GET GET);
	r = rig_request(rig);
	assert_int_equal(r->operations, 3);
	assert_int_equal(r->failed, 3);
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
	assert_int_equal(model__unreadable(rig->m), 3);
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
	assert_int_equal(model__uncounted(rig->m), 0);
}

static void data_behind_a_gap_is_not_used(void **state)
{
	struct rig *rig = *state;
	static char pings[14 * 1000 + 1];

	fill_pings(pings, 1000);
	rig_data(rig, 1, RT_REQUEST_CAP, pings + RT_REQUEST_CAP, 100);
	rig_data(rig, 1, RT_REQUEST_CAP + 200, pings + RT_REQUEST_CAP + 200,
		 100);
	rig_exchange(rig, .seq = 1, TIMES, .in = pings, .out = "+PONG\r\n");
	rig_close(rig, .time = 4000);
	assert_in_range(rig_request(rig)->operations, 20, 26);
	assert_int_equal(model__uncounted(rig->m), 1);
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

#define SSE "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

static void event_stream_is_no_request(void **state)
{
	struct rig *rig = *state;
	const struct sink_stream *s;

	rig_exchange(rig, TIMES, .flags = RT_EX_PROVISIONAL, .in = GET,
		     .end = RT_END_IDLE, .out = SSE, .bytes_out = 100);
	s = rig_stream(rig, SINK_STREAM_BEGIN);
	assert_int_equal(s->begin, 1000);
	assert_string_equal(s->protocol, "sse");
	assert_string_equal(s->operation, "GET /a");
	assert_int_equal(rig_stream(rig, SINK_STREAM_BYTES)->bytes_out, 100);
	assert_int_equal(rig_pending_len(rig), 0);
	assert_int_equal(model__in_flight(rig->m), 0);
	rig_exchange(rig, TIMES, .flags = RT_EX_PROVISIONAL, .in = GET,
		     .end = RT_END_IDLE, .out = SSE, .bytes_out = 130);
	s = rig_stream(rig, SINK_STREAM_BYTES);
	assert_int_equal(s->bytes_out, 30);
	assert_int_equal(s->bytes_in, 0);
	rig_exchange(rig, TIMES, .end = RT_END_CLOSE, .ended = 8000, .in = GET,
		     .out = SSE, .bytes_out = 150);
	assert_int_equal(rig_stream(rig, SINK_STREAM_BYTES)->bytes_out, 20);
	assert_int_equal(rig_stream(rig, SINK_STREAM_END)->time, 8000);
	rig_close(rig, .time = 8001);
	assert_int_equal(rig_left(rig, CALL_STREAM), 0);
	rig->read = 0;
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
}

static void event_stream_ends_with_the_next_request(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .seq = 1, TIMES, .flags = RT_EX_PROVISIONAL,
		     .in = GET, .out = SSE);
	rig_exchange(rig, .seq = 2, TIMES, .in = GET, .out = OK2);
	rig_stream(rig, SINK_STREAM_BEGIN);
	rig_stream(rig, SINK_STREAM_BYTES);
	assert_int_equal(rig_stream(rig, SINK_STREAM_END)->time, 1900);
	rig_request(rig);
}

#define UPGRADE "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"
#define SWITCH "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n"

static void upgraded_connection_is_a_stream(void **state)
{
	struct rig *rig = *state;
	const struct sink_stream *s;

	rig_exchange(rig, .seq = 1, TIMES, .in = UPGRADE, .out = SWITCH);
	assert_string_equal(rig_stream(rig, SINK_STREAM_BEGIN)->protocol,
			    "websocket");
	rig_stream(rig, SINK_STREAM_BYTES);
	rig_exchange(rig, .seq = 2, .flags = RT_EX_PROVISIONAL, TIMES,
		     .in = GET, .out = OK2, .bytes_in = 5, .bytes_out = 6);
	s = rig_stream(rig, SINK_STREAM_BYTES);
	assert_int_equal(s->bytes_in, 5);
	assert_int_equal(s->bytes_out, 6);
	rig_exchange(rig, .seq = 2, TIMES, .in = GET, .out = OK2, .bytes_in = 5,
		     .bytes_out = 9);
	s = rig_stream(rig, SINK_STREAM_BYTES);
	assert_int_equal(s->bytes_in, 0);
	assert_int_equal(s->bytes_out, 3);
	rig_exchange(rig, .seq = 3, .flags = RT_EX_NO_RESPONSE,
		     .end = RT_END_STOP, .first_recv = 4000, .bytes_in = 2);
	rig_stream(rig, SINK_STREAM_BYTES);
	assert_int_equal(model__in_flight(rig->m), 0);
	rig_close(rig, .time = 9000);
	assert_int_equal(rig_stream(rig, SINK_STREAM_END)->time, 9000);
	rig_exchange(rig, .seq = 4, TIMES, .in = GET, .out = OK2);
	rig->read = 0;
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
}

static void chunked_answer_ends_with_its_tail(void **state)
{
	struct rig *rig = *state;
	static const char head[] =
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9999\r\n";

	rig_exchange(rig, TIMES, .flags = RT_EX_PROVISIONAL, .in = GET,
		     .out = head, .bytes_out = 30000, .tail = "abcdefgh");
	assert_int_equal(model__in_flight(rig->m), 1);
	rig_exchange(rig, TIMES, .flags = RT_EX_PROVISIONAL, .in = GET,
		     .out = head, .bytes_out = 40000, .tail = "a\r\n0\r\n\r\n");
	assert_int_equal(model__in_flight(rig->m), 0);
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
		T(numbers_wrap),
		T(provisional_is_pending),
		T(later_record_replaces_provisional),
		T(higher_number_settles_pending),
		T(close_settles_pending),
		T(late_exchange_finds_closed_connection),
		T(request_phase_at_stop_is_in_flight),
		T(partial_response_is_in_flight),
		T(unknown_framing_is_pending),
		T(body_after_continue_is_one_request),
		T(client_sees_continue_too),
		T(early_response_keeps_first_status),
		T(body_in_three_turns),
		T(rest_of_body_after_whole_answer_is_no_abort),
		T(held_turn_is_settled_by_a_new_request),
		T(held_turn_is_settled_by_close),
		T(provisional_continuation_is_one_pending),
		T(abort_after_continue),
		T(pipeline_cut_in_a_command_is_one_exchange),
		T(unanswered_request_is_aborted),
		T(undelivered_answer_is_aborted),
		T(half_close_is_no_abort),
		T(reset_after_whole_answer_is_no_abort),
		T(client_with_whole_answer_is_no_abort),
		T(cut_answer_is_aborted_by_who_left),
		T(pending_cut_answer_is_aborted_by_close),
		T(cut_answer_before_next_request_is_no_abort),
		T(protocol_error_counts),
		T(abort_fails_every_operation),
		T(protocol_may_change),
		T(nonsense_is_timed_only),
		T(unreadable_request_keeps_protocol),
		T(data_records_complete_a_pipeline),
		T(data_behind_a_gap_is_not_used),
		T(data_stays_until_the_exchange_is_final),
		T(event_stream_is_no_request),
		T(event_stream_ends_with_the_next_request),
		T(upgraded_connection_is_a_stream),
		T(chunked_answer_ends_with_its_tail),
		T(sink_error_ends_the_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
