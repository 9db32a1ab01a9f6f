/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns all state of the model, and hands each event to the part that it
 * concerns. Fed checked records, yields calls of the sink.
 */
#include "model/model.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "model/exchange.h"
#include "model/process.h"

struct model {
	struct model_sink sink;
	struct processes processes;
	struct operations operations;
	struct payloads payloads;
	struct calls calls;
	struct connections connections;
	struct turn_reader reader;
	struct exchanges exchanges;
	uint64_t now; /* highest time of a record */
	uint64_t forgotten;
};

struct model *model__new(const struct model_sink *sink)
{
	struct model *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->sink = *sink;
	processes__init(&m->processes, &m->sink);
	operations__init(&m->operations);
	payloads__init(&m->payloads);
	connections__init(&m->connections);
	calls__init(&m->calls, &m->connections);
	m->reader.payloads = &m->payloads;
	m->reader.operations = &m->operations;
	m->reader.calls = &m->calls;
	m->exchanges.sink = &m->sink;
	m->exchanges.reader = &m->reader;
	return m;
}

void model__free(struct model *m)
{
	struct connection *c, *next;

	if (!m)
		return;
	DL_FOREACH_SAFE(m->connections.open, c, next)
	{
		exchange__forget(&m->exchanges, c);
		connections__remove(&m->connections, c);
	}
	while (m->connections.closed)
		connections__remove(&m->connections, m->connections.closed);
	connections__free(&m->connections);
	payloads__free(&m->payloads);
	calls__free(&m->calls);
	operations__free(&m->operations);
	processes__free(&m->processes);
	free(m);
}

/* Nothing more comes of what waits for exchanges of cookie. */
static void drop_waiting(struct model *m, uint64_t cookie)
{
	payloads__drop(&m->payloads, cookie);
	calls__drop(&m->calls, cookie);
}

/* Give up the connection without traffic for longest. */
static int make_room(struct model *m)
{
	struct connection *c = connections__victim(&m->connections);
	int err;

	if (!c)
		return 0;
	if (!c->closed)
		m->forgotten++;
	err = exchange__finish(&m->exchanges, c, RT_END_NEXT, m->now);
	exchange__forget(&m->exchanges, c);
	drop_waiting(m, c->cookie);
	connections__remove(&m->connections, c);
	return err;
}

/* Any record may be the first of its connection. */
static int connection_get(struct model *m, const struct rt_peer *peer,
			  uint32_t pid, struct connection **out)
{
	struct connection *c = connections__find(&m->connections, peer->cookie);
	int err;

	if (!c) {
		err = make_room(m);
		if (err)
			return err;
		c = connections__add(&m->connections, peer, pid);
		if (!c)
			return -ENOMEM;
	}
	/* What the sink has of it, while the payload is being parsed. */
	if (c->keep) {
		__builtin_prefetch(c->keep);
		__builtin_prefetch((const char *)c->keep + POOL_LINE);
	}
	if (c->role == RT_ROLE_UNKNOWN)
		c->role = peer->role;
	c->touched = true;
	*out = c;
	return 0;
}

/* Tell the sink that c is there, once its role (and so its port) is known. */
static int introduce(struct model *m, struct connection *c, uint64_t time)
{
	int err;

	if (c->told)
		return 0;
	err = processes__ensure(&m->processes, c->pid);
	if (err)
		return err;
	c->told = true;
	if (c->joined)
		return connection__tell(c, &m->sink, SINK_CONN_JOINED, 0, time,
					0, 0);
	return connection__tell(c, &m->sink, SINK_CONN_OPENED, c->owner,
				c->established ? c->established : time, 0, 0);
}

static int on_open(struct model *m, const struct event *ev)
{
	const struct rt_connection *rec = ev->connection;
	struct connection *c;
	int err;

	err = connection_get(m, &rec->peer, rec->tgid, &c);
	if (err || c->role == RT_ROLE_UNKNOWN)
		return err;
	return introduce(m, c, rec->header.time);
}

