/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What statistics make of the parts of exchanges, of calls out and of the
 * network, and which exchanges they remember as the slowest.
 */
#include "stats_rig.h"

#include <stdio.h>
#include <string.h>

#include "stats/measure.h"

static struct stats *new_top(size_t top, bool verify)
{
	const struct stats_config config = {.top = top, .verify = verify};
	struct stats *s = stats__new(&config);

	assert_non_null(s);
	return s;
}

/* 4 ms: 1 in the queue, 2 on a CPU, 1 not known. */
static struct request parts_request(const char *operation)
{
	struct request r = get_request(operation);

	r.has_parts = true;
	r.part[PART_CPU] = 2 * MS;
	r.part[PART_UNATTRIBUTED] = 1 * MS;
	return r;
}

static void lasts(struct request *r, uint64_t duration)
{
	r->begin = r->end - duration;
	memset(r->part, 0, sizeof(r->part));
	r->part[PART_CPU] = duration;
}

static void every_part_counts_what_is_known(void **state)
{
	struct stats *s = new_top(0, false);
	struct request r = parts_request("GET /a");
	struct breakdown_slice slice;
	const struct measure *m;
	struct snapshot *snap;

	(void)state;
	tell(s, &r);
	r.operations = 3;
	tell(s, &r);
	r.operations = 1;
	lasts(&r, 1 * MS);
	tell(s, &r);
	/* Its threads were not watched: 1 ms in the queue, 2 not known. */
	r = get_request("GET /a");
	r.end -= 1 * MS;
	r.part[PART_UNATTRIBUTED] = 2 * MS;
	tell(s, &r);
	snap = snap_now(s);
	m = &snap->series[0].m;
	assert_int_equal(m->with_parts, 3);
	for (int i = 0; i < PARTS; i++)
		assert_int_equal(
			m->part[i].count,
			i == PART_RECEIVE_QUEUE || i == PART_UNATTRIBUTED ? 6
									  : 5);
	assert_int_equal(m->part[PART_RECEIVE_QUEUE].sum, 5 * MS);
	assert_int_equal(m->part[PART_RECEIVE_QUEUE].zero_count, 1);
	assert_int_equal(m->part[PART_RECEIVE_QUEUE].min, 0);
	assert_int_equal(m->part[PART_RECEIVE_QUEUE].max, 1 * MS);
	assert_int_equal(m->part[PART_UNATTRIBUTED].sum, 6 * MS);
	assert_int_equal(m->part[PART_UNATTRIBUTED].max, 2 * MS);
	assert_int_equal(m->part[PART_CPU].sum, 9 * MS);
	assert_int_equal(m->part[PART_CPU].zero_count, 0);
	assert_int_equal(m->part[PART_CPU].min, 1 * MS);
	assert_int_equal(m->part[PART_DISK].zero_count, 5);
	breakdown__mean(&m->breakdown, &slice);
	assert_true(slice.count == 6);
	assert_true(slice.duration == 20e6 / 6);
	assert_true(slice.part[PART_CPU] == 9e6 / 6);
	/* A row has it too, and has its own. */
	breakdown__slowest(&snap->rows[0].m.breakdown, 4.0 / 6, &slice);
	assert_true(slice.count == 4);
	assert_true(slice.part[PART_CPU] == 2e6);
	assert_int_equal(snap->rows[0].m.with_parts, 3);
	snapshot__free(snap);
	stats__free(s);
}

/* Without threads, what is not known is not 0. */
static void nothing_is_said_of_threads_not_watched(void **state)
{
	struct stats *s = new_top(0, false);
	struct request r = get_request("GET /a");
	const struct measure *m;
	struct snapshot *snap;

	(void)state;
	r.has_arrival = false;
	r.part[PART_RECEIVE_QUEUE] = 0;
	r.part[PART_UNATTRIBUTED] = 4 * MS;
	tell(s, &r);
	snap = snap_now(s);
	m = &snap->series[0].m;
	for (int i = 0; i < PARTS; i++)
		assert_int_equal(m->part[i].count, i == PART_UNATTRIBUTED);
	assert_int_equal(m->part[PART_UNATTRIBUTED].sum, 4 * MS);
	snapshot__free(snap);
	stats__free(s);
}

