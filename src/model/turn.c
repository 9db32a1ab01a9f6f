/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns the reading of turns: times and bytes by role, joining to the turn
 * before, parsing. Fed exchange records and what waits for them, yields turns.
 */
#include "model/turn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_US 1000

static const char not_readable[] = "(not readable)";

static void read_sides(struct turn *t, const struct rt_exchange *ex,
		       enum rt_role role)
{
	if (role == RT_ROLE_CLIENT) {
		t->request_first = ex->first_send;
		t->response_first = ex->first_recv;
		t->response_last = ex->last_recv;
		t->request_total = ex->bytes_out;
		t->response_total = ex->bytes_in;
	} else {
		t->request_first = ex->first_recv;
		t->response_first = ex->first_send;
		t->response_last = ex->last_send;
		t->request_total = ex->bytes_in;
		t->response_total = ex->bytes_out;
	}
}

static void read_record(struct turn *t, const struct rt_exchange *ex,
			enum rt_role role)
{
	memset(t, 0, offsetof(struct turn, parts));
	t->seq = ex->seq;
	t->pid = ex->tgid;
	t->tid = ex->tid;
	t->last_tid = ex->last_tid;
	t->flags = ex->header.flags;
	t->end = ex->end;
	t->no_response = ex->header.flags & RT_EX_NO_RESPONSE;
	t->exact = true;
	t->saw_close = ex->end == RT_END_CLOSE || ex->end == RT_END_RESET;
	if (role == RT_ROLE_CLIENT && ex->parent_cookie) {
		t->parent_cookie = ex->parent_cookie;
		t->parent_seq = ex->parent_seq;
	}
	t->arrive = ex->arrive;
	t->ended = ex->ended ? ex->ended : ex->header.time;
	t->bytes_in = ex->bytes_in;
	t->bytes_out = ex->bytes_out;
	t->rtt = (uint64_t)ex->rtt_us * NS_PER_US;
	t->retransmits = ex->retransmits;
	t->calls_unsure = ex->unsure & RT_UNSURE_CALLS;
	t->operation = operations__none;
	t->status = operations__none;
	t->stream_protocol = operations__none;
	t->version = operations__none;
	t->operations = 1;
	read_sides(t, ex, role);
	if (t->no_response)
		t->response_first = t->response_last = 0;
	parts__read(&t->parts, ex, role, t->request_first,
		    t->response_last ? t->response_last : t->ended);
}

/* The next turn is a request of its own if its bytes begin one. */
static bool continues(const struct turn *held, const struct event *ev)
{
	size_t len = ev->exchange.ex->request_len;

	if (!held)
		return false;
	/* RFC 9110 section 10.1.1: the body that 100 (Continue) asked for. */
	if (held->framing == PROTO_INTERIM && held->request_partial)
		return true;
	if (len == 0)
		return held->request_partial;
	return !held->proto->detect(ev->exchange.request, len);
}

/* Of a turn whose answer had come before: its clocks are past that. */
static void keep_finish(struct turn *t, const struct turn *held)
{
	t->response_last = held->response_last;
	t->last_tid = held->last_tid;
	t->parts = held->parts;
	/* They say how this turn ended; whether the answer was whole, its
	 * framing knows. */
	t->flags &= ~(uint32_t)(RT_EX_PEER_CLOSED_FIRST | RT_EX_UNACKED |
				RT_EX_SEND_FAILED);
}

/* Times of the answer: an interim answer is none. */
static void join_answer(struct turn *t, const struct turn *held,
			enum rt_role role)
{
	if (held->framing == PROTO_INTERIM || held->no_response) {
		if (role != RT_ROLE_CLIENT)
			t->arrive = held->arrive;
		parts__add(&t->parts, &held->parts);
		return;
	}
	t->arrive = held->arrive;
	t->response_first = held->response_first;
	t->response_total += held->response_total;
	if (t->no_response) {
		keep_finish(t, held);
	} else {
		parts__add(&t->parts, &held->parts);
		t->parts.ns[PART_RECEIVE_QUEUE] =
			held->parts.ns[PART_RECEIVE_QUEUE];
	}
	t->no_response = false;
}

static void join(struct turn *t, const struct turn *held, enum rt_role role)
{
	t->joined = true;
	t->pid = held->pid;
	t->tid = held->tid;
	t->request_first = held->request_first;
	t->request_total += held->request_total;
	t->bytes_in += held->bytes_in;
	t->bytes_out += held->bytes_out;
	if (held->parent_cookie) {
		t->parent_cookie = held->parent_cookie;
		t->parent_seq = held->parent_seq;
	}
	t->rtt = t->rtt ? t->rtt : held->rtt;
	t->retransmits += held->retransmits;
	t->calls_unsure |= held->calls_unsure;
	join_answer(t, held, role);
}

