/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Properties of histograms, over pseudo-random values from a fixed seed.
 * Boundaries are proved with whole numbers of any length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "stats/histogram.h"

#define SEED UINT64_C(0x2545f4914f6cdd1d)
#define FIRST_INDEX (RT_HIST_MIN_EXP * (1 << RT_HIST_SCALE))
#define LAST_INDEX (FIRST_INDEX + RT_HIST_BUCKETS - 1)

/* xorshift64* */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545f4914f6cdd1d);
}

/* Any magnitude up to 2^42 ns as likely as another; now and then 0. */
static uint64_t random_ns(uint64_t *state)
{
	return next_random(state) >> (22 + next_random(state) % 42);
}

/* Whole numbers of up to 2560 bits, lowest limb first. */
#define LIMBS 40
struct big {
	uint64_t limb[LIMBS];
};

static struct big big_power(uint64_t base, unsigned int exponent)
{
	struct big b = {{1}};

	while (exponent--) {
		unsigned __int128 carry = 0;

		for (int i = 0; i < LIMBS; i++) {
			carry += (unsigned __int128)b.limb[i] * base;
			b.limb[i] = (uint64_t)carry;
			carry >>= 64;
		}
		assert_true(carry == 0);
	}
	return b;
}

static struct big big_shift(struct big b, unsigned int bits)
{
	struct big out = {{0}};
	unsigned int whole = bits / 64, part = bits % 64;

	for (unsigned int i = whole; i < LIMBS; i++) {
		out.limb[i] = b.limb[i - whole] << part;
		if (part && i > whole)
			out.limb[i] |= b.limb[i - whole - 1] >> (64 - part);
	}
	return out;
}

static int big_compare(const struct big *a, const struct big *b)
{
	for (int i = LIMBS - 1; i >= 0; i--)
		if (a->limb[i] != b->limb[i])
			return a->limb[i] < b->limb[i] ? -1 : 1;
	return 0;
}

/* t <= 2^((k+1)/32 - 30) * 10^9 exactly if t^32 * 2^960 <= 2^(k+1) * 10^288 */
static int compare_to_boundary(uint64_t t, unsigned int k)
{
	struct big left = big_shift(big_power(t, 32), 960);
	struct big right = big_shift(big_power(1000000000, 32), k + 1);

	return big_compare(&left, &right);
}

static void boundaries_are_exact(void **state)
{
	const uint64_t *table = histogram__boundaries();

	(void)state;
	for (unsigned int k = 0; k < RT_HIST_BUCKETS; k++) {
		assert_true(compare_to_boundary(table[k], k) <= 0);
		assert_true(compare_to_boundary(table[k] + 1, k) > 0);
	}
	assert_int_equal(table[30 * 32 - 1], 1000000000);
	assert_int_equal(table[RT_HIST_BUCKETS - 1], 4096000000000);
}

/* The index that one value gets at scale. */
static int index_at(uint64_t ns, int scale)
{
	struct histogram h;
	int index;

	histogram__init(&h, scale);
	assert_int_equal(histogram__add(&h, ns, 1), 0);
	assert_int_equal(h.len, 1);
	assert_int_equal(histogram__bucket(&h, 0), 1);
	index = h.offset;
	histogram__free(&h);
	return index;
}

/* The first bucket whose boundary is not below the value: the definition. */
static int index_by_table(uint64_t ns)
{
	const uint64_t *table = histogram__boundaries();
	int lo = 0, hi = RT_HIST_BUCKETS - 1;

	while (lo < hi) {
		int mid = (lo + hi) / 2;

		if (table[mid] < ns)
			lo = mid + 1;
		else
			hi = mid;
	}
	return FIRST_INDEX + lo;
}

static void boundary_belongs_to_the_bucket_below(void **state)
{
	const uint64_t *table = histogram__boundaries();

	(void)state;
	for (int k = 0; k < RT_HIST_BUCKETS - 1; k++) {
		/* Below 46 ns some buckets hold no whole nanosecond. */
		if (k && table[k] == table[k - 1])
			continue;
		if (table[k])
			assert_int_equal(index_at(table[k], RT_HIST_SCALE),
					 FIRST_INDEX + k);
		assert_true(index_at(table[k] + 1, RT_HIST_SCALE) >
			    FIRST_INDEX + k);
		assert_int_equal(index_at(table[k] + 1, RT_HIST_SCALE),
				 index_by_table(table[k] + 1));
	}
}

