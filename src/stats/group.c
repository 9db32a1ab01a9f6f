/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Table of groups of exchanges: owns the groups, is fed requests and kernel
 * summaries, yields the group of a key and copies of the whole.
 */
#include "stats/group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stats/names.h"

_Static_assert(sizeof(struct group_key) == 32 + 4 * sizeof(char *),
	       "keys are compared as bytes");

void groups__init(struct groups *gs, enum group_by by, size_t max)
{
	*gs = (struct groups){.by = by, .max = max};
}

static void clear(struct group **head)
{
	struct group *g, *next;

	HASH_ITER (hh, *head, g, next) {
		HASH_DEL(*head, g);
		measure__free(&g->m);
		free(g);
	}
}

void groups__free(struct groups *gs)
{
	clear(&gs->all);
	clear(&gs->early);
	groups__init(gs, gs->by, gs->max);
}

/* The part of a key that every kind of table has. */
static struct group_key key_head(uint32_t pid, enum rt_role role,
				 enum group_kind kind)
{
	return (struct group_key){
		.pid = pid, .role = (uint8_t)role, .kind = kind};
}

struct group_key groups__peer_key(uint32_t pid, enum rt_role role,
				  enum rt_transport transport, uint16_t port,
				  const uint8_t peer[16])
{
	struct group_key key = key_head(pid, role, GROUP_PLAIN);

	key.transport = (uint8_t)transport;
	key.port = port;
	memcpy(key.peer, peer, sizeof(key.peer));
	return key;
}

struct group_key groups__key(const struct groups *gs, const struct request *r)
{
	struct group_key key;

	if (gs->by == GROUP_BY_PEER)
		return groups__peer_key(r->pid, r->role, r->transport, r->port,
					r->remote_addr);
	key = key_head(r->pid, r->role, GROUP_PLAIN);
	if (gs->by == GROUP_BY_THREAD) {
		key.tid = r->tid;
		return key;
	}
	key.transport = (uint8_t)r->transport;
	key.port = r->port;
	key.protocol = r->protocol;
	key.operation = r->operation;
	key.status = r->status;
	key.version = r->version;
	if (gs->client_address && r->role == RT_ROLE_CLIENT)
		memcpy(key.peer, r->remote_addr, sizeof(key.peer));
	return key;
}

/* Where requests go whose own series found no room. */
static struct group_key folded_key(const struct group_key *key)
{
	struct group_key folded = key_head(key->pid, key->role, GROUP_FOLDED);

	folded.transport = key->transport;
	folded.port = key->port;
	folded.protocol = names__transport(key->transport);
	folded.operation = name_other;
	folded.status = name_none;
	folded.version = name_none;
	return folded;
}

static struct group_key rest_key(const struct groups *gs,
				 const struct group_key *key)
{
	struct group_key rest = key_head(0, key->role, GROUP_REST);

	if (gs->by == GROUP_BY_SERIES) {
		rest.transport = key->transport;
		rest.protocol = names__transport(key->transport);
		rest.operation = name_other;
		rest.status = name_none;
		rest.version = name_none;
	}
	return rest;
}

static struct group_key summary_key(const struct groups *gs,
				    const struct rt_summary_key *k)
{
	struct group_key key = key_head(k->tgid, k->role, GROUP_SUMMARISED);

	/* By thread too, as each summary replaces its own predecessor only. */
	key.transport = k->transport;
	key.port = k->port;
	if (gs->by != GROUP_BY_SERIES)
		return key;
	key.protocol = names__transport(k->transport);
	key.operation = name_summarised;
	key.status = name_none;
	key.version = name_none;
	return key;
}

static struct group *find(struct group *head, const struct group_key *key)
{
	struct group *g;

	HASH_FIND(hh, head, key, sizeof(*key), g);
	return g;
}

static struct group *insert(struct group **head, const struct group_key *key)
{
	struct group *g = malloc(sizeof(*g));

	if (!g)
		return NULL;
	g->key = *key;
	g->marked = 0;
	g->active = 0;
	g->slow = (struct group_slow){UINT64_MAX, GROUP_SLOW_OPERATIONS};
	measure__init(&g->m);
	HASH_ADD(hh, *head, key, sizeof(*key), g);
	if (!g->hh.tbl) {
		free(g);
		return NULL;
	}
	return g;
}

static bool has_room(const struct groups *gs, enum group_kind kind)
{
	if (kind == GROUP_PLAIN || kind == GROUP_FOLDED)
		return gs->len[kind] < gs->max;
	return true;
}

/* Find or make. 0, -ENOSPC or -ENOMEM. */
static int get(struct groups *gs, const struct group_key *key,
	       struct group **out)
{
	const struct group *early;

	*out = find(gs->all, key);
	if (*out)
		return 0;
	if (!has_room(gs, key->kind))
		return -ENOSPC;
	*out = insert(&gs->all, key);
	if (!*out)
		return -ENOMEM;
	gs->len[key->kind]++;
	early = find(gs->early, key);
	if (early)
		(*out)->marked = early->marked;
	return 0;
}

/* Find or make the group of key or the one that stands in for it. */
static int place(struct groups *gs, const struct group_key *key,
		 struct group **out)
{
	struct group_key instead;
	int err = get(gs, key, out);

