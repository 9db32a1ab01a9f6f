/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pieces of the text report, one file each. All are fed with a struct
 * text and write to its stream; nothing but plain text, no escape codes.
 */
#ifndef REQTRACE_VIEW_TEXT_H
#define REQTRACE_VIEW_TEXT_H

#include "view/table.h"
#include "view/view.h"

struct text {
	FILE *out; /* in memory: write errors show when it is handed on */
	const struct snapshot *snap;
	size_t width; /* columns, at least TEXT_MIN_WIDTH */
	bool utf8;
};

#define TEXT_MIN_WIDTH 40

/* Print a paragraph, wrapped at the width between words (of which one may be
 * longer than the line). first begins the first line (a label is padded to
 * indent), indent columns begin the others. */
void text__wrap(const struct text *t, size_t indent, const char *first,
		const char *paragraph);

/* wrap of a printf; cut at 2000 bytes. */
void text__wrapf(const struct text *t, size_t indent, const char *first,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The table of a report, each row on one or two lines, at most max_rows; with
 * the kinds of errors below a row that has some. 0 or -ENOMEM. */
int text__table(const struct text *t, size_t max_rows);

/* The table of an interval: what fits on one line a row. 0 or -ENOMEM. */
int text__brief_table(const struct text *t, size_t max_rows);

/* A section for each process, role and port: connections, statuses, and the
 * histogram of its durations. 0 or -ENOMEM. */
int text__ports(const struct text *t);

/* The parts of the series that took the most time. 0 or -ENOMEM. */
int text__parts(const struct text *t);

/* How the threads of each process spent their time. 0 or -ENOMEM. */
int text__threads(const struct text *t);

/* The slowest exchanges, a paragraph each. */
void text__slowest(const struct text *t);

/* A histogram as lines of bars. */
void text__bars(const struct text *t, const struct histogram *h);

/* "12 by status, 3 aborted by the peer" into buf. */
void text__errors(char *buf, size_t size, const uint64_t *errors_by);

#endif
