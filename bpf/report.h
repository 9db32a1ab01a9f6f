/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Telling userspace: exchanges and connections as records, or as counts and
 * durations when the ring is full. Global functions in report.bpf.c, so that
 * the verifier looks at each once and not again for every caller.
 */
#ifndef REQTRACE_BPF_REPORT_H
#define REQTRACE_BPF_REPORT_H

#include "calls.h"
#include "conn.h"

static __always_inline u32 report__size(const struct rt_exchange *ex)
{
	u32 size = sizeof(*ex) + ex->request_len + ex->response_len;

	return size < sizeof(*ex) + CONN_PAYLOAD ? size
						 : sizeof(*ex) + CONN_PAYLOAD;
}

/* Exchanges that take longer are told at once; set by userspace. */
extern rt_u64 rt_slow_ns;

/* Definition of the duration, docs/definitions.md. 0 if it cannot be told. */
static __always_inline u64 report__duration(const struct rt_exchange *ex)
{
	bool client = ex->peer.role == RT_ROLE_CLIENT;
	u64 begin, end;

	begin = client ? ex->first_send : ex->arrive ?: ex->first_recv;
	if (ex->header.flags & RT_EX_NO_RESPONSE)
		end = ex->ended;
	else
		end = client ? ex->last_recv : ex->last_send;
	return end > begin ? end - begin : 0;
}

static __always_inline bool report__is_slow(struct rt_exchange *ex)
{
	if (!rt_slow_ns || report__duration(ex) < rt_slow_ns)
		return false;
	ex->header.flags |= RT_EX_SLOW;
	return true;
}

/* It was given up: what its thread has done since is not its doing. */
static __always_inline void report__ending(const struct conn *c,
					   struct rt_exchange *ex)
{
	const struct ending *end = &c->ending;

	if (!(ex->header.flags & RT_EX_NO_RESPONSE) || end->seq != ex->seq)
		return;
	__builtin_memcpy(ex->clock, end->clock, sizeof(ex->clock));
	ex->own_cpu = end->own_cpu;
	ex->handoff = end->handoff;
	ex->unsure = end->unsure;
	if (end->unsplit)
		ex->header.flags |= RT_EX_CPU_UNSPLIT;
}

/* The last of what the record of c's exchange says, whose .seq, .ended and
 * flags are set; ex: c->ex, or a copy. */
static __always_inline void report__details(struct conn *c,
					    struct rt_exchange *ex)
{
	if (c->peer_fin && c->fin_seq == ex->seq)
		ex->header.flags |= RT_EX_PEER_CLOSED_FIRST;
	if (ex->header.flags & RT_EX_PEER_CLOSED_FIRST && c->peer_fin &&
	    !(ex->header.flags & RT_EX_PROVISIONAL))
		ex->ended = c->peer_fin;
	if (rt_config.parts)
		report__ending(c, ex);
	ex->rtt_us = c->rtt_us;
	ex->retransmits = c->retrans - c->retrans_before;
	if (rt_config.parts && ex->own_cpu > ex->clock[RT_CLOCK_CPU])
		ex->own_cpu = ex->clock[RT_CLOCK_CPU];
}

/* Nobody has it in hand any more. */
static __always_inline void report__over(struct conn *c)
{
	struct served s = {c->ex.peer.cookie, (u32)(c->state >> 2)};

	account__over(&s);
}

/* What goes before it: calls out. */
static __always_inline void report__calls(struct conn *c, u64 now)
{
	if (rt_config.parts && c->calls)
		calls__report(c->ex.peer.cookie, (u32)(c->state >> 2), now);
}

/*
 * Report the open exchange, once: whoever clears the state does. If it was
 * shown as provisional and nothing came since, that report stands.
 * end: enum rt_end; flags: RT_EX_* to add. Always 0.
 */
int report__exchange(struct conn *c, u32 end, u32 flags, u64 now);

/* Report that a connection opened or closed (RT_REC_OPEN, RT_REC_CLOSE), with
 * RT_CONN_* flags. Always 0. */
int report__connection(struct conn *c, u32 kind, u64 now, u32 flags);

#endif
