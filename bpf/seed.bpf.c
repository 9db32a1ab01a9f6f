// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run once when tracing starts: finds the sockets that the targets have open
 * already, listeners and connections.
 */
#include "adopt.h"

static __always_inline void seed__tcp(struct sock *sk, u32 tgid)
{
	u8 state = sk->__sk_common.skc_state;
	struct conn *c = bpf_sk_storage_get(&rt_conns, sk, 0, 0);

	if (c)
		return;
	if (state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT) {
		adopt__tcp(sk, tgid, 0, true);
		return;
	}
	if (state != TCP_LISTEN && state != TCP_SYN_SENT)
		return;
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

SEC("iter/task_file")
int rt_seed(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *sock;
	struct sock *sk;
	u64 cookie;

	if (!task || !file || !target__is(task->tgid))
		return 0;
	sock = bpf_sock_from_file(file);
	if (!sock)
		return 0;
	sk = sock->sk;
	if (!sk)
		return 0;
	if (adopt__is_tcp(sk)) {
		seed__tcp(sk, task->tgid);
	} else if (sk->__sk_common.skc_family == AF_UNIX &&
		   sk->__sk_common.skc_state == TCP_ESTABLISHED) {
		cookie = sk->__sk_common.skc_cookie.counter;
		if (!cookie || !bpf_map_lookup_elem(&rt_unix_conns, &cookie))
			adopt__unix(sk, task->tgid, true, true);
	}
	return 0;
}
