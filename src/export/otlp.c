// SPDX-License-Identifier: GPL-2.0-only
/*
 * Metrics requests: owns the place in a batch that has been reached, and the
 * baselines of what was delivered. Fed with batches; yields requests one by
 * one, each told to have arrived before the next.
 */
#include "export/otlp.h"

#include <errno.h>
#include <stdlib.h>

#include "export/otlp_baseline.h"
#include "export/otlp_format.h"

/* A point of a batch: behind the last one, resource is resources_len. */
struct place {
	size_t resource, metric, point;
};

struct otlp_metrics {
	const struct export_config *config;
	const struct metrics *batch; /* a reference; NULL: none yet */
	struct place begin, end;     /* of the last request; end is not in it */
	struct baselines baselines;
	struct otlp_point point; /* scratch */
};

struct otlp_metrics *otlp_metrics__new(const struct export_config *config)
{
	struct otlp_metrics *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->config = config;
	baselines__init(&o->baselines, config->delta);
	return o;
}

void otlp_metrics__free(struct otlp_metrics *o)
{
	if (!o)
		return;
	metrics__put(o->batch);
	baselines__free(&o->baselines);
	free(o);
}

int otlp_metrics__begin(struct otlp_metrics *o, const struct metrics *m)
{
	int err = baselines__begin(&o->baselines, m);

	if (err)
		return err;
	metrics__get(m);
	metrics__put(o->batch);
	o->batch = m;
	o->begin = o->end = (struct place){0};
	return 0;
}

/* What is at a place; NULL behind the last point. */
static const struct metric_point *at(const struct otlp_metrics *o,
				     const struct place *place,
				     const struct metric_resource **r,
				     const struct metric **metric)
{
	if (!o->batch || place->resource >= o->batch->resources_len)
		return NULL;
	*r = &o->batch->resources[place->resource];
	*metric = &(*r)->metrics[place->metric];
	return &(*metric)->points[place->point];
}

static void advance(const struct metrics *m, struct place *place)
{
	const struct metric_resource *r = &m->resources[place->resource];

	if (++place->point < r->metrics[place->metric].points_len)
		return;
	place->point = 0;
	if (++place->metric < r->metrics_len)
		return;
	place->metric = 0;
	place->resource++;
}

/* --- figures of a point ---------------------------------------------- */

static bool is_delta(const struct otlp_metrics *o,
		     const struct metric_info *info)
{
	return o->config->delta &&
	       (info->kind == METRIC_HISTOGRAM || info->kind == METRIC_COUNTER);
}

/* Those that were not delivered. */
static void take_exemplars(struct otlp_point *out, const struct metric_point *p,
			   const struct baseline *base)
{
	size_t known = 0;

	while (base && known < p->exemplars_len &&
	       p->exemplars[known].time <= base->exemplar)
		known++;
	out->exemplars = p->exemplars ? p->exemplars + known : NULL;
	out->exemplars_len = p->exemplars_len - known;
}

/* The difference of cumulative counts, reckoned at one scale. */
static void take_explicit(struct otlp_point *out, const struct histogram *h,
			  const struct histogram *base)
{
	const int scale =
		base->len && base->scale < h->scale ? base->scale : h->scale;
	uint64_t now[EXPLICIT_BOUNDS], then[EXPLICIT_BOUNDS], before = 0;

	explicit__cumulative(h, scale, now);
	explicit__cumulative(base, scale, then);
	for (int k = 0; k < EXPLICIT_BOUNDS; k++) {
		const uint64_t below = now[k] - then[k];

		out->explicit_counts[k] = below - before;
		before = below;
	}
	out->explicit_counts[EXPLICIT_BOUNDS] = out->count - before;
}

/* False: base is no earlier state of h. */
static bool take_histogram(const struct otlp_metrics *o, struct otlp_point *out,
			   const struct histogram *h,
			   const struct histogram *base)
{
	static const struct histogram none;

	if (!base)
		base = &none;
	if (h->count < base->count || h->sum < base->sum ||
	    h->zero_count < base->zero_count)
		return false;
	if (!buckets__of(&out->buckets, h, base, BUCKETS_MAX))
		return false;
	out->count = h->count - base->count;
	out->sum = h->sum - base->sum;
	out->zero_count = h->zero_count - base->zero_count;
	if (o->config->explicit_buckets)
		take_explicit(out, h, base);
	return true;
}

static bool take_figures(const struct otlp_metrics *o, struct otlp_point *out,
			 const struct metric_info *info,
			 const struct metric_point *p,
			 const struct baseline *base)
{
	if (info->kind == METRIC_HISTOGRAM)
		return take_histogram(o, out, &p->histogram,
				      base ? &base->histogram : NULL);
	if (base && p->value < base->value)
		return false;
	out->value = p->value - (base ? base->value : 0);
	return true;
}

