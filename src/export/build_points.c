/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns runs of cells while a batch is made; fed with the batch before, yields
 * points in the new one's memory.
 */
#include "export/build_points.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/exemplars.h"

/* OpenTelemetry's own bound of an exponential histogram. */
#define MAX_BUCKETS 160

/* --- the batch before ----------------------------------------------------- */

static const struct metric_resource *find_resource(const struct metrics *m,
						   const char *id)
{
	size_t lo = 0, hi = m ? m->resources_len : 0;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int order = strcmp(m->resources[mid].id, id);

		if (!order)
			return &m->resources[mid];
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/* The points of a metric in the batch before; an empty list if none. */
static struct metric find_metric(const struct metrics *m, const char *id,
				 const struct metric_info *info)
{
	const struct metric_resource *r = find_resource(m, id);

	for (size_t i = 0; r && i < r->metrics_len; i++) {
		if (r->metrics[i].info == info)
			return r->metrics[i];
	}
	return (struct metric){0};
}

static int compare_point(const struct metric_point *p, struct attributes with)
{
	return metrics__compare_attributes(p->attributes, p->attributes_len,
					   with.item, with.len);
}

/* --- runs ----------------------------------------------------------------- */

static int compare_cells(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;

	if (x->service != y->service)
		return x->service->rank < y->service->rank ? -1 : 1;
	return metrics__compare_attributes(
		x->attributes.item, x->attributes.len, y->attributes.item,
		y->attributes.len);
}

/* Snapshots have an order of their own, which is this one as a rule. */
static void sort(struct cell_list *cells)
{
	for (size_t i = 1; i < cells->len; i++) {
		if (compare_cells(&cells->cell[i - 1], &cells->cell[i]) > 0) {
			qsort(cells->cell, cells->len, sizeof(*cells->cell),
			      compare_cells);
			return;
		}
	}
}

/* rs->run has room for as many runs as there are cells. */
static void split(struct runs *rs, struct cell_list *cells)
{
	rs->len = 0;
	for (size_t i = 0; i < cells->len; i++) {
		struct run *last = rs->len ? &rs->run[rs->len - 1] : NULL;

		if (last && !compare_cells(last->first, &cells->cell[i]))
			last->len++;
		else
			rs->run[rs->len++] = (struct run){&cells->cell[i], 1};
	}
}

static void fold(struct run *run)
{
	for (size_t i = 0; i < run->len; i++) {
		run->first[i].attributes = attributes_overflow;
		run->first[i].overflow = true;
		run->first[i].temporary = false;
	}
}

static uint64_t weight(const struct run *run)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < run->len; i++)
		sum += run->first[i].histogram ? run->first[i].histogram->count
					       : run->first[i].value;
	return sum;
}

struct candidate {
	struct run *run;
	uint64_t weight;
};

/* The heaviest first; of equal ones in their order. */
static int by_weight(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return x->run < y->run ? -1 : 1;
}

/* Whether the batch before had a point of this run; *at: where to look on. */
static bool was_there(const struct metric *before, size_t *at,
		      const struct run *run)
{
	int order = -1;

	while (*at < before->points_len &&
	       (order = compare_point(&before->points[*at],
				      run->first->attributes)) < 0)
		(*at)++;
	return *at < before->points_len && !order && !before->points[*at].ended;
}

/*
 * Which runs have no room. Those that were points go on as such. New ones have
 * room while there is any and their service has no overflow yet: what is once
 * in there stays, or its total would fall. List the rest that could have room;
 * yields how many, and in *kept how many go on.
 */
static size_t find_candidates(struct runs *rs, enum metric_id id,
			      const struct metrics *before,
			      struct candidate *list, size_t *kept)
{
	const struct service *service = NULL;
	struct metric points = {0};
	size_t len = 0, at = 0;

	*kept = 0;
	for (size_t i = 0; i < rs->len; i++) {
		struct run *run = &rs->run[i];

		if (run->first->service != service) {
			service = run->first->service;
			points = find_metric(before, service->id,
					     &metric_table[id]);
			at = 0;
		}
		if (run->first->overflow)
			continue;
		if (was_there(&points, &at, run))
			++*kept;
		else if (service->full >> id & 1)
			fold(run);
		else
			list[len++] = (struct candidate){run, weight(run)};
	}
	return len;
}

