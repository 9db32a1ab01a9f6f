/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table as text: the cells of a snapshot's rows, sorted and filtered, and
 * which columns fit into how much room. Fed with a snapshot (not used after
 * table__build), yields rows and layouts; nothing is drawn here.
 */
#ifndef REQTRACE_VIEW_TABLE_H
#define REQTRACE_VIEW_TABLE_H

#include "view/columns.h"

struct table_cell {
	size_t text; /* offset in pool */
	double number;
};

struct table {
	const struct column *columns;
	size_t columns_len;
	size_t rows;		  /* in all */
	struct table_cell *cells; /* rows * columns_len */
	char *pool;
	size_t pool_len, pool_cap;
	uint32_t *order; /* row numbers in the order shown */
	size_t shown;	 /* of them: rows that pass the filter */

	/* Per column, over all rows. */
	size_t width[COLUMNS_MAX]; /* of the widest cell, or the title */
	bool uniform[COLUMNS_MAX]; /* the same text in each row */
	bool empty[COLUMNS_MAX];   /* no row has such a thing */
};

/* whole: rates over the whole time. Rows are in the snapshot's order. 0 or
 * -ENOMEM (t is empty then). */
int table__build(struct table *t, const struct snapshot *snap, bool whole,
		 bool utf8);
void table__free(struct table *t); /* accepts a zeroed t; resets it */

const char *table__text(const struct table *t, size_t row, size_t column);

/* Show only rows that have needle (ASCII case ignored) in their process, peer,
 * port, protocol or operation; NULL or "": all. Keeps no order: sort after. */
void table__filter(struct table *t, const char *needle);

/* Numbers fall, texts rise; reverse turns that round. Equal ones stay in the
 * snapshot's order. */
void table__sort(struct table *t, size_t column, bool reverse);

/* Turn the order of the shown rows round. */
void table__reverse(struct table *t);

/* Which columns of a table are drawn, from left to right, how wide. */
struct layout {
	size_t len;
	uint8_t column[COLUMNS_MAX];
	size_t width[COLUMNS_MAX];
	uint32_t collapsed; /* bits of columns left out because each row has
			     * the same in it */
	uint32_t dropped;   /* bits of columns left out for lack of room */
	bool cut;	    /* some text is narrower than it is */
};

#define LAYOUT_NO_COLUMN COLUMNS_MAX

/* Fit the columns in mask (bits), one space apart, into width. What gives way,
 * in this order: columns that are the same in each row, luxuries, texts down
 * to comfort, what is nice to have, texts down to their narrowest, the rest by
 * priority. keep: a column that stays, or LAYOUT_NO_COLUMN. */
void layout__fit(struct layout *l, const struct table *t, uint32_t mask,
		 size_t width, size_t keep);

#endif
