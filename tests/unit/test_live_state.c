/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What keys do in the live view, and what its panel says of a row, without a
 * terminal.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "view/live_frame.h"
#include "view/live_state.h"

#define ROWS 6
#define MS 1000000ull

/* Rows of processes 1 to ROWS, in the order in which they are given. */
struct fixture {
	struct snapshot snap;
	struct snapshot_row rows[ROWS];
	struct live_frame frame;
	struct live_state state;
	struct layout layout;
};

static void draw(struct fixture *f, const char *order)
{
	f->snap.rows_len = strlen(order);
	for (size_t i = 0; order[i]; i++)
		f->rows[i] = (struct snapshot_row){
			.pid = (uint32_t)(order[i] - '0'),
			.comm = "web",
			.role = RT_ROLE_SERVER,
			.port = 80,
			.has_port = true,
			.protocol = "http",
			.operation = order[i] == '4' ? "POST /" : "GET /"};
	assert_int_equal(live_frame__build(&f->frame, &f->snap, true), 0);
	live_state__apply(&f->state, &f->frame.table, &f->frame.details);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->snap.rows = f->rows;
	draw(f, "123456");
	live_state__set_page(&f->state, &f->frame.table, 3);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	live_frame__free(&f->frame);
	free(f);
	return 0;
}

static void key(struct fixture *f, int key)
{
	assert_int_equal(live_state__key(&f->state, key, &f->frame.table,
					 &f->frame.details, &f->layout),
			 LIVE_HANDLED);
	live_state__apply(&f->state, &f->frame.table, &f->frame.details);
}

/* The process of the selected row, and of the first one on the screen. */
static void expect(const struct fixture *f, uint32_t selected, uint32_t top)
{
	const struct table *t = &f->frame.table;

	assert_true(f->state.at < t->shown);
	assert_int_equal(f->frame.details.row[t->order[f->state.at]].pid,
			 selected);
	assert_int_equal(f->frame.details.row[t->order[f->state.top]].pid, top);
}

static void test_select(void **state)
{
	struct fixture *f = *state;

	expect(f, 1, 1);
	key(f, 'k'); /* there is none above */
	expect(f, 1, 1);
	key(f, 'j');
	key(f, LIVE_KEY_DOWN);
	expect(f, 3, 1);
	key(f, LIVE_KEY_DOWN); /* leaves the page: it scrolls by one */
	expect(f, 4, 2);
	key(f, LIVE_KEY_UP);
	key(f, 'k');
	expect(f, 2, 2);
	key(f, 'k');
	expect(f, 1, 1);
	key(f, LIVE_KEY_PAGE_DOWN);
	expect(f, 4, 2);
	key(f, ' ');
	expect(f, 6, 4); /* the last one */
	key(f, LIVE_KEY_PAGE_UP);
	expect(f, 3, 3);
	key(f, 'G');
	expect(f, 6, 4);
	key(f, 'g');
	expect(f, 1, 1);
}

static void test_selection_follows(void **state)
{
	struct fixture *f = *state;

	/* Nothing was selected by the user: whatever is first. */
	draw(f, "213456");
	expect(f, 2, 2);
	key(f, 'j');
	expect(f, 1, 2);
	draw(f, "234561");
	expect(f, 1, 5);
	draw(f, "123456");
	expect(f, 1, 1);
	key(f, 'j');
	draw(f, "13456"); /* gone: what is in its place */
	expect(f, 3, 1);
	draw(f, "123456"); /* and that one is followed from now on */
	expect(f, 3, 1);
	key(f, 'g');
	draw(f, "654321");
	expect(f, 6, 6);
}

static void test_selection_is_in_its_bounds(void **state)
{
	struct fixture *f = *state;

	key(f, 'G');
	draw(f, "12");
	expect(f, 2, 1);
	draw(f, "");
	assert_int_equal(f->state.at, 0);
	for (const char *k = "jkgG "; *k; k++)
		key(f, *k);
	assert_int_equal(f->state.at, 0);
	draw(f, "12");
	expect(f, 1, 1);
	live_state__set_page(&f->state, &f->frame.table, 0);
	key(f, 'j');
	expect(f, 2, 1);
	live_state__set_page(&f->state, &f->frame.table, 1);
	expect(f, 2, 2);
	live_state__set_page(&f->state, &f->frame.table, 100);
	expect(f, 2, 1);
}

static void test_other_order_starts_anew(void **state)
{
	struct fixture *f = *state;

	key(f, 'G');
	key(f, 'r');
	expect(f, 6, 6);
	key(f, 'j');
	expect(f, 5, 6);
	for (const char *k = "/post"; *k; k++)
		key(f, *k);
	expect(f, 4, 4);
	key(f, LIVE_KEY_ESCAPE);
	expect(f, 6, 6);
	key(f, 'j');
	live_state__new_columns(&f->state);
	live_state__apply(&f->state, &f->frame.table, &f->frame.details);
	assert_int_equal(f->state.at, 0);
}

