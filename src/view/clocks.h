/* SPDX-License-Identifier: GPL-2.0-only */
/* Titles of the columns that tables of threads have for the clocks. */
#ifndef REQTRACE_VIEW_CLOCKS_H
#define REQTRACE_VIEW_CLOCKS_H

#include "model/part.h"

/* "RUN QUEUE" */
const char *clocks__title(enum rt_clock clock);
/* "QUEUE": at most 5 columns. */
const char *clocks__brief(enum rt_clock clock);

#endif
