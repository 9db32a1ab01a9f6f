// SPDX-License-Identifier: GPL-2.0-only
/* See report.h. Fed by the socket programs and the sweep. */
#include "report.h"

rt_u64 rt_slow_ns;

/* The entry of key, made if need be; NULL when the map is full. */
static __always_inline struct rt_summary_value *summary__get(
	const struct rt_summary_key *key)
{
	struct rt_summary_value *value, *zero;
	u32 first = 0;

	value = bpf_map_lookup_elem(&rt_summaries, key);
	if (value)
		return value;
	zero = bpf_map_lookup_elem(&rt_summary_zero, &first);
	if (!zero)
		return NULL;
	bpf_map_update_elem(&rt_summaries, key, zero, BPF_NOEXIST);
	return bpf_map_lookup_elem(&rt_summaries, key);
}

/*
 * Index of the first boundary that is not below ns: a binary search without
 * branches, which the verifier walks once instead of once per bucket. The
 * table is padded to a power of two with boundaries above every duration.
 */
static __always_inline u32 summary__bucket(u64 ns)
{
	u32 low = 0;

	for (u32 step = RT_BOUNDARIES / 2; step; step /= 2) {
		u32 i = low + step - 1;

		/* Else the compiler sets bits instead of clearing others, by
		 * which the verifier of Linux 6.1 finds no bound. */
		barrier_var(i);
		i &= RT_BOUNDARIES - 1;
		low += step * (u32)((rt_boundaries[i] - ns) >> 63);
	}
	return low < RT_HIST_BUCKETS ? low : RT_HIST_BUCKETS - 1;
}

static __always_inline void summary__min(u64 *at, u64 ns)
{
	u64 seen = *at;

	for (int i = 0; i < 8 && (!seen || ns < seen); i++) {
		u64 was = __sync_val_compare_and_swap(at, seen, ns);

		if (was == seen)
			break;
		seen = was;
	}
}

static __always_inline void summary__max(u64 *at, u64 ns)
{
	u64 seen = *at;

	for (int i = 0; i < 8 && ns > seen; i++) {
		u64 was = __sync_val_compare_and_swap(at, seen, ns);

		if (was == seen)
			break;
		seen = was;
	}
}

static __always_inline void summary__duration(struct rt_summary_value *value,
					      u64 ns)
{
	u32 i = summary__bucket(ns);

	__sync_fetch_and_add(&value->sum, ns);
	summary__min(&value->min, ns);
	summary__max(&value->max, ns);
	if (!ns)
		__sync_fetch_and_add(&value->zero, 1);
	else if (i < RT_HIST_BUCKETS)
		__sync_fetch_and_add(&value->bucket[i], 1);
}

/* The ring was full: keep the count and the duration. */
static __noinline int report__summarise(struct conn *c)
{
	struct rt_exchange *ex = &c->ex;
	struct rt_summary_key key = {
		.tgid = ex->tgid,
		.port = conn__port(&ex->peer),
		.role = ex->peer.role,
		.transport = ex->peer.transport,
	};
	struct rt_summary_value *sum = summary__get(&key);

	if (!sum) {
		count(RT_COUNT_LOST);
		return 0;
	}
	__sync_fetch_and_add(&sum->exchanges, 1);
	__sync_fetch_and_add(&sum->bytes_in, ex->bytes_in);
	__sync_fetch_and_add(&sum->bytes_out, ex->bytes_out);
	if (ex->header.flags & (RT_EX_NO_RESPONSE | RT_EX_UNACKED))
		__sync_fetch_and_add(&sum->errors, 1);
	summary__duration(sum, report__duration(ex));
	count(RT_COUNT_SUMMARISED);
	return 0;
}

int report__exchange(struct conn *c, u32 end, u32 flags, u64 now)
{
	u64 was, seq, wakeup = BPF_RB_NO_WAKEUP;
	struct rt_exchange *ex;
	bool changed;

	if (!c)
		return 0;
	ex = &c->ex;
	seq = c->state >> 2;
	was = __sync_lock_test_and_set(&c->state, seq << 2 | EXCHANGE_NONE);
	was &= EXCHANGE_BITS;
	if (was == EXCHANGE_NONE)
		return 0;
	changed = c->shown != c->changes;
	if (was == EXCHANGE_SHOWN && end == RT_END_NEXT && !changed)
		return 0;
	if (c->phase == PHASE_REQUEST)
		flags |= RT_EX_NO_RESPONSE;
	if (rt_config.parts)
		report__over(c);
	ex->header.kind = RT_REC_EXCHANGE;
	ex->header.flags |= flags;
	ex->header.size = report__size(ex);
	ex->header.time = now;
	ex->seq = seq;
	ex->end = end;
	ex->ended = now;
	report__calls(c, now);
	report__details(c, ex);
	if (report__is_slow(ex))
		wakeup = BPF_RB_FORCE_WAKEUP;
	if (!bpf_ringbuf_output(&rt_ring, ex, report__size(ex), wakeup)) {
		c->told = ex->tgid;
		return 0;
	}
	if (was == EXCHANGE_OPEN)
		report__summarise(c);
	if (was == EXCHANGE_OPEN || !changed)
		return 0;
	count(RT_COUNT_AMEND_LOST);
	c->amend_lost = 1;
	return 0;
}

int report__connection(struct conn *c, u32 kind, u64 now, u32 flags)
{
	struct rt_connection *rec;
	struct rt_summary_key key = {};
	struct rt_summary_value *sum;

	if (!c)
		return 0;
	rec = bpf_ringbuf_reserve(&rt_ring, sizeof(*rec), 0);
	if (rec) {
		rec->header.kind = kind;
		rec->header.flags = flags;
		if (c->amend_lost)
			rec->header.flags |= RT_CONN_AMEND_LOST;
		rec->header.size = sizeof(*rec);
		rec->header.time = now;
		rec->peer = c->ex.peer;
		rec->tgid = c->used_by ?: c->ex.peer.owner;
		rec->pad = 0;
		rec->bytes_in = c->bytes_in;
		rec->bytes_out = c->bytes_out;
		c->told = rec->tgid;
		bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
		return 0;
	}
	/* Where userspace has counted its opening. */
	key.tgid = kind == RT_REC_OPEN ? c->ex.peer.owner
				       : c->told ?: c->ex.peer.owner;
	key.port = conn__port(&c->ex.peer);
	key.role = c->ex.peer.role;
	key.transport = c->ex.peer.transport;
	sum = summary__get(&key);
	if (!sum) {
		count(RT_COUNT_CONN_LOST);
		return 0;
	}
	count(RT_COUNT_CONN_SUMMARISED);
	if (kind == RT_REC_OPEN) {
		c->ex.peer.flags |= RT_PEER_OPEN_SUMMARISED;
		__sync_fetch_and_add(&sum->opened, 1);
	} else {
		__sync_fetch_and_add(&sum->closed, 1);
	}
	return 0;
}
