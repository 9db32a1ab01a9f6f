/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of numbers and the pool against what they promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/lookup.h"
#include "base/pool.h"

#define KEYS 4096

/* Keys of a few homes only, so that runs are long and meet. */
static uint64_t crowded_key(uint64_t i)
{
	return i % 7 ? i : i << 48;
}

static void finds_what_was_added(void **state)
{
	static char value[KEYS];
	struct lookup l = {0};

	(void)state;
	assert_null(lookup__find(&l, 1));
	lookup__remove(&l, 1);
	for (uint64_t i = 0; i < KEYS; i++) {
		assert_null(lookup__find(&l, crowded_key(i)));
		assert_int_equal(lookup__add(&l, crowded_key(i), &value[i]), 0);
	}
	assert_int_equal(l.len, KEYS);
	for (uint64_t i = 0; i < KEYS; i++)
		assert_ptr_equal(lookup__find(&l, crowded_key(i)), &value[i]);
	assert_null(lookup__find(&l, KEYS + 1));
	lookup__free(&l);
	assert_null(lookup__find(&l, 1));
}

/* A table as full as it gets, in any state between full and empty. */
static void removing_leaves_the_others(void **state)
{
	static char value[KEYS];
	static bool there[KEYS];
	struct lookup l = {0};
	uint64_t random = 88172645463325252ull, len = 0;

	(void)state;
	for (int step = 0; step < 20 * KEYS; step++) {
		uint64_t i;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		i = random % KEYS;
		if (there[i])
			lookup__remove(&l, crowded_key(i));
		else
			assert_int_equal(
				lookup__add(&l, crowded_key(i), &value[i]), 0);
		there[i] = !there[i];
		len += there[i] ? 1 : -1ull;
		assert_int_equal(l.len, len);
		if (step % 1024)
			continue;
		for (i = 0; i < KEYS; i++)
			assert_ptr_equal(lookup__find(&l, crowded_key(i)),
					 there[i] ? &value[i] : NULL);
	}
	lookup__free(&l);
}

static void next_gives_each_once(void **state)
{
	static int seen[100];
	struct lookup l = {0};
	size_t at = 0, len = 0;
	int *value;

	(void)state;
	assert_null(lookup__next(&l, &at));
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(lookup__add(&l, i * i, &seen[i]), 0);
	while ((value = lookup__next(&l, &at))) {
		assert_int_equal((*value)++, 0);
		len++;
	}
	assert_int_equal(len, 100);
	assert_null(lookup__next(&l, &at));
	lookup__free(&l);
}

/* More than a chunk of them, apart and on lines of their own. */
static void pool_gives_zeroed_lines(void **state)
{
	struct pool p = {.size = 3 * POOL_LINE};
	enum { OBJECTS = 1000 };
	char *object[OBJECTS];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < OBJECTS; i++) {
			object[i] = pool__get(&p);
			assert_non_null(object[i]);
			assert_int_equal((uintptr_t)object[i] % POOL_LINE, 0);
			for (size_t k = 0; k < p.size; k++)
				assert_int_equal(object[i][k], 0);
			memset(object[i], i, p.size);
		}
		for (int i = 0; i < OBJECTS; i++) {
			for (size_t k = 0; k < p.size; k++)
				assert_int_equal(object[i][k], (char)i);
			pool__put(&p, object[i]);
		}
	}
	pool__free(&p);
	assert_non_null(pool__get(&p));
	pool__free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_added),
		cmocka_unit_test(removing_leaves_the_others),
		cmocka_unit_test(next_gives_each_once),
		cmocka_unit_test(pool_gives_zeroed_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
