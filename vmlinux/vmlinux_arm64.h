/* SPDX-License-Identifier: GPL-2.0-only */
/* arm64 types of vmlinux.h; included there, inside its CO-RE attribute. */

struct user_pt_regs {
	u64 regs[31];
	u64 sp;
	u64 pc;
	u64 pstate;
};

struct pt_regs {
	struct user_pt_regs user_regs;
	u64 regs[31];
	u64 sp;
	u64 pc;
	u64 pstate;
	u64 orig_x0;
	s32 syscallno;
};

struct thread_info {
	unsigned long flags; /* TIF_32BIT (bit 22): an AArch32 task */
};
