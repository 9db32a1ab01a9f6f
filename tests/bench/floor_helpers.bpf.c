// SPDX-License-Identifier: GPL-2.0-only
/*
 * A lower bound for measuring latency on the hooks of floor.bpf.c: of the
 * sockets of one process, state that is found by the socket, the time of each
 * event, the first bytes of each message, and a record of each exchange in the
 * ring, as large as reqtrace's. And no more: it tells neither questions from
 * answers nor long messages from short ones, knows of no errors, and would be
 * wrong on most services. So what it costs is what the kernel's helpers cost.
 */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "regs.h"

#define MESSAGE_LEN 64

char LICENSE[] SEC("license") = "GPL";

/* Set before loading. */
const volatile u32 target = 0;

/* As long as a record of reqtrace --no-parts. */
struct exchange {
	u64 arrive;
	u64 read;
	u64 sent;
	u32 tgid;
	u32 tid;
	u8 request[MESSAGE_LEN];
	u8 response[MESSAGE_LEN];
	u8 rest[200];
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct exchange);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} ring SEC(".maps");

static __always_inline void message(u8 *out)
{
	struct pt_regs *regs = regs__of(bpf_get_current_task_btf());

	bpf_probe_read_user(out, MESSAGE_LEN, (void *)REGS_ARG2(regs));
}

SEC("tp_btf/sk_data_ready")
int BPF_PROG(bench_sk_data_ready, struct sock *sk)
{
	struct exchange *x = bpf_sk_storage_get(&sockets, sk, 0, 0);

	if (x)
		x->arrive = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(bench_sock_recv_length, struct sock *sk, int ret)
{
	struct exchange *x = bpf_sk_storage_get(&sockets, sk, 0, 0);
	u64 id;

	if (!x) {
		id = bpf_get_current_pid_tgid();
		if (id >> 32 != target || ret <= 0)
			return 0;
		x = bpf_sk_storage_get(&sockets, sk, 0,
				       BPF_LOCAL_STORAGE_GET_F_CREATE);
		if (!x)
			return 0;
		x->tgid = id >> 32;
		x->tid = id;
	}
	x->read = bpf_ktime_get_ns();
	message(x->request);
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(bench_sock_send_length, struct sock *sk)
{
	struct exchange *x = bpf_sk_storage_get(&sockets, sk, 0, 0);

	if (!x)
		return 0;
	x->sent = bpf_ktime_get_ns();
	message(x->response);
	bpf_ringbuf_output(&ring, x, sizeof(*x), BPF_RB_NO_WAKEUP);
	return 0;
}
