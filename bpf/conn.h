/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One connection's state and where it is kept.
 *
 * TCP: in the socket's own storage, so it can neither outlive the socket nor
 * be found through a reused fd. A traced listener has storage too; the kernel
 * clones it into every connection it accepts (BPF_F_CLONE), which is how a
 * connection is known before its first byte and without any look-up.
 *
 * UNIX: no hook sees a UNIX socket close, and what was not yet reported would
 * go with its storage. So the state is in a hash by cookie, which the sweep
 * empties, and the socket's storage only holds a mark that it still lives.
 *
 * The syscall engine comes by its sockets through file descriptors, as bare
 * addresses, for which the kernel hands out no storage: there (rt_config
 * .by_cookie) the hash has the TCP connections, too, and a socket's storage
 * only says so. A socket without a cookie goes by its inode's number.
 *
 * The maps are owned by state.bpf.c.
 */
#ifndef REQTRACE_BPF_CONN_H
#define REQTRACE_BPF_CONN_H

#include "ring.h"
#include "target.h"

enum conn_kind {
	CONN_NONE,
	CONN_LISTENER,	 /* a listener, or its clone before ESTABLISHED */
	CONN_CONNECTING, /* client role, SYN sent */
	CONN_OPEN,
	CONN_CLOSED,
	CONN_HASHED, /* what is known of it is in the hash */
};

enum conn_phase {
	PHASE_IDLE,	/* nothing asked yet */
	PHASE_REQUEST,	/* bytes of the request, none of the response */
	PHASE_RESPONSE, /* bytes of the response */
	PHASE_SKIP,	/* joined midway: wait for the answer */
	PHASE_PASS,	/* joined midway, answered: wait for the next request */
};

/* Low bits of struct conn.state: who may report the current exchange. */
enum {
	EXCHANGE_NONE = 0,
	EXCHANGE_OPEN = 1,
	EXCHANGE_SHOWN = 2, /* reported as provisional, may be amended */
	EXCHANGE_BITS = 3,
};

#define CONN_PAYLOAD (RT_REQUEST_CAP + RT_RESPONSE_CAP)

/* What an exchange without an answer had come to when it was given up. Apart
 * from the record, which its thread may be writing at this moment: whoever
 * gives up comes by a soft interrupt. */
struct ending {
	u64 seq; /* of the exchange; last to be set */
	u64 clock[RT_CLOCKS];
	u64 own_cpu;
	u64 handoff;
	u32 unsure;
	u32 unsplit; /* RT_EX_CPU_UNSPLIT */
};

/*
 * No lock: programs of one connection run on several CPUs (its threads, soft
 * interrupts, the sweep), but every field has one writer at a time, except
 * .arrive (see socket__consumed) and .state, which is only changed atomically:
 * who moves it from OPEN to something else reports the exchange.
 */
struct conn {
	u64 state;  /* number of the exchange << 2 | EXCHANGE_* */
	u64 arrive; /* earliest unread byte became readable; 0: none */
	u64 last_arrive;
	u64 peeked;   /* first peek at unread bytes; 0: none */
	u64 peer_fin; /* when the peer closed its side; 0: it did not */
	u32 changes;  /* how often bytes were moved */
	u32 shown;    /* .changes as of the provisional report */
	u64 bytes_in; /* totals of the connection */
	u64 bytes_out;
	u32 sent_seq;	/* TCP: write_seq when the request began */
	u32 late;	/* TCP: sent bytes that were inferred, not yet seen */
	u32 copied_seq; /* TCP: as of the last receive that was seen */
	u32 told;	/* tgid in the last record that got through; 0: none */
	u32 made;	/* whose it is to fill in: see conn__create */
	u32 used_by;	/* tgid that touched it last */
	u32 recv_by;	/* tid whose receive was seen: see socket__is_done */
	u32 send_by;	/* likewise */
	u8 kind;	/* enum conn_kind */
	u8 phase;	/* enum conn_phase */
	u8 local_closed;
	u8 amend_lost; /* RT_CONN_AMEND_LOST */
	u8 tls;	       /* its first bytes were a TLS record */
	u8 tls_left;   /* bytes of an alert that are still to be read */
	u8 datas;      /* RT_REC_DATA of the current exchange */
	u8 calls;      /* it has made calls out */
	u8 apart;      /* a process talking to itself: see adopt__unix() */
	u32 data_bytes;
	u32 generation; /* sweep that last saw the socket alive, if any does */
	u32 backlog;	/* listener: highest depth of its accept queue */
	u32 rtt_us;	/* TCP: as of the last look; 0: not known */
	u32 retrans;	/* TCP: segments sent again, likewise */
	u32 retrans_before; /* .retrans when the exchange began */
	/* parts.h: */
	u32 thread;	/* that handles the exchange: struct thread.id */
	u32 tid;	/* its task's id, which another task may have by now */
	u64 touched_at; /* when bytes of it were moved last */
	u64 base[RT_CLOCKS];
	/* As of .peeked, and the thread that did. */
	u64 peeked_base[RT_CLOCKS];
	u32 peeked_by;
	u32 fin_seq; /* exchange that had no answer when .peer_fin came */
	struct ending ending;
	/* The record in the making; contiguous with its payload. */
	struct rt_exchange ex;
	u8 payload[CONN_PAYLOAD];
};

struct conn_map {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct conn);
};

struct conn_hash_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RT_MAX_HASHED);
	__type(key, u64); /* rt_peer.cookie */
	__type(value, struct conn);
};

struct unix_mark_map {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64); /* socket cookie */
};

