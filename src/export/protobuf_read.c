// SPDX-License-Identifier: GPL-2.0-only
/* See protobuf_read.h. */
#include "export/protobuf_read.h"

#include <string.h>

void protobuf_read__begin(struct protobuf_reader *r, const void *bytes,
			  size_t len)
{
	r->at = bytes;
	r->end = r->at + len;
	r->bad = false;
}

/* Seven bits a byte, the lowest first, ten bytes at most. */
static uint64_t reader__varint(struct protobuf_reader *r)
{
	uint64_t n = 0;

	for (int shift = 0; shift < 70; shift += 7) {
		uint8_t byte;

		if (r->at == r->end)
			break;
		byte = *r->at++;
		if (shift < 64)
			n |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return n;
	}
	r->bad = true;
	return 0;
}

/* len bytes of r, which it goes past. */
static const uint8_t *reader__bytes(struct protobuf_reader *r, uint64_t len)
{
	const uint8_t *bytes = r->at;

	if (len > (size_t)(r->end - r->at)) {
		r->bad = true;
		return NULL;
	}
	r->at += len;
	return bytes;
}

bool protobuf_read__next(struct protobuf_reader *r, struct protobuf_field *f)
{
	uint64_t key;

	memset(f, 0, sizeof(*f));
	if (r->bad || r->at == r->end)
		return false;
	key = reader__varint(r);
	f->number = key >> 3;
	f->wire = key & 7;
	if (key >> 32 || !f->number)
		r->bad = true;
	else if (f->wire == PROTOBUF_VARINT)
		f->value = reader__varint(r);
	else if (f->wire == PROTOBUF_LEN)
		f->len = reader__varint(r);
	else if (f->wire == PROTOBUF_I64)
		f->len = 8;
	else if (f->wire == PROTOBUF_I32)
		f->len = 4;
	else
		r->bad = true;
	if (!r->bad && f->wire != PROTOBUF_VARINT)
		f->bytes = reader__bytes(r, f->len);
	return !r->bad;
}
