/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections that the programs meet without having seen them open: those
 * that were open before tracing started, that came out of an accept queue
 * filled before, that were handed over, and all UNIX ones.
 */
#ifndef REQTRACE_BPF_ADOPT_H
#define REQTRACE_BPF_ADOPT_H

#include "report.h"

static __always_inline bool adopt__is_tcp(struct sock *sk)
{
	u16 family = sk->__sk_common.skc_family;

	return (family == AF_INET || family == AF_INET6) &&
	       sk->sk_type == SOCK_STREAM && sk->sk_protocol == IPPROTO_TCP;
}

/*
 * Role of a TCP connection whose opening was not seen. Its own SYN is counted
 * in what the peer has acknowledged, but never in what was sent, so the two
 * differ by one for the side that opened it (tcp_ack(), __tcp_transmit_skb()
 * in net/ipv4).
 */
static __always_inline enum rt_role adopt__role(struct tcp_sock *tp)
{
	u64 acked = tp->bytes_acked + (u32)(tp->snd_nxt - tp->snd_una);
	u64 sent = tp->bytes_sent - tp->bytes_retrans;

	return acked > sent ? RT_ROLE_CLIENT : RT_ROLE_SERVER;
}

/*
 * Is it between a question and the end of its answer? What was moved last
 * tells, in jiffies; a tie means that answers are quick, so: no. And not if
 * nothing was asked before the bytes that were just asked.
 */
static __always_inline bool adopt__midway(struct tcp_sock *tp,
					  enum rt_role role, u32 asked)
{
	u32 in = tp->inet_conn.icsk_ack.lrcvtime, out = tp->lsndtime;
	u64 all;

	if (role == RT_ROLE_CLIENT) {
		all = tp->bytes_sent - tp->bytes_retrans +
		      (u32)(tp->write_seq - tp->snd_nxt);
		return all > asked && (s32)(out - in) > 0;
	}
	all = tp->bytes_received - (u32)(tp->rcv_nxt - tp->copied_seq);
	if (all <= asked)
		return false;
	return tp->rcv_nxt != tp->copied_seq || !tp->bytes_sent ||
	       (s32)(in - out) > 0;
}

/* moved: bytes that the current task just received or sent through it. */
static __always_inline struct conn *adopt__tcp(struct sock *sk, u32 tgid,
					       u32 moved, bool received)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	enum rt_role role;
	struct conn *c;
	u32 asked;
	u16 port;

	if (!tp)
		return NULL;
	role = adopt__role(tp);
	port = role == RT_ROLE_CLIENT ? bpf_ntohs(sk->__sk_common.skc_dport)
				      : sk->__sk_common.skc_num;
	if (!target__port(port) ||
	    (role == RT_ROLE_CLIENT && rt_config.server_only))
		return NULL;
	c = conn__create(sk);
	if (!c)
		return NULL;
	conn__addresses(&c->ex.peer, sk);
	c->ex.peer.role = role;
	c->ex.peer.flags = RT_PEER_JOINED;
	c->ex.peer.owner = tgid;
	c->used_by = tgid;
	asked = received == (role == RT_ROLE_SERVER) ? moved : 0;
	c->phase = adopt__midway(tp, role, asked) ? PHASE_SKIP : PHASE_IDLE;
	c->kind = CONN_OPEN;
	barrier(); /* a receive is seen from here on, or in this already */
	c->copied_seq = tp->copied_seq;
	count(RT_COUNT_JOINED);
	if (c->phase == PHASE_SKIP)
		count(RT_COUNT_JOINED_MIDWAY);
	report__connection(c, RT_REC_OPEN, bpf_ktime_get_ns(), 0);
	return c;
}

static __always_inline u32 adopt__peer_pid(struct sock *sk)
{
	struct pid *pid = sk->sk_peer_pid;

	return pid ? pid->numbers[0].nr : 0;
}

