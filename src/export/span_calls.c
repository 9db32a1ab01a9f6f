/* SPDX-License-Identifier: GPL-2.0-only */
/* See span_calls.h. */
#include "export/span_calls.h"

#include <stdlib.h>

#include "base/hash.h"

#define BUCKETS SPANS_CALLS /* a power of two */

_Static_assert((BUCKETS & (BUCKETS - 1)) == 0, "buckets are masked");
/* Whoever makes room never empties the group that the room is for. */
_Static_assert(SPANS_CHILDREN < SPANS_CALLS, "one group leaves room");

/* What settled last on a connection; another of the same hash takes its place.
 */
struct settled {
	uint64_t cookie;
	uint32_t seq;
};

struct span_calls {
	struct settled settled[BUCKETS];
	struct span_group *bucket[BUCKETS];
	struct span_group *oldest;	/* utlist; all that are in use */
	struct span_group *free_groups; /* by .next */
	struct span_call *free_calls;	/* by .next */
	struct span_group groups[SPANS_CALLS];
	struct span_call calls[SPANS_CALLS];
};

struct span_calls *span_calls__new(void)
{
	struct span_calls *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	for (size_t i = 0; i < SPANS_CALLS; i++) {
		LL_PREPEND(c->free_groups, &c->groups[i]);
		LL_PREPEND(c->free_calls, &c->calls[i]);
	}
	return c;
}

void span_calls__free(struct span_calls *c)
{
	free(c);
}

static size_t bucket_of(uint64_t cookie)
{
	return hash__bytes(&cookie, sizeof(cookie)) & (BUCKETS - 1);
}

static struct span_group *find(const struct span_calls *c, uint64_t cookie,
			       uint32_t seq)
{
	struct span_group *g = c->bucket[bucket_of(cookie)];

	while (g && (g->cookie != cookie || g->seq != seq))
		g = g->chain;
	return g;
}

const struct span_group *span_calls__of(const struct span_calls *c,
					uint64_t cookie, uint32_t seq)
{
	return find(c, cookie, seq);
}

static void forget(struct span_calls *c, struct span_group *g)
{
	struct span_group **link = &c->bucket[bucket_of(g->cookie)];
	struct span_call *call, *next;

	while (*link != g)
		link = &(*link)->chain;
	*link = g->chain;
	DL_DELETE(c->oldest, g);
	LL_FOREACH_SAFE(g->calls, call, next)
	LL_PREPEND(c->free_calls, call);
	LL_PREPEND(c->free_groups, g);
}

/* Those of a connection up to number seq. */
static void forget_until(struct span_calls *c, uint64_t cookie, uint32_t seq)
{
	struct span_group *g = c->bucket[bucket_of(cookie)], *next;

	for (; g; g = next) {
		next = g->chain;
		if (g->cookie == cookie && (int32_t)(seq - g->seq) >= 0)
			forget(c, g);
	}
}

void span_calls__settled(struct span_calls *c, uint64_t cookie, uint32_t seq)
{
	c->settled[bucket_of(cookie)] = (struct settled){cookie, seq};
	forget_until(c, cookie, seq);
}

/* Nobody would come for calls of it. */
static bool has_settled(const struct span_calls *c, uint64_t cookie,
			uint32_t seq)
{
	const struct settled *last = &c->settled[bucket_of(cookie)];

	return last->cookie == cookie && (int32_t)(last->seq - seq) >= 0;
}

/* There is a free group whenever there is a free call: none is empty. */
static struct span_group *open_group(struct span_calls *c, uint64_t cookie,
				     uint32_t seq)
{
	struct span_group **head = &c->bucket[bucket_of(cookie)];
	struct span_group *g = c->free_groups;

	LL_DELETE(c->free_groups, g);
	*g = (struct span_group){.cookie = cookie, .seq = seq, .chain = *head};
	*head = g;
	DL_APPEND(c->oldest, g);
	return g;
}

static uint64_t duration(const struct span_call *call)
{
	return call->facts.end - call->facts.begin;
}

/* The group is full: its shortest gives way to a longer one. */
static void replace(struct span_group *g, const struct request *r)
{
	struct span_call *shortest = g->calls, *call;

	g->dropped++;
	LL_FOREACH(g->calls, call)
	if (duration(call) < duration(shortest))
		shortest = call;
	if (r->end - r->begin > duration(shortest))
		span_facts__of(r, &shortest->facts);
}

static uint64_t make_room(struct span_calls *c)
{
	struct span_group *g = c->oldest;
	uint64_t dropped;

	if (c->free_calls)
		return 0;
	dropped = g->len;
	forget(c, g);
	return dropped;
}

uint64_t span_calls__add(struct span_calls *c, const struct request *r)
{
	struct span_group *g = find(c, r->parent_cookie, r->parent_seq);
	struct span_call *call;
	uint64_t dropped = 0;

	if (has_settled(c, r->parent_cookie, r->parent_seq))
		return 0;
	if (g) { /* as the newest: it is not the one that makes room */
		DL_DELETE(c->oldest, g);
		DL_APPEND(c->oldest, g);
		if (g->len == SPANS_CHILDREN) {
			replace(g, r);
			return 0;
		}
	} else {
		/* An exchange may settle when the next one has ended. */
		forget_until(c, r->parent_cookie, r->parent_seq - 2);
	}
	dropped = make_room(c);
	if (!g)
		g = open_group(c, r->parent_cookie, r->parent_seq);
	call = c->free_calls;
	LL_DELETE(c->free_calls, call);
	span_facts__of(r, &call->facts);
	LL_PREPEND(g->calls, call);
	g->len++;
	return dropped;
}
