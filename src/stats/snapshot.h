/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct snapshot: everything a view or an exporter may show, at one instant,
 * read-only. Built by stats, and valid until these are fed again, as it shares
 * the histograms of all that is not pending; owns the rest but for interned
 * strings. Times are ns unless a name says otherwise.
 */
#ifndef REQTRACE_STATS_SNAPSHOT_H
#define REQTRACE_STATS_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/request.h"
#include "stats/breakdown.h"
#include "stats/histogram.h"

/* What --by says a row is. */
enum snapshot_by {
	SNAPSHOT_BY_OPERATION, /* process, port and operation: the default */
	SNAPSHOT_BY_PORT,      /* process and port */
	SNAPSHOT_BY_PROCESS,
	SNAPSHOT_BY_THREAD,
	SNAPSHOT_BY_PEER,	/* process, port and remote address */
	SNAPSHOT_BY_CONNECTION, /* rows are in .conns, not in .rows */
	SNAPSHOT_BYS,
};

/* The figures of a group of exchanges. Histograms count operations. */
struct measure {
	uint64_t exchanges;
	uint64_t operations;
	uint64_t errors; /* operations; sum of errors_by, and those of
			  * summarised exchanges, whose kind is lost */
	uint64_t errors_by[REQUEST_ERRORS]; /* [REQUEST_OK] stays 0 */
	uint64_t bytes_in, bytes_out;
	uint64_t recent;       /* operations since the previous snapshot that
				* ended an interval */
	uint64_t with_arrival; /* exchanges whose duration starts at arrival */
	uint64_t last;	       /* monotonic ns of the latest end */
	struct histogram duration;
	struct histogram time_to_first_byte;
	struct histogram part[PARTS]; /* [PART_RECEIVE_QUEUE]: of those whose
				       * arrival is known, [PART_UNATTRIBUTED]:
				       * of all, else of those whose threads
				       * were seen */
	struct breakdown breakdown;   /* parts by duration */
	uint64_t with_parts;	      /* exchanges whose threads were seen */
	/* Operations whose parts are known: in the histograms of parts, be it
	 * as 0. Of those with parts, of those with an arrival, and of all but
	 * summarised ones. */
	uint64_t parts_operations, arrival_operations, told_operations;
	struct histogram rtt;  /* TCP round-trip time at the end of an exchange;
				* one an exchange, of those where known */
	uint64_t retransmits;  /* TCP segments */
	uint64_t calls_known;  /* exchanges whose calls out are known;
				* of these .count and .time are */
	uint64_t calls_folded; /* exchanges with peers in "other" */
	struct measure_call *calls; /* owned; sorted: time, descending */
	size_t calls_len;
};

/* Calls out that exchanges made to one peer, and time blocked on it. */
struct measure_call {
	const char *peer; /* interned; see struct request_call */
	bool own;	  /* the exchanges' own connections */
	uint64_t count;	  /* calls */
	uint64_t time;	  /* ns, sum of the calls' durations */
	uint64_t network; /* ns, of the sum of part[PART_NETWORK]: as there,
			   * once an operation */
};

/* In all lists, pid 0 stands for exited processes of one instance, service and
 * comm, or, called "other", for all that found no room. */
struct snapshot_series {
	uint32_t pid;
	const char *comm;
	const char *service; /* interned; that of the process */
	uint32_t instance;   /* likewise */
	enum rt_role role;
	enum rt_transport transport;
	uint16_t port;
	const char *protocol, *operation, *status;
	const char *version; /* of the protocol; "" when unknown */
	/* Client role, if asked for: the address that was called, without its
	 * port; else "". */
	char server_address[48];
	struct measure m;
};

/* Requests that are being served: known, and without a (whole) answer. */
struct snapshot_in_flight {
	uint32_t pid; /* 0: of all that found no room */
	const char *comm;
	enum rt_role role;
	enum rt_transport transport;
	uint16_t port;
	const char *protocol, *operation; /* interned; "" when unknown */
	uint64_t count;
};

/* One line of a table; a key that the grouping does not have is 0, NULL or
 * RT_ROLE_UNKNOWN. */
struct snapshot_row {
	uint32_t pid;
	const char *comm;
	enum rt_role role;
	enum rt_transport transport;
	uint16_t port; /* 0: UNIX, or not a key (see has_port) */
	bool has_port;
	uint32_t tid;  /* BY_THREAD */
	char peer[64]; /* BY_PEER: address without port, or "unix" */
	const char *protocol, *operation;
	uint64_t active;  /* open connections of the row's process, role,
			   * port (and peer); for BY_OPERATION: of the port */
	struct measure m; /* .part only BY_THREAD and BY_PEER */
};

/* Streams: kept out of the latency histogram. */
struct snapshot_stream {
	uint32_t pid;
	const char *comm;
	const char *service; /* interned; that of the process */
	uint32_t instance;   /* likewise */
	enum rt_role role;
	enum rt_transport transport;
	uint16_t port;
	const char *protocol; /* "sse", "websocket" */
	const char *operation;
	uint64_t streams, active;
	uint64_t bytes_in, bytes_out;
	struct histogram duration; /* of ended ones */
};

