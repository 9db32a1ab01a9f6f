/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the user of the live view has chosen: sorting, filter, the selected
 * row, what is told of it, pause. Fed with keys, yields actions; knows nothing
 * of a terminal, so that it can be tested without one.
 */
#ifndef REQTRACE_VIEW_LIVE_STATE_H
#define REQTRACE_VIEW_LIVE_STATE_H

#include "view/live_detail.h"
#include "view/table.h"
#include "view/view.h"

/* Keys that are not characters. */
enum live_special {
	LIVE_KEY_UP = 0x1000,
	LIVE_KEY_DOWN,
	LIVE_KEY_PAGE_UP,
	LIVE_KEY_PAGE_DOWN,
	LIVE_KEY_HOME,
	LIVE_KEY_END,
	LIVE_KEY_LEFT,
	LIVE_KEY_RIGHT,
	LIVE_KEY_ENTER,
	LIVE_KEY_BACKSPACE,
	LIVE_KEY_ESCAPE,
};

#define LIVE_FILTER_LEN 128

/* What is below the rows, if there is room for it. */
enum live_panel {
	LIVE_PANEL_PARTS, /* of the selected row */
	LIVE_PANEL_THREADS,
	LIVE_PANEL_NONE,
};

struct live_state {
	bool paused;
	bool help;
	bool typing; /* the filter; it applies while it is typed */
	char filter[LIVE_FILTER_LEN];
	bool sorted; /* by sort_column; else in the snapshot's order */
	bool reverse;
	size_t sort_column;
	enum live_panel panel;
	size_t top;   /* first row on the screen */
	size_t page;  /* rows on the screen; set by the drawing */
	size_t at;    /* the selected row's place among those shown */
	bool follows; /* the user selected it: it stays selected wherever it
		       * goes; else the first one is */
	uint64_t selected; /* its id, if follows */
};

/* A key: an ASCII character, a byte of a UTF-8 one (only while typing), or
 * enum live_special. visible: what is on the screen now; sorting moves among
 * its columns. */
enum live_action live_state__key(struct live_state *s, int key,
				 const struct table *table,
				 const struct live_details *details,
				 const struct layout *visible);

/* Order and filter a newly built table as chosen, and find the selected row
 * in it; if it is gone, what is in its place is selected. */
void live_state__apply(struct live_state *s, struct table *table,
		       const struct live_details *details);

/* As many rows are on the screen: the selected one is among them. */
void live_state__set_page(struct live_state *s, const struct table *table,
			  size_t page);

/* Other columns: the sorting chosen for the old ones means nothing. */
void live_state__new_columns(struct live_state *s);

/* The column to mark as sorted by, also where nothing was chosen: the
 * snapshot's own order is by operations. LAYOUT_NO_COLUMN: none. */
size_t live_state__sort_column(const struct live_state *s,
			       const struct table *table);

#endif