	if (err == -ENOSPC && gs->by == GROUP_BY_SERIES) {
		instead = folded_key(key);
		err = get(gs, &instead, out);
	}
	if (err == -ENOSPC) {
		instead = rest_key(gs, key);
		err = get(gs, &instead, out);
	}
	return err;
}

int groups__add(struct groups *gs, const struct request *r, struct group **hint)
{
	struct group_key key = groups__key(gs, r);
	struct group *g = *hint;
	int err;

	if (!g || memcmp(&g->key, &key, sizeof(key)) != 0) {
		err = place(gs, &key, &g);
		if (err)
			return err;
	}
	if (g->key.kind != GROUP_PLAIN)
		gs->folded++;
	*hint = g;
	return measure__add(&g->m, r);
}

/* Put g, which is in no table, under key, or into the group that is there. */
static int rekey(struct groups *gs, struct group *g,
		 const struct group_key *key)
{
	struct group *to = find(gs->all, key);
	int err = 0;

	if (to) {
		err = measure__merge(&to->m, &g->m);
		to->marked += g->marked;
		gs->len[key->kind]--;
	} else {
		g->key = *key;
		g->slow =
			(struct group_slow){UINT64_MAX, GROUP_SLOW_OPERATIONS};
		HASH_ADD(hh, gs->all, key, sizeof(g->key), g);
		if (g->hh.tbl)
			return 0;
		err = -ENOMEM;
	}
	measure__free(&g->m);
	free(g);
	return err;
}

int groups__retire(struct groups *gs, const struct processes *ps)
{
	struct group *g, *next;
	int err = 0;

	HASH_ITER (hh, gs->all, g, next) {
		struct group_key key = g->key;

		key.pid = process_list__into(ps, g->key.pid);
		key.tid = 0;
		if (!key.pid || key.kind == GROUP_SUMMARISED)
			continue;
		HASH_DEL(gs->all, g);
		err = rekey(gs, g, &key);
		if (err)
			return err;
	}
	return 0;
}

int groups__set_summary(struct groups *gs, const struct rt_summary *summary)
{
	struct group_key key = summary_key(gs, &summary->key);
	struct group *g;
	int err;

	/* Some summaries hold only openings and closings. */
	if (!summary->value.exchanges)
		return 0;
	err = get(gs, &key, &g);
	if (err)
		return err;
	return measure__set_summary(&g->m, summary);
}

struct group *groups__find(const struct groups *gs, const struct group_key *key)
{
	struct group *g = find(gs->all, key);
	struct group_key instead;

	if (g || has_room(gs, key->kind))
		return g;
	if (gs->by == GROUP_BY_SERIES) {
		instead = folded_key(key);
		g = find(gs->all, &instead);
		if (g)
			return g;
	}
	instead = rest_key(gs, key);
	return find(gs->all, &instead);
}

static int copy_all(struct group **to, const struct group *from)
{
	for (; from; from = from->hh.next) {
		struct group *g = malloc(sizeof(*g));

		if (!g)
			return -ENOMEM;
		g->key = from->key;
		g->marked = from->marked;
		g->active = 0;
		g->slow = from->slow;
		if (measure__share(&g->m, &from->m)) {
			free(g);
			return -ENOMEM;
		}
		HASH_ADD_BYHASHVALUE(hh, *to, key, sizeof(g->key),
				     from->hh.hashv, g);
		if (!g->hh.tbl) {
			measure__free(&g->m);
			free(g);
			return -ENOMEM;
		}
	}
	return 0;
}

int groups__copy(struct groups *to, const struct groups *from)
{
	*to = *from;
	to->all = NULL;
	to->early = NULL;
	if (!copy_all(&to->all, from->all) &&
	    !copy_all(&to->early, from->early))
		return 0;
	groups__free(to);
	return -ENOMEM;
}

void groups__settle(struct groups *copy)
{
	struct group *g;

	for (g = copy->all; g; g = g->hh.next)
		measure__count_zeros(&g->m);
	/* A pending request may have settled in another group than it was
	 * marked in, so a mark can be ahead of its group. */
	for (g = copy->all; g; g = g->hh.next)
		if (g->m.operations > g->marked)
			g->m.recent = g->m.operations - g->marked;
}

int groups__mark(struct groups *gs, const struct groups *copy)
{
	const struct group *g;

	clear(&gs->early);
	for (g = copy->all; g; g = g->hh.next) {
		struct group *live = find(gs->all, &g->key);

		if (!live)
			live = insert(&gs->early, &g->key);
		if (!live)
			return -ENOMEM;
		live->marked = g->m.operations;
	}
	return 0;
}

struct group **groups__sorted(const struct groups *gs,
			      int (*compare)(const void *, const void *,
					     void *),
			      void *arg)
{
	size_t len = HASH_COUNT(gs->all), n = 0;
	struct group **list = malloc((len + 1) * sizeof(*list));

	if (!list)
		return NULL;
	for (struct group *g = gs->all; g; g = g->hh.next)
		list[n++] = g;
	qsort_r(list, len, sizeof(*list), compare, arg);
	return list;
}
