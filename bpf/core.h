/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every BPF file needs: kernel types, libbpf's macros, the contract with
 * userspace, the kernel's constants, and the counters.
 */
#ifndef REQTRACE_BPF_CORE_H
#define REQTRACE_BPF_CORE_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "reqtrace/config.h"
#include "reqtrace/record.h"

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define IPPROTO_TCP 6

#define MSG_OOB 0x1
#define MSG_PEEK 0x2
#define MSG_TRUNC 0x20 /* of a receive: the bytes were thrown away */
#define MSG_ERRQUEUE 0x2000

#define RCV_SHUTDOWN 1 /* include/net/sock.h */

#define PF_EXITING 0x4 /* include/linux/sched.h */
#define PF_IO_WORKER 0x10

#define EPIPE 32
#define ECONNRESET 104
#define ETIMEDOUT 110

/* include/net/tcp_states.h; UNIX sockets use the first and LISTEN too. */
enum {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT = 2,
	TCP_FIN_WAIT1 = 4,
	TCP_CLOSE = 7,
	TCP_CLOSE_WAIT = 8,
	TCP_LISTEN = 10,
};

/* Owned by target.bpf.c. */
extern const volatile struct rt_config rt_config;

struct counter_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RT_COUNTERS);
	__type(key, u32);
	__type(value, u64);
};

/* Owned by ring.bpf.c. */
extern struct counter_map rt_counters SEC(".maps");

/* Atomic: a soft interrupt may count in the middle of it. */
static __always_inline void count(enum rt_counter which)
{
	u32 key = which;
	u64 *value = bpf_map_lookup_elem(&rt_counters, &key);

	if (value)
		__sync_fetch_and_add(value, 1);
}

#endif
