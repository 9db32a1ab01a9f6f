/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which hooks this kernel has, found by trying them, and what follows from
 * that: the engine, the hook of each event, and what is lost without the best
 * one. Fed the engine that was asked for, yields a struct plan.
 */
#ifndef REQTRACE_SOURCE_PLAN_H
#define REQTRACE_SOURCE_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum engine {
	ENGINE_AUTO,	/* to be chosen: the first below that works */
	ENGINE_SOCK,	/* tracepoints of sockets, Linux 6.3 */
	ENGINE_FEXIT,	/* trampolines on the protocols' functions */
	ENGINE_SYSCALL, /* every system call's exit */
	ENGINES,
};

/* What the state machine has to be told. */
enum plan_event {
	PLAN_MOVED,	/* bytes received and sent */
	PLAN_ARRIVED,	/* bytes became readable */
	PLAN_OPENED,	/* connections established and closed */
	PLAN_ACCEPTED,	/* connections taken out of the accept queue */
	PLAN_PROCESSES, /* fork, exec, exit */
	PLAN_THREADS,	/* on and off a CPU, woken */
	PLAN_FOUND,	/* what is there already */
	PLAN_SWEPT,	/* what is idle, or gone */
	PLAN_BASE,	/* no event: what the programs are made of */
	PLAN_EVENTS,
};

/* One way to see an event on the kernel that runs. */
struct plan_hook {
	enum plan_event event;
	enum engine engine; /* ENGINE_AUTO: of every engine, but for those of
			     * PLAN_ACCEPTED: the syscall engine needs none */
	const char *name;   /* as libbpf has it: "fexit/inet_recvmsg"; or a
			     * feature: "helper/bpf_task_pt_regs" (hook.h) */
	const char *lost;   /* sentence: what is lost without it; NULL: nothing,
			     * as long as another of its event works */
	bool needed;	    /* its engine does not work without it; of
			     * PLAN_THREADS: the parts do not */
	int err;	    /* 0: works; negative errno: why not */
	const char *reason; /* clause, if err */
};

#define PLAN_HOOKS_MAX 64
#define PLAN_LOST_MAX 8

struct plan {
	enum engine engine; /* never ENGINE_AUTO */
	/* Where the kernel offers several ways. */
	bool accept_fexit;	 /* fexit/inet_csk_accept */
	bool accept_probe;	 /* else: uretprobe on libc's accept */
	bool accept_two_args;	 /* inet_csk_accept() of Linux 6.10 on */
	bool inet6;		 /* inet6_recvmsg() is there to be hooked */
	bool sendpage;		 /* sendfile goes by inet_sendpage() */
	bool sweep_files;	 /* no iterators over maps: see plan_table.h */
	bool task_from_pid;	 /* kfunc bpf_task_from_pid() */
	bool switch_tells_state; /* sched_switch has prev_state */
	bool twins; /* programs of tracepoints are preempted, and then skipped
		     * for others: a second one does what was skipped */
	/* Both NULL-terminated, of what is used; literals. */
	const char *hooks[PLAN_HOOKS_MAX + 1];
	const char *lost[PLAN_LOST_MAX + 1]; /* sentences, no full stop */
};

/* "sock"; never NULL. */
const char *engine__name(enum engine engine);

/* ENGINES if there is none of that name. */
enum engine engine__of(const char *name);

/*
 * The plan for an engine; ENGINE_AUTO takes the cheapest that works, and tries
 * no further ones. parts: the scheduler's hooks are wanted. 0, or negative
 * errno and err, which says what is missing and what to do.
 */
int plan__choose(enum engine wanted, bool parts, struct plan *out,
		 struct error *err);

/* The whole table with each hook tried (once a process: results are kept).
 * *len entries, owned by the plan module. For reqtrace doctor. */
const struct plan_hook *plan__table(size_t *len);

#endif
