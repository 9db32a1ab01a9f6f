/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cells between the lowest and the highest index that is used, each of
 * the same size: what histograms and breakdowns keep. Fed indices, yields
 * memory for them.
 */
#ifndef REQTRACE_STATS_SPAN_H
#define REQTRACE_STATS_SPAN_H

#include <stddef.h>
#include <stdint.h>

struct span {
	int offset; /* index of the first cell; any sign */
	uint32_t len, cap;
	void *data; /* of all cells, owned; NULL when cap is 0 */
};

/* Cells that are allocated for len used ones. */
size_t span__round_up(size_t len);

/* Hold the indices lo..hi besides those there are; new cells are 0. size: of
 * a cell, in bytes. 0, or -ENOMEM and nothing changed. */
int span__cover(struct span *s, size_t size, int lo, int hi);

/* Where index i of a span of that offset goes when i becomes i >> shift. */
static inline size_t span__target(int offset, int shift, uint32_t i)
{
	return (size_t)(((offset + (int)i) >> shift) - (offset >> shift));
}

/* Its cells were moved there: it has the lower scale from now on. */
void span__shrink(struct span *s, size_t size, int shift);

#endif
