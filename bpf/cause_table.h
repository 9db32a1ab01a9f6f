/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What blocks a thread in each system call, by number; for cause.h alone. A
 * call that is not listed blocks for RT_CLOCK_OTHER. CAUSE_* are answered by
 * the call's arguments.
 */
#ifndef REQTRACE_BPF_CAUSE_TABLE_H
#define REQTRACE_BPF_CAUSE_TABLE_H

#include "core.h"

enum {
	CAUSE_FD = RT_CLOCKS, /* by what the first argument's file is */
	CAUSE_SOCKET,	      /* the first argument is a socket */
	CAUSE_POLL,	      /* the second is how many fds; none: a sleep */
	CAUSE_SELECT,	      /* the first is how many fds; none: a sleep */
	/* A call that a signal interrupted goes on: which one is not known
	 * here, but it blocks for what it did before. */
	CAUSE_RESTART,
};

#define CAUSES 576

static const u8 cause_table[CAUSES] = {
#if defined(__TARGET_ARCH_x86)
	[0] = CAUSE_FD,		/* read */
	[1] = CAUSE_FD,		/* write */
	[7] = CAUSE_POLL,	/* poll */
	[17] = CAUSE_FD,	/* pread64 */
	[18] = CAUSE_FD,	/* pwrite64 */
	[19] = CAUSE_FD,	/* readv */
	[20] = CAUSE_FD,	/* writev */
	[23] = CAUSE_SELECT,	/* select */
	[26] = RT_CLOCK_DISK,	/* msync */
	[35] = RT_CLOCK_SLEEP,	/* nanosleep */
	[40] = CAUSE_FD,	/* sendfile */
	[42] = CAUSE_SOCKET,	/* connect */
	[43] = RT_CLOCK_POLL,	/* accept */
	[44] = CAUSE_SOCKET,	/* sendto */
	[45] = CAUSE_SOCKET,	/* recvfrom */
	[46] = CAUSE_SOCKET,	/* sendmsg */
	[47] = CAUSE_SOCKET,	/* recvmsg */
	[74] = RT_CLOCK_DISK,	/* fsync */
	[75] = RT_CLOCK_DISK,	/* fdatasync */
	[76] = RT_CLOCK_DISK,	/* truncate */
	[77] = RT_CLOCK_DISK,	/* ftruncate */
	[78] = RT_CLOCK_DISK,	/* getdents */
	[82] = RT_CLOCK_DISK,	/* rename */
	[87] = RT_CLOCK_DISK,	/* unlink */
	[162] = RT_CLOCK_DISK,	/* sync */
	[202] = RT_CLOCK_LOCK,	/* futex */
	[208] = RT_CLOCK_DISK,	/* io_getevents */
	[219] = CAUSE_RESTART,	/* restart_syscall */
	[217] = RT_CLOCK_DISK,	/* getdents64 */
	[230] = RT_CLOCK_SLEEP, /* clock_nanosleep */
	[232] = RT_CLOCK_POLL,	/* epoll_wait */
	[263] = RT_CLOCK_DISK,	/* unlinkat */
	[264] = RT_CLOCK_DISK,	/* renameat */
	[270] = CAUSE_SELECT,	/* pselect6 */
	[271] = CAUSE_POLL,	/* ppoll */
	[275] = CAUSE_FD,	/* splice */
	[277] = RT_CLOCK_DISK,	/* sync_file_range */
	[281] = RT_CLOCK_POLL,	/* epoll_pwait */
	[285] = RT_CLOCK_DISK,	/* fallocate */
	[288] = RT_CLOCK_POLL,	/* accept4 */
	[295] = CAUSE_FD,	/* preadv */
	[296] = CAUSE_FD,	/* pwritev */
	[299] = CAUSE_SOCKET,	/* recvmmsg */
	[306] = RT_CLOCK_DISK,	/* syncfs */
	[307] = CAUSE_SOCKET,	/* sendmmsg */
	[316] = RT_CLOCK_DISK,	/* renameat2 */
	[326] = CAUSE_FD,	/* copy_file_range */
	[327] = CAUSE_FD,	/* preadv2 */
	[328] = CAUSE_FD,	/* pwritev2 */
	[333] = RT_CLOCK_DISK,	/* io_pgetevents */
	/* The numbers that only x32 has. */
	[515] = CAUSE_FD,     /* readv */
	[516] = CAUSE_FD,     /* writev */
	[517] = CAUSE_SOCKET, /* recvfrom */
	[518] = CAUSE_SOCKET, /* sendmsg */
	[519] = CAUSE_SOCKET, /* recvmsg */
	[534] = CAUSE_FD,     /* preadv */
	[535] = CAUSE_FD,     /* pwritev */
	[537] = CAUSE_SOCKET, /* recvmmsg */
	[538] = CAUSE_SOCKET, /* sendmmsg */
	[546] = CAUSE_FD,     /* preadv2 */
	[547] = CAUSE_FD,     /* pwritev2 */
#else
	[4] = RT_CLOCK_DISK,	/* io_getevents */
	[22] = RT_CLOCK_POLL,	/* epoll_pwait */
	[35] = RT_CLOCK_DISK,	/* unlinkat */
	[38] = RT_CLOCK_DISK,	/* renameat */
	[45] = RT_CLOCK_DISK,	/* truncate */
	[46] = RT_CLOCK_DISK,	/* ftruncate */
	[47] = RT_CLOCK_DISK,	/* fallocate */
	[61] = RT_CLOCK_DISK,	/* getdents64 */
	[63] = CAUSE_FD,	/* read */
	[64] = CAUSE_FD,	/* write */
	[65] = CAUSE_FD,	/* readv */
	[66] = CAUSE_FD,	/* writev */
	[67] = CAUSE_FD,	/* pread64 */
	[68] = CAUSE_FD,	/* pwrite64 */
	[69] = CAUSE_FD,	/* preadv */
	[70] = CAUSE_FD,	/* pwritev */
	[71] = CAUSE_FD,	/* sendfile */
	[72] = CAUSE_SELECT,	/* pselect6 */
	[73] = CAUSE_POLL,	/* ppoll */
	[76] = CAUSE_FD,	/* splice */
	[81] = RT_CLOCK_DISK,	/* sync */
	[82] = RT_CLOCK_DISK,	/* fsync */
	[83] = RT_CLOCK_DISK,	/* fdatasync */
	[84] = RT_CLOCK_DISK,	/* sync_file_range */
	[98] = RT_CLOCK_LOCK,	/* futex */
	[101] = RT_CLOCK_SLEEP, /* nanosleep */
	[115] = RT_CLOCK_SLEEP, /* clock_nanosleep */
	[128] = CAUSE_RESTART,	/* restart_syscall */
	[202] = RT_CLOCK_POLL,	/* accept */
	[203] = CAUSE_SOCKET,	/* connect */
	[206] = CAUSE_SOCKET,	/* sendto */
	[207] = CAUSE_SOCKET,	/* recvfrom */
	[211] = CAUSE_SOCKET,	/* sendmsg */
	[212] = CAUSE_SOCKET,	/* recvmsg */
	[227] = RT_CLOCK_DISK,	/* msync */
	[242] = RT_CLOCK_POLL,	/* accept4 */
	[243] = CAUSE_SOCKET,	/* recvmmsg */
	[267] = RT_CLOCK_DISK,	/* syncfs */
	[269] = CAUSE_SOCKET,	/* sendmmsg */
	[276] = RT_CLOCK_DISK,	/* renameat2 */
	[285] = CAUSE_FD,	/* copy_file_range */
	[286] = CAUSE_FD,	/* preadv2 */
	[287] = CAUSE_FD,	/* pwritev2 */
	[292] = RT_CLOCK_DISK,	/* io_pgetevents */
#endif
	/* From here on the numbers are the same everywhere. */
	[426] = RT_CLOCK_POLL, /* io_uring_enter */
	[441] = RT_CLOCK_POLL, /* epoll_pwait2 */
	[449] = RT_CLOCK_LOCK, /* futex_waitv */
	[455] = RT_CLOCK_LOCK, /* futex_wait */
	[456] = RT_CLOCK_LOCK, /* futex_requeue */
};

#endif