static void test_panels(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->state.panel, LIVE_PANEL_PARTS);
	key(f, 't');
	assert_int_equal(f->state.panel, LIVE_PANEL_THREADS);
	key(f, 't');
	assert_int_equal(f->state.panel, LIVE_PANEL_PARTS);
	key(f, 'd');
	assert_int_equal(f->state.panel, LIVE_PANEL_NONE);
	key(f, 't');
	key(f, 'd');
	assert_int_equal(f->state.panel, LIVE_PANEL_PARTS);
	/* In a filter they are letters. */
	key(f, '/');
	key(f, 'd');
	key(f, 't');
	assert_string_equal(f->state.filter, "dt");
	assert_int_equal(f->state.panel, LIVE_PANEL_PARTS);
}

static void test_detail_of_row(void **state)
{
	static const uint64_t part[PARTS] = {
		[PART_CPU] = 3 * MS, [PART_NETWORK] = 7 * MS};
	static struct measure_call calls[] = {
		{.peer = "redis\x1b:6379",
		 .count = 20,
		 .time = 30 * MS,
		 .network = 70 * MS},
		{.peer = "client", .own = true},
	};
	struct fixture *f = *state;
	struct measure *m = &f->rows[1].m;
	struct live_details d;

	breakdown__init(&m->breakdown);
	assert_int_equal(breakdown__add(&m->breakdown, 10 * MS, part, 10), 0);
	m->exchanges = m->with_parts = m->calls_known = 10;
	m->operations = 20; /* two a request: each has its parts */
	m->calls = calls;
	m->calls_len = 2;
	assert_int_equal(live_details__build(&d, &f->snap, true), 0);
	breakdown__free(&m->breakdown);
	assert_int_equal(d.rows, ROWS);
	assert_false(d.row[0].known);
	assert_string_equal(d.row[1].title, "GET /, web (2), server 80");
	assert_true(d.row[1].known);
	assert_int_equal(d.row[1].parts.item[0].part, PART_NETWORK);
	assert_non_null(d.row[1].diagnosis);
	assert_non_null(strstr(d.row[1].diagnosis, "network"));
	assert_int_equal(d.row[1].calls_len, 2);
	assert_string_equal(d.row[1].calls[0].peer, "redis\xef\xbf\xbd:6379");
	assert_float_equal(d.row[1].calls[0].per_exchange, 2, 1e-9);
	assert_float_equal(d.row[1].calls[0].mean, 1.5 * MS, 1e-3);
	assert_float_equal(d.row[1].calls[0].network, 3.5 * MS, 1e-3);
	assert_float_equal(d.row[1].calls[1].mean, 0, 0);
	live_details__free(&d);
}

/* Equal keys are the same row, other keys another one. */
static void test_identity(void **state)
{
	struct fixture *f = *state;
	struct snapshot_row row = f->rows[0];
	struct live_details first, second;

	for (size_t i = 0; i < ROWS; i++)
		f->rows[i] = row;
	f->rows[1].tid = 5;
	f->rows[2].port = 81;
	f->rows[3].role = RT_ROLE_CLIENT;
	strcpy(f->rows[4].peer, "192.0.2.1");
	f->rows[5].protocol = "httpG"; /* as long as with the next key */
	f->rows[5].operation = "ET /";
	assert_int_equal(live_details__build(&first, &f->snap, true), 0);
	f->rows[0].m.operations++;
	f->rows[0].active++;
	assert_int_equal(live_details__build(&second, &f->snap, true), 0);
	for (size_t i = 0; i < ROWS; i++) {
		assert_true(first.row[i].id == second.row[i].id);
		for (size_t k = 0; k < i; k++)
			assert_true(first.row[i].id != first.row[k].id);
	}
	live_details__free(&first);
	live_details__free(&second);
}

static void test_threads(void **state)
{
	struct fixture *f = *state;
	struct snapshot_threads threads[] = {
		{.pid = 1,
		 .name = "main",
		 .living = 3,
		 .clock = {[RT_CLOCK_CPU] = 1, [RT_CLOCK_POLL] = 3}},
		{.pid = 2}, /* none was seen yet */
	};
	struct live_details d;

	f->snap.threads = threads;
	f->snap.threads_len = 2;
	assert_int_equal(live_details__build(&d, &f->snap, true), 0);
	assert_int_equal(d.threads_len, 2);
	assert_string_equal(d.threads[0].name, "main");
	assert_int_equal(d.threads[0].living, 3);
	assert_float_equal(d.threads[0].share[RT_CLOCK_CPU], 0.25, 1e-9);
	assert_float_equal(d.threads[0].share[RT_CLOCK_POLL], 0.75, 1e-9);
	assert_float_equal(d.threads[1].share[RT_CLOCK_CPU], 0, 0);
	live_details__free(&d);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_select),
		TEST(test_selection_follows),
		TEST(test_selection_is_in_its_bounds),
		TEST(test_other_order_starts_anew),
		TEST(test_panels),
		TEST(test_detail_of_row),
		TEST(test_identity),
		TEST(test_threads),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		abort();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
