/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live view's screen. Fed with a frame and a state, yields, top down:
 *
 *   nginx (1200) and 4 children   12.3 s   engine sock   160,000/s
 *   by operation: rate of the last 1.00 s, ...      (from 8 lines on)
 *   PROCESS  PORT OPERATION       RATE/s     P99    (sort column marked)
 *   rows, one of them selected
 *   the panel: parts of that row, or threads       (from 24 lines on)
 *   coverage warning, message or filter             (if there is one)
 *   q Quit  h Help  / Filter ...
 */
#include <stdio.h>
#include <string.h>

#include "view/live_draw.h"
#include "view/live_help.h"
#include "view/live_panel.h"
#include "view/live_put.h"
#include "view/screen.h"
#include "view/units.h"

#define SCOPE_FROM_LINES 8

static void draw_title(const struct live_screen *s)
{
	const struct live_frame *f = s->frame;
	int limit = 0, left;
	bool paused = s->state->paused;

	for (int i = 0; i < FRAME_TITLES; i++) {
		if (f->title[i].priority > limit)
			limit = f->title[i].priority;
	}
	for (; limit > 0; limit--) {
		size_t need = paused ? 9 : 0;

		for (int i = 0; i < FRAME_TITLES; i++) {
			if (f->title[i].priority <= limit)
				need += screen__width(f->title[i].text) + 3;
		}
		if (need <= (size_t)COLS + 2)
			break;
	}
	attrset(live_put__attr(LIVE_PAIR_TITLE, A_REVERSE) | A_BOLD);
	mvhline(0, 0, ' ', COLS);
	left = COLS - (paused ? 7 : 0);
	for (int i = 0; i < FRAME_TITLES; i++) {
		if (f->title[i].priority > limit)
			continue;
		if (i > 0)
			live_put__text("   ", left);
		live_put__text(f->title[i].text, left);
	}
	if (paused) {
		attrset(live_put__attr(LIVE_PAIR_BAD, 0) | A_REVERSE | A_BOLD);
		mvaddstr(0, COLS > 6 ? COLS - 6 : 0, "PAUSED");
	}
	attrset(A_NORMAL);
}

static void draw_heads(const struct live_screen *s, int y)
{
	const struct table *t = &s->frame->table;
	size_t sorted = live_state__sort_column(s->state, t);
	attr_t head = live_put__attr(LIVE_PAIR_HEAD, A_REVERSE);

	attrset(head);
	mvhline(y, 0, ' ', COLS);
	move(y, 0);
	for (size_t i = 0; i < s->layout->len; i++) {
		const struct column *c = &t->columns[s->layout->column[i]];
		bool here = s->layout->column[i] == sorted;

		if (i > 0)
			live_put__text(" ", COLS);
		attrset(here ? live_put__attr(LIVE_PAIR_SORT,
					      A_REVERSE | A_UNDERLINE) |
					A_BOLD
			     : head);
		live_put__cell(c->title, s->layout->width[i], c->number,
			       s->utf8);
		attrset(head);
	}
	attrset(A_NORMAL);
}

static bool is_bad(const struct table *t, size_t row, size_t column)
{
	return strcmp(t->columns[column].title, "ERR") == 0 &&
	       t->cells[row * t->columns_len + column].number > 0;
}

static void draw_row(const struct live_screen *s, int y, size_t row,
		     bool selected)
{
	const struct table *t = &s->frame->table;
	attr_t attr = selected ? live_put__attr(LIVE_PAIR_SELECTED, A_REVERSE)
			       : A_NORMAL;

	live_put__line(y, attr);
	for (size_t i = 0; i < s->layout->len; i++) {
		size_t column = s->layout->column[i];

		if (i > 0)
			live_put__text(" ", COLS);
		if (is_bad(t, row, column))
			attrset(selected ? attr | A_BOLD
					 : live_put__attr(LIVE_PAIR_BAD, 0) |
						   A_BOLD);
		live_put__cell(table__text(t, row, column), s->layout->width[i],
			       t->columns[column].number, s->utf8);
		attrset(attr);
	}
	attrset(A_NORMAL);
}

static void draw_rows(const struct live_screen *s, int y, int end)
{
	const struct table *t = &s->frame->table;
	struct live_state *state = s->state;
	int panel = live_panel__lines(s->frame, state, end - y);
	bool marked = state->follows || panel > 0;

	end -= panel;
	if (panel)
		live_panel__draw(s->frame, state, s->utf8, end, end + panel);
	live_state__set_page(state, t, end > y ? (size_t)(end - y) : 0);
	for (size_t i = state->top; i < t->shown && y < end; i++)
		draw_row(s, y++, t->order[i], marked && i == state->at);
	if (t->rows > 0 && t->shown == 0)
		live_put__paragraph(y, end,
				    "No row has the filter's text in its "
				    "process, port, peer, protocol or "
				    "operation. Esc takes the filter away.");
	else if (t->rows == 0)
		live_put__paragraph(y, end,
				    s->frame->nothing[0]
					    ? s->frame->nothing
					    : "Nothing to list yet.");
}

