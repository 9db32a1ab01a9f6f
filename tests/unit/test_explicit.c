/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buckets as they are sent (export/buckets.h) and explicit boundaries
 * (export/explicit.h), against counts of the values themselves.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "export/buckets.h"
#include "export/explicit.h"

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Around a boundary, or anywhere. */
static uint64_t random_value(uint64_t *state)
{
	const double bound =
		explicit_bounds[next_random(state) % EXPLICIT_BOUNDS] * 1e9;

	switch (next_random(state) % 4) {
	case 0:
		return next_random(state) >> (24 + next_random(state) % 39);
	case 1:
		return (uint64_t)bound + next_random(state) % 3 - 1;
	default:
		return (uint64_t)(bound *
				  (0.95 + (double)(next_random(state) % 1000) /
						  10000));
	}
}

static void boundaries_are_those_of_the_conventions(void **state)
{
	static const double expected[] = {0.005, 0.01, 0.025, 0.05, 0.075,
					  0.1,	 0.25, 0.5,   0.75, 1,
					  2.5,	 5,    7.5,   10};

	(void)state;
	assert_int_equal(sizeof(expected), sizeof(explicit_bounds));
	assert_memory_equal(expected, explicit_bounds, sizeof(expected));
}

/* As values come, no count falls, and none is ahead of the ones behind it. */
static void counts_never_fall(void **state)
{
	(void)state;
	for (int scale = 0; scale <= RT_HIST_SCALE; scale++) {
		uint64_t before[EXPLICIT_BOUNDS] = {0}, now[EXPLICIT_BOUNDS];
		uint64_t random = 88172645463325252 + (unsigned)scale;
		struct histogram h;

		histogram__init(&h, scale);
		for (int i = 0; i < 3000; i++) {
			assert_int_equal(
				histogram__add(&h, random_value(&random),
					       1 + next_random(&random) % 3),
				0);
			explicit__cumulative(&h, scale, now);
			for (int k = 0; k < EXPLICIT_BOUNDS; k++) {
				assert_true(now[k] >= before[k]);
				assert_true(now[k] >=
					    (k ? now[k - 1] : h.zero_count));
				assert_true(now[k] <= h.count);
			}
			memcpy(before, now, sizeof(now));
		}
		histogram__free(&h);
	}
}

/* Nor do they when the histogram is scaled down: a store would take a count
 * that fell for one that began anew, and add all of it once more. */
static void counts_do_not_fall_with_the_scale(void **state)
{
	uint64_t before[EXPLICIT_BOUNDS], now[EXPLICIT_BOUNDS];
	uint64_t random = 88172645463325252;
	struct histogram h;

	(void)state;
	histogram__init(&h, RT_HIST_SCALE);
	for (int i = 0; i < 3000; i++)
		assert_int_equal(histogram__add(&h, random_value(&random), 1),
				 0);
	explicit__cumulative(&h, RT_HIST_SCALE, before);
	for (int scale = RT_HIST_SCALE; scale >= 0; scale--) {
		explicit__cumulative(&h, scale, now);
		for (int k = 0; k < EXPLICIT_BOUNDS; k++)
			assert_true(now[k] >= before[k]);
		memcpy(before, now, sizeof(now));
	}
	histogram__free(&h);
}

/* The count below a boundary lies between those below its bucket's ends, and
 * the ends are as near as the header says. */
static void error_is_one_bucket(void **state)
{
	enum { VALUES = 4000 };
	static const double widths[] = {2,	1.4143, 1.1893,
					1.0906, 1.0443, 1.0219};
	static uint64_t value[VALUES];

	(void)state;
	for (int scale = 0; scale <= RT_HIST_SCALE; scale++) {
		uint64_t random = 2463534242 + (unsigned)scale;
		uint64_t below[EXPLICIT_BOUNDS];
		struct histogram h;
		size_t straddled = 0;

		histogram__init(&h, RT_HIST_SCALE);
		for (int i = 0; i < VALUES; i++) {
			value[i] = random_value(&random);
			assert_int_equal(histogram__add(&h, value[i], 1), 0);
		}
		explicit__cumulative(&h, scale, below);
		for (int k = 0; k < EXPLICIT_BOUNDS; k++) {
			const double bound = explicit_bounds[k] * 1e9;
			uint64_t least = 0, most = 0, exact = 0;

			for (int i = 0; i < VALUES; i++) {
				const double v = (double)value[i];

				least += v <= bound / widths[scale];
				exact += v <= bound;
				most += v <= bound * widths[scale];
			}
			assert_in_range(below[k], least, most);
			straddled += most - least;
			/* Powers of two are boundaries at every scale. */
			if (explicit_bounds[k] == 0.25 ||
			    explicit_bounds[k] == 0.5 ||
			    explicit_bounds[k] == 1)
				assert_int_equal(below[k], exact);
		}
		assert_true(straddled > 100);
		histogram__free(&h);
	}
}

