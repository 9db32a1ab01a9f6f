/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A histogram as lines of bars. Fed with a histogram, yields 10 to 20 lines
 * (fewer if it has fewer buckets) whose bounds are bucket boundaries, so that
 * their counts are exact.
 *
 *     1.38 ms ..  1.95 ms  #########           123,456  12.3 %  p50 p90
 */
#include <stdio.h>
#include <string.h>

#include "view/text.h"
#include "view/units.h"

#define LINES_MAX 20
#define GAP_LINES 3 /* as many empty ones become one line of dots */
#define BAR_MIN 10
#define BAR_MAX 60
/* Columns of a line besides the bar: bounds, count, share, percentiles. */
#define BESIDES_BAR 53

static const struct {
	const char *name;
	double quantile;
} marks[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}};

#define MARKS (sizeof(marks) / sizeof(marks[0]))

struct bars {
	const struct text *t;
	const struct histogram *h;
	uint32_t step; /* buckets a line */
	uint64_t most; /* of a line's counts */
	size_t bar;    /* columns */
	double mark[MARKS];
};

static uint64_t line_count(const struct bars *b, uint32_t first)
{
	uint64_t count = 0;

	for (uint32_t i = first; i < first + b->step && i < b->h->len; i++)
		count += histogram__bucket(b->h, i);
	return count;
}

/* Lengths are rounded to eighths of a column (ASCII: to columns), and what is
 * not nothing shows. */
static void print_bar(const struct bars *b, uint64_t count)
{
	static const char *const eighth[] = {"",  "▏", "▎", "▍", "▌",
					     "▋", "▊", "▉", "█"};
	size_t parts = b->t->utf8 ? 8 : 1;
	size_t len =
		b->most ? (size_t)((double)count / b->most * b->bar * parts +
				   0.5)
			: 0;
	size_t columns;

	if (len == 0 && count > 0)
		len = 1;
	columns = (len + parts - 1) / parts;
	for (size_t i = 0; i < len / parts; i++)
		fputs(b->t->utf8 ? eighth[8] : "#", b->t->out);
	if (b->t->utf8)
		fputs(eighth[len % parts], b->t->out);
	fprintf(b->t->out, "%*s", (int)(b->bar - columns), "");
}

static void print_line(const struct bars *b, const char *bounds, uint64_t count,
		       double above, double upto)
{
	char text[UNITS_LEN], share[UNITS_LEN];
	const char *gap = "  ";

	fprintf(b->t->out, "  %s  ", bounds);
	print_bar(b, count);
	fprintf(b->t->out, " %13s %7s", units__count(text, count),
		units__share(share, count, b->h->count));
	for (size_t i = 0; i < MARKS; i++) {
		if (b->mark[i] > above && b->mark[i] <= upto) {
			fprintf(b->t->out, "%s%s", gap, marks[i].name);
			gap = " ";
		}
	}
	putc('\n', b->t->out);
}

/* Lines from bucket first on that have nothing in them. */
static uint32_t empty_lines(const struct bars *b, uint32_t first)
{
	uint32_t lines = 0;

	while (first < b->h->len && line_count(b, first) == 0) {
		first += b->step;
		lines++;
	}
	return lines;
}

static void bounds_text(char *buf, size_t size, const struct text *t,
			double lower, double upper)
{
	char low[UNITS_LEN], high[UNITS_LEN];
	int mu_low, mu_high;

	units__duration(low, lower, t->utf8);
	units__duration(high, upper, t->utf8);
	/* printf pads by bytes; the mu has two. */
	mu_low = strstr(low, "µ") ? 1 : 0;
	mu_high = strstr(high, "µ") ? 1 : 0;
	snprintf(buf, size, "%*s .. %*s", 7 + mu_low, low, 7 + mu_high, high);
}

static void prepare(struct bars *b)
{
	const struct histogram *h = b->h;

	b->step = (h->len + LINES_MAX - 1) / LINES_MAX;
	b->most = h->zero_count;
	for (uint32_t i = 0; i < h->len; i += b->step) {
		uint64_t count = line_count(b, i);

		if (count > b->most)
			b->most = count;
	}
	b->bar = b->t->width > BESIDES_BAR + BAR_MIN ? b->t->width - BESIDES_BAR
						     : BAR_MIN;
	if (b->bar > BAR_MAX)
		b->bar = BAR_MAX;
	for (size_t i = 0; i < MARKS; i++)
		b->mark[i] = histogram__quantile(h, marks[i].quantile);
}

void text__bars(const struct text *t, const struct histogram *h)
{
	struct bars b = {.t = t, .h = h};
	char bounds[80];

	prepare(&b);
	if (h->zero_count > 0) {
		snprintf(bounds, sizeof(bounds), "%18s", "0 ns");
		print_line(&b, bounds, h->zero_count, -1, 0);
	}
	for (uint32_t i = 0; i < h->len; i += b.step) {
		int from = h->offset + (int)i;
		double lower = histogram__lower(h->scale, from);
		double upper = histogram__lower(h->scale, from + (int)b.step);
		uint32_t empty = empty_lines(&b, i);

		if (empty >= GAP_LINES) {
			fprintf(t->out, "  %18s\n", "...");
			i += (empty - 1) * b.step;
			continue;
		}
		bounds_text(bounds, sizeof(bounds), t, lower, upper);
		print_line(&b, bounds, line_count(&b, i), lower, upper);
	}
}
