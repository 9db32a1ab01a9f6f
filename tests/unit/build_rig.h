/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small snapshot that tests change as they like, and the batches that are
 * built of it. Every batch is checked for its order and its bounds.
 */
#ifndef TESTS_UNIT_BUILD_RIG_H
#define TESTS_UNIT_BUILD_RIG_H

#include "export/build.h"

#define RIG_SECOND UINT64_C(1000000000)
#define RIG_MS UINT64_C(1000000)
#define RIG_WALL (UINT64_C(1760000000) * RIG_SECOND)

#define RIG_PROCESSES 64

struct rig {
	struct export_config config;
	struct build *b;
	struct snapshot snap;
	struct snapshot_process process[RIG_PROCESSES];
	struct snapshot_series *series; /* room for series_max */
	size_t series_max;
	struct snapshot_stream stream[2];
	struct snapshot_port port[2];
	struct snapshot_in_flight flying[2];
	struct snapshot_counter counter[4];
	const struct build_health *health;
	size_t health_len;
	const struct exemplars *exemplars;
	uint64_t delivered; /* struct build_facts; at first all at once */
	const struct metrics *last; /* the latest batch */
};

void rig__init(struct rig *r, size_t series_max);
void rig__free(struct rig *r);

/* Pids are to ascend. */
struct snapshot_process *rig__process(struct rig *r, uint32_t pid,
				      uint32_t ppid, const char *service);
struct snapshot_series *rig__series(struct rig *r, uint32_t pid,
				    enum rt_role role, uint16_t port,
				    const char *protocol, const char *operation,
				    const char *status);
/* A request whose time is spread over all parts; times times. */
void rig__request(struct snapshot_series *s, uint64_t ns, uint64_t times);
/* The snapshot is empty again but for its processes. */
void rig__clear(struct rig *r);

/* The next batch, 10 s later; the rig's. The one before is compared with it:
 * what must stay stays. */
const struct metrics *rig__batch(struct rig *r);

/* How many resources have that service.name, and the first of them. */
size_t rig__resources(const struct metrics *m, const char *service,
		      const struct metric_resource **first);
/* "key=value" of a resource, or NULL. */
const char *rig__value(const struct metric_resource *r, const char *key);
int64_t rig__number(const struct metric_resource *r, const char *key);

/* A metric of a resource; one without points if it is not there. */
struct metric rig__metric(const struct metric_resource *r, const char *name);
/* Its point with these attributes, "key=value key=value", or NULL. */
const struct metric_point *rig__point(const struct metric_resource *r,
				      const char *name, const char *attributes);
/* Sums over all points. */
uint64_t rig__count(const struct metric_resource *r, const char *name);
uint64_t rig__sum(const struct metric_resource *r, const char *name);

#endif
