/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls out: what exchanges of the server role asked of others, and how long
 * they blocked on their sockets, by peer. Kept by connection, for those that
 * call anybody at all; owned by calls.bpf.c.
 */
#ifndef REQTRACE_BPF_CALLS_H
#define REQTRACE_BPF_CALLS_H

#include "account.h"
#include "ring.h"

struct calls {
	u64 seq;		       /* of the exchange */
	struct rt_call now[RT_CALLS];  /* up to this moment */
	struct rt_call done[RT_CALLS]; /* up to the last byte answered */
};

struct calls_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RT_MAX_CALLERS);
	__type(key, u64); /* cookie of the connection of the server role */
	__type(value, struct calls);
};

struct calls_scratch_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct calls);
};

extern struct calls_map rt_calls SEC(".maps");
extern struct calls_scratch_map rt_calls_zero SEC(".maps");

struct call_time {
	u64 network; /* ns */
	u64 time;
	u64 count;
};

/* Add to what an exchange has to do with a peer. Always 0. Global functions,
 * for the verifier's sake. */
int calls__add(struct served *s, struct peer *p, struct call_time *add);

/* The exchange has answered: what there is belongs to it. 1 if there is any. */
int calls__settle(struct served *s);

/* Report what is settled (RT_REC_CALLS). Always 0. */
int calls__report(u64 cookie, u64 seq, u64 now);

/* The connection is closed. */
static __always_inline void calls__forget(u64 cookie)
{
	account__close(cookie);
	bpf_map_delete_elem(&rt_calls, &cookie);
}

#endif
