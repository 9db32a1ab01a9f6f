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

/*
 * The thread has read the first bytes of a request, whose account is a (or
 * NULL). It takes the place of one that is answered or over meanwhile, here or
 * elsewhere. When there is none, the thread has more than it has room for, and
 * so several.
 */
static __always_inline void hand__take(struct thread *t, struct account *a,
				       const struct served *s)
{
	u32 place = THREAD_HAND;
	bool several = false;

	if (a)
		a->mixed = t->mixed;
	for (u32 i = 0; i < THREAD_HAND; i++) {
		if (i < t->hand_len && account__if_open(&t->hand[i]))
			several = true;
		else if (place == THREAD_HAND)
			place = i;
		if (several && place < THREAD_HAND)
			break;
	}
	if (several)
		t->mixed++;
	if (place == THREAD_HAND)
		return;
	t->hand[place % THREAD_HAND] = *s;
	if (place >= t->hand_len)
		t->hand_len = place + 1;
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
