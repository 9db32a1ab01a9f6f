/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns the states of exchanges. Fed exchange records in the order of their
 * connection (or a hair off), yields each exchange once.
 */
#include "model/exchange.h"

#include <errno.h>
#include <stdlib.h>

#include "model/stream.h"

static int settle(struct exchanges *xs, struct connection *c,
		  const struct turn *t)
{
	struct request r;

	if (turn__is_goodbye(t, c->role)) {
		xs->unanswered++;
		return 0;
	}
	if (t->unreadable)
		xs->unreadable++;
	if (!t->exact)
		xs->uncounted++;
	turn__request(t, c, &r);
	return xs->sink->request(xs->sink->ctx, &r);
}

static void turn_free(struct exchanges *xs, struct turn **t)
{
	if (!*t)
		return;
	turn__release(xs->reader, *t);
	free(*t);
	*t = NULL;
}

/* Move *t into memory of its own. 0, or -ENOMEM with *t released. */
static int turn_keep(struct exchanges *xs, struct turn **slot, struct turn *t)
{
	*slot = malloc(sizeof(**slot));
	if (!*slot) {
		turn__release(xs->reader, t);
		return -ENOMEM;
	}
	**slot = *t;
	return 0;
}

static int settle_held(struct exchanges *xs, struct connection *c)
{
	int err = c->held ? settle(xs, c, c->held) : 0;

	turn_free(xs, &c->held);
	return err;
}

/* Exchange seq needs nothing any more of what came ahead of it. */
static void forget_waiting(struct exchanges *xs, const struct connection *c,
			   uint32_t seq)
{
	payloads__settle(xs->reader->payloads, c->cookie, seq);
	calls__settle(xs->reader->calls, c->cookie, seq);
}

/* t is final, and what it continued is part of it. Consumes *t. */
static int finish(struct exchanges *xs, struct connection *c, struct turn *t)
{
	int err;

	connection__see(c, t->seq);
	forget_waiting(xs, c, t->seq);
	turn_free(xs, &c->held);
	if (t->capture && turn__may_go_on(t))
		return turn_keep(xs, &c->held, t);
	err = settle(xs, c, t);
	turn__release(xs->reader, t);
	return err;
}

/* The pending turn gets no more bytes: that is what end means. */
static int finish_pending(struct exchanges *xs, struct connection *c,
			  enum rt_end end, uint64_t time)
{
	struct turn t;

	if (!c->pending)
		return 0;
	/* Its own record did not fit the ring: it is in a summary. */
	if (turn__is_news(c->pending)) {
		turn_free(xs, &c->pending);
		return 0;
	}
	t = *c->pending;
	free(c->pending);
	c->pending = NULL;
	t.end = end;
	if (time)
		t.ended = time;
	return finish(xs, c, &t);
}

static bool is_final(const struct rt_exchange *ex)
{
	return !(ex->header.flags & RT_EX_PROVISIONAL) &&
	       ex->end != RT_END_IDLE && ex->end != RT_END_STOP;
}

static uint64_t end_of_stream(const struct rt_exchange *ex)
{
	bool gone = ex->end == RT_END_CLOSE || ex->end == RT_END_RESET;

	return gone ? ex->ended : 0;
}

/* After ex, a record of c's stream. */
static int stream_recorded(struct exchanges *xs, struct connection *c,
			   const struct rt_exchange *ex)
{
	if (!is_final(ex))
		return 0;
	connection__see(c, ex->seq);
	forget_waiting(xs, c, ex->seq);
	return c->upgraded ? 0 : stream__end(c, xs->sink, end_of_stream(ex));
}

/* Consumes *t, which is of a kind that makes no request. */
static int begin_stream(struct exchanges *xs, struct connection *c,
			struct turn *t, const struct rt_exchange *ex)
{
	int err;

	turn__release(xs->reader, t);
	turn_free(xs, &c->held);
	c->upgraded = t->kind == PROTO_UPGRADE;
	err = stream__begin(c, xs->sink, t, ex);
	return err ? err : stream_recorded(xs, c, ex);
}

/* What was read once, when nothing was missing: bytes that followed cannot
 * change it, nor can request bytes that were forgotten meanwhile. */
static void keep_reading(struct turn *t, const struct turn *whole)
{
	t->kind = whole->kind;
	t->exact = whole->exact;
	t->request_partial = whole->request_partial;
	t->proto = whole->proto;
	t->operation = whole->operation;
	t->status = whole->status;
	t->version = whole->version;
	t->trace = whole->trace;
	t->operations = whole->operations;
	t->errors = whole->errors;
}

/* Both are of one exchange, whole as it was when it was reported before its
 * end. By all its bytes, t may be a request of its own after all: then the
 * other one was joined to the turn before, and holds what belongs to that. */
static bool was_whole(const struct turn *t, const struct turn *whole)
{
	return whole && whole->framing == PROTO_WHOLE &&
	       whole->joined == t->joined;
}

