/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way out of the kernel: one ring buffer, and for what finds it full the
 * summaries. The maps are owned by ring.bpf.c.
 */
#ifndef REQTRACE_BPF_RING_H
#define REQTRACE_BPF_RING_H

#include "core.h"

struct ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* set before loading */
};

struct summary_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RT_MAX_SUMMARIES);
	__type(key, struct rt_summary_key);
	__type(value, struct rt_summary_value);
};

/* One zeroed value: too large for the stack to start an entry from. */
struct summary_zero_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct rt_summary_value);
};

extern struct ring_map rt_ring SEC(".maps");
extern struct summary_map rt_summaries SEC(".maps");
extern struct summary_zero_map rt_summary_zero SEC(".maps");

/* Upper boundaries of the histogram's buckets, ns; filled by userspace. */
extern const volatile rt_u64 rt_boundaries[RT_BOUNDARIES];

#endif
