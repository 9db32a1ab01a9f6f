/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The latest exchanges that became spans, for calls out of theirs that settle
 * after them: the last answer on a connection that is kept open is known to be
 * whole when the next request goes out on it. Bounded: the oldest gives way.
 * One thread.
 */
#ifndef REQTRACE_EXPORT_SPAN_PARENTS_H
#define REQTRACE_EXPORT_SPAN_PARENTS_H

#include <stdint.h>

#define SPAN_PARENTS 1024 /* a power of two */

struct span_parent {
	uint64_t cookie; /* of the exchange */
	uint32_t seq;
	uint32_t flags;	   /* of the span, as are these */
	uint32_t children; /* so far */
	uint8_t trace_id[16];
	uint8_t span_id[8];
};

struct span_parents;

struct span_parents *span_parents__new(void);	 /* NULL when out of memory */
void span_parents__free(struct span_parents *p); /* accepts NULL */

void span_parents__add(struct span_parents *p,
		       const struct span_parent *parent);

/* That exchange's span; NULL: it has none, or it was long ago. */
struct span_parent *span_parents__find(struct span_parents *p, uint64_t cookie,
				       uint32_t seq);

#endif
