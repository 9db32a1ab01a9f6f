/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables in plain text. Fed with a snapshot, yields a report's table, whose
 * rows take two lines where one is too narrow, or an interval's table, whose
 * rows lose columns instead.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "view/screen.h"
#include "view/text.h"
#include "view/units.h"

#define SECOND_LINE_INDENT 4

static uint32_t brief_columns(const struct table *tab)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < tab->columns_len; i++) {
		if (!tab->columns[i].report_only)
			mask |= 1u << i;
	}
	return mask;
}

/* One line a row, if nothing but repetition is lost by it; else two. */
static void fit_report(const struct text *t, const struct table *tab,
		       struct layout line[2])
{
	uint32_t first = 0, second = 0;

	line[1].len = 0;
	layout__fit(&line[0], tab, UINT32_MAX, t->width, LAYOUT_NO_COLUMN);
	if (!line[0].dropped && !line[0].cut)
		return;
	for (size_t i = 0; i < tab->columns_len; i++) {
		if (tab->columns[i].second_line)
			second |= 1u << i;
		else if (!tab->columns[i].spare)
			first |= 1u << i;
	}
	layout__fit(&line[0], tab, first, t->width, LAYOUT_NO_COLUMN);
	layout__fit(&line[1], tab, second, t->width - SECOND_LINE_INDENT,
		    LAYOUT_NO_COLUMN);
}

/* row: SIZE_MAX for the titles. Texts at the end of a line are not padded. */
static void print_line(const struct text *t, const struct table *tab,
		       const struct layout *l, size_t indent, size_t row)
{
	char cell[CELL_LEN];

	fprintf(t->out, "%*s", (int)indent, "");
	for (size_t i = 0; i < l->len; i++) {
		const struct column *c = &tab->columns[l->column[i]];
		const char *text =
			row == SIZE_MAX ? c->title
					: table__text(tab, row, l->column[i]);
		size_t width = l->width[i], used = screen__width(text);

		if (i + 1 == l->len && !c->number && used < width)
			width = used;
		if (i > 0)
			putc(' ', t->out);
		fputs(screen__pad(cell, sizeof(cell), text, width, c->number,
				  t->utf8),
		      t->out);
	}
	putc('\n', t->out);
}

/* "In every row: PROCESS redis-server, PID 1234" */
static void print_collapsed(const struct text *t, const struct table *tab,
			    uint32_t collapsed)
{
	char note[1200];
	size_t used = 0;

	for (size_t i = 0; i < tab->columns_len && used < sizeof(note); i++) {
		if (collapsed >> i & 1)
			used += snprintf(note + used, sizeof(note) - used,
					 "%s%s %s", used ? ", " : "",
					 tab->columns[i].title,
					 table__text(tab, 0, i));
	}
	if (used > 0)
		text__wrap(t, 2, "In every row: ", note);
}

static void print_more(const struct text *t, size_t shown, size_t rows)
{
	char more[UNITS_LEN];

	if (rows > shown)
		fprintf(t->out, "... and %s more rows (--json has all)\n",
			units__count(more, rows - shown));
}

void text__errors(char *buf, size_t size, const uint64_t *errors_by)
{
	static const char *const words[REQUEST_ERRORS] = {
		[REQUEST_ERROR_STATUS] = "by status",
		[REQUEST_ERROR_PEER_ABORT] = "aborted by the peer",
		[REQUEST_ERROR_LOCAL_ABORT] = "aborted by this side",
		[REQUEST_ERROR_RESET] = "reset",
	};
	char count[UNITS_LEN];
	size_t used = 0;

	buf[0] = '\0';
	for (int i = REQUEST_OK + 1; i < REQUEST_ERRORS && used < size; i++) {
		if (errors_by[i])
			used += snprintf(buf + used, size - used, "%s%s %s",
					 used ? ", " : "",
					 units__count(count, errors_by[i]),
					 words[i]);
	}
}

static void print_row_errors(const struct text *t, size_t row)
{
	char errors[200];

	if (t->snap->by == SNAPSHOT_BY_CONNECTION)
		return;
	text__errors(errors, sizeof(errors), t->snap->rows[row].m.errors_by);
	if (errors[0])
		text__wrap(t, SECOND_LINE_INDENT, "    errors: ", errors);
}

int text__table(const struct text *t, size_t max_rows)
{
	struct table tab;
	struct layout line[2] = {{.len = 0}};
	int err = table__build(&tab, t->snap, true, t->utf8);
	size_t shown;

	if (err)
		return err;
	shown = tab.shown < max_rows ? tab.shown : max_rows;
	fit_report(t, &tab, line);
	print_collapsed(t, &tab, line[0].collapsed);
	print_line(t, &tab, &line[0], 0, SIZE_MAX);
	if (line[1].len)
		print_line(t, &tab, &line[1], SECOND_LINE_INDENT, SIZE_MAX);
	for (size_t i = 0; i < shown; i++) {
		print_line(t, &tab, &line[0], 0, tab.order[i]);
		if (line[1].len)
			print_line(t, &tab, &line[1], SECOND_LINE_INDENT,
				   tab.order[i]);
		print_row_errors(t, tab.order[i]);
	}
	print_more(t, shown, tab.shown);
	table__free(&tab);
	return 0;
}

int text__brief_table(const struct text *t, size_t max_rows)
{
	struct table tab;
	struct layout line;
	int err = table__build(&tab, t->snap, false, t->utf8);
	size_t shown;

	if (err)
		return err;
	shown = tab.shown < max_rows ? tab.shown : max_rows;
	layout__fit(&line, &tab, brief_columns(&tab), t->width,
		    LAYOUT_NO_COLUMN);
	print_line(t, &tab, &line, 0, SIZE_MAX);
	for (size_t i = 0; i < shown; i++)
		print_line(t, &tab, &line, 0, tab.order[i]);
	print_more(t, shown, tab.shown);
	table__free(&tab);
	return 0;
}
