/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From snapshots to batches of metrics: which figure is which metric of which
 * service, by OpenTelemetry's semantic conventions. Remembers what it has told
 * before, so that start times stay, no total ever falls, and what has ended is
 * said to have.
 */
#ifndef REQTRACE_EXPORT_BUILD_H
#define REQTRACE_EXPORT_BUILD_H

#include "export/config.h"
#include "export/metrics.h"
#include "stats/snapshot.h"

/* Points of a metric at most, in all resources; the rest is in one with
 * otel.metric.overflow. */
#define BUILD_MAX_POINTS 2000

struct exemplars;
struct build;

/* reqtrace's own figures, which are in no snapshot. */
struct build_health {
	const struct metric_attribute *attributes; /* sorted by key */
	size_t attributes_len;
	const struct metric_info *info; /* in metric_table */
	uint64_t value;
};

/* config must outlive it. NULL when out of memory. */
struct build *build__new(const struct export_config *config);
void build__free(struct build *b); /* accepts NULL */

/* The batch of a snapshot, a reference of the caller's. exemplars: NULL if
 * there are no spans. 0 or -ENOMEM: nothing was told, the next one tells it. */
int build__metrics(struct build *b, const struct snapshot *snap,
		   const struct exemplars *exemplars,
		   const struct build_health *health, size_t health_len,
		   const struct metrics **out);

/* service.instance.id of the service that a process belongs to, as of the
 * latest batch; NULL when not known. Valid until the next. */
const char *build__resource_id(const struct build *b, uint32_t pid);

#endif
