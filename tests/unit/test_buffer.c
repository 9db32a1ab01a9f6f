/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buffers: what is added is there in order whatever its sizes, the bound is
 * exact, and a failure stays until it is cleared (base/buffer.h).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"

static void adding_keeps_the_order(void **state)
{
	struct buffer b;
	uint8_t *at;

	(void)state;
	buffer__init(&b, 100);
	buffer__text(&b, "one ");
	buffer__add(&b, "two\0 ", 5);
	buffer__add(&b, NULL, 0);
	at = buffer__grow(&b, 2);
	assert_non_null(at);
	memcpy(at, "3 ", 2);
	buffer__format(&b, "%d-%s", 4, "five");
	assert_int_equal(b.err, 0);
	assert_int_equal(b.len, 17);
	assert_memory_equal(b.data, "one two\0 3 4-five", 17);
	buffer__free(&b);
	assert_null(b.data);
	assert_int_equal(b.max, 100);
}

/* Of every length around the sizes that memory grows by. */
static void formatting_fits_at_every_length(void **state)
{
	struct buffer b;

	(void)state;
	for (int len = 0; len < 600; len++) {
		buffer__init(&b, 10000);
		buffer__format(&b, "%*s", len, "");
		buffer__format(&b, "%0*d", len + 1, 7);
		assert_int_equal(b.err, 0);
		assert_int_equal(b.len, 2 * len + 1);
		assert_int_equal(b.data[len], len ? '0' : '7');
		assert_int_equal(b.data[b.len - 1], '7');
		buffer__free(&b);
	}
}

static void bound_is_exact(void **state)
{
	struct buffer b;

	(void)state;
	for (size_t max = 0; max < 600; max++) {
		buffer__init(&b, max);
		for (size_t i = 0; i < max; i++)
			buffer__add(&b, "x", 1);
		assert_int_equal(b.err, 0);
		assert_int_equal(b.len, max);
		assert_true(b.cap <= max);
		buffer__format(&b, "%s", "");
		assert_int_equal(b.err, 0);
		buffer__format(&b, "%c", 'y');
		assert_int_equal(b.err, -EFBIG);
		assert_int_equal(b.len, max);
		buffer__free(&b);
	}
}

static void failure_stays_until_cleared(void **state)
{
	struct buffer b;
	uint8_t *data;

	(void)state;
	buffer__init(&b, 5);
	buffer__text(&b, "abc");
	buffer__text(&b, "too long");
	assert_int_equal(b.err, -EFBIG);
	assert_null(buffer__grow(&b, 0));
	buffer__text(&b, "d");
	buffer__format(&b, "%d", 1);
	assert_int_equal(b.len, 3);
	data = b.data;
	buffer__clear(&b);
	assert_int_equal(b.err, 0);
	buffer__text(&b, "efghi");
	assert_int_equal(b.err, 0);
	assert_ptr_equal(b.data, data);
	assert_memory_equal(b.data, "efghi", 5);
	buffer__free(&b);
}

/* A length that no machine has must fail, and not wrap around. */
static void absurd_lengths_fail(void **state)
{
	struct buffer b;

	(void)state;
	buffer__init(&b, SIZE_MAX);
	buffer__text(&b, "abc");
	assert_null(buffer__grow(&b, SIZE_MAX));
	assert_int_equal(b.err, -EFBIG);
	buffer__clear(&b);
	buffer__text(&b, "abc");
	assert_null(buffer__grow(&b, SIZE_MAX - 3));
	assert_int_equal(b.err, -ENOMEM);
	assert_memory_equal(b.data, "abc", 3);
	buffer__free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adding_keeps_the_order),
		cmocka_unit_test(formatting_fits_at_every_length),
		cmocka_unit_test(bound_is_exact),
		cmocka_unit_test(failure_stays_until_cleared),
		cmocka_unit_test(absurd_lengths_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
