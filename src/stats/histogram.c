/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Histograms: owns their buckets, is fed durations and kernel summaries,
 * yields counts and quantiles. Nothing but quantiles and means is computed in
 * floating point.
 */
#include "stats/histogram.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/span.h"

#define PER_OCTAVE (1 << RT_HIST_SCALE) /* buckets that double the value */
#define OCTAVES (RT_HIST_MAX_EXP - RT_HIST_MIN_EXP)

/* Index in OpenTelemetry's count of histogram__boundaries()[0]. */
#define FIRST_INDEX (RT_HIST_MIN_EXP * PER_OCTAVE)

/*
 * The highest octave in cells of 2^35 ns, narrower than its narrowest bucket:
 * how many of its boundaries are below the first value of the cell. One more
 * may be within it.
 */
#define CELL_SHIFT 35
/* clang-format off */
static const uint8_t below_cell[] = {
	0, 0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 7,
	8, 9, 9, 10, 10, 11, 12, 12, 13, 13, 14, 15,
	15, 16, 16, 17, 17, 18, 18, 19, 19, 20, 20, 21,
	21, 22, 22, 23, 23, 24, 24, 25, 25, 25, 26, 26,
	27, 27, 28, 28, 28, 29, 29, 30, 30, 30, 31, 31,
};
/* clang-format on */

/*
 * Index of ns > 0 at RT_HIST_SCALE. The value is shifted up into the highest
 * octave and looked for among that octave's boundaries T: with n whole,
 * n > floor(T / 2^s) exactly if (n << s) > T, so this finds the same bucket
 * as the whole table does.
 */
static inline __attribute__((always_inline)) int index_of(uint64_t ns)
{
	const uint64_t *top =
		histogram__boundaries() + RT_HIST_BUCKETS - PER_OCTAVE;
	const uint64_t highest = top[PER_OCTAVE - 1];
	int shift, below;

	if (ns > highest)
		return FIRST_INDEX + RT_HIST_BUCKETS - 1;

	/* highest has 42 bits, and so has the shifted value, at most. */
	shift = __builtin_clzll(ns) - (64 - 42);
	if (ns << shift > highest)
		shift--;
	ns <<= shift;
	below = below_cell[(ns - highest / 2) >> CELL_SHIFT];
	below += top[below] < ns;
	return FIRST_INDEX + (OCTAVES - 1 - shift) * PER_OCTAVE + below;
}

void histogram__init(struct histogram *h, int scale)
{
	histogram__init_bounded(h, scale, 0);
}

void histogram__init_bounded(struct histogram *h, int scale, uint16_t max_len)
{
	*h = (struct histogram){
		.scale = (int8_t)scale, .max_len = max_len, .width = 1};
}

void histogram__free(struct histogram *h)
{
	if (!h->shared)
		free(h->bucket);
	histogram__init_bounded(h, h->scale, h->max_len);
}

int histogram__index(uint64_t ns, int scale)
{
	return index_of(ns) >> (RT_HIST_SCALE - scale);
}

static struct span span_of(const struct histogram *h)
{
	return (struct span){h->offset, h->len, h->cap, h->bucket};
}

static void set_span(struct histogram *h, const struct span *s)
{
	h->offset = (int16_t)s->offset;
	h->len = (uint16_t)s->len;
	h->cap = (uint16_t)s->cap;
	h->bucket = s->data;
}

static inline void set_bucket(struct histogram *h, uint32_t i, uint64_t value)
{
	switch (h->width) {
	case 1:
		((uint8_t *)h->bucket)[i] = (uint8_t)value;
		break;
	case 2:
		((uint16_t *)h->bucket)[i] = (uint16_t)value;
		break;
	case 4:
		((uint32_t *)h->bucket)[i] = (uint32_t)value;
		break;
	default:
		((uint64_t *)h->bucket)[i] = value;
	}
}

/* The highest count that a bucket of so many bytes holds. */
static uint64_t most(unsigned width)
{
	return UINT64_MAX >> (64 - 8 * width);
}

/* Buckets of its own, which hold counts up to value. 0 or -ENOMEM. */
static int make_room(struct histogram *h, uint64_t value)
{
	const size_t cap = span__round_up(h->len);
	struct histogram wide = *h;

	while (value > most(wide.width))
		wide.width *= 2;
	wide.shared = false;
	wide.cap = (uint16_t)cap;
	wide.bucket = cap ? malloc(cap * wide.width) : NULL;
	if (cap && !wide.bucket)
		return -ENOMEM;
	for (uint32_t i = 0; i < h->len; i++)
		set_bucket(&wide, i, histogram__bucket(h, i));
	if (!h->shared)
		free(h->bucket);
	*h = wide;
	return 0;
}

