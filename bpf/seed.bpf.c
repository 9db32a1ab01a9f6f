// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run once when tracing starts: finds the sockets that the targets have open
 * already, listeners and connections.
 */
#include "adopt.h"

static __always_inline void seed__listener(struct sock *sk, u32 tgid, u8 state)
{
	struct conn *c;

	if (state == TCP_LISTEN && !target__port(sk->__sk_common.skc_num))
		return;
	if (state == TCP_SYN_SENT &&
	    (rt_config.server_only ||
	     !target__port(bpf_ntohs(sk->__sk_common.skc_dport))))
		return;
	c = conn__create(sk);
	if (!c)
		return;
	c->ex.peer.owner = tgid;
	c->kind = state == TCP_LISTEN ? CONN_LISTENER : CONN_CONNECTING;
}

static __always_inline void seed__tcp(const struct found *f)
{
	struct sock *sk = f->sk;
	u8 state = sk->__sk_common.skc_state;

	if (bpf_sk_storage_get(&rt_conns, sk, 0, 0))
		return;
	if (state == TCP_LISTEN || state == TCP_SYN_SENT)
		seed__listener(sk, f->tgid, state);
	else if ((state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT) &&
		 !(rt_config.by_cookie && conn__hashed(f->cookie)))
		adopt__tcp(f);
}

SEC("iter/task_file")
int rt_seed(struct bpf_iter__task_file *ctx)
{
	struct found f = {
		.received = true,
		.joined = true,
		.scratch = SCRATCH_SEED,
	};
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *sock;
	struct sock *sk;

	if (!task || !file || !target__is(task->tgid))
		return 0;
	sock = bpf_sock_from_file(file);
	if (!sock)
		return 0;
	sk = sock->sk;
	if (!sk)
		return 0;
	f.sk = sk;
	f.tgid = task->tgid;
	if (adopt__is_tcp(sk)) {
		f.cookie = bpf_get_socket_cookie((void *)sk);
		seed__tcp(&f);
	} else if (sk->__sk_common.skc_family == AF_UNIX &&
		   sk->__sk_common.skc_state == TCP_ESTABLISHED) {
		f.cookie = bpf_get_socket_cookie((void *)sk);
		if (!conn__hashed(f.cookie))
			adopt__unix(&f);
	}
	return 0;
}
