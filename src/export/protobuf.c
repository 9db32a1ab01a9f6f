// SPDX-License-Identifier: GPL-2.0-only
/*
 * See protobuf.h. The length of a message stands before it and is known after
 * it: one byte is kept free, which is enough for most; what is longer moves.
 *
 *	 begin                      end, of 300 bytes
 *	 v                          v
 *	[tag][ . ][300 bytes]  →   [tag][ac][02][300 bytes]
 */
#include "export/protobuf.h"

#include <endian.h>
#include <string.h>

enum { VARINT = 0, FIXED64 = 1, DELIMITED = 2, FIXED32 = 5 };

/* A tag and a varint, or two. */
struct bytes {
	uint8_t byte[20];
	size_t len;
};

static void add_varint(struct bytes *to, uint64_t value)
{
	while (value >= 0x80) {
		to->byte[to->len++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	to->byte[to->len++] = (uint8_t)value;
}

static void add_tag(struct bytes *to, unsigned field, unsigned type)
{
	add_varint(to, (uint64_t)field << 3 | type);
}

static void add_fixed64(struct bytes *to, uint64_t value)
{
	value = htole64(value);
	memcpy(&to->byte[to->len], &value, sizeof(value));
	to->len += sizeof(value);
}

static void put(struct buffer *b, const struct bytes *bytes)
{
	buffer__add(b, bytes->byte, bytes->len);
}

static uint64_t zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static uint64_t bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

void protobuf__varint(struct buffer *b, unsigned field, uint64_t value)
{
	struct bytes bytes = {.len = 0};

	add_tag(&bytes, field, VARINT);
	add_varint(&bytes, value);
	put(b, &bytes);
}

void protobuf__int(struct buffer *b, unsigned field, int64_t value)
{
	protobuf__varint(b, field, (uint64_t)value);
}

void protobuf__sint(struct buffer *b, unsigned field, int64_t value)
{
	protobuf__varint(b, field, zigzag(value));
}

void protobuf__fixed32(struct buffer *b, unsigned field, uint32_t value)
{
	struct bytes bytes = {.len = 0};

	add_tag(&bytes, field, FIXED32);
	value = htole32(value);
	memcpy(&bytes.byte[bytes.len], &value, sizeof(value));
	bytes.len += sizeof(value);
	put(b, &bytes);
}

void protobuf__fixed64(struct buffer *b, unsigned field, uint64_t value)
{
	struct bytes bytes = {.len = 0};

	add_tag(&bytes, field, FIXED64);
	add_fixed64(&bytes, value);
	put(b, &bytes);
}

void protobuf__double(struct buffer *b, unsigned field, double value)
{
	protobuf__fixed64(b, field, bits_of(value));
}

void protobuf__bytes(struct buffer *b, unsigned field, const void *data,
		     size_t len)
{
	struct bytes bytes = {.len = 0};

	add_tag(&bytes, field, DELIMITED);
	add_varint(&bytes, len);
	put(b, &bytes);
	buffer__add(b, data, len);
}

void protobuf__text(struct buffer *b, unsigned field, const char *text)
{
	protobuf__bytes(b, field, text, strlen(text));
}

size_t protobuf__begin(struct buffer *b, unsigned field)
{
	struct bytes bytes = {.len = 0};

	if (field)
		add_tag(&bytes, field, DELIMITED);
	bytes.byte[bytes.len++] = 0;
	put(b, &bytes);
	return b->len;
}

void protobuf__end(struct buffer *b, size_t begun)
{
	const size_t len = b->len - begun;
	struct bytes length = {.len = 0};
	uint8_t *at;

	if (b->err)
		return;
	add_varint(&length, len);
	if (length.len > 1 && !buffer__grow(b, length.len - 1))
		return;
	at = b->data + begun - 1;
	if (length.len > 1)
		memmove(at + length.len, at + 1, len);
	memcpy(at, length.byte, length.len);
}

void protobuf__put_varint(struct buffer *b, uint64_t value)
{
	struct bytes bytes = {.len = 0};

	add_varint(&bytes, value);
	put(b, &bytes);
}

void protobuf__put_sint(struct buffer *b, int64_t value)
{
	protobuf__put_varint(b, zigzag(value));
}

void protobuf__put_fixed64(struct buffer *b, uint64_t value)
{
	struct bytes bytes = {.len = 0};

	add_fixed64(&bytes, value);
	put(b, &bytes);
}

void protobuf__put_double(struct buffer *b, double value)
{
	protobuf__put_fixed64(b, bits_of(value));
}
