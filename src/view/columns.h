/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The columns of the tables that live view, periodic table and report share:
 * what each is called, means, and holds for a row, and what gives way when
 * there is not enough room. Fed with a row of a snapshot, yields cells.
 */
#ifndef REQTRACE_VIEW_COLUMNS_H
#define REQTRACE_VIEW_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/snapshot.h"

#define COLUMNS_MAX 24
#define CELL_LEN 256
#define COLUMN_NICE_TO_HAVE 10 /* priorities from here on */
#define COLUMN_LUXURY 50       /* these go before any text is cut */

struct cell {
	char text[CELL_LEN]; /* clean; "" when the row has no such thing */
	double number;	     /* to sort by, if the column holds numbers */
};

struct column;

struct column_source {
	const struct snapshot *snap;
	const struct column *column;
	const void *row; /* struct snapshot_row, or snapshot_conn */
	bool whole;	 /* rates over the whole time, not the interval */
	bool utf8;
};

struct column {
	const char *title;
	const char *meaning; /* half a sentence for the help */
	void (*fill)(const struct column_source *source, struct cell *cell);
	double quantile;
	uint8_t min;	  /* cut to no less than this; 0: never cut (numbers) */
	uint8_t comfort;  /* columns that are nice to have (see below) go before
			   * it is cut to less than this; 0: as min */
	uint8_t max;	  /* never wider than this; 0: no limit */
	uint8_t priority; /* dropped from the highest on; 0: never */
	bool number;	  /* right-aligned; largest first when sorted */
	bool collapsible; /* says nothing when it is the same in each row */
	bool names;	  /* the filter looks in it */
	bool report_only; /* too much for a screen that changes */
	bool second_line; /* goes there when a report's row needs two */
	bool spare;	  /* and this is left out then */
};

/* The columns of a grouping's rows: *len, at most COLUMNS_MAX. */
const struct column *columns__of(enum snapshot_by by, size_t *len);

/* Row i of the snapshot for fill(), and how many there are. */
const void *columns__row(const struct snapshot *snap, size_t i);
size_t columns__rows(const struct snapshot *snap);

/* "server", "client", "" */
const char *columns__role(enum rt_role role);

/* "operation", "port", ... as --by takes them. */
const char *columns__by(enum snapshot_by by);

#endif
