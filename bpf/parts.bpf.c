// SPDX-License-Identifier: GPL-2.0-only
/* See parts.h. Fed by the exchange state machine, with the clocks of threads.
 */
#include "parts.h"

#include "calls.h"
#include "hand.h"
#include "thread.h"

/* Linux 6.2; without them see parts__until(). */
extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym __weak;
extern void bpf_task_release(struct task_struct *task) __ksym __weak;

/* The clocks of the current thread. */
static __always_inline struct thread *parts__thread(u64 now)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *t = thread__of(task);

	if (t || !target__is(task->tgid))
		return t;
	t = thread__create(task);
	if (t)
		thread__begin(t, RT_CLOCK_CPU, now);
	return t;
}

static __always_inline struct served parts__served(const struct conn *c)
{
	/* As records have it: the number is as wide there. */
	return (struct served){c->ex.peer.cookie, (u32)(c->state >> 2)};
}

static __always_inline void parts__peer(struct peer *p, const struct conn *c)
{
	const u64 *addr = (const u64 *)c->ex.peer.remote_addr;

	__builtin_memset(p, 0, sizeof(*p));
	p->cookie = c->ex.peer.cookie;
	p->transport = c->ex.peer.transport;
	if (conn__is_tcp(c)) {
		p->addr[0] = addr[0];
		p->addr[1] = addr[1];
		p->port = c->ex.peer.remote_port;
	} else {
		p->addr[0] = c->ex.peer.remote_pid;
	}
}

/*
 * The CPU time since the thread's last touch belongs to the exchange that it
 * touched then. Only when it had answered that one, or touched none, and now
 * answers another, it has worked on that (a worker that did not read it, an
 * event loop that writes all answers in one go).
 */
static __always_inline void parts__credit(struct thread *t,
					  const struct served *me, bool answers,
					  u64 cpu)
{
	struct wake *from;
	struct account *a = thread__account(t, &from);
	u64 ns;

	/* Before it was woken for this one it had another. */
	if (from && t->segment < from->own_clock[RT_CLOCK_CPU])
		t->segment = from->own_clock[RT_CLOCK_CPU];
	ns = cpu - t->segment;
	if (answers && (t->answered || !t->serves.cookie))
		account__add(me, ns);
	else if (a)
		a->cpu += ns;
	account__add(&t->calls, ns);
	t->segment = cpu;
}

/* What it blocked on since its last touch is the doing of what it served. This
 * and what is like it is global, so that the verifier looks at it once. */
int parts__waited(struct thread *t)
{
	if (!t)
		return 0;
	for (int i = 0; i < THREAD_WAITS; i++) {
		struct wait *w = &t->wait[i];
		struct call_time add = {.network = w->ns};
		struct peer p;

		if (!w->ns)
			continue;
		p = w->peer;
		w->ns = 0;
		calls__add(&t->serves, &p, &add);
	}
	t->waits_len = 0;
	return 0;
}

/* The wake-up of t for this exchange since it was touched. */
static __always_inline struct wake *parts__wake(struct thread *t,
						const struct served *me,
						u64 touched_at)
{
	for (u32 i = 1; i <= THREAD_WAKES; i++) {
		struct wake *w = &t->wake[(t->wakes_len - i) % THREAD_WAKES];

		if (i <= t->wakes_len && served__same(&w->served, me) &&
		    w->at >= touched_at)
			return w;
	}
	return NULL;
}

static __always_inline void parts__rebase(struct conn *c, const u64 *clock)
{
	for (int i = 0; i < RT_CLOCKS; i++)
		c->base[i] = clock[i] - c->ex.clock[i];
}

/*
 * The thread did not block between its last touch of something else and the
 * time when the exchange was left to others: it took the exchange up when it
 * was done with what it did, without having to be woken.
 *
 *   this thread    |touched_at ~~~~~~~~~~~~~~~~~~~~~ |now
 *   the exchange         |c->touched_at (or before)
 *
 * Since its touch it ran or was about to: so that much is not the exchange's.
 */
static __always_inline void parts__take_up(struct conn *c, struct thread *t,
					   const u64 *clock)
{
	const u64 *until = t->idle_at ? t->at_idle : clock;
	u64 ran = until[RT_CLOCK_CPU] - t->at_touch[RT_CLOCK_CPU], other = 0;

	if (t->touched_at > c->touched_at)
		c->ex.handoff += t->touched_at - c->touched_at;
	else
		other = c->touched_at - t->touched_at;
	parts__rebase(c, t->at_touch);
	ran = other < ran ? other : ran;
	c->base[RT_CLOCK_CPU] += ran;
	c->base[RT_CLOCK_RUN_QUEUE] += other - ran;
	t->segment += ran;
}