/* The memory of a series whose durations and parts span whatever they may. */
static void series_are_bounded_in_memory(void **state)
{
	struct request r = parts_request("GET /a");
	struct measure m, sum;

	(void)state;
	measure__init(&m);
	measure__init(&sum);
	for (uint64_t ns = 1; ns < 1000000 * MS; ns += 1 + ns / 50) {
		r.end = r.begin + ns * PARTS;
		for (int i = 0; i < PARTS; i++)
			r.part[i] = ns;
		assert_int_equal(measure__add(&m, &r), 0);
	}
	for (int i = 0; i < PARTS; i++)
		assert_in_range(m.part[i].cap, 1, 64);
	assert_in_range(m.breakdown.cap, 1, 64);
	assert_true(m.duration.scale == RT_HIST_SCALE);
	/* Sums of groups likewise; those of rows without the parts' own. */
	assert_int_equal(measure__merge(&sum, &m), 0);
	assert_in_range(sum.part[PART_CPU].cap, 1, 64);
	measure__free(&sum);
	measure__init(&sum);
	assert_int_equal(measure__merge_whole(&sum, &m), 0);
	for (int i = 0; i < PARTS; i++)
		assert_null(sum.part[i].bucket);
	assert_int_equal(sum.breakdown.len, m.breakdown.len);
	assert_int_equal(sum.duration.count, m.duration.count);
	measure__free(&sum);
	measure__free(&m);
}

static void network_figures_count_exchanges(void **state)
{
	struct stats *s = new_top(0, false);
	struct request r = parts_request("GET /a");
	struct snapshot *snap;

	(void)state;
	r.operations = 5;
	r.rtt = 40000;
	r.retransmits = 2;
	tell(s, &r);
	r.rtt = 0; /* not known: UNIX */
	r.retransmits = 1;
	tell(s, &r);
	r.status = "404";
	r.rtt = 80000;
	tell(s, &r);
	snap = snap_now(s);
	assert_int_equal(snap->series[0].m.rtt.count, 1);
	assert_int_equal(snap->series[0].m.rtt.sum, 40000);
	assert_int_equal(snap->series[0].m.retransmits, 3);
	assert_int_equal(snap->rows[0].m.rtt.count, 2);
	assert_int_equal(snap->rows[0].m.rtt.max, 80000);
	assert_int_equal(snap->rows[0].m.retransmits, 4);
	snapshot__free(snap);
	stats__free(s);
}

static const struct measure_call *find_call(const struct measure *m,
					    const char *peer)
{
	for (size_t i = 0; i < m->calls_len; i++)
		if (strcmp(m->calls[i].peer, peer) == 0)
			return &m->calls[i];
	fail_msg("no calls to %s", peer);
	return NULL;
}

