// SPDX-License-Identifier: GPL-2.0-only
/*
 * When a connection comes out of its accept queue: a return probe on accept()
 * and accept4() of the C library, as no stable tracepoint tells. Userspace
 * knows when the connection was established.
 */
#include "regs.h"
#include "ring.h"
#include "target.h"

SEC("uretprobe")
int rt_accepted(struct pt_regs *ctx)
{
	int fd = REGS_RESULT(ctx);
	u64 id = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();
	struct file *file = NULL, **array;
	struct task_struct *task;
	struct rt_accept *rec;
	struct fdtable *fdt;
	struct socket *socket;
	u64 cookie;

	if (fd < 0 || !target__is(id >> 32))
		return 0;
	task = bpf_get_current_task_btf();
	fdt = BPF_CORE_READ(task, files, fdt);
	array = BPF_CORE_READ(fdt, fd);
	bpf_probe_read_kernel(&file, sizeof(file), array + fd);
	socket = BPF_CORE_READ(file, private_data);
	cookie = BPF_CORE_READ(socket, sk, __sk_common.skc_cookie.counter);
	if (!cookie) /* not a connection that is traced */
		return 0;
	rec = bpf_ringbuf_reserve(&rt_ring, sizeof(*rec), 0);
	if (!rec) {
		count(RT_COUNT_ACCEPT_LOST);
		return 0;
	}
	rec->header.kind = RT_REC_ACCEPT;
	rec->header.flags = 0;
	rec->header.size = sizeof(*rec);
	rec->header.time = now;
	rec->cookie = cookie;
	rec->tgid = id >> 32;
	rec->tid = id;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}
