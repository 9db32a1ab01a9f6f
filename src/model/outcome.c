/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns the definitions: when a request began and ended, and how it went. Fed
 * turns, yields struct request.
 */
#include <string.h>

#include "model/turn.h"

/* Programs take some microseconds, and are preempted for some more. */
#define FRESH_NS 1000000

static const char aborted[] = "aborted";

static bool has(const struct turn *t, uint32_t flags)
{
	return t->flags & flags;
}

/* Distance of two times that different CPUs took: never negative. */
static uint64_t since(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

uint64_t turn__begin(const struct turn *t, enum rt_role role)
{
	if (role != RT_ROLE_CLIENT && t->arrive)
		return t->arrive;
	if (t->request_first)
		return t->request_first;
	return t->response_first ? t->response_first : t->ended;
}

/* The side that owed the answer, when nothing says who went first. */
static enum request_error debtor(enum rt_role role)
{
	return role == RT_ROLE_CLIENT ? REQUEST_ERROR_PEER_ABORT
				      : REQUEST_ERROR_LOCAL_ABORT;
}

/* Not a byte of the answer, and the connection is gone. */
static enum request_error unanswered(const struct turn *t, enum rt_role role)
{
	if (has(t, RT_EX_PEER_CLOSED_FIRST))
		return REQUEST_ERROR_PEER_ABORT;
	if (has(t, RT_EX_LOCAL_CLOSED))
		return REQUEST_ERROR_LOCAL_ABORT;
	if (t->end == RT_END_RESET ||
	    has(t, RT_EX_SEND_FAILED | RT_EX_RECV_FAILED))
		return REQUEST_ERROR_PEER_ABORT;
	return debtor(role);
}

/* The protocol says that more of the answer was to come. */
static enum request_error cut_short(const struct turn *t, enum rt_role role)
{
	if (t->end == RT_END_RESET)
		return has(t, RT_EX_PEER_CLOSED_FIRST | RT_EX_UNACKED |
				      RT_EX_RECV_FAILED)
			       ? REQUEST_ERROR_PEER_ABORT
			       : REQUEST_ERROR_RESET;
	if (has(t, RT_EX_PEER_CLOSED_FIRST))
		return REQUEST_ERROR_PEER_ABORT;
	if (has(t, RT_EX_LOCAL_CLOSED))
		return REQUEST_ERROR_LOCAL_ABORT;
	/* This side would have said so; unless the record is of a time when
	 * nobody had closed yet. */
	return t->saw_close ? REQUEST_ERROR_PEER_ABORT : debtor(role);
}

/* The answer may be whole here, and still not have reached the other side. */
static bool undelivered(const struct turn *t, enum rt_role role)
{
	/* A client that has the whole answer in hand has what it wanted. */
	if (role == RT_ROLE_CLIENT && t->framing == PROTO_WHOLE)
		return false;
	if (has(t, RT_EX_SEND_FAILED))
		return true;
	return t->end == RT_END_RESET &&
	       has(t, RT_EX_PEER_CLOSED_FIRST | RT_EX_UNACKED);
}

bool turn__is_goodbye(const struct turn *t, enum rt_role role)
{
	uint32_t asker_left = role == RT_ROLE_CLIENT ? RT_EX_LOCAL_CLOSED
						     : RT_EX_PEER_CLOSED_FIRST;

	return !t->proto && t->no_response && t->end == RT_END_CLOSE &&
	       has(t, asker_left);
}

static enum request_error abort_of(const struct turn *t, enum rt_role role)
{
	bool gone = t->end == RT_END_CLOSE || t->end == RT_END_RESET;

	if (t->no_response)
		return gone ? unanswered(t, role) : REQUEST_OK;
	if (undelivered(t, role))
		return REQUEST_ERROR_PEER_ABORT;
	if (gone && turn__is_in_flight(t))
		return cut_short(t, role);
	return REQUEST_OK;
}

static void fill_outcome(const struct turn *t, enum rt_role role,
			 struct request *r)
{
	r->error = abort_of(t, role);
	if (r->error != REQUEST_OK) {
		r->status = aborted;
		r->failed = t->operations;
		r->end = t->ended;
		return;
	}
	r->error = t->errors ? REQUEST_ERROR_STATUS : REQUEST_OK;
	r->status = t->status;
	r->failed = t->errors;
	r->end = t->response_last ? t->response_last : t->ended;
}

/* The kernel knows all of a client's, if it keeps clocks at all. */
static uint64_t receive_queue(const struct turn *t, enum rt_role role)
{
	uint64_t read = t->request_first;

	if (role == RT_ROLE_CLIENT && t->parts.known)
		return t->parts.ns[PART_RECEIVE_QUEUE];
	if (role == RT_ROLE_CLIENT)
		read = t->response_first;
	return t->arrive ? since(t->arrive, read) : 0;
}

/* Parts never exceed the whole, whatever the clocks of two CPUs say. */
static void fill_times(const struct turn *t, enum rt_role role,
		       struct request *r)
{
	bool abandoned =
		r->status == aborted && has(t, RT_EX_PEER_CLOSED_FIRST);
	uint64_t duration;

	r->begin = turn__begin(t, role);
	if (r->end < r->begin)
		r->end = r->begin;
	duration = r->end - r->begin;
	r->has_first_byte = t->response_first != 0;
	if (r->has_first_byte)
		r->time_to_first_byte = since(r->begin, t->response_first);
	if (r->time_to_first_byte > duration)
		r->time_to_first_byte = duration;
	r->has_arrival = t->arrive != 0;
	parts__fill(&t->parts, receive_queue(t, role), abandoned, r);
}

static const char *protocol_of(const struct turn *t, const struct connection *c)
{
	if (t->proto)
		return t->proto->name;
	return c->transport == RT_TRANSPORT_UNIX ? "unix" : "tcp";
}

void turn__in_flight(const struct turn *t, const struct connection *c,
		     struct sink_in_flight *f)
{
	*f = (struct sink_in_flight){
		.pid = t->pid,
		.role = c->role,
		.transport = c->transport,
		.port = connection__port(c),
		.protocol = protocol_of(t, c),
		.operation = t->operation,
	};
}

/* A record of what goes on may have been copied while the answer was being
 * written down on another CPU: with the times of after it, and the clocks of
 * before. */
static bool is_fresh(const struct turn *t)
{
	return t->end == RT_END_IDLE &&
	       since(t->response_last, t->ended) < FRESH_NS;
}

void turn__request(const struct turn *t, struct connection *c,
		   struct request *r)
{
	/* The arrays after that are filled as far as they are used. */
	memset(r, 0, offsetof(struct request, part));
	r->keep = &c->keep;
	r->cookie = c->cookie;
	r->seq = t->seq;
	r->pid = t->pid;
	r->tid = t->tid;
	r->last_tid = t->last_tid;
	r->role = c->role;
	r->transport = c->transport;
	r->port = connection__port(c);
	r->protocol = protocol_of(t, c);
	r->operation = t->operation;
	r->version = t->version;
	r->trace = t->trace;
	r->remote_port = c->remote_port;
	r->operations = t->operations;
	r->bytes_in = t->bytes_in;
	r->bytes_out = t->bytes_out;
	r->rtt = t->rtt;
	r->retransmits = t->retransmits;
	r->calls_known = !t->calls_unsure;
	r->is_call = t->parent_cookie != 0;
	r->parent_cookie = t->parent_cookie;
	r->parent_seq = t->parent_seq;
	r->is_whole = turn__is_whole(t) && !is_fresh(t);
	memcpy(r->remote_addr, c->remote_addr, sizeof(r->remote_addr));
	fill_outcome(t, c->role, r);
	fill_times(t, c->role, r);
	calls__fill(t->calls, r);
	for (size_t i = 0; !r->calls_known && i < r->calls_len; i++)
		r->calls[i].count = r->calls[i].time = 0;
}
