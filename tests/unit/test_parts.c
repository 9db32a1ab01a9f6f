/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of requests: what each is made of, and that they sum to the
 * duration whatever the clocks say.
 */
#include "model_rig.h"

#include <string.h>

#define POST_EXPECT                                                            \
	"POST /up HTTP/1.1\r\nContent-Length: 5\r\nExpect: "                   \
	"100-continue\r\n\r\n"
#define POST_HEAD "POST /up HTTP/1.1\r\nContent-Length: 5\r\n\r\n"
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

/* 1100 to 1900, as in TIMES, all of it known. */
#define CLOCKS                                                                 \
	.clock = {[RT_CLOCK_CPU] = 300,	   [RT_CLOCK_RUN_QUEUE] = 10,          \
		  [RT_CLOCK_LOCK] = 20,	   [RT_CLOCK_DISK] = 30,               \
		  [RT_CLOCK_NETWORK] = 40, [RT_CLOCK_POLL] = 50,               \
		  [RT_CLOCK_SLEEP] = 60,   [RT_CLOCK_PAGE_FAULT] = 70,         \
		  [RT_CLOCK_OTHER] = 80},                                      \
	.own_cpu = 200, .handoff = 90

static void check_sum(const struct request *r)
{
	uint64_t sum = 0;

	for (int i = 0; i < PARTS; i++)
		sum += r->part[i];
	assert_int_equal(sum, r->end - r->begin);
}

/* The next request, which sums. */
static const struct request *summed(struct rig *rig)
{
	const struct request *r = rig_request(rig);

	check_sum(r);
	return r;
}

static void each_clock_is_a_part(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, TIMES, CLOCKS, .flags = RT_EX_PARTS, .in = GET,
		     .out = OK2);
	r = summed(rig);
	assert_true(r->has_parts);
	assert_false(r->parts_cut);
	assert_int_equal(r->part[PART_RECEIVE_QUEUE], 100);
	assert_int_equal(r->part[PART_CPU], 200);
	assert_int_equal(r->part[PART_CPU_OTHER], 100);
	assert_int_equal(r->part[PART_RUN_QUEUE], 10);
	assert_int_equal(r->part[PART_LOCK], 20);
	assert_int_equal(r->part[PART_DISK], 30);
	assert_int_equal(r->part[PART_NETWORK], 40);
	assert_int_equal(r->part[PART_POLL], 50);
	assert_int_equal(r->part[PART_SLEEP], 60);
	assert_int_equal(r->part[PART_PAGE_FAULT], 70);
	assert_int_equal(r->part[PART_OTHER_BLOCKED], 80);
	assert_int_equal(r->part[PART_HANDOFF], 90);
	assert_int_equal(r->part[PART_UNATTRIBUTED], 50);
}

static void without_clocks_the_rest_is_unattributed(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, TIMES, CLOCKS, .queued = 5, .in = GET, .out = OK2);
	r = summed(rig);
	assert_false(r->has_parts || r->parts_cut);
	assert_int_equal(r->part[PART_RECEIVE_QUEUE], 100);
	assert_int_equal(r->part[PART_UNATTRIBUTED], 800);
}

static void unsplit_cpu_is_unattributed(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, TIMES, CLOCKS,
		     .flags = RT_EX_PARTS | RT_EX_CPU_UNSPLIT, .in = GET,
		     .out = OK2);
	r = summed(rig);
	assert_true(r->has_parts);
	assert_int_equal(r->part[PART_CPU], 0);
	assert_int_equal(r->part[PART_CPU_OTHER], 0);
	assert_int_equal(r->part[PART_SLEEP], 60);
	assert_int_equal(r->part[PART_UNATTRIBUTED], 350);
	/* It fills the duration like any other, and may exceed it. */
	rig_exchange(rig, .seq = 1, TIMES, .clock = {[RT_CLOCK_CPU] = 801},
		     .flags = RT_EX_PARTS | RT_EX_CPU_UNSPLIT, .in = GET,
		     .out = OK2);
	r = summed(rig);
	assert_true(r->parts_cut);
	assert_int_equal(r->part[PART_UNATTRIBUTED], 800);
}

