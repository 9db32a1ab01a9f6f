/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures in people's units, text of unknown origin, and which columns fit.
 */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_snapshot.h"
#include "view/live_frame.h"
#include "view/live_state.h"
#include "view/screen.h"
#include "view/table.h"
#include "view/units.h"

static void test_durations(void **state)
{
	static const struct {
		double ns;
		const char *text;
	} cases[] = {
		{0, "0 ns"},
		{-1, "0 ns"},
		{NAN, "0 ns"},
		{1, "1 ns"},
		{999, "999 ns"},
		{999.4, "999 ns"},
		{999.5, "1.00 us"},
		{9994, "9.99 us"},
		{9996, "10.0 us"},
		{99949, "99.9 us"},
		{99951, "100 us"},
		{999499, "999 us"},
		{999500, "1.00 ms"},
		{12.3e6, "12.3 ms"},
		{200e6, "200 ms"},
		{999.6e6, "1.00 s"},
		{59.96e9, "60.0 s"},
		{599.4e9, "599 s"},
		{599.5e9, "10m00s"},
		{1000e9, "16m40s"},
		{3599.4e9, "59m59s"},
		{3599.6e9, "1h00m"},
		{359999e9, "99h59m"},
		{360000e9, "4d04h"},
		{86400e9 * 999, "999d00h"},
		{86400e9 * 1000, "1000d"},
	};
	char buf[UNITS_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(units__duration(buf, cases[i].ns, false),
				    cases[i].text);
	assert_string_equal(units__duration(buf, 1500, true), "1.50 µs");
}

/* Whatever the value: never wider than the header of units.h says, and never
 * off by more than the rounding of three digits. */
static void test_duration_property(void **state)
{
	char buf[UNITS_LEN];

	(void)state;
	for (double ns = 1; ns < 86400e9 * 999; ns *= 1.0037) {
		char unit[UNITS_LEN];
		double value, scale;

		units__duration(buf, ns, false);
		assert_true(strlen(buf) <= 7);
		if (ns >= 599e9)
			continue;
		assert_int_equal(sscanf(buf, "%lf %s", &value, unit), 2);
		scale = strcmp(unit, "ns") == 0	  ? 1
			: strcmp(unit, "us") == 0 ? 1e3
			: strcmp(unit, "ms") == 0 ? 1e6
						  : 1e9;
		assert_true(fabs(value * scale - ns) <= ns * 0.00501 ||
			    fabs(value * scale - ns) <= 0.5);
	}
}

static void test_rates(void **state)
{
	static const struct {
		double rate;
		const char *text;
	} cases[] = {
		{0, "0"},
		{NAN, "0"},
		{0.001, "<0.01"},
		{0.5, "0.50"},
		{12.34, "12.3"},
		{999.4, "999"},
		{999.5, "1,000"},
		{160000, "160,000"},
		{999999.4, "999,999"},
		{999999.5, "1.00M"},
		{17.6e6, "17.6M"},
		{999.6e6, "1.00G"},
		{1e15, "999G"},
	};
	char buf[UNITS_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(units__rate(buf, cases[i].rate),
				    cases[i].text);
		assert_true(strlen(buf) <= 7);
	}
}

static void test_bytes_counts_shares(void **state)
{
	char buf[UNITS_LEN];

	(void)state;
	assert_string_equal(units__bytes(buf, 0), "0 B");
	assert_string_equal(units__bytes(buf, 1023), "1023 B");
	assert_string_equal(units__bytes(buf, 1024), "1.00 KiB");
	assert_string_equal(units__bytes(buf, 1023 * 1024), "1.00 MiB");
	assert_string_equal(units__bytes(buf, UINT64_MAX), "16384 PiB");
	assert_string_equal(units__count(buf, 0), "0");
	assert_string_equal(units__count(buf, 999), "999");
	assert_string_equal(units__count(buf, 1600000), "1,600,000");
	assert_string_equal(units__count(buf, UINT64_MAX),
			    "18,446,744,073,709,551,615");
	assert_string_equal(units__share(buf, 0, 0), "0 %");
	assert_string_equal(units__share(buf, 0, 5), "0 %");
	assert_string_equal(units__share(buf, 5, 5), "100 %");
	assert_string_equal(units__share(buf, 1, 1000000), "<0.01 %");
	assert_string_equal(units__share(buf, 999999, 1000000), ">99.9 %");
	assert_string_equal(units__share(buf, 1, 8), "12.5 %");
}

static void test_hostile_text(void **state)
{
	static const struct {
		const char *from, *utf8, *ascii;
	} cases[] = {
		{"plain", "plain", "plain"},
		{"a\x1b[2Jb\x07", "a\xef\xbf\xbd[2Jb\xef\xbf\xbd", "a?[2Jb?"},
		{"caf\xc3\xa9", "caf\xc3\xa9", "caf?"},
		{"\xff\xc3", "\xef\xbf\xbd\xef\xbf\xbd", "??"},
		{"\xe2\x80\xae"
		 "x",
		 "\xef\xbf\xbdx", "?x"}, /* right-to-left */
		{"\xc2\x9b"
		 "x",
		 "\xef\xbf\xbdx", "?x"},			/* C1: CSI */
		{"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd", "??"}, /* overlong */
		{"\xcc\x81z", "\xef\xbf\xbdz", "?z"}, /* joins what is left */
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		screen__clean(buf, sizeof(buf), cases[i].from, true);
		assert_string_equal(buf, cases[i].utf8);
		screen__clean(buf, sizeof(buf), cases[i].from, false);
		assert_string_equal(buf, cases[i].ascii);
	}
	screen__clean(buf, 5, "abc\xc3\xa9", true); /* no half characters */
	assert_string_equal(buf, "abc");
}

static void test_width_and_pad(void **state)
{
	char buf[64];

	(void)state;
	assert_int_equal(screen__width("注文"), 4);
	assert_int_equal(screen__fit("注文", 3, NULL), 3);
	assert_string_equal(screen__pad(buf, 64, "注文x", 8, false, true),
			    "注文x   ");
	assert_string_equal(screen__pad(buf, 64, "注文x", 8, true, true),
			    "   注文x");
	assert_string_equal(screen__pad(buf, 64, "注文", 3, false, true),
			    "注…");
	assert_string_equal(screen__pad(buf, 64, "注文", 2, false, true), "… ");
	assert_string_equal(screen__pad(buf, 64, "abcdef", 4, false, false),
			    "abc~");
	assert_string_equal(screen__pad(buf, 64, "abc", 0, false, true), "");
}

static size_t layout_width(const struct layout *l)
{
	size_t width = 0;

	for (size_t i = 0; i < l->len; i++)
		width += l->width[i] + (i > 0);
	return width;
}

static bool has_column(const struct table *t, const struct layout *l,
		       const char *title)
{
	for (size_t i = 0; i < l->len; i++) {
		if (strcmp(t->columns[l->column[i]].title, title) == 0)
			return true;
	}
	return false;
}

static size_t column(const struct table *t, const char *title)
{
	for (size_t i = 0; i < t->columns_len; i++) {
		if (strcmp(t->columns[i].title, title) == 0)
			return i;
	}
	fail();
	return 0;
}

/* At any width: nothing sticks out, what identifies a row stays longest, and
 * the column that the user sorts by is never gone. */
static void test_layout_fits(void **state)
{
	static const enum fake_kind kinds[] = {FAKE_REDIS, FAKE_WEB,
					       FAKE_CONNECTIONS, FAKE_PEERS};

	(void)state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct snapshot *snap = fake_snapshot__new(kinds[k], 3, true);
		struct table t;
		struct layout l;

		assert_int_equal(table__build(&t, snap, false, true), 0);
		for (size_t width = 1; width < 300; width++) {
			layout__fit(&l, &t, UINT32_MAX, width,
				    LAYOUT_NO_COLUMN);
			assert_true(l.len > 0);
			assert_true(layout_width(&l) <= width);
			if (width >= 20)
				assert_true(has_column(&t, &l, "P99"));
			layout__fit(&l, &t, UINT32_MAX, width,
				    column(&t, "MAX"));
			if (width >= 20)
				assert_true(has_column(&t, &l, "MAX"));
		}
		table__free(&t);
		fake_snapshot__free(snap);
	}
}

