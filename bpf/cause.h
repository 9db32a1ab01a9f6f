/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a thread that leaves its CPU does so: one of the blocked clocks, from
 * its state, the system call that it is in, and what that call's file
 * descriptor is. Nothing is traced for this: the saved registers of a thread
 * still hold its call when it is switched out.
 */
#ifndef REQTRACE_BPF_CAUSE_H
#define REQTRACE_BPF_CAUSE_H

#include "cause_table.h"
#include "file.h"
#include "regs.h"

/* include/linux/sched.h */
#define TASK_UNINTERRUPTIBLE 0x2
#define TASK_STOPPED_OR_TRACED 0xc
#define TASK_FROZEN 0x8000

/* include/uapi/linux/magic.h: eventfd, timerfd and the like, whose inode says
 * since Linux 6.16 that it is a regular file (commit cfd86ef7e8e7). */
#define ANON_INODE_FS_MAGIC 0x09041934

struct cause {
	u32 clock; /* enum rt_clock */
	u64 sk;	   /* RT_CLOCK_NETWORK: address of the struct sock, or 0 */
};

static __always_inline u32 cause__by_fd(struct task_struct *task, u64 fd,
					bool resolve, struct cause *out)
{
	struct file *file = file__of(task, fd);
	struct inode *inode;

	if (!file)
		return RT_CLOCK_OTHER;
	inode = BPF_CORE_READ(file, f_inode);
	switch (BPF_CORE_READ(inode, i_mode) & S_IFMT) {
	case S_IFSOCK:
		if (resolve)
			out->sk = file__sock(file);
		return RT_CLOCK_NETWORK;
	case S_IFBLK:
		return RT_CLOCK_DISK;
	case S_IFREG:
		return BPF_CORE_READ(inode, i_sb, s_magic) ==
				       ANON_INODE_FS_MAGIC
			       ? RT_CLOCK_OTHER
			       : RT_CLOCK_DISK;
	}
	return RT_CLOCK_OTHER;
}

static __always_inline u32 cause__by_socket(struct task_struct *task, u64 fd,
					    bool resolve, struct cause *out)
{
	struct file *file;

	if (resolve) {
		file = file__of(task, fd);
		out->sk = file ? file__sock(file) : 0;
	}
	return RT_CLOCK_NETWORK;
}

static __always_inline u32 cause__by_call(struct task_struct *task,
					  struct pt_regs *regs, bool resolve,
					  struct cause *out)
{
	s64 nr = regs__syscall(regs);
	u32 what;

#if defined(__TARGET_ARCH_x86)
	nr &= ~(s64)X32_SYSCALL_BIT;
#endif
	if (nr < 0 || nr >= CAUSES)
		return RT_CLOCK_OTHER;
	what = cause_table[nr];
	switch (what) {
	case CAUSE_FD:
		return cause__by_fd(task, REGS_ARG1(regs), resolve, out);
	case CAUSE_SOCKET:
		return cause__by_socket(task, REGS_ARG1(regs), resolve, out);
	case CAUSE_POLL:
		return REGS_ARG2(regs) ? RT_CLOCK_POLL : RT_CLOCK_SLEEP;
	case CAUSE_SELECT:
		return REGS_ARG1(regs) ? RT_CLOCK_POLL : RT_CLOCK_SLEEP;
	}
	return what ?: RT_CLOCK_OTHER;
}

/* *out is why task blocks in state (TASK_*, include/linux/sched.h). resolve:
 * look for the socket as well. */
static __always_inline void cause__of(struct task_struct *task, u32 state,
				      bool resolve, struct cause *out)
{
	struct pt_regs *regs = regs__of(task);

	out->sk = 0;
	/* The registers of io_uring's workers are no call of theirs, and 32-bit
	 * calls have other numbers. */
	if (state & (TASK_STOPPED_OR_TRACED | TASK_FROZEN))
		out->clock = RT_CLOCK_OTHER;
	else if (!(task->flags & PF_IO_WORKER) &&
		 regs__syscall(regs) == REGS_NO_SYSCALL)
		out->clock = RT_CLOCK_PAGE_FAULT;
	else if (state & TASK_UNINTERRUPTIBLE &&
		 BPF_CORE_READ_BITFIELD(task, in_iowait))
		out->clock = RT_CLOCK_DISK;
	else if (task->flags & PF_IO_WORKER || regs__compat(task))
		out->clock = RT_CLOCK_OTHER;
	else
		out->clock = cause__by_call(task, regs, resolve, out);
}

#endif
