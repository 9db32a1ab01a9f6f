// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections that open and close, for every engine: tracepoints of TCP's
 * states. Owns the state of connections.
 */
#include "socket.h"

struct conn_map rt_conns SEC(".maps");
struct conn_hash_map rt_conn_hash SEC(".maps");
struct unix_mark_map rt_unix_marks SEC(".maps");
struct conn_scratch_map rt_conn_scratch SEC(".maps");
rt_u32 rt_sweep_generation;
rt_u32 rt_moved;
rt_u32 rt_running;
rt_u32 rt_splices;

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
	conn__moved();
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

/* From the socket's storage into the hash, where the syscall engine finds it.
 * NULL: no room. */
static __always_inline struct conn *state__hash(struct conn *c)
{
	struct conn *h = conn__scratch(SCRATCH_STATE);
	bool made;

	if (!h)
		return NULL;
	h->ex.peer = c->ex.peer;
	h->used_by = c->used_by;
	h->copied_seq = c->copied_seq;
	h->kind = CONN_OPEN;
	c->kind = CONN_HASHED;
	return conn__publish(h, &made);
}

static __always_inline void state__established(struct conn *c, struct sock *sk)
{
	u64 now;

	if (c->kind != CONN_LISTENER && c->kind != CONN_CONNECTING)
		return;
	now = bpf_ktime_get_ns();
	conn__addresses(&c->ex.peer, sk);
	c->ex.peer.cookie = bpf_get_socket_cookie((void *)sk);
	c->ex.peer.role =
		c->kind == CONN_LISTENER ? RT_ROLE_SERVER : RT_ROLE_CLIENT;
	c->ex.peer.established = now;
	c->copied_seq = conn__copied_seq(sk);
	c->kind = CONN_OPEN;
	conn__moved();
	if (rt_config.by_cookie) {
		c = state__hash(c);
		if (!c)
			return;
	}
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
	c = conn__get(sk);
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
	c = conn__get(sk);
	if (!c)
		return 0;
	switch (newstate) {
	case TCP_ESTABLISHED:
		state__established(c, sk);
		break;
	case TCP_CLOSE_WAIT:
		socket__peer_closed(c);
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