/* Connections of one (process, role, transport, port). */
struct snapshot_port {
	uint32_t pid;
	const char *comm;
	const char *service; /* interned; that of the process */
	uint32_t instance;   /* likewise */
	enum rt_role role;
	enum rt_transport transport;
	uint16_t port;
	uint64_t joined; /* open before tracing; not in opened */
	uint64_t opened, closed, active; /* active = joined + opened - closed */
	uint64_t recent_opened;	   /* since the previous interval snapshot */
	struct histogram lifetime; /* of closed ones whose opening was seen */
	struct histogram accept_queue; /* established to accepted; server */
	bool listens;		       /* or did: the three below are known */
	/* Connections in the accept queue: now, highest, limit. Of several
	 * sockets on one port the sums; backlog_max, as the sum of each
	 * one's highest, is then no less than the highest sum. Once all are
	 * closed: 0, and the others as they were. */
	uint32_t backlog, backlog_max, backlog_limit;
};

/* Threads of one name in a process. */
struct snapshot_threads {
	uint32_t pid;
	const char *comm; /* of the process */
	const char *name; /* of the threads */
	uint32_t living, ended;
	uint64_t clock[RT_CLOCKS]; /* ns, of all of them, while traced */
};

/* One of the slowest exchanges. */
struct snapshot_slow {
	struct request request;
	const char *comm;
	uint64_t wall; /* CLOCK_REALTIME ns of its begin */
};

/* One connection: all open ones up to a bound, and the slowest closed. */
struct snapshot_conn {
	uint32_t pid;
	const char *comm;
	enum rt_role role;
	enum rt_transport transport;
	uint16_t port;
	const char *protocol;
	char local[64], remote[64]; /* "127.0.0.1:8080", "[::1]:80", "unix" */
	bool open;
	bool joined;   /* age is since tracing found it */
	uint64_t age;  /* ns; of closed ones: lifetime */
	uint64_t idle; /* ns since its last activity (open ones) */
	uint64_t exchanges;
	uint64_t bytes_in, bytes_out;
	uint64_t p50, p99, max; /* ns; 0 when exchanges is 0 */
};

struct snapshot_process {
	uint32_t pid, ppid;
	const char *comm, *exe, *service;
	/* Resource attributes, a "key=value" a line: those that the service was
	 * started with (OTEL_RESOURCE_ATTRIBUTES) and those that were found;
	 * "" when none are known. */
	const char *resource;
	uint64_t started; /* CLOCK_REALTIME ns; 0: not known */
	/* Of its service (instances.h); 0: not known. Of pid 0 also: of those
	 * that are over and many. */
	uint32_t instance;
	bool exited;
};

struct snapshot_counter {
	const char *name;   /* JSON key in coverage */
	const char *reason; /* one sentence for people */
	uint64_t value;
};

struct snapshot {
	const char *version, *engine, *host, *kernel, *arch;
	const char *const *hooks;
	size_t hooks_len;
	/* What the engine does not see: sentences, without a full stop. */
	const char *const *not_seen;
	size_t not_seen_len;
	uint32_t cpus;
	uint64_t wall_start; /* CLOCK_REALTIME ns */
	uint64_t start, now; /* monotonic ns */
	uint64_t interval;   /* ns covered by "recent"; 0 in the final one */
	enum snapshot_by by;
	bool final;

	const struct snapshot_process *processes; /* sorted: pid */
	size_t processes_len;
	const struct snapshot_series *series; /* sorted: pid, role, port, ... */
	size_t series_len;
	const struct snapshot_row *rows; /* sorted: operations, descending */
	size_t rows_len;
	const struct snapshot_stream *streams;
	size_t streams_len;
	const struct snapshot_port *ports;
	size_t ports_len;
	const struct snapshot_conn *conns; /* only if by is BY_CONNECTION */
	size_t conns_len;
	uint64_t conns_open_total; /* may exceed what conns lists */
	const struct snapshot_threads *threads; /* sorted: pid, then time */
	size_t threads_len;
	const struct snapshot_slow *slowest; /* sorted: duration, descending;
					      * no calls out of another one */
	size_t slowest_len;
	const struct snapshot_counter *counters;
	size_t counters_len;
	uint64_t exchanges; /* total, summarised ones included */
	uint64_t operations;
	const struct snapshot_in_flight *flying; /* sorted like series */
	size_t flying_len;
	uint64_t in_flight;  /* requests without (whole) response now */
	uint64_t summarised; /* exchanges that lost their operation */
	uint64_t lost;	     /* exchanges lost altogether */
	uint64_t unattributed, attributed; /* ns, of all exchanges whose
					    * threads were seen: the part, and
					    * the other parts */
	bool verified;	     /* --verify: every exchange was added up again */
	uint64_t violations; /* of these: parts that were not the duration */

	bool bpf_known;
	uint64_t bpf_ns, bpf_runs, user_ns, rss_bytes; /* cost so far */
};

#endif
