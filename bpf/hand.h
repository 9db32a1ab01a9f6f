/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The exchanges that a thread has in hand: read, and not yet answered. An event
 * loop with several of them goes on with each in an order that nobody sees, so
 * whose its calls out are is only a guess: the exchange that it touched last.
 * Of an exchange that shared its thread with another one at any time, they are
 * said not to be known (RT_UNSURE_CALLS).
 */
#ifndef REQTRACE_BPF_HAND_H
#define REQTRACE_BPF_HAND_H

#include "account.h"

/* Forget what is answered or over meanwhile, here or elsewhere. */
static __always_inline void hand__prune(struct thread *t)
{
	u32 kept = 0;

	for (u32 i = 0; i < THREAD_HAND; i++) {
		struct served s = t->hand[i];
		struct account *a = i < t->hand_len ? account__of(&s) : NULL;

		if (a && !a->over) {
			t->hand[kept % THREAD_HAND] = s;
			kept++;
		}
	}
	t->hand_len = kept;
}

/* The thread has read the first bytes of a request. */
static __always_inline void hand__take(struct thread *t, const struct served *s)
{
	struct account *a = account__of(s);

	if (a)
		a->mixed = t->mixed;
	hand__prune(t);
	if (t->hand_len)
		t->mixed++;
	/* When it has more than there is room for, it has several. */
	if (t->hand_len < THREAD_HAND)
		t->hand[t->hand_len++ % THREAD_HAND] = *s;
}

/* The thread has taken the exchange over from another one. */
static __always_inline void hand__take_over(struct thread *t,
					    const struct served *s)
{
	struct account *a = account__of(s);

	if (a)
		a->mixed = t->mixed;
}

#endif
