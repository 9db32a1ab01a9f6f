/* SPDX-License-Identifier: GPL-2.0-only */
/* See span_parents.h: a ring, and chains of its places by hash. */
#include "export/span_parents.h"

#include <stdlib.h>

#include "base/hash.h"

_Static_assert((SPAN_PARENTS & (SPAN_PARENTS - 1)) == 0, "buckets are masked");

struct place {
	struct span_parent parent;
	struct place *chain; /* others of its bucket */
};

struct span_parents {
	struct place places[SPAN_PARENTS];
	struct place *bucket[SPAN_PARENTS];
	uint64_t added;
};

struct span_parents *span_parents__new(void)
{
	return calloc(1, sizeof(struct span_parents));
}

void span_parents__free(struct span_parents *p)
{
	free(p);
}

static struct place **bucket_of(struct span_parents *p, uint64_t cookie,
				uint32_t seq)
{
	const uint64_t key[] = {cookie, seq};

	return &p->bucket[hash__bytes(key, sizeof(key)) & (SPAN_PARENTS - 1)];
}

static void unchain(struct span_parents *p, struct place *place)
{
	struct place **link =
		bucket_of(p, place->parent.cookie, place->parent.seq);

	while (*link != place)
		link = &(*link)->chain;
	*link = place->chain;
}

void span_parents__add(struct span_parents *p, const struct span_parent *parent)
{
	struct place *place = &p->places[p->added % SPAN_PARENTS];
	struct place **bucket = bucket_of(p, parent->cookie, parent->seq);

	if (p->added++ >= SPAN_PARENTS)
		unchain(p, place);
	place->parent = *parent;
	place->chain = *bucket;
	*bucket = place;
}

struct span_parent *span_parents__find(struct span_parents *p, uint64_t cookie,
				       uint32_t seq)
{
	struct place *place = *bucket_of(p, cookie, seq);

	while (place &&
	       (place->parent.cookie != cookie || place->parent.seq != seq))
		place = place->chain;
	return place ? &place->parent : NULL;
}
