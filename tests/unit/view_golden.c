/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a view writes, against a file. Fed with views and names, yields
 * failures of the running test.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "view_golden.h"

#define TICK 10

char *view_golden__text(view_write write, enum fake_kind kind, bool interval,
			const struct view_style *style)
{
	struct snapshot *snap = fake_snapshot__new(kind, TICK, interval);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(write(snap, style, out), 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(strlen(text), len);
	fake_snapshot__free(snap);
	return text;
}

static char *read_file(const char *path)
{
	FILE *in = fopen(path, "r");
	char *text = NULL;
	size_t cap = 0;

	if (!in)
		fail_msg("%s: %s", path, strerror(errno));
	if (getdelim(&text, &cap, '\0', in) < 0)
		fail_msg("%s: empty", path);
	fclose(in);
	return text;
}

void view_golden__equal(const char *text, const char *name)
{
	char path[200];
	char *golden;

	snprintf(path, sizeof(path), "tests/data/view/%s", name);
	if (getenv("REQTRACE_UPDATE_GOLDEN")) {
		FILE *out = fopen(path, "w");

		assert_non_null(out);
		assert_true(fputs(text, out) >= 0);
		assert_int_equal(fclose(out), 0);
	}
	golden = read_file(path);
	if (strcmp(text, golden) != 0)
		fail_msg("%s differs from what was written:\n%s", path, text);
	free(golden);
}

void view_golden__write_errors(view_write write)
{
	static const struct view_style style = {.width = 80};
	struct snapshot *snap = fake_snapshot__new(FAKE_WEB, TICK, false);
	FILE *out = fopen("/dev/full", "w");

	assert_non_null(out);
	assert_int_equal(write(snap, &style, out), -ENOSPC);
	fclose(out);
	out = fopen("/dev/null", "r"); /* not open for writing */
	assert_non_null(out);
	assert_int_equal(write(snap, &style, out), -EBADF);
	fclose(out);
	fake_snapshot__free(snap);
}
