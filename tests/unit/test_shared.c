/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How histograms and breakdowns save memory: buckets as narrow as their
 * counts, words only for parts that were there, copies that share.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "stats/measure.h"

#define US 1000ull
#define MS 1000000ull

static void buckets_widen_when_they_must(void **state)
{
	static const struct {
		uint64_t count;
		unsigned width;
	} steps[] = {
		{255, 1},	 {256, 2},	  {65535, 2},
		{65536, 4},	 {UINT32_MAX, 4}, {UINT32_MAX + 1ull, 8},
		{1ull << 60, 8},
	};
	struct histogram h;

	(void)state;
	histogram__init(&h, RT_HIST_SCALE);
	histogram__add(&h, MS, 3);
	histogram__add(&h, 2 * MS, 1);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		uint64_t have = histogram__bucket(&h, h.len - 1u);

		assert_int_equal(
			histogram__add(&h, 2 * MS, steps[i].count - have), 0);
		assert_int_equal(histogram__bucket(&h, h.len - 1u),
				 steps[i].count);
		assert_int_equal(h.width, steps[i].width);
		assert_int_equal(histogram__bucket(&h, 0), 3);
		assert_int_equal(h.len, 33);
	}
	histogram__free(&h);
}

/* What is added at once may be too much for the buckets of both. */
static void merging_widens(void **state)
{
	struct histogram a, b;

	(void)state;
	histogram__init(&a, RT_HIST_SCALE);
	histogram__init(&b, RT_HIST_SCALE);
	histogram__add(&a, MS, 200);
	histogram__add(&b, MS, 200);
	assert_int_equal(a.width, 1);
	assert_int_equal(histogram__merge(&a, &b), 0);
	assert_int_equal(histogram__bucket(&a, 0), 400);
	histogram__free(&a);
	histogram__free(&b);
}

static void scaling_down_widens(void **state)
{
	struct histogram h;
	uint64_t count = 0;

	(void)state;
	histogram__init(&h, RT_HIST_SCALE);
	for (uint64_t ns = MS; ns < 2 * MS; ns += MS / 64)
		histogram__add(&h, ns, 50);
	assert_int_equal(h.width, 1);
	assert_int_equal(histogram__downscale(&h, 0), 0);
	assert_int_equal(h.width, 2);
	for (uint32_t i = 0; i < h.len; i++)
		count += histogram__bucket(&h, i);
	assert_int_equal(count, 3200);
	assert_in_range(h.len, 1, 3);
	histogram__free(&h);
}

static void add_one(struct histogram *h)
{
	assert_int_equal(histogram__add(h, MS, 1), 0);
}

static void add_far(struct histogram *h)
{
	assert_int_equal(histogram__add(h, 100 * MS, 1), 0);
}

static void merge_far(struct histogram *h)
{
	struct histogram other;

	histogram__init(&other, RT_HIST_SCALE);
	histogram__add(&other, 3 * US, 300);
	assert_int_equal(histogram__merge(h, &other), 0);
	histogram__free(&other);
}

static void scale_down(struct histogram *h)
{
	assert_int_equal(histogram__downscale(h, 2), 0);
}

/* Whatever is done to a shared copy, the other one has its own. */
static void sharing_ends_with_a_change(void **state)
{
	void (*const change[])(struct histogram *) = {add_one, add_far,
						      merge_far, scale_down};
	struct histogram h, copy;

	(void)state;
	histogram__init(&h, RT_HIST_SCALE);
	histogram__add(&h, MS, 5);
	histogram__add(&h, 2 * MS, 7);
	for (size_t i = 0; i < sizeof(change) / sizeof(change[0]); i++) {
		histogram__share(&copy, &h);
		assert_ptr_equal(copy.bucket, h.bucket);
		change[i](&copy);
		assert_ptr_not_equal(copy.bucket, h.bucket);
		histogram__free(&copy);
		assert_int_equal(h.len, 33);
		assert_int_equal(histogram__bucket(&h, 0), 5);
		assert_int_equal(histogram__bucket(&h, 32), 7);
	}
	/* Unchanged, it leaves the buckets to whose they are. */
	histogram__share(&copy, &h);
	histogram__free(&copy);
	assert_int_equal(histogram__bucket(&h, 32), 7);
	histogram__free(&h);
	/* Of nothing there is nothing to share. */
	histogram__share(&copy, &h);
	assert_false(copy.shared);
	add_one(&copy);
	histogram__free(&copy);
}

static uint64_t sum_of(const struct breakdown *b, enum part part)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < b->len; i++)
		sum += breakdown__cell(b, i).part[part];
	return sum;
}

