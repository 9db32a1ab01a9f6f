/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many connections each (process, role, transport, port) opened, closed
 * and has, and how they wait to be accepted. Fed by connections.c, by kernel
 * summaries and by listening sockets.
 */
#ifndef REQTRACE_STATS_PORTS_H
#define REQTRACE_STATS_PORTS_H

#include "base/hash.h"
#include "model/sink.h"
#include "stats/listeners.h"
#include "stats/processes.h"
#include "stats/snapshot.h"

/* Without padding, compared as bytes. */
struct port_key {
	uint32_t pid;
	uint16_t port;
	uint8_t role, transport;
};

/* Counts are signed: a connection whose opening is only in a summary may move
 * before the summary is told, and then its old process owes one. */
struct port {
	struct port_key key;
	int64_t joined, opened, closed;
	int64_t marked; /* opened when the last interval ended */
	struct histogram lifetime;
	struct histogram accept_queue;
	struct backlog backlog;
	struct port *into; /* retired: added to that one; NULL otherwise */
	UT_hash_handle hh;
};

/* The last summary of a key, which is counted in port already. Bounded by the
 * kernel's map, RT_MAX_SUMMARIES. */
struct port_summary {
	struct port_key key;
	struct port *port;
	uint64_t opened, closed;
	UT_hash_handle hh;
};

struct ports {
	size_t max;
	struct port *all;     /* uthash by key, owned; only ports__retire takes
			       * out */
	struct port *retired; /* list, owned: .hh.next */
	struct port_summary *summaries; /* uthash by key, owned */
	struct listeners listeners;	/* at most max, too */
	uint64_t folded; /* connections counted for a port with pid 0, as
			  * their own found no room, and what listening sockets
			  * told that found none */
};

void ports__init(struct ports *ps, size_t max);
void ports__free(struct ports *ps); /* accepts an initialised ps */

/* The port to count one more connection for: found or made, valid up to
 * ports__retire. When ps is full: the one of pid 0 and port 0. NULL when out of
 * memory. */
struct port *ports__at(struct ports *ps, uint32_t pid, enum rt_role role,
		       enum rt_transport transport, uint16_t port);

/* A connection came out of its accept queue: counted for the process that the
 * event names. 0 or -ENOMEM. */
int ports__accepted(struct ports *ps, const struct sink_conn *c);

/* Figures of an accept queue replace those before of the same socket; its
 * port is listed from now on, also when the socket is closed
 * (listeners__mark). 0 or -ENOMEM. */
int ports__listener(struct ports *ps, const struct sink_listener *l);

/* Totals of a kernel summary replace those before. 0 or -ENOMEM. */
int ports__set_summary(struct ports *ps, const struct rt_summary *summary);

/* Add up what is of processes that were chosen (retire.h). Ports that are in
 * another one now have .into set until ports__free_retired. 0 or -ENOMEM. */
int ports__retire(struct ports *ps, const struct processes *processes);
void ports__free_retired(struct ports *ps);

/* The interval ends: opened figures of later lists start here. */
void ports__mark(struct ports *ps);

/* Sorted figures, .comm left NULL. Returns 0 and *out (free the two
 * histograms of each, then it), or -ENOMEM. */
int ports__list(const struct ports *ps, struct snapshot_port **out,
		size_t *len);

#endif
