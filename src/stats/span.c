/* SPDX-License-Identifier: GPL-2.0-only */
/* See span.h. */
#include "stats/span.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 8 /* cells allocated at a time */

/* Arithmetic shift: floor for negative indices too, as merging pairs asks. */
_Static_assert(-1 >> 1 == -1, "indices are shifted arithmetically");

size_t span__round_up(size_t len)
{
	return (len + CHUNK - 1) / CHUNK * CHUNK;
}

static int resize(struct span *s, size_t size, size_t cap)
{
	void *data = realloc(s->data, cap * size);

	if (!data)
		return -ENOMEM;
	s->data = data;
	s->cap = (uint32_t)cap;
	return 0;
}

int span__cover(struct span *s, size_t size, int lo, int hi)
{
	size_t front = 0, need;
	char *data;

	if (s->len) {
		int last = s->offset + (int)s->len - 1;

		if (lo >= s->offset && hi <= last)
			return 0;
		lo = lo < s->offset ? lo : s->offset;
		hi = hi > last ? hi : last;
		front = (size_t)(s->offset - lo);
	}
	need = (size_t)(hi - lo) + 1;
	if (need > s->cap && resize(s, size, span__round_up(need)))
		return -ENOMEM;
	data = s->data;
	if (front)
		memmove(data + front * size, data, s->len * size);
	memset(data, 0, front * size);
	memset(data + (front + s->len) * size, 0,
	       (need - front - s->len) * size);
	s->offset = lo;
	s->len = (uint32_t)need;
	return 0;
}

void span__shrink(struct span *s, size_t size, int shift)
{
	if (!s->len)
		return;
	s->len = (uint32_t)span__target(s->offset, shift, s->len - 1) + 1;
	s->offset >>= shift;
	/* Give back what is no longer needed; keeping it is no error. */
	if (span__round_up(s->len) < s->cap)
		(void)resize(s, size, span__round_up(s->len));
}
