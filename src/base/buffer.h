/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes that grow up to a hard bound. A failure stays: what is added after it
 * is not, and buffer__failed tells once at the end.
 */
#ifndef REQTRACE_BASE_BUFFER_H
#define REQTRACE_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
	uint8_t *data; /* owned */
	size_t len, cap;
	size_t max; /* bytes at most */
	int err;    /* 0, -ENOMEM, or -EFBIG when max is hit */
};

void buffer__init(struct buffer *b, size_t max);
void buffer__free(struct buffer *b);  /* accepts an initialised one */
void buffer__clear(struct buffer *b); /* keeps the memory; forgets a failure */

void buffer__add(struct buffer *b, const void *bytes, size_t len);
void buffer__text(struct buffer *b, const char *text);
void buffer__format(struct buffer *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Room for len more bytes, which the caller fills; NULL after a failure. */
uint8_t *buffer__grow(struct buffer *b, size_t len);

#endif
