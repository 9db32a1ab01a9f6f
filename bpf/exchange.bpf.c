// SPDX-License-Identifier: GPL-2.0-only
/* See exchange.h. Fed by the socket programs, yields reports. */
#include "exchange.h"

#include "payload.h"
#include "report.h"

#define EXCHANGE_TIMES __builtin_offsetof(struct rt_exchange, arrive)
#define EXCHANGE_PARTS __builtin_offsetof(struct rt_exchange, clock)

static __always_inline void exchange__begin(struct conn *c,
					    const struct moved *m)
{
	struct rt_exchange *ex = &c->ex;

	/* It may have been asked and given up before it was read. */
	ex->header.flags = c->peer_fin ? RT_EX_PEER_CLOSED_FIRST : 0;
	__builtin_memset(&ex->arrive, 0, EXCHANGE_PARTS - EXCHANGE_TIMES);
	if (rt_config.parts) /* else nobody writes there */
		__builtin_memset(ex->clock, 0, sizeof(*ex) - EXCHANGE_PARTS);
	ex->tgid = m->id >> 32;
	ex->tid = m->id;
	c->used_by = ex->tgid;
	c->datas = 0;
	c->data_bytes = 0;
	c->late = 0;
	c->sent_seq = m->write_seq;
	c->calls = 0;
	c->retrans_before = c->retrans;
	c->phase = PHASE_REQUEST;
	/* Last: from here on the sweep may look at it. */
	c->state = ((c->state >> 2) + 1) << 2 | EXCHANGE_OPEN;
}

/* Note ret received bytes. */
static __always_inline void exchange__received(struct conn *c, u64 now, u32 ret)
{
	struct rt_exchange *ex = &c->ex;

	if (!ex->first_recv) {
		ex->first_recv = c->peeked ?: now;
		if (c->arrive <= ex->first_recv)
			ex->arrive = c->arrive;
		if (!ex->arrive && ex->peer.role == RT_ROLE_SERVER)
			count(RT_COUNT_NO_ARRIVAL);
	}
	ex->last_recv = now;
	ex->bytes_in += ret;
	ex->recvs++;
}

static __always_inline void exchange__sent(struct conn *c, u64 now, u32 ret)
{
	struct rt_exchange *ex = &c->ex;

	if (!ex->first_send)
		ex->first_send = now;
	ex->last_send = now;
	ex->bytes_out += ret;
	ex->sends++;
}

static __always_inline void exchange__note(struct conn *c,
					   const struct moved *m)
{
	c->ex.last_tgid = m->id >> 32;
	c->ex.last_tid = m->id;
	if (m->received)
		exchange__received(c, m->now, m->bytes);
	else
		exchange__sent(c, m->now, m->bytes);
}

static __always_inline void exchange__locate(struct segments *s,
					     struct moved *m, bool first)
{
	s->known = false;
	m->further = !first;
	if (!m->unreadable)
		payload__locate(s, m);
}

/* RFC 8446 section 5.1: handshake or application data, version 3.x. */
static __always_inline bool exchange__is_tls(const u8 *bytes)
{
	return (bytes[0] == 0x16 || bytes[0] == 0x17) && bytes[1] == 3;
}

/* The whole of a short message, which is payload[start] on then; 0: it is not
 * short, or not to be had so. */
static __always_inline u32 exchange__short(struct conn *c,
					   const struct moved *m, u32 start)
{
	if (m->bytes > PAYLOAD_SMALL || m->unreadable || !m->from)
		return 0;
	return payload__small(c, m->from, start, m->bytes);
}

/* Keep the first bytes of the request, send on what is beyond them. */
static __always_inline void exchange__request_bytes(struct conn *c,
						    struct moved *m, u64 before)
{
	struct rt_exchange *ex = &c->ex;
	u32 had = ex->request_len, have = had;
	struct segments s;

	if (before && !had) /* the beginning was not readable */
		return;
	if (had && c->data_bytes >= RT_DATA_MAX)
		return;
	if (!before) {
		have = exchange__short(c, m, 0);
		ex->request_len = have;
		if (have >= 3)
			c->tls = exchange__is_tls(c->payload);
		if (have)
			return;
	}
	exchange__locate(&s, m, !before);
	if (!s.known) {
		if (!before)
			ex->header.flags |= RT_EX_REQUEST_UNREADABLE;
		return;
	}
	/* Only contiguous bytes are of use. */
	if (before == had && !c->data_bytes)
		have = payload__append(c, 0, had, &s);
	ex->request_len = have;
	if (!had && have >= 3)
		c->tls = exchange__is_tls(c->payload);
	if (before + m->bytes > have)
		payload__data(c, &s, have - had, before + have - had);
}

