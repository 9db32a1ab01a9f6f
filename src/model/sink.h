/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the model tells statistics: finished requests and the lives of
 * connections, streams and processes. Every callback returns 0 or negative
 * errno, which ends the run. Pointers are valid during the call, but interned
 * strings (comm, protocol, operation, status, exe, service) as long as the
 * model.
 */
#ifndef REQTRACE_MODEL_SINK_H
#define REQTRACE_MODEL_SINK_H

#include "model/request.h"

struct sink_process {
	uint32_t pid, ppid;
	const char *comm, *exe, *service;
	const char *resource; /* not interned; attributes, a "key=value" a
			       * line */
	uint64_t started;     /* CLOCK_REALTIME ns; 0: not known */
	bool exited;
};

enum sink_conn_event {
	SINK_CONN_OPENED,   /* opening was seen */
	SINK_CONN_JOINED,   /* was open before tracing */
	SINK_CONN_MOVED,    /* now used by .pid instead of .old_pid (accepted
			     * by a worker, handed over) */
	SINK_CONN_ACCEPTED, /* came out of its accept queue */
	SINK_CONN_CLOSED,
};

/* A connection as it is at the event. */
struct sink_conn {
	enum sink_conn_event event;
	void **keep; /* see struct request */
	uint64_t cookie;
	uint32_t pid;
	uint32_t old_pid; /* MOVED: that used it before; OPENED: that listens
			   * or connected, 0 if unknown */
	enum rt_role role;
	enum rt_transport transport;
	uint16_t port; /* local (server), remote (client) */
	uint8_t local_addr[16], remote_addr[16];
	uint16_t local_port, remote_port;
	uint64_t established; /* monotonic ns; 0 when joined */
	uint64_t time;	      /* of the event */
	bool joined;
	bool summarised; /* OPENED of it is counted in a summary already:
			  * list it, do not count its opening */
	uint64_t bytes_in, bytes_out; /* CLOSED: totals while traced */
	uint64_t accept_queue; /* ACCEPTED: ns from established to accepted */
};

enum sink_stream_event {
	SINK_STREAM_BEGIN,
	SINK_STREAM_BYTES,
	SINK_STREAM_END
};

/* BEGIN is told once per stream, BYTES whenever more is known (bytes are
 * deltas), END once. */
struct sink_stream {
	enum sink_stream_event event;
	uint64_t cookie;
	uint32_t pid;
	enum rt_role role;
	enum rt_transport transport;
	uint16_t port;
	const char *protocol; /* "sse", "websocket" */
	const char *operation;
	uint64_t begin, time; /* monotonic ns */
	uint64_t bytes_in, bytes_out;
};

/* An accept queue as it is now. */
struct sink_listener {
	uint64_t cookie; /* of the listening socket */
	uint64_t time;	 /* monotonic ns */
	uint32_t pid;
	uint16_t port;
	uint32_t depth, max_depth, limit; /* connections */
};

/* How the threads of one name in a process spent their time: totals so far,
 * which replace those before. */
struct sink_threads {
	uint32_t pid;
	const char *name; /* of the threads; interned */
	uint32_t living, ended;
	uint64_t clock[RT_CLOCKS]; /* ns */
};

/* A request that is known and has no (whole) answer. Not told by itself: see
 * model__each_in_flight. */
struct sink_in_flight {
	uint32_t pid;
	enum rt_role role;
	enum rt_transport transport;
	uint16_t port;	      /* local (server), remote (client) */
	const char *protocol; /* as in struct request */
	const char *operation;
};

struct model_sink {
	void *ctx;
	int (*request)(void *ctx, const struct request *r);
	int (*conn)(void *ctx, const struct sink_conn *c);
	int (*stream)(void *ctx, const struct sink_stream *s);
	int (*process)(void *ctx, const struct sink_process *p);
	int (*listener)(void *ctx, const struct sink_listener *l);
	int (*threads)(void *ctx, const struct sink_threads *t);
	/* Kernel summary: totals so far for its key; replaces the last one. */
	int (*summary)(void *ctx, const char *comm,
		       const struct rt_summary *summary);
};

#endif
