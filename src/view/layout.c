/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which columns fit, and how wide (table.h). Fed with a table's widths,
 * yields a layout. Column sets are small, so each step simply recounts.
 */
#include <string.h>

#include "view/table.h"

struct fit {
	const struct table *t;
	uint32_t mask;
	size_t keep;
	size_t limit[COLUMNS_MAX]; /* widest that a column may be now */
};

static bool has(const struct fit *f, size_t i)
{
	return f->mask >> i & 1;
}

static size_t natural(const struct fit *f, size_t i)
{
	const struct column *c = &f->t->columns[i];
	size_t width = f->t->width[i];

	return c->max && width > c->max ? c->max : width;
}

static size_t narrowest(const struct fit *f, size_t i)
{
	const struct column *c = &f->t->columns[i];
	size_t width = natural(f, i);

	return c->min && width > c->min ? c->min : width;
}

static size_t comfortable(const struct fit *f, size_t i)
{
	const struct column *c = &f->t->columns[i];
	size_t width = natural(f, i);

	if (!c->comfort)
		return narrowest(f, i);
	return width > c->comfort ? c->comfort : width;
}

static size_t total(const struct fit *f,
		    size_t (*width)(const struct fit *, size_t))
{
	size_t sum = 0;

	for (size_t i = 0; i < f->t->columns_len; i++) {
		if (has(f, i))
			sum += width(f, i) + (sum > 0);
	}
	return sum;
}

/* The column to do without first, of those from a priority on;
 * LAYOUT_NO_COLUMN when none may go. */
static size_t least_needed(const struct fit *f, bool only_uniform, uint8_t from)
{
	size_t found = LAYOUT_NO_COLUMN;

	for (size_t i = 0; i < f->t->columns_len; i++) {
		const struct column *c = &f->t->columns[i];

		if (!has(f, i) || i == f->keep || c->priority < from)
			continue;
		if (only_uniform && !(c->collapsible && f->t->uniform[i]))
			continue;
		if (found == LAYOUT_NO_COLUMN ||
		    c->priority >= f->t->columns[found].priority)
			found = i;
	}
	return found;
}

/* Leave columns out until what measure says fits; returns their bits. */
static uint32_t leave_out(struct fit *f, size_t width, bool only_uniform,
			  uint8_t from,
			  size_t (*measure)(const struct fit *, size_t))
{
	uint32_t gone = 0;

	while (total(f, measure) > width) {
		size_t i = least_needed(f, only_uniform, from);

		if (i == LAYOUT_NO_COLUMN || f->mask == 1u << i)
			break; /* something is always shown */
		f->mask &= ~(1u << i);
		gone |= 1u << i;
	}
	return gone;
}

static size_t limited(const struct fit *f, size_t i)
{
	size_t width = natural(f, i);

	return width < f->limit[i] ? width : f->limit[i];
}

/* Take columns from the widest text that can still give, one by one, so that
 * a long operation pays before a short name. */
static void shrink(struct fit *f, size_t width)
{
	while (total(f, limited) > width) {
		size_t widest = LAYOUT_NO_COLUMN;

		for (size_t i = 0; i < f->t->columns_len; i++) {
			if (!has(f, i) || limited(f, i) <= narrowest(f, i))
				continue;
			if (widest == LAYOUT_NO_COLUMN ||
			    limited(f, i) > limited(f, widest))
				widest = i;
		}
		if (widest == LAYOUT_NO_COLUMN)
			break;
		f->limit[widest] = limited(f, widest) - 1;
	}
}

void layout__fit(struct layout *l, const struct table *t, uint32_t mask,
		 size_t width, size_t keep)
{
	struct fit f = {.t = t, .keep = keep};

	memset(l, 0, sizeof(*l));
	for (size_t i = 0; i < t->columns_len; i++) {
		f.limit[i] = SIZE_MAX;
		if (mask >> i & 1 && !t->empty[i])
			f.mask |= 1u << i;
	}
	l->collapsed = leave_out(&f, width, true, 1, natural);
	l->dropped = leave_out(&f, width, false, COLUMN_LUXURY, natural);
	l->dropped |=
		leave_out(&f, width, false, COLUMN_NICE_TO_HAVE, comfortable);
	l->dropped |= leave_out(&f, width, false, 1, narrowest);
	shrink(&f, width);
	for (size_t i = 0; i < t->columns_len; i++) {
		if (!has(&f, i))
			continue;
		l->cut |= limited(&f, i) < natural(&f, i);
		l->column[l->len] = i;
		l->width[l->len++] = limited(&f, i);
	}
	/* Last resort: the columns that always stay are cut at the edge. */
	while (l->len > 1 && total(&f, limited) > width) {
		f.mask &= ~(1u << l->column[--l->len]);
	}
	if (l->len == 1 && l->width[0] > width)
		l->width[0] = width;
}