/* Fold runs until no more are left than there is room for. 0 or -ENOMEM. */
static int bound(struct runs *rs, enum metric_id id,
		 const struct metrics *before)
{
	struct candidate *list = calloc(rs->len, sizeof(*list));
	size_t len, kept, room;

	if (!list)
		return -ENOMEM;
	len = find_candidates(rs, id, before, list, &kept);
	room = kept < BUILD_MAX_POINTS ? BUILD_MAX_POINTS - kept : 0;
	qsort(list, len, sizeof(*list), by_weight);
	for (size_t i = room; i < len; i++) {
		list[i].run->first->service->full_next |= UINT64_C(1) << id;
		fold(list[i].run);
	}
	free(list);
	return 0;
}

static bool any_is_full(enum metric_id id, struct service *const *sorted,
			size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (sorted[i]->full >> id & 1)
			return true;
	}
	return false;
}

int runs__make(struct runs *rs, struct cell_list *cells, enum metric_id id,
	       struct service *const *sorted, size_t sorted_len,
	       const struct metrics *before)
{
	int err;

	_Static_assert(METRIC_IDS <= 64, "bits of struct service's full");
	*rs = (struct runs){0};
	if (!cells->len)
		return 0;
	rs->run = calloc(cells->len, sizeof(*rs->run));
	if (!rs->run)
		return -ENOMEM;
	sort(cells);
	split(rs, cells);
	if (rs->len <= BUILD_MAX_POINTS && !any_is_full(id, sorted, sorted_len))
		return 0;
	err = bound(rs, id, before);
	if (err)
		return err;
	sort(cells);
	split(rs, cells);
	return 0;
}

void runs__free(struct runs *rs)
{
	free(rs->run);
	*rs = (struct runs){0};
}

/* --- ends that nobody gets ------------------------------------------------ */

