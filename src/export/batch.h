/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct metrics while it is being made: with the memory of all that it points
 * to, and the count of its references.
 */
#ifndef REQTRACE_EXPORT_BATCH_H
#define REQTRACE_EXPORT_BATCH_H

#include "export/arena.h"
#include "export/metrics.h"

struct batch {
	struct metrics m;
	struct arena arena;
	unsigned int refs; /* atomic */
};

/* An empty one with a single reference: metrics__put(&b->m) frees it. NULL
 * when out of memory. */
struct batch *batch__new(void);

#endif
