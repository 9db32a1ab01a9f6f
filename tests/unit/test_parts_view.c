/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts worth showing, bars of them, and the diagnosis, of measures made
 * for each case.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_parts.h"
#include "view/diagnosis.h"
#include "view/screen.h"

#define MS 1000000ull

static const uint64_t nothing[PARTS];

static bool make(struct breakdown_view *v, struct measure *m, uint64_t times,
		 const uint64_t usual[PARTS], const uint64_t slow[PARTS])
{
	fake_parts__init(m);
	fake_parts__measure(m, times, usual, slow);
	return breakdown_view__make(v, m);
}

static void test_nothing(void **state)
{
	static const uint64_t usual[PARTS] = {[PART_CPU] = MS};
	struct breakdown_view v;
	struct measure m;

	(void)state;
	fake_parts__init(&m);
	assert_false(breakdown_view__make(&v, &m));
	m.with_parts = 1; /* of none of which the parts came */
	assert_false(breakdown_view__make(&v, &m));
	assert_true(make(&v, &m, 100, usual, usual));
	m.with_parts = 0;
	assert_false(breakdown_view__make(&v, &m));
	fake_parts__free(&m);
}

/* 1000 exchanges of 0.8 (200), 1 (500) and 1.3 (290) times usual; 10 slow. */
static void test_slices(void **state)
{
	static const uint64_t usual[PARTS] = {
		[PART_CPU] = 9 * MS, [PART_LOCK] = 1 * MS};
	static const uint64_t slow[PARTS] = {
		[PART_CPU] = 10 * MS, [PART_LOCK] = 90 * MS};
	struct breakdown_view v;
	struct measure m;

	(void)state;
	assert_true(make(&v, &m, 1000, usual, slow));
	assert_int_equal(v.main, BREAKDOWN_SLOWEST);
	assert_int_equal(v.len, 2);
	assert_int_equal(v.item[0].part, PART_LOCK); /* large at the end */
	assert_int_equal(v.item[1].part, PART_CPU);
	assert_float_equal(v.slice[BREAKDOWN_SLOWEST].duration, 100 * MS, 1);
	assert_float_equal(v.item[0].ns[BREAKDOWN_SLOWEST], 90 * MS, 1);
	assert_float_equal(v.item[0].ns[BREAKDOWN_P50], 1 * MS, 1);
	assert_float_equal(v.item[0].ns[BREAKDOWN_MEAN],
			   (0.2 * 0.8 + 0.5 + 0.29 * 1.3 + 0.01 * 90) * MS, 1);
	assert_float_equal(breakdown_view__share(&v, 1, BREAKDOWN_P50), 0.9,
			   1e-9);
	fake_parts__free(&m);
}

static void test_few(void **state)
{
	static const uint64_t usual[PARTS] = {[PART_CPU] = 9 * MS};
	struct breakdown_view v;
	struct measure m;

	(void)state;
	assert_true(make(&v, &m, 100, usual, usual));
	assert_int_equal(v.main, BREAKDOWN_SLOWEST);
	m.with_parts = 99;
	assert_true(breakdown_view__make(&v, &m));
	assert_int_equal(v.main, BREAKDOWN_MEAN);
	assert_true(v.slice[BREAKDOWN_P50].count > 0);
	assert_true(v.slice[BREAKDOWN_SLOWEST].count == 0);
	assert_true(breakdown_view__share(&v, 0, BREAKDOWN_SLOWEST) == 0);
	fake_parts__free(&m);
}

