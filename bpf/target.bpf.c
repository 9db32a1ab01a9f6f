// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owns the set of traced processes and keeps it true through fork, exec and
 * exit; yields a record for each change so that userspace knows the names.
 * Where all processes are traced there is no set, and every exec and exit is
 * told: userspace knows which of them it has figures of.
 */
#include "target.h"
#include "ring.h"

char LICENSE[] SEC("license") = "GPL";

const volatile struct rt_config rt_config = {};

struct target_map rt_targets SEC(".maps");
rt_u64 rt_target_bits[RT_TARGET_BITS / 64];

static void target__record(enum rt_record_kind kind, struct task_struct *task)
{
	struct rt_process *rec;

	rec = bpf_ringbuf_reserve(&rt_ring, sizeof(*rec), 0);
	if (!rec) {
		count(RT_COUNT_PROCESS_LOST);
		return;
	}
	rec->header.kind = kind;
	rec->header.flags = 0;
	rec->header.size = sizeof(*rec);
	rec->header.time = bpf_ktime_get_ns();
	rec->tgid = task->tgid;
	rec->ppid = task->real_parent->tgid;
	bpf_probe_read_kernel_str(rec->comm, sizeof(rec->comm), task->comm);
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
}

static void target__add(enum rt_record_kind kind, struct task_struct *task)
{
	u32 tgid = task->tgid, one = 1;

	__sync_fetch_and_or(target__bits(tgid), 1ull << tgid % 64);
	if (bpf_map_update_elem(&rt_targets, &tgid, &one, BPF_ANY))
		count(RT_COUNT_PROCESS_FULL);
	else
		target__record(kind, task);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(rt_fork, struct task_struct *parent, struct task_struct *child)
{
	if (parent->tgid == child->tgid || !target__listed(parent->tgid))
		return 0;
	target__add(RT_REC_FORK, child);
	return 0;
}

static bool target__named(struct task_struct *task)
{
	char comm[RT_COMM_LEN];

	if (!rt_config.by_comm)
		return false;
	bpf_probe_read_kernel_str(comm, sizeof(comm), task->comm);
	for (int i = 0; i < RT_COMM_LEN; i++) {
		if (comm[i] != (char)rt_config.comm[i])
			return false;
		if (!comm[i])
			break;
	}
	return true;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(rt_exec, struct task_struct *task)
{
	if (rt_config.all || target__listed(task->tgid))
		target__record(RT_REC_EXEC, task);
	else if (target__named(task))
		target__add(RT_REC_EXEC, task);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(rt_exit, struct task_struct *task)
{
	u32 tgid = task->tgid;

	/* do_exit() counts down before the tracepoint: 0 is the last thread. */
	if (task->signal->live.counter != 0)
		return 0;
	/* Where all are traced, none is in the map. */
	if (bpf_map_delete_elem(&rt_targets, &tgid) && !rt_config.all)
		return 0;
	target__record(RT_REC_EXIT, task);
	return 0;
}
