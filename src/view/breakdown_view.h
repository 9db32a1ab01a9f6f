/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What views show of the parts of a group of exchanges. Fed with a measure,
 * yields the parts worth a line, the largest first, and bars of them.
 */
#ifndef REQTRACE_VIEW_BREAKDOWN_VIEW_H
#define REQTRACE_VIEW_BREAKDOWN_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "stats/snapshot.h"

enum breakdown_of {
	BREAKDOWN_MEAN,	   /* all exchanges */
	BREAKDOWN_P50,	   /* those around the median duration */
	BREAKDOWN_SLOWEST, /* the slowest 1 % */
	BREAKDOWN_OFS,
};

/* The slow end: this share of the operations, shown from as many exchanges
 * on. */
#define BREAKDOWN_SLOWEST_SHARE 0.01
#define BREAKDOWN_SLOWEST_FROM 100

/* Instead of an enum part: all parts too small to be listed. */
#define BREAKDOWN_REST PARTS

struct breakdown_item {
	int part;		  /* enum part, or BREAKDOWN_REST */
	double ns[BREAKDOWN_OFS]; /* its mean over these exchanges */
};

struct breakdown_view {
	/* .count is 0 where there is nothing to say. The .ns of all items sum
	 * to its .duration. */
	struct breakdown_slice slice[BREAKDOWN_OFS];
	enum breakdown_of main; /* the slowest, or the mean of too few: what
				 * the items are ordered by */
	size_t len;
	/* At least 0.5 % of some slice, or unattributed; the rest last. */
	struct breakdown_item item[PARTS + 1];
};

/* false: the parts of none of the exchanges are known, v is not valid. */
bool breakdown_view__make(struct breakdown_view *v, const struct measure *m);

/* 0..1, of the slice's duration. */
double breakdown_view__share(const struct breakdown_view *v, size_t item,
			     enum breakdown_of of);

/* "mean", "p50", "slowest 1 %" */
const char *breakdown_view__of(enum breakdown_of of);
/* "receive queue": enum part or BREAKDOWN_REST, in words. */
const char *breakdown_view__name(int part);
/* One column that stands for a part in bars; no two are equal. */
const char *breakdown_view__glyph(int part, bool utf8);

/* How many of width columns each item gets in a bar: they sum to width, or to
 * 0 if the slice has no duration. */
void breakdown_view__columns(const struct breakdown_view *v,
			     enum breakdown_of of, size_t width,
			     size_t columns[PARTS + 1]);

/* That bar as text, of at most width columns (4 bytes each), cut at size; ""
 * if the slice has no duration. Returns buf. */
char *breakdown_view__bar(char *buf, size_t size,
			  const struct breakdown_view *v, enum breakdown_of of,
			  size_t width, bool utf8);

#endif
