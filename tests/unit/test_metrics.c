/* SPDX-License-Identifier: GPL-2.0-only */
/* Batches as such: their table, the order of attributes, their references. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>
#include <string.h>
#include <cmocka.h>

#include "export/batch.h"
#include "export/metric_table.h"

static void every_row_is_whole(void **state)
{
	(void)state;
	for (int i = 0; i < METRIC_IDS; i++) {
		const struct metric_info *info = &metric_table[i];

		assert_non_null(info->name);
		assert_true(info->unit[0]);
		assert_int_equal(
			info->description[strlen(info->description) - 1], '.');
		assert_int_equal(info->in_seconds, !strcmp(info->unit, "s"));
		for (int k = 0; k < i; k++)
			assert_string_not_equal(info->name,
						metric_table[k].name);
	}
}

static void attributes_have_one_order(void **state)
{
	/* In their order. */
	static const struct metric_attribute one[] = {
		{.key = "a", .number = 1}, {.key = "b", .number = 9}};
	static const struct metric_attribute lists[][2] = {
		{{.key = "a", .number = -1}},
		{{.key = "a", .number = 1}, {.key = "b", .number = 2}},
		{{.key = "a", .number = 1}, {.key = "b", .text = "1"}},
		{{.key = "a", .number = 0, .is_bool = true}},
		{{.key = "a", .number = 1, .is_bool = true}},
		{{.key = "a", .text = ""}},
		{{.key = "a", .text = "x"}, {.key = "c", .text = "a"}},
		{{.key = "b", .number = 0}},
	};
	static const size_t len[] = {1, 2, 2, 1, 1, 1, 2, 1};

	(void)state;
	for (size_t i = 0; i < sizeof(len) / sizeof(*len); i++) {
		for (size_t k = 0; k < sizeof(len) / sizeof(*len); k++) {
			int order = metrics__compare_attributes(
				lists[i], len[i], lists[k], len[k]);

			assert_int_equal((order > 0) - (order < 0),
					 (i > k) - (i < k));
		}
	}
	/* A beginning of it comes before it. */
	assert_true(metrics__compare_attributes(one, 1, one, 2) < 0);
	assert_true(metrics__compare_attributes(one, 0, one, 1) < 0);
	assert_int_equal(metrics__compare_attributes(NULL, 0, NULL, 0), 0);
}

static void *take_and_give(void *m)
{
	for (int i = 0; i < 20000; i++)
		metrics__put(metrics__get(m));
	metrics__put(m);
	return NULL;
}

/* The sanitizers see one that is freed too early, twice or never. */
static void the_last_reference_frees(void **state)
{
	struct batch *b = batch__new();
	pthread_t thread[2];

	(void)state;
	assert_non_null(b);
	assert_non_null(arena__get(&b->arena, 100000));
	for (int i = 0; i < 2; i++) {
		metrics__get(&b->m);
		assert_int_equal(
			pthread_create(&thread[i], NULL, take_and_give, &b->m),
			0);
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(b->refs, 1);
	metrics__put(&b->m);
	metrics__put(NULL);
}

static void pieces_do_not_overlap(void **state)
{
	struct arena a = {0};
	unsigned char *piece[200];

	(void)state;
	for (size_t i = 0; i < 200; i++) {
		piece[i] = arena__get(&a, 1000 * (i % 7) + i);
		assert_non_null(piece[i]);
		assert_int_equal((uintptr_t)piece[i] % sizeof(void *), 0);
		memset(piece[i], (int)i, 1000 * (i % 7) + i);
	}
	for (size_t i = 0; i < 200; i++) {
		for (size_t k = 0; k < 1000 * (i % 7) + i; k++)
			assert_int_equal(piece[i][k], (unsigned char)i);
	}
	assert_string_equal(arena__text(&a, "abcdef", 3), "abc");
	arena__free(&a);
	assert_int_equal(a.used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_whole),
		cmocka_unit_test(attributes_have_one_order),
		cmocka_unit_test(the_last_reference_frees),
		cmocka_unit_test(pieces_do_not_overlap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
