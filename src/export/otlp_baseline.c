// SPDX-License-Identifier: GPL-2.0-only
/* See otlp_baseline.h. A key is the bytes of all that tells a point from
 * another. */
#include "export/otlp_baseline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Resource identifiers and attributes are far from it. */
#define KEY_MAX (1u << 20)

void baselines__init(struct baselines *bs, bool is_delta)
{
	*bs = (struct baselines){.is_delta = is_delta};
	buffer__init(&bs->key, KEY_MAX);
}

static void drop(struct baselines *bs, struct baseline *base)
{
	HASH_DEL(bs->all, base);
	histogram__free(&base->histogram);
	free(base);
}

void baselines__free(struct baselines *bs)
{
	struct baseline *base, *next;

	HASH_ITER (hh, bs->all, base, next)
		drop(bs, base);
	buffer__free(&bs->key);
}

/* With its end, so that no two texts join to look like others. */
static void add_text(struct buffer *key, const char *text)
{
	buffer__add(key, text, strlen(text) + 1);
}

static int make_key(struct buffer *key, const struct metric_resource *r,
		    const struct metric_info *info,
		    const struct metric_point *p)
{
	buffer__clear(key);
	add_text(key, r->id);
	add_text(key, info->name);
	for (size_t i = 0; i < p->attributes_len; i++) {
		const struct metric_attribute *a = &p->attributes[i];

		add_text(key, a->key);
		buffer__text(key, a->text ? "t" : a->is_bool ? "b" : "n");
		if (a->text)
			add_text(key, a->text);
		else
			buffer__add(key, &a->number, sizeof(a->number));
	}
	return key->err ? -ENOMEM : 0;
}

int baselines__find(struct baselines *bs, const struct metric_resource *r,
		    const struct metric_info *info,
		    const struct metric_point *p, struct baseline **out)
{
	int err;

	*out = NULL;
	if (!bs->all)
		return 0;
	err = make_key(&bs->key, r, info, p);
	if (!err)
		HASH_FIND(hh, bs->all, bs->key.data, bs->key.len, *out);
	return err;
}

static int mark(struct baselines *bs, const struct metric_resource *r,
		const struct metric *metric)
{
	for (size_t i = 0; i < metric->points_len; i++) {
		struct baseline *base;
		int err = baselines__find(bs, r, metric->info,
					  &metric->points[i], &base);

		if (err)
			return err;
		if (base)
			base->batch = bs->batch;
	}
	return 0;
}

int baselines__begin(struct baselines *bs, const struct metrics *m)
{
	struct baseline *base, *next;
	int err;

	bs->batch++;
	for (size_t i = 0; i < m->resources_len; i++) {
		const struct metric_resource *r = &m->resources[i];

		for (size_t k = 0; k < r->metrics_len; k++) {
			err = mark(bs, r, &r->metrics[k]);
			if (err)
				return err;
		}
	}
	HASH_ITER (hh, bs->all, base, next) {
		if (base->batch != bs->batch)
			drop(bs, base);
	}
	return 0;
}

/* A new one for the key that was made last. NULL when out of memory. */
static struct baseline *add(struct baselines *bs)
{
	struct baseline *base = calloc(1, sizeof(*base) + bs->key.len);

	if (!base)
		return NULL;
	memcpy(base->key, bs->key.data, bs->key.len);
	base->batch = bs->batch;
	HASH_ADD_KEYPTR(hh, bs->all, base->key, bs->key.len, base);
	if (!base->hh.tbl) {
		free(base);
		return NULL;
	}
	return base;
}

/* Nothing but exemplars is remembered of a cumulative point. */
static bool is_needed(const struct baselines *bs,
		      const struct metric_info *info,
		      const struct metric_point *p)
{
	return p->exemplars_len ||
	       (bs->is_delta && (info->kind == METRIC_HISTOGRAM ||
				 info->kind == METRIC_COUNTER));
}

int baselines__set(struct baselines *bs, const struct metric_resource *r,
		   const struct metric_info *info, const struct metric_point *p,
		   uint64_t time)
{
	struct histogram copy = {.bucket = NULL};
	struct baseline *base = NULL;
	int err = make_key(&bs->key, r, info, p);

	if (err)
		return err;
	HASH_FIND(hh, bs->all, bs->key.data, bs->key.len, base);
	if (p->ended) {
		if (base)
			drop(bs, base);
		return 0;
	}
	if (!base && !is_needed(bs, info, p))
		return 0;
	if (bs->is_delta && info->kind == METRIC_HISTOGRAM)
		err = histogram__copy(&copy, &p->histogram);
	if (!err && !base)
		base = add(bs);
	if (err || !base) {
		histogram__free(&copy);
		return -ENOMEM;
	}
	histogram__free(&base->histogram);
	base->histogram = copy;
	base->start = p->start;
	base->time = time;
	base->value = p->value;
	if (p->exemplars_len)
		base->exemplar = p->exemplars[p->exemplars_len - 1].time;
	return 0;
}
