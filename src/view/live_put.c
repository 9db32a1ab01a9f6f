/* SPDX-License-Identifier: GPL-2.0-only */
/* See live_put.h. */
#include <stdio.h>
#include <string.h>

#include "view/breakdown_view.h"
#include "view/columns.h"
#include "view/live_put.h"
#include "view/screen.h"

/* By enum part and BREAKDOWN_REST: eight colours are what every terminal has,
 * so the glyphs tell apart what shares one. */
static const struct {
	short colour;
	attr_t attr;
} looks[] = {
	[PART_RECEIVE_QUEUE] = {COLOR_YELLOW, 0},
	[PART_CPU] = {COLOR_GREEN, 0},
	[PART_CPU_OTHER] = {COLOR_CYAN, 0},
	[PART_RUN_QUEUE] = {COLOR_MAGENTA, 0},
	[PART_LOCK] = {COLOR_RED, 0},
	[PART_DISK] = {COLOR_BLUE, 0},
	[PART_NETWORK] = {COLOR_BLUE, A_BOLD},
	[PART_POLL] = {COLOR_CYAN, A_BOLD},
	[PART_SLEEP] = {COLOR_GREEN, A_BOLD},
	[PART_PAGE_FAULT] = {COLOR_RED, A_BOLD},
	[PART_OTHER_BLOCKED] = {COLOR_MAGENTA, A_BOLD},
	[PART_HANDOFF] = {COLOR_YELLOW, A_BOLD},
	[PART_UNATTRIBUTED] = {-1, 0},
	[BREAKDOWN_REST] = {-1, 0},
};

void live_put__init(void)
{
	if (!has_colors())
		return;
	start_color();
	use_default_colors();
	init_pair(LIVE_PAIR_TITLE, COLOR_WHITE, COLOR_BLUE);
	init_pair(LIVE_PAIR_HEAD, COLOR_BLACK, COLOR_GREEN);
	init_pair(LIVE_PAIR_SORT, COLOR_BLACK, COLOR_CYAN);
	init_pair(LIVE_PAIR_BAD, COLOR_RED, -1);
	init_pair(LIVE_PAIR_KEY, COLOR_BLACK, COLOR_CYAN);
	init_pair(LIVE_PAIR_SELECTED, COLOR_BLACK, COLOR_CYAN);
	for (short colour = -1; colour < 8; colour++)
		init_pair(LIVE_PAIR_PARTS + 1 + colour, colour, -1);
}

attr_t live_put__attr(enum live_pair pair, attr_t plain)
{
	return has_colors() ? (attr_t)COLOR_PAIR(pair) : plain;
}

attr_t live_put__part(int part)
{
	return live_put__attr(LIVE_PAIR_PARTS + 1 + looks[part].colour, 0) |
	       looks[part].attr;
}

void live_put__text(const char *text, int end)
{
	int room = end - getcurx(stdscr);

	if (room > 0)
		addnstr(text, (int)screen__fit(text, (size_t)room, NULL));
}

void live_put__cell(const char *text, size_t width, bool right, bool utf8)
{
	char cell[CELL_LEN];

	live_put__text(
		screen__pad(cell, sizeof(cell), text, width, right, utf8),
		COLS);
}

void live_put__sentence(const char *text, bool utf8)
{
	char line[1024];
	size_t room = (size_t)(COLS - getcurx(stdscr));
	size_t width = screen__width(text);

	screen__pad(line, sizeof(line), text, width < room ? width : room,
		    false, utf8);
	live_put__text(line, COLS);
}

int live_put__paragraph(int y, int end, const char *text)
{
	if (y >= end || !*text)
		return y;
	move(y, 0);
	while (*text) {
		size_t len = strcspn(text, " ");
		char word[CELL_LEN];
		int x = getcurx(stdscr);

		snprintf(word, sizeof(word), "%.*s", (int)len, text);
		/* A word in the last column moves the cursor on by itself. */
		if (x > 0 && x + 1 + (int)screen__width(word) >= COLS) {
			if (++y >= end)
				return end;
			move(y, 0);
			x = 0;
		}
		if (x > 0)
			live_put__text(" ", COLS);
		live_put__text(word, COLS - 1);
		text += len + (text[len] == ' ');
	}
	return y + 1;
}

void live_put__line(int y, attr_t attr)
{
	attrset(attr);
	mvhline(y, 0, ' ', COLS);
	move(y, 0);
}
