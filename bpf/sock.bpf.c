// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sock engine: stable tracepoints of sockets (kernel 6.3: commit
 * 6e6eda44b939 "sock: add tracepoint for send recv length", 40e0b0908142 "net:
 * Introduce sk_data_ready() tracepoint"). For sockets that are not traced each
 * program is one failed look-up.
 */
#include "socket.h"

static __always_inline int sock__recv(struct sock *sk, int ret, int flags,
				      bool twin)
{
	struct io io = {.sk = sk, .ret = ret, .flags = flags, .received = true};

	return socket__io(&io, twin);
}

static __always_inline int sock__send(struct sock *sk, int ret, bool twin)
{
	struct io io = {.sk = sk, .ret = ret};

	return socket__io(&io, twin);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(rt_recv, struct sock *sk, int ret, int flags)
{
	return sock__recv(sk, ret, flags, false);
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(rt_send, struct sock *sk, int ret, int flags)
{
	return sock__send(sk, ret, false);
}

/* See socket__is_done(). */
SEC("tp_btf/sock_recv_length")
int BPF_PROG(rt_recv_twin, struct sock *sk, int ret, int flags)
{
	return sock__recv(sk, ret, flags, true);
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(rt_send_twin, struct sock *sk, int ret, int flags)
{
	return sock__send(sk, ret, true);
}

SEC("tp_btf/sk_data_ready")
int BPF_PROG(rt_ready, struct sock *sk)
{
	return socket__ready(sk);
}
