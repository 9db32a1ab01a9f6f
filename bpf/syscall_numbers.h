/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers of the system calls that move bytes on sockets or make some, by
 * architecture: see regs.h for where they come from.
 */
#ifndef REQTRACE_BPF_SYSCALL_NUMBERS_H
#define REQTRACE_BPF_SYSCALL_NUMBERS_H

#if defined(__TARGET_ARCH_x86)
enum {
	SYS_read = 0,
	SYS_write = 1,
	SYS_readv = 19,
	SYS_writev = 20,
	SYS_sendfile = 40,
	SYS_accept = 43,
	SYS_sendto = 44,
	SYS_recvfrom = 45,
	SYS_sendmsg = 46,
	SYS_recvmsg = 47,
	SYS_splice = 275,
	SYS_accept4 = 288,
	SYS_recvmmsg = 299,
	SYS_sendmmsg = 307,
	SYS_preadv2 = 327,
	SYS_pwritev2 = 328,
};
#else
enum {
	SYS_read = 63,
	SYS_write = 64,
	SYS_readv = 65,
	SYS_writev = 66,
	SYS_sendfile = 71,
	SYS_splice = 76,
	SYS_accept = 202,
	SYS_sendto = 206,
	SYS_recvfrom = 207,
	SYS_sendmsg = 211,
	SYS_recvmsg = 212,
	SYS_accept4 = 242,
	SYS_recvmmsg = 243,
	SYS_sendmmsg = 269,
	SYS_preadv2 = 286,
	SYS_pwritev2 = 287,
};
#endif

#endif