/* A connection in the making, by who makes it: they may interrupt each other.
 * Taken by conn__scratch(), given back by conn__publish(). What is not set for
 * each stays zero. */
enum conn_scratch { SCRATCH_TASK, SCRATCH_SEED, SCRATCH_STATE, SCRATCHES };

struct conn_scratch_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCHES);
	__type(key, u32);
	__type(value, struct conn);
};

extern struct conn_map rt_conns SEC(".maps");
extern struct conn_hash_map rt_conn_hash SEC(".maps");
extern struct unix_mark_map rt_unix_marks SEC(".maps");
extern struct conn_scratch_map rt_conn_scratch SEC(".maps");

/* Stands for the cookie of a socket that has none: its inode's number. */
#define COOKIE_INODE (1ull << 63)

/* Something happened on a TCP socket since userspace cleared it, which it does
 * before a sweep; owned by state.bpf.c. */
extern rt_u32 rt_moved;

/* Only written when it changes: all CPUs read it. */
static __always_inline void conn__moved(void)
{
	if (!rt_moved)
		rt_moved = 1;
}

/* Number of the latest sweep, set by userspace; owned by state.bpf.c. */
extern rt_u32 rt_sweep_generation;

static __always_inline u16 conn__port(const struct rt_peer *peer)
{
	return peer->role == RT_ROLE_CLIENT ? peer->remote_port
					    : peer->local_port;
}

static __always_inline u64 exchange__last(const struct rt_exchange *ex)
{
	return ex->last_recv > ex->last_send ? ex->last_recv : ex->last_send;
}

static __always_inline bool conn__is_tcp(const struct conn *c)
{
	return c->ex.peer.transport == RT_TRANSPORT_TCP;
}

static __always_inline struct conn *conn__hashed(u64 cookie)
{
	return cookie ? bpf_map_lookup_elem(&rt_conn_hash, &cookie) : NULL;
}

/* The state of a tracked socket, or NULL. */
static __always_inline struct conn *conn__get(struct sock *sk)
{
	struct conn *c = NULL;

	/* Most sockets of a machine have no storage at all: see thread__of. */
	if (sk->sk_bpf_storage)
		c = bpf_sk_storage_get(&rt_conns, sk, 0, 0);
	if (c && !(rt_config.by_cookie && c->kind == CONN_HASHED))
		return c;
	if (!rt_config.by_cookie && sk->__sk_common.skc_family != AF_UNIX)
		return NULL;
	return conn__hashed(sk->__sk_common.skc_cookie.counter);
}

/*
 * Put into the hash what was made in a scratch. *made: it was not there. Made
 * whole before others can find it; one CPU wins.
 */
static __always_inline struct conn *conn__publish(struct conn *scratch,
						  bool *made)
{
	u64 cookie = scratch->ex.peer.cookie;
	struct conn *c;

	*made = !bpf_map_update_elem(&rt_conn_hash, &cookie, scratch,
				     BPF_NOEXIST);
	scratch->made = 0;
	c = bpf_map_lookup_elem(&rt_conn_hash, &cookie);
	if (!c)
		count(RT_COUNT_UNIX_FULL);
	return c;
}

static __always_inline struct conn *conn__scratch(enum conn_scratch which)
{
	u32 key = which;
	struct conn *c = bpf_map_lookup_elem(&rt_conn_scratch, &key);

	/* Taken: by a program that was preempted. */
	if (!c || __sync_val_compare_and_swap(&c->made, 0, 1)) {
		count(RT_COUNT_NO_STORAGE);
		return NULL;
	}
	__builtin_memset(&c->ex.peer, 0, sizeof(c->ex.peer));
	return c;
}

/*
 * State for a socket that has none. NULL if there is no memory, or if another
 * CPU is making it at this moment: then the event is part of what happened
 * before the connection was joined.
 */
static __always_inline struct conn *conn__create(struct sock *sk)
{
	struct conn *c = bpf_sk_storage_get(&rt_conns, sk, 0,
					    BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (c)
		return __sync_val_compare_and_swap(&c->made, 0, 1) ? NULL : c;
	if (!bpf_sk_storage_get(&rt_conns, sk, 0, 0))
		count(RT_COUNT_NO_STORAGE);
	return NULL;
}

static __always_inline u32 conn__copied_seq(struct sock *sk)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);

	return tp ? tp->copied_seq : 0;
}

/* What the socket knows of its path. */
static __always_inline void conn__look(struct conn *c, struct tcp_sock *tp)
{
	c->rtt_us = tp->srtt_us >> 3; /* kept in eighths */
	c->retrans = tp->total_retrans;
}

static __always_inline void conn__map_v4(u8 *to, __be32 addr)
{
	__builtin_memset(to, 0, 10);
	to[10] = 0xff;
	to[11] = 0xff;
	__builtin_memcpy(to + 12, &addr, 4);
}

/* Who talks to whom, from an inet socket, which may be a bare address. */
static __always_inline void conn__addresses(struct rt_peer *peer,
					    struct sock *sk)
{
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET6) {
		struct in6_addr *a = &sk->__sk_common.skc_v6_rcv_saddr;
		struct in6_addr *b = &sk->__sk_common.skc_v6_daddr;

		bpf_probe_read_kernel(peer->local_addr, 16, a);
		bpf_probe_read_kernel(peer->remote_addr, 16, b);
	} else {
		conn__map_v4(peer->local_addr,
			     BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
		conn__map_v4(peer->remote_addr,
			     BPF_CORE_READ(sk, __sk_common.skc_daddr));
	}
	peer->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	peer->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
}

#endif
