/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The panel below the live view's rows: where the time of the selected row
 * went, or that of the threads. Fed with a frame and what the user chose;
 * draws on the current ncurses screen.
 *
 *   Parts of GET /users/{id}, gunicorn (1201), server 8000
 *   71 % of the slow end is receive queue: ...           (if there is a cause)
 *   p50          12.3 ms ████████████████░░░░░
 *   slowest 1 %   140 ms ████░░░░░░░░░░░░░░░░░
 *     part                 p50      slowest 1 %   calls out to per ex. mean
 *   ░ receive queue ...
 */
#ifndef REQTRACE_VIEW_LIVE_PANEL_H
#define REQTRACE_VIEW_LIVE_PANEL_H

#include "view/live_frame.h"
#include "view/live_state.h"

/* A smaller screen is for the rows alone. */
#define LIVE_PANEL_FROM_LINES 24
#define LIVE_PANEL_FROM_COLUMNS 56

/* How many of the lines for the rows it takes: more than its share of the
 * screen where rows leave them free; 0: there is none. */
int live_panel__lines(const struct live_frame *f, const struct live_state *s,
		      int area);

/* Why there is none although the user asked for it; NULL: there is one, or
 * none was asked for. */
const char *live_panel__why_not(const struct live_frame *f,
				const struct live_state *s);

/* On lines y to end - 1 of a screen that has it. */
void live_panel__draw(const struct live_frame *f, const struct live_state *s,
		      bool utf8, int y, int end);

/* How threads spent their time, those of process pid first. */
void live_threads__draw(const struct live_frame *f, uint32_t pid, bool utf8,
			int y, int end);

#endif
