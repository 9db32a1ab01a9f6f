/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls out that wait for the exchange that made them to settle. Bounded, and
 * all memory is taken at the start. One thread.
 *
 * Calls of one exchange are a group, kept and dropped as a whole. A group ends
 * when its exchange settles, slow or not; when calls of the exchange after the
 * next on the same connection come; or, if there is no room, when it was longer
 * than all others without a new call. Calls of an exchange that has settled are
 * not kept.
 */
#ifndef REQTRACE_EXPORT_SPAN_CALLS_H
#define REQTRACE_EXPORT_SPAN_CALLS_H

#include "export/span_make.h"

struct span_call {
	struct span_facts facts;
	struct span_call *next;
};

struct span_group {
	uint64_t cookie; /* of the exchange that makes the calls */
	uint32_t seq;
	uint32_t len;	  /* of calls: SPANS_CHILDREN at most, the longest */
	uint64_t dropped; /* calls beside these */
	struct span_call *calls;
	struct span_group *chain;	/* others of its bucket */
	struct span_group *prev, *next; /* by their latest call */
};

struct span_calls;

struct span_calls *span_calls__new(void);    /* NULL when out of memory */
void span_calls__free(struct span_calls *c); /* accepts NULL */

/* r is a call out. Returns how many others were dropped for want of room. */
uint64_t span_calls__add(struct span_calls *c, const struct request *r);

/* The calls of an exchange, NULL if there are none; valid until the next
 * change. */
const struct span_group *span_calls__of(const struct span_calls *c,
					uint64_t cookie, uint32_t seq);

/* An exchange has settled: neither its calls nor those of the ones before it
 * on the connection are waited for. */
void span_calls__settled(struct span_calls *c, uint64_t cookie, uint32_t seq);

#endif
