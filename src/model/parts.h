/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of a turn as the kernel's clocks give them, before they are laid
 * against a duration:
 *
 *   arrive        from                          until        end
 *     |-- queue ----|-- what ns[] must fit into ---|-- unattributed --|
 */
#ifndef REQTRACE_MODEL_PARTS_H
#define REQTRACE_MODEL_PARTS_H

#include "model/request.h"

struct parts {
	bool known;	      /* ns[] is */
	bool fault;	      /* the record contradicts itself: more own CPU
			       * time than CPU time */
	uint64_t from, until; /* monotonic ns: where the latest turn's clocks
			       * began and ended */
	/* [PART_RECEIVE_QUEUE]: client only, a server's is told by the times.
	 * [PART_UNATTRIBUTED]: CPU time, of which exchange is not known. */
	uint64_t ns[PARTS];
};

/* *p is what ex knows of the time from the first byte of the request to that
 * of its answer's last. */
void parts__read(struct parts *p, const struct rt_exchange *ex,
		 enum rt_role role, uint64_t from, uint64_t until);

/* p goes on where held ended: all but the receive queue adds up. */
void parts__add(struct parts *p, const struct parts *held);

/* Lay p and the receive queue (ns) into r->begin to r->end, so that the sum
 * is the duration: fills .part, .has_parts, .parts_cut. abandoned: r ended
 * when the other side left, and the clocks may have gone on. */
void parts__fill(const struct parts *p, uint64_t queue, bool abandoned,
		 struct request *r);

#endif