static void test_layout_order(void **state)
{
	struct snapshot *snap = fake_snapshot__new(FAKE_WEB, 3, true);
	struct table t;
	struct layout l;

	(void)state;
	assert_int_equal(table__build(&t, snap, false, true), 0);
	layout__fit(&l, &t, UINT32_MAX, 300, LAYOUT_NO_COLUMN);
	assert_int_equal(l.dropped | l.collapsed, 0);
	assert_false(l.cut);
	assert_false(has_column(&t, &l, "TID")); /* no row has one */
	layout__fit(&l, &t, UINT32_MAX, 170, LAYOUT_NO_COLUMN);
	assert_int_equal(l.collapsed, 1u << column(&t, "PROCESS"));
	layout__fit(&l, &t, UINT32_MAX, 80, LAYOUT_NO_COLUMN);
	assert_true(has_column(&t, &l, "PID")); /* tells workers apart */
	assert_false(has_column(&t, &l, "MIN"));
	table__free(&t);
	fake_snapshot__free(snap);
}

static void test_sort_and_filter(void **state)
{
	struct snapshot *snap = fake_snapshot__new(FAKE_WEB, 3, true);
	struct table t;

	(void)state;
	assert_int_equal(table__build(&t, snap, false, true), 0);
	assert_int_equal(t.shown, 6);
	table__sort(&t, column(&t, "ERR"), false);
	assert_int_equal(t.order[0], 4);
	assert_int_equal(t.order[1], 0); /* equal ones as they were */
	table__sort(&t, column(&t, "ERR"), true);
	assert_int_equal(t.order[5], 4);
	table__sort(&t, column(&t, "OPERATION"), false);
	assert_int_equal(t.order[0], 5); /* "" */
	table__filter(&t, "hgetall");
	assert_int_equal(t.shown, 1);
	assert_int_equal(t.order[0], 2);
	table__filter(&t, "6379"); /* a port, and no other number */
	assert_int_equal(t.shown, 1);
	table__filter(&t, "nothing like it");
	assert_int_equal(t.shown, 0);
	table__filter(&t, "");
	assert_int_equal(t.shown, 6);
	table__free(&t);
	fake_snapshot__free(snap);
}