/* Before anything is written. */
static int own(struct histogram *h)
{
	return h->shared ? make_room(h, 0) : 0;
}

/* 0, or -ENOMEM and nothing is added. */
static inline int add_to_bucket(struct histogram *h, uint32_t i, uint64_t times)
{
	uint64_t value = histogram__bucket(h, i) + times;

	if ((h->shared || value > most(h->width)) && make_room(h, value))
		return -ENOMEM;
	set_bucket(h, i, value);
	return 0;
}

static bool holds(const struct histogram *h, int lo, int hi)
{
	return h->len && lo >= h->offset && hi < h->offset + (int)h->len;
}

/* Make bucket[] hold the indices lo..hi (at h's scale) besides those it has,
 * at a lower scale if a bound asks for it: indices are to be taken anew. On
 * -ENOMEM no more than the scale changed. */
static int cover(struct histogram *h, int lo, int hi)
{
	int first = lo, last = hi, shift = 0, err;
	struct span s;

	if (holds(h, lo, hi))
		return 0;
	if (h->len) {
		const int end = h->offset + (int)h->len - 1;

		first = lo < h->offset ? lo : h->offset;
		last = hi > end ? hi : end;
	}
	while (h->max_len &&
	       (last >> shift) - (first >> shift) >= (int)h->max_len)
		shift++;
	err = own(h);
	if (!err)
		err = histogram__downscale(h, h->scale - shift);
	if (err)
		return err;
	s = span_of(h);
	err = span__cover(&s, h->width, lo >> shift, hi >> shift);
	set_span(h, &s);
	return err;
}

/* The figures beside the buckets; count > 0. */
static void note(struct histogram *h, uint64_t count, uint64_t sum,
		 uint64_t min, uint64_t max)
{
	if (!h->count || min < h->min)
		h->min = min;
	if (max > h->max)
		h->max = max;
	h->count += count;
	h->sum += sum;
}

/* Index of the bucket of ns > 0, which is there from now on. 0 or -ENOMEM. */
static inline int find_bucket(struct histogram *h, uint64_t ns, int *index)
{
	const int finest = index_of(ns);
	int err;

	*index = finest >> (RT_HIST_SCALE - h->scale);
	if (holds(h, *index, *index))
		return 0;
	err = cover(h, *index, *index);
	*index = finest >> (RT_HIST_SCALE - h->scale);
	return err;
}

int histogram__add(struct histogram *h, uint64_t ns, uint64_t times)
{
	int index, err;

	if (!times)
		return 0;
	if (ns) {
		err = find_bucket(h, ns, &index);
		if (!err)
			err = add_to_bucket(h, (uint32_t)(index - h->offset),
					    times);
		if (err)
			return err;
	} else {
		h->zero_count += times;
	}
	note(h, times, ns * times, ns, ns);
	return 0;
}

/* Buckets of its own that hold whatever count more values make of them, so
 * that adding those cannot fail half way. 0 or -ENOMEM. */
static int reserve(struct histogram *h, uint64_t count)
{
	uint64_t value = h->count + count;

	return h->shared || value > most(h->width) ? make_room(h, value) : 0;
}

static int add_counts(struct histogram *h, const uint32_t *counts, int lo,
		      int hi, uint64_t count)
{
	int shift = RT_HIST_SCALE - h->scale;
	int err = cover(h, (FIRST_INDEX + lo) >> shift,
			(FIRST_INDEX + hi) >> shift);

	shift = RT_HIST_SCALE - h->scale;
	if (!err)
		err = reserve(h, count);
	for (int k = lo; k <= hi && !err; k++) {
		int index = (FIRST_INDEX + k) >> shift;

		err = add_to_bucket(h, (uint32_t)(index - h->offset),
				    counts[k]);
	}
	return err;
}

int histogram__add_summary(struct histogram *h, const uint32_t *counts,
			   uint64_t zero, uint64_t sum, uint64_t min,
			   uint64_t max)
{
	int lo = 0, hi = RT_HIST_BUCKETS - 1, err;
	uint64_t count = 0;

	while (lo < RT_HIST_BUCKETS && !counts[lo])
		lo++;
	while (hi > lo && !counts[hi])
		hi--;
	for (int k = lo; k <= hi; k++)
		count += counts[k];
	if (count) {
		err = add_counts(h, counts, lo, hi, count);
		if (err)
			return err;
	}
	if (!count && !zero)
		return 0;
	h->zero_count += zero;
	note(h, count + zero, sum, min, max);
	return 0;
}

