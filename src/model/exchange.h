/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What becomes of the exchanges of a connection: told to the sink when they
 * are settled, pending while they may still grow, held while the next turn
 * may continue them.
 *
 *             provisional            higher seq, or close
 *   record ----------------> pending --------------------.
 *      |                                                 v
 *      '------------------ final --------------------> final --> settled
 *                                                        |          ^
 *                        may be continued by the next    v          |
 *                                                      held --------'
 */
#ifndef REQTRACE_MODEL_EXCHANGE_H
#define REQTRACE_MODEL_EXCHANGE_H

#include "model/turn.h"

struct exchanges {
	const struct model_sink *sink; /* not owned */
	struct turn_reader *reader;    /* not owned */
	uint64_t unreadable; /* of the settled ones: request not readable */
	uint64_t uncounted;  /* operations are only a lower bound */
	uint64_t unanswered; /* turn__is_goodbye: told to nobody */
};

/* Take an RT_REC_EXCHANGE of c, whose role is known. 0, -ENOMEM, or what the
 * sink returned. */
int exchange__record(struct exchanges *xs, struct connection *c,
		     const struct event *ev);

/* No more exchanges come: settle what is open at time, end the stream.
 * end: RT_END_CLOSE, RT_END_RESET, or RT_END_NEXT if nobody knows. */
int exchange__finish(struct exchanges *xs, struct connection *c,
		     enum rt_end end, uint64_t time);

/* The exchange of c that is not settled; NULL when there is none. */
const struct turn *exchange__open(const struct connection *c);

/* Free what is open on c, and tell nobody. */
void exchange__forget(struct exchanges *xs, struct connection *c);

#endif
