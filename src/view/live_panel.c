/* SPDX-License-Identifier: GPL-2.0-only */
/* See live_panel.h. */
#include <stdio.h>
#include <string.h>

#include "view/live_panel.h"
#include "view/live_put.h"
#include "view/screen.h"
#include "view/units.h"

#define LINES_MAX 20
#define NAME_WIDTH 13 /* of a part, without its glyph */
#define FIGURE_WIDTH 7
#define OF_WIDTH (2 * FIGURE_WIDTH + 1)
#define PARTS_WIDTH (2 + NAME_WIDTH + 2 * (OF_WIDTH + 2))
#define GAP 2
#define PEER_MIN 13
#define PEER_MAX 30
#define EACH_WIDTH 7

struct panel {
	const struct live_detail *row;
	bool utf8;
	int y, end;
};

const char *live_panel__why_not(const struct live_frame *f,
				const struct live_state *s)
{
	if (s->panel == LIVE_PANEL_NONE)
		return NULL;
	if (LINES < LIVE_PANEL_FROM_LINES || COLS < LIVE_PANEL_FROM_COLUMNS)
		return "This needs a screen of at least 24 lines and 56 "
		       "columns.";
	if (s->panel == LIVE_PANEL_THREADS)
		return f->details.threads_len ? NULL
					      : "No thread was watched so far.";
	if (f->by == SNAPSHOT_BY_CONNECTION)
		return "Parts are not kept by connection: press b to group by "
		       "something else.";
	return f->table.shown ? NULL : "There is no row to show parts of.";
}

static const struct live_detail *selected(const struct live_frame *f,
					  const struct live_state *s)
{
	return s->at < f->table.shown ? &f->details.row[f->table.order[s->at]]
				      : NULL;
}

/* To show everything; the title, two lines of diagnosis, two bars and a head
 * come before the parts. */
static int lines_wanted(const struct live_frame *f, const struct live_state *s)
{
	const struct live_detail *row = selected(f, s);

	if (s->panel == LIVE_PANEL_THREADS)
		return 2 + (int)f->details.threads_len;
	return row ? 6 + (int)row->parts.len : 0;
}

int live_panel__lines(const struct live_frame *f, const struct live_state *s,
		      int area)
{
	int lines = LINES / 3 + 2;
	int spare = f->table.shown ? area - 1 - (int)f->table.shown : 0;
	int wanted = lines_wanted(f, s);

	if (s->panel == LIVE_PANEL_NONE || live_panel__why_not(f, s))
		return 0;
	if (lines > LINES_MAX)
		lines = LINES_MAX;
	if (wanted > lines && spare > lines)
		lines = wanted < spare ? wanted : spare;
	return lines;
}

static void draw_bar(struct panel *p, enum breakdown_of of)
{
	const struct breakdown_view *v = &p->row->parts;
	size_t columns[PARTS + 1], left = strlen("slowest 1 %") + 1;
	char time[UNITS_LEN];
	int room;

	if (!(v->slice[of].count > 0) || p->y >= p->end)
		return;
	move(p->y++, 0);
	live_put__cell(breakdown_view__of(of), left, false, p->utf8);
	live_put__cell(units__duration(time, v->slice[of].duration, p->utf8),
		       FIGURE_WIDTH, true, p->utf8);
	live_put__text(" ", COLS);
	room = COLS - 1 - getcurx(stdscr);
	if (room <= 0)
		return;
	breakdown_view__columns(v, of, (size_t)room, columns);
	for (size_t i = 0; i < v->len; i++) {
		const char *glyph =
			breakdown_view__glyph(v->item[i].part, p->utf8);

		attrset(live_put__part(v->item[i].part));
		for (size_t n = 0; n < columns[i]; n++)
			live_put__text(glyph, COLS - 1);
	}
	attrset(A_NORMAL);
}

/* What is told of the parts: p50, and what the items are ordered by. */
static const enum breakdown_of *of_shown(const struct panel *p)
{
	static const enum breakdown_of usual[] = {BREAKDOWN_P50,
						  BREAKDOWN_SLOWEST};
	static const enum breakdown_of few[] = {BREAKDOWN_P50, BREAKDOWN_MEAN};

	return p->row->parts.main == BREAKDOWN_SLOWEST ? usual : few;
}

static void draw_parts_head(struct panel *p)
{
	const enum breakdown_of *of = of_shown(p);

	move(p->y, 0);
	attrset(A_BOLD);
	live_put__cell("  part", 2 + NAME_WIDTH, false, p->utf8);
	for (int i = 0; i < 2; i++) {
		live_put__text("  ", COLS);
		live_put__cell(breakdown_view__of(of[i]), OF_WIDTH, true,
			       p->utf8);
	}
	attrset(A_NORMAL);
}

static void draw_figure(const struct panel *p,
			const struct breakdown_item *item, enum breakdown_of of)
{
	double ns = item->ns[of], all = p->row->parts.slice[of].duration;
	char text[UNITS_LEN];

	live_put__text("  ", COLS);
	if (!(ns > 0)) {
		live_put__cell("-", OF_WIDTH, true, p->utf8);
		return;
	}
	live_put__cell(units__duration(text, ns, p->utf8), FIGURE_WIDTH, true,
		       p->utf8);
	live_put__text(" ", COLS);
	units__share(text, (uint64_t)(ns + 0.5),
		     all < 1 ? 1 : (uint64_t)(all + 0.5));
	live_put__cell(text, FIGURE_WIDTH, true, p->utf8);
}

