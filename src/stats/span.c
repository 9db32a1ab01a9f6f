/* SPDX-License-Identifier: GPL-2.0-only */
/* See span.h. */
#include "stats/span.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 16 /* cells allocated at a time */

/* Arithmetic shift: floor for negative indices too, as merging pairs asks. */
_Static_assert(-1 >> 1 == -1, "indices are shifted arithmetically");

size_t span__round_up(size_t len)
{
	return (len + CHUNK - 1) / CHUNK * CHUNK;
}

static int resize(struct span *s, size_t words, size_t cap)
{
	uint64_t *word = realloc(s->word, cap * words * sizeof(*word));

	if (!word)
		return -ENOMEM;
	s->word = word;
	s->cap = (uint32_t)cap;
	return 0;
}

int span__cover(struct span *s, size_t words, int lo, int hi)
{
	const size_t size = words * sizeof(*s->word);
	size_t front = 0, need;

	if (s->len) {
		int last = s->offset + (int)s->len - 1;

		if (lo >= s->offset && hi <= last)
			return 0;
		lo = lo < s->offset ? lo : s->offset;
		hi = hi > last ? hi : last;
		front = (size_t)(s->offset - lo);
	}
	need = (size_t)(hi - lo) + 1;
	if (need > s->cap && resize(s, words, span__round_up(need)))
		return -ENOMEM;
	if (front)
		memmove(s->word + front * words, s->word, s->len * size);
	memset(s->word, 0, front * size);
	memset(s->word + (front + s->len) * words, 0,
	       (need - front - s->len) * size);
	s->offset = lo;
	s->len = (uint32_t)need;
	return 0;
}

/* Cell from goes into cell to, which is never behind it. */
static void move(struct span *s, size_t words, size_t from, size_t to)
{
	for (size_t w = 0; w < words; w++) {
		uint64_t value = s->word[from * words + w];

		s->word[from * words + w] = 0;
		s->word[to * words + w] += value;
	}
}

void span__downscale(struct span *s, size_t words, int shift)
{
	int offset = s->offset >> shift;

	if (!s->len)
		return;
	for (int i = 0; i < (int)s->len; i++)
		move(s, words, (size_t)i,
		     (size_t)(((s->offset + i) >> shift) - offset));
	s->len = (uint32_t)(((s->offset + (int)s->len - 1) >> shift) - offset +
			    1);
	s->offset = offset;
	/* Give back what is no longer needed; keeping it is no error. */
	if (span__round_up(s->len) < s->cap)
		(void)resize(s, words, span__round_up(s->len));
}
