// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owns the clocks of threads. Fed by the scheduler's tracepoints, which tell
 * when a thread stops running, is woken, and runs again; for threads that are
 * not traced each program is one or two loads. Not loaded without parts.
 */
#include "account.h"
#include "cause.h"

#define TASK_WAKING 0x200 /* include/linux/sched.h */

struct thread_map rt_threads SEC(".maps");
struct ended_map rt_ended SEC(".maps");
rt_u64 rt_threads_len;
rt_u64 rt_threads_made;

/* --- what a thread blocks on ------------------------------------------- */

/* The other end of a socket, which no lock protects here: whatever is read is
 * only a name for the time that passes. */
static __always_inline void peer__of(struct peer *p, struct sock *sk)
{
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	__be32 v4;

	__builtin_memset(p, 0, sizeof(*p));
	p->known = 1;
	p->cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	if (family == AF_UNIX) {
		p->transport = RT_TRANSPORT_UNIX;
		p->addr[0] = BPF_CORE_READ(sk, sk_peer_pid, numbers[0].nr);
		return;
	}
	p->port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (family == AF_INET) {
		v4 = BPF_CORE_READ(sk, __sk_common.skc_daddr);
		p->addr[1] = (u64)v4 << 32 | 0xffff0000; /* v4-mapped */
	} else if (family == AF_INET6) {
		bpf_probe_read_kernel(p->addr, sizeof(p->addr),
				      &sk->__sk_common.skc_v6_daddr);
	}
}

static __always_inline bool peer__same(const struct peer *a,
				       const struct peer *b)
{
	return a->addr[0] == b->addr[0] && a->addr[1] == b->addr[1] &&
	       a->port == b->port && a->transport == b->transport;
}

/* ns more were spent blocked on t->blocked_on. */
static __always_inline void thread__waited(struct thread *t, u64 ns)
{
	const struct peer *p = &t->blocked_on;
	struct wait *w = &t->wait[0];

	if (t->waits_len == 0) {
		t->waits_len = 1;
	} else if (!peer__same(p, &w->peer)) {
		w = &t->wait[1];
		if (t->waits_len == 1)
			t->waits_len = 2;
		else if (!peer__same(p, &w->peer))
			w->peer.rest = 1;
	}
	if (!w->ns)
		w->peer = *p;
	w->ns += ns;
}

int thread__take_back(struct thread *t, u64 now, struct clocks *out)
{
	u64 to;

	if (!t || !out)
		return 0;
	to = t->since;
	for (u32 i = 1; i <= THREAD_PAST && i <= t->past_len; i++) {
		u32 past = (t->past_len - i) % THREAD_PAST;
		u64 from = t->past[past].since, state = t->past[past].state;

		if (state < RT_CLOCKS)
			out->ns[state] -= to - (from > now ? from : now);
		if (from <= now)
			break;
		to = from;
	}
	return 0;
}

/* --- clocks -------------------------------------------------------------- */

/* The clock that runs stops, and that of state starts. */
static __always_inline void thread__enter(struct thread *t, u32 state, u64 now)
{
	u32 was = t->state, i = t->past_len++ % THREAD_PAST;

	if (!t->since) { /* its beginning was not seen */
		thread__begin(t, state, now);
		return;
	}
	if (now < t->since)
		now = t->since;
	t->past[i].since = t->since;
	t->past[i].state = was;
	t->version++;
	barrier();
	if (was < RT_CLOCKS)
		t->clock[was] += now - t->since;
	t->state = state;
	t->since = now;
	barrier();
	t->version++;
}

/* It no longer blocks. */
static __always_inline void thread__unblock(struct thread *t, u32 state,
					    u64 now)
{
	if (t->state == RT_CLOCK_NETWORK && now > t->since &&
	    t->blocked_on.known)
		thread__waited(t, now - t->since);
	thread__enter(t, state, now);
}

