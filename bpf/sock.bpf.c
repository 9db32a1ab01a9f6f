// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sock engine: stable tracepoints of sockets (kernel 6.3: commit
 * 6e6eda44b939 "sock: add tracepoint for send recv length", 40e0b0908142 "net:
 * Introduce sk_data_ready() tracepoint"). For sockets that are not traced each
 * program is one failed look-up.
 */
#include "socket.h"

SEC("tp_btf/sock_recv_length")
int BPF_PROG(rt_recv, struct sock *sk, int ret, int flags)
{
	struct io io = {.sk = sk, .ret = ret, .flags = flags, .received = true};

	return socket__io(&io);
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(rt_send, struct sock *sk, int ret, int flags)
{
	struct io io = {.sk = sk, .ret = ret};

	return socket__io(&io);
}

SEC("tp_btf/sk_data_ready")
int BPF_PROG(rt_ready, struct sock *sk)
{
	return socket__ready(sk);
}
