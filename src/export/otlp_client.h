/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One request to a collector and what it answered: HTTP or gRPC, by libcurl.
 * Blocks the calling thread, which is never the one that traces.
 *
 * Which answer is which outcome: otlp_answer.h. Whatever fails below HTTP, such
 * as names, connections, TLS, time and answers that are no HTTP, is to be
 * retried, as it may pass; what the answer said before it broke off counts,
 * if that was a failure. Redirects are not followed.
 */
#ifndef REQTRACE_EXPORT_OTLP_CLIENT_H
#define REQTRACE_EXPORT_OTLP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "export/config.h"

enum otlp_outcome {
	OTLP_TAKEN,	/* all of it, or in part: see .rejected */
	OTLP_RETRY,	/* later, with fresher figures */
	OTLP_TOO_LARGE, /* the same in smaller requests */
	OTLP_REFUSED,	/* never: a fault of the request or of the set-up */
	OTLP_STOPPED,	/* otlp_client__stop was called */
};

struct otlp_reply {
	enum otlp_outcome outcome;
	uint64_t retry_after; /* ns that the collector asked for; 0: it did not
			       */
	uint64_t rejected;    /* TAKEN: points or spans that it did not take */
	uint64_t sent_bytes;  /* of the body, compressed if so configured */
	struct error err;     /* one sentence; "" when all is well. TAKEN may
			       * have a warning of the collector */
};

struct otlp_client;

/* target must outlive it. 0 and *out, or negative errno and err. */
int otlp_client__new(struct otlp_client **out, enum otlp_signal signal,
		     const struct otlp_target *target, struct error *err);
void otlp_client__free(struct otlp_client *c); /* accepts NULL */

/* Send body, wait for the answer no longer than the target's timeout (or
 * deadline, CLOCK_MONOTONIC ns, if that is sooner; 0: none). Memory is bounded
 * whatever the other side sends. */
void otlp_client__send(struct otlp_client *c, const struct buffer *body,
		       uint64_t deadline, struct otlp_reply *reply);

/* From any thread: end what is under way, and refuse what comes. */
void otlp_client__stop(struct otlp_client *c);

#endif
