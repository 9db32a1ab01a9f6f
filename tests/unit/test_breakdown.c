/* SPDX-License-Identifier: GPL-2.0-only */
/* Breakdowns: parts by duration, in slices that add up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "stats/breakdown.h"
#include "stats/histogram.h"

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)

/* All of the duration in cpu but a fifth in the run queue. */
static void add(struct breakdown *b, uint64_t duration, uint64_t times)
{
	const uint64_t part[PARTS] = {
		[PART_CPU] = duration - duration / 5,
		[PART_RUN_QUEUE] = duration / 5,
	};

	assert_int_equal(breakdown__add(b, duration, part, times), 0);
}

static void close_to(double value, double expected)
{
	if (fabs(value - expected) > 1e-9 * fabs(expected) + 1e-9)
		fail_msg("%.12g is not %.12g", value, expected);
}

static void adds_up(const struct breakdown_slice *s)
{
	double sum = 0;

	for (int i = 0; i < PARTS; i++)
		sum += s->part[i];
	close_to(sum, s->duration);
}

static void is_empty_at_first(void **state)
{
	struct breakdown_slice s;
	struct breakdown b;

	(void)state;
	breakdown__init(&b);
	breakdown__mean(&b, &s);
	assert_true(s.count == 0);
	breakdown__around(&b, 0.5, &s);
	assert_true(s.count == 0);
	breakdown__slowest(&b, 0.01, &s);
	assert_true(s.count == 0);
	breakdown__free(&b);
}

static void has_the_histogram_s_buckets(void **state)
{
	const uint64_t *table = histogram__boundaries();

	(void)state;
	for (int k = 1; k < RT_HIST_BUCKETS - 1; k++) {
		const int shift = RT_HIST_SCALE - BREAKDOWN_SCALE;
		int at = k + RT_HIST_MIN_EXP * (1 << RT_HIST_SCALE);
		bool is_last = (at + 1) >> shift != at >> shift;
		struct breakdown b;

		/* A few ns are in several buckets' boundaries. */
		if (table[k - 1] == table[k] || table[k] == table[k + 1])
			continue;
		breakdown__init(&b);
		/* Its last value, and the first one of the next bucket. */
		add(&b, table[k], 1);
		assert_int_equal(b.offset, at >> shift);
		add(&b, table[k] + 1, 1);
		assert_int_equal(b.len, is_last ? 2 : 1);
		breakdown__free(&b);
	}
}

static void mean_is_of_all(void **state)
{
	struct breakdown_slice s;
	struct breakdown b;

	(void)state;
	breakdown__init(&b);
	add(&b, 10 * MS, 1);
	add(&b, 1 * MS, 3); /* three pipelined operations */
	breakdown__mean(&b, &s);
	close_to(s.count, 4);
	close_to(s.duration, 13e6 / 4);
	close_to(s.part[PART_RUN_QUEUE], 13e6 / 20);
	adds_up(&s);
	breakdown__free(&b);
}

static void around_takes_the_bucket_of_the_quantile(void **state)
{
	struct breakdown_slice s;
	struct breakdown b;

	(void)state;
	breakdown__init(&b);
	add(&b, 1 * MS, 50);
	add(&b, 2 * MS, 49);
	add(&b, 64 * MS, 1);
	breakdown__around(&b, 0, &s);
	close_to(s.duration, 1e6);
	breakdown__around(&b, 0.5, &s);
	close_to(s.count, 50);
	close_to(s.duration, 1e6);
	adds_up(&s);
	breakdown__around(&b, 0.51, &s);
	close_to(s.duration, 2e6);
	breakdown__around(&b, 0.99, &s);
	close_to(s.count, 49);
	breakdown__around(&b, 1, &s);
	close_to(s.count, 1);
	close_to(s.duration, 64e6);
	close_to(s.part[PART_CPU], 0.8 * 64e6);
	breakdown__free(&b);
}

/* Whole buckets from the top, and a share of the last. */
static void slowest_takes_what_is_missing(void **state)
{
	struct breakdown_slice s;
	struct breakdown b;

	(void)state;
	breakdown__init(&b);
	add(&b, 1 * MS, 94);
	add(&b, 8 * MS, 4);
	add(&b, 64 * MS, 2);
	breakdown__slowest(&b, 0.01, &s);
	close_to(s.count, 1);
	close_to(s.duration, 64e6);
	adds_up(&s);
	breakdown__slowest(&b, 0.04, &s);
	close_to(s.count, 4);
	close_to(s.duration, (2 * 64e6 + 2 * 8e6) / 4);
	close_to(s.part[PART_RUN_QUEUE], s.duration / 5);
	adds_up(&s);
	breakdown__slowest(&b, 1, &s);
	close_to(s.count, 100);
	close_to(s.duration, (2 * 64e6 + 4 * 8e6 + 94e6) / 100);
	breakdown__free(&b);
}