static void calls_add_up_by_peer(void **state)
{
	struct stats *s = new_top(0, false);
	struct request r = parts_request("GET /a");
	const struct measure_call *call;
	const struct measure *m;
	struct snapshot *snap;

	(void)state;
	r.calls_known = true;
	r.calls_len = 3;
	r.calls[0] = (struct request_call){"redis:6379", 3, 300, 200, false};
	r.calls[1] = (struct request_call){"client", 0, 0, 50, true};
	r.calls[2] = (struct request_call){"db:5432", 1, 200, 100, false};
	tell(s, &r);
	r.status = "404";
	r.operations = 2;
	r.calls_known = false;
	r.calls_len = 1;
	r.calls[0] = (struct request_call){"db:5432", 1, 700, 10, false};
	tell(s, &r);
	snap = snap_now(s);
	m = &snap->series[0].m;
	assert_int_equal(m->calls_len, 3);
	assert_string_equal(m->calls[0].peer, "redis:6379");
	assert_string_equal(m->calls[1].peer, "db:5432");
	assert_true(m->calls[2].own);
	assert_int_equal(m->calls[0].count, 3);
	assert_int_equal(m->calls[0].time, 300);
	assert_int_equal(m->calls[0].network, 200);
	assert_int_equal(m->calls_known, 1);
	assert_int_equal(snap->rows[0].m.calls_known, 1);
	/* The row: other statuses with it, and another order for that. */
	m = &snap->rows[0].m;
	assert_string_equal(m->calls[0].peer, "db:5432");
	call = find_call(m, "db:5432");
	assert_int_equal(call->count, 2);
	assert_int_equal(call->time, 900);
	assert_int_equal(call->network, 100 + 2 * 10); /* as the part does */
	assert_false(call->own);
	assert_int_equal(find_call(m, "redis:6379")->time, 300);
	snapshot__free(snap);
	/* Snapshots did not take it from the living ones. */
	snap = snap_now(s);
	assert_int_equal(snap->series[0].m.calls_len, 3);
	snapshot__free(snap);
	stats__free(s);
}

static void peers_of_calls_are_bounded(void **state)
{
	struct stats *s = new_top(0, false);
	struct request r = parts_request("GET /a");
	const struct measure *m;
	struct snapshot *snap;
	const char others[] = "other";
	char names[40][16];

	(void)state;
	r.calls_len = 1;
	for (int i = 0; i < 40; i++) {
		snprintf(names[i], sizeof(names[i]), "db%d:1", i);
		r.calls[0] = (struct request_call){names[i], 1, 10, 5, false};
		tell(s, &r);
	}
	/* The model's own "other" is no peer either. */
	r.calls[0] = (struct request_call){others, 1, 10, 5, false};
	tell(s, &r);
	r.calls[0] = (struct request_call){"client", 0, 0, 7, true};
	tell(s, &r);
	tell(s, &r);
	snap = snap_now(s);
	m = &snap->series[0].m;
	assert_int_equal(m->calls_len, 18); /* 16 peers, other, own */
	assert_string_equal(m->calls[0].peer, "other");
	assert_int_equal(m->calls[0].count, 25);
	assert_int_equal(m->calls[0].time, 250);
	assert_int_equal(m->calls[0].network, 125);
	assert_string_equal(m->calls[17].peer, "client");
	assert_int_equal(m->calls[17].network, 14);
	/* 24 that found no room, and the model's; own ones are not. */
	assert_int_equal(counter(snap, "calls_folded"), 25);
	snapshot__free(snap);
	/* An exchange counts once, and a pending one for a moment. */
	r.calls_len = 2;
	r.calls[0] = (struct request_call){"db20:1", 1, 10, 5, false};
	r.calls[1] = (struct request_call){"db21:1", 1, 10, 5, false};
	for (int i = 0; i < 2; i++) {
		snap = snap_with(s, &r, 1);
		assert_int_equal(counter(snap, "calls_folded"), 26);
		snapshot__free(snap);
	}
	r.calls[0].peer = "db2:1";
	r.calls_len = 1;
	tell(s, &r);
	snap = snap_now(s);
	assert_int_equal(counter(snap, "calls_folded"), 25);
	snapshot__free(snap);
	stats__free(s);
}

/* Moving leaves nothing behind that both would free. */
static void measures_move(void **state)
{
	struct request r = parts_request("GET /a");
	struct measure from, to;

	(void)state;
	r.rtt = 1000;
	r.calls_len = 1;
	r.calls[0] = (struct request_call){"db:1", 1, 10, 5, false};
	measure__init(&from);
	assert_int_equal(measure__add(&from, &r), 0);
	measure__move(&to, &from);
	assert_int_equal(from.breakdown.len, 0);
	assert_null(from.breakdown.word);
	assert_int_equal(from.rtt.count, 0);
	assert_int_equal(from.calls_len, 0);
	assert_int_equal(to.breakdown.len, 1);
	assert_int_equal(to.rtt.count, 1);
	assert_int_equal(to.calls_len, 1);
	/* What was moved from can be used again. */
	assert_int_equal(measure__add(&from, &r), 0);
	assert_int_equal(breakdown__cell(&from.breakdown, 0).count, 1);
	assert_int_equal(from.calls[0].count, 1);
	measure__free(&from);
	measure__free(&to);
}