static int on_close(struct model *m, const struct event *ev)
{
	const struct rt_connection *rec = ev->connection;
	enum rt_end end =
		rec->header.flags & RT_CONN_RESET ? RT_END_RESET : RT_END_CLOSE;
	uint64_t time = rec->header.time;
	struct connection *c;
	int err;

	err = connection_get(m, &rec->peer, rec->tgid, &c);
	if (err || c->closed)
		return err;
	/* It went on, unseen: that it looks unfinished says nothing. */
	if (rec->header.flags & RT_CONN_AMEND_LOST && c->pending)
		c->pending->framing = PROTO_FRAMING_UNKNOWN;
	err = introduce(m, c, time);
	if (!err)
		err = exchange__finish(&m->exchanges, c, end, time);
	if (err)
		return err;
	drop_waiting(m, c->cookie);
	connections__close(&m->connections, c, m->now);
	return connection__tell(c, &m->sink, SINK_CONN_CLOSED, 0, time,
				rec->bytes_in, rec->bytes_out);
}

/* Who speaks first asks. */
static enum rt_role role_of(const struct rt_exchange *ex)
{
	uint64_t in = ex->arrive ? ex->arrive : ex->first_recv;

	if (in && (!ex->first_send || in <= ex->first_send))
		return RT_ROLE_SERVER;
	return RT_ROLE_CLIENT;
}

/* Accepted by a worker, inherited, or sent over a UNIX socket. */
static int follow_process(struct model *m, struct connection *c,
			  const struct rt_exchange *ex)
{
	uint32_t old = c->pid;
	int err;

	if (ex->tgid == old || ex->tgid == 0)
		return 0;
	err = processes__ensure(&m->processes, ex->tgid);
	if (err || c->closed)
		return err;
	c->pid = ex->tgid;
	return connection__tell(c, &m->sink, SINK_CONN_MOVED, old,
				ex->header.time, 0, 0);
}

static int on_exchange(struct model *m, const struct event *ev)
{
	const struct rt_exchange *ex = ev->exchange.ex;
	struct connection *c;
	int err;

	err = connection_get(m, &ex->peer, ex->tgid, &c);
	if (err)
		return err;
	if (c->role == RT_ROLE_UNKNOWN)
		c->role = role_of(ex);
	err = introduce(m, c, ex->header.time);
	if (!err && !connection__has_seen(c, ex->seq))
		err = follow_process(m, c, ex);
	return err ? err : exchange__record(&m->exchanges, c, ev);
}

static int on_data(struct model *m, const struct event *ev)
{
	const struct rt_data *data = ev->data.data;
	const struct connection *c =
		connections__find(&m->connections, data->cookie);

	if (c && (c->closed || connection__has_seen(c, data->seq)))
		return 0;
	return payloads__add(&m->payloads, data, ev->data.bytes);
}

/* Its opening was written before, so one that is not known was lost. */
static int on_accept(struct model *m, const struct event *ev)
{
	const struct rt_accept *rec = ev->accept;
	struct connection *c = connections__find(&m->connections, rec->cookie);
	int err;

	if (!c || c->closed || c->accepted || c->joined || !c->established)
		return 0;
	if (c->role == RT_ROLE_UNKNOWN)
		c->role = RT_ROLE_SERVER;
	err = introduce(m, c, rec->header.time);
	if (!err)
		err = processes__ensure(&m->processes, rec->tgid);
	if (err)
		return err;
	return connection__tell_accepted(
		c, &m->sink, rec->tgid ? rec->tgid : c->pid, rec->header.time);
}

static int on_listener(struct model *m, const struct event *ev)
{
	const struct rt_listener *rec = ev->listener;
	const struct sink_listener told = {
		.cookie = rec->cookie,
		.time = rec->header.time,
		.pid = rec->tgid,
		.port = rec->port,
		.depth = rec->depth,
		.max_depth = rec->max_depth,
		.limit = rec->limit,
	};
	int err = processes__ensure(&m->processes, rec->tgid);

	return err ? err : m->sink.listener(m->sink.ctx, &told);
}

