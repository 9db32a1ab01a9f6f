/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Turns that the kernel cut and that are one exchange; and those that look
 * so and are not.
 */
#include "model_rig.h"

#include <string.h>

#define POST_EXPECT                                                            \
	"POST /up HTTP/1.1\r\nContent-Length: 5\r\nExpect: "                   \
	"100-continue\r\n\r\n"
#define POST_HEAD "POST /up HTTP/1.1\r\nContent-Length: 5\r\n\r\n"
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

static void body_after_continue_is_one_request(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .seq = 1, .arrive = 1000, .first_recv = 1100,
		     .first_send = 1200, .in = POST_EXPECT, .out = CONTINUE);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
	assert_int_equal(model__totals(rig->m).in_flight, 1);
	/* The body looks like a request, and is none. */
	rig_exchange(rig, .seq = 2, .arrive = 1500, .first_recv = 1600,
		     .first_send = 1700, .last_send = 1800, .in = "GET /",
		     .out = OK2);
	r = rig_request(rig);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
	assert_int_equal(r->begin, 1000);
	assert_int_equal(r->part[PART_RECEIVE_QUEUE], 100);
	assert_int_equal(r->time_to_first_byte, 700);
	assert_int_equal(r->end, 1800);
	assert_string_equal(r->operation, "POST /up");
	assert_string_equal(r->status, "200");
	assert_int_equal(r->bytes_in, strlen(POST_EXPECT) + 5);
	assert_int_equal(r->bytes_out, strlen(CONTINUE) + strlen(OK2));
	assert_int_equal(model__totals(rig->m).in_flight, 0);
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
	assert_int_equal(r->part[PART_RECEIVE_QUEUE], 50);
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

static void held_interim_answer_is_aborted_by_close(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .seq = 1, .first_recv = 1000, .first_send = 1200,
		     .in = POST_EXPECT, .out = CONTINUE);
	rig_close(rig, .time = 4000);
	r = rig_request(rig);
	assert_int_equal(r->error, REQUEST_ERROR_LOCAL_ABORT);
	assert_int_equal(r->end, 4000);
}

static void joined_answer_is_whole_by_its_sum(void **state)
{
	struct rig *rig = *state;
	static const char head[] =
		"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";

	for (int whole = 0; whole < 2; whole++) {
		uint64_t cookie = whole + 1;

		rig_exchange(rig, .cookie = cookie, .seq = 1,
			     .first_recv = 1000, .first_send = 1100,
			     .in = POST_HEAD, .out = head, .bytes_out = 600);
		rig_exchange(rig, .cookie = cookie, .seq = 2,
			     .first_recv = 1200, .first_send = 1300,
			     .in = "hello", .out = "x",
			     .bytes_out = strlen(head) + 999 + whole - 600,
			     .end = RT_END_CLOSE, .ended = 2000);
	}
	assert_int_equal(rig_request(rig)->error, REQUEST_ERROR_PEER_ABORT);
	assert_int_equal(rig_request(rig)->error, REQUEST_OK);
}

static void who_begins_owns_the_request(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .seq = 1, .tgid = 200, .first_recv = 1000,
		     .first_send = 1100, .in = POST_HEAD, .out = OK2);
	rig_exchange(rig, .seq = 2, .tgid = 300, .first_recv = 1200,
		     .first_send = 1300, .in = "hello", .out = "x");
	r = rig_request(rig);
	assert_int_equal(r->pid, 200);
	assert_int_equal(r->tid, 201);
}

/* What follows bytes that were not seen must not be read as if it did not. */
static void turns_are_not_joined_over_a_gap(void **state)
{
	struct rig *rig = *state;
	char pings[14 * 30 + 1];

	for (size_t i = 0; i < 30; i++)
		memcpy(pings + i * 14, "*1\r\n$4\r\nPING\r\n", 15);
	rig_exchange(rig, .seq = 1, .first_recv = 1000, .first_send = 1100,
		     .in = pings, .out = "+PONG\r\n");
	rig_exchange(rig, .seq = 2, .first_recv = 1200, .first_send = 1300,
		     .in = "$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n",
		     .out = "+PONG\r\n");
	rig_close(rig, .time = 4000);
	assert_in_range(rig_request(rig)->operations, 18, 19);
	assert_int_equal(rig_request(rig)->operations, 1);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
	assert_int_equal(model__totals(rig->m).uncounted, 2);
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
	assert_int_equal(model__totals(rig->m).in_flight, 1);
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
	assert_int_equal(model__totals(rig->m).uncounted, 0);
}

static void nonsense_after_a_cut_request_changes_nothing(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .seq = 1, .first_recv = 1000, .first_send = 1100,
		     .in = "*1\r\n$4\r\nPI", .out = "-ERR no\r\n");
	rig_exchange(rig, .seq = 2, .first_recv = 1200, .first_send = 1300,
		     .in = "\1\2\3\4\5\6", .out = "\7", .end = RT_END_CLOSE);
	r = rig_request(rig);
	assert_string_equal(r->protocol, "redis");
	assert_int_equal(r->end, 1300);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
	assert_int_equal(model__totals(rig->m).uncounted, 1);
}

/* A body whose end was not captured: no request begins in its middle. */
static void body_of_unknown_end_goes_on(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .seq = 1, .first_recv = 1000, .first_send = 1100,
		     .bytes_in = 9000, .out = OK2,
		     .in = "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
			   "\r\n5\r\nhello\r\n");
	rig_exchange(rig, .seq = 2, .first_recv = 1200, .first_send = 1300,
		     .in = "5\r\nhello\r\n", .out = "x");
	rig_exchange(rig, .seq = 3, .first_recv = 1400, .first_send = 1500,
		     .flags = RT_EX_REQUEST_UNREADABLE, .bytes_in = 9,
		     .out = OK2);
	assert_int_equal(rig_request(rig)->end, 1300);
	assert_string_equal(rig_request(rig)->operation, "(not readable)");
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
}

static void unreadable_body_still_is_the_body(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .seq = 1, .first_recv = 1000, .first_send = 1100,
		     .in = POST_HEAD, .out = OK2);
	rig_exchange(rig, .seq = 2, .first_recv = 1200, .first_send = 1300,
		     .flags = RT_EX_REQUEST_UNREADABLE, .bytes_in = 5,
		     .out = "x");
	rig_close(rig, .time = 2000);
	assert_int_equal(rig_request(rig)->end, 1300);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
	assert_int_equal(model__totals(rig->m).unreadable, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(body_after_continue_is_one_request),
		T(client_sees_continue_too),
		T(early_response_keeps_first_status),
		T(body_in_three_turns),
		T(rest_of_body_after_whole_answer_is_no_abort),
		T(held_turn_is_settled_by_a_new_request),
		T(held_turn_is_settled_by_close),
		T(held_interim_answer_is_aborted_by_close),
		T(joined_answer_is_whole_by_its_sum),
		T(who_begins_owns_the_request),
		T(turns_are_not_joined_over_a_gap),
		T(provisional_continuation_is_one_pending),
		T(abort_after_continue),
		T(pipeline_cut_in_a_command_is_one_exchange),
		T(nonsense_after_a_cut_request_changes_nothing),
		T(body_of_unknown_end_goes_on),
		T(unreadable_body_still_is_the_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
