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
 * otel.metric.overflow. Of points that have ended, and whose end nobody has
 * got, the latest so many are told. */
#define BUILD_MAX_POINTS 2000

/* Services that have exited, and whose last figures or whose end nobody has
 * got: of more than that the oldest are given up. */
#define BUILD_MAX_EXITED 256

/* A service, or process, that has exited is told until figures of so much later
 * were delivered: its connections are torn down after it. */
#define BUILD_LINGER_NS UINT64_C(5000000000)

struct exemplars;
struct build;

/* reqtrace's own figures, which are in no snapshot. */
struct build_health {
	const struct metric_attribute *attributes; /* sorted by key */
	size_t attributes_len;
	const struct metric_info *info; /* in metric_table */
	uint64_t value;
};

/* What is in no snapshot. */
struct build_facts {
	uint64_t time; /* CLOCK_REALTIME ns: of the batch */
	/* The .made of the latest batch that has arrived where batches are sent
	 * to; UINT64_MAX where that is not known. */
	uint64_t delivered;
	const struct exemplars *exemplars; /* NULL: there are no spans */
	const struct build_health *health;
	size_t health_len;
};

/* config must outlive it. NULL when out of memory. */
struct build *build__new(const struct export_config *config);
void build__free(struct build *b); /* accepts NULL */

/* The batch of a snapshot, a reference of the caller's. 0 or -ENOMEM: nothing
 * was told, the next one tells it. */
int build__metrics(struct build *b, const struct snapshot *snap,
		   const struct build_facts *facts, const struct metrics **out);

/* service.instance.id of the service that a process belongs to, as of the
 * latest batch; NULL when not known. Valid until the next. */
const char *build__resource_id(const struct build *b, uint32_t pid);

#endif
