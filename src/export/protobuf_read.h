/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads the fields of a protobuf message that a stranger sent, one after
 * another, and never beyond its end. Bytes are not copied.
 */
#ifndef REQTRACE_EXPORT_PROTOBUF_READ_H
#define REQTRACE_EXPORT_PROTOBUF_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum protobuf_wire {
	PROTOBUF_VARINT = 0,
	PROTOBUF_I64 = 1,
	PROTOBUF_LEN = 2,
	PROTOBUF_I32 = 5,
};

struct protobuf_reader {
	const uint8_t *at, *end;
	bool bad; /* the message is none */
};

struct protobuf_field {
	uint32_t number;
	enum protobuf_wire wire;
	uint64_t value;	      /* VARINT */
	const uint8_t *bytes; /* LEN: text, bytes or a message */
	size_t len;
};

void protobuf_read__begin(struct protobuf_reader *r, const void *bytes,
			  size_t len);

/* The next field; false at the end, and at what is no field (r->bad). */
bool protobuf_read__next(struct protobuf_reader *r, struct protobuf_field *f);

#endif