static void no_gap_and_no_overlap(void **state)
{
	uint64_t seed = SEED;
	int last = FIRST_INDEX;

	(void)state;
	for (uint64_t ns = 1; ns < 100000; ns++) {
		int index = index_at(ns, RT_HIST_SCALE);

		assert_int_equal(index, index_by_table(ns));
		assert_true(index >= last);
		last = index;
	}
	for (int i = 0; i < 200000; i++) {
		uint64_t ns = random_ns(&seed) + 1;
		int index = index_at(ns, RT_HIST_SCALE);

		assert_int_equal(index, index_by_table(ns));
		for (int scale = 0; scale < RT_HIST_SCALE; scale++)
			assert_int_equal(index_at(ns, scale),
					 index >> (RT_HIST_SCALE - scale));
	}
	for (int i = -100; i < 100; i++)
		for (int scale = 0; scale <= RT_HIST_SCALE; scale++)
			assert_true(histogram__upper(scale, i) ==
				    histogram__lower(scale, i + 1));
}

static void bounds_of_a_bucket_hold_its_values(void **state)
{
	uint64_t seed = SEED;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint64_t ns = random_ns(&seed) % 4096000000000 + 1;
		int scale = i % (RT_HIST_SCALE + 1);
		int index = index_at(ns, scale);

		/* Bounds are rounded to doubles. */
		assert_true(histogram__lower(scale, index) * (1 - 1e-12) <
			    (double)ns);
		assert_true(histogram__upper(scale, index) * (1 + 1e-12) >=
			    (double)ns);
	}
	assert_true(histogram__lower(5, 0) == 1e9);
	assert_true(histogram__upper(0, 3) == 16e9);
}

static void values_at_the_ends(void **state)
{
	struct histogram h;

	(void)state;
	histogram__init(&h, RT_HIST_SCALE);
	assert_int_equal(histogram__add(&h, 0, 3), 0);
	assert_int_equal(h.zero_count, 3);
	assert_int_equal(h.len, 0);
	assert_null(h.bucket);
	assert_int_equal(h.min, 0);
	assert_true(histogram__quantile(&h, 0.5) == 0);

	assert_int_equal(histogram__add(&h, 4096000000001, 2), 0);
	assert_int_equal(histogram__add(&h, 9000000000000, 1), 0);
	assert_int_equal(h.len, 1);
	assert_int_equal(h.offset, LAST_INDEX);
	assert_int_equal(histogram__bucket(&h, 0), 3);
	assert_int_equal(h.max, 9000000000000);
	assert_int_equal(h.count, 6);
	assert_true(histogram__quantile(&h, 1) == 9e12);
	assert_true(histogram__quantile(&h, 0.5) == 0);

	assert_int_equal(histogram__add(&h, 1, 0), 0);
	assert_int_equal(h.count, 6);
	assert_int_equal(histogram__add(&h, UINT64_MAX, 1), 0);
	assert_int_equal(h.len, 1);
	assert_int_equal(h.max, UINT64_MAX);
	histogram__free(&h);
	assert_int_equal(h.count, 0);
	assert_null(h.bucket);
}

static void add_all(struct histogram *h, int scale, const uint64_t *values,
		    size_t len)
{
	histogram__init(h, scale);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(histogram__add(h, values[i], 1), 0);
}

static void assert_same(const struct histogram *a, const struct histogram *b)
{
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->zero_count, b->zero_count);
	assert_int_equal(a->sum, b->sum);
	assert_int_equal(a->min, b->min);
	assert_int_equal(a->max, b->max);
	assert_int_equal(a->scale, b->scale);
	assert_int_equal(a->len, b->len);
	if (a->len) {
		assert_int_equal(a->offset, b->offset);
		for (uint32_t i = 0; i < a->len; i++)
			assert_int_equal(histogram__bucket(a, i),
					 histogram__bucket(b, i));
	}
}

