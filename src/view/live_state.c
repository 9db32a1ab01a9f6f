/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the user of the live view has chosen. Fed with keys, yields actions
 * and the order of a table's rows.
 */
#include <string.h>

#include "view/live_state.h"

size_t live_state__sort_column(const struct live_state *s,
			       const struct table *table)
{
	if (s->sorted)
		return s->sort_column;
	for (size_t i = 0; i < table->columns_len; i++) {
		if (strcmp(table->columns[i].title, "OPS") == 0)
			return i;
	}
	return LAYOUT_NO_COLUMN;
}

void live_state__apply(struct live_state *s, struct table *table)
{
	table__filter(table, s->filter);
	if (s->sorted)
		table__sort(table, s->sort_column, s->reverse);
	else if (s->reverse && table->columns_len)
		table__reverse(table);
	if (s->top >= table->shown)
		s->top = table->shown ? table->shown - 1 : 0;
}

void live_state__new_columns(struct live_state *s)
{
	s->sorted = false;
	s->reverse = false;
	s->top = 0;
}

/* The next column to the right (or left) of the one sorted by; the ends meet.
 */
static void move_sort(struct live_state *s, const struct table *table,
		      const struct layout *visible, bool right)
{
	size_t now = live_state__sort_column(s, table), at = visible->len;

	if (visible->len == 0)
		return;
	for (size_t i = 0; i < visible->len; i++) {
		if (visible->column[i] == now)
			at = i;
	}
	if (at == visible->len)
		at = right ? 0 : visible->len - 1;
	else if (right)
		at = (at + 1) % visible->len;
	else
		at = (at + visible->len - 1) % visible->len;
	s->sort_column = visible->column[at];
	s->sorted = true;
	s->reverse = false;
	s->top = 0;
}

/* Down until the last row is on the screen. */
static void scroll(struct live_state *s, const struct table *table, long rows)
{
	long last = (long)table->shown - (long)s->page;
	long top = (long)s->top + rows;

	if (top > last)
		top = last;
	s->top = top > 0 ? (size_t)top : 0;
}

/* A whole character goes: its continuation bytes first. */
static void erase(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && ((unsigned char)text[len - 1] & 0xc0) == 0x80)
		len--;
	if (len > 0)
		len--;
	text[len] = '\0';
}

static void type(struct live_state *s, int key)
{
	size_t len = strlen(s->filter);

	switch (key) {
	case LIVE_KEY_ENTER:
		s->typing = false;
		break;
	case LIVE_KEY_ESCAPE:
		s->typing = false;
		s->filter[0] = '\0';
		break;
	case LIVE_KEY_BACKSPACE:
		erase(s->filter);
		break;
	default:
		if (key >= ' ' && key < 0x100 && key != 0x7f &&
		    len + 1 < sizeof(s->filter)) {
			s->filter[len] = (char)key;
			s->filter[len + 1] = '\0';
		}
	}
	s->top = 0;
}

static void move(struct live_state *s, int key, const struct table *table)
{
	long page = s->page ? (long)s->page : 1;

	switch (key) {
	case LIVE_KEY_UP:
	case 'k':
		scroll(s, table, -1);
		break;
	case LIVE_KEY_DOWN:
	case 'j':
		scroll(s, table, 1);
		break;
	case LIVE_KEY_PAGE_UP:
		scroll(s, table, -page);
		break;
	case LIVE_KEY_PAGE_DOWN:
	case ' ':
		scroll(s, table, page);
		break;
	case LIVE_KEY_HOME:
	case 'g':
		s->top = 0;
		break;
	case LIVE_KEY_END:
	case 'G':
		scroll(s, table, (long)table->shown);
		break;
	}
}

enum live_action live_state__key(struct live_state *s, int key,
				 const struct table *table,
				 const struct layout *visible)
{
	if (s->typing) {
		type(s, key);
		return LIVE_HANDLED;
	}
	if (s->help && key != 'q') {
		s->help = false;
		return LIVE_HANDLED;
	}
	switch (key) {
	case 'q':
		return LIVE_QUIT;
	case 'b':
		return LIVE_NEXT_BY;
	case 'p':
		s->paused = !s->paused;
		break;
	case 'h':
	case '?':
		s->help = true;
		break;
	case '/':
		s->typing = true;
		break;
	case LIVE_KEY_ESCAPE:
		s->filter[0] = '\0';
		break;
	case 'r':
		s->reverse = !s->reverse;
		s->top = 0;
		break;
	case 's':
	case '>':
	case LIVE_KEY_RIGHT:
		move_sort(s, table, visible, true);
		break;
	case '<':
	case LIVE_KEY_LEFT:
		move_sort(s, table, visible, false);
		break;
	default:
		move(s, key, table);
	}
	return LIVE_HANDLED;
}