static void share_of_what_is_not_known(void **state)
{
	struct stats *s = new_top(0, false);
	struct request r = parts_request("GET /a");
	struct snapshot *snap;

	(void)state;
	r.operations = 10; /* counts once all the same */
	tell(s, &r);
	r.has_parts = false; /* nobody looked: not a failure to attribute */
	tell(s, &r);
	r.has_parts = true;
	for (int round = 0; round < 2; round++) {
		snap = snap_with(s, &r, 1);
		assert_int_equal(snap->attributed, 6 * MS);
		assert_int_equal(snap->unattributed, 2 * MS);
		assert_false(snap->verified);
		snapshot__free(snap);
	}
	tell(s, &r);
	snap = snap_now(s);
	assert_int_equal(snap->attributed, 6 * MS);
	assert_int_equal(snap->unattributed, 2 * MS);
	snapshot__free(snap);
	stats__free(s);
}

static void expect_violations(struct stats *s, const struct request *pending,
			      uint64_t violations, uint64_t cut)
{
	struct snapshot *snap = snap_with(s, pending, pending ? 1 : 0);

	assert_int_equal(snap->violations, violations);
	assert_int_equal(counter(snap, "parts_cut"), cut);
	snapshot__free(snap);
}

static void verifying_adds_up_every_exchange(void **state)
{
	struct stats *s = new_top(0, true);
	struct request good = parts_request("GET /a"), r = good;
	struct snapshot *snap;

	(void)state;
	tell(s, &good);
	good.has_parts = false;
	tell(s, &good);
	snap = snap_now(s);
	assert_true(snap->verified);
	assert_int_equal(snap->violations, 0);
	assert_int_equal(snap->attributed, 3 * MS);
	snapshot__free(snap);
	r.part[PART_DISK] = 1;
	tell(s, &r);
	expect_violations(s, NULL, 1, 0);
	r = good;
	r.part[PART_CPU]--;
	tell(s, &r);
	expect_violations(s, NULL, 2, 0);
	r = good;
	r.end = r.begin - 1;
	memset(r.part, 0, sizeof(r.part));
	tell(s, &r);
	expect_violations(s, NULL, 3, 0);
	/* Adds up, but only because it was made to. Pending: counts in each
	 * snapshot once, and once when it settles. */
	r = good;
	r.parts_cut = true;
	expect_violations(s, &r, 4, 1);
	expect_violations(s, &r, 4, 1);
	tell(s, &r);
	expect_violations(s, NULL, 4, 1);
	stats__free(s);
}

static void cut_parts_count_without_verifying(void **state)
{
	struct stats *s = new_top(0, false);
	struct request r = parts_request("GET /a");

	(void)state;
	r.parts_cut = true;
	tell(s, &r);
	tell(s, &r);
	expect_violations(s, NULL, 0, 2);
	stats__free(s);
}

