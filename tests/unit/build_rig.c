/* SPDX-License-Identifier: GPL-2.0-only */
/* See build_rig.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "build_rig.h"
#include "export/metric_table.h"
#include "stats/measure.h"

void rig__init(struct rig *r, size_t series_max)
{
	memset(r, 0, sizeof(*r));
	r->series = calloc(series_max, sizeof(*r->series));
	assert_non_null(r->series);
	r->series_max = series_max;
	r->delivered = UINT64_MAX;
	r->b = build__new(&r->config);
	assert_non_null(r->b);
	r->snap = (struct snapshot){
		.version = "1.2.3",
		.host = "box",
		.kernel = "6.1.0",
		.arch = "x86_64",
		.wall_start = RIG_WALL,
		.start = 500 * RIG_SECOND,
		.now = 500 * RIG_SECOND,
		.processes = r->process,
		.series = r->series,
		.streams = r->stream,
		.ports = r->port,
		.flying = r->flying,
		.counters = r->counter,
	};
}

void rig__clear(struct rig *r)
{
	for (size_t i = 0; i < r->snap.series_len; i++)
		measure__free(&r->series[i].m);
	r->snap.series_len = 0;
	r->snap.streams_len = r->snap.ports_len = r->snap.flying_len = 0;
}

void rig__free(struct rig *r)
{
	rig__clear(r);
	free(r->series);
	build__free(r->b);
	/* It outlives what it was built by. */
	metrics__put(r->last);
}

struct snapshot_process *rig__process(struct rig *r, uint32_t pid,
				      uint32_t ppid, const char *service)
{
	struct snapshot_process *p = &r->process[r->snap.processes_len++];

	assert_true(p < r->process + RIG_PROCESSES);
	*p = (struct snapshot_process){.pid = pid,
				       .ppid = ppid,
				       .comm = "comm",
				       .exe = "/usr/bin/program",
				       .service = service,
				       .resource = ""};
	return p;
}

struct snapshot_series *rig__series(struct rig *r, uint32_t pid,
				    enum rt_role role, uint16_t port,
				    const char *protocol, const char *operation,
				    const char *status)
{
	struct snapshot_series *s = &r->series[r->snap.series_len++];

	assert_true(r->snap.series_len <= r->series_max);
	*s = (struct snapshot_series){.pid = pid,
				      .comm = pid ? "comm" : "other",
				      .service = "",
				      .role = role,
				      .port = port,
				      .protocol = protocol,
				      .operation = operation,
				      .status = status,
				      .version = ""};
	measure__init(&s->m);
	return s;
}

void rig__request(struct snapshot_series *s, uint64_t ns, uint64_t times)
{
	uint64_t left = ns;

	assert_int_equal(histogram__add(&s->m.duration, ns, times), 0);
	assert_int_equal(
		histogram__add(&s->m.time_to_first_byte, ns / 2, times), 0);
	for (int i = 0; i < PARTS; i++) {
		uint64_t part = i == PARTS - 1 ? left : ns / 20 + (uint64_t)i;

		assert_true(part <= left);
		assert_int_equal(histogram__add(&s->m.part[i], part, times), 0);
		left -= part;
	}
	s->m.bytes_in += 100 * times;
	s->m.bytes_out += 1000 * times;
}

static void check_points(const struct metric *metric)
{
	size_t own = 0;

	assert_true(metric->points_len > 0);
	for (size_t i = 0; i < metric->points_len; i++) {
		const struct metric_point *p = &metric->points[i];

		for (size_t k = 1; k < p->attributes_len; k++)
			assert_true(strcmp(p->attributes[k - 1].key,
					   p->attributes[k].key) < 0);
		if (i)
			assert_true(metrics__compare_attributes(
					    p[-1].attributes,
					    p[-1].attributes_len, p->attributes,
					    p->attributes_len) < 0);
		assert_true(p->histogram.len <= 160);
		own += !p->overflow && !p->ended;
	}
	assert_true(own <= BUILD_MAX_POINTS);
}

static void check(const struct metrics *m)
{
	for (size_t i = 0; i < m->resources_len; i++) {
		const struct metric_resource *r = &m->resources[i];

		if (i)
			assert_true(strcmp(r[-1].id, r->id) < 0);
		assert_string_equal(rig__value(r, "service.instance.id"),
				    r->id);
		for (size_t k = 1; k < r->attributes_len; k++)
			assert_true(strcmp(r->attributes[k - 1].key,
					   r->attributes[k].key) < 0);
		for (size_t k = 0; k < r->metrics_len; k++) {
			if (k)
				assert_true(r->metrics[k - 1].info <
					    r->metrics[k].info);
			check_points(&r->metrics[k]);
		}
	}
}

static const struct metric_point *same_point(const struct metrics *m,
					     const char *id,
					     const struct metric_info *info,
					     const struct metric_point *p)
{
	for (size_t i = 0; i < m->resources_len; i++) {
		const struct metric_resource *r = &m->resources[i];
		const struct metric metric = rig__metric(r, info->name);

		if (strcmp(r->id, id) != 0)
			continue;
		for (size_t k = 0; k < metric.points_len; k++) {
			if (!metrics__compare_attributes(
				    metric.points[k].attributes,
				    metric.points[k].attributes_len,
				    p->attributes, p->attributes_len))
				return &metric.points[k];
		}
	}
	return NULL;
}

/* Of the batch that is checked: see struct build_facts. */
static uint64_t delivered;

