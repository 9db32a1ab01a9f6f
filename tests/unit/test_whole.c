/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What struct request says of itself beyond its figures: whether nothing of it
 * is missing, so that a pending one settles as it is, and which exchange it
 * was made for.
 */
#include "model_rig.h"

#include <string.h>

#define PENDING                                                                \
	.flags = RT_EX_PROVISIONAL | RT_EX_PARTS, .end = RT_END_IDLE,          \
	.time = 5000000
#define CLOCKS                                                                 \
	.clock = {[RT_CLOCK_CPU] = 200, [RT_CLOCK_SLEEP] = 60}, .own_cpu = 150
/* Bytes that nobody asked for, and clocks that are past the answer. */
#define LATE                                                                   \
	.arrive = 1000, .first_recv = 1100, .last_recv = 1200,                 \
	.first_send = 1700, .last_send = 9000, .last_tid = 999,                \
	.clock = {[RT_CLOCK_CPU] = 700, [RT_CLOCK_SLEEP] = 7000},              \
	.own_cpu = 600, .unsure = RT_UNSURE_CALLS, .rtt_us = 3,                \
	.retransmits = 2
#define SET "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n"

/* All that is promised not to change. */
static void check_same(const struct request *a, const struct request *b)
{
	assert_int_equal(a->cookie, b->cookie);
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->pid, b->pid);
	assert_int_equal(a->tid, b->tid);
	assert_int_equal(a->last_tid, b->last_tid);
	assert_int_equal(a->role, b->role);
	assert_int_equal(a->port, b->port);
	assert_ptr_equal(a->protocol, b->protocol);
	assert_ptr_equal(a->operation, b->operation);
	assert_ptr_equal(a->status, b->status);
	assert_int_equal(a->begin, b->begin);
	assert_int_equal(a->end, b->end);
	assert_int_equal(a->has_first_byte, b->has_first_byte);
	assert_int_equal(a->time_to_first_byte, b->time_to_first_byte);
	assert_int_equal(a->has_arrival, b->has_arrival);
	assert_int_equal(a->has_parts, b->has_parts);
	assert_int_equal(a->parts_cut, b->parts_cut);
	assert_memory_equal(a->part, b->part, sizeof(a->part));
	assert_int_equal(a->operations, b->operations);
	assert_int_equal(a->failed, b->failed);
	assert_int_equal(a->error, b->error);
	assert_int_equal(a->is_call, b->is_call);
	assert_int_equal(a->parent_cookie, b->parent_cookie);
	assert_int_equal(a->parent_seq, b->parent_seq);
	assert_int_equal(a->calls_known, b->calls_known);
	assert_int_equal(a->calls_len, b->calls_len);
	assert_int_equal(a->is_whole, b->is_whole);
}

static struct request whole_pending(struct rig *rig)
{
	const struct request r = *rig_pending(rig);

	assert_true(r.is_whole);
	return r;
}

/* It settles, as it is. */
static void check_settled(struct rig *rig, const struct request *pending)
{
	check_same(rig_request(rig), pending);
	assert_int_equal(rig_pending_len(rig), 0);
}

static void next_request_changes_nothing(void **state)
{
	struct rig *rig = *state;
	struct request r;

	rig_exchange(rig, TIMES, CLOCKS, PENDING, .in = GET, .out = OK2);
	r = whole_pending(rig);
	rig_exchange(rig, .seq = 1, .first_recv = 20000, .first_send = 20001,
		     PENDING, .in = GET, .out = OK2);
	check_same(rig_request(rig), &r);
}

static void unasked_bytes_change_nothing(void **state)
{
	struct rig *rig = *state;
	struct request r;

	rig_exchange(rig, TIMES, CLOCKS, PENDING, .in = GET, .out = OK2);
	r = whole_pending(rig);
	rig_exchange(rig, LATE, PENDING, .in = GET,
		     .out = OK2 "HTTP/1.1 500 Late\r\n\r\n");
	check_same(rig_pending(rig), &r);
	rig_exchange(rig, LATE, .flags = RT_EX_PARTS | RT_EX_SEND_FAILED,
		     .end = RT_END_CLOSE, .ended = 99999, .in = GET,
		     .out = OK2 "HTTP/1.1 500 Late\r\n\r\n");
	check_settled(rig, &r);
}