static __always_inline void exchange__response_bytes(struct conn *c,
						     struct moved *m)
{
	struct rt_exchange *ex = &c->ex;
	struct segments s;
	bool first = ex->peer.role == RT_ROLE_CLIENT ? ex->recvs == 1
						     : ex->sends == 1;

	if (first) {
		ex->response_len = exchange__short(c, m, ex->request_len);
		if (ex->response_len) {
			ex->header.flags &= ~RT_EX_TAIL;
			return;
		}
	}
	exchange__locate(&s, m, first);
	if (!s.known) {
		if (first)
			ex->header.flags |= RT_EX_RESPONSE_UNREADABLE;
		ex->header.flags &= ~RT_EX_TAIL;
		return;
	}
	ex->response_len =
		payload__append(c, ex->request_len, ex->response_len, &s);
	if (ex->response_len == (first ? m->bytes : 0) || !payload__tail(c, &s))
		ex->header.flags &= ~RT_EX_TAIL; /* whole, or not found */
	else
		ex->header.flags |= RT_EX_TAIL;
}

/*
 * A request came while, as far as was seen, the last one has no answer. Did
 * the answer go out, but on another CPU whose tracepoint has yet to fire? The
 * socket's own sequence number knows. If so, the answer ended before now.
 */
static __always_inline bool exchange__answered_unseen(struct conn *c,
						      const struct moved *m)
{
	if (!conn__is_tcp(c) || c->ex.peer.role != RT_ROLE_SERVER ||
	    m->write_seq == c->sent_seq)
		return false;
	c->late = m->write_seq - c->sent_seq;
	c->phase = PHASE_RESPONSE;
	exchange__sent(c, m->now, c->late);
	count(RT_COUNT_REORDERED);
	return true;
}

/* Bytes of a question: begins an exchange or goes on with one. False if they
 * belong to none that is followed. */
static __always_inline bool exchange__asked(struct conn *c, struct moved *m)
{
	u64 before = 0;
	u16 flags = 0;
	u32 late = 0;

	if (c->phase == PHASE_SKIP)
		return false;
	if (c->phase == PHASE_REQUEST) {
		if (exchange__answered_unseen(c, m)) {
			flags = RT_EX_REORDERED | RT_EX_RESPONSE_UNREADABLE;
			late = c->late;
		}
	}
	if (c->phase == PHASE_REQUEST) {
		before = m->received ? c->ex.bytes_in : c->ex.bytes_out;
	} else {
		report__exchange(c, RT_END_NEXT, flags, m->now);
		exchange__begin(c, m);
		c->late = late;
	}
	exchange__note(c, m);
	exchange__request_bytes(c, m, before);
	return true;
}

/* Bytes of an answer. False if they belong to no exchange, or were taken into
 * account already. */
static __always_inline bool exchange__answered(struct conn *c, struct moved *m)
{
	if (c->phase == PHASE_SKIP || c->phase == PHASE_PASS) {
		/* It has its answer: the next question is a whole one. */
		c->phase = PHASE_PASS;
		return false;
	}
	if (c->late) {
		c->late -= m->bytes < c->late ? m->bytes : c->late;
		return false;
	}
	if (c->phase == PHASE_IDLE) {
		if (c->ex.peer.flags & RT_PEER_JOINED) {
			count(RT_COUNT_JOINED_MIDWAY);
			c->phase = PHASE_PASS;
		} else {
			count(RT_COUNT_UNSOLICITED);
		}
		return false;
	}
	c->phase = PHASE_RESPONSE;
	exchange__note(c, m);
	exchange__response_bytes(c, m);
	return true;
}

/* A TLS alert asks and answers nothing, and often comes long after. */
static __always_inline bool exchange__is_goodbye(struct conn *c,
						 struct moved *m)
{
	int left;

	if (m->received && c->tls_left) {
		c->tls_left -= m->bytes < c->tls_left ? m->bytes : c->tls_left;
		return true;
	}
	if (m->unreadable)
		return false;
	left = payload__tls_alert(m);
	if (left > 0 && m->received)
		c->tls_left = left;
	return left >= 0;
}

int exchange__moved(struct conn *c, struct moved *m)
{
	bool counted;
	u64 seq;

	if (!c || !m)
		return 0;
	if (c->tls && exchange__is_goodbye(c, m))
		return 0;
	seq = c->state >> 2;
	if (m->received == (c->ex.peer.role != RT_ROLE_CLIENT))
		counted = exchange__asked(c, m);
	else
		counted = exchange__answered(c, m);
	if (!counted)
		return 0;
	return seq == c->state >> 2 ? EXCHANGE_MOVED : EXCHANGE_BEGAN;
}