static size_t count_ended(const struct metric *metric, uint64_t delivered)
{
	size_t ended = 0;

	for (size_t i = 0; i < metric->points_len; i++)
		ended += metric->points[i].ended > delivered;
	return ended;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* When the first of the latest BUILD_MAX_POINTS ended of a metric that has len
 * ended points in the batch before. 0 or -ENOMEM. */
static int find_latest(const struct points *ps, enum metric_id id, size_t len,
		       uint64_t *out)
{
	uint64_t *ended = calloc(len, sizeof(*ended));
	size_t n = 0;

	if (!ended)
		return -ENOMEM;
	for (size_t i = 0; i < ps->before->resources_len; i++) {
		const struct metric metric =
			find_metric(ps->before, ps->before->resources[i].id,
				    &metric_table[id]);

		for (size_t k = 0; k < metric.points_len; k++) {
			if (metric.points[k].ended > ps->delivered)
				ended[n++] = metric.points[k].ended;
		}
	}
	qsort(ended, len, sizeof(*ended), by_value);
	*out = ended[len - BUILD_MAX_POINTS];
	free(ended);
	return 0;
}

int points__give_up(struct points *ps)
{
	size_t ended[METRIC_IDS] = {0};
	int err = 0;

	for (size_t i = 0; ps->before && i < ps->before->resources_len; i++) {
		const struct metric_resource *r = &ps->before->resources[i];

		for (size_t k = 0; k < r->metrics_len; k++)
			ended[r->metrics[k].info - metric_table] +=
				count_ended(&r->metrics[k], ps->delivered);
	}
	for (int id = 0; id < METRIC_IDS && !err; id++) {
		if (ended[id] > BUILD_MAX_POINTS)
			err = find_latest(ps, id, ended[id], &ps->given_up[id]);
	}
	return err;
}

/* --- points --------------------------------------------------------------- */

/* A copy whose buckets are in the arena. */
static void place(struct histogram *to, const struct histogram *from,
		  struct arena *a)
{
	void *bucket;

	*to = *from;
	to->bucket = NULL;
	to->cap = to->len;
	to->shared = true;
	if (!from->len)
		return;
	bucket = arena__get(a, (size_t)from->len * from->width);
	if (bucket)
		memcpy(bucket, from->bucket, (size_t)from->len * from->width);
	to->bucket = bucket;
}

static int merge_histograms(struct histogram *to, const struct run *run,
			    struct arena *a)
{
	struct histogram sum;
	int err = 0;

	if (run->len == 1 && run->first->histogram->len <= MAX_BUCKETS) {
		place(to, run->first->histogram, a);
		return 0;
	}
	histogram__init_bounded(&sum, RT_HIST_SCALE, MAX_BUCKETS);
	for (size_t i = 0; i < run->len && !err; i++)
		err = histogram__merge(&sum, run->first[i].histogram);
	if (!err)
		place(to, &sum, a);
	histogram__free(&sum);
	return err;
}

/* A gauge is the highest, all else is a sum. */
static uint64_t merge_values(const struct run *run, enum metric_kind kind)
{
	uint64_t all = 0;

	for (size_t i = 0; i < run->len; i++) {
		uint64_t value = run->first[i].value;

		if (kind != METRIC_GAUGE)
			all += value;
		else if (value > all)
			all = value;
	}
	return all;
}

static int by_time(const void *a, const void *b)
{
	const struct metric_exemplar *x = a, *y = b;

	return (x->time > y->time) - (x->time < y->time);
}

/* The latest ones of all series in the point. */
static void add_exemplars(const struct points *ps, const struct run *run,
			  struct metric_point *p)
{
	const struct metric_exemplar *some;
	struct metric_exemplar *all;
	size_t len = 0;

	for (size_t i = 0; i < run->len; i++) {
		if (run->first[i].series)
			len += exemplars__of(ps->exemplars,
					     run->first[i].series, &some);
	}
	all = len ? arena__get(&ps->batch->arena, len * sizeof(*all)) : NULL;
	if (!all)
		return;
	len = 0;
	for (size_t i = 0; i < run->len; i++) {
		size_t n = run->first[i].series
				   ? exemplars__of(ps->exemplars,
						   run->first[i].series, &some)
				   : 0;

		for (size_t k = 0; k < n; k++)
			all[len++] = some[k];
	}
	qsort(all, len, sizeof(*all), by_time);
	p->exemplars_len = len < EXEMPLARS_KEPT ? len : EXEMPLARS_KEPT;
	p->exemplars = all + len - p->exemplars_len;
}

/* What is in a bucket of a scale that is lower by down. */
static uint64_t bucket_at(const struct histogram *h, int down, int index)
{
	const int width = 1 << down, first = index * width - h->offset;
	uint64_t sum = 0;

	for (int i = first > 0 ? first : 0; i < first + width && i < h->len;
	     i++)
		sum += histogram__bucket(h, (uint32_t)i);
	return sum;
}

/* One bucket may fall while others make up for it: one process left and
 * another came. */
static bool histogram_fell(const struct histogram *was,
			   const struct histogram *is)
{
	const int scale = was->scale < is->scale ? was->scale : is->scale;
	const int was_down = was->scale - scale, is_down = is->scale - scale;

	if (is->count < was->count || is->sum < was->sum ||
	    is->zero_count < was->zero_count)
		return true;
	if (is->count == was->count && is->sum == was->sum)
		return false;
	for (int i = was->offset >> was_down;
	     i <= (was->offset + was->len - 1) >> was_down; i++) {
		if (bucket_at(is, is_down, i) < bucket_at(was, was_down, i))
			return true;
	}
	return false;
}

/* Whether a total is less than it was. */
static bool fell(const struct metric_info *info, const struct metric_point *was,
		 const struct metric_point *is)
{
	if (info->kind == METRIC_HISTOGRAM)
		return histogram_fell(&was->histogram, &is->histogram);
	return info->kind == METRIC_COUNTER && is->value < was->value;
}

/* Where it begins to count: was is the point in the batch before, or NULL. */
static uint64_t start_of(const struct points *ps, const struct service *s,
			 const struct metric_info *info,
			 const struct metric_point *was,
			 const struct metric_point *is)
{
	if (!was)
		return s->start;
	return fell(info, was, is) ? ps->before->time : was->start;
}

static int make_point(const struct points *ps, const struct service *s,
		      const struct metric_info *info, const struct run *run,
		      const struct metric_point *was, struct metric_point *p)
{
	struct attributes attributes = run->first->attributes;
	int err = 0;

	if (run->first->temporary)
		attributes = attributes__move(attributes, &ps->batch->arena);
	*p = (struct metric_point){
		.attributes = attributes.item,
		.attributes_len = attributes.len,
		.overflow = run->first->overflow,
	};
	if (info->kind == METRIC_HISTOGRAM)
		err = merge_histograms(&p->histogram, run, &ps->batch->arena);
	else
		p->value = merge_values(run, info->kind);
	if (ps->exemplars)
		add_exemplars(ps, run, p);
	p->start = start_of(ps, s, info, was, p);
	return err;
}

/* Whether what the point is of goes on, so that no figure means 0 of it. */
static bool goes_on(const struct points *ps, const struct service *s,
		    const struct metric_point *p)
{
	if (service__is_over(s))
		return false;
	for (size_t i = 0;
	     ps->services->config->per_process && i < p->attributes_len; i++) {
		const struct metric_attribute *a = &p->attributes[i];
		const struct member *m;

		if (strcmp(a->key, "process.pid") != 0)
			continue;
		m = services__member(ps->services, (uint32_t)a->number);
		return m && !member__is_over(m);
	}
	return true;
}

/* Whether the end of a point is still to be told. */
static bool is_awaited(const struct points *ps, enum metric_id id,
		       const struct metric_point *was)
{
	return !was->ended ||
	       (was->ended > ps->delivered && was->ended >= ps->given_up[id]);
}

/* One that is missing now: how many there are now is 0, all else has ended, or
 * had so before. */
static void make_missing(const struct points *ps, struct service *s,
			 const struct metric_info *info,
			 const struct metric_point *was, struct metric_point *p)
{
	struct attributes copy = attributes__copy(
		was->attributes, was->attributes_len, &ps->batch->arena);

	*p = (struct metric_point){
		.attributes = copy.item,
		.attributes_len = copy.len,
		.start = was->start,
		.overflow = was->overflow,
	};
	if (was->ended)
		p->ended = was->ended;
	else if ((info->kind != METRIC_UP_DOWN && info->kind != METRIC_GAUGE) ||
		 !goes_on(ps, s, was))
		p->ended = ps->batch->m.made;
	if (p->ended && info->kind == METRIC_HISTOGRAM)
		histogram__init(&p->histogram, was->histogram.scale);
	/* Should it come again, it begins anew. */
	if (p->ended && !was->ended)
		s->start_next = ps->batch->m.time;
}

int points__make(struct points *ps, struct runs *rs, enum metric_id id,
		 struct service *s, struct metric *out)
{
	const struct metric_info *info = &metric_table[id];
	const struct metric before = find_metric(ps->before, s->id, info);
	struct metric_point *point;
	size_t runs = 0, at = 0, len = 0;
	int err = 0;

	*out = (struct metric){.info = info};
	while (rs->next + runs < rs->len &&
	       rs->run[rs->next + runs].first->service == s)
		runs++;
	if (!runs && !before.points_len)
		return 0;
	point = arena__get(&ps->batch->arena,
			   (runs + before.points_len) * sizeof(*point));
	if (!point)
		return -ENOMEM;
	while ((runs || at < before.points_len) && !err) {
		const struct metric_point *was =
			at < before.points_len ? &before.points[at] : NULL;
		const struct run *run = runs ? &rs->run[rs->next] : NULL;
		int order = !was   ? 1
			    : !run ? -1
				   : compare_point(was, run->first->attributes);

		if (order <= 0)
			at++;
		if (order < 0) {
			if (is_awaited(ps, id, was))
				make_missing(ps, s, info, was, &point[len++]);
			continue;
		}
		err = make_point(ps, s, info, run,
				 order || was->ended ? NULL : was,
				 &point[len++]);
		rs->next++;
		runs--;
	}
	out->points = point;
	out->points_len = len;
	return err;
}