/* Who listened carries the name; a client's is its own and rare. Without
 * any (socketpair), the first to speak is the client. */
static __always_inline enum rt_role adopt__unix_role(struct unix_sock *us,
						     struct unix_sock *peer,
						     bool received)
{
	bool named = us->addr, peer_named = peer && peer->addr;

	if (named != peer_named)
		return named ? RT_ROLE_SERVER : RT_ROLE_CLIENT;
	return received ? RT_ROLE_SERVER : RT_ROLE_CLIENT;
}

/* A socketpair: if one process has both ends, its threads wake one another by
 * it (event loops do), and whom they serve does not change by that. */
static __always_inline bool adopt__is_self(struct unix_sock *us,
					   struct unix_sock *peer)
{
	return !us->addr && !(peer && peer->addr);
}

/* The mark of a living UNIX socket; asked twice, as two CPUs that make it at
 * once get one answer. */
static __always_inline u64 *adopt__mark(struct sock *sk, u64 cookie)
{
	u64 *mark = bpf_sk_storage_get(&rt_unix_marks, sk, &cookie,
				       BPF_LOCAL_STORAGE_GET_F_CREATE);

	return mark ?: bpf_sk_storage_get(&rt_unix_marks, sk, 0, 0);
}

static __always_inline struct conn *adopt__unix(struct sock *sk, u32 tgid,
						bool received, bool joined)
{
	struct unix_sock *us = bpf_skc_to_unix_sock(sk), *peer;
	struct sock *other;
	struct conn *c;
	enum rt_role role;
	u64 now = bpf_ktime_get_ns(), cookie, *mark;
	u32 which = joined;
	long err;

	if (!us || sk->sk_type != SOCK_STREAM)
		return NULL;
	other = us->peer;
	peer = other ? bpf_skc_to_unix_sock(other) : NULL;
	role = adopt__unix_role(us, peer, received);
	if (!target__port(0) ||
	    (role == RT_ROLE_CLIENT && rt_config.server_only))
		return NULL;
	cookie = bpf_get_socket_cookie((void *)sk);
	mark = adopt__mark(sk, cookie);
	c = bpf_map_lookup_elem(&rt_conn_scratch, &which);
	if (!mark || !c) {
		count(RT_COUNT_NO_STORAGE);
		return NULL;
	}
	c->ex.peer.cookie = cookie;
	c->ex.peer.role = role;
	c->ex.peer.transport = RT_TRANSPORT_UNIX;
	c->ex.peer.owner = tgid;
	c->ex.peer.remote_pid = adopt__peer_pid(sk);
	c->apart = adopt__is_self(us, peer) && c->ex.peer.remote_pid == tgid;
	c->ex.peer.flags = joined ? RT_PEER_JOINED : 0;
	c->ex.peer.established = joined ? 0 : now;
	c->used_by = tgid;
	c->kind = CONN_OPEN;
	/* Out of reach of a sweep that has looked for the living already. */
	c->generation = rt_sweep_generation + 1;
	/* Made whole before others can find it; one CPU wins. */
	err = bpf_map_update_elem(&rt_unix_conns, &cookie, c, BPF_NOEXIST);
	c = bpf_map_lookup_elem(&rt_unix_conns, &cookie);
	if (!c)
		count(RT_COUNT_UNIX_FULL);
	if (!c || err)
		return c;
	if (joined)
		count(RT_COUNT_JOINED);
	report__connection(c, RT_REC_OPEN, now, 0);
	return c;
}

/* A socket without state through which the current task moved bytes. */
static __always_inline struct conn *adopt__current(struct sock *sk, u32 moved,
						   bool received)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (!target__is(tgid))
		return NULL;
	if (adopt__is_tcp(sk))
		return adopt__tcp(sk, tgid, moved, received);
	if (sk->__sk_common.skc_family == AF_UNIX)
		return adopt__unix(sk, tgid, received, false);
	return NULL;
}

#endif
