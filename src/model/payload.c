/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns request bytes that wait for their exchange, within one global bound.
 * Fed RT_REC_DATA and parsed turns, yields contiguous bytes.
 */
#include "model/payload.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void payloads__init(struct payloads *ps)
{
	ps->by_cookie = NULL;
	ps->used = 0;
}

static size_t payload_size(const struct payload *p)
{
	return sizeof(*p) + p->len;
}

static void payload_remove(struct payloads *ps, struct payload *p)
{
	ps->used -= payload_size(p);
	HASH_DEL(ps->by_cookie, p);
	free(p->bytes);
	free(p);
}

void payloads__free(struct payloads *ps)
{
	struct payload *p, *next;

	HASH_ITER (hh, ps->by_cookie, p, next)
		payload_remove(ps, p);
}

static struct payload *payload_find(const struct payloads *ps, uint64_t cookie)
{
	struct payload *p;

	HASH_FIND(hh, ps->by_cookie, &cookie, sizeof(cookie), p);
	return p;
}

/* True if size more bytes fit once the oldest payloads other than keep are
 * gone; those are of exchanges that lost their own record, most likely. */
static bool make_room(struct payloads *ps, size_t size,
		      const struct payload *keep)
{
	struct payload *p, *next;

	HASH_ITER (hh, ps->by_cookie, p, next) {
		if (ps->used + size <= PAYLOADS_MAX)
			break;
		if (p != keep)
			payload_remove(ps, p);
	}
	return ps->used + size <= PAYLOADS_MAX;
}

static struct payload *payload_new(struct payloads *ps,
				   const struct rt_data *data)
{
	struct payload *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->cookie = data->cookie;
	p->seq = data->seq;
	p->start = data->offset;
	HASH_ADD(hh, ps->by_cookie, cookie, sizeof(p->cookie), p);
	if (!p->hh.tbl) {
		free(p);
		return NULL;
	}
	ps->used += payload_size(p);
	return p;
}

static int payload_append(struct payloads *ps, struct payload *p,
			  const uint8_t *bytes, size_t len)
{
	uint8_t *grown = realloc(p->bytes, p->len + len);

	if (!grown)
		return -ENOMEM;
	memcpy(grown + p->len, bytes, len);
	p->bytes = grown;
	p->len += len;
	ps->used += len;
	return 0;
}

/* Serial numbers: true if a comes before b, across the wrap. */
static bool seq_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

int payloads__add(struct payloads *ps, const struct rt_data *data,
		  const uint8_t *bytes)
{
	struct payload *p = payload_find(ps, data->cookie);
	size_t size = sizeof(*p) + data->len;

	if (p && seq_before(p->seq, data->seq)) {
		payload_remove(ps, p);
		p = NULL;
	}
	/* Bytes past a gap are of no use to a parser. */
	if (data->len == 0 || (!p && data->offset > RT_REQUEST_CAP))
		return 0;
	if (p && (p->seq != data->seq || data->offset != p->start + p->len ||
		  p->len + data->len > RT_DATA_MAX))
		return 0;
	if (!make_room(ps, size, p))
		return 0;
	if (!p)
		p = payload_new(ps, data);
	return p ? payload_append(ps, p, bytes, data->len) : -ENOMEM;
}

const struct payload *payloads__find(const struct payloads *ps, uint64_t cookie,
				     uint32_t seq)
{
	const struct payload *p = payload_find(ps, cookie);

	return p && p->seq == seq ? p : NULL;
}

void payloads__settle(struct payloads *ps, uint64_t cookie, uint32_t seq)
{
	struct payload *p = payload_find(ps, cookie);

	if (p && !seq_before(seq, p->seq))
		payload_remove(ps, p);
}

void payloads__drop(struct payloads *ps, uint64_t cookie)
{
	struct payload *p = payload_find(ps, cookie);

	if (p)
		payload_remove(ps, p);
}

static size_t capture_size(size_t request_len, size_t response_len)
{
	return sizeof(struct capture) + request_len + response_len;
}

struct capture *payloads__capture(struct payloads *ps,
				  const struct proto_input *in)
{
	size_t size = capture_size(in->request_len, in->response_len);
	struct capture *c;

	if (!make_room(ps, size, NULL))
		return NULL;
	c = malloc(size);
	if (!c)
		return NULL;
	c->request_len = in->request_len;
	c->response_len = in->response_len;
	memcpy(c->bytes, in->request, in->request_len);
	memcpy(c->bytes + in->request_len, in->response, in->response_len);
	ps->used += size;
	return c;
}

void payloads__release(struct payloads *ps, struct capture *c)
{
	if (!c)
		return;
	ps->used -= capture_size(c->request_len, c->response_len);
	free(c);
}
