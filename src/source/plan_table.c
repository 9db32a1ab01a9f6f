// SPDX-License-Identifier: GPL-2.0-only
/* See plan_table.h. */
#include "source/plan_table.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

#define LOST_LAST_WAIT                                                         \
	"The last wait of a request that is given up while its thread sleeps " \
	"is unattributed"

#define NEEDED(e, engine, name)                                                \
	{                                                                      \
		e, engine, name, NULL, true, 0, NULL                           \
	}
#define OPTIONAL(e, engine, name, lost)                                        \
	{                                                                      \
		e, engine, name, lost, false, 0, NULL                          \
	}

struct plan_hook plan_rows[] = {
	/* Of Linux 5.8, 5.5 (which lockdown may forbid), 5.11, 5.11, 5.12,
	 * 5.15. */
	NEEDED(PLAN_BASE, ENGINE_AUTO, "map/ringbuf"),
	NEEDED(PLAN_BASE, ENGINE_AUTO, "helper/bpf_probe_read_kernel"),
	NEEDED(PLAN_BASE, ENGINE_AUTO, "helper/bpf_sk_storage_get"),
	NEEDED(PLAN_BASE, ENGINE_AUTO, "helper/bpf_task_storage_get"),
	NEEDED(PLAN_BASE, ENGINE_AUTO, "helper/bpf_get_socket_cookie"),
	NEEDED(PLAN_BASE, ENGINE_AUTO, "helper/bpf_task_pt_regs"),

	NEEDED(PLAN_MOVED, ENGINE_SOCK, "tp_btf/sock_recv_length"),
	NEEDED(PLAN_MOVED, ENGINE_SOCK, "tp_btf/sock_send_length"),
	NEEDED(PLAN_ARRIVED, ENGINE_SOCK, "tp_btf/sk_data_ready"),

	NEEDED(PLAN_MOVED, ENGINE_FEXIT, PLAN_TRAMPOLINE),
	NEEDED(PLAN_MOVED, ENGINE_FEXIT, "fexit/inet_sendmsg"),
	/* Not there if IPv6 is a module, or left out. */
	OPTIONAL(PLAN_MOVED, ENGINE_FEXIT, PLAN_INET6_RECV, PLAN_LOST_IPV6),
	OPTIONAL(PLAN_MOVED, ENGINE_FEXIT, PLAN_INET6_SEND, PLAN_LOST_IPV6),
	NEEDED(PLAN_MOVED, ENGINE_FEXIT, "fexit/unix_stream_recvmsg"),
	NEEDED(PLAN_MOVED, ENGINE_FEXIT, "fexit/unix_stream_sendmsg"),
	/* Until 6.5, whose sendfile() comes by the functions above
	 * (dc97391e6610, "sock: Remove ->sendpage*()"). */
	OPTIONAL(PLAN_MOVED, ENGINE_FEXIT, PLAN_SENDPAGE, NULL),
	OPTIONAL(PLAN_MOVED, ENGINE_FEXIT, "fexit/unix_stream_sendpage", NULL),
	NEEDED(PLAN_ARRIVED, ENGINE_FEXIT, "fentry/sock_def_readable"),

	NEEDED(PLAN_MOVED, ENGINE_SYSCALL, "tp_btf/sys_exit"),

	NEEDED(PLAN_OPENED, ENGINE_AUTO, "tp_btf/inet_sock_set_state"),
	NEEDED(PLAN_OPENED, ENGINE_AUTO, "tp_btf/tcp_destroy_sock"),

	/* The first that works; without any, plan.c says what is lost. */
	OPTIONAL(PLAN_ACCEPTED, ENGINE_AUTO, PLAN_ACCEPT_FEXIT, NULL),
	OPTIONAL(PLAN_ACCEPTED, ENGINE_AUTO, "uretprobe/libc:accept",
		 PLAN_LOST_ACCEPT),
	OPTIONAL(PLAN_ACCEPTED, ENGINE_AUTO, "uretprobe/libc:accept4",
		 PLAN_LOST_ACCEPT),

	NEEDED(PLAN_PROCESSES, ENGINE_AUTO, "tp_btf/sched_process_fork"),
	NEEDED(PLAN_PROCESSES, ENGINE_AUTO, "tp_btf/sched_process_exec"),
	NEEDED(PLAN_PROCESSES, ENGINE_AUTO, "tp_btf/sched_process_exit"),

	NEEDED(PLAN_FOUND, ENGINE_AUTO, "iter/task_file"),

	OPTIONAL(PLAN_SWEPT, ENGINE_AUTO, PLAN_ITER_SOCKETS, PLAN_LOST_SWEEP),
	OPTIONAL(PLAN_SWEPT, ENGINE_AUTO, PLAN_ITER_HASH, PLAN_LOST_SWEEP),
	OPTIONAL(PLAN_SWEPT, ENGINE_AUTO, PLAN_ITER_MAPS, NULL),

	NEEDED(PLAN_THREADS, ENGINE_AUTO, PLAN_SWITCH),
	NEEDED(PLAN_THREADS, ENGINE_AUTO, "tp_btf/sched_waking"),
	NEEDED(PLAN_THREADS, ENGINE_AUTO, "tp_btf/sched_wakeup_new"),
	NEEDED(PLAN_THREADS, ENGINE_AUTO, "iter/task"),
	OPTIONAL(PLAN_THREADS, ENGINE_AUTO, PLAN_TASK_FROM_PID, LOST_LAST_WAIT),
};

const size_t plan_rows_len = LEN(plan_rows);

static const char *const nothing[] = {NULL};

static const char *const syscall_lost[] = {
	"Durations start at the read: the time that a request waits in its "
	"socket is not seen",
	"Requests that are read or answered through io_uring are not seen",
	"System calls of 32-bit programs are not seen",
	"Bytes of a call that blocks while another thread closes its "
	"descriptor are not seen, or are taken for another connection's",
	NULL,
};

const char *const *const plan_engine_lost[ENGINES] = {
	[ENGINE_AUTO] = nothing,
	[ENGINE_SOCK] = nothing,
	[ENGINE_FEXIT] = nothing,
	[ENGINE_SYSCALL] = syscall_lost,
};
