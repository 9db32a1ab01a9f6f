/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What exchanges had to do with which peers. It comes ahead of the exchange
 * (RT_REC_CALLS) and waits here for it, at most CALLS_WAITING_MAX at once.
 */
#ifndef REQTRACE_MODEL_CALLS_H
#define REQTRACE_MODEL_CALLS_H

#include "model/peer.h"

/* As many as the kernel keeps at once; 6 MB at most. */
#define CALLS_WAITING_MAX RT_MAX_CALLERS

/* By peer, each once; those that took longest first. */
struct call_list {
	size_t len;
	struct request_call call[RT_CALLS];
};

struct calls {
	struct peers peers;
	const struct connections *connections; /* not owned */
	struct calls_record *by_cookie;	       /* oldest first */
	uint64_t dropped; /* records that made room for another */
};

void calls__init(struct calls *cs, const struct connections *connections);
void calls__free(struct calls *cs); /* lists are their turn's */

/* Keep rec for its exchange; the oldest makes room. 0 or -ENOMEM. */
int calls__add(struct calls *cs, const struct rt_calls *rec);

/* *out is what waits for exchange seq of cookie, and held (or NULL) with it;
 * to be freed, NULL when there is nothing. 0 or -ENOMEM. */
int calls__read(struct calls *cs, uint64_t cookie, uint32_t seq,
		const struct call_list *held, struct call_list **out);

/* Forget what waits for cookie up to exchange seq; or all. */
void calls__settle(struct calls *cs, uint64_t cookie, uint32_t seq);
void calls__drop(struct calls *cs, uint64_t cookie);

/* r->calls from list (or NULL), within r->part[PART_NETWORK]. */
void calls__fill(const struct call_list *list, struct request *r);

#endif
