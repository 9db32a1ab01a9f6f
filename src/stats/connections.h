/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every open connection with its own figures, and the slowest of the closed
 * ones. Fed with the lives of connections, requests and streams.
 *
 * Memory: an open connection takes 256 bytes and at most 48 buckets, so less
 * than 700 bytes with what malloc and the table add.
 */
#ifndef REQTRACE_STATS_CONNECTIONS_H
#define REQTRACE_STATS_CONNECTIONS_H

#include "model/sink.h"
#include "stats/group.h"
#include "stats/ports.h"

/* Closed connections that are kept: a page or two for people. */
#define CONNECTIONS_SLOWEST 100

/* What a look-up and a request touch comes first, to stay in few cache lines
 * when there are tens of thousands. */
struct connection {
	UT_hash_handle hh;
	uint64_t cookie;
	struct histogram duration;
	uint64_t last; /* activity; ns */
	uint64_t exchanges, bytes_in, bytes_out;
	const char *protocol;
	struct group *series; /* where its latest request was counted, */
	struct group *row;    /* or NULL: hints for the next one */
	struct port *counted; /* where it is counted */
	uint64_t start;	      /* opened, or found; ns */
	uint32_t pid;
	uint32_t interval; /* in which it opened: see struct connections */
	uint16_t port, local_port, remote_port;
	uint8_t role, transport;
	bool joined;
	bool opening_seen;
	uint8_t local_addr[16], remote_addr[16];
};

_Static_assert(sizeof(struct connection) <= 256, "tens of thousands are kept");

struct closed_connection {
	uint64_t cookie;
	struct snapshot_conn figures; /* without .comm */
};

struct connections {
	struct ports *ports;	 /* not owned */
	struct connection *open; /* uthash by cookie, owned */
	uint32_t interval;	 /* how many have ended */
	struct closed_connection slowest[CONNECTIONS_SLOWEST];
	size_t slowest_len;
	size_t quickest; /* index of the first to leave when slowest is full */
};

void conn_list__init(struct connections *cs, struct ports *ports);
void conn_list__free(struct connections *cs);

/* The open connection of a cookie, or NULL. */
struct connection *conn_list__find(const struct connections *cs,
				   uint64_t cookie);

/* One that moves or closes without having been told of before is taken as
 * opened (or joined) at that moment. 0 or -ENOMEM. */
int conn_list__event(struct connections *cs, const struct sink_conn *c);

/* Add to the connection's own figures. 0 or -ENOMEM. */
int connection__request(struct connection *conn, const struct request *r);
void connection__stream(struct connection *conn, const struct sink_stream *s);

/* Figures as of now, .comm left NULL, with the pending requests that no
 * sink was told: up to max_open open ones, most recently active first, then
 * the slowest closed. Returns 0 and *out (free it), or -ENOMEM. */
int conn_list__list(const struct connections *cs, const struct request *pending,
		    size_t pending_len, uint64_t now, size_t max_open,
		    struct snapshot_conn **out, size_t *len);

/* What the list says of one connection at the moment now; pending are its
 * own. 0 or -ENOMEM. */
int connection__figures(const struct connection *conn, uint64_t now,
			const struct request *const *pending,
			size_t pending_len, struct snapshot_conn *out);

#endif
