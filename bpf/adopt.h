/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections that the programs meet without having seen them open: those
 * that were open before tracing started, that came out of an accept queue
 * filled before, that were handed over, and all UNIX ones. Here a socket may
 * be a bare address (file.h), so it is read by probes.
 */
#ifndef REQTRACE_BPF_ADOPT_H
#define REQTRACE_BPF_ADOPT_H

#include "report.h"

/* A socket without state, and how it was met. */
struct found {
	struct sock *sk;
	u64 cookie; /* its own, or what stands for it: see conn.h */
	u32 tgid;   /* who has it */
	u32 moved;  /* bytes that tgid just received or sent through it */
	bool received;
	bool joined; /* it was there before tracing started */
	bool bare;   /* sk is an address and no more */
	u8 scratch;  /* enum conn_scratch */
};

static __always_inline bool adopt__is_tcp(struct sock *sk)
{
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	return (family == AF_INET || family == AF_INET6) &&
	       BPF_CORE_READ(sk, sk_type) == SOCK_STREAM &&
	       BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP;
}

/* What a TCP connection has moved: the socket's own counts. */
struct tcp_counts {
	u64 acked;    /* by the peer, and what is on its way */
	u64 sent;     /* once */
	u64 queued;   /* to be sent, including .sent */
	u64 received; /* and read */
	bool unread;
	s32 sent_after; /* jiffies from the last receive to the last send */
};

static __always_inline void adopt__count(struct tcp_counts *n,
					 struct tcp_sock *tp)
{
	u32 snd_nxt = BPF_CORE_READ(tp, snd_nxt);
	u32 unread = BPF_CORE_READ(tp, rcv_nxt) - BPF_CORE_READ(tp, copied_seq);

	n->acked = BPF_CORE_READ(tp, bytes_acked) +
		   (u32)(snd_nxt - BPF_CORE_READ(tp, snd_una));
	n->sent = BPF_CORE_READ(tp, bytes_sent) -
		  BPF_CORE_READ(tp, bytes_retrans);
	n->queued = n->sent + (u32)(BPF_CORE_READ(tp, write_seq) - snd_nxt);
	n->received = BPF_CORE_READ(tp, bytes_received) - unread;
	n->unread = unread;
	n->sent_after = BPF_CORE_READ(tp, lsndtime) -
			BPF_CORE_READ(tp, inet_conn.icsk_ack.lrcvtime);
}

/*
 * Role of a TCP connection whose opening was not seen. Its own SYN is counted
 * in what the peer has acknowledged, but never in what was sent, so the two
 * differ by one for the side that opened it (tcp_ack(), __tcp_transmit_skb()
 * in net/ipv4).
 */
static __always_inline enum rt_role adopt__role(const struct tcp_counts *n)
{
	return n->acked > n->sent ? RT_ROLE_CLIENT : RT_ROLE_SERVER;
}

/*
 * Is it between a question and the end of its answer? What was moved last
 * tells, in jiffies; a tie means that answers are quick, so: no. And not if
 * nothing was asked before the bytes that were just asked.
 */
static __always_inline bool adopt__midway(const struct tcp_counts *n,
					  enum rt_role role, u32 asked)
{
	if (role == RT_ROLE_CLIENT)
		return n->queued > asked && n->sent_after > 0;
	if (n->received <= asked)
		return false;
	return n->unread || !n->sent || n->sent_after < 0;
}

/* Where its state is made; complete with adopt__tell(). */
static __always_inline struct conn *adopt__make(const struct found *f)
{
	if (rt_config.by_cookie)
		return conn__scratch(f->scratch);
	return f->bare ? NULL : conn__create(f->sk);
}

static __always_inline struct conn *adopt__tell(struct conn *c, u64 now)
{
	bool made = true;

	if (rt_config.by_cookie || !conn__is_tcp(c))
		c = conn__publish(c, &made);
	if (!c || !made)
		return c;
	if (c->ex.peer.flags & RT_PEER_JOINED)
		count(RT_COUNT_JOINED);
	report__connection(c, RT_REC_OPEN, now, 0);
	return c;
}