/* A live view without a terminal. */
struct keys {
	struct live_state state;
	struct live_frame frame;
	struct layout layout;
};

static enum live_action press(struct keys *k, int key)
{
	enum live_action done = live_state__key(&k->state, key, &k->frame.table,
						&k->frame.details, &k->layout);

	/* As each drawing does. */
	live_state__set_page(&k->state, &k->frame.table, k->state.page);
	return done;
}

static void type_text(struct keys *k, const char *text)
{
	for (; *text; text++)
		assert_int_equal(press(k, (unsigned char)*text), LIVE_HANDLED);
}

static void test_live_keys(void **state)
{
	struct snapshot *snap = fake_snapshot__new(FAKE_WEB, 3, true);
	struct keys k = {0};
	struct live_state *s = &k.state;
	struct table *t = &k.frame.table;

	(void)state;
	assert_int_equal(live_frame__build(&k.frame, snap, true), 0);
	live_state__apply(s, t, &k.frame.details);
	live_state__set_page(s, t, 2);
	layout__fit(&k.layout, t, UINT32_MAX, 300, LAYOUT_NO_COLUMN);
	type_text(&k, "/qb"); /* letters now, not commands */
	assert_string_equal(s->filter, "qb");
	type_text(&k, "é");
	press(&k, LIVE_KEY_BACKSPACE);
	assert_string_equal(s->filter, "qb");
	for (int i = 0; i < 3 * LIVE_FILTER_LEN; i++)
		press(&k, 'x');
	assert_int_equal(strlen(s->filter), LIVE_FILTER_LEN - 1);
	press(&k, LIVE_KEY_ESCAPE);
	assert_string_equal(s->filter, "");
	live_state__apply(s, t, &k.frame.details);
	assert_int_equal(press(&k, 'b'), LIVE_NEXT_BY);
	assert_int_equal(press(&k, LIVE_KEY_END), LIVE_HANDLED);
	assert_int_equal(s->top, 4);
	press(&k, LIVE_KEY_PAGE_DOWN);
	assert_int_equal(s->top, 4);
	press(&k, LIVE_KEY_HOME);
	press(&k, LIVE_KEY_UP);
	assert_int_equal(s->top, 0);
	/* All the way round: as many steps as there are columns. */
	press(&k, '>');
	assert_int_equal(s->sort_column, column(t, "RATE/s"));
	for (size_t i = 0; i < k.layout.len; i++)
		press(&k, '<');
	assert_int_equal(s->sort_column, column(t, "RATE/s"));
	type_text(&k, "hp"); /* the help takes one key for itself */
	assert_false(s->paused);
	type_text(&k, "p");
	assert_true(s->paused);
	assert_int_equal(press(&k, 'q'), LIVE_QUIT);
	live_frame__free(&k.frame);
	fake_snapshot__free(snap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_duration_property),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_bytes_counts_shares),
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_width_and_pad),
		cmocka_unit_test(test_layout_fits),
		cmocka_unit_test(test_layout_order),
		cmocka_unit_test(test_sort_and_filter),
		cmocka_unit_test(test_live_keys),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		abort();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