static void client_queue_is_the_kernels(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .role = RT_ROLE_CLIENT, .first_send = 1000,
		     .arrive = 1500, .first_recv = 1600, .last_recv = 1800,
		     .flags = RT_EX_PARTS, .queued = 130,
		     .clock = {[RT_CLOCK_POLL] = 600}, .out = GET, .in = OK2);
	r = summed(rig);
	assert_true(r->has_parts);
	assert_int_equal(r->part[PART_RECEIVE_QUEUE], 130);
	assert_int_equal(r->part[PART_POLL], 600);
	assert_int_equal(r->part[PART_UNATTRIBUTED], 70);
	/* Of a server it is what the times say. */
	rig_exchange(rig, .cookie = 8, TIMES, .flags = RT_EX_PARTS,
		     .queued = 130, .in = GET, .out = OK2);
	assert_int_equal(summed(rig)->part[PART_RECEIVE_QUEUE], 100);
}

static void clocks_that_fill_the_duration_are_not_cut(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, TIMES, .flags = RT_EX_PARTS,
		     .clock = {[RT_CLOCK_CPU] = 300, [RT_CLOCK_OTHER] = 500},
		     .own_cpu = 300, .in = GET, .out = OK2);
	r = summed(rig);
	assert_true(r->has_parts);
	assert_false(r->parts_cut);
	assert_int_equal(r->part[PART_CPU_OTHER], 0);
	assert_int_equal(r->part[PART_UNATTRIBUTED], 0);
}

static void excess_is_cut_from_the_last(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, TIMES, .flags = RT_EX_PARTS,
		     .clock = {[RT_CLOCK_CPU] = 300,
			       [RT_CLOCK_LOCK] = 400,
			       [RT_CLOCK_SLEEP] = 200},
		     .own_cpu = 100, .handoff = 50, .in = GET, .out = OK2);
	r = summed(rig);
	assert_true(r->has_parts && r->parts_cut);
	assert_int_equal(r->part[PART_RECEIVE_QUEUE], 100);
	assert_int_equal(r->part[PART_CPU], 100);
	assert_int_equal(r->part[PART_CPU_OTHER], 200);
	assert_int_equal(r->part[PART_LOCK], 400);
	assert_int_equal(r->part[PART_SLEEP], 100);
	assert_int_equal(r->part[PART_HANDOFF], 0);
}

/* The clocks and the client's queue must fit together. */
static void excess_of_the_clients_queue_is_cut(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .role = RT_ROLE_CLIENT, .first_send = 1000,
		     .arrive = 1500, .first_recv = 1800, .flags = RT_EX_PARTS,
		     .queued = 801, .out = GET, .in = OK2);
	r = summed(rig);
	assert_true(r->parts_cut);
	assert_int_equal(r->part[PART_RECEIVE_QUEUE], 800);
}

/* A sum of these wraps round to what would fit. */
static void wild_clocks_do_not_wrap(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, TIMES, .flags = RT_EX_PARTS,
		     .clock = {[RT_CLOCK_CPU] = 1ull << 63,
			       [RT_CLOCK_LOCK] = 1ull << 63},
		     .in = GET, .out = OK2);
	r = summed(rig);
	assert_true(r->parts_cut);
	assert_int_equal(r->part[PART_CPU_OTHER], 800);
	assert_int_equal(r->part[PART_LOCK], 0);
}

static void wild_clocks_of_joined_turns_do_not_wrap(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	for (uint32_t seq = 1; seq <= 2; seq++)
		rig_exchange(rig, .seq = seq, .first_recv = seq * 1000,
			     .first_send = seq * 1000 + 100,
			     .in = seq == 1 ? POST_HEAD "he" : "llo",
			     .out = OK2, .flags = RT_EX_PARTS,
			     .clock = {[RT_CLOCK_LOCK] = 1ull << 63});
	r = summed(rig);
	assert_int_equal(r->end, 2100);
	assert_true(r->parts_cut);
	assert_int_equal(r->part[PART_LOCK], 1100);
}

static void more_own_cpu_than_cpu_is_a_fault(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, TIMES, .flags = RT_EX_PARTS, .own_cpu = 301,
		     .clock = {[RT_CLOCK_CPU] = 300}, .in = GET, .out = OK2);
	r = summed(rig);
	assert_true(r->parts_cut);
	assert_int_equal(r->part[PART_CPU], 300);
	assert_int_equal(r->part[PART_CPU_OTHER], 0);
	assert_int_equal(r->part[PART_UNATTRIBUTED], 500);
}

