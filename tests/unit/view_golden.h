/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a view writes for a hand-made snapshot, against a file. Run a test with
 * REQTRACE_UPDATE_GOLDEN=1 in its environment to write the files anew, and
 * look at them.
 */
#ifndef TESTS_UNIT_VIEW_GOLDEN_H
#define TESTS_UNIT_VIEW_GOLDEN_H

#include "fake_snapshot.h"
#include "view/view.h"

typedef int (*view_write)(const struct snapshot *snap,
			  const struct view_style *style, FILE *out);

/* What a view writes; fails the test if it fails. Free it. */
char *view_golden__text(view_write write, enum fake_kind kind, bool interval,
			const struct view_style *style);

/* Fail the test unless text equals tests/data/view/name. */
void view_golden__equal(const char *text, const char *name);

/* Fail the test unless a full device and a closed stream are reported. */
void view_golden__write_errors(view_write write);

#endif
