/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system call that a task is in, from its saved user registers, by
 * architecture. Numbers: arch/x86/entry/syscalls/syscall_64.tbl,
 * include/uapi/asm-generic/unistd.h.
 */
#ifndef REQTRACE_BPF_REGS_H
#define REQTRACE_BPF_REGS_H

#include "core.h"

#define REGS_NO_SYSCALL (-1)

#if defined(__TARGET_ARCH_x86)
#define TS_COMPAT 0x2
#define X32_SYSCALL_BIT 0x40000000
#define REGS_ARG1(r) ((r)->di)
#define REGS_ARG2(r) ((r)->si)
#define REGS_ARG3(r) ((r)->dx)
#define REGS_ARG4(r) ((r)->r10)
#define REGS_RESULT(r) ((r)->ax)
#else
#define TIF_32BIT (1ul << 22)
#define REGS_ARG1(r) ((r)->orig_x0)
#define REGS_ARG2(r) ((r)->regs[1])
#define REGS_ARG3(r) ((r)->regs[2])
#define REGS_ARG4(r) ((r)->regs[3])
#define REGS_RESULT(r) ((r)->regs[0])
#endif

static __always_inline struct pt_regs *regs__of(struct task_struct *task)
{
	return (struct pt_regs *)bpf_task_pt_regs(task);
}

/* Its call has the numbers and arguments of another ABI. */
static __always_inline bool regs__compat(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	return task->thread_info.status & TS_COMPAT;
#else
	return task->thread_info.flags & TIF_32BIT;
#endif
}

/*
 * Number of the call in flight, or REGS_NO_SYSCALL when user code was left by
 * a fault or an interrupt: those store -1 where system calls store their
 * number (error_entry in arch/x86/entry/entry_64.S, kernel_entry in
 * arch/arm64/kernel/entry.S).
 */
static __always_inline s64 regs__syscall(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return (s64)regs->orig_ax;
#else
	return regs->syscallno;
#endif
}

#endif
