/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes protobuf messages into a buffer, in one pass and as short as they can
 * be. A failure is the buffer's and told by it at the end. What a field is
 * comes from the .proto file; a field with its default value is written like
 * any other, so whoever wants it left out does not write it.
 */
#ifndef REQTRACE_EXPORT_PROTOBUF_H
#define REQTRACE_EXPORT_PROTOBUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Fields with their tags. */
/* uint32, uint64, int64 that is not negative, bool, enum */
void protobuf__varint(struct buffer *b, unsigned field, uint64_t value);
/* int32, int64 */
void protobuf__int(struct buffer *b, unsigned field, int64_t value);
/* sint32, sint64 */
void protobuf__sint(struct buffer *b, unsigned field, int64_t value);
void protobuf__fixed32(struct buffer *b, unsigned field, uint32_t value);
/* fixed64, sfixed64 */
void protobuf__fixed64(struct buffer *b, unsigned field, uint64_t value);
void protobuf__double(struct buffer *b, unsigned field, double value);
void protobuf__bytes(struct buffer *b, unsigned field, const void *bytes,
		     size_t len);
void protobuf__text(struct buffer *b, unsigned field, const char *text);

/*
 * What has a length: a message, or a packed field, whose values come without
 * tags between begin and end. Field 0 has no tag: a stream of messages that are
 * delimited by their lengths. begin returns what end takes; end in the order
 * opposite to begin's.
 */
size_t protobuf__begin(struct buffer *b, unsigned field);
void protobuf__end(struct buffer *b, size_t begun);

/* At most so much does end add to a message that is still open. */
#define PROTOBUF_END_MAX 9

/* Values of packed fields. */
void protobuf__put_varint(struct buffer *b, uint64_t value);
void protobuf__put_sint(struct buffer *b, int64_t value);
void protobuf__put_fixed64(struct buffer *b, uint64_t value);
void protobuf__put_double(struct buffer *b, double value);

#endif
