/* SPDX-License-Identifier: GPL-2.0-only */
/* x86-64 types of vmlinux.h; included there, inside its CO-RE attribute. */

struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx;
	unsigned long r11, r10, r9, r8;
	unsigned long ax, cx, dx, si, di;
	unsigned long orig_ax;
	unsigned long ip, cs, flags, sp, ss;
};

struct thread_info {
	unsigned long flags;
	u32 status; /* TS_COMPAT: a 32-bit system call is in flight */
};
