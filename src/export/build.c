/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns what batches have in common: the services and the batch before. Fed
 * with snapshots, yields batches.
 */
#include "export/build.h"

#include <errno.h>
#include <stdlib.h>

#include "export/build_points.h"

struct build {
	struct services services;
	const struct metrics *before; /* a reference; NULL: none was made yet */
};

struct build *build__new(const struct export_config *config)
{
	struct build *b = calloc(1, sizeof(*b));

	if (b)
		services__init(&b->services, config);
	return b;
}

void build__free(struct build *b)
{
	if (!b)
		return;
	services__free(&b->services);
	metrics__put(b->before);
	free(b);
}

/* The metrics of one service, in the order of the table. */
static int make_resource(struct points *ps, struct runs runs[METRIC_IDS],
			 struct service *s, struct metric_resource *out)
{
	struct attributes attributes = attributes__copy(
		s->attributes, s->attributes_len, &ps->batch->arena);
	struct metric *metrics =
		arena__get(&ps->batch->arena, METRIC_IDS * sizeof(*metrics));
	int err = metrics ? 0 : -ENOMEM;

	*out = (struct metric_resource){
		.id = arena__text(&ps->batch->arena, s->id,
				  SERVICE_ID_SIZE - 1),
		.attributes = attributes.item,
		.attributes_len = attributes.len,
		.metrics = metrics,
	};
	for (int id = 0; id < METRIC_IDS && !err; id++) {
		struct metric *m = &metrics[out->metrics_len];

		err = points__make(ps, &runs[id], id, s, m);
		out->metrics_len += m->points_len != 0;
	}
	return err;
}

static int make_resources(struct points *ps, struct runs runs[METRIC_IDS],
			  struct service *const *sorted, size_t len)
{
	struct metrics *m = &ps->batch->m;
	struct metric_resource *list =
		arena__get(&ps->batch->arena, len * sizeof(*list));
	int err = list ? 0 : -ENOMEM;

	m->resources = list;
	for (size_t i = 0; i < len && !err; i++) {
		struct metric_resource *r = &list[m->resources_len];

		err = make_resource(ps, runs, sorted[i], r);
		m->resources_len += r->metrics_len != 0;
	}
	return ps->batch->arena.failed ? -ENOMEM : err;
}

/* Cells are complete: merge, bound, compare with what was. */
static int make_points(struct build *b, struct cells *cs, struct points *ps)
{
	struct service **sorted = services__sorted(&b->services);
	struct runs runs[METRIC_IDS] = {0};
	int err = sorted ? 0 : -ENOMEM;

	for (int id = 0; id < METRIC_IDS && !err; id++)
		err = runs__make(&runs[id], &cs->of[id], id, sorted,
				 b->services.len, b->before);
	if (!err)
		err = points__give_up(ps);
	if (!err)
		err = make_resources(ps, runs, sorted, b->services.len);
	for (int id = 0; id < METRIC_IDS; id++)
		runs__free(&runs[id]);
	free(sorted);
	return err;
}

static int fill(struct build *b, const struct snapshot *snap,
		const struct build_facts *facts, struct batch *batch)
{
	/* What was in no batch was 0 when the latest one was made. */
	uint64_t start = b->before ? b->before->time : snap->wall_start;
	struct cells cells = {
		.services = &b->services,
		.arena = &batch->arena,
		.snap = snap,
		.start = start,
	};
	struct points points = {
		.services = &b->services,
		.before = b->before,
		.exemplars = facts->exemplars,
		.delivered = facts->delivered,
		.batch = batch,
	};
	int err = services__update(&b->services, snap, start, facts->delivered);

	if (!err)
		err = cells__fill(&cells, facts->health, facts->health_len);
	if (!err)
		err = make_points(b, &cells, &points);
	cells__free(&cells);
	return err;
}

/* A clock that was set back must not make time run backwards. */
static uint64_t time_of(const struct build *b, const struct snapshot *snap,
			const struct build_facts *facts)
{
	uint64_t least = b->before ? b->before->time : snap->wall_start;

	return facts->time > least ? facts->time : least + 1;
}

int build__metrics(struct build *b, const struct snapshot *snap,
		   const struct build_facts *facts, const struct metrics **out)
{
	struct batch *batch = batch__new();
	int err;

	if (!batch)
		return -ENOMEM;
	batch->m.start = snap->wall_start;
	batch->m.time = time_of(b, snap, facts);
	batch->m.made = snap->now;
	batch->m.final = snap->final;
	err = fill(b, snap, facts, batch);
	if (err) {
		metrics__put(&batch->m);
		return err;
	}
	services__commit(&b->services, facts->delivered);
	metrics__put(b->before);
	b->before = metrics__get(&batch->m);
	*out = &batch->m;
	return 0;
}

const char *build__resource_id(const struct build *b, uint32_t pid)
{
	const struct member *m = services__member(&b->services, pid);

	return m && m->service ? m->service->id : NULL;
}
