/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live view's help. Fed with a frame, draws on the current
 * ncurses screen.
 */
#ifndef REQTRACE_VIEW_LIVE_HELP_H
#define REQTRACE_VIEW_LIVE_HELP_H

#include "view/live_frame.h"

/* On lines y to end - 1; what does not fit is left out, columns first. */
void live_help__draw(int y, int end, const struct live_frame *f);

#endif
