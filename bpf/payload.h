/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bytes of a receive or send, found without tracing system calls: what an
 * engine hooks runs in the caller's context, so its saved registers still hold
 * the system call's number, fd and buffer. Trampolines have the message itself.
 */
#ifndef REQTRACE_BPF_PAYLOAD_H
#define REQTRACE_BPF_PAYLOAD_H

#include "exchange.h"

#define PAYLOAD_SEGMENTS 4
#define PAYLOAD_APPEND (RT_REQUEST_CAP / 2)

/* The user memory that a call moved, as far as its first segments go. */
struct segments {
	u64 base[PAYLOAD_SEGMENTS];
	u32 len[PAYLOAD_SEGMENTS];
	u32 total;  /* bytes that the call moved */
	bool known; /* false: nothing can be read */
};

/*
 * Global functions, in payload.bpf.c: the verifier looks at each once.
 */

/* 1 if the current task is in a splice() call, else 0. */
int payload__by_splice(void);

/* If the call in flight moved nothing but a TLS alert, or its header (which
 * OpenSSL reads first), how many bytes of it are left; else -1. */
int payload__tls_alert(struct moved *m);

/* Where the bytes of the call in flight are. Always 0. */
int payload__locate(struct segments *s, struct moved *m);

/*
 * Append to the len bytes that the payload holds of this side so far, from
 * payload[start] on (start <= RT_REQUEST_CAP): at most 256 at first, later 128
 * more as long as there are fewer than 128, so that start + len + n stays
 * within the payload by bounds that the verifier can follow.
 * Returns the new length.
 */
u32 payload__append(struct conn *c, u32 start, u32 len, struct segments *s);

/* The last bytes of a send into ex.tail, right-aligned; 0: not found. */
int payload__tail(struct conn *c, struct segments *s);

/* Send n bytes from user memory, which are at offset at of the request, as
 * an RT_REC_DATA. 0, or -1 if that was not possible. */
int payload__chunk(struct conn *c, u64 from, u32 n, u32 at);

/* Send the bytes of this call that lie past what the payload keeps, from
 * offset skip of the call on; at is their offset in the request. */
static __always_inline void payload__data(struct conn *c, struct segments *s,
					  u32 skip, u32 at)
{
	for (u32 i = 0; i < RT_DATA_MAX / RT_DATA_CHUNK; i++) {
		u32 n = s->len[0] - skip;

		if (skip >= s->len[0])
			return;
		if (c->datas >= RT_DATA_RECORDS ||
		    c->data_bytes >= RT_DATA_MAX) {
			c->ex.header.flags |= RT_EX_DATA_CUT;
			return;
		}
		n = n < RT_DATA_CHUNK ? n : RT_DATA_CHUNK;
		if (payload__chunk(c, s->base[0] + skip, n, at))
			return;
		skip += n;
		at += n;
	}
}

#endif
