// SPDX-License-Identifier: GPL-2.0-only
/* See explicit.h. */
#include "export/explicit.h"

#include <math.h>

const double explicit_bounds[EXPLICIT_BOUNDS] = {
	0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
	0.5,   0.75, 1,	    2.5,  5,	 7.5, 10,
};

/* The part of a bucket that a boundary within it has below: 0..1; 1 if it is
 * the bucket's own. */
static double share_below(double bound, int scale, int index)
{
	return fmin(ldexp(log2(bound), scale) - index, 1);
}

static uint64_t part_of(uint64_t count, double share)
{
	const double part = floor((double)count * share);

	/* A count above 2^53 may have been rounded up. */
	return part < (double)count ? (uint64_t)part : count;
}

void explicit__cumulative(const struct histogram *h, int scale,
			  uint64_t below[EXPLICIT_BOUNDS])
{
	const int shift = h->scale - scale;
	uint64_t whole = h->zero_count; /* of buckets that are all below */
	uint32_t i = 0;

	for (int k = 0; k < EXPLICIT_BOUNDS; k++) {
		const uint64_t ns = (uint64_t)llround(explicit_bounds[k] * 1e9);
		const int index = histogram__index(ns, scale);
		uint64_t straddling = 0;

		while (i < h->len && (h->offset + (int)i) >> shift < index)
			whole += histogram__bucket(h, i++);
		/* The next boundary may be in the same bucket. */
		for (uint32_t j = i;
		     j < h->len && (h->offset + (int)j) >> shift == index; j++)
			straddling += histogram__bucket(h, j);
		below[k] = whole +
			   part_of(straddling, share_below(explicit_bounds[k],
							   scale, index));
	}
}
