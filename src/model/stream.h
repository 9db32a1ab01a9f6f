/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Streams: exchanges whose response goes on by design (SSE), and connections
 * that were upgraded (WebSocket, CONNECT). Told to the sink as BEGIN, BYTES,
 * END; never as requests.
 */
#ifndef REQTRACE_MODEL_STREAM_H
#define REQTRACE_MODEL_STREAM_H

#include "model/turn.h"

struct stream {
	uint32_t seq; /* exchange whose bytes were told last */
	uint32_t pid; /* that began it */
	const char *protocol, *operation;
	uint64_t begin;
	uint64_t last;		    /* ns: latest byte */
	uint64_t told_in, told_out; /* bytes of exchange seq */
};

/* t, read from ex, turned out to be a stream: BEGIN and the BYTES so far. 0,
 * -ENOMEM, or what the sink returned. */
int stream__begin(struct connection *c, const struct model_sink *sink,
		  const struct turn *t, const struct rt_exchange *ex);

/* BYTES that ex knows beyond those that were told. */
int stream__grow(struct connection *c, const struct model_sink *sink,
		 const struct rt_exchange *ex);

/* BYTES of an exchange that later ones have overtaken. */
int stream__add_late(struct connection *c, const struct model_sink *sink,
		     const struct rt_exchange *ex);

/* END of c->stream at time (0: its latest byte); c->stream becomes NULL. */
int stream__end(struct connection *c, const struct model_sink *sink,
		uint64_t time);

#endif
