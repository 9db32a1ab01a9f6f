/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live view's screen. Fed with a frame and what the user chose; writes to
 * the ncurses screen that is current, of any size.
 */
#ifndef REQTRACE_VIEW_LIVE_DRAW_H
#define REQTRACE_VIEW_LIVE_DRAW_H

#include "view/live_frame.h"
#include "view/live_state.h"

struct live_screen {
	const struct live_frame *frame;
	struct live_state *state; /* .top and .page follow the screen's size */
	struct layout *layout;	  /* yielded: the columns that are drawn */
	const char *message;	  /* "" or a sentence for the user */
	bool utf8;
};

/* Draw all and refresh. */
void live_draw__all(const struct live_screen *s);

#endif