/* What histogram.h says of len, cap and the ends, and that counts add up. */
static void assert_sound(const struct histogram *h)
{
	uint64_t count = h->zero_count;

	for (uint32_t i = 0; i < h->len; i++)
		count += histogram__bucket(h, i);
	assert_int_equal(count, h->count);
	assert_true(h->len <= h->cap);
	assert_int_equal(h->cap % 8, 0);
	if (h->len) {
		assert_true(histogram__bucket(h, 0) > 0);
		assert_true(histogram__bucket(h, h->len - 1) > 0);
	}
}

#define VALUES 20000
static uint64_t values[VALUES];

static int fill_values(void **state)
{
	uint64_t seed = SEED;

	(void)state;
	for (size_t i = 0; i < VALUES; i++)
		values[i] = random_ns(&seed);
	return 0;
}

static void totals_are_exact(void **state)
{
	uint64_t sum = 0, min = UINT64_MAX, max = 0, zero = 0;
	struct histogram h;

	(void)state;
	for (size_t i = 0; i < VALUES; i++) {
		sum += values[i];
		min = values[i] < min ? values[i] : min;
		max = values[i] > max ? values[i] : max;
		zero += !values[i];
	}
	assert_true(zero > 0);
	add_all(&h, RT_HIST_SCALE, values, VALUES);
	assert_sound(&h);
	assert_int_equal(h.count, VALUES);
	assert_int_equal(h.sum, sum);
	assert_int_equal(h.min, min);
	assert_int_equal(h.max, max);
	assert_int_equal(h.zero_count, zero);
	assert_true(histogram__mean(&h) == (double)sum / VALUES);
	histogram__free(&h);
	assert_true(histogram__mean(&h) == 0);
}

