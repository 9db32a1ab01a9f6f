// SPDX-License-Identifier: GPL-2.0-only
/*
 * The syscall engine, for kernels where neither socket tracepoints nor
 * trampolines work: the end of every system call. What it does not see: when
 * bytes arrive, io_uring, calls of 32-bit programs, and those whose descriptor
 * another thread closed meanwhile.
 */
#include "accept.h"
#include "file.h"
#include "regs.h"
#include "socket.h"
#include "syscall_numbers.h"

enum {
	CALL_RECEIVES = 0x1,
	CALL_SENDS = 0x2,
	CALL_FLAGS_3 = 0x4, /* MSG_* are its third argument */
	CALL_FLAGS_4 = 0x8,
	CALL_MESSAGES = 0x10, /* returns how many, not their bytes */
	CALL_PAGES = 0x20,    /* the bytes are in no buffer of its */
	CALL_ACCEPTS = 0x40,
	CALL_SPLICES = 0x80, /* from the first argument to the third */
	CALL_TWIN = 0x100,   /* not of a call: see socket__is_done() */
};

#define CALLS 512

static const u8 call_table[CALLS] = {
	[SYS_read] = CALL_RECEIVES,
	[SYS_readv] = CALL_RECEIVES,
	[SYS_preadv2] = CALL_RECEIVES,
	[SYS_recvfrom] = CALL_RECEIVES | CALL_FLAGS_4,
	[SYS_recvmsg] = CALL_RECEIVES | CALL_FLAGS_3,
	[SYS_recvmmsg] = CALL_RECEIVES | CALL_FLAGS_4 | CALL_MESSAGES,
	[SYS_write] = CALL_SENDS,
	[SYS_writev] = CALL_SENDS,
	[SYS_pwritev2] = CALL_SENDS,
	[SYS_sendto] = CALL_SENDS,
	[SYS_sendmsg] = CALL_SENDS,
	[SYS_sendmmsg] = CALL_SENDS | CALL_MESSAGES,
	[SYS_sendfile] = CALL_SENDS | CALL_PAGES,
	[SYS_splice] = CALL_SPLICES | CALL_PAGES,
	[SYS_accept] = CALL_ACCEPTS,
	[SYS_accept4] = CALL_ACCEPTS,
};

/* The user ABI of recvmmsg() and sendmmsg(), 64-bit. */
struct user_mmsg {
	u64 msg[7];
	u32 len;
	u32 pad;
};

/* UIO_MAXIOV, include/uapi/linux/uio.h: sendmmsg() takes no more. */
#define MESSAGES_MAX 1024

/* Sum of the bytes of the first n messages. */
static __always_inline int syscall__bytes(u64 messages, u32 n)
{
	u64 at = messages + __builtin_offsetof(struct user_mmsg, len);
	u32 sum = 0, len;

	for (u32 i = 0; i < MESSAGES_MAX && i < n; i++) {
		if (bpf_probe_read_user(
			    &len, sizeof(len),
			    (void *)(at + i * sizeof(struct user_mmsg))))
			break;
		sum += len;
	}
	return sum;
}

/* Apart, as its frame is large and what it is for rare. */
static __noinline struct conn *syscall__adopt(struct sock *sk, u64 cookie,
					      u32 moved, u32 received)
{
	struct found f = {
		.sk = sk,
		.cookie = cookie,
		.moved = moved,
		.received = received,
		.bare = true,
		.scratch = SCRATCH_TASK,
	};

	return adopt__current(&f);
}

/* The connection of a socket, made known if it just moved bytes. */
static __always_inline struct conn *syscall__conn(struct file *file,
						  const struct io *io)
{
	struct sock *sk = io->sk;
	u64 cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	u64 inode = COOKIE_INODE | BPF_CORE_READ(file, f_inode, i_ino);
	struct conn *c = conn__hashed(cookie);

	if (!c)
		c = conn__hashed(inode);
	if (!c && io->ret > 0)
		c = syscall__adopt(sk, cookie ?: inode, io->ret, io->received);
	return c && socket__takes(c, io) ? c : NULL;
}

static __noinline int syscall__io(struct task_struct *task, u32 fd, int ret,
				  u32 what, u64 flags)
{
	struct io io = {
		.ret = ret,
		.flags = flags,
		.received = what & CALL_RECEIVES,
		.unreadable = what & CALL_PAGES,
		.bare = true,
	};
	struct file *file = file__of(task, fd);
	struct conn *c;

	if (!file || !file__is_socket(file))
		return 0;
	io.sk = (struct sock *)file__sock(file);
	if (!io.sk)
		return 0;
	c = syscall__conn(file, &io);
	if (c)
		socket__returned(c, &io, what & CALL_TWIN);
	return 0;
}

static __always_inline void syscall__accepted(struct task_struct *task, u32 fd)
{
	struct file *file = file__of(task, fd);
	struct sock *sk = file ? (struct sock *)file__sock(file) : NULL;

	if (sk)
		accept__tell(BPF_CORE_READ(sk, __sk_common.skc_cookie.counter));
}

/* Of what a call that failed may tell. */
static __always_inline bool syscall__tells(long ret)
{
	return ret >= 0 || ret == -EPIPE || ret == -ECONNRESET ||
	       ret == -ETIMEDOUT;
}

static __always_inline int syscall__exit(struct pt_regs *regs, long ret,
					 u32 twin)
{
	u64 nr = regs__syscall(regs), flags = 0;
	struct task_struct *task;
	u32 what;

	if (!rt_running || nr >= CALLS)
		return 0;
	what = call_table[nr];
	if (!what || !syscall__tells(ret) ||
	    !target__is(bpf_get_current_pid_tgid() >> 32))
		return 0;
	task = bpf_get_current_task_btf();
	if (regs__compat(task))
		return 0;
	if (what & CALL_ACCEPTS) {
		if (ret >= 0 && !twin)
			syscall__accepted(task, ret);
		return 0;
	}
	if (what & CALL_MESSAGES && ret > 0)
		ret = syscall__bytes(REGS_ARG2(regs), ret);
	if (what & CALL_FLAGS_3)
		flags = REGS_ARG3(regs);
	else if (what & CALL_FLAGS_4)
		flags = REGS_ARG4(regs);
	if (what & CALL_SPLICES) {
		syscall__io(task, REGS_ARG1(regs), ret,
			    CALL_RECEIVES | CALL_PAGES | twin, 0);
		syscall__io(task, REGS_ARG3(regs), ret,
			    CALL_SENDS | CALL_PAGES | twin, 0);
		return 0;
	}
	syscall__io(task, REGS_ARG1(regs), ret, what | twin, flags);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(rt_sys_exit, struct pt_regs *regs, long ret)
{
	return syscall__exit(regs, ret, 0);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(rt_sys_exit_twin, struct pt_regs *regs, long ret)
{
	return syscall__exit(regs, ret, CALL_TWIN);
}
