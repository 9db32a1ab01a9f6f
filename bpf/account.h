/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose CPU time it is when one thread has several exchanges in hand: the
 * account of the exchange that it touched last. Accounts are in an array, by
 * the low bits of the connection's cookie; owned by account.bpf.c.
 */
#ifndef REQTRACE_BPF_ACCOUNT_H
#define REQTRACE_BPF_ACCOUNT_H

#include "thread.h"

struct account {
	u64 cookie;
	u64 seq;
	u64 cpu;    /* ns */
	u32 calls;  /* it made calls out: see calls.h */
	u32 over;   /* it was answered, or ended */
	u32 unsure; /* RT_UNSURE_* */
	u32 mixed;  /* as of its thread when it had it: see hand.h */
	/* The thread that was woken for it last; 0: none. */
	u32 woken;     /* struct thread.id */
	u32 woken_tid; /* of its task */
};

struct account_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* RT_MAX_ACCOUNTS, with parts */
	__type(key, u32);
	__type(value, struct account);
};

extern struct account_map rt_accounts SEC(".maps");

/* The account of an exchange; NULL when another one has its place. */
static __always_inline struct account *account__of(const struct served *s)
{
	u32 key = s->cookie & (RT_MAX_ACCOUNTS - 1);
	struct account *a;

	if (!s->cookie)
		return NULL;
	a = bpf_map_lookup_elem(&rt_accounts, &key);
	return a && a->cookie == s->cookie && a->seq == s->seq ? a : NULL;
}

/* Whether the exchange lost its place to another one while it went on. */
static __always_inline bool account__lost(const struct served *s)
{
	u32 key = s->cookie & (RT_MAX_ACCOUNTS - 1);
	struct account *a = bpf_map_lookup_elem(&rt_accounts, &key);

	return a && a->cookie && a->cookie != s->cookie;
}

/* It is answered, or ends without. */
static __always_inline void account__over(const struct served *s)
{
	struct account *a = account__of(s);

	if (a)
		a->over = 1;
}

/* A new account; who had the place loses it. */
static __always_inline struct account *account__open(const struct served *s)
{
	u32 key = s->cookie & (RT_MAX_ACCOUNTS - 1);
	struct account *a = bpf_map_lookup_elem(&rt_accounts, &key);

	if (!a)
		return NULL;
	a->cookie = s->cookie;
	a->seq = s->seq;
	a->cpu = 0;
	a->calls = 0;
	a->over = 0;
	a->woken = 0;
	a->unsure = 0;
	return a;
}

static __always_inline void account__unsure(const struct served *s)
{
	struct account *a = account__of(s);

	if (a)
		a->unsure |= RT_UNSURE_CALLS;
}

static __always_inline void account__add(const struct served *s, u64 cpu)
{
	struct account *a = account__of(s);

	if (a)
		a->cpu += cpu;
}

/* Its connection is closed: nothing may be added any more. */
static __always_inline void account__close(u64 cookie)
{
	u32 key = cookie & (RT_MAX_ACCOUNTS - 1);
	struct account *a = bpf_map_lookup_elem(&rt_accounts, &key);

	if (a && a->cookie == cookie)
		a->cookie = 0;
}

/* The account of an exchange that is not answered; NULL: it is, or lost. */
static __always_inline struct account *account__if_open(const struct served *s)
{
	struct account *a = account__of(s);

	return a && !a->over ? a : NULL;
}

/*
 * What a thread is busy with: the exchange that it touched last, as long as
 * nobody has answered it, or else the one that it was woken for since. *from:
 * the wake-up, if it is that. NULL: nothing, as far as is known.
 */
static __always_inline struct account *thread__account(struct thread *t,
						       struct wake **from)
{
	struct wake *w = &t->wake[(t->wakes_len - 1) % THREAD_WAKES];
	struct account *a = NULL;

	*from = NULL;
	if (!t->answered)
		a = account__if_open(&t->serves);
	if (a || !t->wakes_len || w->at <= t->touched_at)
		return a;
	a = account__if_open(&w->served);
	if (a)
		*from = w;
	return a;
}

/* Likewise, the exchange itself; cookie 0: nothing. */
static __always_inline struct served thread__serves(struct thread *t,
						    struct wake **from)
{
	struct served none = {};

	if (!thread__account(t, from))
		return none;
	return *from ? (*from)->served : t->serves;
}

#endif
