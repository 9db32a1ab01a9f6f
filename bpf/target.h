/* SPDX-License-Identifier: GPL-2.0-only */
/* Which processes are traced. The map is owned by target.bpf.c. */
#ifndef REQTRACE_BPF_TARGET_H
#define REQTRACE_BPF_TARGET_H

#include "core.h"

struct target_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RT_MAX_PROCESSES);
	__type(key, u32);   /* tgid */
	__type(value, u32); /* 1 */
};

extern struct target_map rt_targets SEC(".maps");

/*
 * A bit by the low bits of the tgid, set before it comes into the map and
 * never cleared: that of a process that is not traced is 0 most of the time,
 * which ends the search at once.
 */
extern rt_u64 rt_target_bits[RT_TARGET_BITS / 64];

static __always_inline rt_u64 *target__bits(u32 tgid)
{
	return &rt_target_bits[tgid / 64 % (RT_TARGET_BITS / 64)];
}

static __always_inline bool target__listed(u32 tgid)
{
	return *target__bits(tgid) >> tgid % 64 & 1 &&
	       bpf_map_lookup_elem(&rt_targets, &tgid);
}

static __always_inline bool target__is(u32 tgid)
{
	if (rt_config.all)
		return tgid != rt_config.self && tgid != 0;
	return target__listed(tgid);
}

static __always_inline bool target__port(u16 port)
{
	return !rt_config.port || rt_config.port == port;
}

#endif
