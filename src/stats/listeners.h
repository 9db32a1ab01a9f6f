/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How full the accept queues of listening sockets are. Fed with what sockets
 * tell before each mark, and the marks; yields sums by port.
 */
#ifndef REQTRACE_STATS_LISTENERS_H
#define REQTRACE_STATS_LISTENERS_H

#include "base/hash.h"
#include "model/sink.h"

/* Of the sockets on a port: several may share it (SO_REUSEPORT). */
struct backlog {
	uint32_t sockets;	    /* that live, and these are the sums of */
	uint32_t depth, max, limit; /* connections */
	bool has_closed;
	uint32_t closed_max, closed_limit; /* if some have closed: the sums
					    * when that of max was highest */
};

struct listeners {
	size_t max;
	struct listener *all; /* uthash by cookie, owned; at most max */
	uint64_t mark[2];     /* ns: the latest, and the one before */
};

void listeners__init(struct listeners *ls, size_t max);
void listeners__free(struct listeners *ls); /* accepts an initialised ls */

/* Figures of a socket replace its own before, in b (valid as long as ls). 0,
 * -ENOSPC when there is no room for it, or -ENOMEM. */
int listeners__tell(struct listeners *ls, struct backlog *b,
		    const struct sink_listener *l);

/* b goes away: what its sockets told counts no more until they tell again, and
 * as that of closed ones. */
void listeners__leave(struct listeners *ls, const struct backlog *b);

/* A mark at ns: every socket that lives has told of itself since the one
 * before, unless that was lost. So one that was silent since then and the one
 * before that is closed; at the last mark nothing is lost. Again for the same
 * mark: no effect. */
void listeners__mark(struct listeners *ls, uint64_t ns, bool last);

#endif
