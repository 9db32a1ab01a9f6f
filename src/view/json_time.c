/* SPDX-License-Identifier: GPL-2.0-only */
/* See json_time.h. */
#include "view/json_time.h"
#include "view/json_measure.h"
#include "view/peer.h"

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
		json_value__time(&seconds, part__name(part__of_clock(k)),
				 t->clock[k]);
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

static json_t *call(const void *of, size_t i)
{
	const struct request_call *c = &((const struct request *)of)->calls[i];
	struct json_value v = json_value__object();

	json_measure__call(&v, c->peer, c->own, c->count, c->time, c->network);
	return json_value__finish(&v);
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
	json_value__set(&v, "calls", json_value__array(call, r, r->calls_len));
	return json_value__finish(&v);
}