/* 2.5 s is in the bucket up to 4 s, 5 and 7.5 s are in that up to 8 s. */
static void bucket_of_a_boundary_is_below(void **state)
{
	uint64_t below[EXPLICIT_BOUNDS];
	struct histogram h;

	(void)state;
	histogram__init(&h, 0);
	assert_int_equal(histogram__add(&h, 1000000000, 1), 0);
	assert_int_equal(histogram__add(&h, 4000000000, 20), 0);
	assert_int_equal(histogram__add(&h, 4000000001, 300), 0);
	assert_int_equal(histogram__add(&h, 20000000000, 4000), 0);
	explicit__cumulative(&h, 0, below);
	assert_int_equal(below[8], 1);	  /* 0.75 s */
	assert_int_equal(below[9], 1);	  /* 1 s */
	assert_int_equal(below[10], 21);  /* 2.5 s */
	assert_int_equal(below[11], 321); /* 5 s */
	assert_int_equal(below[12], 321); /* 7.5 s */
	assert_int_equal(below[13], 321); /* 10 s */
	histogram__free(&h);
}

static uint64_t sum_of(const struct buckets *b)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < b->len; i++)
		sum += b->count[i];
	return sum;
}

/* Every value is in the bucket where its index at that scale says. */
static void buckets_hold_every_value(void **state)
{
	enum { VALUES = 500 };
	static struct buckets b, expected;
	uint64_t random = 521288629;

	(void)state;
	for (int round = 0; round < 200; round++) {
		const unsigned spread = 1 + next_random(&random) % 40;
		static uint64_t value[VALUES];
		struct histogram h;

		histogram__init(&h, RT_HIST_SCALE);
		for (int i = 0; i < VALUES; i++) {
			value[i] = 1 + (next_random(&random) >> (64 - spread));
			assert_int_equal(histogram__add(&h, value[i], 1), 0);
		}
		assert_true(buckets__of(&b, &h, NULL, BUCKETS_MAX));
		assert_true(b.len <= BUCKETS_MAX && b.len > 0);
		assert_true(b.count[0] && b.count[b.len - 1]);
		memset(&expected, 0, sizeof(expected));
		for (int i = 0; i < VALUES; i++)
			expected.count[histogram__index(value[i], b.scale) -
				       b.offset]++;
		assert_memory_equal(b.count, expected.count,
				    b.len * sizeof(*b.count));
		/* No lower than it must be. */
		if (b.scale < RT_HIST_SCALE) {
			const int first = histogram__index(h.min, b.scale + 1);
			const int last = histogram__index(h.max, b.scale + 1);

			assert_true(last - first >= BUCKETS_MAX);
		}
		histogram__free(&h);
	}
}

static void difference_is_what_came_since(void **state)
{
	static struct buckets b, alone;
	struct histogram h, base, since;

	(void)state;
	histogram__init(&h, RT_HIST_SCALE);
	histogram__init(&since, RT_HIST_SCALE);
	assert_int_equal(histogram__add(&h, 1000, 5), 0);
	assert_int_equal(histogram__add(&h, 2000000, 5), 0);
	assert_int_equal(histogram__copy(&base, &h), 0);
	assert_int_equal(histogram__add(&since, 3000000, 2), 0);
	assert_int_equal(histogram__add(&since, 0, 2), 0);
	assert_int_equal(histogram__merge(&h, &since), 0);
	assert_true(buckets__of(&b, &h, &base, BUCKETS_MAX));
	assert_true(buckets__of(&alone, &since, NULL, BUCKETS_MAX));
	assert_int_equal(b.scale, alone.scale);
	assert_int_equal(b.offset, alone.offset);
	assert_int_equal(b.len, 1);
	assert_int_equal(b.count[0], 2);

	/* Scales may differ either way. */
	assert_int_equal(histogram__downscale(&base, 2), 0);
	assert_true(buckets__of(&b, &h, &base, BUCKETS_MAX));
	assert_int_equal(b.scale, 2);
	assert_int_equal(sum_of(&b), 2);
	assert_int_equal(histogram__downscale(&h, 1), 0);
	assert_true(buckets__of(&b, &h, &base, BUCKETS_MAX));
	assert_int_equal(b.scale, 1);
	assert_int_equal(sum_of(&b), 2);

	assert_false(buckets__of(&b, &base, &h, BUCKETS_MAX));
	assert_true(buckets__of(&b, &h, &h, BUCKETS_MAX));
	assert_int_equal(b.len, 0);
	histogram__free(&h);
	histogram__free(&base);
	histogram__free(&since);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boundaries_are_those_of_the_conventions),
		cmocka_unit_test(counts_never_fall),
		cmocka_unit_test(counts_do_not_fall_with_the_scale),
		cmocka_unit_test(error_is_one_bucket),
		cmocka_unit_test(bucket_of_a_boundary_is_below),
		cmocka_unit_test(buckets_hold_every_value),
		cmocka_unit_test(difference_is_what_came_since),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
