/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the cells of one metric to its points: equal ones merged, the rest that
 * finds no room too, and beside the points of the batch before: what goes on,
 * what begins, what fell, what has ended.
 */
#ifndef REQTRACE_EXPORT_BUILD_POINTS_H
#define REQTRACE_EXPORT_BUILD_POINTS_H

#include "export/batch.h"
#include "export/build_cells.h"

/* Cells of one service with equal attributes. */
struct run {
	struct cell *first; /* in the list of cells */
	size_t len;
};

struct runs {
	struct run *run; /* owned; sorted: service, attributes */
	size_t len;
	size_t next; /* of those that were made points */
};

struct points {
	const struct services *services;
	const struct metrics *before; /* NULL: this is the first batch */
	uint64_t delivered;	      /* see struct build_facts */
	/* Of each metric: points that ended before are told no more; 0: all
	 * are. */
	uint64_t given_up[METRIC_IDS];
	const struct exemplars *exemplars;
	struct batch *batch;
};

/* Set .given_up, so that ends which nobody gets do not pile up. 0 or -ENOMEM.
 */
int points__give_up(struct points *ps);

/* Sort the cells of a metric into runs, no more than BUILD_MAX_POINTS without
 * those of overflow. sorted: all services by rank. 0 or -ENOMEM. */
int runs__make(struct runs *rs, struct cell_list *cells, enum metric_id id,
	       struct service *const *sorted, size_t sorted_len,
	       const struct metrics *before);
void runs__free(struct runs *rs);

/* Make points of all runs of service s, and of those of its points that are
 * missing now. Services are to come in the order of their ranks. *out: none if
 * .points_len is 0. 0 or -ENOMEM. */
int points__make(struct points *ps, struct runs *rs, enum metric_id id,
		 struct service *s, struct metric *out);

#endif
