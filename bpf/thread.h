/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the threads of traced processes spend their time: each has clocks, of
 * which exactly one runs at any moment, so that they add up to the time that
 * has passed. Kept in the task's own storage, which ends with the task. The
 * maps are owned by thread.bpf.c.
 */
#ifndef REQTRACE_BPF_THREAD_H
#define REQTRACE_BPF_THREAD_H

#include "target.h"

/* What a clock stood at before, for looking back a little. */
#define THREAD_PAST 16
/* Wake-ups by threads that served an exchange. */
#define THREAD_WAKES 4
/* Exchanges in hand that are told apart: with more, it has several anyway. */
#define THREAD_HAND 4
/* Peers that a thread blocks on between two touches of sockets. */
#define THREAD_WAITS 2

/* An exchange of the server role: its connection, and its number there. */
struct served {
	u64 cookie; /* 0: none */
	u64 seq;
};

static __always_inline bool served__same(const struct served *a,
					 const struct served *b)
{
	return a->cookie == b->cookie && a->seq == b->seq;
}

/* Somebody else at the end of a socket. */
struct peer {
	u64 cookie; /* of a connection to it; 0: not known */
	u64 addr[2];
	u16 port;
	u8 transport;
	u8 rest;   /* not one, but all that found no room */
	u32 known; /* while blocked on it */
};

/* Time blocked on a peer's socket. */
struct wait {
	struct peer peer;
	u64 ns;
};

/*
 * The thread was woken in the service of an exchange: by the thread that had
 * it (the owner), or by one that the owner had woken for it.
 */
struct wake {
	struct served served;
	u64 at;	   /* when this thread was woken */
	u64 left;  /* when the owner let go of it */
	u32 owner; /* struct thread.id */
	u32 pad;
	u64 owner_cpu; /* of its CPU time: not yet in the account */
	u64 owner_clock[RT_CLOCKS]; /* as of .left */
	u64 own_clock[RT_CLOCKS];   /* as of .at */
};

/*
 * One writer at a time: the scheduler's events of a thread exclude each other,
 * and the rest is written by the thread itself, with preemption off. Others
 * read clock[] only, between two looks at .version.
 */
struct thread {
	u64 clock[RT_CLOCKS]; /* ns, up to .since */
	u64 since;	      /* when the present state began; 0: not set */
	u32 state;	      /* which clock runs: enum rt_clock */
	u32 blocked;	      /* the latest that was no CPU or run queue */
	u32 version;	      /* odd while the clocks change */
	u32 ended;	      /* it exits: its time is counted elsewhere */
	u32 id;		      /* no other thread has it, as ids of tasks may */
	u32 wakes_len;	      /* how many ever; wakes[] is a ring */
	u32 past_len;	      /* likewise */
	u32 waits_len;
	/* The exchange that it touched last, and the call out. */
	struct served serves;
	struct served calls;
	u32 answered; /* .serves: the touch was an answer */
	/* See hand.h. */
	u32 mixed; /* how often it got another exchange beside one */
	u32 hand_len;
	struct served hand[THREAD_HAND];
	u64 touched_at;		 /* it touched one of the server role last */
	u64 segment;		 /* clock[RT_CLOCK_CPU] that is accounted for */
	u64 at_touch[RT_CLOCKS]; /* clocks at .touched_at */
	u64 idle_at;		 /* when it first blocked since; 0: not yet */
	u64 at_idle[RT_CLOCKS];
	struct peer blocked_on; /* while RT_CLOCK_NETWORK runs */
	struct wait wait[THREAD_WAITS];
	struct {
		u64 since;
		u64 state;
	} past[THREAD_PAST];
	struct wake wake[THREAD_WAKES];
};

struct thread_map {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
};

/* Threads of a process and name that have ended. */
struct ended_key {
	u32 tgid;
	u8 comm[RT_COMM_LEN];
};

struct ended {
	u64 threads;
	u64 clock[RT_CLOCKS];
};

struct ended_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RT_MAX_PROCESSES);
	__type(key, struct ended_key);
	__type(value, struct ended);
};

extern struct thread_map rt_threads SEC(".maps");
extern struct ended_map rt_ended SEC(".maps");

/* How many have storage; owned by thread.bpf.c. */
extern rt_u64 rt_threads_len;

/* How many ever had. */
extern rt_u64 rt_threads_made;

/* Without the helper where there is nothing to find: for the many threads on
 * a machine that are not traced. */
static __always_inline struct thread *thread__of(struct task_struct *task)
{
	if (!task->bpf_storage)
		return NULL;
	return bpf_task_storage_get(&rt_threads, task, 0, 0);
}

/* Clocks for a task that has none; counted when there is no room. Not from
 * within the scheduler. */
static __always_inline struct thread *thread__create(struct task_struct *task)
{
	struct thread *t = NULL;

	if (rt_threads_len < RT_MAX_THREADS)
		t = bpf_task_storage_get(&rt_threads, task, 0,
					 BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!t) {
		count(RT_COUNT_THREADS_FULL);
		return NULL;
	}
	if (t->id) /* by another program at the same time */
		return t;
	__sync_fetch_and_add(&rt_threads_len, 1);
	t->id = __sync_fetch_and_add(&rt_threads_made, 1) + 1;
	return t;
}

static __always_inline bool clock__blocks(u32 clock)
{
	return clock != RT_CLOCK_CPU && clock != RT_CLOCK_RUN_QUEUE;
}

/* The present state of a thread becomes state, unless it has one. */
static __always_inline void thread__begin(struct thread *t, u32 state, u64 now)
{
	if (t->since)
		return;
	t->state = state;
	t->since = now;
}

struct clocks {
	u64 ns[RT_CLOCKS];
};

/* The changes after now are taken back out of clocks that are ahead of it. A
 * global function, so that the verifier looks at it once; always 0. */
int thread__take_back(struct thread *t, u64 now, struct clocks *out);

/*
 * Its clocks as of now. t runs, or is read by another (see .version). Programs
 * may be preempted, by trampolines and since Linux 7.0 by tracepoints, too: so
 * t may have been off its CPU since now, and while this copies.
 */
static __always_inline void thread__clocks(struct thread *t, u64 now, u64 *out)
{
	u32 version, state;

	for (int i = 0; i < 2; i++) {
		version = t->version;
		state = t->state;
		barrier();
		__builtin_memcpy(out, t->clock, sizeof(t->clock));
		if (now < t->since)
			thread__take_back(t, now, (struct clocks *)out);
		else if (state < RT_CLOCKS)
			out[state] += now - t->since;
		barrier();
		if (version == t->version && !(version & 1))
			break;
	}
}

#endif
