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

/* Select the row at a place, the nearest there is. */
static void pick(struct live_state *s, const struct table *table,
		 const struct live_details *details, long at)
{
	if (at >= (long)table->shown)
		at = (long)table->shown - 1;
	s->at = at > 0 ? (size_t)at : 0;
	s->follows = table->shown > 0;
	if (s->follows)
		s->selected = details->row[table->order[s->at]].id;
}

/* Where the selected row has gone. */
static void follow(struct live_state *s, const struct table *table,
		   const struct live_details *details)
{
	for (size_t i = 0; i < table->shown; i++) {
		if (details->row[table->order[i]].id == s->selected) {
			s->at = i;
			return;
		}
	}
	pick(s, table, details, (long)s->at);
}

static void to_first(struct live_state *s)
{
	s->top = 0;
	s->at = 0;
	s->follows = false;
}

void live_state__apply(struct live_state *s, struct table *table,
		       const struct live_details *details)
{
	table__filter(table, s->filter);
	if (s->sorted)
		table__sort(table, s->sort_column, s->reverse);
	else if (s->reverse && table->columns_len)
		table__reverse(table);
	if (s->follows)
		follow(s, table, details);
	live_state__set_page(s, table, s->page);
}

void live_state__set_page(struct live_state *s, const struct table *table,
			  size_t page)
{
	s->page = page;
	if (s->top + page > table->shown)
		s->top = table->shown > page ? table->shown - page : 0;
	if (s->at < s->top)
		s->top = s->at;
	else if (page > 0 && s->at >= s->top + page)
		s->top = s->at - page + 1;
}

void live_state__new_columns(struct live_state *s)
{
	s->sorted = false;
	s->reverse = false;
	to_first(s);
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
	to_first(s);
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
	to_first(s);
}

static void move(struct live_state *s, int key, const struct table *table,
		 const struct live_details *details)
{
	long at = (long)s->at, page = s->page ? (long)s->page : 1;

	switch (key) {
	case LIVE_KEY_UP:
	case 'k':
		pick(s, table, details, at - 1);
		break;
	case LIVE_KEY_DOWN:
	case 'j':
		pick(s, table, details, at + 1);
		break;
	case LIVE_KEY_PAGE_UP:
		pick(s, table, details, at - page);
		break;
	case LIVE_KEY_PAGE_DOWN:
	case ' ':
		pick(s, table, details, at + page);
		break;
	case LIVE_KEY_HOME:
	case 'g':
		to_first(s);
		break;
	case LIVE_KEY_END:
	case 'G':
		pick(s, table, details, (long)table->shown);
		break;
	}
}

enum live_action live_state__key(struct live_state *s, int key,
				 const struct table *table,
				 const struct live_details *details,
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
		to_first(s);
		break;
	case 'd':
		s->panel = s->panel == LIVE_PANEL_PARTS ? LIVE_PANEL_NONE
							: LIVE_PANEL_PARTS;
		break;
	case 't':
		s->panel = s->panel == LIVE_PANEL_THREADS ? LIVE_PANEL_PARTS
							  : LIVE_PANEL_THREADS;
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
		move(s, key, table, details);
	}
	return LIVE_HANDLED;
}
