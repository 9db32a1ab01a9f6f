/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Streams: owns their figures and those that have not ended, is fed their
 * lives, yields a sorted list.
 */
#include "stats/streams.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stats/names.h"
#include "stats/order.h"

_Static_assert(sizeof(struct stream_key) == 8 + 2 * sizeof(char *),
	       "keys are compared as bytes");

void streams__init(struct streams *ss, size_t max)
{
	*ss = (struct streams){.max = max};
}

static void discard(struct stream_group *g)
{
	histogram__free(&g->duration);
	free(g);
}

static void forget(struct streams *ss, struct stream *st)
{
	HASH_DEL(ss->active, st);
	free(st);
}

void streams__free(struct streams *ss)
{
	struct stream_group *g, *next_g;
	struct stream *st, *next;

	HASH_ITER (hh, ss->active, st, next)
		forget(ss, st);
	HASH_ITER (hh, ss->groups, g, next_g) {
		HASH_DEL(ss->groups, g);
		discard(g);
	}
}

static struct stream_group *find_group(const struct streams *ss,
				       const struct stream_key *key)
{
	struct stream_group *g;

	HASH_FIND(hh, ss->groups, key, sizeof(*key), g);
	return g;
}

static struct stream_group *insert_group(struct streams *ss,
					 const struct stream_key *key)
{
	struct stream_group *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->key = *key;
	histogram__init(&g->duration, RT_HIST_SCALE);
	HASH_ADD(hh, ss->groups, key, sizeof(*key), g);
	if (!g->hh.tbl) {
		free(g);
		return NULL;
	}
	return g;
}

/* The group to count a new stream in. NULL when out of memory. */
static struct stream_group *group_at(struct streams *ss,
				     const struct sink_stream *s)
{
	struct stream_key key = {s->pid,	   s->port,
				 (uint8_t)s->role, (uint8_t)s->transport,
				 s->protocol,	   s->operation};
	struct stream_group *g = find_group(ss, &key);

	if (g)
		return g;
	if (HASH_COUNT(ss->groups) >= ss->max) {
		ss->folded++;
		key.pid = 0;
		key.port = 0;
		key.protocol = names__transport(s->transport);
		key.operation = name_other;
		g = find_group(ss, &key);
	}
	return g ? g : insert_group(ss, &key);
}

static struct stream *begin(struct streams *ss, const struct sink_stream *s,
			    const struct stream_id *id)
{
	struct stream *st = calloc(1, sizeof(*st));

	if (!st)
		return NULL;
	st->id = *id;
	st->group = group_at(ss, s);
	if (!st->group)
		goto err;
	HASH_ADD(hh, ss->active, id, sizeof(st->id), st);
	if (!st->hh.tbl)
		goto err;
	st->group->streams++;
	st->group->active++;
	return st;
err:
	free(st);
	return NULL;
}

int streams__event(struct streams *ss, const struct sink_stream *s)
{
	struct stream_id id = {s->cookie, s->begin};
	struct stream *st;
	int err = 0;

	HASH_FIND(hh, ss->active, &id, sizeof(id), st);
	if (!st)
		st = begin(ss, s, &id);
	if (!st)
		return -ENOMEM;
	st->group->bytes_in += s->bytes_in;
	st->group->bytes_out += s->bytes_out;
	if (s->event == SINK_STREAM_END) {
		st->group->active--;
		err = histogram__add(
			&st->group->duration,
			s->time > s->begin ? s->time - s->begin : 0, 1);
		forget(ss, st);
	}
	return err;
}

/* Put g, which is in no table, under key, or into the group that is there and
 * at the head of *gone. */
static int rekey(struct streams *ss, struct stream_group *g,
		 const struct stream_key *key, struct stream_group **gone)
{
	struct stream_group *to = find_group(ss, key);

	if (!to) {
		g->key = *key;
		HASH_ADD(hh, ss->groups, key, sizeof(g->key), g);
		if (g->hh.tbl)
			return 0;
	}
	g->into = to;
	g->hh.next = *gone;
	*gone = g;
	if (!to)
		return -ENOMEM;
	to->streams += g->streams;
	to->active += g->active;
	to->bytes_in += g->bytes_in;
	to->bytes_out += g->bytes_out;
	return histogram__merge(&to->duration, &g->duration);
}

int streams__retire(struct streams *ss, const struct processes *ps)
{
	struct stream_group *g, *next, *gone = NULL;
	struct stream *st;
	int err = 0;

	HASH_ITER (hh, ss->groups, g, next) {
		struct stream_key key = g->key;

		key.pid = process_list__into(ps, g->key.pid);
		if (!key.pid || err)
			continue;
		HASH_DEL(ss->groups, g);
		err = rekey(ss, g, &key, &gone);
	}
	for (st = ss->active; st; st = st->hh.next)
		if (st->group->into)
			st->group = st->group->into;
	while (gone) {
		g = gone;
		gone = g->hh.next;
		discard(g);
	}
	return err;
}

static int fill(struct snapshot_stream *to, const struct stream_group *g)
{
	to->pid = g->key.pid;
	to->role = g->key.role;
	to->transport = g->key.transport;
	to->port = g->key.port;
	to->protocol = g->key.protocol;
	to->operation = g->key.operation;
	to->streams = g->streams;
	to->active = g->active;
	to->bytes_in = g->bytes_in;
	to->bytes_out = g->bytes_out;
	return histogram__copy(&to->duration, &g->duration);
}

static int compare(const void *a, const void *b)
{
	const struct snapshot_stream *x = a, *y = b;

	return ORDER_BY(
		ORDER(process__rank(x->pid), process__rank(y->pid)),
		ORDER(x->role, y->role), ORDER(x->transport, y->transport),
		ORDER(x->port, y->port), strcmp(x->protocol, y->protocol),
		strcmp(x->operation, y->operation));
}

int streams__list(const struct streams *ss, struct snapshot_stream **out,
		  size_t *len)
{
	struct snapshot_stream *list =
		calloc(HASH_COUNT(ss->groups) + 1, sizeof(*list));
	size_t n = 0;

	if (!list)
		return -ENOMEM;
	for (const struct stream_group *g = ss->groups; g; g = g->hh.next)
		if (fill(&list[n++], g))
			goto err;
	qsort(list, n, sizeof(*list), compare);
	*out = list;
	*len = n;
	return 0;
err:
	while (n--)
		histogram__free(&list[n].duration);
	free(list);
	return -ENOMEM;
}