static void adding_many_times_at_once(void **state)
{
	struct histogram once, each;

	(void)state;
	histogram__init(&once, 4);
	histogram__init(&each, 4);
	for (uint64_t i = 0; i < 500; i++) {
		histogram__add(&once, values[i], i % 7);
		for (uint64_t n = 0; n < i % 7; n++)
			histogram__add(&each, values[i], 1);
	}
	assert_same(&once, &each);
	histogram__free(&once);
	histogram__free(&each);
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void quantiles_are_within_a_bucket(void **state)
{
	static const double qs[] = {0,	 0.001, 0.01, 0.25,  0.5,
				    0.9, 0.95,	0.99, 0.999, 1};
	uint64_t sorted[VALUES / 4];
	const size_t len = VALUES / 4;

	(void)state;
	/* The bound holds up to the last boundary: see the next test. */
	for (size_t i = 0; i < len; i++)
		sorted[i] = values[i] % 4096000000001;
	qsort(sorted, len, sizeof(*sorted), compare_u64);
	for (int scale = 0; scale <= RT_HIST_SCALE; scale++) {
		double factor = exp2(1.0 / (1 << scale)) * (1 + 1e-9);
		double before = 0;
		struct histogram h;

		add_all(&h, scale, sorted, len);
		for (size_t i = 0; i < sizeof(qs) / sizeof(qs[0]); i++) {
			size_t rank = (size_t)ceil(qs[i] * (double)len - 1e-6);
			double truth = (double)sorted[rank ? rank - 1 : 0];
			double got = histogram__quantile(&h, qs[i]);

			assert_true(got <= truth * factor);
			assert_true(got >= truth / factor);
			assert_true(got >= before);
			before = got;
		}
		assert_true(histogram__quantile(&h, 0) == (double)h.min);
		assert_true(histogram__quantile(&h, 1) == (double)h.max);
		histogram__free(&h);
	}
}

static void quantiles_past_the_last_boundary(void **state)
{
	struct histogram h;

	(void)state;
	/* Told as too low, but never above the boundary or below min. */
	histogram__init(&h, RT_HIST_SCALE);
	histogram__add(&h, 1000, 10);
	histogram__add(&h, 9000000000000, 90);
	assert_true(histogram__quantile(&h, 0.5) > 4000e9);
	assert_true(histogram__quantile(&h, 0.5) <= 4096e9);
	assert_true(histogram__quantile(&h, 1) == 9000e9);
	histogram__free(&h);
	histogram__add(&h, 9000000000000, 90);
	assert_true(histogram__quantile(&h, 0.5) == 9000e9);
	histogram__free(&h);
}

static void quantiles_do_not_jump_by_rounding(void **state)
{
	struct histogram h;

	(void)state;
	/* 0.07 * 100 > 7 in doubles: the seventh value must still answer. */
	histogram__init(&h, RT_HIST_SCALE);
	histogram__add(&h, 1000, 7);
	histogram__add(&h, 1000000000, 93);
	assert_true(histogram__quantile(&h, 0.07) < 1100);
	assert_true(histogram__quantile(&h, 0.08) > 900000000);
	histogram__free(&h);

	/* One value is every quantile. */
	histogram__add(&h, 123456, 1);
	assert_true(histogram__quantile(&h, 0.5) == 123456);
	assert_true(histogram__quantile(&h, 0.999) == 123456);
	histogram__free(&h);
	assert_true(histogram__quantile(&h, 0.5) == 0);
}

static void merge_equals_the_whole(void **state)
{
	(void)state;
	for (int scale = 0; scale <= RT_HIST_SCALE; scale++) {
		for (int other = 0; other <= RT_HIST_SCALE; other++) {
			int lower = scale < other ? scale : other;
			size_t cut = (size_t)(1000 + scale * 700 + other * 90);
			struct histogram a, b, whole;

			add_all(&a, scale, values, cut);
			add_all(&b, other, values + cut, 6000 - cut);
			add_all(&whole, lower, values, 6000);
			assert_int_equal(histogram__merge(&a, &b), 0);
			assert_same(&a, &whole);
			assert_sound(&a);
			assert_int_equal(b.scale, other);
			histogram__free(&a);
			histogram__free(&b);
			histogram__free(&whole);
		}
	}
}

static void merge_with_nothing(void **state)
{
	struct histogram a, none, whole;

	(void)state;
	add_all(&a, 3, values, 100);
	add_all(&whole, 3, values, 100);
	histogram__init(&none, 1);
	assert_int_equal(histogram__merge(&a, &none), 0);
	assert_same(&a, &whole); /* of nothing, not even the scale */
	histogram__init(&none, 3);
	assert_int_equal(histogram__merge(&none, &a), 0);
	assert_same(&none, &whole);
	histogram__free(&none);

	histogram__init(&none, 3);
	histogram__add(&none, 0, 5); /* zeros take no bucket */
	assert_int_equal(histogram__merge(&a, &none), 0);
	assert_int_equal(a.zero_count, whole.zero_count + 5);
	assert_int_equal(a.count, whole.count + 5);
	assert_int_equal(a.min, 0);
	histogram__free(&a);
	histogram__free(&whole);
}

static void downscale_equals_recording_lower(void **state)
{
	(void)state;
	for (int from = 0; from <= RT_HIST_SCALE; from++) {
		for (int to = 0; to <= RT_HIST_SCALE; to++) {
			struct histogram high, low;

			add_all(&high, from, values, 3000);
			add_all(&low, to < from ? to : from, values, 3000);
			histogram__downscale(&high, to);
			assert_same(&high, &low);
			assert_sound(&high);
			/* It can still grow. */
			histogram__add(&high, 1, 1);
			histogram__add(&low, 1, 1);
			histogram__add(&high, 4000000000000, 1);
			histogram__add(&low, 4000000000000, 1);
			assert_same(&high, &low);
			histogram__free(&high);
			histogram__free(&low);
		}
	}
}

static void summary_equals_adding_one_by_one(void **state)
{
	(void)state;
	for (int scale = 0; scale <= RT_HIST_SCALE; scale++) {
		uint32_t counts[RT_HIST_BUCKETS] = {0};
		uint64_t zero = 0, sum = 0, min = UINT64_MAX, max = 0;
		struct histogram h, each;

		add_all(&h, scale, values, 500);
		add_all(&each, scale, values, 4000);
		for (size_t i = 500; i < 4000; i++) {
			uint64_t ns = values[i];

			sum += ns;
			min = ns < min ? ns : min;
			max = ns > max ? ns : max;
			if (ns)
				counts[index_by_table(ns) - FIRST_INDEX]++;
			else
				zero++;
		}
		assert_int_equal(
			histogram__add_summary(&h, counts, zero, sum, min, max),
			0);
		assert_same(&h, &each);
		histogram__free(&h);
		histogram__free(&each);
	}
}

static void empty_summary_adds_nothing(void **state)
{
	static const uint32_t counts[RT_HIST_BUCKETS];
	struct histogram h;

	(void)state;
	/* min and max of nothing have no meaning. */
	histogram__init(&h, RT_HIST_SCALE);
	assert_int_equal(histogram__add_summary(&h, counts, 0, 0, 7, 9), 0);
	assert_int_equal(h.count, 0);
	assert_int_equal(h.max, 0);
	assert_null(h.bucket);
	assert_int_equal(histogram__add_summary(&h, counts, 4, 0, 0, 0), 0);
	assert_int_equal(h.count, 4);
	assert_int_equal(h.zero_count, 4);
	histogram__free(&h);
}

static void copy_is_deep(void **state)
{
	struct histogram h, copy, same;

	(void)state;
	add_all(&h, RT_HIST_SCALE, values, 1000);
	add_all(&same, RT_HIST_SCALE, values, 1000);
	assert_int_equal(histogram__copy(&copy, &h), 0);
	assert_same(&copy, &h);
	assert_sound(&copy);
	for (size_t i = 1000; i < 2000; i++)
		histogram__add(&h, values[i], 1);
	assert_same(&copy, &same);
	histogram__free(&h);
	assert_same(&copy, &same);
	histogram__add(&copy, 1, 1); /* it can still grow */
	histogram__add(&same, 1, 1);
	assert_same(&copy, &same);
	histogram__free(&copy);
	histogram__free(&same);

	histogram__init(&h, 2);
	assert_int_equal(histogram__copy(&copy, &h), 0);
	assert_null(copy.bucket);
	assert_int_equal(copy.scale, 2);
}

static void grows_at_both_ends(void **state)
{
	struct histogram h;
	uint64_t low = 1000000, high = 1000000;

	(void)state;
	histogram__init(&h, RT_HIST_SCALE);
	for (int i = 0; i < 20; i++) {
		histogram__add(&h, low, 1);
		histogram__add(&h, high, 1);
		assert_sound(&h);
		assert_true(h.cap < h.len + 8);
		low -= low / 3;
		high += high / 3;
	}
	assert_int_equal(h.count, 40);
	histogram__free(&h);
}

/* A bounded one is what an unbounded one is that was scaled down, at every
 * moment. */
static void bound_holds_and_loses_nothing(void **state)
{
	static const uint16_t bounds[] = {HISTOGRAM_LEN_MIN, 64, 160};

	(void)state;
	for (size_t b = 0; b < sizeof(bounds) / sizeof(bounds[0]); b++) {
		struct histogram h;

		histogram__init_bounded(&h, RT_HIST_SCALE, bounds[b]);
		for (size_t i = 0; i < 2000; i++) {
			histogram__add(&h, values[i], 1);
			assert_true(h.len <= bounds[b]);
			assert_sound(&h);
			if (i % 100 == 99) {
				struct histogram all;

				add_all(&all, RT_HIST_SCALE, values, i + 1);
				histogram__downscale(&all, h.scale);
				assert_same(&h, &all);
				histogram__free(&all);
			}
		}
		assert_true(h.scale < RT_HIST_SCALE);
		histogram__free(&h);
		assert_int_equal(h.max_len, bounds[b]);
	}
}

/* As many buckets as the bound has, then one more: each boundary's value is
 * the last of its bucket at either scale. */
static void bound_is_exact(void **state)
{
	const uint64_t *table = histogram__boundaries();
	const int first = RT_HIST_BUCKETS - 200;

	(void)state;
	for (int start = first; start < first + 64; start++) {
		struct histogram h;
		int low;

		histogram__init_bounded(&h, RT_HIST_SCALE, 64);
		for (int k = 0; k < 64; k++)
			histogram__add(&h, table[start + k], 1);
		assert_int_equal(h.scale, RT_HIST_SCALE);
		assert_int_equal(h.len, 64);
		assert_int_equal(h.offset, FIRST_INDEX + start);
		histogram__add(&h, table[start + 63] + 1, 1);
		assert_int_equal(h.scale, RT_HIST_SCALE - 1);
		low = (FIRST_INDEX + start) >> 1;
		assert_int_equal(h.offset, low);
		assert_int_equal(h.len, 33);
		/* Pairs, but that a half of one may be outside. */
		assert_int_equal(histogram__bucket(&h, 0), start % 2 ? 1 : 2);
		assert_int_equal(histogram__bucket(&h, 1), 2);
		assert_int_equal(histogram__bucket(&h, 32), start % 2 ? 2 : 1);
		histogram__free(&h);
	}
}

/* Scales fall until the whole range is in: no lower than 0. */
static void bound_takes_the_whole_range(void **state)
{
	struct histogram h;

	(void)state;
	histogram__init_bounded(&h, 4, HISTOGRAM_LEN_MIN);
	histogram__add(&h, 1, 1);
	histogram__add(&h, UINT64_MAX, 1);
	assert_int_equal(h.scale, 0);
	assert_true(h.len <= HISTOGRAM_LEN_MIN);
	assert_int_equal(histogram__bucket(&h, 0), 1);
	assert_int_equal(histogram__bucket(&h, h.len - 1), 1);
	histogram__free(&h);
}

static void merge_respects_the_bound_of_the_sum(void **state)
{
	struct histogram into, all, high, copy;

	(void)state;
	add_all(&high, RT_HIST_SCALE, values, 500);
	add_all(&all, RT_HIST_SCALE, values, 500);
	histogram__init_bounded(&into, 4, 64);
	histogram__add(&into, 5000000, 7);
	histogram__add(&all, 5000000, 7);
	assert_int_equal(histogram__copy(&copy, &into), 0);
	assert_int_equal(copy.max_len, 64);
	assert_int_equal(histogram__merge(&into, &high), 0);
	assert_true(into.len <= 64);
	assert_sound(&into);
	/* A copy is bounded, too. */
	for (size_t i = 0; i < 500; i++)
		histogram__add(&copy, values[i], 1);
	assert_same(&copy, &into);
	histogram__downscale(&all, into.scale);
	assert_same(&into, &all);
	/* The other way round, the sum has no bound. */
	assert_int_equal(histogram__merge(&high, &copy), 0);
	assert_int_equal(high.scale, copy.scale);
	assert_int_equal(high.max_len, 0);
	histogram__free(&into);
	histogram__free(&all);
	histogram__free(&high);
	histogram__free(&copy);
}

static void summary_respects_the_bound(void **state)
{
	static uint32_t counts[RT_HIST_BUCKETS];
	struct histogram bounded, all;

	(void)state;
	for (int k = 0; k < RT_HIST_BUCKETS; k++)
		counts[k] = (uint32_t)k % 7;
	histogram__init_bounded(&bounded, 4, 64);
	histogram__init(&all, RT_HIST_SCALE);
	assert_int_equal(histogram__add_summary(&bounded, counts, 2, 99, 0, 90),
			 0);
	assert_int_equal(histogram__add_summary(&all, counts, 2, 99, 0, 90), 0);
	assert_true(bounded.len <= 64);
	histogram__downscale(&all, bounded.scale);
	assert_same(&bounded, &all);
	assert_sound(&bounded);
	histogram__free(&bounded);
	histogram__free(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boundaries_are_exact),
		cmocka_unit_test(boundary_belongs_to_the_bucket_below),
		cmocka_unit_test(no_gap_and_no_overlap),
		cmocka_unit_test(bounds_of_a_bucket_hold_its_values),
		cmocka_unit_test(values_at_the_ends),
		cmocka_unit_test(totals_are_exact),
		cmocka_unit_test(adding_many_times_at_once),
		cmocka_unit_test(quantiles_are_within_a_bucket),
		cmocka_unit_test(quantiles_past_the_last_boundary),
		cmocka_unit_test(quantiles_do_not_jump_by_rounding),
		cmocka_unit_test(merge_equals_the_whole),
		cmocka_unit_test(merge_with_nothing),
		cmocka_unit_test(downscale_equals_recording_lower),
		cmocka_unit_test(summary_equals_adding_one_by_one),
		cmocka_unit_test(empty_summary_adds_nothing),
		cmocka_unit_test(copy_is_deep),
		cmocka_unit_test(grows_at_both_ends),
		cmocka_unit_test(bound_holds_and_loses_nothing),
		cmocka_unit_test(bound_is_exact),
		cmocka_unit_test(bound_takes_the_whole_range),
		cmocka_unit_test(merge_respects_the_bound_of_the_sum),
		cmocka_unit_test(summary_respects_the_bound),
	};

	return cmocka_run_group_tests(tests, fill_values, NULL);
}