static void breakdowns_have_words_for_what_was_there(void **state)
{
	uint64_t cpu[PARTS] = {[PART_CPU] = MS};
	uint64_t both[PARTS] = {
		[PART_RECEIVE_QUEUE] = 10 * MS, [PART_UNATTRIBUTED] = 20 * MS};
	struct breakdown b, copy;

	(void)state;
	breakdown__init(&b);
	assert_int_equal(breakdown__add(&b, MS, cpu, 1), 0);
	assert_int_equal(b.parts, 1 << PART_CPU);
	breakdown__share(&copy, &b);
	assert_ptr_equal(copy.word, b.word);
	/* Parts on either side of it, in another cell. */
	assert_int_equal(breakdown__add(&copy, 30 * MS, both, 2), 0);
	assert_int_equal(sum_of(&copy, PART_CPU), MS);
	assert_int_equal(sum_of(&copy, PART_RECEIVE_QUEUE), 20 * MS);
	assert_int_equal(sum_of(&copy, PART_UNATTRIBUTED), 40 * MS);
	assert_int_equal(breakdown__cell(&copy, copy.len - 1).duration,
			 60 * MS);
	assert_int_equal(b.len, 1);
	assert_int_equal(b.parts, 1 << PART_CPU);
	/* The one with fewer takes in the one with more. */
	assert_int_equal(breakdown__merge(&b, &copy), 0);
	assert_int_equal(sum_of(&b, PART_CPU), 2 * MS);
	assert_int_equal(sum_of(&b, PART_UNATTRIBUTED), 40 * MS);
	breakdown__free(&copy);
	assert_int_equal(sum_of(&b, PART_RECEIVE_QUEUE), 20 * MS);
	breakdown__free(&b);
}

/* Parts of 0 ns count once, however often they are asked for. */
static void zeros_are_counted_in_the_end(void **state)
{
	struct request r = {.begin = MS,
			    .end = 3 * MS,
			    .operations = 4,
			    .has_parts = true,
			    .part = {[PART_CPU] = 2 * MS}};
	struct measure m, sum;

	(void)state;
	measure__init(&m);
	assert_int_equal(measure__add(&m, &r), 0);
	r.has_parts = false;
	r.part[PART_CPU] = 0;
	r.part[PART_UNATTRIBUTED] = 2 * MS;
	assert_int_equal(measure__add(&m, &r), 0);
	for (int round = 0; round < 2; round++) {
		measure__count_zeros(&m);
		assert_int_equal(m.part[PART_CPU].count, 4);
		assert_int_equal(m.part[PART_CPU].zero_count, 0);
		assert_int_equal(m.part[PART_LOCK].count, 4);
		assert_int_equal(m.part[PART_LOCK].zero_count, 4);
		/* Nobody looked for its arrival. */
		assert_int_equal(m.part[PART_RECEIVE_QUEUE].count, 0);
		assert_int_equal(m.part[PART_UNATTRIBUTED].count, 8);
		assert_int_equal(m.part[PART_UNATTRIBUTED].zero_count, 4);
		assert_int_equal(m.part[PART_UNATTRIBUTED].min, 0);
	}
	measure__init(&sum);
	assert_int_equal(measure__merge(&sum, &m), 0);
	assert_int_equal(measure__merge(&sum, &m), 0);
	measure__count_zeros(&sum);
	assert_int_equal(sum.part[PART_LOCK].zero_count, 8);
	measure__free(&sum);
	measure__free(&m);
}

static void measures_share(void **state)
{
	struct request r = {.begin = MS,
			    .end = 3 * MS,
			    .operations = 1,
			    .has_parts = true,
			    .part = {[PART_CPU] = 2 * MS},
			    .calls_len = 1};
	struct measure m, copy, whole;

	(void)state;
	r.calls[0] = (struct request_call){"db:1", 1, 10, 5, false};
	measure__init(&m);
	assert_int_equal(measure__add(&m, &r), 0);
	assert_int_equal(measure__share(&copy, &m), 0);
	assert_int_equal(measure__share_whole(&whole, &m), 0);
	assert_int_equal(measure__add(&copy, &r), 0);
	assert_int_equal(copy.duration.count, 2);
	assert_int_equal(copy.part[PART_CPU].count, 2);
	assert_int_equal(copy.calls[0].count, 2);
	assert_int_equal(m.duration.count, 1);
	assert_int_equal(m.calls[0].count, 1);
	assert_int_equal(whole.duration.count, 1);
	measure__count_zeros(&whole);
	for (int i = 0; i < PARTS; i++)
		assert_int_equal(whole.part[i].count, 0);
	measure__free(&whole);
	measure__free(&copy);
	assert_int_equal(breakdown__cell(&m.breakdown, 0).count, 1);
	measure__free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_widen_when_they_must),
		cmocka_unit_test(merging_widens),
		cmocka_unit_test(scaling_down_widens),
		cmocka_unit_test(sharing_ends_with_a_change),
		cmocka_unit_test(breakdowns_have_words_for_what_was_there),
		cmocka_unit_test(zeros_are_counted_in_the_end),
		cmocka_unit_test(measures_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