/*
 * It was idle when the exchange was left to others, and who woke it was not
 * seen. It cannot have begun before it woke up: so long ago as the thread
 * remembers, look back for what it did when the exchange was left. False if
 * that is too long ago.
 */
static __always_inline bool parts__wake_up(struct conn *c, struct thread *t,
					   u64 now, const u64 *clock)
{
	u64 from = t->since, to = now, left = c->touched_at;
	u64 state = t->state;

	parts__rebase(c, clock);
	for (u32 i = 1; i <= THREAD_PAST + 1 && state < RT_CLOCKS; i++) {
		u32 past = (t->past_len - i) % THREAD_PAST;

		if (from <= left && clock__blocks(state)) {
			c->ex.handoff += to - left;
			return true;
		}
		c->base[state] -= to - (from > left ? from : left);
		if (from <= left)
			return true;
		if (i > t->past_len || i > THREAD_PAST)
			break;
		to = from;
		from = t->past[past].since;
		state = t->past[past].state;
	}
	return false;
}

/* Another thread had it until now. */
int parts__take_over(struct conn *c, struct thread *t, struct moved *m,
		     struct clocks *now_at)
{
	const u64 *clock;
	struct served me;
	struct wake *w;
	u64 now;

	if (!c || !t || !m || !now_at)
		return 0;
	clock = now_at->ns;
	me = parts__served(c);
	w = parts__wake(t, &me, c->touched_at);
	now = m->now;
	if (w && w->owner == c->thread && w->left >= c->touched_at) {
		for (int i = 0; i < RT_CLOCKS; i++)
			c->ex.clock[i] = w->owner_clock[i] - c->base[i];
		c->ex.handoff += w->at - w->left;
		parts__rebase(c, w->own_clock);
		account__add(&me, w->owner_cpu);
		if (t->segment < w->own_clock[RT_CLOCK_CPU])
			t->segment = w->own_clock[RT_CLOCK_CPU];
	} else if (t->touched_at &&
		   (!t->idle_at || t->idle_at > c->touched_at)) {
		parts__take_up(c, t, clock);
		account__unsure(&me);
	} else {
		account__unsure(&me);
		count(RT_COUNT_HANDED_OVER);
		if (!parts__wake_up(c, t, now, clock)) {
			c->ex.handoff += now - c->touched_at;
			parts__rebase(c, clock);
		}
	}
	c->thread = t->id;
	c->tid = m->id;
	hand__take_over(t, &me);
	return 0;
}

/*
 * An answer was in the socket since arrive, and the thread went on with other
 * things: that is the receive queue, and not what it did meanwhile. Looks back
 * through what it did.
 */
static __always_inline void parts__take_queue(struct conn *c, struct thread *t,
					      u64 arrive, u64 read, u64 now)
{
	u64 from = t->since, to = now;
	u64 state = t->state;

	for (u32 i = 1; i <= THREAD_PAST + 1 && to > arrive; i++) {
		u64 start = from > arrive ? from : arrive;
		u64 end = to < read ? to : read;
		u32 past = (t->past_len - i) % THREAD_PAST;

		if (end > start && state < RT_CLOCKS) {
			c->base[state] += end - start;
			c->ex.queued += end - start;
		}
		if (i > t->past_len || i > THREAD_PAST)
			break;
		to = from;
		from = t->past[past].since;
		state = t->past[past].state;
	}
}

static __always_inline void parts__begin(struct conn *c, struct thread *t,
					 const struct served *me,
					 const struct moved *m,
					 const u64 *clock)
{
	struct account *a = account__open(me);
	bool received = m->received;
	struct served parent;
	struct wake *from;

	c->ex.header.flags |= RT_EX_PARTS;
	if (received && c->peeked && c->peeked_by != t->id) {
		/* Another thread looked at it first, and told this one. */
		c->ex.handoff = m->now - c->peeked;
		count(RT_COUNT_HANDED_OVER);
	}
	__builtin_memcpy(c->base,
			 received && c->peeked && c->peeked_by == t->id
				 ? c->peeked_base
				 : clock,
			 sizeof(c->base));
	c->thread = t->id;
	c->tid = m->id;
	if (c->ex.peer.role != RT_ROLE_CLIENT && !c->apart)
		hand__take(t, a, me);
	if (received || c->ex.peer.role != RT_ROLE_CLIENT)
		return;
	parent = thread__serves(t, &from);
	c->ex.parent_cookie = parent.cookie;
	c->ex.parent_seq = parent.seq;
	if (!parent.cookie) /* it may still be of this one */
		account__unsure(&t->serves);
	if (from) { /* what it waits for from here on is for that one */
		t->serves = parent;
		t->answered = 0;
	}
}

