/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bytes of a receive or send, found without tracing system calls: what an
 * engine hooks runs in the caller's context, so its saved registers still hold
 * the system call's number, fd and buffer. Trampolines have the message itself.
 */
#ifndef REQTRACE_BPF_PAYLOAD_H
#define REQTRACE_BPF_PAYLOAD_H

#include "exchange.h"
#include "regs.h"
#include "syscall_numbers.h"

#define PAYLOAD_SEGMENTS 4
#define PAYLOAD_APPEND (RT_REQUEST_CAP / 2)

/* What is short goes over the stack: copying from user memory into a map has
 * the kernel look up what kind of memory that is, which takes longer than the
 * rest (mm/usercopy.c). A program with a frame of 64 bytes and more may have
 * its stack elsewhere (kernel 6.13: commit a76ab5731e32 "bpf: Find eligible
 * subprogs for private stack support"). */
#define PAYLOAD_SMALL 48

/* The user memory that a call moved, as far as its first segments go. */
struct segments {
	u64 base[PAYLOAD_SEGMENTS];
	u32 len[PAYLOAD_SEGMENTS];
	u32 total;  /* bytes that the call moved */
	bool known; /* false: nothing can be read */
};

/* The number of the call in flight; x32 numbers match none of those above. */
static __always_inline s64 payload__syscall(struct task_struct *task,
					    struct pt_regs *regs)
{
	return regs__compat(task) ? REGS_NO_SYSCALL : regs__syscall(regs);
}

/* The current task moves bytes: who it is, and where they are if they are in
 * one piece, as most are. The number of its call. */
static __always_inline s64 payload__by_current(struct moved *m)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = regs__of(task);
	s64 call = payload__syscall(task, regs);

	m->id = (u64)(u32)task->tgid << 32 | (u32)task->pid;
	if (task->flags & PF_IO_WORKER || task->io_uring)
		return call;
	switch (call) {
	case SYS_read:
	case SYS_write:
	case SYS_recvfrom:
	case SYS_sendto:
		m->from = REGS_ARG2(regs);
	}
	return call;
}

/*
 * Global functions, in payload.bpf.c: the verifier looks at each once.
 */

/* If the call in flight moved nothing but a TLS alert, or its header (which
 * OpenSSL reads first), how many bytes of it are left; else -1. */
int payload__tls_alert(struct moved *m);

/* Where the bytes of the call in flight are. Always 0. */
int payload__locate(struct segments *s, struct moved *m);

/*
 * Append to the len bytes that the payload holds of this side so far, from
 * payload[start] on (start <= RT_REQUEST_CAP): at most 256 at first, later 128
 * more as long as there are fewer than 128, so that start + len + n stays
 * within the payload by bounds that the verifier can follow.
 * Returns the new length.
 */
u32 payload__append(struct conn *c, u32 start, u32 len, struct segments *s);

/* The n bytes of user memory at from, n <= PAYLOAD_SMALL, to payload[start] on
 * (start <= RT_REQUEST_CAP). Writes PAYLOAD_SMALL bytes in any case. Returns n,
 * or 0 if they cannot be read. */
u32 payload__small(struct conn *c, u64 from, u32 start, u32 n);

/* The last bytes of a send into ex.tail, right-aligned; 0: not found. */
int payload__tail(struct conn *c, struct segments *s);

/* Send n bytes from user memory, which are at offset at of the request, as
 * an RT_REC_DATA. 0, or -1 if that was not possible. */
int payload__chunk(struct conn *c, u64 from, u32 n, u32 at);

/* Send the bytes of this call that lie past what the payload keeps, from
 * offset skip of the call on; at is their offset in the request. */
static __always_inline void payload__data(struct conn *c, struct segments *s,
					  u32 skip, u32 at)
{
	for (u32 i = 0; i < RT_DATA_MAX / RT_DATA_CHUNK; i++) {
		u32 n = s->len[0] - skip;

		if (skip >= s->len[0])
			return;
		if (c->datas >= RT_DATA_RECORDS ||
		    c->data_bytes >= RT_DATA_MAX) {
			c->ex.header.flags |= RT_EX_DATA_CUT;
			return;
		}
		n = n < RT_DATA_CHUNK ? n : RT_DATA_CHUNK;
		if (payload__chunk(c, s->base[0] + skip, n, at))
			return;
		skip += n;
		at += n;
	}
}

#endif
