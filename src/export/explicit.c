// SPDX-License-Identifier: GPL-2.0-only
/* See explicit.h. */
#include "export/explicit.h"

#include <math.h>

const double explicit_bounds[EXPLICIT_BOUNDS] = {
	0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
	0.5,   0.75, 1,	    2.5,  5,	 7.5, 10,
};

void explicit__cumulative(const struct histogram *h, int scale,
			  uint64_t below[EXPLICIT_BOUNDS])
{
	const int shift = h->scale - scale;
	uint64_t sum = h->zero_count;
	uint32_t i = 0;

	for (int k = 0; k < EXPLICIT_BOUNDS; k++) {
		const uint64_t ns = (uint64_t)llround(explicit_bounds[k] * 1e9);
		const int index = histogram__index(ns, scale);

		while (i < h->len && (h->offset + (int)i) >> shift <= index)
			sum += histogram__bucket(h, i++);
		below[k] = sum;
	}
}
