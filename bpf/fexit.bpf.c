// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fexit engine: trampolines on what the protocols' stream sockets do when
 * they receive and send. For kernels without the socket tracepoints. Each
 * program is loaded only if the function it is for exists.
 */
#include "accept.h"
#include "socket.h"

static __always_inline int fexit__recv(struct socket *socket,
				       struct msghdr *msg, int flags, int ret)
{
	struct sock *sk = socket->sk;
	struct io io = {
		.ret = ret, .flags = flags, .msg = (u64)msg, .received = true};

	if (!sk)
		return 0;
	io.sk = sk;
	return socket__io(&io, false);
}

static __always_inline int fexit__send(struct socket *socket,
				       struct msghdr *msg, int ret)
{
	struct sock *sk = socket->sk;
	/* Without a message it is pages that go by sendfile. */
	struct io io = {.ret = ret, .msg = (u64)msg, .unreadable = !msg};

	if (!sk)
		return 0;
	io.sk = sk;
	return socket__io(&io, false);
}

SEC("fexit/inet_recvmsg")
int BPF_PROG(rt_inet_recv, struct socket *socket, struct msghdr *msg,
	     size_t size, int flags, int ret)
{
	return fexit__recv(socket, msg, flags, ret);
}

SEC("fexit/inet6_recvmsg")
int BPF_PROG(rt_inet6_recv, struct socket *socket, struct msghdr *msg,
	     size_t size, int flags, int ret)
{
	return fexit__recv(socket, msg, flags, ret);
}

SEC("fexit/unix_stream_recvmsg")
int BPF_PROG(rt_unix_recv, struct socket *socket, struct msghdr *msg,
	     size_t size, int flags, int ret)
{
	return fexit__recv(socket, msg, flags, ret);
}

SEC("fexit/inet_sendmsg")
int BPF_PROG(rt_inet_send, struct socket *socket, struct msghdr *msg,
	     size_t size, int ret)
{
	return fexit__send(socket, msg, ret);
}

SEC("fexit/inet6_sendmsg")
int BPF_PROG(rt_inet6_send, struct socket *socket, struct msghdr *msg,
	     size_t size, int ret)
{
	return fexit__send(socket, msg, ret);
}

SEC("fexit/unix_stream_sendmsg")
int BPF_PROG(rt_unix_send, struct socket *socket, struct msghdr *msg,
	     size_t size, int ret)
{
	return fexit__send(socket, msg, ret);
}

/* sendfile(), until it became a sendmsg() with MSG_SPLICE_PAGES (kernel 6.5:
 * commit dc97391e6610 "sock: Remove ->sendpage*() in favour of
 * sendmsg(MSG_SPLICE_PAGES)"). */
SEC("fexit/inet_sendpage")
int BPF_PROG(rt_inet_sendpage, struct socket *socket, struct page *page,
	     int offset, size_t size, int flags, ssize_t ret)
{
	return fexit__send(socket, NULL, ret);
}

SEC("fexit/unix_stream_sendpage")
int BPF_PROG(rt_unix_sendpage, struct socket *socket, struct page *page,
	     int offset, size_t size, int flags, ssize_t ret)
{
	return fexit__send(socket, NULL, ret);
}

SEC("fentry/sock_def_readable")
int BPF_PROG(rt_readable, struct sock *sk)
{
	return socket__ready(sk);
}

SEC("fexit/inet_csk_accept")
int BPF_PROG(rt_accept_4, struct sock *sk, int flags, int *err, bool kern,
	     struct sock *accepted)
{
	if (accepted)
		accept__tell(accepted->__sk_common.skc_cookie.counter);
	return 0;
}

/* Since Linux 6.10: commit 92ef0fd55ac8 "net: change proto and proto_ops
 * accept type". */
SEC("fexit/inet_csk_accept")
int BPF_PROG(rt_accept_2, struct sock *sk, void *arg, struct sock *accepted)
{
	if (accepted)
		accept__tell(accepted->__sk_common.skc_cookie.counter);
	return 0;
}
