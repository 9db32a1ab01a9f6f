/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When a connection comes out of its accept queue. Userspace knows when it
 * was established.
 */
#ifndef REQTRACE_BPF_ACCEPT_H
#define REQTRACE_BPF_ACCEPT_H

#include "conn.h"

/* The current task took the connection with this cookie; 0: none that is
 * traced. */
static __always_inline void accept__tell(u64 cookie)
{
	u64 id = bpf_get_current_pid_tgid();
	struct rt_accept *rec;

	if (!cookie || !target__is(id >> 32))
		return;
	conn__moved();
	rec = bpf_ringbuf_reserve(&rt_ring, sizeof(*rec), 0);
	if (!rec) {
		count(RT_COUNT_ACCEPT_LOST);
		return;
	}
	rec->header.kind = RT_REC_ACCEPT;
	rec->header.flags = 0;
	rec->header.size = sizeof(*rec);
	rec->header.time = bpf_ktime_get_ns();
	rec->cookie = cookie;
	rec->tgid = id >> 32;
	rec->tid = id;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
}

#endif
