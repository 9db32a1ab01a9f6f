/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every open connection with its own figures, and the slowest of the closed
 * ones. Fed with the lives of connections, requests and streams.
 *
 * Memory: an open connection takes 192 bytes, its place in the table, and at
 * most 48 buckets of a byte as a rule: less than 300 bytes.
 */
#ifndef REQTRACE_STATS_CONNECTIONS_H
#define REQTRACE_STATS_CONNECTIONS_H

#include "base/lookup.h"
#include "base/pool.h"
#include "model/sink.h"
#include "stats/group.h"
#include "stats/ports.h"
#include "stats/stats.h"

/* Closed connections that are kept: a page or two for people. */
#define CONNECTIONS_SLOWEST 100

/* By cache lines: a request touches the first two. */
struct connection {
	struct histogram duration;

	uint64_t last; /* activity; ns */
	uint64_t exchanges, bytes_in, bytes_out;
	const char *protocol;
	struct group *series; /* where its latest request was counted, */
	struct group *row;    /* or NULL: hints for the next one */
	struct port *counted; /* where it is counted */

	uint64_t cookie;
	uint64_t start; /* opened, or found; ns */
	uint32_t pid;
	uint32_t interval; /* in which it opened: see struct connections */
	uint16_t port, local_port, remote_port;
	uint8_t role, transport : 2;
	bool joined : 1, opening_seen : 1;
	uint8_t local_addr[16], remote_addr[16];
} __attribute__((aligned(POOL_LINE)));

_Static_assert(sizeof(struct connection) == 3 * POOL_LINE,
	       "tens of thousands are kept");

struct closed_connection {
	uint64_t cookie;
	struct snapshot_conn figures; /* without .comm */
};

struct connections {
	struct ports *ports; /* not owned */
	struct lookup open;  /* by cookie; of pool */
	struct pool pool;
	uint32_t interval; /* how many have ended */
	struct closed_connection slowest[CONNECTIONS_SLOWEST];
	size_t slowest_len;
	size_t quickest; /* index of the first to leave when slowest is full */
};

void conn_list__init(struct connections *cs, struct ports *ports);
void conn_list__free(struct connections *cs);

/* The open connection of a cookie, or NULL. */
static inline struct connection *conn_list__find(const struct connections *cs,
						 uint64_t cookie)
{
	return lookup__find(&cs->open, cookie);
}

/* One that moves or closes without having been told of before is taken as
 * opened (or joined) at that moment. *out is the connection, NULL if it is
 * closed. 0 or -ENOMEM. */
int conn_list__event(struct connections *cs, const struct sink_conn *c,
		     struct connection **out);

/* Ports of processes that were chosen (retire.h) are added up, and connections
 * are counted where those are now. 0 or -ENOMEM. */
int conn_list__retire(struct connections *cs, const struct processes *ps);

/* Add to the connection's own figures. 0 or -ENOMEM. */
int connection__request(struct connection *conn, const struct request *r);
void connection__stream(struct connection *conn, const struct sink_stream *s);

/* Figures as of now, .comm left NULL, with the pending requests that no
 * sink was told (NULL: none): up to max_open open ones, most recently active
 * first, then the slowest closed. Returns 0 and *out (free it), or -ENOMEM. */
int conn_list__list(const struct connections *cs,
		    const struct stats_pending *pending, uint64_t now,
		    size_t max_open, struct snapshot_conn **out, size_t *len);

/* What the list says of one connection at the moment now. */
void connection__figures(const struct connection *conn, uint64_t now,
			 struct snapshot_conn *out);

#endif