/* Below 0.5 % in each slice: in the rest; but unattributed has its line. */
static void test_rest(void **state)
{
	static const uint64_t usual[PARTS] = {[PART_CPU] = 1000 * MS,
					      [PART_DISK] = 4 * MS,
					      [PART_SLEEP] = 3 * MS,
					      [PART_LOCK] = 6 * MS,
					      [PART_UNATTRIBUTED] = 1000};
	static const uint64_t one[PARTS] = {
		[PART_CPU] = 1000 * MS, [PART_DISK] = 4 * MS};
	struct breakdown_view v;
	struct measure m;

	(void)state;
	assert_true(make(&v, &m, 1000, usual, usual));
	assert_int_equal(v.len, 4);
	assert_int_equal(v.item[0].part, PART_CPU);
	assert_int_equal(v.item[1].part, PART_LOCK);
	assert_int_equal(v.item[2].part, PART_UNATTRIBUTED);
	assert_int_equal(v.item[3].part, BREAKDOWN_REST);
	assert_float_equal(v.item[3].ns[BREAKDOWN_P50], 7 * MS, 1);
	fake_parts__free(&m);
	assert_true(make(&v, &m, 1000, one, one));
	assert_int_equal(v.len, 2);
	assert_int_equal(v.item[1].part, PART_DISK);
	fake_parts__free(&m);
}

static void test_add_up(void **state)
{
	struct breakdown_view v;
	struct measure m;

	(void)state;
	srand(1);
	for (int round = 0; round < 50; round++) {
		uint64_t usual[PARTS], slow[PARTS];

		for (int i = 0; i < PARTS; i++) {
			usual[i] = rand() % 3 ? 0 : 1 + rand() % 1000000;
			slow[i] = rand() % 3 ? 0 : 1 + rand() % 9000000;
		}
		usual[PART_CPU] += 100;
		slow[PART_CPU] += 100;
		assert_true(make(&v, &m, 1000, usual, slow));
		for (int of = 0; of < BREAKDOWN_OFS; of++) {
			double sum = 0;

			for (size_t i = 0; i < v.len; i++)
				sum += v.item[i].ns[of];
			assert_float_equal(sum / v.slice[of].duration, 1, 1e-9);
		}
		for (size_t width = 0; width < 80; width += 13) {
			size_t columns[PARTS + 1], sum = 0;

			breakdown_view__columns(&v, BREAKDOWN_P50, width,
						columns);
			for (size_t i = 0; i < v.len; i++)
				sum += columns[i];
			assert_int_equal(sum, width);
		}
		fake_parts__free(&m);
	}
}

static void test_bars(void **state)
{
	static const uint64_t usual[PARTS] = {[PART_CPU] = 6 * MS,
					      [PART_LOCK] = 3 * MS,
					      [PART_UNATTRIBUTED] = 1 * MS};
	struct breakdown_view v;
	struct measure m;
	char bar[100];

	(void)state;
	assert_true(make(&v, &m, 1000, usual, usual));
	breakdown_view__bar(bar, sizeof(bar), &v, BREAKDOWN_MEAN, 10, false);
	assert_string_equal(bar, "CCCCCCLLL?");
	breakdown_view__bar(bar, sizeof(bar), &v, BREAKDOWN_MEAN, 10, true);
	assert_string_equal(bar, "██████▚▚▚?");
	breakdown_view__bar(bar, 8, &v, BREAKDOWN_MEAN, 10, true);
	assert_string_equal(bar, "██"); /* no half characters */
	fake_parts__free(&m);
	assert_true(make(&v, &m, 1000, nothing, nothing));
	assert_int_equal(v.len, 0);
	breakdown_view__bar(bar, sizeof(bar), &v, BREAKDOWN_MEAN, 10, false);
	assert_string_equal(bar, "");
	fake_parts__free(&m);
}

static void test_words(void **state)
{
	(void)state;
	for (int i = 0; i <= BREAKDOWN_REST; i++) {
		assert_true(strlen(breakdown_view__name(i)) <= 13);
		for (int utf8 = 0; utf8 < 2; utf8++) {
			const char *glyph = breakdown_view__glyph(i, utf8);

			assert_int_equal(screen__width(glyph), 1);
			assert_true(utf8 || strlen(glyph) == 1);
			for (int k = 0; k < i; k++)
				assert_string_not_equal(
					glyph, breakdown_view__glyph(k, utf8));
		}
	}
}

