/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a request went wrong, by role and by who left first.
 */
#include "model_rig.h"

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

#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

/* PostgreSQL's Terminate: asks nothing, and the connection closes in order. */
static void goodbye_is_neither_request_nor_error(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .seq = 1, .first_recv = 1000, .first_send = 1100,
		     .in = "Q1", .out = "A1");
	rig_exchange(rig, .seq = 2, .first_recv = 1200, .in = "X",
		     .flags = RT_EX_NO_RESPONSE | RT_EX_PEER_CLOSED_FIRST,
		     .end = RT_END_CLOSE, .ended = 1201);
	assert_int_equal(rig_request(rig)->error, REQUEST_OK);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
	assert_int_equal(model__totals(rig->m).unanswered, 1);
}

/* Reset, or left by the side that owes the answer: that is no goodbye. */
static void unanswered_and_not_in_order_is_an_error(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .seq = 1, .first_recv = 1000, .in = "Q1",
		     .flags = RT_EX_NO_RESPONSE | RT_EX_PEER_CLOSED_FIRST,
		     .end = RT_END_RESET, .ended = 1500);
	assert_int_equal(rig_request(rig)->error, REQUEST_ERROR_PEER_ABORT);
	assert_int_equal(model__totals(rig->m).unanswered, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(goodbye_is_neither_request_nor_error),
		T(unanswered_and_not_in_order_is_an_error),
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
