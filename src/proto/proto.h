/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of protocols. A parser is handed the first bytes of one request
 * and of its response and says what was asked and how it went; it knows no
 * sockets and no connections, keeps no state, allocates nothing, and must
 * stand any bytes. Nothing outside src/proto/ names a protocol.
 *
 * Privacy: an operation holds no query string, header value, key, literal or
 * other payload: only what is bounded by design (method, route template,
 * command name). The one header whose value is told is traceparent, as the
 * numbers it is made of.
 */
#ifndef REQTRACE_PROTO_PROTO_H
#define REQTRACE_PROTO_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROTO_OPERATION_MAX 128 /* with the zero byte */
#define PROTO_STATUS_MAX 16

struct proto_input {
	const uint8_t *request; /* first request_len bytes, contiguous */
	size_t request_len;
	uint64_t request_total;	 /* bytes of the whole request side */
	const uint8_t *response; /* first response_len bytes */
	size_t response_len;
	uint64_t response_total;
	const uint8_t *tail; /* last tail_len bytes of the response's latest
			      * send; NULL when not known */
	size_t tail_len;
};

enum proto_kind {
	PROTO_EXCHANGE, /* an ordinary request and its response */
	PROTO_STREAM,	/* the response goes on by design: this exchange
			 * is a stream (SSE) */
	PROTO_UPGRADE,	/* from here on the whole connection is a stream
			 * of another protocol (WebSocket, CONNECT) */
};

/* How the response is framed, as far as the bytes tell. */
enum proto_framing {
	PROTO_FRAMING_UNKNOWN, /* cannot be told (no framing, headers cut) */
	PROTO_WHOLE,	       /* the response has its last byte */
	PROTO_PARTIAL,	       /* more of the response must follow */
	PROTO_INTERIM,	       /* only interim answers (HTTP 1xx) so far: the
				* real response and more request may follow */
};

/* W3C Trace Context, section 3.2: who asked, if the request says so. */
struct proto_trace {
	uint8_t trace_id[16];
	uint8_t parent_id[8];
	uint8_t flags; /* 0x1: sampled */
	bool known;    /* else the rest is 0; neither id is all 0 */
};

struct proto_result {
	char operation[PROTO_OPERATION_MAX]; /* "" when unknown; printable UTF-8
					      */
	char status[PROTO_STATUS_MAX];	     /* "200", "ERR", "" when none */
	const char *version; /* static, one of few: "1.1"; "" when not known, or
			      * when the protocol's bytes do not tell */
	char stream_protocol[16]; /* PROTO_STREAM "sse", PROTO_UPGRADE
				   * "websocket" or "upgrade"; else "" */
	uint64_t operations;	  /* >= 1: how many the request holds */
	bool operations_exact;	  /* false: at least so many, bytes missing */
	uint64_t errors;	  /* operations that failed by protocol (5xx,
				   * Redis error reply), as far as was seen */
	enum proto_kind kind;
	enum proto_framing framing;
	bool request_partial;	  /* the request announces more bytes than
				   * request_total: more of it will follow */
	struct proto_trace trace; /* of the first request */
};

struct proto {
	const char *name; /* as in reports: "http", "redis", "tls" */

	/* True if these first bytes of a request can only sensibly be this
	 * protocol. len may be small; never reads past it. */
	bool (*detect)(const uint8_t *request, size_t len);

	/* Fill *out (zeroed by proto__parse, operations preset to 1). Returns
	 * 0, or -EBADMSG when the bytes are not this protocol after all, or
	 * no exchange of it. */
	int (*parse)(const struct proto_input *in, struct proto_result *out);
};

/* The protocol these bytes begin, or NULL. */
const struct proto *proto__detect(const uint8_t *request, size_t len);

/* Zero *out, preset it and call p->parse. */
int proto__parse(const struct proto *p, const struct proto_input *in,
		 struct proto_result *out);

/* All protocols, NULL-terminated, in order of detection. */
extern const struct proto *const proto__table[];

#endif