/* Whether a point is to be sent, and as what. A delta of nothing is not. */
static bool prepare(const struct otlp_metrics *o,
		    const struct metric_info *info,
		    const struct metric_point *p, const struct baseline *base,
		    struct otlp_point *out)
{
	const bool delta = is_delta(o, info);

	out->of = p;
	out->time = o->batch->time;
	out->start = info->kind == METRIC_GAUGE ? 0 : p->start;
	out->no_value = p->ended;
	out->has_ends = !delta && p->histogram.count;
	take_exemplars(out, p, base);
	if (p->ended)
		return !delta;
	if (!delta)
		return take_figures(o, out, info, p, NULL);
	/* Whatever became of its figures, time goes on from the last delta. */
	if (base && base->start == p->start)
		out->start = base->time;
	else
		base = NULL;
	if (!take_figures(o, out, info, p, base))
		take_figures(o, out, info, p, NULL);
	return info->kind == METRIC_HISTOGRAM ? out->count : out->value;
}

/* The same with what is known of it. 1: to be sent, 0: not, or -ENOMEM. */
static int look_at(struct otlp_metrics *o, const struct metric_resource *r,
		   const struct metric_info *info, const struct metric_point *p)
{
	struct baseline *base;
	int err = baselines__find(&o->baselines, r, info, p, &base);

	return err ? err : prepare(o, info, p, base, &o->point);
}

/* --- requests ---------------------------------------------------------- */

/* Close what is open and does not hold the place. Not to be taken back: lengths
 * are written then, and what is before them moves. */
static void leave(struct otlp_writer *w, const struct place *last,
		  const struct place *place)
{
	if (last->resource != place->resource)
		otlp_writer__close_resource(w);
	else if (last->metric != place->metric)
		otlp_writer__close_metric(w);
}

static void enter(const struct otlp_metrics *o, struct otlp_writer *w,
		  const struct metric_resource *r,
		  const struct metric_info *info)
{
	if (!w->in_resource)
		otlp_writer__resource(w, r->attributes, r->attributes_len);
	if (!w->in_metric)
		otlp_writer__metric(w, info,
				    is_delta(o, info) ? OTLP_DELTA
						      : OTLP_CUMULATIVE);
}

/* Write one more point. False: it is for the next request. */
static bool write_point(const struct otlp_metrics *o, struct otlp_writer *w,
			const struct metric_resource *r,
			const struct metric_info *info, size_t max)
{
	const struct otlp_writer before = *w;
	const size_t len = w->out->len;

	enter(o, w, r, info);
	w->format->point(w, info, &o->point);
	return !otlp_writer__takes_back(w, &before, len, max);
}

/* Write from .begin on, set .end. 0 or -ENOMEM. */
static int write_points(struct otlp_metrics *o, struct otlp_writer *w,
			size_t max)
{
	const struct metric_resource *r;
	const struct metric_point *p;
	const struct metric *metric;
	struct place place = o->begin, last = place;

	while ((p = at(o, &place, &r, &metric))) {
		const int found = look_at(o, r, metric->info, p);

		if (found < 0)
			return found;
		if (found) {
			leave(w, &last, &place);
			if (!write_point(o, w, r, metric->info, max))
				break;
			if (w->out->err)
				return w->out->err;
			last = place;
		}
		advance(o->batch, &place);
	}
	o->end = place;
	return 0;
}

int otlp_metrics__next(struct otlp_metrics *o, size_t max, struct buffer *out,
		       size_t *points)
{
	struct otlp_writer w;
	int err;

	otlp_writer__begin(&w, o->config->otlp[OTLP_METRICS].protocol,
			   OTLP_METRICS, out);
	w.explicit_buckets = o->config->explicit_buckets;
	*points = 0;
	o->end = o->begin;
	err = write_points(o, &w, max);
	otlp_writer__end(&w);
	if (!err)
		err = out->err;
	if (!err)
		*points = w.total;
	if (err || !w.total)
		buffer__clear(out);
	return err;
}

int otlp_metrics__delivered(struct otlp_metrics *o)
{
	const struct metric_resource *r = NULL;
	const struct metric_point *p;
	const struct metric *metric = NULL;

	while (o->begin.resource != o->end.resource ||
	       o->begin.metric != o->end.metric ||
	       o->begin.point != o->end.point) {
		int err;

		p = at(o, &o->begin, &r, &metric);
		err = look_at(o, r, metric->info, p);
		if (err > 0 || p->ended)
			err = baselines__set(&o->baselines, r, metric->info, p,
					     o->batch->time);
		if (err < 0)
			return err;
		advance(o->batch, &o->begin);
	}
	return 0;
}

void otlp_metrics__refused(struct otlp_metrics *o)
{
	o->begin = o->end;
}