static void redis_push_changes_nothing(void **state)
{
	struct rig *rig = *state;
	struct request r;

	rig_exchange(rig, TIMES, CLOCKS, PENDING, .in = SET, .out = "+OK\r\n");
	r = whole_pending(rig);
	rig_exchange(rig, LATE, .flags = RT_EX_PARTS, .in = SET,
		     .out = "+OK\r\n-ERR idle\r\n");
	check_settled(rig, &r);
}

/* The rest of a long request was forgotten to make room. */
static void lost_payload_changes_nothing(void **state)
{
	char request[400] = "POST /a HTTP/1.1\r\nContent-Length: 300\r\nX: ";
	struct rig *rig = *state;
	struct request r;
	size_t len;

	memset(request + strlen(request), 'x', 300 - strlen(request));
	strcpy(request + 300, "\r\n\r\n");
	len = strlen(request);
	rig_data(rig, 0, RT_REQUEST_CAP, request + RT_REQUEST_CAP,
		 len - RT_REQUEST_CAP);
	rig_exchange(rig, TIMES, CLOCKS, PENDING, .in = request, .out = OK2,
		     .bytes_in = len + 300);
	r = whole_pending(rig);
	/* A newer exchange's bytes take the place of this one's. */
	rig_data(rig, 1, 0, GET, strlen(GET));
	rig_exchange(rig, TIMES, CLOCKS, .flags = RT_EX_PARTS, .in = request,
		     .out = OK2, .bytes_in = len + 300);
	check_settled(rig, &r);
	assert_int_equal(model__totals(rig->m).uncounted, 0);
}

static void closing_changes_nothing(void **state)
{
	static const uint16_t flags[] = {0, RT_CONN_RESET, RT_CONN_AMEND_LOST};
	struct rig *rig = *state;

	for (uint64_t i = 0; i < 3; i++) {
		struct request r;

		rig_exchange(rig, .cookie = 10 + i, TIMES, CLOCKS, PENDING,
			     .in = GET, .out = OK2);
		r = whole_pending(rig);
		r.is_whole = flags[i] != RT_CONN_AMEND_LOST;
		rig_close(rig, .cookie = 10 + i, .flags = flags[i],
			  .time = 5000);
		check_settled(rig, &r);
	}
}

/* What a client has in hand, no reset takes away. */
static void reset_changes_nothing_of_a_client(void **state)
{
	struct rig *rig = *state;
	struct request r;

	rig_exchange(rig, .role = RT_ROLE_CLIENT, .first_send = 1000,
		     .arrive = 1500, .first_recv = 1600, .last_recv = 1800,
		     CLOCKS, PENDING, .out = GET, .in = OK2);
	r = whole_pending(rig);
	rig_exchange(rig, .role = RT_ROLE_CLIENT, .first_send = 1000,
		     .arrive = 1500, .first_recv = 1600, .last_recv = 1800,
		     CLOCKS, .ended = 9000, .end = RT_END_RESET,
		     .flags = RT_EX_PARTS | RT_EX_UNACKED |
			      RT_EX_PEER_CLOSED_FIRST,
		     .out = GET, .in = OK2);
	check_settled(rig, &r);
}

/* It may have been copied while the answer was being written down. */
static void fresh_answer_is_not_whole_yet(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, TIMES, CLOCKS, .in = GET, .out = OK2,
		     .flags = RT_EX_PROVISIONAL | RT_EX_PARTS,
		     .end = RT_END_IDLE, .time = 3000);
	assert_false(rig_pending(rig)->is_whole);
	rig_exchange(rig, TIMES, CLOCKS, PENDING, .in = GET, .out = OK2);
	assert_true(rig_pending(rig)->is_whole);
}