/* Append as much as fits; *len counts. */
static void append(uint8_t *to, size_t cap, size_t *len, const uint8_t *from,
		   size_t n)
{
	if (n > cap - *len)
		n = cap - *len;
	memcpy(to + *len, from, n);
	*len += n;
}

/* All of the request that is known without a gap:
 *   held, if it has every byte so far | the record's head | RT_REC_DATA */
static void put_request(struct turn_reader *reader, const struct event *ev,
			const struct turn *held, struct proto_input *in)
{
	const struct rt_exchange *ex = ev->exchange.ex;
	const struct payload *more =
		payloads__find(reader->payloads, ex->peer.cookie, ex->seq);
	size_t len = 0, cap = sizeof(reader->request);

	in->request = ev->exchange.request;
	in->request_len = ex->request_len;
	if (!held && !more)
		return;
	if (held)
		append(reader->request, cap, &len, held->capture->bytes,
		       held->capture->request_len);
	if (!held || len == held->request_total) {
		append(reader->request, cap, &len, ev->exchange.request,
		       ex->request_len);
		if (more && more->start <= ex->request_len &&
		    more->start + more->len > ex->request_len) {
			size_t skip = ex->request_len - more->start;

			append(reader->request, cap, &len, more->bytes + skip,
			       more->len - skip);
		}
	}
	in->request = reader->request;
	in->request_len = len;
}

static void put_response(struct turn_reader *reader, const struct event *ev,
			 const struct turn *held, struct proto_input *in)
{
	size_t len = 0, cap = sizeof(reader->response);

	in->response = ev->exchange.response;
	in->response_len = ev->exchange.ex->response_len;
	if (!held || held->framing == PROTO_INTERIM)
		return;
	append(reader->response, cap, &len,
	       held->capture->bytes + held->capture->request_len,
	       held->capture->response_len);
	if (len == held->response_total)
		append(reader->response, cap, &len, ev->exchange.response,
		       ev->exchange.ex->response_len);
	in->response = reader->response;
	in->response_len = len;
}

static void put_tail(const struct rt_exchange *ex, struct proto_input *in)
{
	size_t len = sizeof(ex->tail);

	if (!(ex->header.flags & RT_EX_TAIL))
		return;
	if (in->response_total < len)
		len = in->response_total;
	in->tail = ex->tail + sizeof(ex->tail) - len;
	in->tail_len = len;
}

static void put_input(struct turn_reader *reader, const struct event *ev,
		      const struct turn *held, const struct turn *t,
		      struct proto_input *in)
{
	memset(in, 0, sizeof(*in));
	in->request_total = t->request_total;
	in->response_total = t->response_total;
	put_request(reader, ev, held, in);
	put_response(reader, ev, held, in);
	put_tail(ev->exchange.ex, in);
	/* A peek shows bytes that no receive has counted yet. */
	if (in->request_total < in->request_len)
		in->request_total = in->request_len;
	if (in->response_total < in->response_len)
		in->response_total = in->response_len;
}

/* Behind bytes that were not captured, a turn may begin with the remains of a
 * request and still hold requests of its own (a long Redis pipeline). */
static bool stands_alone(struct turn_reader *reader, const struct event *ev,
			 const struct turn *held, const struct turn *t)
{
	struct proto_result result;
	struct proto_input in;

	if (held->framing == PROTO_INTERIM ||
	    ev->exchange.ex->request_len == 0 ||
	    held->capture->request_len == held->request_total)
		return false;
	put_input(reader, ev, NULL, t, &in);
	return proto__parse(held->proto, &in, &result) == 0;
}

/* The protocol that parses in: the connection's, or else another one. */
static const struct proto *parse(struct connection *c,
				 const struct proto_input *in,
				 struct proto_result *result)
{
	const struct proto *p;

	if (c->proto && proto__parse(c->proto, in, result) == 0)
		return c->proto;
	p = proto__detect(in->request, in->request_len);
	if (!p || p == c->proto || proto__parse(p, in, result) != 0)
		return NULL;
	c->proto = p;
	return p;
}

