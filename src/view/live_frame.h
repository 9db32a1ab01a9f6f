/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that the live view needs of a snapshot, as text that outlives
 * it: a paused view is redrawn, sorted and filtered from this alone.
 */
#ifndef REQTRACE_VIEW_LIVE_FRAME_H
#define REQTRACE_VIEW_LIVE_FRAME_H

#include "view/live_detail.h"
#include "view/table.h"

#define FRAME_TITLES 5

/* A piece of the title line. */
struct live_piece {
	char text[256];
	int priority; /* left out from the highest on; 0: never */
};

struct live_frame {
	struct table table;
	struct live_details details; /* of its rows, by number */
	enum snapshot_by by;
	struct live_piece title[FRAME_TITLES];
	char scope[256];    /* what the rows and figures are */
	char missed[160];   /* "" or what did not fit */
	char nothing[400];  /* "" or why there are no rows */
	char not_seen[900]; /* "" or what the engine does not see */
};

/* 0, or -ENOMEM (f is as it was then). f was zeroed, or built before. */
int live_frame__build(struct live_frame *f, const struct snapshot *snap,
		      bool utf8);
void live_frame__free(struct live_frame *f); /* accepts a zeroed f */

#endif
