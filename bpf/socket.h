/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an event on a socket does, whichever engine saw it. An engine finds the
 * socket and the connection, and calls one of these; bare: it has only the
 * socket's address (file.h), not a pointer that the kernel vouches for.
 */
#ifndef REQTRACE_BPF_SOCKET_H
#define REQTRACE_BPF_SOCKET_H

#include "adopt.h"
#include "exchange.h"
#include "parts.h"
#include "payload.h"

/* Set by userspace while every program is attached: attaching and detaching
 * go one by one, and what one of them alone sees is not the truth. Owned by
 * state.bpf.c, as all of these are. */
extern rt_u32 rt_running;

/* Some traced process moves bytes with splice(): see socket__spliced. */
extern rt_u32 rt_splices;

/* A receive or send that returned, as its engine tells it. */
struct io {
	struct sock *sk;
	int ret;
	int flags; /* MSG_* */
	u64 msg;   /* address of its struct msghdr; 0: see the registers */
	bool received;
	bool unreadable; /* its bytes are in no buffer of the caller */
	bool bare;
};

/* Member of a socket. */
#define SOCKET_READ(bare, p, member)                                           \
	((bare) ? BPF_CORE_READ(p, member) : (p)->member)

static __always_inline struct tcp_sock *socket__tcp(struct sock *sk, bool bare)
{
	return bare ? (struct tcp_sock *)sk : bpf_skc_to_tcp_sock(sk);
}

static __always_inline bool socket__unread(struct sock *sk, struct tcp_sock *tp)
{
	return tp ? tp->rcv_nxt != tp->copied_seq
		  : sk->sk_receive_queue.qlen != 0;
}

/*
 * Bytes were taken out. If the queue is empty, so is .arrive; if more came in
 * between, before this program and after the copy, it is as old as the latest
 * arrival at most. Cleared first, so that what arrives from now on stays.
 */
static __always_inline void socket__consumed(struct conn *c, struct sock *sk,
					     struct tcp_sock *tp, bool bare)
{
	c->peeked = 0;
	if (bare) { /* nothing tells of arrivals */
		if (tp)
			c->copied_seq = BPF_CORE_READ(tp, copied_seq);
		return;
	}
	__sync_lock_test_and_set(&c->arrive, 0);
	if (tp)
		c->copied_seq = tp->copied_seq;
	if (socket__unread(sk, tp) && !c->arrive)
		c->arrive = c->last_arrive;
}

static __always_inline void socket__peer_closed(struct conn *c)
{
	if (c->peer_fin)
		return;
	c->peer_fin = bpf_ktime_get_ns();
	if (c->phase != PHASE_REQUEST)
		return;
	c->fin_seq = c->state >> 2;
	if (rt_config.parts)
		parts__until(c, c->peer_fin);
}

static __always_inline void socket__failed(struct conn *c, int ret, u16 flag)
{
	if (ret != -EPIPE && ret != -ECONNRESET && ret != -ETIMEDOUT)
		return;
	if (c->state & EXCHANGE_BITS)
		c->ex.header.flags |= flag;
}

/* The bytes go through the state machine, and the time with them. */
static __always_inline void socket__moved(struct conn *c, struct moved *m)
{
	int of = exchange__moved(c, m);

	if (rt_config.parts && of != EXCHANGE_NEITHER)
		parts__touched(c, m, of == EXCHANGE_BEGAN);
	c->changes++;
	conn__moved();
}

/*
 * Bytes that splice() took from the socket pass no receive. They show when
 * the socket's read position moved unseen; looked at before what comes next,
 * a send or the end. When they were read is not known, but they were all there
 * at the latest arrival.
 *
 * The position also moves a moment before another thread's receive is seen,
 * so this is only done once splice() was seen to send, which who reads with
 * it does as well, and not where a receive belongs to the request anyway. (A
 * socket with an upper-layer protocol, such as kernel TLS, moves the position
 * by itself.) ended: the peer may have closed its side.
 */