/* From the last byte to the abort, nobody looked. */
static void time_to_a_later_abort_is_unattributed(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, TIMES, CLOCKS, .in = GET, .out = PARTIAL,
		     .flags = RT_EX_PARTS | RT_EX_PEER_CLOSED_FIRST,
		     .end = RT_END_CLOSE, .ended = 2500);
	r = summed(rig);
	assert_string_equal(r->status, "aborted");
	assert_int_equal(r->end, 2500);
	assert_true(r->has_parts);
	assert_false(r->parts_cut);
	assert_int_equal(r->part[PART_SLEEP], 60);
	assert_int_equal(r->part[PART_UNATTRIBUTED], 650);
}

static void clocks_of_no_answer_end_with_it(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .arrive = 1000, .first_recv = 1100, CLOCKS,
		     .flags = RT_EX_PARTS | RT_EX_NO_RESPONSE |
			      RT_EX_LOCAL_CLOSED,
		     .end = RT_END_CLOSE, .ended = 1900, .in = GET);
	r = summed(rig);
	assert_int_equal(r->error, REQUEST_ERROR_LOCAL_ABORT);
	assert_true(r->has_parts);
	assert_int_equal(r->part[PART_CPU], 200);
	assert_int_equal(r->part[PART_UNATTRIBUTED], 50);
}

/* The peer left at 1500, and the service went on to answer. */
static void clocks_past_an_abort_cannot_be_placed(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, TIMES, .clock = {[RT_CLOCK_SLEEP] = 1}, .in = GET,
		     .out = PARTIAL,
		     .flags = RT_EX_PARTS | RT_EX_PEER_CLOSED_FIRST,
		     .end = RT_END_CLOSE, .ended = 1500);
	r = summed(rig);
	assert_int_equal(r->end, 1500);
	assert_false(r->has_parts || r->parts_cut);
	assert_int_equal(r->part[PART_RECEIVE_QUEUE], 100);
	assert_int_equal(r->part[PART_SLEEP], 0);
	assert_int_equal(r->part[PART_UNATTRIBUTED], 400);
}

/* Never answered, and noticed some time after the peer had left. */
static void clocks_past_a_peers_end_are_no_fault(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	for (uint64_t sleep = 400; sleep <= 401; sleep++) {
		rig_exchange(rig, .cookie = sleep, .arrive = 1000,
			     .first_recv = 1100, .in = GET,
			     .clock = {[RT_CLOCK_SLEEP] = sleep},
			     .flags = RT_EX_PARTS | RT_EX_NO_RESPONSE |
				      RT_EX_PEER_CLOSED_FIRST,
			     .end = RT_END_CLOSE, .ended = 1500);
		r = summed(rig);
		assert_int_equal(r->has_parts, sleep == 400);
		assert_int_equal(r->part[PART_SLEEP], sleep == 400 ? 400 : 0);
		assert_false(r->parts_cut);
	}
}

/* Times of two CPUs: there is no room, and it is nobody's fault. */
static void inverted_times_leave_no_room(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .arrive = 1000, .first_recv = 9000,
		     .first_send = 8000, .last_send = 1500, .in = GET,
		     .out = OK2);
	r = summed(rig);
	assert_false(r->parts_cut);
	assert_int_equal(r->part[PART_RECEIVE_QUEUE], 500);
}

static void unasked_push_changes_no_parts(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, TIMES, CLOCKS, .in = GET, .out = OK2, .rtt_us = 1,
		     .flags = RT_EX_PARTS | RT_EX_PROVISIONAL,
		     .end = RT_END_IDLE);
	rig_exchange(rig, .arrive = 1000, .first_recv = 1100, .last_recv = 1200,
		     .first_send = 1700, .last_send = 9000,
		     .clock = {[RT_CLOCK_SLEEP] = 7900}, .flags = RT_EX_PARTS,
		     .in = GET, .out = OK2 "HTTP/1.1 408 Late\r\n\r\n",
		     .last_tid = 999, .rtt_us = 3);
	r = summed(rig);
	assert_int_equal(r->end, 1900);
	assert_true(r->has_parts);
	assert_false(r->parts_cut);
	assert_int_equal(r->part[PART_CPU], 200);
	assert_int_equal(r->part[PART_SLEEP], 60);
	assert_int_equal(r->last_tid, 101);
	assert_int_equal(r->rtt, 3000);
}

/* It was copied when the clocks had not been, as the answer had just gone out:
 * the next record of the same answer has them. */
