/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The Redis serialization protocol, versions 2 and 3: lengths, bulk strings
 * and whole replies. Knows no commands. For redis.c.
 */
#ifndef REQTRACE_PROTO_RESP_H
#define REQTRACE_PROTO_RESP_H

#include <stdbool.h>

#include "proto/view.h"

struct resp_bulk {
	uint64_t len;	  /* as announced */
	struct span seen; /* the captured part */
	bool whole;	  /* all of it was captured */
};

struct resp_reply {
	uint8_t type;	  /* its first byte; 0 when only attributes were seen */
	bool error;	  /* a simple or a bulk error */
	struct span text; /* of an error: the captured part */
};

/* Can a reply begin with this byte? */
bool resp__is_type(uint8_t c);

/* "*3\r\n": the number between the type byte at *pos and the line's end,
 * behind which *pos moves. Digits with at most one "-" only. */
enum seen resp__number(const struct view *v, uint64_t *pos, int64_t *n);

/* "$3\r\nfoo\r\n": move *pos behind it by its length, captured or not. *bulk
 * holds what was captured, also when it was not sent whole. */
enum seen resp__bulk(const struct view *v, uint64_t *pos,
		     struct resp_bulk *bulk);

/* One reply with all that is nested in it and the attributes before it. No
 * recursion: any depth is one counter. *pos moves when it is SEEN_WHOLE. */
enum seen resp__reply(const struct view *v, uint64_t *pos,
		      struct resp_reply *reply);

#endif
