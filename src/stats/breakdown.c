/* SPDX-License-Identifier: GPL-2.0-only */
/* See breakdown.h. Sums are whole numbers; only slices are floating point. */
#include "stats/breakdown.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/histogram.h"
#include "stats/span.h"

#define WORDS (sizeof(struct breakdown_cell) / sizeof(uint64_t))

_Static_assert(sizeof(struct breakdown_cell) == (2 + PARTS) * sizeof(uint64_t),
	       "cells are added up as words");

void breakdown__init(struct breakdown *b)
{
	*b = (struct breakdown){.scale = BREAKDOWN_SCALE};
}

void breakdown__free(struct breakdown *b)
{
	free(b->cell);
	breakdown__init(b);
}

static struct span span_of(const struct breakdown *b)
{
	return (struct span){b->offset, b->len, b->cap, (uint64_t *)b->cell};
}

static void set_span(struct breakdown *b, const struct span *s)
{
	b->offset = s->offset;
	b->len = s->len;
	b->cap = s->cap;
	b->cell = (struct breakdown_cell *)s->word;
}

static void downscale(struct breakdown *b, int scale)
{
	struct span s;

	if (scale >= b->scale)
		return;
	s = span_of(b);
	span__downscale(&s, WORDS, b->scale - scale);
	set_span(b, &s);
	b->scale = scale;
}

/* Have cells for the indices lo..hi (at b's scale), at a lower scale if they
 * are too far from those there are. */
static int cover(struct breakdown *b, int lo, int hi)
{
	int shift = 0, err;
	struct span s;

	if (b->len) {
		int last = b->offset + (int)b->len - 1;

		if (lo >= b->offset && hi <= last)
			return 0;
		lo = lo < b->offset ? lo : b->offset;
		hi = hi > last ? hi : last;
	}
	while ((hi >> shift) - (lo >> shift) >= BREAKDOWN_CELLS_MAX)
		shift++;
	downscale(b, b->scale - shift);
	s = span_of(b);
	err = span__cover(&s, WORDS, lo >> shift, hi >> shift);
	set_span(b, &s);
	return err;
}

int breakdown__add(struct breakdown *b, uint64_t duration,
		   const uint64_t part[PARTS], uint64_t times)
{
	struct breakdown_cell *cell;
	int index, err;

	if (!times)
		return 0;
	if (!duration) {
		b->zero_count += times;
		return 0;
	}
	index = histogram__index(duration, b->scale);
	err = cover(b, index, index);
	if (err)
		return err;
	cell = &b->cell[histogram__index(duration, b->scale) - b->offset];
	cell->count += times;
	cell->duration += duration * times;
	for (int i = 0; i < PARTS; i++)
		cell->part[i] += part[i] * times;
	return 0;
}

static void add_cell(struct breakdown_cell *to,
		     const struct breakdown_cell *from)
{
	to->count += from->count;
	to->duration += from->duration;
	for (int i = 0; i < PARTS; i++)
		to->part[i] += from->part[i];
}

int breakdown__merge(struct breakdown *into, const struct breakdown *from)
{
	int shift, err;

	if (from->len) {
		int last = from->offset + (int)from->len - 1;

		downscale(into, from->scale);
		shift = from->scale - into->scale;
		err = cover(into, from->offset >> shift, last >> shift);
		if (err)
			return err;
	}
	shift = from->scale - into->scale;
	for (int i = 0; i < (int)from->len; i++)
		add_cell(&into->cell[((from->offset + i) >> shift) -
				     into->offset],
			 &from->cell[i]);
	into->zero_count += from->zero_count;
	return 0;
}

/* Sums of cells that are taken in part; begins with 0. */
static void take(struct breakdown_slice *s, const struct breakdown_cell *cell,
		 double share)
{
	s->count += share * (double)cell->count;
	s->duration += share * (double)cell->duration;
	for (int i = 0; i < PARTS; i++)
		s->part[i] += share * (double)cell->part[i];
}

/* Sums become means. */
static void divide(struct breakdown_slice *s)
{
	if (s->count <= 0)
		return;
	s->duration /= s->count;
	for (int i = 0; i < PARTS; i++)
		s->part[i] /= s->count;
}

static double count_of(const struct breakdown *b)
{
	uint64_t count = b->zero_count;

	for (uint32_t i = 0; i < b->len; i++)
		count += b->cell[i].count;
	return (double)count;
}

void breakdown__mean(const struct breakdown *b, struct breakdown_slice *out)
{
	*out = (struct breakdown_slice){.count = (double)b->zero_count};
	for (uint32_t i = 0; i < b->len; i++)
		take(out, &b->cell[i], 1);
	divide(out);
}

void breakdown__around(const struct breakdown *b, double q,
		       struct breakdown_slice *out)
{
	/* The rank of histogram__quantile, and its first value for q = 0. */
	double rank = fmax(q * count_of(b) * (1 - 1e-12), 0.5);
	double seen = (double)b->zero_count;

	*out = (struct breakdown_slice){0};
	if (rank <= seen) {
		out->count = seen;
		return;
	}
	for (uint32_t i = 0; i < b->len; i++) {
		seen += (double)b->cell[i].count;
		if (rank <= seen) {
			take(out, &b->cell[i], 1);
			break;
		}
	}
	divide(out);
}

void breakdown__slowest(const struct breakdown *b, double share,
			struct breakdown_slice *out)
{
	double want = share * count_of(b);

	*out = (struct breakdown_slice){0};
	for (uint32_t i = b->len; i-- > 0 && want > 0;) {
		const struct breakdown_cell *cell = &b->cell[i];
		double count = (double)cell->count;

		if (!cell->count)
			continue;
		take(out, cell, want < count ? want / count : 1);
		want -= count;
	}
	if (want > 0)
		out->count += fmin(want, (double)b->zero_count);
	divide(out);
}
