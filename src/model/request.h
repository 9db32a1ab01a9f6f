/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct request: one finished exchange as statistics, views and exporters
 * see it. Strings are interned by the model and live as long as it.
 */
#ifndef REQTRACE_MODEL_REQUEST_H
#define REQTRACE_MODEL_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

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

struct request {
	uint64_t cookie;
	uint32_t pid, tid;
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
	uint64_t receive_queue;	     /* ns; valid if has_arrival */
	bool has_first_byte;
	bool has_arrival;    /* server: begin is the arrival, not the read */
	uint64_t operations; /* >= 1 */
	uint64_t failed;     /* operations that count as errors */
	enum request_error error;
	uint64_t bytes_in, bytes_out;
};

#endif