/* More of a call out, made for another exchange than its beginning was. */
int parts__shared(struct conn *c, struct thread *t)
{
	struct served now, was;
	struct wake *from;

	if (!c || !t)
		return 0;
	now = thread__serves(t, &from);
	was = (struct served){c->ex.parent_cookie, c->ex.parent_seq};
	if (!was.cookie || served__same(&now, &was))
		return 0;
	account__unsure(&now);
	account__unsure(&was);
	c->ex.parent_cookie = 0;
	c->ex.parent_seq = 0;
	count(RT_COUNT_CALLS_SHARED);
	return 0;
}

/* Bytes of the answer to a call out. */
int parts__called(struct conn *c, struct thread *t, struct moved *m)
{
	struct call_time add = {};
	struct served parent;
	struct peer p;
	u64 arrive;

	if (!c || !t || !m)
		return 0;
	if (c->ex.recvs == 1) {
		arrive = c->ex.arrive;
		if (arrive && arrive < c->touched_at)
			arrive = c->touched_at;
		if (arrive)
			parts__take_queue(c, t, arrive, c->ex.first_recv,
					  m->now);
		add.count = 1;
		add.time = m->now - c->ex.first_send;
	} else {
		add.time = m->now - c->touched_at;
	}
	parent = (struct served){c->ex.parent_cookie, c->ex.parent_seq};
	if (!parent.cookie)
		return 0;
	parts__peer(&p, c);
	calls__add(&parent, &p, &add);
	return 0;
}

static __always_inline void parts__go_on(struct conn *c, struct thread *t,
					 struct moved *m, const u64 *clock)
{
	if (c->ex.peer.role == RT_ROLE_CLIENT) {
		if (m->received)
			parts__called(c, t, m);
		else
			parts__shared(c, t);
	}
	for (int i = 0; i < RT_CLOCKS; i++)
		c->ex.clock[i] = clock[i] - c->base[i];
}

/* What the exchange's account says, now that it has (some of) its answer. */
static __always_inline void parts__answered(struct conn *c, struct thread *t,
					    struct served *me)
{
	struct account *a = account__of(me);

	if (!a) {
		if (!(c->ex.header.flags & RT_EX_CPU_UNSPLIT))
			count(RT_COUNT_CPU_UNSPLIT);
		c->ex.header.flags |= RT_EX_CPU_UNSPLIT;
		return;
	}
	a->over = 1;
	if (c->ex.peer.role != RT_ROLE_CLIENT && !c->apart &&
	    t->mixed != a->mixed)
		a->unsure |= RT_UNSURE_CALLS;
	c->ex.own_cpu = a->cpu;
	c->ex.unsure = a->unsure;
	if (a->calls)
		c->calls = calls__settle(me);
}

/* What the thread is busy with from here on. */
static __always_inline void parts__serves(struct thread *t, struct conn *c,
					  const struct served *me,
					  bool received)
{
	if (c->apart)
		return;
	if (c->ex.peer.role != RT_ROLE_CLIENT) {
		t->serves = *me;
		t->answered = !received;
		t->calls.cookie = 0;
		return;
	}
	t->calls = *me;
	if (received) {
		t->serves.cookie = c->ex.parent_cookie;
		t->serves.seq = c->ex.parent_seq;
	}
	if (c->ex.parent_cookie == t->serves.cookie &&
	    c->ex.parent_seq == (u32)t->serves.seq)
		t->answered = 0;
}

int parts__touched(struct conn *c, struct moved *m, u32 began)
{
	bool answers;
	struct served me;
	struct thread *t;
	u64 clock[RT_CLOCKS];

	if (!c || !m)
		return 0;
	t = parts__thread(m->now);
	if (!t)
		return 0;
	me = parts__served(c);
	answers = m->received == (c->ex.peer.role == RT_ROLE_CLIENT);
	thread__clocks(t, m->now, clock);
	if (t->waits_len)
		parts__waited(t);
	if (!began && c->ex.header.flags & RT_EX_PARTS && t->id != c->thread)
		parts__take_over(c, t, m, (struct clocks *)clock);
	parts__credit(t, &me, answers && !m->received, clock[RT_CLOCK_CPU]);
	if (began)
		parts__begin(c, t, &me, m, clock);
	else if (c->ex.header.flags & RT_EX_PARTS)
		parts__go_on(c, t, m, clock);
	if (answers)
		parts__answered(c, t, &me);
	parts__serves(t, c, &me, m->received);
	c->touched_at = m->now;
	if (c->ex.peer.role == RT_ROLE_CLIENT || c->apart)
		return 0;
	t->touched_at = m->now;
	t->idle_at = 0;
	__builtin_memcpy(t->at_touch, clock, sizeof(t->at_touch));
	return 0;
}