static void half_written_answer_is_replaced(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	for (int last = 0; last < 2; last++)
		rig_exchange(rig, TIMES, .in = GET, .out = OK2,
			     .last_tid = last ? 77 : 0,
			     .clock = {[RT_CLOCK_SLEEP] = last ? 700 : 0},
			     .end = last ? RT_END_NEXT : RT_END_IDLE,
			     .flags = RT_EX_PARTS |
				      (last ? 0 : RT_EX_PROVISIONAL));
	r = summed(rig);
	assert_int_equal(r->last_tid, 77);
	assert_int_equal(r->part[PART_SLEEP], 700);
	assert_int_equal(r->part[PART_UNATTRIBUTED], 100);
}

/* The other half was missing: the end was when the copy was made. */
static void end_of_half_written_answer_is_replaced(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	for (int last = 0; last < 2; last++)
		rig_exchange(rig, .first_recv = 1100, .in = GET, .out = OK2,
			     .first_send = last ? 1900 : 0, .ended = 1800,
			     .clock = {[RT_CLOCK_SLEEP] = 800},
			     .end = last ? RT_END_NEXT : RT_END_IDLE,
			     .flags = RT_EX_PARTS |
				      (last ? 0 : RT_EX_PROVISIONAL));
	r = summed(rig);
	assert_int_equal(r->end, 1900);
	assert_false(r->parts_cut);
	assert_int_equal(r->part[PART_SLEEP], 800);
}

static void later_provisional_has_later_parts(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, TIMES, CLOCKS, .in = GET, .out = PARTIAL,
		     .flags = RT_EX_PARTS | RT_EX_PROVISIONAL,
		     .end = RT_END_IDLE);
	rig_exchange(rig, .arrive = 1000, .first_recv = 1100,
		     .first_send = 1700, .last_send = 3000, .in = GET,
		     .out = OK2, .clock = {[RT_CLOCK_SLEEP] = 1900},
		     .flags = RT_EX_PARTS | RT_EX_PROVISIONAL,
		     .end = RT_END_IDLE);
	check_sum(rig_pending(rig));
	assert_int_equal(rig_pending(rig)->part[PART_SLEEP], 1900);
	assert_int_equal(rig_pending(rig)->part[PART_CPU], 0);
}

static void joined_turns_add_up(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .seq = 1, .arrive = 1000, .first_recv = 1100,
		     .first_send = 1200, .in = POST_EXPECT, .out = CONTINUE,
		     .flags = RT_EX_PARTS, .own_cpu = 60, .handoff = 1,
		     .clock = {[RT_CLOCK_CPU] = 80, [RT_CLOCK_LOCK] = 9});
	rig_exchange(rig, .seq = 2, .arrive = 1500, .first_recv = 1600,
		     .first_send = 1700, .last_send = 1800, .in = "GET /",
		     .out = OK2, .flags = RT_EX_PARTS, .own_cpu = 100,
		     .handoff = 2,
		     .clock = {[RT_CLOCK_CPU] = 150, [RT_CLOCK_LOCK] = 10});
	r = summed(rig);
	assert_true(r->has_parts);
	assert_false(r->parts_cut);
	assert_int_equal(r->part[PART_RECEIVE_QUEUE], 100);
	assert_int_equal(r->part[PART_CPU], 160);
	assert_int_equal(r->part[PART_CPU_OTHER], 70);
	assert_int_equal(r->part[PART_LOCK], 19);
	assert_int_equal(r->part[PART_HANDOFF], 3);
	/* Among it the 400 between the two. */
	assert_int_equal(r->part[PART_UNATTRIBUTED], 448);
}

/* The wait for "100 Continue" in the socket is not that for the answer. */
static void joined_client_queue_is_that_of_the_answer(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	for (int interim = 0; interim < 2; interim++) {
		rig_exchange(rig, .cookie = interim + 1, .role = RT_ROLE_CLIENT,
			     .seq = 1, .first_send = 1000, .arrive = 1100,
			     .first_recv = 1150, .queued = 40,
			     .flags = RT_EX_PARTS,
			     .out = interim ? POST_EXPECT : POST_HEAD "he",
			     .in = interim ? CONTINUE : PARTIAL);
		rig_exchange(rig, .cookie = interim + 1, .role = RT_ROLE_CLIENT,
			     .seq = 2, .first_send = 1200, .arrive = 1400,
			     .first_recv = 1450, .last_recv = 1500,
			     .queued = 30, .flags = RT_EX_PARTS,
			     .out = interim ? "hello" : "llo",
			     .in = interim ? OK2 : "rest");
		r = summed(rig);
		assert_true(r->has_parts);
		assert_int_equal(r->end, 1500);
		assert_int_equal(r->part[PART_RECEIVE_QUEUE],
				 interim ? 30 : 40);
	}
}

