// SPDX-License-Identifier: GPL-2.0-only
/*
 * A probe in accept() and accept4() of the C library, behind the system call or
 * on return, where neither trampolines nor system calls tell of them.
 */
#include "accept.h"
#include "file.h"
#include "regs.h"

SEC("uretprobe")
int rt_accepted(struct pt_regs *ctx)
{
	int fd = REGS_RESULT(ctx);
	struct file *file;
	struct sock *sk;

	if (fd < 0 || !target__is(bpf_get_current_pid_tgid() >> 32))
		return 0;
	file = file__of(bpf_get_current_task_btf(), fd);
	if (!file)
		return 0;
	sk = (struct sock *)file__sock(file);
	accept__tell(BPF_CORE_READ(sk, __sk_common.skc_cookie.counter));
	return 0;
}
