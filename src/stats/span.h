/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cells between the lowest and the highest index that is used, each of
 * the same number of words: what histograms and breakdowns keep. Fed indices,
 * yields memory for them.
 */
#ifndef REQTRACE_STATS_SPAN_H
#define REQTRACE_STATS_SPAN_H

#include <stddef.h>
#include <stdint.h>

struct span {
	int offset; /* index of the first cell; any sign */
	uint32_t len, cap;
	uint64_t *word; /* of all cells, owned; NULL when cap is 0 */
};

/* Cells that are allocated for len used ones. */
size_t span__round_up(size_t len);

/* Hold the indices lo..hi besides those there are; new cells are 0. 0, or
 * -ENOMEM and nothing changed. */
int span__cover(struct span *s, size_t words, int lo, int hi);

/* Index i becomes i >> shift, cells that meet are added up word by word. */
void span__downscale(struct span *s, size_t words, int shift);

#endif