static void join_early(struct rig *rig, uint64_t cookie, uint16_t first,
		       uint16_t second, uint64_t first_recv)
{
	rig_exchange(rig, .cookie = cookie, .seq = 1, .arrive = 1000,
		     .first_recv = 1100, .first_send = 1200, .flags = first,
		     .clock = {[RT_CLOCK_LOCK] = 10}, .in = POST_HEAD "he",
		     .out = OK2);
	rig_exchange(rig, .cookie = cookie, .seq = 2, .first_recv = first_recv,
		     .first_send = 1700, .last_send = 1800, .flags = second,
		     .clock = {[RT_CLOCK_LOCK] = 20}, .in = "llo", .out = "x");
}

static void joined_parts_need_both(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	for (int i = 0; i < 4; i++) {
		join_early(rig, i + 1, i & 1 ? RT_EX_PARTS : 0,
			   i & 2 ? RT_EX_PARTS : 0, 1600);
		r = summed(rig);
		assert_int_equal(r->has_parts, i == 3);
		assert_int_equal(r->part[PART_LOCK], i == 3 ? 30 : 0);
		assert_int_equal(r->part[PART_RECEIVE_QUEUE], 100);
		assert_false(r->parts_cut);
	}
}

/* The send that ended the first was seen after the second had begun. */
static void overlapping_clocks_do_not_add_up(void **state)
{
	struct rig *rig = *state;

	join_early(rig, 1, RT_EX_PARTS, RT_EX_PARTS, 1200);
	assert_true(summed(rig)->has_parts);
	join_early(rig, 2, RT_EX_PARTS, RT_EX_PARTS, 1199);
	assert_false(summed(rig)->has_parts);
}

/* What continued the turn before, as far as was seen, is a request of its own
 * by its final record: then nothing of that turn is in it. */
static void parts_of_the_turn_before_are_its_own(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .seq = 1, .first_recv = 1000, .first_send = 1200,
		     .in = POST_HEAD "he", .out = OK2, .flags = RT_EX_PARTS,
		     .clock = {[RT_CLOCK_LOCK] = 10});
	rig_exchange(rig, .seq = 2, .first_recv = 1600, .first_send = 1700,
		     .in = "llo", .out = OK2, .end = RT_END_IDLE,
		     .flags = RT_EX_PARTS | RT_EX_PROVISIONAL,
		     .clock = {[RT_CLOCK_LOCK] = 20});
	assert_int_equal(rig_pending(rig)->part[PART_LOCK], 30);
	rig_exchange(rig, .seq = 2, .first_recv = 1600, .first_send = 1800,
		     .in = GET, .out = OK2 OK2 OK2, .flags = RT_EX_PARTS,
		     .clock = {[RT_CLOCK_LOCK] = 40});
	assert_int_equal(summed(rig)->part[PART_LOCK], 10);
	r = summed(rig);
	assert_int_equal(r->begin, 1600);
	assert_int_equal(r->end, 1800);
	assert_int_equal(r->part[PART_LOCK], 40);
}

/* An answer that was whole keeps its parts, also as part of a longer one. */
static void whole_answer_keeps_its_parts_when_joined(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	for (int last = 0; last < 2; last++)
		rig_exchange(
			rig, .seq = 1, .first_recv = 1000, .first_send = 1200,
			.in = POST_HEAD "he",
			.out = last ? OK2 "HTTP/1.1 408 Late\r\n\r\n" : OK2,
			.end = last ? RT_END_NEXT : RT_END_IDLE,
			.flags = RT_EX_PARTS | (last ? 0 : RT_EX_PROVISIONAL),
			.clock = {[RT_CLOCK_LOCK] = last ? 70 : 10});
	rig_exchange(rig, .seq = 2, .first_recv = 1600, .first_send = 1700,
		     .in = "llo", .out = "x", .flags = RT_EX_PARTS,
		     .clock = {[RT_CLOCK_LOCK] = 20});
	r = summed(rig);
	assert_int_equal(r->end, 1700);
	assert_int_equal(r->part[PART_LOCK], 30);
}

