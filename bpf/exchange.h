/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The exchange state machine: bytes in and bytes out of one connection make
 * exchanges. It is the same for both roles: "asked" is a receive in server
 * role and a send in client role, "answered" is the other one.
 *
 *   IDLE --asked--> REQUEST --answered--> RESPONSE --asked--> (finish) REQUEST
 *                     ^  | asked             ^  | answered
 *                     '--'                   '--'
 *
 * A close finishes what is open, from any phase. A connection joined midway
 * goes SKIP --answered--> PASS --asked--> REQUEST.
 */
#ifndef REQTRACE_BPF_EXCHANGE_H
#define REQTRACE_BPF_EXCHANGE_H

#include "conn.h"

/* Bytes that a call of the current task moved through a socket. */
struct moved {
	u64 now;
	u64 id;	    /* who: tgid << 32 | tid */
	u64 socket; /* address of its struct socket */
	u64 from;   /* where they are, if in one piece; 0: payload__locate() */
	u64 msg;    /* address of its struct msghdr; 0: not known */
	u32 bytes;
	u32 write_seq;	/* TCP: as it is now */
	u32 received;	/* 1: receive, 0: send */
	u32 unreadable; /* 1: its bytes are not where the call says */
	u32 further;	/* 1: not the first ones of its question or answer */
};

/* What bytes were of. */
enum {
	EXCHANGE_NEITHER = 0, /* of no exchange that is followed */
	EXCHANGE_BEGAN,	      /* the first ones of an exchange */
	EXCHANGE_MOVED,	      /* more of one */
};

/* Feed the state machine of an open connection. A global function, so that
 * the verifier looks at it once. The caller raises .changes when it has done
 * all that belongs to the bytes, as the sweep may copy what is half done. */
int exchange__moved(struct conn *c, struct moved *m);

#endif
