/* SPDX-License-Identifier: GPL-2.0-only */
/* See listeners.h. Owns what each socket told last. */
#include "stats/listeners.h"

#include <errno.h>
#include <stdlib.h>

struct listener {
	uint64_t cookie;
	struct backlog *in; /* whose sums have it; NULL: none yet */
	uint64_t told;	    /* monotonic ns */
	uint32_t depth, max_depth, limit;
	UT_hash_handle hh;
};

void listeners__init(struct listeners *ls, size_t max)
{
	*ls = (struct listeners){.max = max};
}

static void drop(struct listeners *ls, struct listener *l)
{
	HASH_DEL(ls->all, l);
	free(l);
}

void listeners__free(struct listeners *ls)
{
	struct listener *l, *next;

	HASH_ITER (hh, ls->all, l, next)
		drop(ls, l);
}

/* Find or make. 0, -ENOSPC or -ENOMEM. */
static int get(struct listeners *ls, uint64_t cookie, struct listener **out)
{
	struct listener *l;

	HASH_FIND(hh, ls->all, &cookie, sizeof(cookie), l);
	*out = l;
	if (l)
		return 0;
	if (HASH_COUNT(ls->all) >= ls->max)
		return -ENOSPC;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->cookie = cookie;
	HASH_ADD(hh, ls->all, cookie, sizeof(l->cookie), l);
	if (!l->hh.tbl) {
		free(l);
		return -ENOMEM;
	}
	*out = l;
	return 0;
}

/* Take what l told before out of the sums. */
static void retract(struct listener *l)
{
	if (!l->in)
		return;
	l->in->sockets--;
	l->in->depth -= l->depth;
	l->in->max -= l->max_depth;
	l->in->limit -= l->limit;
}

int listeners__tell(struct listeners *ls, struct backlog *b,
		    const struct sink_listener *told)
{
	struct listener *l;
	int err = get(ls, told->cookie, &l);

	if (err)
		return err;
	retract(l);
	l->in = b;
	l->told = told->time;
	l->depth = told->depth;
	l->max_depth =
		told->max_depth > told->depth ? told->max_depth : told->depth;
	l->limit = told->limit;
	b->sockets++;
	b->depth += l->depth;
	b->max += l->max_depth;
	b->limit += l->limit;
	return 0;
}

/* Its queue is empty now, but how full it was stays. */
static void close_one(struct listeners *ls, struct listener *l)
{
	struct backlog *b = l->in;

	if (!b->has_closed || b->max > b->closed_max) {
		b->has_closed = true;
		b->closed_max = b->max;
		b->closed_limit = b->limit;
	}
	retract(l);
	drop(ls, l);
}

void listeners__leave(struct listeners *ls, const struct backlog *b)
{
	struct listener *l, *next;

	if (!b->sockets)
		return;
	HASH_ITER (hh, ls->all, l, next)
		if (l->in == b)
			close_one(ls, l);
}

void listeners__mark(struct listeners *ls, uint64_t ns, bool last)
{
	const uint64_t since = ls->mark[!last];
	struct listener *l, *next;

	if (ns == ls->mark[0])
		return;
	HASH_ITER (hh, ls->all, l, next)
		if (l->told < since)
			close_one(ls, l);
	ls->mark[1] = ls->mark[0];
	ls->mark[0] = ns;
}
