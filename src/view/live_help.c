/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live view's help: keys, then what each column means, side by side where
 * the screen is wide enough.
 */
#include <ncurses.h>

#include "view/live_help.h"

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

void live_help__draw(int y, int end, const struct column *columns,
		     size_t columns_len)
{
	bool beside = COLS >= 2 * KEYS_WIDTH;
	int at = beside ? y : y + KEYS + 1;

	for (int i = 0; i < KEYS && y + i < end; i++)
		draw_line(y + i, 0, lines[i].key, 3, lines[i].what);
	for (size_t i = 0; i < columns_len && at < end; i++) {
		if (!columns[i].report_only)
			draw_line(at++, beside ? KEYS_WIDTH : 0,
				  columns[i].title, 9, columns[i].meaning);
	}
}
