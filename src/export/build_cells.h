/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cells: every figure of a snapshot, with the metric, the service and the
 * attributes that it counts for. Those that agree in all three become one
 * point.
 */
#ifndef REQTRACE_EXPORT_BUILD_CELLS_H
#define REQTRACE_EXPORT_BUILD_CELLS_H

#include "export/arena.h"
#include "export/build.h"
#include "export/build_attributes.h"
#include "export/build_services.h"

struct cell {
	struct service *service;
	struct attributes attributes;
	const struct histogram *histogram; /* the snapshot's; or: */
	uint64_t value;
	const struct snapshot_series *series; /* of a duration: has exemplars */
	bool overflow;	/* .attributes is attributes_overflow */
	bool temporary; /* .attributes are in struct cells' .temporary */
};

struct cell_list {
	struct cell *cell; /* owned */
	size_t len, cap;
};

struct cells {
	struct cell_list of[METRIC_IDS];
	struct services *services; /* not owned */
	struct arena *arena;	   /* not owned: where attributes are */
	struct arena temporary;	   /* those that few points will have */
	const struct snapshot *snap;
	uint64_t start; /* of services that are new */
};

/* Fill cells, all of whose lists are empty. 0 or -ENOMEM. */
int cells__fill(struct cells *cs, const struct build_health *health,
		size_t health_len);
void cells__free(struct cells *cs);

#endif