/* The rest of a body that nobody waited for is read after the answer. */
static void parts_end_with_the_answer(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .seq = 1, .first_recv = 1000, .first_send = 1200,
		     .in = POST_HEAD "he", .flags = RT_EX_PARTS,
		     .clock = {[RT_CLOCK_DISK] = 150}, .last_tid = 55,
		     .out = "HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n");
	rig_exchange(rig, .seq = 2, .first_recv = 1300, .in = "llo",
		     .clock = {[RT_CLOCK_DISK] = 3700}, .last_tid = 56,
		     .flags = RT_EX_PARTS | RT_EX_NO_RESPONSE |
			      RT_EX_PEER_CLOSED_FIRST,
		     .end = RT_END_RESET, .ended = 5000);
	r = summed(rig);
	assert_int_equal(r->end, 1200);
	assert_true(r->has_parts);
	assert_false(r->parts_cut);
	assert_int_equal(r->part[PART_DISK], 150);
	assert_int_equal(r->part[PART_UNATTRIBUTED], 50);
	assert_int_equal(r->last_tid, 55);
}

static void who_and_which_comes_along(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, .seq = 5, TIMES, .last_tid = 77, .rtt_us = 250,
		     .retransmits = 3, .parent = 9, .in = GET, .out = OK2);
	r = summed(rig);
	assert_int_equal(r->seq, 5);
	assert_int_equal(r->tid, 101);
	assert_int_equal(r->last_tid, 77);
	assert_int_equal(r->rtt, 250000);
	assert_int_equal(r->retransmits, 3);
	assert_false(r->is_call);
	for (uint64_t parent = 0; parent < 2; parent++) {
		rig_exchange(rig, .cookie = 8, .seq = parent,
			     .role = RT_ROLE_CLIENT, .first_send = 10,
			     .first_recv = 20, .parent = parent,
			     .rtt_us = UINT32_MAX, .out = GET, .in = OK2);
		r = summed(rig);
		assert_int_equal(r->is_call, parent == 1);
		assert_int_equal(r->rtt, UINT32_MAX * 1000ull);
	}
}

static void joined_turns_share_their_network(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	for (uint32_t rtt = 0; rtt < 2; rtt++) {
		rig_exchange(rig, .cookie = rtt + 1, .seq = 1,
			     .role = RT_ROLE_CLIENT, .first_send = 1000,
			     .first_recv = 1100, .out = POST_EXPECT,
			     .in = CONTINUE, .rtt_us = 7, .retransmits = 1,
			     .parent = 9);
		rig_exchange(rig, .cookie = rtt + 1, .seq = 2,
			     .role = RT_ROLE_CLIENT, .first_send = 1200,
			     .first_recv = 1300, .out = "hello", .in = OK2,
			     .rtt_us = rtt, .retransmits = 2);
		r = summed(rig);
		assert_int_equal(r->seq, 2);
		assert_int_equal(r->rtt, rtt ? 1000 : 7000);
		assert_int_equal(r->retransmits, 3);
		assert_true(r->is_call);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_clock_is_a_part),
		T(without_clocks_the_rest_is_unattributed),
		T(unsplit_cpu_is_unattributed),
		T(client_queue_is_the_kernels),
		T(clocks_that_fill_the_duration_are_not_cut),
		T(excess_is_cut_from_the_last),
		T(excess_of_the_clients_queue_is_cut),
		T(wild_clocks_do_not_wrap),
		T(wild_clocks_of_joined_turns_do_not_wrap),
		T(more_own_cpu_than_cpu_is_a_fault),
		T(time_to_a_later_abort_is_unattributed),
		T(clocks_of_no_answer_end_with_it),
		T(clocks_past_an_abort_cannot_be_placed),
		T(clocks_past_a_peers_end_are_no_fault),
		T(inverted_times_leave_no_room),
		T(unasked_push_changes_no_parts),
		T(half_written_answer_is_replaced),
		T(end_of_half_written_answer_is_replaced),
		T(later_provisional_has_later_parts),
		T(joined_turns_add_up),
		T(joined_client_queue_is_that_of_the_answer),
		T(joined_parts_need_both),
		T(overlapping_clocks_do_not_add_up),
		T(parts_of_the_turn_before_are_its_own),
		T(whole_answer_keeps_its_parts_when_joined),
		T(parts_end_with_the_answer),
		T(who_and_which_comes_along),
		T(joined_turns_share_their_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