static void no_time_is_below_all(void **state)
{
	struct breakdown_slice s;
	struct breakdown b;

	(void)state;
	breakdown__init(&b);
	add(&b, 0, 3);
	breakdown__around(&b, 0.99, &s);
	close_to(s.count, 3);
	close_to(s.duration, 0);
	add(&b, 1 * MS, 1);
	assert_int_equal(b.len, 1); /* no cells all the way down */
	breakdown__mean(&b, &s);
	close_to(s.count, 4);
	close_to(s.duration, 1e6 / 4);
	breakdown__around(&b, 0.75, &s);
	close_to(s.duration, 0);
	breakdown__around(&b, 0.76, &s);
	close_to(s.duration, 1e6);
	breakdown__slowest(&b, 0.5, &s);
	close_to(s.count, 2);
	close_to(s.duration, 1e6 / 2);
	adds_up(&s);
	breakdown__free(&b);
}

static uint64_t sum_of(const struct breakdown *b, bool parts)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < b->len; i++) {
		const struct breakdown_cell c = breakdown__cell(b, i);

		if (!parts)
			sum += c.duration;
		for (int k = 0; parts && k < PARTS; k++)
			sum += c.part[k];
	}
	return sum;
}

static void is_bounded_by_pairs(void **state)
{
	struct breakdown_slice s;
	struct breakdown b;
	uint64_t sum = 0;
	double count = 0;

	(void)state;
	breakdown__init(&b);
	/* Up and down from the middle, over more than 12 decades. */
	for (int i = 0; i < 40; i++) {
		uint64_t slow = (50 * US << i / 2) + (uint64_t)i;
		uint64_t quick = 50 * US >> i / 3;

		add(&b, slow, 1);
		add(&b, quick + 1, 2);
		sum += slow + 2 * (quick + 1);
		count += 3;
		assert_in_range(b.len, 1, BREAKDOWN_CELLS_MAX);
	}
	assert_true(b.scale < BREAKDOWN_SCALE);
	assert_true(b.scale >= 0);
	breakdown__mean(&b, &s);
	close_to(s.count, count);
	assert_int_equal(sum_of(&b, false), sum);
	assert_int_equal(sum_of(&b, true), sum);
	/* Cells are where their index says, after all the moves. */
	for (uint32_t i = 0; i < b.len; i++) {
		const struct breakdown_cell c = breakdown__cell(&b, i);

		if (!c.count)
			continue;
		assert_int_equal(
			histogram__index(c.duration / c.count, b.scale),
			b.offset + (int)i);
	}
	breakdown__free(&b);
}

/* Whatever the order and the scales: the same as if all had been added to
 * one. */
static void merges(void **state)
{
	struct breakdown all, low, high, into;

	(void)state;
	breakdown__init(&all);
	breakdown__init(&low);
	breakdown__init(&high);
	breakdown__init(&into);
	for (int i = 0; i < 26; i++) {
		add(&all, 3 * US << i, 1);
		add(i < 20 ? &low : &high, 3 * US << i, 1);
	}
	add(&all, 0, 5);
	add(&low, 0, 5);
	assert_int_equal(high.scale, BREAKDOWN_SCALE);
	assert_true(low.scale < high.scale);
	assert_int_equal(breakdown__merge(&into, &high), 0);
	assert_int_equal(into.len, high.len);
	assert_int_equal(breakdown__merge(&into, &low), 0);
	assert_int_equal(breakdown__merge(&high, &low), 0);
	for (int round = 0; round < 2; round++) {
		const struct breakdown *b = round ? &high : &into;

		assert_int_equal(b->scale, all.scale);
		assert_int_equal(b->offset, all.offset);
		assert_int_equal(b->len, all.len);
		assert_int_equal(b->zero_count, 5);
		for (uint32_t i = 0; i < b->len; i++) {
			const struct breakdown_cell x = breakdown__cell(b, i),
						    y = breakdown__cell(&all,
									i);

			assert_memory_equal(&x, &y, sizeof(x));
		}
	}
	breakdown__free(&all);
	breakdown__free(&low);
	breakdown__free(&high);
	breakdown__free(&into);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_empty_at_first),
		cmocka_unit_test(has_the_histogram_s_buckets),
		cmocka_unit_test(mean_is_of_all),
		cmocka_unit_test(around_takes_the_bucket_of_the_quantile),
		cmocka_unit_test(slowest_takes_what_is_missing),
		cmocka_unit_test(no_time_is_below_all),
		cmocka_unit_test(is_bounded_by_pairs),
		cmocka_unit_test(merges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