static __always_inline void socket__spliced(struct conn *c, struct sock *sk,
					    bool ended)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	struct moved m = {.received = true, .unreadable = true};

	if (!tp || tp->copied_seq == c->copied_seq)
		return;
	m.bytes = tp->copied_seq - c->copied_seq;
	/* The peer's FIN takes one number, but is no byte. */
	if (ended && sk->sk_shutdown & RCV_SHUTDOWN &&
	    tp->copied_seq == tp->rcv_nxt)
		m.bytes--;
	m.write_seq = c->sent_seq;
	m.now = c->last_arrive ?: bpf_ktime_get_ns();
	c->copied_seq = tp->copied_seq;
	if (!m.bytes || BPF_CORE_READ(tp, inet_conn.icsk_ulp_ops))
		return;
	if (c->phase == PHASE_REQUEST && c->ex.peer.role == RT_ROLE_SERVER)
		return;
	/* The end comes in whatever task runs: the last one known it is. */
	m.id = (u64)c->used_by << 32 | c->ex.last_tid;
	count(RT_COUNT_SPLICED);
	c->bytes_in += m.bytes;
	/* What its thread did since then is not looked for. */
	if (exchange__moved(c, &m) != EXCHANGE_NEITHER)
		c->ex.header.flags &= ~RT_EX_PARTS;
	c->changes++;
	conn__moved();
	socket__consumed(c, sk, tp, false);
}

static __always_inline void socket__peeked(struct conn *c, u64 now)
{
	if (c->peeked)
		return;
	if (rt_config.parts)
		parts__peeked(c, now);
	c->peeked = now;
}

/* A receive that took no bytes. */
static __always_inline void socket__got_none(struct conn *c,
					     const struct io *io)
{
	struct sock *sk = io->sk;
	struct tcp_sock *tp = NULL;

	if (io->ret) {
		socket__failed(c, io->ret, RT_EX_RECV_FAILED);
		return;
	}
	/* TCP tells of the peer's end by its state. */
	if (!conn__is_tcp(c) &&
	    SOCKET_READ(io->bare, sk, sk_shutdown) & RCV_SHUTDOWN) {
		socket__peer_closed(c);
		return;
	}
	if (io->bare)
		return;
	if (conn__is_tcp(c))
		tp = socket__tcp(sk, false);
	/* Who asked for none left what is there, and when it arrived. */
	if (!socket__unread(sk, tp))
		socket__consumed(c, sk, tp, false);
}

static __always_inline void socket__received(struct conn *c,
					     const struct io *io)
{
	struct sock *sk = io->sk;
	struct tcp_sock *tp = NULL;
	struct moved m = {
		.bytes = io->ret,
		.received = true,
		.unreadable = io->unreadable || io->flags & MSG_TRUNC,
		.msg = io->msg,
	};

	if (io->flags & (MSG_ERRQUEUE | MSG_OOB))
		return;
	if (io->ret <= 0) {
		socket__got_none(c, io);
		return;
	}
	m.now = bpf_ktime_get_ns();
	if (io->flags & MSG_PEEK) {
		socket__peeked(c, m.now);
		return;
	}
	payload__by_current(&m);
	m.socket = (u64)SOCKET_READ(io->bare, sk, sk_socket);
	if (conn__is_tcp(c))
		tp = socket__tcp(sk, io->bare);
	if (tp) {
		m.write_seq = SOCKET_READ(io->bare, tp, write_seq);
		c->rtt_us = SOCKET_READ(io->bare, tp, srtt_us) >> 3;
		c->retrans = SOCKET_READ(io->bare, tp, total_retrans);
	}
	c->bytes_in += io->ret;
	socket__moved(c, &m);
	socket__consumed(c, sk, tp, io->bare);
	/* Reset before, or meanwhile: then nobody else reports it. */
	if (c->kind == CONN_CLOSED)
		report__exchange(c, RT_END_RESET, 0, m.now);
}

/* Answered, and not asked: by a read that had begun before it was hooked, which
 * trampolines do not see end. The arrival is not that of what comes next. */
static __always_inline bool socket__begun_before(const struct conn *c)
{
	return c->phase == PHASE_IDLE && c->ex.peer.flags & RT_PEER_JOINED &&
	       c->ex.peer.role == RT_ROLE_SERVER;
}

static __always_inline void socket__sent(struct conn *c, const struct io *io)
{
	struct sock *sk = io->sk;
	struct moved m = {
		.bytes = io->ret,
		.unreadable = io->unreadable,
		.msg = io->msg,
	};

	if (io->ret <= 0) {
		socket__failed(c, io->ret, RT_EX_SEND_FAILED);
		return;
	}
	if (payload__by_current(&m) == SYS_splice && !io->bare && !rt_splices)
		rt_splices = 1;
	if (!io->bare && rt_splices && conn__is_tcp(c))
		socket__spliced(c, sk, true);
	m.now = bpf_ktime_get_ns();
	m.socket = (u64)SOCKET_READ(io->bare, sk, sk_socket);
	c->bytes_out += io->ret;
	if (socket__begun_before(c))
		socket__consumed(c, sk,
				 conn__is_tcp(c) ? socket__tcp(sk, io->bare)
						 : NULL,
				 io->bare);
	socket__moved(c, &m);
}

