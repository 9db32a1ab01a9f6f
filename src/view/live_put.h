/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text and colours on the current ncurses screen, for all that the live view
 * draws. Fed with clean text and columns; never writes past the last column.
 */
#ifndef REQTRACE_VIEW_LIVE_PUT_H
#define REQTRACE_VIEW_LIVE_PUT_H

#include <ncurses.h>
#include <stdbool.h>
#include <stddef.h>

enum live_pair {
	LIVE_PAIR_TITLE = 1,
	LIVE_PAIR_HEAD,
	LIVE_PAIR_SORT,
	LIVE_PAIR_BAD,
	LIVE_PAIR_KEY,
	LIVE_PAIR_SELECTED,
	LIVE_PAIR_PARTS, /* and one for each colour of a part */
};

/* Colour pairs; without colours they do nothing. */
void live_put__init(void);

/* plain: what stands in for the colours where there are none. */
attr_t live_put__attr(enum live_pair pair, attr_t plain);
/* How an enum part, or BREAKDOWN_REST, looks. */
attr_t live_put__part(int part);

/* At the cursor, as much as fits before column end. */
void live_put__text(const char *text, int end);
/* In width columns; cut or padded. */
void live_put__cell(const char *text, size_t width, bool right, bool utf8);
/* On the rest of the line, with an ellipsis if it is cut. */
void live_put__sentence(const char *text, bool utf8);
/* Broken between words, on lines y to end - 1; the line after its last. */
int live_put__paragraph(int y, int end, const char *text);
/* An empty line in attr, the cursor at its beginning. */
void live_put__line(int y, attr_t attr);

#endif
