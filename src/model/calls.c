/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns the records of calls that wait for their exchange. Fed RT_REC_CALLS,
 * yields lists of peers.
 */
#include "model/calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct calls_record {
	uint64_t cookie;
	uint32_t seq;
	uint32_t len;
	struct rt_call call[RT_CALLS];
	UT_hash_handle hh;
};

void calls__init(struct calls *cs, const struct connections *connections)
{
	peers__init(&cs->peers);
	cs->connections = connections;
	cs->by_cookie = NULL;
	cs->dropped = 0;
}

static void record_remove(struct calls *cs, struct calls_record *rec)
{
	HASH_DEL(cs->by_cookie, rec);
	free(rec);
}

void calls__free(struct calls *cs)
{
	struct calls_record *rec, *next;

	HASH_ITER (hh, cs->by_cookie, rec, next)
		record_remove(cs, rec);
	peers__free(&cs->peers);
}

static struct calls_record *record_find(const struct calls *cs, uint64_t cookie)
{
	struct calls_record *rec;

	HASH_FIND(hh, cs->by_cookie, &cookie, sizeof(cookie), rec);
	return rec;
}

static struct calls_record *record_new(struct calls *cs, uint64_t cookie)
{
	struct calls_record *rec;

	/* Of an exchange that lost its own record, most likely. */
	if (HASH_COUNT(cs->by_cookie) >= CALLS_WAITING_MAX) {
		record_remove(cs, cs->by_cookie);
		cs->dropped++;
	}
	rec = calloc(1, sizeof(*rec));
	if (!rec)
		return NULL;
	rec->cookie = cookie;
	HASH_ADD(hh, cs->by_cookie, cookie, sizeof(rec->cookie), rec);
	if (rec->hh.tbl)
		return rec;
	free(rec);
	return NULL;
}

int calls__add(struct calls *cs, const struct rt_calls *from)
{
	struct calls_record *rec = record_find(cs, from->cookie);

	if (rec && seq__before(from->seq, rec->seq))
		return 0;
	if (!rec)
		rec = record_new(cs, from->cookie);
	if (!rec)
		return -ENOMEM;
	rec->seq = from->seq;
	rec->len = from->len;
	memcpy(rec->call, from->call, from->len * sizeof(from->call[0]));
	return 0;
}

void calls__settle(struct calls *cs, uint64_t cookie, uint32_t seq)
{
	struct calls_record *rec = record_find(cs, cookie);

	if (rec && !seq__before(seq, rec->seq))
		record_remove(cs, rec);
}

void calls__drop(struct calls *cs, uint64_t cookie)
{
	struct calls_record *rec = record_find(cs, cookie);

	if (rec)
		record_remove(cs, rec);
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

static void call_add(struct request_call *to, const struct request_call *from)
{
	to->count = sum(to->count, from->count);
	to->time = sum(to->time, from->time);
	to->network = sum(to->network, from->network);
}

static uint64_t weight(const struct request_call *call)
{
	return sum(call->time, call->network);
}

/* Insertion keeps the order of equals, and there are never many. */
static void sort(struct request_call *call, size_t len)
{
	for (size_t i = 1; i < len; i++) {
		struct request_call moved = call[i];
		size_t at = i;

		for (; at > 0 && weight(&call[at - 1]) < weight(&moved); at--)
			call[at] = call[at - 1];
		call[at] = moved;
	}
}

/* Those of two turns, before they are cut to what one request holds. */
struct gathered {
	size_t len;
	struct request_call call[2 * RT_CALLS];
};

/* Labels are few and short; peers of one machine can share one. */
static void gather(struct gathered *g, const struct request_call *call)
{
	for (size_t i = 0; i < g->len; i++) {
		if (strcmp(g->call[i].peer, call->peer) == 0) {
			call_add(&g->call[i], call);
			return;
		}
	}
	g->call[g->len++] = *call;
}

static bool is_empty(const struct request_call *call)
{
	return !call->count && !call->time && !call->network;
}

static int gather_record(struct calls *cs, const struct calls_record *rec,
			 struct gathered *g)
{
	for (size_t i = 0; i < rec->len; i++) {
		const struct rt_call *from = &rec->call[i];
		bool own = !from->rest && from->cookie == rec->cookie;
		struct request_call call = {
			.peer = own ? peer__client : peer__other,
			.count = from->count,
			.time = from->time,
			.network = from->network,
			.own = own,
		};
		const struct connection *c;
		int err;

		if (is_empty(&call))
			continue;
		if (!own && !from->rest) {
			c = connections__find(cs->connections, from->cookie);
			err = peers__label(&cs->peers, from, c, &call.peer);
			if (err)
				return err;
		}
		gather(g, &call);
	}
	return 0;
}

/* What took least becomes "other" until there is room for all. */
static void fold(struct gathered *g)
{
	struct request_call other = {.peer = peer__other};

	sort(g->call, g->len);
	if (g->len <= RT_CALLS)
		return;
	while (g->len >= RT_CALLS)
		call_add(&other, &g->call[--g->len]);
	gather(g, &other);
	sort(g->call, g->len);
}

int calls__read(struct calls *cs, uint64_t cookie, uint32_t seq,
		const struct call_list *held, struct call_list **out)
{
	const struct calls_record *rec = record_find(cs, cookie);
	struct gathered g;
	int err = 0;

	*out = NULL;
	if (!rec && !held)
		return 0;
	g.len = 0;
	for (size_t i = 0; held && i < held->len; i++)
		gather(&g, &held->call[i]);
	if (rec && rec->seq == seq)
		err = gather_record(cs, rec, &g);
	if (err || g.len == 0)
		return err;
	fold(&g);
	*out = malloc(sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->len = g.len;
	memcpy((*out)->call, g.call, g.len * sizeof(g.call[0]));
	return 0;
}

/* What was not placed in the parts, or cut from them, is nobody's. */
void calls__fill(const struct call_list *list, struct request *r)
{
	uint64_t room = r->part[PART_NETWORK];

	for (size_t i = 0; list && i < list->len; i++) {
		struct request_call call = list->call[i];

		if (call.network > room)
			call.network = room;
		room -= call.network;
		if (!is_empty(&call))
			r->calls[r->calls_len++] = call;
	}
	sort(r->calls, r->calls_len);
}
