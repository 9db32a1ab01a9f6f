/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table as text: build, filter, sort. Fed with a snapshot, yields cells
 * that outlive it, so that a paused view can still sort and filter.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "view/screen.h"
#include "view/table.h"

const char *table__text(const struct table *t, size_t row, size_t column)
{
	return t->pool + t->cells[row * t->columns_len + column].text;
}

static double number(const struct table *t, size_t row, size_t column)
{
	return t->cells[row * t->columns_len + column].number;
}

/* Offset of a copy of text in the pool, or SIZE_MAX. */
static size_t pool_add(struct table *t, const char *text)
{
	size_t len = strlen(text) + 1, at = t->pool_len;

	if (at + len > t->pool_cap) {
		size_t cap = (at + len) * 2;
		char *pool = realloc(t->pool, cap);

		if (!pool)
			return SIZE_MAX;
		t->pool = pool;
		t->pool_cap = cap;
	}
	memcpy(t->pool + at, text, len);
	t->pool_len = at + len;
	return at;
}

static int add_cell(struct table *t, size_t row, size_t i,
		    const struct column_source *source)
{
	struct cell cell = {.number = 0};
	struct table_cell *to = &t->cells[row * t->columns_len + i];
	size_t width;

	t->columns[i].fill(source, &cell);
	to->number = cell.number;
	to->text = pool_add(t, cell.text);
	if (to->text == SIZE_MAX)
		return -ENOMEM;
	width = screen__width(cell.text);
	if (width > t->width[i])
		t->width[i] = width;
	if (cell.text[0])
		t->empty[i] = false;
	if (strcmp(cell.text, table__text(t, 0, i)) != 0)
		t->uniform[i] = false;
	return 0;
}

static int allocate(struct table *t, size_t rows)
{
	t->cells = calloc(rows * t->columns_len + 1, sizeof(*t->cells));
	t->order = calloc(rows + 1, sizeof(*t->order));
	t->rows = rows;
	for (size_t i = 0; i < t->columns_len; i++) {
		t->width[i] = strlen(t->columns[i].title);
		t->uniform[i] = true;
		t->empty[i] = true;
	}
	return t->cells && t->order ? 0 : -ENOMEM;
}

int table__build(struct table *t, const struct snapshot *snap, bool whole,
		 bool utf8)
{
	struct column_source source = {
		.snap = snap, .whole = whole, .utf8 = utf8};
	int err;

	memset(t, 0, sizeof(*t));
	t->columns = columns__of(snap->by, &t->columns_len);
	err = allocate(t, columns__rows(snap));
	for (size_t row = 0; !err && row < t->rows; row++) {
		source.row = columns__row(snap, row);
		for (size_t i = 0; !err && i < t->columns_len; i++) {
			source.column = &t->columns[i];
			err = add_cell(t, row, i, &source);
		}
	}
	if (err) {
		table__free(t);
		return err;
	}
	table__filter(t, NULL);
	return 0;
}

void table__free(struct table *t)
{
	free(t->cells);
	free(t->pool);
	free(t->order);
	memset(t, 0, sizeof(*t));
}

static bool passes(const struct table *t, size_t row, const char *needle)
{
	for (size_t i = 0; i < t->columns_len; i++) {
		if (t->columns[i].names &&
		    strcasestr(table__text(t, row, i), needle))
			return true;
	}
	return false;
}

void table__filter(struct table *t, const char *needle)
{
	t->shown = 0;
	for (size_t row = 0; row < t->rows; row++) {
		if (!needle || !*needle || passes(t, row, needle))
			t->order[t->shown++] = row;
	}
}

struct sort_key {
	const struct table *table;
	size_t column;
	bool reverse;
};

static int compare(const void *a, const void *b, void *arg)
{
	const struct sort_key *key = arg;
	const struct table *t = key->table;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int diff;

	if (t->columns[key->column].number) {
		double left = number(t, x, key->column);
		double right = number(t, y, key->column);

		diff = (left < right) - (left > right);
	} else {
		diff = strcasecmp(table__text(t, x, key->column),
				  table__text(t, y, key->column));
	}
	if (diff)
		return key->reverse ? -diff : diff;
	return (x > y) - (x < y);
}

void table__sort(struct table *t, size_t column, bool reverse)
{
	struct sort_key key = {t, column, reverse};

	if (t->shown > 1)
		qsort_r(t->order, t->shown, sizeof(*t->order), compare, &key);
}

void table__reverse(struct table *t)
{
	for (size_t i = 0, k = t->shown; i + 1 < k; i++) {
		uint32_t row = t->order[i];

		t->order[i] = t->order[--k];
		t->order[k] = row;
	}
}
