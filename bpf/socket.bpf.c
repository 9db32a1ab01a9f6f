// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sock engine: stable tracepoints of sockets (kernel 6.3: commit
 * 6e6eda44b939 "sock: add tracepoint for send recv length", 40e0b0908142 "net:
 * Introduce sk_data_ready() tracepoint") drive the exchange state machine.
 * For sockets that are not traced each program is one failed look-up.
 */
#include "adopt.h"
#include "exchange.h"
#include "parts.h"
#include "payload.h"

struct conn_map rt_conns SEC(".maps");
struct unix_conn_map rt_unix_conns SEC(".maps");
struct unix_mark_map rt_unix_marks SEC(".maps");
struct conn_scratch_map rt_conn_scratch SEC(".maps");
rt_u32 rt_sweep_generation;

/* Set by userspace while every program is attached: attaching and detaching
 * go one by one, and what one of them alone sees is not the truth. */
rt_u32 rt_running;

/* Some traced process moves bytes with splice(): see socket__spliced. */
rt_u32 rt_splices;

/*
 * Bytes were taken out. If the queue is empty, so is .arrive; if more came in
 * between, before this program and after the copy, it is as old as the latest
 * arrival at most. Cleared first, so that what arrives from now on stays.
 */
static __always_inline void conn__consumed(struct conn *c, struct sock *sk)
{
	bool more;

	c->peeked = 0;
	__sync_lock_test_and_set(&c->arrive, 0);
	if (conn__is_tcp(c)) {
		struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);

		more = tp && tp->rcv_nxt != tp->copied_seq;
		c->copied_seq = tp ? tp->copied_seq : 0;
	} else {
		more = sk->sk_receive_queue.qlen != 0;
	}
	if (more && !c->arrive)
		c->arrive = c->last_arrive;
}

static __always_inline void conn__peer_closed(struct conn *c)
{
	if (c->peer_fin)
		return;
	c->peer_fin = bpf_ktime_get_ns();
	if (c->phase != PHASE_REQUEST)
		return;
	c->ex.header.flags |= RT_EX_PEER_CLOSED_FIRST;
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

static __always_inline void socket__moved(struct conn *c, struct sock *sk,
					  u64 now, u32 bytes, bool received,
					  bool unreadable)
{
	struct moved m = {
		.now = now,
		.id = bpf_get_current_pid_tgid(),
		.socket = (u64)sk->sk_socket,
		.bytes = bytes,
		.received = received,
		.unreadable = unreadable,
	};
	int of;

	if (received && conn__is_tcp(c)) {
		struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);

		m.write_seq = tp ? tp->write_seq : 0;
		if (tp)
			conn__look(c, tp);
	}
	of = exchange__moved(c, &m);
	if (rt_config.parts && of != EXCHANGE_NEITHER)
		parts__touched(c, &m, of == EXCHANGE_BEGAN);
	c->changes++;
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
	conn__consumed(c, sk);
}

/* The open connection of a call that returned ret, or NULL. */
static __always_inline struct conn *socket__conn(struct sock *sk, int ret,
						 bool received)
{
	struct conn *c;

	if (!rt_running)
		return NULL;
	c = conn__get(sk);
	if (!c && ret > 0)
		c = adopt__current(sk, ret, received);
	return c && c->kind == CONN_OPEN ? c : NULL;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(rt_recv, struct sock *sk, int ret, int flags)
{
	struct conn *c = socket__conn(sk, ret, true);
	u64 now;

	if (!c || flags & (MSG_ERRQUEUE | MSG_OOB))
		return 0;
	if (ret <= 0) {
		/* TCP tells of the peer's end by its state. */
		if (!ret && !conn__is_tcp(c) && sk->sk_shutdown & RCV_SHUTDOWN)
			conn__peer_closed(c);
		else if (!ret)
			conn__consumed(c, sk);
		socket__failed(c, ret, RT_EX_RECV_FAILED);
		return 0;
	}
	now = bpf_ktime_get_ns();
	if (flags & MSG_PEEK) {
		if (!c->peeked && rt_config.parts)
			parts__peeked(c, now);
		if (!c->peeked)
			c->peeked = now;
		return 0;
	}
	c->bytes_in += ret;
	socket__moved(c, sk, now, ret, true, flags & MSG_TRUNC);
	conn__consumed(c, sk);
	/* Reset meanwhile, on another CPU: then nobody else reports it. */
	if (c->kind == CONN_CLOSED)
		report__exchange(c, RT_END_RESET, 0, now);
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(rt_send, struct sock *sk, int ret, int flags)
{
	struct conn *c = socket__conn(sk, ret, false);

	if (!c)
		return 0;
	if (ret <= 0) {
		socket__failed(c, ret, RT_EX_SEND_FAILED);
		return 0;
	}
	if (!rt_splices && payload__by_splice())
		rt_splices = 1;
	if (rt_splices && conn__is_tcp(c))
		socket__spliced(c, sk, true);
	c->bytes_out += ret;
	socket__moved(c, sk, bpf_ktime_get_ns(), ret, false, false);
	return 0;
}

/*
 * First bytes for the accepted end of a UNIX connection: the sender runs. The
 * process that listens is known from the other end, whose peer credentials
 * are the listener's (copy_peercred() in net/unix/af_unix.c).
 */
static __always_inline struct conn *ready__unix(struct sock *sk)
{
	struct unix_sock *us;
	struct sock *other;
	u32 tgid;

	if (sk->__sk_common.skc_family != AF_UNIX ||
	    sk->__sk_common.skc_state != TCP_ESTABLISHED)
		return NULL;
	us = bpf_skc_to_unix_sock(sk);
	if (!us || !us->addr)
		return NULL;
	other = us->peer;
	if (!other)
		return NULL;
	tgid = adopt__peer_pid(other);
	if (!tgid || !target__is(tgid))
		return NULL;
	return adopt__unix(sk, tgid, true, false);
}

SEC("tp_btf/sk_data_ready")
int BPF_PROG(rt_ready, struct sock *sk)
{
	struct conn *c;
	u64 now;

	if (!rt_running)
		return 0;
	c = conn__get(sk);
	if (!c) {
		c = ready__unix(sk);
		if (!c)
			return 0;
	}
	/* A listener is told of connections; they inherit what it holds. */
	if (c->kind != CONN_OPEN) {
		if (c->backlog < sk->sk_ack_backlog)
			c->backlog = sk->sk_ack_backlog;
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

static __always_inline void state__listen(struct sock *sk)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct conn *c;

	if (!target__is(tgid) || !target__port(sk->__sk_common.skc_num))
		return;
	c = conn__create(sk);
	if (!c)
		return;
	c->kind = CONN_LISTENER;
	c->ex.peer.owner = tgid;
}

static __always_inline void state__connect(struct sock *sk)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct conn *c;

	if (rt_config.server_only || !target__is(tgid) ||
	    !target__port(bpf_ntohs(sk->__sk_common.skc_dport)))
		return;
	c = conn__create(sk);
	if (!c)
		return;
	c->kind = CONN_CONNECTING;
	c->ex.peer.owner = tgid;
	c->used_by = tgid;
}

static __always_inline void state__established(struct conn *c, struct sock *sk)
{
	u64 now;

	if (c->kind != CONN_LISTENER && c->kind != CONN_CONNECTING)
		return;
	now = bpf_ktime_get_ns();
	conn__addresses(&c->ex.peer, sk);
	c->ex.peer.role =
		c->kind == CONN_LISTENER ? RT_ROLE_SERVER : RT_ROLE_CLIENT;
	c->ex.peer.established = now;
	c->copied_seq = conn__copied_seq(sk);
	c->kind = CONN_OPEN;
	report__connection(c, RT_REC_OPEN, now, 0);
}

/* Sent, but not acknowledged when a reset came: nobody will read it. */
static __always_inline bool state__unacked(struct conn *c, struct sock *sk)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);

	if (!tp)
		return false;
	return tp->write_seq - tp->snd_una > (c->local_closed ? 1u : 0u);
}