static __always_inline void thread__off(struct thread *t,
					struct task_struct *task, u32 state,
					u64 now)
{
	bool resolve = t->serves.cookie && !t->answered;
	struct cause why = {.clock = RT_CLOCK_RUN_QUEUE};

	/* Blocked, but a waker on another CPU has it already. */
	if (state && task->__state != TASK_WAKING)
		cause__of(task, state, resolve, &why);
	if (why.clock == CAUSE_RESTART)
		why.clock = t->blocked ?: RT_CLOCK_OTHER;
	if (clock__blocks(why.clock))
		t->blocked = why.clock;
	if (why.clock == RT_CLOCK_NETWORK) {
		t->blocked_on.known = 0;
		if (why.sk)
			peer__of(&t->blocked_on, (struct sock *)why.sk);
	}
	thread__enter(t, why.clock, now);
	if (!t->idle_at && clock__blocks(t->state)) {
		t->idle_at = now;
		__builtin_memcpy(t->at_idle, t->clock, sizeof(t->at_idle));
	}
}

/* TASK_* of the thread that is switched out; the tracepoint tells it since
 * Linux 5.18 (commit 9c2136be0878 "sched/tracing: Append prev_state to tp args
 * instead"), and before that nobody has changed it yet. */
static __always_inline u32 thread__left_for(u64 *ctx, struct task_struct *prev)
{
	return rt_config.switch_tells_state ? (u32)ctx[3] : prev->__state;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(rt_switch, bool preempt, struct task_struct *prev,
	     struct task_struct *next)
{
	struct thread *t = thread__of(prev);

	if (t && !t->ended)
		thread__off(t, prev, preempt ? 0 : thread__left_for(ctx, prev),
			    bpf_ktime_get_ns());
	t = thread__of(next);
	if (t)
		thread__unblock(t, RT_CLOCK_CPU, bpf_ktime_get_ns());
	return 0;
}

/* --- wake-ups ------------------------------------------------------------- */

/* The waker w runs in the service of an exchange: t may be woken to go on with
 * it. What is not the waker's own system call is not its doing. */
static __always_inline void thread__woken_by(struct thread *t, u32 tid,
					     struct thread *w, u64 now)
{
	struct wake *to = &t->wake[t->wakes_len % THREAD_WAKES], *from, *has;
	struct served serves = thread__serves(w, &from);
	struct served own = thread__serves(t, &has);

	struct account *a = account__of(&serves);

	if (!a)
		return;
	/* It is at it already, and only waited for the waker. */
	if (served__same(&own, &serves))
		return;
	/* It was woken for another one, which is not done: for that one it may
	 * have been too late, or it is at it and waited for this waker. */
	if (has) {
		account__unsure(&own);
		account__unsure(&serves);
	}
	to->served = serves;
	to->at = now;
	a->woken = t->id;
	a->woken_tid = tid;
	if (from) { /* woken for it itself: handed on */
		to->owner = from->owner;
		to->owner_cpu = from->owner_cpu;
		to->left = from->left;
		__builtin_memcpy(to->owner_clock, from->owner_clock,
				 sizeof(to->owner_clock));
	} else {
		to->owner = w->id;
		to->left = now;
		thread__clocks(w, now, to->owner_clock);
		to->owner_cpu = to->owner_clock[RT_CLOCK_CPU] - w->segment;
	}
	__builtin_memcpy(to->own_clock, t->clock, sizeof(to->own_clock));
	t->wakes_len++;
}

SEC("tp_btf/sched_waking")
int BPF_PROG(rt_waking, struct task_struct *task)
{
	struct thread *t = thread__of(task), *w;
	struct task_struct *waker;
	u64 now;

	/* It may not have left its CPU yet. */
	if (!t || !clock__blocks(t->state))
		return 0;
	now = bpf_ktime_get_ns();
	thread__unblock(t, RT_CLOCK_RUN_QUEUE, now);
	waker = bpf_get_current_task_btf();
	w = thread__of(waker);
	if (w && regs__syscall(regs__of(waker)) != REGS_NO_SYSCALL)
		thread__woken_by(t, task->pid, w, now);
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(rt_wakeup_new, struct task_struct *task)
{
	struct thread *t = thread__of(task);

	if (t)
		thread__begin(t, RT_CLOCK_RUN_QUEUE, bpf_ktime_get_ns());
	return 0;
}

/* --- lives -----------------------------------------------------------------
 */

/* A thread or a process is born; it runs from rt_wakeup_new on. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(rt_thread_fork, struct task_struct *parent,
	     struct task_struct *child)
{
	if (rt_config.server_only ? !!thread__of(parent)
				  : target__is(parent->tgid))
		thread__create(child);
	return 0;
}

static __always_inline void ended__add(struct ended *e, const u64 *clock)
{
	__sync_fetch_and_add(&e->threads, 1);
	for (int i = 0; i < RT_CLOCKS; i++)
		__sync_fetch_and_add(&e->clock[i], clock[i]);
}

/* Its storage goes with it: its time is kept by process and name. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(rt_thread_exit, struct task_struct *task)
{
	struct thread *t = thread__of(task);
	struct ended zero = {}, *e;
	struct ended_key key = {};
	u64 clock[RT_CLOCKS];

	if (!t || t->ended)
		return 0;
	t->ended = 1;
	__sync_fetch_and_add(&rt_threads_len, -1);
	thread__clocks(t, bpf_ktime_get_ns(), clock);
	key.tgid = task->tgid;
	bpf_probe_read_kernel_str(key.comm, sizeof(key.comm), task->comm);
	e = bpf_map_lookup_elem(&rt_ended, &key);
	if (!e) {
		bpf_map_update_elem(&rt_ended, &key, &zero, BPF_NOEXIST);
		e = bpf_map_lookup_elem(&rt_ended, &key);
	}
	if (e)
		ended__add(e, clock);
	else
		count(RT_COUNT_THREADS_FULL);
	return 0;
}

/* --- lists -----------------------------------------------------------------
 */

/* A byte in 7.3, an int in 6.18 and before. Read by a probe, as a load of the
 * one size is no access to the other. */
struct task_struct___on_cpu_byte {
	u8 on_cpu;
} __attribute__((preserve_access_index));

static __always_inline bool on_cpu(struct task_struct *task)
{
	struct task_struct___on_cpu_byte *byte = (void *)task;

	if (bpf_core_field_size(byte->on_cpu) == sizeof(byte->on_cpu))
		return BPF_CORE_READ(byte, on_cpu);
	return BPF_CORE_READ(task, on_cpu);
}

/* Run once when tracing starts: clocks for the threads there are. */
SEC("iter/task")
int rt_threads_seed(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct cause why = {};
	struct thread *t;
	u32 state;

	if (!task || rt_config.server_only || task->flags & PF_EXITING ||
	    !target__is(task->tgid) || thread__of(task))
		return 0;
	t = thread__create(task);
	if (!t)
		return 0;
	state = task->__state;
	if (on_cpu(task))
		why.clock = RT_CLOCK_CPU;
	else if (!state)
		why.clock = RT_CLOCK_RUN_QUEUE;
	else
		cause__of(task, state, false, &why);
	if (why.clock == CAUSE_RESTART)
		why.clock = RT_CLOCK_OTHER;
	thread__begin(t, why.clock, bpf_ktime_get_ns());
	return 0;
}

/* A living thread in the output of rt_threads_list. */
SEC("iter/task")
int rt_threads_list(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct rt_threads rec = {};
	struct thread *t;

	if (!task)
		return 0;
	t = thread__of(task);
	if (!t || t->ended || !t->since)
		return 0;
	rec.tgid = task->tgid;
	rec.living = 1;
	bpf_probe_read_kernel_str(rec.comm, sizeof(rec.comm), task->comm);
	thread__clocks(t, bpf_ktime_get_ns(), rec.clock);
	bpf_seq_write(ctx->meta->seq, &rec, sizeof(rec));
	return 0;
}
