/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct request: one finished exchange as statistics, views and exporters
 * see it. Strings are interned by the model and live as long as it.
 */
#ifndef REQTRACE_MODEL_REQUEST_H
#define REQTRACE_MODEL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/part.h"
#include "reqtrace/record.h"

/* Why an exchange counts as an error; at most one per exchange. */
enum request_error {
	REQUEST_OK,
	REQUEST_ERROR_STATUS,	   /* the protocol says so: 5xx, -ERR */
	REQUEST_ERROR_PEER_ABORT,  /* the other side went away first */
	REQUEST_ERROR_LOCAL_ABORT, /* this side closed without (whole) answer */
	REQUEST_ERROR_RESET,	   /* the connection was reset or timed out */
	REQUEST_ERRORS,
};

/* What an exchange had to do with one peer (struct rt_call). */
struct request_call {
	const char *peer; /* "redis:6379"; "client": its own connection;
			   * "other": all that found no room. Bounded. */
	uint64_t count;	  /* calls out; 0: only waited for it */
	uint64_t time;	  /* ns, of all calls */
	uint64_t network; /* ns, of part[PART_NETWORK] */
	bool own;	  /* it is the exchange's own connection */
};

/* What a request says of the trace that it is part of: W3C Trace Context,
 * section 3.2, the header traceparent. */
struct request_trace {
	uint8_t trace_id[16];
	uint8_t parent_id[8];
	uint8_t flags; /* 0x1: sampled */
	bool known;    /* else the rest is 0 */
};

struct request {
	/* Where the sink may keep a pointer with the connection, NULL at
	 * first. Valid during the call, and itself NULL of a request that is
	 * not the model's. */
	void **keep;
	uint64_t cookie;
	uint32_t seq;	   /* of its (last) record on the connection */
	uint32_t pid, tid; /* that began it */
	uint32_t last_tid; /* that finished it */
	enum rt_role role;
	enum rt_transport transport;
	uint16_t port;		 /* local (server), remote (client) */
	const char *protocol;	 /* "http", "redis", "tcp", "unix" */
	const char *operation;	 /* "" when unknown */
	const char *status;	 /* "200", "aborted", ""; bounded */
	uint8_t remote_addr[16]; /* all zero for UNIX */
	uint16_t remote_port;
	uint64_t begin, end;	     /* monotonic ns; duration = end - begin */
	uint64_t time_to_first_byte; /* ns; valid if has_first_byte */
	bool has_parts; /* the clocks of its threads were kept; if not, all
			 * but the receive queue is unattributed */
	bool parts_cut; /* a fault: the clocks, as they were recorded, came to
			 * more than the duration (or the exchange's own CPU
			 * time to more than all of it), and were cut */
	bool has_first_byte;
	bool has_arrival;    /* server: begin is the arrival, not the read */
	uint64_t operations; /* >= 1 */
	uint64_t failed;     /* operations that count as errors */
	enum request_error error;
	uint64_t bytes_in, bytes_out;
	uint64_t rtt;	      /* ns, smoothed, TCP's; 0: not known */
	uint64_t retransmits; /* segments */
	const char *version;  /* of the protocol: "1.1"; "" when unknown */
	/* The protocol says that nothing of it is missing: a pending one will
	 * settle as it is. Exceptions: bytes_in, bytes_out, rtt and retransmits
	 * may grow; that of a server ends as an abort (other end, status,
	 * error, failed, parts) if a send of it fails late, or if the other
	 * side resets the connection and has not acknowledged all of it; and
	 * what is pending when tracing ends never settles. */
	bool is_whole;
	struct request_trace trace; /* of protocols that carry it */
	bool is_call; /* client: made in the service of an exchange,
		       * which is: */
	uint64_t parent_cookie;
	uint32_t parent_seq;
	bool calls_known; /* calls are all that it made; else only the time
			   * blocked on peers is */
	size_t calls_len;
	uint64_t part[PARTS];		     /* ns; sum to the duration */
	struct request_call calls[RT_CALLS]; /* those after calls_len are not
					      * set */
};

#endif