static __always_inline struct conn *adopt__tcp(const struct found *f)
{
	struct sock *sk = f->sk;
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	struct tcp_counts n;
	enum rt_role role;
	struct conn *c;
	u32 asked;
	u16 port;

	adopt__count(&n, tp);
	role = adopt__role(&n);
	port = role == RT_ROLE_CLIENT
		       ? bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport))
		       : BPF_CORE_READ(sk, __sk_common.skc_num);
	if (!target__port(port) ||
	    (role == RT_ROLE_CLIENT && rt_config.server_only))
		return NULL;
	c = adopt__make(f);
	if (!c)
		return NULL;
	conn__addresses(&c->ex.peer, f->sk);
	c->ex.peer.cookie = f->cookie;
	c->ex.peer.role = role;
	c->ex.peer.transport = RT_TRANSPORT_TCP;
	c->ex.peer.flags = RT_PEER_JOINED;
	c->ex.peer.owner = f->tgid;
	c->used_by = f->tgid;
	asked = f->received == (role == RT_ROLE_SERVER) ? f->moved : 0;
	c->phase = adopt__midway(&n, role, asked) ? PHASE_SKIP : PHASE_IDLE;
	if (c->phase == PHASE_SKIP)
		count(RT_COUNT_JOINED_MIDWAY);
	c->generation = rt_sweep_generation + 1;
	c->kind = CONN_OPEN;
	barrier(); /* a receive is seen from here on, or in this already */
	c->copied_seq = BPF_CORE_READ(tp, copied_seq);
	return adopt__tell(c, bpf_ktime_get_ns());
}

static __always_inline u32 adopt__peer_pid(struct sock *sk)
{
	struct pid *pid = BPF_CORE_READ(sk, sk_peer_pid);

	return pid ? BPF_CORE_READ(pid, numbers[0].nr) : 0;
}

/* The ends of a UNIX connection: who of them has a name. */
struct unix_ends {
	bool named;
	bool peer_named;
};

static __always_inline void adopt__ends(struct unix_ends *ends, struct sock *sk)
{
	struct unix_sock *us = (struct unix_sock *)sk;
	struct unix_sock *peer = (struct unix_sock *)BPF_CORE_READ(us, peer);

	ends->named = BPF_CORE_READ(us, addr);
	ends->peer_named = peer && BPF_CORE_READ(peer, addr);
}

/* Who listened carries the name; a client's is its own and rare. Without
 * any (socketpair), the first to speak is the client. */
static __always_inline enum rt_role adopt__unix_role(const struct unix_ends *e,
						     bool received)
{
	if (e->named != e->peer_named)
		return e->named ? RT_ROLE_SERVER : RT_ROLE_CLIENT;
	return received ? RT_ROLE_SERVER : RT_ROLE_CLIENT;
}

/* The mark of a living UNIX socket; asked twice, as two CPUs that make it at
 * once get one answer. */
static __always_inline u64 *adopt__mark(struct sock *sk, u64 cookie)
{
	u64 *mark = bpf_sk_storage_get(&rt_unix_marks, sk, &cookie,
				       BPF_LOCAL_STORAGE_GET_F_CREATE);

	return mark ?: bpf_sk_storage_get(&rt_unix_marks, sk, 0, 0);
}

static __always_inline struct conn *adopt__unix(const struct found *f)
{
	struct sock *sk = f->sk;
	struct unix_ends ends;
	struct conn *c;
	enum rt_role role;
	u64 now = bpf_ktime_get_ns();

	if (BPF_CORE_READ(sk, sk_type) != SOCK_STREAM)
		return NULL;
	adopt__ends(&ends, f->sk);
	role = adopt__unix_role(&ends, f->received);
	if (!target__port(0) ||
	    (role == RT_ROLE_CLIENT && rt_config.server_only))
		return NULL;
	if (!f->bare && !adopt__mark(f->sk, f->cookie)) {
		count(RT_COUNT_NO_STORAGE);
		return NULL;
	}
	c = conn__scratch(f->scratch);
	if (!c)
		return NULL;
	c->ex.peer.cookie = f->cookie;
	c->ex.peer.role = role;
	c->ex.peer.transport = RT_TRANSPORT_UNIX;
	c->ex.peer.owner = f->tgid;
	c->ex.peer.remote_pid = adopt__peer_pid(f->sk);
	/* A socketpair: if one process has both ends, its threads wake one
	 * another by it (event loops do), and whom they serve does not change
	 * by that. */
	c->apart = !ends.named && !ends.peer_named &&
		   c->ex.peer.remote_pid == f->tgid;
	c->ex.peer.flags = f->joined ? RT_PEER_JOINED : 0;
	c->ex.peer.established = f->joined ? 0 : now;
	c->used_by = f->tgid;
	c->phase = PHASE_IDLE;
	c->kind = CONN_OPEN;
	/* Out of reach of a sweep that has looked for the living already. */
	c->generation = rt_sweep_generation + 1;
	return adopt__tell(c, now);
}

/* A socket without state through which the current task moved bytes. */
static __always_inline struct conn *adopt__current(struct found *f)
{
	struct sock *sk = f->sk;

	f->tgid = bpf_get_current_pid_tgid() >> 32;
	if (!target__is(f->tgid))
		return NULL;
	if (!f->bare)
		f->cookie = bpf_get_socket_cookie((void *)f->sk);
	if (adopt__is_tcp(f->sk))
		return adopt__tcp(f);
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX)
		return adopt__unix(f);
	return NULL;
}

#endif
