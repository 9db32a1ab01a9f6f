/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RESP2 and RESP3 as bytes. Fed one side of an exchange, yields where
 * elements end. Lengths are announced, so it walks over what was not
 * captured.
 */
#include "proto/resp.h"

/* More elements than any reply has: keeps the sum of nested counts, at most
 * one such number for every 4 bytes, within 64 bits. */
#define ELEMENTS_MAX INT32_MAX

/* Redis' own upper limit is proto-max-bulk-len, by default 512 MiB. */
#define BULK_MAX (INT64_MAX / 2)

bool resp__is_type(uint8_t c)
{
	return c && strchr("+-:$*_,#!=(%~>|", c);
}

/* A line that ends in CRLF: unlike HTTP, a bare LF is no line end here. */
static enum seen resp__line(const struct view *v, uint64_t *pos,
			    struct span *line)
{
	uint64_t next = *pos;
	enum seen seen = view__line(v, &next, line);

	if (seen != SEEN_WHOLE)
		return seen;
	if (next - *pos != line->len + 2)
		return SEEN_BAD;
	*pos = next;
	return SEEN_WHOLE;
}

/* A number as nearly all are: few digits, and all of the line was captured. */
static inline bool number__is_short(const struct view *v, uint64_t *pos,
				    int64_t *n)
{
	uint64_t i = *pos + 1;
	const uint64_t last = i + 6;

	*n = 0;
	if (*pos >= v->len)
		return false;
	for (; i < v->len && v->data[i] >= '0' && v->data[i] <= '9'; i++) {
		if (i == last)
			return false;
		*n = *n * 10 + (v->data[i] - '0');
	}
	if (i == *pos + 1 || i + 2 > v->len || v->data[i] != '\r' ||
	    v->data[i + 1] != '\n')
		return false;
	*pos = i + 2;
	return true;
}

enum seen resp__number(const struct view *v, uint64_t *pos, int64_t *n)
{
	struct span line;
	bool negative;
	enum seen seen;
	size_t i;

	if (number__is_short(v, pos, n))
		return SEEN_WHOLE;
	*n = 0;
	seen = resp__line(v, pos, &line);
	if (seen != SEEN_WHOLE)
		return seen;
	negative = line.len > 1 && line.data[1] == '-';
	i = 1 + negative;
	/* 18 digits fit 63 bits. */
	if (line.len <= i || line.len - i > 18)
		return SEEN_BAD;
	for (; i < line.len; i++) {
		if (line.data[i] < '0' || line.data[i] > '9')
			return SEEN_BAD;
		*n = *n * 10 + (line.data[i] - '0');
	}
	if (negative)
		*n = -*n;
	return SEEN_WHOLE;
}

/* The body of n bytes and its CRLF at *pos. */
static enum seen bulk__walk(const struct view *v, uint64_t *pos, int64_t n,
			    struct resp_bulk *bulk)
{
	uint64_t end, len = n;
	size_t left;

	if (n < 0 || n > BULK_MAX)
		return SEEN_BAD;
	bulk->len = len;
	if (*pos <= v->len) {
		left = v->len - *pos;
		bulk->seen.data = v->data + *pos;
		bulk->seen.len = left < len ? left : len;
		bulk->whole = bulk->seen.len == len;
	}
	end = *pos + len;
	if ((end < v->len && v->data[end] != '\r') ||
	    (end + 1 < v->len && v->data[end + 1] != '\n'))
		return SEEN_BAD;
	return view__skip(v, pos, len + 2);
}

enum seen resp__bulk(const struct view *v, uint64_t *pos,
		     struct resp_bulk *bulk)
{
	enum seen seen;
	int64_t n;

	*bulk = (struct resp_bulk){0};
	if (*pos < v->len && v->data[*pos] != '$')
		return SEEN_BAD;
	seen = resp__number(v, pos, &n);
	return seen == SEEN_WHOLE ? bulk__walk(v, pos, n, bulk) : seen;
}

/* The element at *pos without what is nested in it: *children elements
 * follow. *text is what an error says. */
static enum seen element__walk(const struct view *v, uint64_t *pos,
			       uint64_t *children, struct span *text)
{
	struct resp_bulk bulk = {0};
	uint8_t type = v->data[*pos];
	enum seen seen;
	int64_t n;

	*children = 0;
	switch (type) {
	case '+':
	case '-':
	case ':':
	case '_':
	case ',':
	case '#':
	case '(':
		seen = resp__line(v, pos, text);
		if (text->len) {
			text->data++;
			text->len--;
		}
		return seen;
	case '$':
	case '!':
	case '=':
	case '*':
	case '~':
	case '>':
	case '%':
	case '|':
		break;
	default:
		return SEEN_BAD;
	}
	seen = resp__number(v, pos, &n);
	if (seen != SEEN_WHOLE)
		return seen;
	/* RESP2's null: "$-1" and "*-1" */
	if (n == -1 && (type == '$' || type == '*'))
		return SEEN_WHOLE;
	if (type == '$' || type == '!' || type == '=') {
		seen = bulk__walk(v, pos, n, &bulk);
		*text = bulk.seen;
		return seen;
	}
	if (n < 0 || n > ELEMENTS_MAX)
		return SEEN_BAD;
	*children = type == '%' || type == '|' ? 2 * (uint64_t)n : (uint64_t)n;
	return SEEN_WHOLE;
}

enum seen resp__reply(const struct view *v, uint64_t *pos,
		      struct resp_reply *reply)
{
	uint64_t next = *pos, pending = 1, children;
	struct span text;
	enum seen seen;
	uint8_t type;

	*reply = (struct resp_reply){0};
	while (pending) {
		if (next >= v->len)
			return view__missing(v, next);
		type = v->data[next];
		text = (struct span){0};
		seen = element__walk(v, &next, &children, &text);
		if (seen == SEEN_BAD)
			return seen;
		/* Attributes stand before what they describe. */
		if (!reply->type && pending == 1 && type != '|') {
			reply->type = type;
			reply->error = type == '-' || type == '!';
			reply->text = text;
		}
		if (seen != SEEN_WHOLE)
			return seen;
		pending += children - (type != '|');
	}
	*pos = next;
	return SEEN_WHOLE;
}
