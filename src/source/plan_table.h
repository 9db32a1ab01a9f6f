/* SPDX-License-Identifier: GPL-2.0-only */
/* The rows of the plan, each a way to see an event; plan.c tries them. */
#ifndef REQTRACE_SOURCE_PLAN_TABLE_H
#define REQTRACE_SOURCE_PLAN_TABLE_H

#include "source/plan.h"

/* What the best engine sees, and this one does not; NULL-terminated. */
extern const char *const *const plan_engine_lost[ENGINES];

/* err and reason are of the last try. */
extern struct plan_hook plan_rows[];
extern const size_t plan_rows_len;

/* Rows of which plan.c knows more. */
#define PLAN_TRAMPOLINE "fexit/inet_recvmsg"
#define PLAN_ACCEPT_FEXIT "fexit/inet_csk_accept"
#define PLAN_INET6_RECV "fexit/inet6_recvmsg"
#define PLAN_INET6_SEND "fexit/inet6_sendmsg"
#define PLAN_SENDPAGE "fexit/inet_sendpage"
#define PLAN_SWITCH "tp_btf/sched_switch"
/* These two come to every connection. Some kernels allow no iterator over a
 * map's elements: there connections are found by the files of the targets, and
 * what is over by bpf_for_each_map_elem(), in a program of the third. */
#define PLAN_ITER_SOCKETS "iter/bpf_sk_storage_map"
#define PLAN_ITER_HASH "iter/bpf_map_elem"
#define PLAN_ITER_MAPS "iter/bpf_map"
#define PLAN_TASK_FROM_PID "kfunc/bpf_task_from_pid"

#define PLAN_LOST_IPV6 "Connections over IPv6 are not seen"
#define PLAN_LOST_LIBC                                                         \
	"The time in the accept queue is known only of programs that call "    \
	"the "                                                                 \
	"C library's accept(), not of static and Go programs"
#define PLAN_LOST_SWEEP                                                        \
	"Of a connection without a file descriptor in a traced process "       \
	"(io_uring's direct descriptors), the last request is told only when " \
	"it goes on or closes, and a UNIX one is taken for closed"
#define PLAN_LOST_ACCEPT "The time in the accept queue is not known"

#endif