static void slowest_are_kept_in_order(void **state)
{
	/* ms; 9 is a call of another exchange, and so none of them. */
	static const uint64_t durations[] = {3, 7, 1, 9, 5, 2, 8, 4, 6};
	struct stats *s = new_top(4, false);
	struct request r = parts_request("GET /a");
	struct snapshot *snap;

	(void)state;
	tell_process(s, PID, "web", false);
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		lasts(&r, durations[i] * MS);
		r.cookie = durations[i];
		r.is_call = durations[i] == 9;
		r.role = r.is_call || i % 2 ? RT_ROLE_CLIENT : RT_ROLE_SERVER;
		tell(s, &r);
	}
	snap = snap_now(s);
	assert_int_equal(snap->slowest_len, 4);
	for (uint64_t i = 0; i < 4; i++) {
		assert_int_equal(snap->slowest[i].request.cookie, 8 - i);
		assert_int_equal(snap->slowest[i].request.part[PART_CPU],
				 (8 - i) * MS);
		assert_string_equal(snap->slowest[i].comm, "web");
	}
	snapshot__free(snap);
	stats__free(s);
}

static void pending_ones_are_slowest_once(void **state)
{
	struct stats *s = new_top(2, false);
	struct request r = parts_request("GET /a"), pending = r;
	struct snapshot *snap;

	(void)state;
	tell(s, &r);
	lasts(&r, 2 * MS);
	tell(s, &r);
	lasts(&pending, 9 * MS);
	for (int round = 0; round < 2; round++) {
		snap = snap_with(s, &pending, 1);
		assert_int_equal(snap->slowest_len, 2);
		assert_int_equal(snap->slowest[0].request.begin, 41 * MS);
		assert_int_equal(snap->slowest[1].request.begin, 46 * MS);
		snapshot__free(snap);
	}
	snap = snap_now(s); /* it turned out to be something else */
	assert_int_equal(snap->slowest_len, 2);
	assert_int_equal(snap->slowest[0].request.begin, 46 * MS);
	assert_int_equal(snap->slowest[1].request.begin, 48 * MS);
	snapshot__free(snap);
	tell(s, &pending);
	snap = snap_now(s);
	assert_int_equal(snap->slowest_len, 2);
	assert_int_equal(snap->slowest[0].request.begin, 41 * MS);
	assert_int_equal(snap->slowest[1].request.begin, 46 * MS);
	snapshot__free(snap);
	stats__free(s);
}

static void slowest_have_the_time_of_the_day(void **state)
{
	const struct stats_facts facts = {.start = 20 * MS,
					  .wall_start = 5000 * MS};
	struct stats *s = new_top(2, false);
	struct request r = parts_request("GET /a");
	struct snapshot *snap;

	(void)state;
	tell(s, &r);	    /* from 46 ms on */
	lasts(&r, 40 * MS); /* from 10 ms on: before tracing started */
	tell(s, &r);
	assert_int_equal(
		stats__snapshot(s, &facts, NULL, NOW, false, true, &snap), 0);
	assert_int_equal(snap->slowest[0].wall, 4990 * MS);
	assert_int_equal(snap->slowest[1].wall, 5026 * MS);
	snapshot__free(snap);
	stats__free(s);
}

static void none_are_slowest_if_none_are_asked_for(void **state)
{
	struct stats *s = new_top(0, false);
	struct request r = parts_request("GET /a");
	struct snapshot *snap;

	(void)state;
	tell(s, &r);
	snap = snap_with(s, &r, 1);
	assert_int_equal(snap->slowest_len, 0);
	snapshot__free(snap);
	stats__free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_part_counts_what_is_known),
		cmocka_unit_test(nothing_is_said_of_threads_not_watched),
		cmocka_unit_test(series_are_bounded_in_memory),
		cmocka_unit_test(network_figures_count_exchanges),
		cmocka_unit_test(calls_add_up_by_peer),
		cmocka_unit_test(peers_of_calls_are_bounded),
		cmocka_unit_test(measures_move),
		cmocka_unit_test(share_of_what_is_not_known),
		cmocka_unit_test(verifying_adds_up_every_exchange),
		cmocka_unit_test(cut_parts_count_without_verifying),
		cmocka_unit_test(slowest_are_kept_in_order),
		cmocka_unit_test(pending_ones_are_slowest_once),
		cmocka_unit_test(slowest_have_the_time_of_the_day),
		cmocka_unit_test(none_are_slowest_if_none_are_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
