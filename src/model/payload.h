/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Payload that must wait: request bytes that came ahead of their exchange
 * (RT_REC_DATA), and the bytes of a turn that the next one may continue. All
 * of it together stays below PAYLOADS_MAX.
 */
#ifndef REQTRACE_MODEL_PAYLOAD_H
#define REQTRACE_MODEL_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "proto/proto.h"
#include "reqtrace/record.h"

/* Request bytes known of one exchange at most. */
#define PAYLOAD_REQUEST_MAX (RT_REQUEST_CAP + RT_DATA_MAX)
/* About two thousand connections with whole pipelines in flight. */
#define PAYLOADS_MAX (32u << 20)

/* Contiguous bytes of the request of exchange seq, from offset start on. */
struct payload {
	uint64_t cookie;
	uint32_t seq;
	uint32_t start;
	size_t len;
	uint8_t *bytes;
	UT_hash_handle hh;
};

/* First bytes of both sides of a turn, kept while it may be continued. */
struct capture {
	size_t request_len, response_len;
	uint8_t bytes[]; /* request, then response */
};

struct payloads {
	struct payload *by_cookie; /* oldest first */
	size_t used;		   /* bytes */
};

void payloads__init(struct payloads *ps);
void payloads__free(struct payloads *ps); /* captures are their turn's */

/* Keep the bytes of an RT_REC_DATA if they follow what is there; the oldest
 * payloads make room. 0 or -ENOMEM. */
int payloads__add(struct payloads *ps, const struct rt_data *data,
		  const uint8_t *bytes);

/* NULL when nothing is known of this exchange. */
const struct payload *payloads__find(const struct payloads *ps, uint64_t cookie,
				     uint32_t seq);

/* Forget the bytes of cookie up to exchange seq; or all. */
void payloads__settle(struct payloads *ps, uint64_t cookie, uint32_t seq);
void payloads__drop(struct payloads *ps, uint64_t cookie);

/* Copy of the bytes of in. NULL when the bound is hit or memory is short. */
struct capture *payloads__capture(struct payloads *ps,
				  const struct proto_input *in);
void payloads__release(struct payloads *ps, struct capture *c); /* or NULL */

#endif