/* was: in the batch before, or NULL. */
static void check_point(const struct metrics *before,
			const struct metric_info *info,
			const struct metric_point *was,
			const struct metric_point *is)
{
	assert_true(is->start <= before->time);
	if (is->ended) {
		/* Only what had figures; again only if nobody got it. */
		assert_non_null(was);
		assert_true(!was->ended || was->ended > delivered);
		assert_int_equal(is->histogram.count, 0);
		assert_int_equal(is->value, 0);
		return;
	}
	if (!was)
		return;
	if (was->ended || is->start != was->start) {
		assert_int_equal(is->start, before->time);
		return;
	}
	assert_true(is->histogram.count >= was->histogram.count);
	assert_true(is->histogram.sum >= was->histogram.sum);
	if (info->kind == METRIC_COUNTER)
		assert_true(is->value >= was->value);
}

typedef void (*point_fn)(const struct metrics *other, const char *id,
			 const struct metric_info *info,
			 const struct metric_point *p);

static void each_point(const struct metrics *m, const struct metrics *other,
		       point_fn fn)
{
	for (size_t i = 0; i < m->resources_len; i++) {
		const struct metric_resource *r = &m->resources[i];

		for (size_t k = 0; k < r->metrics_len; k++) {
			/* All with all: only of few. */
			size_t len = r->metrics[k].points_len;

			for (size_t j = 0; len < 100 && j < len; j++)
				fn(other, r->id, r->metrics[k].info,
				   &r->metrics[k].points[j]);
		}
	}
}

static void check_new(const struct metrics *before, const char *id,
		      const struct metric_info *info,
		      const struct metric_point *is)
{
	check_point(before, info, same_point(before, id, info, is), is);
}

static void check_old(const struct metrics *now, const char *id,
		      const struct metric_info *info,
		      const struct metric_point *was)
{
	if (!was->ended)
		assert_non_null(same_point(now, id, info, was));
}

/* Nothing vanishes without a word, falls, or ends twice. */
static void check_since(const struct metrics *before, const struct metrics *now)
{
	each_point(now, before, check_new);
	each_point(before, now, check_old);
}

const struct metrics *rig__batch(struct rig *r)
{
	struct build_facts facts = {
		.exemplars = r->exemplars,
		.health = r->health,
		.health_len = r->health_len,
	};
	const struct metrics *m;

	r->snap.now += 10 * RIG_SECOND;
	facts.time = RIG_WALL + (r->snap.now - r->snap.start);
	facts.delivered = delivered = r->delivered;
	assert_int_equal(build__metrics(r->b, &r->snap, &facts, &m), 0);
	assert_int_equal(m->time, RIG_WALL + (r->snap.now - r->snap.start));
	check(m);
	if (r->last)
		check_since(r->last, m);
	metrics__put(r->last);
	r->last = m;
	return m;
}

static const struct metric_attribute *find_attribute(
	const struct metric_resource *r, const char *key)
{
	for (size_t i = 0; i < r->attributes_len; i++) {
		if (!strcmp(r->attributes[i].key, key))
			return &r->attributes[i];
	}
	return NULL;
}

const char *rig__value(const struct metric_resource *r, const char *key)
{
	const struct metric_attribute *a = find_attribute(r, key);

	return a ? a->text : NULL;
}

int64_t rig__number(const struct metric_resource *r, const char *key)
{
	const struct metric_attribute *a = find_attribute(r, key);

	assert_non_null(a);
	assert_null(a->text);
	return a->number;
}

size_t rig__resources(const struct metrics *m, const char *service,
		      const struct metric_resource **first)
{
	size_t n = 0;

	*first = NULL;
	for (size_t i = 0; i < m->resources_len; i++) {
		const struct metric_resource *r = &m->resources[i];

		if (strcmp(rig__value(r, "service.name"), service) != 0)
			continue;
		if (!n++)
			*first = r;
	}
	return n;
}

struct metric rig__metric(const struct metric_resource *r, const char *name)
{
	for (size_t i = 0; r && i < r->metrics_len; i++) {
		if (!strcmp(r->metrics[i].info->name, name))
			return r->metrics[i];
	}
	return (struct metric){0};
}

static void print(const struct metric_point *p, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < p->attributes_len && len < size; i++) {
		const struct metric_attribute *a = &p->attributes[i];
		const char *gap = i ? " " : "";

		if (a->text)
			len += (size_t)snprintf(text + len, size - len,
						"%s%s=%s", gap, a->key,
						a->text);
		else if (a->is_bool)
			len += (size_t)snprintf(text + len, size - len,
						"%s%s=%s", gap, a->key,
						a->number ? "true" : "false");
		else
			len += (size_t)snprintf(text + len, size - len,
						"%s%s=%lld", gap, a->key,
						(long long)a->number);
	}
}

const struct metric_point *rig__point(const struct metric_resource *r,
				      const char *name, const char *attributes)
{
	const struct metric metric = rig__metric(r, name);
	char text[1024];

	for (size_t i = 0; i < metric.points_len; i++) {
		print(&metric.points[i], text, sizeof(text));
		if (!strcmp(text, attributes))
			return &metric.points[i];
	}
	for (size_t i = 0; i < metric.points_len && i < 8; i++) {
		print(&metric.points[i], text, sizeof(text));
		print_message("%s has: %s\n", name, text);
	}
	return NULL;
}

uint64_t rig__count(const struct metric_resource *r, const char *name)
{
	const struct metric metric = rig__metric(r, name);
	uint64_t all = 0;

	for (size_t i = 0; i < metric.points_len; i++)
		all += metric.points[i].histogram.count;
	return all;
}

uint64_t rig__sum(const struct metric_resource *r, const char *name)
{
	const struct metric metric = rig__metric(r, name);
	uint64_t all = 0;

	for (size_t i = 0; i < metric.points_len; i++)
		all += metric.points[i].histogram.sum + metric.points[i].value;
	return all;
}
