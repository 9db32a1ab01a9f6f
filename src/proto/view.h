/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One direction of an exchange as a parser sees it: the bytes that were
 * captured, and how many there were. Owns the rule that tells "not sent yet"
 * from "sent, but not captured".
 */
#ifndef REQTRACE_PROTO_VIEW_H
#define REQTRACE_PROTO_VIEW_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
	const uint8_t *data; /* the first len bytes */
	size_t len;
	uint64_t total; /* >= len: bytes that were sent */
};

struct span {
	const uint8_t *data;
	size_t len;
};

enum seen {
	SEEN_WHOLE, /* it is there, to its last byte */
	SEEN_SHORT, /* it was not sent whole: more must follow */
	SEEN_CUT,   /* the bytes that would tell were not captured */
	SEEN_BAD,   /* this is something else */
};

/* Why the byte at pos (>= v->len) is missing: SEEN_SHORT or SEEN_CUT. */
static inline enum seen view__missing(const struct view *v, uint64_t pos)
{
	return pos >= v->total ? SEEN_SHORT : SEEN_CUT;
}

/* Move *pos over n bytes, captured or not. SEEN_SHORT (and *pos as it was)
 * when they were not all sent. */
static inline enum seen view__skip(const struct view *v, uint64_t *pos,
				   uint64_t n)
{
	if (*pos > v->total || n > v->total - *pos)
		return SEEN_SHORT;
	*pos += n;
	return SEEN_WHOLE;
}

/* The line at *pos without its end (CRLF, or LF alone); *pos moves behind
 * it. When it is not seen whole *line is what is there of it. */
static inline enum seen view__line(const struct view *v, uint64_t *pos,
				   struct span *line)
{
	const uint8_t *start, *lf;

	*line = (struct span){0};
	if (*pos >= v->len)
		return view__missing(v, *pos);
	start = v->data + *pos;
	line->data = start;
	line->len = v->len - *pos;
	lf = memchr(start, '\n', line->len);
	if (!lf)
		return view__missing(v, v->len);
	line->len = lf - start;
	*pos += line->len + 1;
	if (line->len && line->data[line->len - 1] == '\r')
		line->len--;
	return SEEN_WHOLE;
}

#endif