/* What is said of 1000 exchanges. */
static const char *say(const uint64_t usual[PARTS], const uint64_t slow[PARTS],
		       enum rt_role role, const struct measure *with)
{
	static char buf[DIAGNOSIS_LEN];
	struct breakdown_view v;
	struct measure m;

	assert_true(make(&v, &m, 1000, usual, slow));
	if (with) {
		m.calls = with->calls;
		m.calls_len = with->calls_len;
		m.retransmits = with->retransmits;
		m.exchanges = with->exchanges;
	}
	diagnosis__sentence(buf, &v, &m, role, false);
	fake_parts__free(&m);
	return buf;
}

static void test_sentences(void **state)
{
	static const struct {
		enum part part;
		enum rt_role role;
		const char *expected;
	} cases[] = {
		{PART_RECEIVE_QUEUE, RT_ROLE_SERVER,
		 "80 % of the slow end is receive queue: the event loop, or "
		 "every worker, was busy with other things"},
		{PART_RECEIVE_QUEUE, RT_ROLE_CLIENT,
		 "80 % of the slow end is receive queue: the answer was there "
		 "and not read"},
		{PART_CPU, RT_ROLE_SERVER,
		 "80 % of the slow end is cpu: its thread computed"},
		{PART_CPU_OTHER, RT_ROLE_SERVER,
		 "80 % of the slow end is cpu other: its thread ran for other "
		 "requests meanwhile"},
		{PART_RUN_QUEUE, RT_ROLE_SERVER,
		 "80 % of the slow end is run queue, 40.0 ms of waiting for a "
		 "CPU: more runnable threads than CPUs to run them"},
		{PART_LOCK, RT_ROLE_SERVER,
		 "80 % of the slow end is lock: its thread waited for another "
		 "one"},
		{PART_DISK, RT_ROLE_SERVER,
		 "80 % of the slow end is disk: its thread waited for files "
		 "or block devices"},
		{PART_NETWORK, RT_ROLE_SERVER,
		 "80 % of the slow end is network: its thread waited on "
		 "sockets"},
		{PART_NETWORK, RT_ROLE_CLIENT,
		 "80 % of the slow end is network: its thread waited on "
		 "sockets, most often for the answer"},
		{PART_POLL, RT_ROLE_SERVER,
		 "80 % of the slow end is poll: its thread waited for events"},
		{PART_SLEEP, RT_ROLE_SERVER,
		 "80 % of the slow end is sleep: its thread slept"},
		{PART_PAGE_FAULT, RT_ROLE_SERVER,
		 "80 % of the slow end is page fault: its thread waited for "
		 "pages of memory"},
		{PART_OTHER_BLOCKED, RT_ROLE_SERVER,
		 "80 % of the slow end is other blocked: its thread waited for "
		 "pipes, child processes and the like"},
		{PART_HANDOFF, RT_ROLE_SERVER,
		 "80 % of the slow end is handoff: it waited for a free "
		 "worker, "
		 "or for the hand-over between threads"},
		{PART_UNATTRIBUTED, RT_ROLE_SERVER, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t usual[PARTS] = {
			[PART_CPU] = 5 * MS, [PART_DISK] = 5 * MS};
		uint64_t slow[PARTS] = {0};

		slow[PART_CPU] = slow[PART_DISK] = 5 * MS;
		slow[cases[i].part] = 40 * MS;
		if (cases[i].part == PART_CPU || cases[i].part == PART_DISK)
			slow[PART_SLEEP] = 5 * MS;
		assert_string_equal(say(usual, slow, cases[i].role, NULL),
				    cases[i].expected);
	}
}

/* Nothing is said of what does not stand out. */
static void test_no_sentence(void **state)
{
	static const uint64_t usual[PARTS] = {[PART_CPU] = 5 * MS};
	uint64_t slow[PARTS] = {[PART_CPU] = 35 * MS,
				[PART_LOCK] = 39 * MS,
				[PART_DISK] = 26 * MS};

	(void)state;
	assert_string_equal(say(usual, slow, RT_ROLE_SERVER, NULL), "");
	slow[PART_LOCK] = 41 * MS;
	assert_non_null(strstr(say(usual, slow, RT_ROLE_SERVER, NULL),
			       "of the slow end is lock"));
	assert_string_equal(say(nothing, nothing, RT_ROLE_SERVER, NULL), "");
}

/* The largest part of the slow end need not be what makes it slow. */
static void test_growth(void **state)
{
	static const uint64_t usual[PARTS] = {[PART_CPU] = 50 * MS};
	uint64_t slow[PARTS] = {[PART_CPU] = 55 * MS, [PART_LOCK] = 45 * MS};

	(void)state;
	assert_string_equal(say(usual, slow, RT_ROLE_SERVER, NULL),
			    "90 % of what the slow end adds to p50 is lock: "
			    "its thread waited for another one");
	/* No tail: as slow as p50. */
	slow[PART_LOCK] = 15 * MS;
	assert_string_equal(say(usual, slow, RT_ROLE_SERVER, NULL),
			    "79 % of the slow end is cpu: its thread "
			    "computed");
	/* What is not known is no reason. */
	slow[PART_LOCK] = 0;
	slow[PART_UNATTRIBUTED] = 45 * MS;
	assert_string_equal(say(usual, slow, RT_ROLE_SERVER, NULL), "");
}

static void test_peers(void **state)
{
	static const uint64_t network[PARTS] = {[PART_NETWORK] = 50 * MS};
	static const uint64_t poll[PARTS] = {[PART_POLL] = 50 * MS};
	struct measure_call calls[] = {
		{"redis:6379", false, 10, 90 * MS, 60 * MS},
		{"pg\x1b:5432", false, 20, 600 * MS, 30 * MS},
		{"client", true, 0, 0, 10 * MS},
	};
	struct measure with = {
		.calls = calls, .calls_len = 3, .exchanges = 1000};

	(void)state;
	assert_string_equal(say(network, network, RT_ROLE_SERVER, &with),
			    "100 % of the slow end is network, most of it (in "
			    "the mean) redis:6379");
	assert_string_equal(say(poll, poll, RT_ROLE_SERVER, &with),
			    "100 % of the slow end is poll: its thread waited "
			    "for events; the answer of pg?:5432 takes 30.0 ms");
	calls[2].network = 100 * MS;
	assert_string_equal(say(network, network, RT_ROLE_SERVER, &with),
			    "100 % of the slow end is network, most of it (in "
			    "the mean) the client's own connection: slow to "
			    "send or to take");
	calls[2].network = 60 * MS; /* no single one has more than half */
	assert_string_equal(
		say(network, network, RT_ROLE_SERVER, &with),
		"100 % of the slow end is network: its thread waited "
		"on sockets");
}

static void test_resent(void **state)
{
	static const uint64_t network[PARTS] = {[PART_NETWORK] = 50 * MS};
	static const uint64_t cpu[PARTS] = {[PART_CPU] = 50 * MS};
	struct measure with = {.retransmits = 12, .exchanges = 12000};

	(void)state;
	assert_string_equal(
		say(network, network, RT_ROLE_CLIENT, &with),
		"100 % of the slow end is network: its thread waited "
		"on sockets, most often for the answer; TCP sent "
		"12 segments again");
	assert_null(strstr(say(cpu, cpu, RT_ROLE_CLIENT, &with), "TCP"));
	with.exchanges = 13000; /* too few to matter in the slowest 1 % */
	assert_null(
		strstr(say(network, network, RT_ROLE_CLIENT, &with), "TCP"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_few),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_add_up),
		cmocka_unit_test(test_bars),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_no_sentence),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_peers),
		cmocka_unit_test(test_resent),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		abort();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
