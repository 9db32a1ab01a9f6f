/* SPDX-License-Identifier: GPL-2.0-only */
/* See slowest.h: owns copies of the requests. */
#include "stats/slowest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stats/measure.h"
#include "stats/order.h"

int slowest__init(struct slowest *s, size_t max)
{
	*s = (struct slowest){0};
	if (!max)
		return 0;
	s->list = calloc(max, sizeof(*s->list));
	if (!s->list)
		return -ENOMEM;
	s->max = max;
	return 0;
}

void slowest__free(struct slowest *s)
{
	free(s->list);
	*s = (struct slowest){0};
}

int slowest__copy(struct slowest *to, const struct slowest *from)
{
	int err = slowest__init(to, from->max);

	if (err || !from->len)
		return err;
	to->len = from->len;
	to->quickest = from->quickest;
	memcpy(to->list, from->list, from->len * sizeof(*to->list));
	return 0;
}

static void find_quickest(struct slowest *s)
{
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < s->len; i++) {
		uint64_t duration = measure__duration(&s->list[i]);

		if (duration < least) {
			least = duration;
			s->quickest = i;
		}
	}
}

void slowest__add(struct slowest *s, const struct request *r)
{
	struct request *slot;

	if (r->is_call || !s->max)
		return;
	if (s->len < s->max) {
		slot = &s->list[s->len++];
	} else {
		slot = &s->list[s->quickest];
		if (measure__duration(r) <= measure__duration(slot))
			return;
	}
	*slot = *r;
	slot->keep = NULL; /* not valid any more */
	if (s->len == s->max)
		find_quickest(s);
}

static int compare(const void *a, const void *b)
{
	const struct request *x = &((const struct snapshot_slow *)a)->request;
	const struct request *y = &((const struct snapshot_slow *)b)->request;

	return ORDER_BY(ORDER(measure__duration(y), measure__duration(x)),
			ORDER(x->begin, y->begin), ORDER(x->cookie, y->cookie));
}

int slowest__list(const struct slowest *s, struct snapshot_slow **out,
		  size_t *len)
{
	struct snapshot_slow *list = calloc(s->len + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < s->len; i++)
		list[i].request = s->list[i];
	qsort(list, s->len, sizeof(*list), compare);
	*out = list;
	*len = s->len;
	return 0;
}