int parts__peeked(struct conn *c, u64 now)
{
	struct thread *t;

	if (!c)
		return 0;
	t = parts__thread(now);
	if (!t)
		return 0;
	thread__clocks(t, now, c->peeked_base);
	c->peeked_by = t->id;
	return 0;
}

/* The sums as of now, of a thread that may run elsewhere: it is only read. */
static __always_inline bool parts__read(struct conn *c, struct thread *t,
					const struct served *me, bool woken,
					u64 now)
{
	struct wake *w = woken ? parts__wake(t, me, c->touched_at) : NULL;
	struct ending *end = &c->ending;
	u32 version = t->version;
	u64 clock[RT_CLOCKS];

	thread__clocks(t, now, clock);
	barrier();
	if (version & 1 || version != t->version ||
	    (woken && (!w || w->owner != c->thread)))
		return false;
	for (int i = 0; i < RT_CLOCKS; i++) {
		end->clock[i] = clock[i] - c->base[i];
		if (w)
			end->clock[i] += w->owner_clock[i] - w->own_clock[i];
	}
	end->handoff = c->ex.handoff;
	if (w)
		end->handoff += w->at - w->left;
	/* What it will credit the account with at its next touch. */
	if (w)
		end->own_cpu = w->owner_cpu + clock[RT_CLOCK_CPU] -
			       w->own_clock[RT_CLOCK_CPU];
	else if (served__same(&t->serves, me))
		end->own_cpu = clock[RT_CLOCK_CPU] - t->segment;
	return true;
}

/* Whose clocks an exchange without an answer has. */
struct holder {
	u32 tid; /* of its task */
	u32 id;	 /* struct thread.id */
	bool woken;
	bool busy; /* only if it does not wait for something to do */
};

static __always_inline bool parts__is_busy(const struct thread *t, bool woken)
{
	/* Whoever was woken for work waits for more of it in a lock, too. */
	return t->state != RT_CLOCK_POLL &&
	       !(woken && t->state == RT_CLOCK_LOCK);
}

/* The thread has the exchange, and its sums as of now are known. */
static __always_inline bool parts__with(struct conn *c, struct holder h,
					struct served *me, u64 now)
{
	struct task_struct *task = bpf_task_from_pid(h.tid);
	struct thread *t;
	bool has;

	if (!task)
		return false;
	t = thread__of(task);
	has = t && t->id == h.id && (!h.busy || parts__is_busy(t, h.woken)) &&
	      parts__read(c, t, me, h.woken, now);
	bpf_task_release(task);
	return has;
}

/*
 * The thread that read the request has it, unless it waits for events: then it
 * may have left it to the one that it woke, if that one is busy. If neither is,
 * it is as much the first one's as before.
 */
static __always_inline bool parts__with_any(struct conn *c,
					    const struct account *a,
					    struct served *me, u64 now)
{
	struct holder reader = {
		.tid = c->tid,
		.id = c->thread,
		.busy = true,
	};
	struct holder worker = {.busy = true, .woken = true};

	if (!rt_config.task_from_pid)
		return false;
	if (a && a->woken) {
		if (parts__with(c, reader, me, now))
			return true;
		worker.tid = a->woken_tid;
		worker.id = a->woken;
		if (parts__with(c, worker, me, now))
			return true;
	}
	reader.busy = false;
	return parts__with(c, reader, me, now);
}

int parts__until(struct conn *c, u64 now)
{
	struct account *a;
	struct ending *end;
	struct served me;

	if (!c || !(c->ex.header.flags & RT_EX_PARTS))
		return 0;
	end = &c->ending;
	me = parts__served(c);
	a = account__of(&me);
	end->seq = 0;
	end->own_cpu = 0;
	if (!parts__with_any(c, a, &me, now)) {
		/* As of the last touch: the last wait stays unattributed. */
		__builtin_memcpy(end->clock, c->ex.clock, sizeof(end->clock));
		end->handoff = c->ex.handoff;
	}
	end->unsplit = !a;
	if (!a) {
		count(RT_COUNT_CPU_UNSPLIT);
		end->unsure = c->ex.unsure;
	} else {
		end->own_cpu += a->cpu;
		end->unsure = a->unsure;
		if (a->calls)
			c->calls = calls__settle(&me);
	}
	barrier();
	end->seq = me.seq;
	return 0;
}
