/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A turn: one alternation of request and response as the kernel cut it, or
 * several joined again because the later ones continue the first (HTTP
 * 100-continue, a response that starts before its request has been read
 * whole). Names are those of the protocol, not of the calls: in the client
 * role the request is what was sent.
 */
#ifndef REQTRACE_MODEL_TURN_H
#define REQTRACE_MODEL_TURN_H

#include "decode/decode.h"
#include "model/calls.h"
#include "model/operations.h"
#include "model/parts.h"
#include "model/payload.h"

struct turn {
	uint32_t seq;	      /* of the latest record in it */
	uint32_t pid, tid;    /* that began it */
	uint32_t last_tid;    /* that finished it */
	uint32_t flags;	      /* RT_EX_* of the latest record */
	uint8_t end;	      /* enum rt_end */
	uint8_t kind;	      /* enum proto_kind */
	uint8_t framing;      /* enum proto_framing */
	bool no_response;     /* nothing of the answer; interim is nothing */
	bool request_partial; /* more of the request must follow */
	bool exact;	      /* operations is all there were */
	bool unreadable;
	bool joined;	 /* continues the connection's held turn */
	bool saw_close;	 /* flags say who closed first */
	uint64_t arrive; /* times in ns; 0: not known */
	uint64_t request_first;
	uint64_t response_first, response_last;
	uint64_t ended;
	uint64_t bytes_in, bytes_out;
	uint64_t request_total, response_total; /* response: without interim */
	uint64_t rtt;				/* ns; 0: not known */
	/* Client: made in the service of this exchange; cookie 0: of none */
	uint64_t parent_cookie;
	uint32_t parent_seq;
	uint64_t retransmits;
	const struct proto *proto; /* NULL: timed only */
	const char *operation, *status, *stream_protocol, *version;
	uint64_t operations, errors;
	struct request_trace trace;
	struct call_list *calls; /* owned, or NULL */
	bool calls_unsure;	 /* RT_UNSURE_CALLS */
	struct capture *capture; /* owned; only if it may be continued */
	struct parts parts;
};

/* Where turns are put together and parsed. */
struct turn_reader {
	struct payloads *payloads;
	struct operations *operations;
	struct calls *calls;
	uint8_t request[PAYLOAD_REQUEST_MAX];
	uint8_t response[RT_RESPONSE_CAP];
};

/* *t is ev's exchange on c, joined to held (or NULL) if it continues that.
 * 0 and *t, to be given to turn__release; or -ENOMEM. */
int turn__read(struct turn_reader *reader, struct connection *c,
	       const struct event *ev, const struct turn *held, struct turn *t);

/* Free what t owns, not t. */
void turn__release(struct turn_reader *reader, struct turn *t);

/* True if the next turn of the connection may belong to the same exchange. */
bool turn__may_go_on(const struct turn *t);

/* True if the protocol says that all of the request and of the answer is there:
 * what else comes of it is no part of it. */
bool turn__is_whole(const struct turn *t);

/* True if it says no more than that there is such a request: it counts by
 * another record, or was counted by the kernel. */
bool turn__is_news(const struct turn *t);

/* True if the whole answer cannot be there yet. */
bool turn__is_in_flight(const struct turn *t);

/* Of a protocol that is not known: a last message without answer, and then
 * whoever sent it closed in order. A goodbye as a rule (PostgreSQL's
 * Terminate), so neither a request nor an error; counted as unanswered. */
bool turn__is_goodbye(const struct turn *t, enum rt_role role);

/* *r is the request that t is, on c. */
void turn__request(const struct turn *t, struct connection *c,
		   struct request *r);

/* *f is the request that t is, on c. */
void turn__in_flight(const struct turn *t, const struct connection *c,
		     struct sink_in_flight *f);

/* Monotonic ns at which t began; its earliest known time. */
uint64_t turn__begin(const struct turn *t, enum rt_role role);

#endif