/* The last words of the socket and of who handled its request. */
static __always_inline void state__look(struct conn *c, struct sock *sk,
					u64 now)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);

	if (tp)
		conn__look(c, tp);
	if (rt_config.parts && c->phase == PHASE_REQUEST && !c->peer_fin &&
	    !c->local_closed)
		parts__until(c, now);
}

/* This side closes; without an answer, that is where its work on it ends. */
static __always_inline void state__closing(struct conn *c, struct sock *sk)
{
	c->local_closed = 1;
	if (c->kind != CONN_OPEN)
		return;
	if (rt_splices)
		socket__spliced(c, sk, false);
	if (rt_config.parts && c->phase == PHASE_REQUEST && !c->peer_fin)
		parts__until(c, bpf_ktime_get_ns());
}

static __always_inline void state__closed(struct conn *c, struct sock *sk)
{
	u64 now = bpf_ktime_get_ns();
	bool reset = sk->sk_err != 0;
	u16 flags = 0;

	if (c->kind != CONN_OPEN)
		return;
	if (rt_splices)
		socket__spliced(c, sk, true);
	c->kind = CONN_CLOSED;
	if (c->local_closed || (!reset && !c->peer_fin))
		flags |= RT_EX_LOCAL_CLOSED;
	if (reset && state__unacked(c, sk))
		flags |= RT_EX_UNACKED;
	state__look(c, sk, now);
	report__exchange(c, reset ? RT_END_RESET : RT_END_CLOSE, flags, now);
	report__connection(c, RT_REC_CLOSE, now, reset ? RT_CONN_RESET : 0);
	if (rt_config.parts)
		calls__forget(c->ex.peer.cookie);
}

/*
 * The last word on a connection. The kernel skips a program that interrupts
 * itself on its CPU (prog->active in kernel/trace/bpf_trace.c), such as
 * rt_state in a soft interrupt during a close(); a closing that was missed so
 * would take an exchange with it.
 */
SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(rt_destroy, struct sock *sk)
{
	struct conn *c;

	if (!rt_running)
		return 0;
	c = bpf_sk_storage_get(&rt_conns, sk, 0, 0);
	if (c)
		state__closed(c, sk);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(rt_state, struct sock *sk, int oldstate, int newstate)
{
	struct conn *c;

	if (!rt_running || sk->sk_protocol != IPPROTO_TCP)
		return 0;
	if (newstate == TCP_LISTEN) {
		state__listen(sk);
		return 0;
	}
	if (newstate == TCP_SYN_SENT) {
		state__connect(sk);
		return 0;
	}
	c = bpf_sk_storage_get(&rt_conns, sk, 0, 0);
	if (!c)
		return 0;
	switch (newstate) {
	case TCP_ESTABLISHED:
		state__established(c, sk);
		break;
	case TCP_CLOSE_WAIT:
		conn__peer_closed(c);
		break;
	case TCP_FIN_WAIT1:
		state__closing(c, sk);
		break;
	case TCP_CLOSE:
		state__closed(c, sk);
		break;
	}
	return 0;
}
