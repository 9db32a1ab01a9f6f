/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a collector's answer means: fed with header lines and the body of an
 * HTTP response, yields an outcome. No network here, and no trust: everything
 * is bounded, and text is made safe to show.
 */
#ifndef REQTRACE_EXPORT_OTLP_ANSWER_H
#define REQTRACE_EXPORT_OTLP_ANSWER_H

#include "export/otlp_client.h"

#define OTLP_ANSWER_BODY (64u << 10)
#define OTLP_ANSWER_HEADERS (64u << 10) /* bytes of all */

struct otlp_answer {
	enum otlp_protocol protocol; /* of the request */
	long status;		     /* HTTP's; 0: nothing came */
	uint64_t retry_after;	     /* ns; 0: none */
	bool json, text;	     /* by content-type */
	bool long_body;		     /* cut at OTLP_ANSWER_BODY */
	struct buffer body;
	size_t headers; /* bytes so far */
	char location[256];
	long grpc_status; /* -1: none came */
	char grpc_message[256];
	char grpc_details[4096]; /* grpc-status-details-bin, base64 */
};

void otlp_answer__init(struct otlp_answer *a, enum otlp_protocol protocol);
void otlp_answer__free(struct otlp_answer *a);
/* As after init, keeping the memory. */
void otlp_answer__reset(struct otlp_answer *a);

/* A header line or a trailer, with or without its line end; a status line
 * forgets those of the response before it (100 Continue). False: there are
 * more than is allowed. */
bool otlp_answer__header(struct otlp_answer *a, const char *line, size_t len);

/* Bytes of the body. False: there are more than is allowed, the rest is of no
 * interest. */
bool otlp_answer__body(struct otlp_answer *a, const void *bytes, size_t len);

/* Fill outcome, retry_after, rejected and err of a reply.
 *
 * HTTP: 2xx is taken, even if its body makes no sense; 429, 502, 503 and 504
 * are to be retried, 413 is too large, everything else is refused.
 * gRPC: OK is taken; CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE,
 * UNAVAILABLE and DATA_LOSS are to be retried, RESOURCE_EXHAUSTED if it says
 * when, or else is too large if it speaks of size; everything else is refused,
 * as is an answer without a status, but for 429, 502, 503, 504 and 413. */
void otlp_answer__judge(const struct otlp_answer *a, struct otlp_reply *reply);

#endif