/* Apart, as its frame is large and what it is for rare. */
static __noinline struct conn *socket__adopt(struct sock *sk, u32 moved,
					     u32 received)
{
	struct found f = {
		.sk = sk,
		.moved = moved,
		.received = received,
		.scratch = SCRATCH_TASK,
	};

	return adopt__current(&f);
}

/* A reset leaves what had arrived before it to be read: a request that nobody
 * waits for any more. */
static __always_inline bool socket__takes(const struct conn *c,
					  const struct io *io)
{
	return c->kind == CONN_OPEN ||
	       (c->kind == CONN_CLOSED && io->received && io->ret > 0);
}

/* The connection of a socket, which the current task may have made known by
 * moving bytes; NULL: it is none that is traced, or not open. */
static __always_inline struct conn *socket__conn(const struct io *io)
{
	struct conn *c;

	if (!rt_running)
		return NULL;
	c = conn__get(io->sk);
	/* Asked here, too: it is no for all that is not traced. */
	if (!c && io->ret > 0 && target__is(bpf_get_current_pid_tgid() >> 32))
		c = socket__adopt(io->sk, io->ret, io->received);
	return c && socket__takes(c, io) ? c : NULL;
}

/*
 * While a program is preempted, the kernel skips it for others that come to its
 * hook on that CPU. A twin on the same hook, which runs next in the same task,
 * then does what the first one did not: that one leaves the task's id. Neither
 * does it for a task that comes while both are preempted (RT_COUNT_SKIPPED).
 */
static __always_inline bool socket__is_done(struct conn *c, const struct io *io,
					    bool twin)
{
	u32 *by = io->received ? &c->recv_by : &c->send_by;
	u32 tid = bpf_get_current_pid_tgid();
	bool done = twin && *by == tid;

	*by = twin ? 0 : tid;
	return done;
}

static __always_inline void socket__returned(struct conn *c,
					     const struct io *io, bool twin)
{
	if (rt_config.twins && socket__is_done(c, io, twin))
		return;
	if (io->received)
		socket__received(c, io);
	else
		socket__sent(c, io);
}

/* For engines whose hooks have the socket itself. */
static __always_inline int socket__io(const struct io *io, bool twin)
{
	struct conn *c = socket__conn(io);

	if (c)
		socket__returned(c, io, twin);
	return 0;
}

/*
 * First bytes for the accepted end of a UNIX connection: the sender runs. The
 * process that listens is known from the other end, whose peer credentials
 * are the listener's (copy_peercred() in net/unix/af_unix.c).
 */
static __always_inline struct conn *socket__unix_ready(struct sock *sk)
{
	struct unix_sock *us = (struct unix_sock *)sk;
	struct found f = {.sk = sk, .received = true, .scratch = SCRATCH_TASK};
	struct sock *other;

	if (sk->__sk_common.skc_family != AF_UNIX ||
	    sk->__sk_common.skc_state != TCP_ESTABLISHED ||
	    !BPF_CORE_READ(us, addr))
		return NULL;
	other = BPF_CORE_READ(us, peer);
	if (!other)
		return NULL;
	f.tgid = adopt__peer_pid(other);
	if (!f.tgid || !target__is(f.tgid))
		return NULL;
	f.cookie = bpf_get_socket_cookie((void *)sk);
	return adopt__unix(&f);
}

/* There is something to read, or to accept. */
static __always_inline int socket__ready(struct sock *sk)
{
	struct conn *c;
	u64 now;

	if (!rt_running)
		return 0;
	c = conn__get(sk);
	if (!c) {
		c = socket__unix_ready(sk);
		if (!c)
			return 0;
	}
	/* A listener is told of connections; they inherit what it holds. */
	if (c->kind != CONN_OPEN) {
		if (c->backlog < sk->sk_ack_backlog)
			c->backlog = sk->sk_ack_backlog;
		conn__moved();
		return 0;
	}
	/* A UNIX sender tells after it let go of the queue: if the reader was
	 * faster, nothing has arrived any more. */
	if (!conn__is_tcp(c) && !sk->sk_receive_queue.qlen)
		return 0;
	now = bpf_ktime_get_ns();
	c->last_arrive = now;
	if (!c->arrive)
		c->arrive = now;
	return 0;
}

#endif
