/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live view's list of threads: for each process and name of threads, which
 * share of their time went where.
 */
#include <stdio.h>

#include "view/clocks.h"
#include "view/live_panel.h"
#include "view/live_put.h"
#include "view/screen.h"
#include "view/units.h"

#define PID_WIDTH 7
#define COUNT_WIDTH 4
#define SHARE_WIDTH 6
#define ELLIPSIS_WIDTH 4 /* " ..." */
#define NAME_MIN 8
#define NAME_MAX 16

struct columns {
	int clock[RT_CLOCKS]; /* those in which there is something */
	int len, shown;	      /* fewer than len: an ellipsis is for the rest */
	size_t name;	      /* width */
	bool utf8;
};

static bool has_time(const struct live_details *d, int clock)
{
	for (size_t i = 0; i < d->threads_len; i++) {
		if (d->threads[i].share[clock] > 0)
			return true;
	}
	return false;
}

/* As many whole columns as there is room for: half a figure is a wrong one. */
static struct columns make_columns(const struct live_details *d, bool utf8)
{
	struct columns c = {.utf8 = utf8, .name = NAME_MIN};
	int room = COLS - 1 - (PID_WIDTH + 1 + COUNT_WIDTH + 1), spare;

	for (int i = 0; i < RT_CLOCKS; i++) {
		if (has_time(d, i))
			c.clock[c.len++] = i;
	}
	spare = room - c.len * SHARE_WIDTH;
	if (spare > NAME_MIN)
		c.name = spare > NAME_MAX ? NAME_MAX : (size_t)spare;
	c.shown = c.len;
	if (spare < NAME_MIN)
		c.shown = (room - NAME_MIN - ELLIPSIS_WIDTH) / SHARE_WIDTH;
	return c;
}

static void put_ellipsis(const struct columns *c)
{
	if (c->shown < c->len)
		live_put__text(c->utf8 ? " \u2026" : " ...", COLS);
}

static void draw_head(int y, const struct columns *c)
{
	live_put__line(y++, live_put__attr(LIVE_PAIR_HEAD, A_REVERSE));
	live_put__sentence("Threads: where their time went since the start, "
			   "in % of it",
			   c->utf8);
	attrset(A_BOLD);
	move(y, 0);
	live_put__cell("PID", PID_WIDTH, true, c->utf8);
	live_put__text(" ", COLS);
	live_put__cell("THREADS", c->name + 1 + COUNT_WIDTH, false, c->utf8);
	for (int i = 0; i < c->shown; i++)
		live_put__cell(clocks__brief(c->clock[i]), SHARE_WIDTH, true,
			       c->utf8);
	put_ellipsis(c);
	attrset(A_NORMAL);
}

static const char *share_text(char *buf, double share)
{
	if (!(share > 0))
		return "-";
	if (share < 0.0005)
		return "<0.1";
	snprintf(buf, UNITS_LEN, "%.1f", share * 100);
	return buf;
}

static void draw_threads(int y, const struct live_threads *t,
			 const struct columns *c)
{
	char text[UNITS_LEN];

	move(y, 0);
	snprintf(text, sizeof(text), "%u", t->pid);
	live_put__cell(text, PID_WIDTH, true, c->utf8);
	live_put__text(" ", COLS);
	live_put__cell(t->name, c->name, false, c->utf8);
	snprintf(text, sizeof(text), "%u", t->living);
	live_put__text(" ", COLS);
	live_put__cell(text, COUNT_WIDTH, true, c->utf8);
	for (int i = 0; i < c->shown; i++) {
		double share = t->share[c->clock[i]];

		if (share >= 0.5)
			attrset(A_BOLD);
		live_put__cell(share_text(text, share), SHARE_WIDTH, true,
			       c->utf8);
		attrset(A_NORMAL);
	}
	put_ellipsis(c);
}

void live_threads__draw(const struct live_frame *f, uint32_t pid, bool utf8,
			int y, int end)
{
	const struct live_details *d = &f->details;
	size_t room = end - y > 2 ? (size_t)(end - y - 2) : 0;
	struct columns c = make_columns(d, utf8);
	size_t listed = 0, most;

	if (room == 0)
		return;
	draw_head(y, &c);
	y += 2;
	most = d->threads_len > room ? room - 1 : d->threads_len;
	for (int own = 1; own >= 0; own--) {
		for (size_t i = 0; i < d->threads_len && listed < most; i++) {
			if ((d->threads[i].pid == pid) != own)
				continue;
			draw_threads(y++, &d->threads[i], &c);
			listed++;
		}
	}
	if (listed < d->threads_len) {
		char text[UNITS_LEN + 16], count[UNITS_LEN];

		snprintf(text, sizeof(text), "%s more",
			 units__count(count, d->threads_len - listed));
		move(y, PID_WIDTH + 1);
		live_put__sentence(text, utf8);
	}
}