static int on_threads(struct model *m, const struct event *ev)
{
	const struct rt_threads *rec = ev->threads;
	struct sink_threads told = {
		.pid = rec->tgid,
		.living = rec->living,
		.ended = rec->ended,
	};
	int err = processes__ensure(&m->processes, rec->tgid);

	if (!err)
		err = processes__thread(&m->processes, (const char *)rec->comm,
					&told.name);
	if (err)
		return err;
	memcpy(told.clock, rec->clock, sizeof(told.clock));
	return m->sink.threads(m->sink.ctx, &told);
}

static int on_summary(struct model *m, const struct event *ev)
{
	uint32_t pid = ev->summary->key.tgid;
	int err = processes__ensure(&m->processes, pid);

	if (err)
		return err;
	return m->sink.summary(m->sink.ctx, processes__comm(&m->processes, pid),
			       ev->summary);
}

int model__event(struct model *m, const struct event *ev)
{
	if (ev->header->time > m->now)
		m->now = ev->header->time;
	connections__expire(&m->connections, m->now);
	switch (ev->kind) {
	case RT_REC_EXCHANGE:
		return on_exchange(m, ev);
	case RT_REC_OPEN:
		return on_open(m, ev);
	case RT_REC_CLOSE:
		return on_close(m, ev);
	case RT_REC_DATA:
		return on_data(m, ev);
	case RT_REC_CALLS:
		return calls__add(&m->calls, ev->calls);
	case RT_REC_ACCEPT:
		return on_accept(m, ev);
	case RT_REC_LISTENER:
		return on_listener(m, ev);
	case RT_REC_THREADS:
		return on_threads(m, ev);
	case RT_REC_FORK:
	case RT_REC_EXEC:
	case RT_REC_EXIT:
	case RT_REC_PROC:
		return processes__event(&m->processes, ev);
	case RT_REC_SUMMARY:
		return on_summary(m, ev);
	default:
		return 0;
	}
}

size_t model__connections(const struct model *m)
{
	return m->connections.by_cookie.len;
}

void model__expect_table(const struct model *m, uint64_t cookie)
{
	lookup__prefetch(&m->connections.by_cookie, cookie);
}

void model__expect(const struct model *m, uint64_t cookie)
{
	const struct connection *c = connections__find(&m->connections, cookie);

	if (!c)
		return;
	__builtin_prefetch(c);
	__builtin_prefetch((const char *)c + POOL_LINE);
}

/* The open turn of c if it may be whole. */
static const struct turn *pending_of(const struct connection *c)
{
	const struct turn *t = exchange__open(c);

	return t && !turn__is_in_flight(t) ? t : NULL;
}

int model__each_pending(struct model *m, model_pending_fn fn, void *arg)
{
	struct connection *c;
	struct request r;
	int err = 0;

	DL_FOREACH(m->connections.open, c)
	{
		const struct turn *t = pending_of(c);

		if (!t)
			continue;
		turn__request(t, c, &r);
		err = fn(arg, &r);
		if (err)
			break;
	}
	return err;
}

int model__each_in_flight(const struct model *m, model_in_flight_fn fn,
			  void *arg)
{
	const struct connection *c;
	int err = 0;

	DL_FOREACH(m->connections.open, c)
	{
		const struct turn *t = exchange__open(c);
		struct sink_in_flight f;

		if (!t || !turn__is_in_flight(t))
			continue;
		turn__in_flight(t, c, &f);
		err = fn(arg, &f);
		if (err)
			break;
	}
	return err;
}

struct model_totals model__totals(const struct model *m)
{
	struct model_totals totals = {
		.unreadable = m->exchanges.unreadable,
		.uncounted = m->exchanges.uncounted,
		.unanswered = m->exchanges.unanswered,
		.calls_dropped = m->calls.dropped,
		.forgotten = m->forgotten,
	};
	const struct connection *c;

	DL_FOREACH(m->connections.open, c)
	{
		const struct turn *t = exchange__open(c);
		bool in_flight = t && turn__is_in_flight(t);

		totals.in_flight += in_flight;
		totals.unreadable += t && !in_flight && t->unreadable;
		totals.uncounted += t && !in_flight && !t->exact;
	}
	return totals;
}
