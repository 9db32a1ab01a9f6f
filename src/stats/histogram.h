/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Base-2 exponential histogram (the OpenTelemetry data model) of durations in
 * nanoseconds whose bucket boundaries are exact in seconds.
 *
 * Error: at scale s a bucket spans a factor of 2^(2^-s), so a value differs
 * from its bucket's geometric middle by at most 2^(2^-(s+1)) - 1: 1.1 % at
 * scale 5, 4.4 % at scale 3. count, sum, min and max are exact. Values above
 * 2^RT_HIST_MAX_EXP s count in the last bucket, so for quantiles that fall
 * among them this bound does not hold: they are told as too low, max is not.
 * Memory: 64 bytes and, for each bucket between the lowest and the highest
 * used one (rounded up to 8), 1, 2, 4 or 8 bytes, as the fullest one needs: a
 * series of a million requests that spans 1 ms to 100 ms at scale 5 takes
 * 0.5 KB. A histogram may have a bound: values that would need more buckets
 * scale it down.
 *
 * Bucket i at scale s holds (2^(i/2^s), 2^((i+1)/2^s)] seconds, as
 * OpenTelemetry has it. An integer of v ns is above boundary b seconds exactly
 * if v > floor(b * 10^9), so a table of those floors indexes without rounding.
 */
#ifndef REQTRACE_STATS_HISTOGRAM_H
#define REQTRACE_STATS_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reqtrace/limits.h"

struct histogram {
	uint64_t count;	     /* zero_count and underflow/overflow included */
	uint64_t zero_count; /* values of exactly 0 ns */
	uint64_t sum;	     /* ns */
	uint64_t min, max;   /* ns; 0 when count is 0 */
	void *bucket;	     /* NULL when len is 0; see histogram__bucket */
	int16_t offset;	     /* index (OpenTelemetry's) of the first bucket */
	uint16_t len;	     /* buckets between lowest and highest used */
	uint16_t cap;	     /* buckets allocated */
	uint16_t max_len;    /* len may not exceed it; 0: any */
	int8_t scale;	     /* 0..RT_HIST_SCALE */
	uint8_t width;	     /* bytes of a bucket: 1, 2, 4 or 8 */
	bool shared;	     /* bucket belongs to another one */
};

/* Upper boundaries at RT_HIST_SCALE: table[k] = floor(2^((k + 1) / 32 - 30) s
 * in ns), RT_HIST_BUCKETS entries; the same table goes into the BPF programs.
 */
const uint64_t *histogram__boundaries(void);

/* Index (OpenTelemetry's) at scale of the bucket that holds ns > 0; exact. */
int histogram__index(uint64_t ns, int scale);

/* scale: 0..RT_HIST_SCALE. No allocation. */
void histogram__init(struct histogram *h, int scale);
/* The same of at most max_len buckets, to which it is scaled down; no fewer
 * than HISTOGRAM_LEN_MIN, as many as there are at scale 0. */
void histogram__init_bounded(struct histogram *h, int scale, uint16_t max_len);
#define HISTOGRAM_LEN_MIN (RT_HIST_MAX_EXP - RT_HIST_MIN_EXP)
/* The count of bucket i < h->len; of index h->offset + i. */
static inline uint64_t histogram__bucket(const struct histogram *h, uint32_t i)
{
	switch (h->width) {
	case 1:
		return ((const uint8_t *)h->bucket)[i];
	case 2:
		return ((const uint16_t *)h->bucket)[i];
	case 4:
		return ((const uint32_t *)h->bucket)[i];
	default:
		return ((const uint64_t *)h->bucket)[i];
	}
}

/* Accepts an initialised h; resets it: its scale and bound stay. */
void histogram__free(struct histogram *h);

/* Add a value of ns nanoseconds, times times. 0, or -ENOMEM and nothing is
 * added; like all that may fail, it may have scaled a bounded h down. */
int histogram__add(struct histogram *h, uint64_t ns, uint64_t times);

/* The same for a value of 0 and times > 0, which never fails: most parts of
 * most exchanges are that, so it is to cost little. */
static inline void histogram__add_zero(struct histogram *h, uint64_t times)
{
	h->count += times;
	h->zero_count += times;
	h->min = 0;
}

/* Add the buckets of a kernel summary: counts[RT_HIST_BUCKETS] at
 * RT_HIST_SCALE with exact sum/min/max/zero. 0 or -ENOMEM (nothing added). */
int histogram__add_summary(struct histogram *h, const uint32_t *counts,
			   uint64_t zero, uint64_t sum, uint64_t min,
			   uint64_t max);

/* into += from. Scales may differ: the result has the lower one, or one still
 * lower if into is bounded. 0 or -ENOMEM (nothing added). */
int histogram__merge(struct histogram *into, const struct histogram *from);

/* Deep copy into an uninitialised one, with its bound. 0 or -ENOMEM. */
int histogram__copy(struct histogram *to, const struct histogram *from);

/* The same without buckets of its own, until to is changed; so from must not
 * change before to is freed. */
void histogram__share(struct histogram *to, const struct histogram *from);

/* Lower the scale by merging pairs; never raises it. 0 or -ENOMEM. */
int histogram__downscale(struct histogram *h, int scale);

/* Value (ns, as double) at quantile 0 <= q <= 1: interpolated within its
 * bucket geometrically, clamped to [min, max]; 0 when empty. */
double histogram__quantile(const struct histogram *h, double q);
double histogram__mean(const struct histogram *h); /* ns; 0 when empty */

/* Lower and upper boundary of bucket index i at scale, in ns. */
double histogram__lower(int scale, int i);
double histogram__upper(int scale, int i);

#endif
