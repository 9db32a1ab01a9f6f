/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live view's help: keys, then what each column means, side by side where
 * the screen is wide enough.
 */
#include <ncurses.h>

#include "view/live_help.h"
#include "view/live_put.h"

#define KEYS_WIDTH 46 /* of the longest line below, and a gap */

static const struct {
	const char *key, *what;
} lines[] = {
	{"q", "quit, print the final report"},
	{"p", "pause the screen; tracing goes on"},
	{"/", "filter rows; Esc takes it away"},
	{"< >", "sort by another column (also s)"},
	{"r", "reverse the order"},
	{"b", "next grouping: operation, port, ..."},
	{"j k", "select a row (also arrows, space)"},
	{"d", "where the selected row's time went"},
	{"t", "how the threads spent their time"},
	{"h ?", "this help; any key leaves it"},
};

#define KEYS ((int)(sizeof(lines) / sizeof(lines[0])))

static void draw_line(int y, int x, const char *name, int width,
		      const char *what)
{
	char text[120];

	if (x >= COLS)
		return;
	snprintf(text, sizeof(text), "%-*s  %s", width, name, what);
	mvaddnstr(y, x, text, COLS - x);
	mvchgat(y, x, width < COLS - x ? width : COLS - x, A_BOLD, 0, NULL);
}

static int draw_columns(int y, int x, int end, const struct table *table)
{
	for (size_t i = 0; i < table->columns_len && y < end; i++) {
		const struct column *c = &table->columns[i];

		if (!c->report_only)
			draw_line(y++, x, c->title, 9, c->meaning);
	}
	return y;
}

void live_help__draw(int y, int end, const struct live_frame *f)
{
	bool beside = COLS >= 2 * KEYS_WIDTH;
	int keys_end = y + KEYS;

	for (int i = 0; i < KEYS && y + i < end; i++)
		draw_line(y + i, 0, lines[i].key, 3, lines[i].what);
	/* Where the lines are few, what is not seen matters more than what
	 * the titles of columns say. */
	if (!beside && f->not_seen[0])
		keys_end = live_put__paragraph(keys_end + 1, end, f->not_seen);
	y = draw_columns(beside ? y : keys_end + 1, beside ? KEYS_WIDTH : 0,
			 end, &f->table);
	if (beside && y < keys_end)
		y = keys_end;
	if (beside)
		live_put__paragraph(y + 1, end, f->not_seen);
}
