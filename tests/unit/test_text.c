/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The text report and the periodic table, against files.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "view/notes.h"
#include "view/screen.h"
#include "view/text.h"
#include "view_golden.h"

static void test_golden(void **state)
{
	static const struct {
		const char *name;
		enum fake_kind kind;
		bool interval;
		struct view_style style;
	} cases[] = {
		{"empty.txt", FAKE_EMPTY, false, {80, true}},
		{"redis.txt", FAKE_REDIS, false, {80, true}},
		{"redis-wide.txt", FAKE_REDIS, false, {200, false}},
		{"web.txt", FAKE_WEB, false, {80, true}},
		{"web-ascii.txt", FAKE_WEB, false, {100, false}},
		{"connections.txt", FAKE_CONNECTIONS, false, {80, true}},
		{"peers.txt", FAKE_PEERS, false, {0, true}},
		{"parts.txt", FAKE_PARTS, false, {80, true}},
		{"parts-wide.txt", FAKE_PARTS, false, {120, false}},
		{"parts-narrow.txt", FAKE_PARTS, false, {40, true}},
		{"interval-empty.txt", FAKE_EMPTY, true, {80, true}},
		{"interval-web.txt", FAKE_WEB, true, {80, true}},
		{"interval-connections.txt",
		 FAKE_CONNECTIONS,
		 true,
		 {100, false}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = view_golden__text(
			cases[i].interval ? view_text.interval
					  : view_text.report,
			cases[i].kind, cases[i].interval, &cases[i].style);

		view_golden__equal(text, cases[i].name);
		free(text);
	}
}

/* No control characters but the line feed, no escape codes, and no line that
 * is wider than was asked for. */
static void check_plain(const char *text, size_t width, bool utf8)
{
	char line[1000];

	for (const char *c = text; *c; c++) {
		assert_true(*c == '\n' || (unsigned char)*c >= 0x20);
		assert_true(utf8 || (unsigned char)*c < 0x7f);
	}
	while (*text) {
		size_t len = strcspn(text, "\n");

		assert_true(len < sizeof(line));
		memcpy(line, text, len);
		line[len] = '\0';
		if (screen__width(line) > width)
			fail_msg("wider than %zu: %s", width, line);
		assert_true(len == 0 || line[len - 1] != ' ');
		text += len + (text[len] == '\n');
	}
}

static void test_plain(void **state)
{
	(void)state;
	for (size_t width = 64; width < 220; width += 3) {
		for (int utf8 = 0; utf8 < 2; utf8++) {
			struct view_style style = {width, utf8};

			for (int kind = FAKE_EMPTY; kind < FAKE_KINDS; kind++) {
				char *text = view_golden__text(
					view_text.report, kind, false, &style);

				check_plain(text, width, utf8);
				free(text);
				text = view_golden__text(view_text.interval,
							 kind, true, &style);
				check_plain(text, width, utf8);
				free(text);
			}
		}
	}
}

/* What is of parts and threads fits where tables do not. */
static void test_narrow(void **state)
{
	struct snapshot *snap = fake_snapshot__new(FAKE_PARTS, 1, false);

	(void)state;
	for (size_t width = TEXT_MIN_WIDTH; width < 100; width++) {
		struct text t = {
			.snap = snap, .width = width, .utf8 = width % 2};
		char *text = NULL;
		size_t len;

		t.out = open_memstream(&text, &len);
		assert_non_null(t.out);
		assert_int_equal(text__parts(&t), 0);
		assert_int_equal(text__threads(&t), 0);
		text__slowest(&t);
		assert_int_equal(fclose(t.out), 0);
		check_plain(text, width, t.utf8);
		assert_non_null(strstr(text, "receive queue"));
		free(text);
	}
	fake_snapshot__free(snap);
}

static char *parts_text(struct snapshot *snap)
{
	struct text t = {.snap = snap, .width = 100, .utf8 = false};
	char *text = NULL;
	size_t len;

	t.out = open_memstream(&text, &len);
	assert_non_null(t.out);
	assert_int_equal(text__parts(&t), 0);
	assert_int_equal(fclose(t.out), 0);
	return text;
}

/* Two series of one name are told apart; nobody else's version is shown. */
static void test_versions(void **state)
{
	struct snapshot *snap = fake_snapshot__new(FAKE_PARTS, 1, false);
	struct snapshot_series *s = (struct snapshot_series *)snap->series;
	char *text = parts_text(snap);

	(void)state;
	assert_null(strstr(text, "(1.1)"));
	free(text);
	s[1].role = s[0].role;
	s[1].port = s[0].port;
	s[1].protocol = s[0].protocol;
	s[1].operation = s[0].operation;
	s[1].status = s[0].status;
	s[0].version = "";
	s[1].version = "1.0";
	strcpy(s[1].server_address, "192.0.2.1");
	text = parts_text(snap);
	assert_non_null(strstr(text, " (1.0, 192.0.2.1): uvicorn"));
	assert_non_null(strstr(text, " (no version): uvicorn"));
	assert_null(strstr(text, "(1.1)"));
	free(text);
	fake_snapshot__free(snap);
}

/* That nothing is known of parts is said once, if there is anything. */
static void test_no_parts(void **state)
{
	static const struct view_style style = {.width = 200};
	char *text =
		view_golden__text(view_text.report, FAKE_WEB, false, &style);
	const char *said = strstr(text, "Where the time went");

	(void)state;
	assert_non_null(said);
	assert_non_null(strstr(said, "--no-parts"));
	assert_null(strstr(said + 1, "Where the time went"));
	free(text);
	text = view_golden__text(view_text.report, FAKE_EMPTY, false, &style);
	assert_null(strstr(text, "Where the time went"));
	free(text);
}

/* --comm or --port that nobody matched: not "the traced processes". */
static void test_no_process(void **state)
{
	struct snapshot *snap = fake_snapshot__new(FAKE_EMPTY, 1, false);
	size_t len = snap->processes_len;
	char note[400];

	(void)state;
	notes__nothing(note, sizeof(note), snap);
	assert_null(strstr(note, "no process to trace"));
	snap->processes_len = 0;
	notes__nothing(note, sizeof(note), snap);
	assert_non_null(strstr(note, "no process to trace"));
	snap->processes_len = len;
	fake_snapshot__free(snap);
}

static void test_write_errors(void **state)
{
	(void)state;
	view_golden__write_errors(view_text.report);
	view_golden__write_errors(view_text.interval);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_no_parts),
		cmocka_unit_test(test_no_process),
		cmocka_unit_test(test_write_errors),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		abort();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