/* The exception that request.h names. */
static void undelivered_answer_is_an_abort_after_all(void **state)
{
	static const uint32_t flags[] = {RT_EX_UNACKED, RT_EX_SEND_FAILED};
	struct rig *rig = *state;

	for (uint32_t i = 0; i < 2; i++) {
		const struct request *r;

		rig_exchange(rig, .seq = i, TIMES, CLOCKS, PENDING, .in = GET,
			     .out = OK2);
		whole_pending(rig);
		rig_exchange(rig, .seq = i, TIMES, CLOCKS, .ended = 9000,
			     .flags = RT_EX_PARTS | flags[i],
			     .end = RT_END_RESET, .in = GET, .out = OK2);
		r = rig_request(rig);
		assert_string_equal(r->status, "aborted");
		assert_int_equal(r->end, 9000);
		assert_true(r->is_whole);
	}
}

/* Pending ones of which something is missing, or may be. */
static void what_may_go_on_is_not_whole(void **state)
{
	static const struct {
		const char *in, *out;
		uint64_t bytes_in;
	} cases[] = {
		{"any text", "any answer", 0},
		{GET, "HTTP/1.1 200 OK\r\n\r\nto the end", 0},
		/* 413 to a body that is still to come */
		{"POST /a HTTP/1.1\r\nContent-Length: 9\r\n\r\n", OK2, 0},
		{GET, OK2, 2000}, /* more was asked than was seen */
		{GET GET, OK2, 0},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rig_exchange(rig, .cookie = 10 + i, TIMES, PENDING,
			     .in = cases[i].in, .out = cases[i].out,
			     .bytes_in = cases[i].bytes_in);
		assert_false(rig_pending(rig)->is_whole);
		rig_close(rig, .cookie = 10 + i, .time = 5000);
	}
	rig_exchange(rig, TIMES, PENDING, .in = GET, .out = PARTIAL);
	assert_int_equal(rig_pending_len(rig), 0);
	rig_close(rig, .time = 5000);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 6);
	while (rig_left(rig, CALL_REQUEST))
		assert_false(rig_request(rig)->is_whole);
}

static void call_names_its_parent(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .role = RT_ROLE_CLIENT, .first_send = 1000,
		     .first_recv = 1600, .parent = 44, .parent_seq = 5,
		     .out = GET, .in = OK2);
	r = rig_request(rig);
	assert_true(r->is_call);
	assert_int_equal(r->parent_cookie, 44);
	assert_int_equal(r->parent_seq, 5);
	rig_exchange(rig, .seq = 1, .role = RT_ROLE_CLIENT, .first_send = 3000,
		     .first_recv = 3600, .out = GET, .in = OK2);
	r = rig_request(rig);
	assert_false(r->is_call);
	assert_int_equal(r->parent_cookie, 0);
	assert_int_equal(r->parent_seq, 0);
}

static void joined_call_keeps_its_first_parent(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .role = RT_ROLE_CLIENT, .first_send = 1000,
		     .first_recv = 1600, .parent = 44, .parent_seq = 5,
		     .out = "PUT /a HTTP/1.1\r\nExpect: 100-continue\r\n"
			    "Content-Length: 2\r\n\r\n",
		     .in = "HTTP/1.1 100 Continue\r\n\r\n");
	rig_exchange(rig, .seq = 1, .role = RT_ROLE_CLIENT, .first_send = 2000,
		     .first_recv = 2600, .parent = 45, .parent_seq = 6,
		     .out = "hi", .in = OK2);
	r = rig_request(rig);
	assert_int_equal(r->parent_cookie, 44);
	assert_int_equal(r->parent_seq, 5);
	assert_true(r->is_whole);
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(next_request_changes_nothing),
		T(unasked_bytes_change_nothing),
		T(redis_push_changes_nothing),
		T(lost_payload_changes_nothing),
		T(closing_changes_nothing),
		T(reset_changes_nothing_of_a_client),
		T(fresh_answer_is_not_whole_yet),
		T(undelivered_answer_is_an_abort_after_all),
		T(what_may_go_on_is_not_whole),
		T(call_names_its_parent),
		T(joined_call_keeps_its_first_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
