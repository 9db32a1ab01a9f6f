/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live view's help. Fed with the columns on offer, draws on the current
 * ncurses screen.
 */
#ifndef REQTRACE_VIEW_LIVE_HELP_H
#define REQTRACE_VIEW_LIVE_HELP_H

#include "view/columns.h"

/* On lines y to end - 1; what does not fit is left out, columns first. */
void live_help__draw(int y, int end, const struct column *columns,
		     size_t columns_len);

#endif
