/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of connections by socket cookie: who talks to whom, which
 * exchanges were seen, and what is still open on each.
 */
#ifndef REQTRACE_MODEL_CONNECTION_H
#define REQTRACE_MODEL_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/lookup.h"
#include "base/pool.h"
#include "model/sink.h"
#include "proto/proto.h"

/* 56 MiB. Closings that did not fit the ring leave entries behind, so there
 * must be a bound; those without traffic for longest go first. */
#define CONNECTIONS_MAX 262144

/* A closed connection waits for an exchange that another CPU writes later. */
#define CONNECTION_LINGER_NS 2000000000ull
#define CONNECTIONS_CLOSED_MAX 4096

struct turn;
struct stream;

/* By cache lines: what each exchange needs, what it needs besides, the rest. */
struct connection {
	uint64_t cookie;
	void *keep;	       /* of the sink */
	struct turn *held;     /* final, but the next turn may continue it */
	struct turn *pending;  /* provisional; includes held if it goes on */
	struct stream *stream; /* not NULL: told BEGIN, not yet END */
	uint64_t seen;	       /* bit i: next_seq - 1 - i is final */
	uint32_t next_seq;     /* after the highest that is final */
	uint32_t pid;	       /* process that uses it now */
	uint8_t role;	       /* enum rt_role; unknown until told */
	uint8_t transport;     /* enum rt_transport */
	bool joined : 1, summarised : 1;
	bool told : 1;	   /* OPENED or JOINED went to the sink */
	bool accepted : 1; /* ACCEPTED did */
	bool closed : 1;
	bool touched : 1;  /* had traffic since it was last looked at */
	bool upgraded : 1; /* is a stream from here on */
	bool numbered : 1; /* next_seq is valid */
	uint16_t local_port, remote_port;

	const struct proto *proto; /* NULL: not known (yet) */
	const char *operation;	   /* of the latest turn: spares a look-up */
	const char *status;
	uint8_t remote_addr[16];
	uint8_t local_addr[16];
	uint64_t established; /* ns; 0 when joined */

	uint64_t closed_at;
	struct connection *prev, *next; /* in connections.open or .closed */
	uint32_t owner; /* that listens or connected; 0: unknown */
} __attribute__((aligned(POOL_LINE)));

_Static_assert(sizeof(struct connection) == 3 * POOL_LINE,
	       "tens of thousands are kept");

struct connections {
	struct lookup by_cookie;
	struct connection *open;   /* oldest first */
	struct connection *closed; /* in order of closing */
	unsigned closed_len;
	struct pool pool;
};

void connections__init(struct connections *cs);
/* All must have been removed. */
void connections__free(struct connections *cs);

static inline struct connection *connections__find(const struct connections *cs,
						   uint64_t cookie)
{
	return lookup__find(&cs->by_cookie, cookie);
}

/* A new connection as peer describes it; NULL when out of memory. */
struct connection *connections__add(struct connections *cs,
				    const struct rt_peer *peer, uint32_t pid);
/* Take it out and free it; what it points to must be gone. */
void connections__remove(struct connections *cs, struct connection *c);
/* The one to give up for a new one, NULL while there is room. */
struct connection *connections__victim(struct connections *cs);
/* Put it on the list of those that linger, at time. */
void connections__close(struct connections *cs, struct connection *c,
			uint64_t time);
/* Free those that have lingered long enough at time now. */
void connections__expire(struct connections *cs, uint64_t now);

/* Local (server) or remote (client) port. */
uint16_t connection__port(const struct connection *c);
/* Tell the sink of event at time; bytes only matter to CLOSED. */
int connection__tell(struct connection *c, const struct model_sink *sink,
		     enum sink_conn_event event, uint32_t old_pid,
		     uint64_t time, uint64_t bytes_in, uint64_t bytes_out);

/* Tell the sink, once, that process pid accepted it at time. */
int connection__tell_accepted(struct connection *c,
			      const struct model_sink *sink, uint32_t pid,
			      uint64_t time);

/* Exchange numbers wrap; only their distance counts. */
static inline bool seq__before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* True if exchange seq is final already: a record of it is a duplicate. */
bool connection__has_seen(const struct connection *c, uint32_t seq);
void connection__see(struct connection *c, uint32_t seq);

#endif
