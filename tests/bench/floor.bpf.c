// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor of the benchmark: programs that do nothing on the hooks that the
 * sock engine uses. What they cost is the price of the hooks themselves. Those
 * of the scheduler, which only parts need, are loaded when asked for.
 */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define EMPTY(hook)                                                            \
	SEC("tp_btf/" #hook)                                                   \
	int bench_##hook(void *ctx)                                            \
	{                                                                      \
		return 0;                                                      \
	}

EMPTY(sock_recv_length)
EMPTY(sock_send_length)
EMPTY(sk_data_ready)
EMPTY(inet_sock_set_state)
EMPTY(tcp_destroy_sock)
EMPTY(sched_switch)
EMPTY(sched_waking)
EMPTY(sched_wakeup_new)
