/* SPDX-License-Identifier: GPL-2.0-only */
/* See json_time.h. */
#include "view/json_time.h"
#include "view/json_measure.h"
#include "view/peer.h"

/* Clocks have the names of the parts that are made of them. */
static const char *clock_name(enum rt_clock clock)
{
	static const enum part part[RT_CLOCKS] = {
		[RT_CLOCK_CPU] = PART_CPU,
		[RT_CLOCK_RUN_QUEUE] = PART_RUN_QUEUE,
		[RT_CLOCK_LOCK] = PART_LOCK,
		[RT_CLOCK_DISK] = PART_DISK,
		[RT_CLOCK_NETWORK] = PART_NETWORK,
		[RT_CLOCK_POLL] = PART_POLL,
		[RT_CLOCK_SLEEP] = PART_SLEEP,
		[RT_CLOCK_PAGE_FAULT] = PART_PAGE_FAULT,
		[RT_CLOCK_OTHER] = PART_OTHER_BLOCKED,
	};

	return part__name(part[clock]);
}

json_t *json_time__threads(const struct snapshot *snap, size_t i)
{
	const struct snapshot_threads *t = &snap->threads[i];
	struct json_value v = json_value__object();
	struct json_value seconds = json_value__object();

	json_value__count(&v, "pid", t->pid);
	json_value__string(&v, "comm", t->comm);
	json_value__string(&v, "name", t->name);
	json_value__count(&v, "living", t->living);
	json_value__count(&v, "ended", t->ended);
	for (int k = 0; k < RT_CLOCKS; k++)
		json_value__time(&seconds, clock_name(k), t->clock[k]);
	json_value__set(&v, "seconds", json_value__finish(&seconds));
	return json_value__finish(&v);
}

static json_t *parts(const struct request *r)
{
	struct json_value v = json_value__object();

	for (int i = 0; i < PARTS; i++) {
		if (r->part[i])
			json_value__time(&v, part__name(i), r->part[i]);
	}
	return json_value__finish(&v);
}

static json_t *call(const struct request_call *c)
{
	struct json_value v = json_value__object();

	json_measure__call(&v, c->peer, c->own, c->count, c->time, c->network);
	return json_value__finish(&v);
}

static json_t *calls(const struct request *r)
{
	json_t *array = json_array();

	for (size_t i = 0; i < r->calls_len; i++) {
		if (json_array_append_new(array, call(&r->calls[i]))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

json_t *json_time__slowest(const struct snapshot *snap, size_t i)
{
	const struct snapshot_slow *slow = &snap->slowest[i];
	const struct request *r = &slow->request;
	struct json_value v = json_value__object();
	char peer[PEER_LEN];

	json_value__time(&v, "time", slow->wall);
	json_value__endpoint(&v, r->pid, slow->comm, r->role, r->transport);
	json_value__count(&v, "tid", r->tid);
	json_value__count(&v, "last_tid", r->last_tid);
	json_value__count(&v, "port", r->port);
	json_value__string(&v, "peer", peer__endpoint(peer, r));
	json_value__string(&v, "protocol", r->protocol);
	json_value__string(&v, "operation", r->operation);
	json_value__string(&v, "status", r->status);
	json_value__time(&v, "duration", r->end - r->begin);
	json_value__set(&v, "parts", parts(r));
	json_value__set(&v, "calls", calls(r));
	return json_value__finish(&v);
}