/* What a server sends unasked, long after a whole answer, is no part of it; nor
 * does it matter whether anybody was left to take it. Not for a t that has no
 * more than whole: the provisional record may have been copied while the answer
 * was being written down. */
static void keep_answer(struct turn *t, struct turn *whole)
{
	t->flags &=
		~(RT_EX_UNACKED | RT_EX_SEND_FAILED | RT_EX_PEER_CLOSED_FIRST);
	t->framing = PROTO_WHOLE;
	t->response_last = whole->response_last;
	t->response_total = whole->response_total;
	t->last_tid = whole->last_tid;
	t->parts = whole->parts;
	t->calls_unsure = whole->calls_unsure;
	free(t->calls);
	t->calls = whole->calls;
	whole->calls = NULL;
}

static int take_turn(struct exchanges *xs, struct connection *c,
		     const struct event *ev)
{
	const struct rt_exchange *ex = ev->exchange.ex;
	struct turn t;
	int err;

	err = turn__read(xs->reader, c, ev, c->held, &t);
	if (err)
		return err;
	if (was_whole(&t, c->pending)) {
		if (turn__is_whole(c->pending))
			keep_reading(&t, c->pending);
		if (t.response_total > c->pending->response_total)
			keep_answer(&t, c->pending);
	}
	turn_free(xs, &c->pending);
	if (c->held && !t.joined) {
		err = settle_held(xs, c);
		if (err) {
			turn__release(xs->reader, &t);
			return err;
		}
	}
	if (t.kind != PROTO_EXCHANGE && !turn__is_news(&t))
		return begin_stream(xs, c, &t, ex);
	return is_final(ex) ? finish(xs, c, &t)
			    : turn_keep(xs, &c->pending, &t);
}

/* A whole stream at once, on a connection that may be closed already. */
static int late_stream(struct exchanges *xs, struct connection *c,
		       const struct turn *t, const struct rt_exchange *ex)
{
	int err;

	if (c->stream)
		return stream__add_late(c, xs->sink, ex);
	c->upgraded = t->kind == PROTO_UPGRADE;
	err = stream__begin(c, xs->sink, t, ex);
	if (err || (c->upgraded && !c->closed))
		return err;
	return stream__end(c, xs->sink, end_of_stream(ex));
}

/* An exchange that others have overtaken: nothing can follow it any more. */
static int take_late(struct exchanges *xs, struct connection *c,
		     const struct event *ev)
{
	const struct rt_exchange *ex = ev->exchange.ex;
	struct turn t;
	int err;

	if (ex->end == RT_END_IDLE && ex->header.flags & RT_EX_NO_RESPONSE)
		return 0;
	connection__see(c, ex->seq);
	if (c->upgraded)
		return stream__add_late(c, xs->sink, ex);
	if (!is_final(ex) && (ex->header.flags & RT_EX_NO_RESPONSE))
		return 0;
	err = turn__read(xs->reader, c, ev, NULL, &t);
	forget_waiting(xs, c, ex->seq);
	if (err)
		return err;
	if (t.kind == PROTO_EXCHANGE)
		err = settle(xs, c, &t);
	else
		err = late_stream(xs, c, &t, ex);
	turn__release(xs->reader, &t);
	return err;
}

/* Records of the open exchange and of later ones are in order. */
static bool is_late(const struct connection *c, uint32_t seq)
{
	if (c->closed)
		return true;
	if (c->pending && seq__before(seq, c->pending->seq))
		return true;
	if (c->stream && seq__before(seq, c->stream->seq))
		return true;
	return c->numbered && seq__before(seq, c->next_seq);
}

int exchange__record(struct exchanges *xs, struct connection *c,
		     const struct event *ev)
{
	const struct rt_exchange *ex = ev->exchange.ex;
	int err = 0;

	if (connection__has_seen(c, ex->seq))
		return 0;
	if (is_late(c, ex->seq))
		return take_late(xs, c, ev);
	if (c->pending && c->pending->seq != ex->seq)
		err = finish_pending(xs, c, RT_END_NEXT, 0);
	if (!err && c->stream && !c->upgraded && c->stream->seq != ex->seq)
		err = stream__end(c, xs->sink, 0);
	if (err)
		return err;
	if (!c->stream)
		return take_turn(xs, c, ev);
	err = stream__grow(c, xs->sink, ex);
	return err ? err : stream_recorded(xs, c, ex);
}

int exchange__finish(struct exchanges *xs, struct connection *c,
		     enum rt_end end, uint64_t time)
{
	int err;

	err = finish_pending(xs, c, end, time);
	if (err)
		return err;
	if (c->held) {
		c->held->end = end;
		c->held->ended = time;
		err = settle_held(xs, c);
	}
	return err ? err : stream__end(c, xs->sink, time);
}

const struct turn *exchange__open(const struct connection *c)
{
	return c->pending ? c->pending : c->held;
}

void exchange__forget(struct exchanges *xs, struct connection *c)
{
	turn_free(xs, &c->pending);
	turn_free(xs, &c->held);
	free(c->stream);
	c->stream = NULL;
}
