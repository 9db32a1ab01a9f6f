// SPDX-License-Identifier: GPL-2.0-only
/* See calls.h. Fed by parts.bpf.c, yields records. */
#include "calls.h"

struct calls_map rt_calls SEC(".maps");
struct calls_scratch_map rt_calls_zero SEC(".maps");

/* The entry of an exchange, emptied of another one's calls; NULL: no room. */
static __always_inline struct calls *calls__get(const struct served *s)
{
	u64 cookie = s->cookie; /* a key must be on the stack before 6.2 */
	struct calls *c = bpf_map_lookup_elem(&rt_calls, &cookie), *zero;
	u32 first = 0;

	if (!c) {
		zero = bpf_map_lookup_elem(&rt_calls_zero, &first);
		if (!zero)
			return NULL;
		bpf_map_update_elem(&rt_calls, &cookie, zero, BPF_NOEXIST);
		c = bpf_map_lookup_elem(&rt_calls, &cookie);
	}
	if (c && c->seq != s->seq) {
		__builtin_memset(c, 0, sizeof(*c));
		c->seq = s->seq;
	}
	return c;
}

static __always_inline bool call__empty(const struct rt_call *call)
{
	return !call->count && !call->network && !call->time;
}

static __always_inline bool call__is(const struct rt_call *call,
				     const struct peer *p)
{
	const u64 *addr = (const u64 *)call->addr;

	return !call->rest && addr[0] == p->addr[0] && addr[1] == p->addr[1] &&
	       call->port == p->port && call->transport == p->transport;
}

/* The place of a peer among calls; the last one is for all others. */
static __always_inline struct rt_call *calls__slot(struct calls *c,
						   const struct peer *p)
{
	for (int i = 0; i < RT_CALLS - 1 && !p->rest; i++) {
		struct rt_call *call = &c->now[i];
		u64 *addr = (u64 *)call->addr;

		if (call__is(call, p) && !call__empty(call))
			return call;
		if (!call__empty(call))
			continue;
		addr[0] = p->addr[0];
		addr[1] = p->addr[1];
		call->port = p->port;
		call->transport = p->transport;
		return call;
	}
	c->now[RT_CALLS - 1].rest = 1;
	return &c->now[RT_CALLS - 1];
}

int calls__add(struct served *s, struct peer *p, struct call_time *add)
{
	struct account *a;
	struct rt_call *call;
	struct calls *c;

	if (!s || !p || !add || !s->cookie)
		return 0;
	a = account__of(s);
	c = a ? calls__get(s) : NULL;
	if (!c) {
		/* Answered after the exchange was over, it is none of its. */
		if (add->count && (a || account__lost(s)))
			count(RT_COUNT_CALLS_FULL);
		return 0;
	}
	a->calls = 1;
	call = calls__slot(c, p);
	if (!call->cookie && !call->rest)
		call->cookie = p->cookie;
	__sync_fetch_and_add(&call->network, add->network);
	__sync_fetch_and_add(&call->time, add->time);
	__sync_fetch_and_add(&call->count, add->count);
	return 0;
}

int calls__settle(struct served *s)
{
	struct calls *c;
	u64 cookie;

	if (!s)
		return 0;
	cookie = s->cookie;
	c = bpf_map_lookup_elem(&rt_calls, &cookie);
	if (!c || c->seq != s->seq)
		return 0;
	__builtin_memcpy(c->done, c->now, sizeof(c->done));
	return 1;
}

int calls__report(u64 cookie, u64 seq, u64 now)
{
	struct calls *c = bpf_map_lookup_elem(&rt_calls, &cookie);
	struct rt_calls *rec;
	u32 len = 0;

	if (!c || c->seq != seq)
		return 0;
	rec = bpf_ringbuf_reserve(&rt_ring, sizeof(*rec), 0);
	if (!rec) {
		count(RT_COUNT_CALLS_LOST);
		return 0;
	}
	rec->header.kind = RT_REC_CALLS;
	rec->header.flags = 0;
	rec->header.size = sizeof(*rec);
	rec->header.time = now;
	rec->cookie = cookie;
	rec->seq = seq;
	for (int i = 0; i < RT_CALLS; i++)
		if (!call__empty(&c->done[i]))
			len = i + 1;
	rec->len = len;
	__builtin_memcpy(rec->call, c->done, sizeof(rec->call));
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}
