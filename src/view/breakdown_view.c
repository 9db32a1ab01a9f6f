/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of a group of exchanges, for views. Fed with a measure, yields
 * the parts worth a line in order of size, and bars of them.
 */
#include <string.h>

#include "view/breakdown_view.h"

#define WORTH_A_LINE 0.005 /* of a slice's duration */

/* Blocks for what runs or waits to, patterns for what is blocked. */
static const struct {
	const char *name, *ascii, *utf8;
} words[] = {
	[PART_RECEIVE_QUEUE] = {"receive queue", "q", "░"},
	[PART_CPU] = {"cpu", "C", "█"},
	[PART_CPU_OTHER] = {"cpu other", "c", "▓"},
	[PART_RUN_QUEUE] = {"run queue", "r", "▒"},
	[PART_LOCK] = {"lock", "L", "▚"},
	[PART_DISK] = {"disk", "D", "▤"},
	[PART_NETWORK] = {"network", "N", "▥"},
	[PART_POLL] = {"poll", "P", "─"},
	[PART_SLEEP] = {"sleep", "S", "▁"},
	[PART_PAGE_FAULT] = {"page fault", "F", "▦"},
	[PART_OTHER_BLOCKED] = {"other blocked", "B", "▨"},
	[PART_HANDOFF] = {"handoff", "H", "»"},
	[PART_UNATTRIBUTED] = {"unattributed", "?", "?"},
	[BREAKDOWN_REST] = {"rest", ".", "·"},
};

const char *breakdown_view__of(enum breakdown_of of)
{
	static const char *const names[BREAKDOWN_OFS] = {
		[BREAKDOWN_MEAN] = "mean",
		[BREAKDOWN_P50] = "p50",
		[BREAKDOWN_SLOWEST] = "slowest 1 %",
	};

	return names[of];
}

const char *breakdown_view__name(int part)
{
	return words[part].name;
}

const char *breakdown_view__glyph(int part, bool utf8)
{
	return utf8 ? words[part].utf8 : words[part].ascii;
}

double breakdown_view__share(const struct breakdown_view *v, size_t item,
			     enum breakdown_of of)
{
	double duration = v->slice[of].duration;

	return v->slice[of].count > 0 && duration > 0
		       ? v->item[item].ns[of] / duration
		       : 0;
}

static struct breakdown_item item_of(const struct breakdown_view *v, int part)
{
	struct breakdown_item item = {.part = part};

	for (int of = 0; of < BREAKDOWN_OFS; of++) {
		if (v->slice[of].count > 0)
			item.ns[of] = v->slice[of].part[part];
	}
	return item;
}

static bool is_nothing(const struct breakdown_item *item)
{
	for (int of = 0; of < BREAKDOWN_OFS; of++) {
		if (item->ns[of] > 0)
			return false;
	}
	return true;
}

static bool is_worth_a_line(const struct breakdown_view *v,
			    const struct breakdown_item *item)
{
	for (int of = 0; of < BREAKDOWN_OFS; of++) {
		if (item->ns[of] > 0 &&
		    item->ns[of] >= WORTH_A_LINE * v->slice[of].duration)
			return true;
	}
	return item->part == PART_UNATTRIBUTED && !is_nothing(item);
}

/* Insert before the first smaller one: equal ones stay in the order of enum
 * part. */
static void insert(struct breakdown_view *v, const struct breakdown_item *item)
{
	size_t at = v->len++;

	while (at > 0 && v->item[at - 1].ns[v->main] < item->ns[v->main]) {
		v->item[at] = v->item[at - 1];
		at--;
	}
	v->item[at] = *item;
}

static void add_items(struct breakdown_view *v)
{
	struct breakdown_item rest = {.part = BREAKDOWN_REST};
	int small = 0, last_small = 0;

	v->len = 0;
	for (int part = 0; part < PARTS; part++) {
		struct breakdown_item item = item_of(v, part);

		if (is_worth_a_line(v, &item)) {
			insert(v, &item);
		} else if (!is_nothing(&item)) {
			small++;
			last_small = part;
			for (int of = 0; of < BREAKDOWN_OFS; of++)
				rest.ns[of] += item.ns[of];
		}
	}
	/* A rest of one part takes no more room under its own name. */
	if (small == 1)
		rest.part = last_small;
	if (small > 0)
		v->item[v->len++] = rest;
}

bool breakdown_view__make(struct breakdown_view *v, const struct measure *m)
{
	*v = (struct breakdown_view){.main = BREAKDOWN_MEAN};
	if (m->with_parts == 0)
		return false;
	breakdown__mean(&m->breakdown, &v->slice[BREAKDOWN_MEAN]);
	if (!(v->slice[BREAKDOWN_MEAN].count > 0))
		return false;
	breakdown__around(&m->breakdown, 0.5, &v->slice[BREAKDOWN_P50]);
	if (m->with_parts >= BREAKDOWN_SLOWEST_FROM)
		breakdown__slowest(&m->breakdown, BREAKDOWN_SLOWEST_SHARE,
				   &v->slice[BREAKDOWN_SLOWEST]);
	if (v->slice[BREAKDOWN_SLOWEST].count > 0)
		v->main = BREAKDOWN_SLOWEST;
	add_items(v);
	return true;
}

void breakdown_view__columns(const struct breakdown_view *v,
			     enum breakdown_of of, size_t width,
			     size_t columns[PARTS + 1])
{
	double sum = 0, upto = 0;
	size_t used = 0;

	memset(columns, 0, (PARTS + 1) * sizeof(*columns));
	for (size_t i = 0; i < v->len; i++)
		sum += v->item[i].ns[of];
	if (!(sum > 0))
		return;
	/* Rounding where each ends, not how long it is: nothing adds up to
	 * more or less than the width. */
	for (size_t i = 0; i < v->len; i++) {
		size_t end;

		upto += v->item[i].ns[of];
		end = i + 1 == v->len ? width
				      : (size_t)(upto / sum * width + 0.5);
		columns[i] = end - used;
		used = end;
	}
}

char *breakdown_view__bar(char *buf, size_t size,
			  const struct breakdown_view *v, enum breakdown_of of,
			  size_t width, bool utf8)
{
	size_t columns[PARTS + 1], used = 0;

	breakdown_view__columns(v, of, width, columns);
	for (size_t i = 0; i < v->len; i++) {
		const char *glyph =
			breakdown_view__glyph(v->item[i].part, utf8);
		size_t len = strlen(glyph);

		for (size_t n = 0; n < columns[i]; n++) {
			if (used + len >= size)
				goto out;
			memcpy(buf + used, glyph, len);
			used += len;
		}
	}
out:
	buf[used] = '\0';
	return buf;
}