/* into has reserved room for all of from. */
static void add_buckets(struct histogram *into, const struct histogram *from,
			int shift)
{
	for (int i = 0; i < (int)from->len; i++) {
		uint64_t value = histogram__bucket(from, (uint32_t)i);
		uint32_t to = (uint32_t)(((from->offset + i) >> shift) -
					 into->offset);

		if (value)
			set_bucket(into, to,
				   histogram__bucket(into, to) + value);
	}
}

int histogram__merge(struct histogram *into, const struct histogram *from)
{
	int shift, err;

	if (!from->count)
		return 0;
	err = histogram__downscale(into, from->scale);
	if (err)
		return err;
	shift = from->scale - into->scale;
	if (from->len) {
		int last = from->offset + (int)from->len - 1;

		err = cover(into, from->offset >> shift, last >> shift);
		shift = from->scale - into->scale;
		if (!err)
			err = reserve(into, from->count);
	}
	if (err)
		return err;
	add_buckets(into, from, shift);
	into->zero_count += from->zero_count;
	note(into, from->count, from->sum, from->min, from->max);
	return 0;
}

void histogram__share(struct histogram *to, const struct histogram *from)
{
	*to = *from;
	to->shared = from->bucket != NULL;
}

int histogram__copy(struct histogram *to, const struct histogram *from)
{
	int err;

	histogram__share(to, from);
	err = own(to);
	if (err)
		histogram__init_bounded(to, from->scale, from->max_len);
	return err;
}

/* Buckets of its own for what pairs come to. */
static int reserve_merged(struct histogram *h, int shift)
{
	uint64_t highest = 0, sum = 0;

	for (uint32_t i = 0; i < h->len; i++) {
		bool begins =
			!i || span__target(h->offset, shift, i) !=
				      span__target(h->offset, shift, i - 1);

		sum = (begins ? 0 : sum) + histogram__bucket(h, i);
		if (sum > highest)
			highest = sum;
	}
	return h->shared || highest > most(h->width) ? make_room(h, highest)
						     : 0;
}

int histogram__downscale(struct histogram *h, int scale)
{
	const int shift = h->scale - scale, offset = h->offset;
	struct span s;
	int err;

	if (shift <= 0)
		return 0;
	/* Room for the highest sum; then no bucket is before its target. */
	err = reserve_merged(h, shift);
	if (err)
		return err;
	for (uint32_t i = 0; i < h->len; i++) {
		uint32_t to = (uint32_t)span__target(offset, shift, i);
		uint64_t value = histogram__bucket(h, i);

		set_bucket(h, i, 0);
		set_bucket(h, to, histogram__bucket(h, to) + value);
	}
	s = span_of(h);
	span__shrink(&s, h->width, shift);
	set_span(h, &s);
	h->scale = (int8_t)scale;
	return 0;
}

double histogram__lower(int scale, int i)
{
	return exp2(ldexp(i, -scale)) * 1e9;
}

double histogram__upper(int scale, int i)
{
	return histogram__lower(scale, i + 1);
}

/* The value at rank within bucket i, before which there are before values. */
static double within(const struct histogram *h, uint32_t i, double before,
		     double rank)
{
	double lower = histogram__lower(h->scale, h->offset + (int)i);
	double upper = histogram__upper(h->scale, h->offset + (int)i);
	double value =
		lower * pow(upper / lower,
			    (rank - before) / (double)histogram__bucket(h, i));

	return fmin(fmax(value, (double)h->min), (double)h->max);
}

double histogram__quantile(const struct histogram *h, double q)
{
	double rank, seen = (double)h->zero_count;

	if (!h->count)
		return 0;
	if (q <= 0)
		return (double)h->min;
	if (q >= 1)
		return (double)h->max;

	/* 0.07 * 100 is a little above 7 in doubles; the eighth value must not
	 * answer for that. */
	rank = q * (double)h->count * (1 - 1e-12);
	if (rank <= seen)
		return 0;
	for (uint32_t i = 0; i < h->len; i++) {
		double before = seen;

		seen += (double)histogram__bucket(h, i);
		if (rank <= seen)
			return within(h, i, before, rank);
	}
	return (double)h->max;
}

double histogram__mean(const struct histogram *h)
{
	return h->count ? (double)h->sum / (double)h->count : 0;
}