static int name_operation(struct turn_reader *reader, struct connection *c,
			  const char *text, const char **out)
{
	int err;

	if (c->operation && strcmp(c->operation, text) == 0) {
		*out = c->operation;
		return 0;
	}
	err = operations__operation(reader->operations, c->role,
				    connection__port(c), text, out);
	if (!err)
		c->operation = *out;
	return err;
}

static int name_status(struct turn_reader *reader, struct connection *c,
		       const char *text, const char **out)
{
	int err;

	if (c->status && strcmp(c->status, text) == 0) {
		*out = c->status;
		return 0;
	}
	err = operations__status(reader->operations, c->role,
				 connection__port(c), text, out);
	if (!err)
		c->status = *out;
	return err;
}

static void take_trace(const struct proto_trace *from, struct request_trace *to)
{
	if (!from->known)
		return;
	memcpy(to->trace_id, from->trace_id, sizeof(to->trace_id));
	memcpy(to->parent_id, from->parent_id, sizeof(to->parent_id));
	to->flags = from->flags;
	to->known = true;
}

static int take_result(struct turn_reader *reader, struct connection *c,
		       const struct proto_result *result, struct turn *t)
{
	int err;

	t->operations = result->operations;
	t->exact = result->operations_exact;
	t->errors = result->errors < result->operations ? result->errors
							: result->operations;
	t->kind = result->kind;
	t->framing = result->framing;
	t->request_partial = result->request_partial;
	if (*result->version)
		t->version = result->version;
	take_trace(&result->trace, &t->trace);
	err = name_operation(reader, c, result->operation, &t->operation);
	if (!err)
		err = name_status(reader, c, result->status, &t->status);
	if (!err && t->kind != PROTO_EXCHANGE)
		err = operations__status(
			reader->operations, c->role, connection__port(c),
			result->stream_protocol, &t->stream_protocol);
	return err;
}

/* What a parser cannot make sense of any more is what it was before. */
static void take_held(const struct turn *held, struct turn *t)
{
	t->proto = held->proto;
	t->operation = held->operation;
	t->status = held->status;
	t->version = held->version;
	t->trace = held->trace;
	t->operations = held->operations;
	t->errors = held->errors;
	t->exact = false;
}

static int classify(struct turn_reader *reader, struct connection *c,
		    const struct proto_input *in, const struct turn *held,
		    struct turn *t)
{
	struct proto_result result;

	if (in->request_len == 0) {
		t->proto = c->proto;
		t->unreadable = t->flags & RT_EX_REQUEST_UNREADABLE;
		if (t->unreadable)
			t->operation = not_readable;
		return 0;
	}
	t->proto = parse(c, in, &result);
	if (t->proto)
		return take_result(reader, c, &result, t);
	if (held)
		take_held(held, t);
	return 0;
}

int turn__read(struct turn_reader *reader, struct connection *c,
	       const struct event *ev, const struct turn *held, struct turn *t)
{
	struct proto_input in;
	int err;

	read_record(t, ev->exchange.ex, c->role);
	if (!continues(held, ev) || stands_alone(reader, ev, held, t))
		held = NULL;
	if (held)
		join(t, held, c->role);
	put_input(reader, ev, held, t, &in);
	err = classify(reader, c, &in, held, t);
	if (!err)
		err = calls__read(reader->calls, c->cookie, t->seq,
				  held ? held->calls : NULL, &t->calls);
	if (!err && turn__may_go_on(t))
		t->capture = payloads__capture(reader->payloads, &in);
	return err;
}

void turn__release(struct turn_reader *reader, struct turn *t)
{
	payloads__release(reader->payloads, t->capture);
	t->capture = NULL;
	free(t->calls);
	t->calls = NULL;
}

bool turn__may_go_on(const struct turn *t)
{
	if (t->kind != PROTO_EXCHANGE || !t->proto || turn__is_news(t))
		return false;
	if (t->end == RT_END_CLOSE || t->end == RT_END_RESET)
		return false;
	/* Where a request ends that was seen only in part, nobody knows. */
	return t->framing == PROTO_INTERIM || t->request_partial || !t->exact;
}

bool turn__is_whole(const struct turn *t)
{
	return t->kind == PROTO_EXCHANGE && t->framing == PROTO_WHOLE &&
	       !t->no_response && !t->request_partial && t->exact;
}

bool turn__is_news(const struct turn *t)
{
	return t->no_response && t->end == RT_END_IDLE;
}

bool turn__is_in_flight(const struct turn *t)
{
	return t->no_response || t->framing == PROTO_PARTIAL ||
	       t->framing == PROTO_INTERIM;
}
