/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What people and scripts see: the text report, the plain periodic table, the
 * JSON report and the live view. Fed with snapshots and nothing else; writes
 * to a FILE or to the terminal.
 */
#ifndef REQTRACE_VIEW_VIEW_H
#define REQTRACE_VIEW_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "stats/snapshot.h"

struct view_style {
	size_t width; /* terminal columns; 0: not known, taken as 80 */
	bool utf8;    /* the reader understands UTF-8 (view__utf8) */
};

/* Whether the locale is a UTF-8 one. Call setlocale(LC_CTYPE, "") before, and
 * leave LC_NUMERIC alone: figures always have a decimal point. */
bool view__utf8(void);

/* A way to write snapshots to a stream. Both functions write and flush, equal
 * snapshots (and styles) give equal bytes, and return 0 or what went wrong:
 * the negative errno of the write, or -ENOMEM. */
struct view_format {
	const char *name;
	int (*report)(const struct snapshot *snap,
		      const struct view_style *style, FILE *out);
	/* One compact block an interval; NULL where there is no such thing. */
	int (*interval)(const struct snapshot *snap,
			const struct view_style *style, FILE *out);
};

extern const struct view_format view_text;
extern const struct view_format view_json; /* ignores the style */

/*
 * The live view. It owns the terminal from live__new to live__free (an exit()
 * between them restores it too); one per process.
 */
struct live;

enum live_action {
	LIVE_NONE,    /* no key is waiting */
	LIVE_HANDLED, /* the view dealt with it */
	LIVE_QUIT,
	LIVE_NEXT_BY, /* other rows are wanted: stats__set_by, live__draw */
};

/* Take the terminal. 0; -ENOTTY when in or out is none; -ENOTSUP when its type
 * is unknown or cannot be driven; -EBUSY when there is a live view; -ENOMEM.
 * On an error nothing was written: use the plain table. */
int live__new(FILE *in, FILE *out, struct live **live);
void live__free(struct live *live); /* accepts NULL; restores the terminal */

/* Show a snapshot; it is not used after the call. While the view is paused
 * the snapshot is ignored. 0 or -ENOMEM (what was shown stays). */
int live__draw(struct live *live, const struct snapshot *snap);

/* Take one key; call until LIVE_NONE whenever input is readable. The view
 * redraws itself. */
enum live_action live__key(struct live *live);

/* The terminal has another size (SIGWINCH): adapt and redraw. */
void live__resize(struct live *live);

/* A sentence for the user, shown until the next key; NULL takes it away. */
void live__message(struct live *live, const char *text);

#endif
