/* SPDX-License-Identifier: GPL-2.0-only */
/* See breakdown.h. Sums are whole numbers; only slices are floating point. */
#include "stats/breakdown.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/histogram.h"
#include "stats/span.h"

/* Words of a cell before its parts. */
enum { WORD_COUNT, WORD_DURATION, WORDS_FIXED };

_Static_assert(PARTS <= 16, "a bit of breakdown.parts each");

void breakdown__init(struct breakdown *b)
{
	*b = (struct breakdown){.scale = BREAKDOWN_SCALE};
}

void breakdown__free(struct breakdown *b)
{
	if (!b->shared)
		free(b->word);
	breakdown__init(b);
}

static size_t words_of(uint16_t parts)
{
	return WORDS_FIXED + (size_t)__builtin_popcount(parts);
}

static size_t cell_size(const struct breakdown *b)
{
	return words_of(b->parts) * sizeof(*b->word);
}

static uint64_t *cell_at(const struct breakdown *b, uint32_t i)
{
	return b->word + i * words_of(b->parts);
}

struct breakdown_cell breakdown__cell(const struct breakdown *b, uint32_t i)
{
	const uint64_t *word = cell_at(b, i);
	struct breakdown_cell cell = {.count = word[WORD_COUNT],
				      .duration = word[WORD_DURATION]};

	word += WORDS_FIXED;
	for (unsigned left = b->parts; left; left &= left - 1)
		cell.part[__builtin_ctz(left)] = *word++;
	return cell;
}

/* Add to the words of a cell. Its part[] has none that b has no word for. */
static void add_cell(struct breakdown *b, uint32_t i,
		     const struct breakdown_cell *cell)
{
	uint64_t *word = cell_at(b, i);

	word[WORD_COUNT] += cell->count;
	word[WORD_DURATION] += cell->duration;
	word += WORDS_FIXED;
	for (unsigned left = b->parts; left; left &= left - 1)
		*word++ += cell->part[__builtin_ctz(left)];
}

/* Cells of its own, with words for these parts too. 0 or -ENOMEM. */
static int make_room(struct breakdown *b, uint16_t parts)
{
	struct breakdown wide = *b;
	size_t cap = span__round_up(b->len);

	wide.parts |= parts;
	wide.shared = false;
	wide.cap = (uint32_t)cap;
	wide.word = NULL;
	if (cap) {
		wide.word = calloc(cap, cell_size(&wide));
		if (!wide.word)
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < b->len; i++) {
		const struct breakdown_cell cell = breakdown__cell(b, i);

		add_cell(&wide, i, &cell);
	}
	if (!b->shared)
		free(b->word);
	*b = wide;
	return 0;
}

/* Before anything is written. */
static int own(struct breakdown *b, uint16_t parts)
{
	return b->shared || parts & ~b->parts ? make_room(b, parts) : 0;
}

static struct span span_of(const struct breakdown *b)
{
	return (struct span){b->offset, b->len, b->cap, b->word};
}

static void set_span(struct breakdown *b, const struct span *s)
{
	b->offset = s->offset;
	b->len = s->len;
	b->cap = s->cap;
	b->word = s->data;
}

/* b owns its cells. */
static void downscale(struct breakdown *b, int scale)
{
	const int shift = b->scale - scale;
	struct span s;

	if (shift <= 0)
		return;
	for (uint32_t i = 0; i < b->len; i++) {
		const struct breakdown_cell cell = breakdown__cell(b, i);
		size_t to = span__target(b->offset, shift, i);

		memset(cell_at(b, i), 0, cell_size(b));
		add_cell(b, (uint32_t)to, &cell);
	}
	s = span_of(b);
	span__shrink(&s, cell_size(b), shift);
	set_span(b, &s);
	b->scale = (int8_t)scale;
}

/* Have cells of its own for the indices lo..hi (at b's scale), at a lower scale
 * if they are too far from those there are. */
static int cover(struct breakdown *b, uint16_t parts, int lo, int hi)
{
	int shift = 0, err = own(b, parts);
	struct span s;

	if (err)
		return err;
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
	err = span__cover(&s, cell_size(b), lo >> shift, hi >> shift);
	set_span(b, &s);
	return err;
}

static uint16_t parts_in(const uint64_t part[PARTS])
{
	unsigned parts = 0;

	for (unsigned i = 0; i < PARTS; i++)
		parts |= (unsigned)(part[i] != 0) << i;
	return (uint16_t)parts;
}

int breakdown__add(struct breakdown *b, uint64_t duration,
		   const uint64_t part[PARTS], uint64_t times)
{
	uint64_t *word;
	int index, err;

	if (!times)
		return 0;
	if (!duration) {
		b->zero_count += times;
		return 0;
	}
	index = histogram__index(duration, b->scale);
	err = cover(b, parts_in(part), index, index);
	if (err)
		return err;
	index = histogram__index(duration, b->scale);
	word = cell_at(b, (uint32_t)(index - b->offset));
	word[WORD_COUNT] += times;
	word[WORD_DURATION] += duration * times;
	word += WORDS_FIXED;
	for (unsigned left = b->parts; left; left &= left - 1)
		*word++ += part[__builtin_ctz(left)] * times;
	return 0;
}

void breakdown__share(struct breakdown *to, const struct breakdown *from)
{
	*to = *from;
	to->shared = from->word != NULL;
}

int breakdown__merge(struct breakdown *into, const struct breakdown *from)
{
	int shift, err;

	if (from->len) {
		int last = from->offset + (int)from->len - 1;

		err = own(into, from->parts);
		if (err)
			return err;
		downscale(into, from->scale);
		shift = from->scale - into->scale;
		err = cover(into, from->parts, from->offset >> shift,
			    last >> shift);
		if (err)
			return err;
	}
	shift = from->scale - into->scale;
	for (int i = 0; i < (int)from->len; i++) {
		const struct breakdown_cell cell =
			breakdown__cell(from, (uint32_t)i);
		int index = (from->offset + i) >> shift;

		add_cell(into, (uint32_t)(index - into->offset), &cell);
	}
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
		count += cell_at(b, i)[WORD_COUNT];
	return (double)count;
}

void breakdown__mean(const struct breakdown *b, struct breakdown_slice *out)
{
	*out = (struct breakdown_slice){.count = (double)b->zero_count};
	for (uint32_t i = 0; i < b->len; i++) {
		const struct breakdown_cell cell = breakdown__cell(b, i);

		take(out, &cell, 1);
	}
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
		const struct breakdown_cell cell = breakdown__cell(b, i);

		seen += (double)cell.count;
		if (rank <= seen) {
			take(out, &cell, 1);
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
		const struct breakdown_cell cell = breakdown__cell(b, i);
		double count = (double)cell.count;

		if (!cell.count)
			continue;
		take(out, &cell, want < count ? want / count : 1);
		want -= count;
	}
	if (want > 0)
		out->count += fmin(want, (double)b->zero_count);
	divide(out);
}
