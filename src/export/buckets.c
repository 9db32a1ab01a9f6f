// SPDX-License-Identifier: GPL-2.0-only
/* See buckets.h. Indices are halved by shifts, which round down, also below
 * zero. */
#include "export/buckets.h"

#include <string.h>

/* Index of a histogram's bucket i at a scale that is shift lower. */
static int index_of(const struct histogram *h, uint32_t i, int shift)
{
	return (h->offset + (int)i) >> shift;
}

/* Take away what base had. False if that was more. */
static bool subtract(struct buckets *out, const struct histogram *base)
{
	const int shift = base->scale - out->scale;

	for (uint32_t i = 0; i < base->len; i++) {
		const uint64_t count = histogram__bucket(base, i);
		const int at = index_of(base, i, shift) - out->offset;

		if (!count)
			continue;
		if (at < 0 || (size_t)at >= out->len || out->count[at] < count)
			return false;
		out->count[at] -= count;
	}
	return true;
}

static void trim(struct buckets *out)
{
	size_t first = 0;

	while (out->len && !out->count[out->len - 1])
		out->len--;
	while (first < out->len && !out->count[first])
		first++;
	out->len -= first;
	out->offset = out->len ? out->offset + (int)first : 0;
	memmove(out->count, &out->count[first], out->len * sizeof(*out->count));
}

static void merge_pairs(struct buckets *out, size_t max)
{
	const int first = out->offset, last = first + (int)out->len - 1;
	int shift = 0;

	if (out->len <= max)
		return;
	while ((size_t)((last >> shift) - (first >> shift)) >= max)
		shift++;
	/* No bucket is before its target. */
	for (size_t i = 0; i < out->len; i++) {
		const int to = ((first + (int)i) >> shift) - (first >> shift);
		const uint64_t count = out->count[i];

		out->count[i] = 0;
		out->count[to] += count;
	}
	out->scale -= shift;
	out->offset = first >> shift;
	out->len = (size_t)((last >> shift) - (first >> shift)) + 1;
}

bool buckets__of(struct buckets *out, const struct histogram *h,
		 const struct histogram *base, size_t max)
{
	const int scale = base && base->len && base->scale < h->scale
				  ? base->scale
				  : h->scale;
	const int shift = h->scale - scale;

	out->scale = scale;
	out->offset = index_of(h, 0, shift);
	out->len = h->len ? (size_t)(index_of(h, h->len - 1, shift) -
				     out->offset) +
				    1
			  : 0;
	memset(out->count, 0, out->len * sizeof(*out->count));
	for (uint32_t i = 0; i < h->len; i++)
		out->count[index_of(h, i, shift) - out->offset] +=
			histogram__bucket(h, i);
	if (base && !subtract(out, base))
		return false;
	trim(out);
	merge_pairs(out, max);
	return true;
}