static void draw_part(const struct panel *p, int y,
		      const struct breakdown_item *item, const char *name)
{
	const enum breakdown_of *of = of_shown(p);

	move(y, 0);
	attrset(live_put__part(item->part));
	live_put__text(breakdown_view__glyph(item->part, p->utf8), COLS);
	attrset(A_NORMAL);
	live_put__text(" ", COLS);
	live_put__cell(name, NAME_WIDTH, false, p->utf8);
	for (int i = 0; i < 2; i++)
		draw_figure(p, item, of[i]);
}

/* The items from first on, without unattributed, as one: the list still adds
 * up. */
static struct breakdown_item sum_from(const struct breakdown_view *v,
				      size_t first)
{
	struct breakdown_item sum = {.part = BREAKDOWN_REST};

	for (size_t i = first; i < v->len; i++) {
		if (v->item[i].part == PART_UNATTRIBUTED)
			continue;
		for (int of = 0; of < BREAKDOWN_OFS; of++)
			sum.ns[of] += v->item[i].ns[of];
	}
	return sum;
}

static size_t find_unattributed(const struct breakdown_view *v)
{
	size_t i = 0;

	while (i < v->len && v->item[i].part != PART_UNATTRIBUTED)
		i++;
	return i;
}

static void draw_item(struct panel *p, const struct breakdown_item *item)
{
	draw_part(p, p->y++, item, breakdown_view__name(item->part));
}

/* What finds no line is one of "N others", but never what is unattributed. */
static void draw_parts(struct panel *p)
{
	const struct breakdown_view *v = &p->row->parts;
	size_t room = p->end > p->y ? (size_t)(p->end - p->y) : 0;
	size_t unknown = find_unattributed(v), shown = v->len, others;
	struct breakdown_item rest;
	char name[UNITS_LEN];
	bool apart;

	if (shown > room)
		shown = room > 0 ? room - 1 : 0;
	apart = unknown < v->len && unknown >= shown;
	if (apart && shown > 0)
		shown--;
	for (size_t i = 0; i < shown; i++)
		draw_item(p, &v->item[i]);
	if (apart && p->y < p->end)
		draw_item(p, &v->item[unknown]);
	others = v->len - shown - apart;
	if (others == 0 || p->y >= p->end)
		return;
	rest = sum_from(v, shown);
	snprintf(name, sizeof(name), "%zu others", others);
	draw_part(p, p->y, &rest, name);
}

static void put_time(const struct panel *p, double ns)
{
	char text[UNITS_LEN];

	live_put__text(" ", COLS);
	live_put__cell(ns > 0 ? units__duration(text, ns, p->utf8) : "",
		       FIGURE_WIDTH, true, p->utf8);
}

static void draw_call(const struct panel *p, int y, size_t peer, bool blocked,
		      const struct live_call *call)
{
	char text[UNITS_LEN] = "";

	move(y, PARTS_WIDTH + GAP);
	live_put__cell(call->peer, peer, false, p->utf8);
	live_put__text(" ", COLS);
	if (call->per_exchange > 0)
		units__rate(text, call->per_exchange);
	live_put__cell(text, EACH_WIDTH, true, p->utf8);
	put_time(p, call->mean);
	if (blocked)
		put_time(p, call->network);
}

/* Beside the parts: how many calls an exchange makes to each peer, how long
 * one takes, and how long an exchange is blocked on them. */
static void draw_calls(const struct panel *p, int y)
{
	int room = COLS - PARTS_WIDTH - GAP - EACH_WIDTH - FIGURE_WIDTH - 2;
	bool blocked = room >= PEER_MIN + FIGURE_WIDTH + 1;
	size_t peer;

	if (blocked)
		room -= FIGURE_WIDTH + 1;
	if (p->row->calls_len == 0 || room < PEER_MIN)
		return;
	peer = room > PEER_MAX ? PEER_MAX : (size_t)room;
	move(y, PARTS_WIDTH + GAP);
	attrset(A_BOLD);
	live_put__cell("calls out to", peer, false, p->utf8);
	live_put__cell("per ex.", EACH_WIDTH + 1, true, p->utf8);
	live_put__cell("mean", FIGURE_WIDTH + 1, true, p->utf8);
	if (blocked)
		live_put__cell("blocked", FIGURE_WIDTH + 1, true, p->utf8);
	attrset(A_NORMAL);
	for (size_t i = 0; i < p->row->calls_len && ++y < p->end; i++)
		draw_call(p, y, peer, blocked, &p->row->calls[i]);
}

static void draw_row_title(struct panel *p)
{
	live_put__line(p->y++, live_put__attr(LIVE_PAIR_HEAD, A_REVERSE));
	live_put__text("Parts of ", COLS);
	live_put__sentence(p->row->title, p->utf8);
	attrset(A_NORMAL);
}

static void draw_row(struct panel *p)
{
	draw_row_title(p);
	if (!p->row->known) {
		live_put__paragraph(p->y, p->end,
				    "Not known: no thread was seen at work on "
				    "these exchanges.");
		return;
	}
	if (p->row->diagnosis) {
		int most = p->y + 2; /* the figures matter more */

		attrset(A_BOLD);
		p->y = live_put__paragraph(p->y, most < p->end ? most : p->end,
					   p->row->diagnosis);
		attrset(A_NORMAL);
	}
	draw_bar(p, of_shown(p)[0]);
	draw_bar(p, of_shown(p)[1]);
	if (p->y >= p->end)
		return;
	draw_parts_head(p);
	draw_calls(p, p->y++);
	draw_parts(p);
}

void live_panel__draw(const struct live_frame *f, const struct live_state *s,
		      bool utf8, int y, int end)
{
	const struct live_detail *row = selected(f, s);

	if (s->panel == LIVE_PANEL_THREADS) {
		live_threads__draw(f, row ? row->pid : 0, utf8, y, end);
	} else if (row) {
		struct panel p = {.row = row, .utf8 = utf8, .y = y, .end = end};

		draw_row(&p);
	}
}