/* The line above the keys; returns whether there is one. */
static bool draw_notice(const struct live_screen *s, int y, bool draw)
{
	const struct live_state *state = s->state;
	char notice[420];
	attr_t attr = A_BOLD;

	if (s->message[0])
		snprintf(notice, sizeof(notice), "%s", s->message);
	else if (state->typing || state->filter[0])
		snprintf(notice, sizeof(notice), "Filter: %s%s", state->filter,
			 state->typing ? "_" : "");
	else if (s->frame->missed[0])
		snprintf(notice, sizeof(notice), "! %s", s->frame->missed);
	else
		return false;
	if (draw) {
		char text[sizeof(notice)];

		if (notice[0] == '!')
			attr |= live_put__attr(LIVE_PAIR_BAD, 0);
		screen__clean(text, sizeof(text), notice, s->utf8);
		attrset(attr);
		move(y, 0);
		live_put__sentence(text, s->utf8);
		attrset(A_NORMAL);
	}
	return true;
}

struct key_name {
	const char *key, *name;
};

static const struct key_name keys[] = {
	{"q", "Quit"},	   {"h", "Help"},  {"p", "Pause"},
	{"/", "Filter"},   {"d", "Parts"}, {"t", "Threads"},
	{"b", "Group by"}, {"<>", "Sort"}, {"r", "Reverse"},
};

static const struct key_name typing_keys[] = {
	{"Enter", "Keep"},
	{"Esc", "Clear"},
};

/* "1-20 of 135" into text if not all rows show, else "". */
static void position(const struct live_screen *s, char *text, size_t size)
{
	const struct table *t = &s->frame->table;
	size_t first = s->state->top, last = first + s->state->page;
	char from[UNITS_LEN], to[UNITS_LEN], of[UNITS_LEN];

	if (last > t->shown)
		last = t->shown;
	text[0] = '\0';
	if (t->shown == 0 || (first == 0 && last == t->shown))
		return;
	snprintf(text, size, "%s-%s of %s", units__count(from, first + 1),
		 units__count(to, last), units__count(of, t->shown));
}

/* The first keys and the position come before the other keys. */
#define KEYS_FIRST 3

static void draw_keys(const struct live_screen *s, int y)
{
	bool typing = s->state->typing;
	const struct key_name *k = typing ? typing_keys : keys;
	size_t len = typing ? sizeof(typing_keys) / sizeof(typing_keys[0])
			    : sizeof(keys) / sizeof(keys[0]);
	char where[128];
	int place;

	position(s, where, sizeof(where));
	place = COLS - 1 - (int)strlen(where);
	move(y, 0);
	for (size_t i = 0; i < len; i++) {
		size_t need = strlen(k[i].key) + strlen(k[i].name) + 2;

		/* The last cell stays free: writing it scrolls some screens. */
		if (getcurx(stdscr) + (int)need >=
		    (i < KEYS_FIRST || !where[0] ? COLS : place))
			break;
		attrset(live_put__attr(LIVE_PAIR_KEY, A_REVERSE));
		live_put__text(k[i].key, COLS);
		attrset(A_NORMAL);
		live_put__text(" ", COLS);
		live_put__text(k[i].name, COLS);
		live_put__text(" ", COLS);
	}
	if (getcurx(stdscr) < place)
		mvaddstr(y, place, where);
}

static void fit_columns(const struct live_screen *s)
{
	const struct table *t = &s->frame->table;
	uint32_t mask = 0;

	for (size_t i = 0; i < t->columns_len; i++) {
		if (!t->columns[i].report_only)
			mask |= 1u << i;
	}
	layout__fit(s->layout, t, mask, (size_t)COLS,
		    s->state->sorted ? s->state->sort_column
				     : LAYOUT_NO_COLUMN);
}

void live_draw__all(const struct live_screen *s)
{
	int y = 0, end = LINES - 1;

	erase();
	fit_columns(s);
	draw_title(s);
	y++;
	if (s->state->help) {
		live_help__draw(y, end, s->frame);
	} else {
		if (LINES >= SCOPE_FROM_LINES) {
			move(y++, 0);
			live_put__sentence(s->frame->scope, s->utf8);
		}
		if (s->layout->len)
			draw_heads(s, y++);
		if (draw_notice(s, 0, false))
			draw_notice(s, --end, true);
		draw_rows(s, y, end);
	}
	draw_keys(s, LINES - 1);
	refresh();
}
