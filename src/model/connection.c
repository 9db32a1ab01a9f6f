/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns the connection entries, their bound and their order of closing. Fed
 * peers from records, tells the sink about the lives of connections.
 */
#include "model/connection.h"

#include <string.h>

#include "base/hash.h"

void connections__init(struct connections *cs)
{
	*cs = (struct connections){.pool = {.size = sizeof(struct connection)}};
}

void connections__free(struct connections *cs)
{
	lookup__free(&cs->by_cookie);
	pool__free(&cs->pool);
}

static void connection_init(struct connection *c, const struct rt_peer *peer,
			    uint32_t pid)
{
	c->cookie = peer->cookie;
	c->established = peer->established;
	memcpy(c->local_addr, peer->local_addr, sizeof(c->local_addr));
	memcpy(c->remote_addr, peer->remote_addr, sizeof(c->remote_addr));
	c->local_port = peer->local_port;
	c->remote_port = peer->remote_port;
	c->pid = pid ? pid : peer->owner;
	c->owner = peer->owner;
	c->role = peer->role;
	c->transport = peer->transport;
	c->joined = peer->flags & RT_PEER_JOINED;
	c->summarised = peer->flags & RT_PEER_OPEN_SUMMARISED;
}

struct connection *connections__add(struct connections *cs,
				    const struct rt_peer *peer, uint32_t pid)
{
	struct connection *c = pool__get(&cs->pool);

	if (!c)
		return NULL;
	connection_init(c, peer, pid);
	if (lookup__add(&cs->by_cookie, c->cookie, c)) {
		pool__put(&cs->pool, c);
		return NULL;
	}
	DL_APPEND(cs->open, c);
	return c;
}

void connections__remove(struct connections *cs, struct connection *c)
{
	if (c->closed) {
		DL_DELETE(cs->closed, c);
		cs->closed_len--;
	} else {
		DL_DELETE(cs->open, c);
	}
	lookup__remove(&cs->by_cookie, c->cookie);
	pool__put(&cs->pool, c);
}

/* Second chance: one that had traffic moves to the end of the queue, so each
 * call costs as much as there was traffic since the last. */
struct connection *connections__victim(struct connections *cs)
{
	if (cs->by_cookie.len < CONNECTIONS_MAX)
		return NULL;
	if (cs->closed)
		return cs->closed;
	while (cs->open->touched) {
		struct connection *c = cs->open;

		c->touched = false;
		DL_DELETE(cs->open, c);
		DL_APPEND(cs->open, c);
	}
	return cs->open;
}

void connections__close(struct connections *cs, struct connection *c,
			uint64_t time)
{
	c->closed = true;
	c->closed_at = time;
	DL_DELETE(cs->open, c);
	DL_APPEND(cs->closed, c);
	cs->closed_len++;
}

void connections__expire(struct connections *cs, uint64_t now)
{
	while (cs->closed) {
		const struct connection *c = cs->closed;
		bool over = now > c->closed_at &&
			    now - c->closed_at > CONNECTION_LINGER_NS;

		if (!over && cs->closed_len <= CONNECTIONS_CLOSED_MAX)
			return;
		connections__remove(cs, cs->closed);
	}
}

uint16_t connection__port(const struct connection *c)
{
	return c->role == RT_ROLE_CLIENT ? c->remote_port : c->local_port;
}

/* *s is c as it is; the event's own figures are 0. */
static void describe(struct connection *c, enum sink_conn_event event,
		     uint64_t time, struct sink_conn *s)
{
	*s = (struct sink_conn){
		.event = event,
		.keep = &c->keep,
		.cookie = c->cookie,
		.pid = c->pid,
		.role = c->role,
		.transport = c->transport,
		.port = connection__port(c),
		.local_port = c->local_port,
		.remote_port = c->remote_port,
		.established = c->established,
		.time = time,
		.joined = c->joined,
		.summarised = c->summarised,
	};
	memcpy(s->local_addr, c->local_addr, sizeof(s->local_addr));
	memcpy(s->remote_addr, c->remote_addr, sizeof(s->remote_addr));
}

int connection__tell(struct connection *c, const struct model_sink *sink,
		     enum sink_conn_event event, uint32_t old_pid,
		     uint64_t time, uint64_t bytes_in, uint64_t bytes_out)
{
	struct sink_conn s;

	describe(c, event, time, &s);
	s.old_pid = old_pid;
	s.bytes_in = bytes_in;
	s.bytes_out = bytes_out;
	return sink->conn(sink->ctx, &s);
}

int connection__tell_accepted(struct connection *c,
			      const struct model_sink *sink, uint32_t pid,
			      uint64_t time)
{
	struct sink_conn s;

	c->accepted = true;
	describe(c, SINK_CONN_ACCEPTED, time, &s);
	s.pid = pid;
	/* Two CPUs took these times. */
	if (time > c->established)
		s.accept_queue = time - c->established;
	return sink->conn(sink->ctx, &s);
}

bool connection__has_seen(const struct connection *c, uint32_t seq)
{
	uint32_t back = c->next_seq - 1 - seq;

	if (!c->numbered || !seq__before(seq, c->next_seq))
		return false;
	return back >= 64 || (c->seen >> back & 1);
}

void connection__see(struct connection *c, uint32_t seq)
{
	uint32_t ahead = seq - c->next_seq;

	if (!c->numbered || !seq__before(seq, c->next_seq)) {
		ahead = c->numbered && ahead < 63 ? ahead + 1 : 64;
		c->seen = (ahead < 64 ? c->seen << ahead : 0) | 1;
		c->next_seq = seq + 1;
		c->numbered = true;
	} else if (c->next_seq - 1 - seq < 64) {
		c->seen |= 1ull << (c->next_seq - 1 - seq);
	}
}
