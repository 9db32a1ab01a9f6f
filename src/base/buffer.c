// SPDX-License-Identifier: GPL-2.0-only
/* See buffer.h. There is always room for one byte more than .cap, for the zero
 * byte that formatting writes behind the text. */
#include "base/buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 256

void buffer__init(struct buffer *b, size_t max)
{
	*b = (struct buffer){.max = max};
}

void buffer__free(struct buffer *b)
{
	free(b->data);
	buffer__init(b, b->max);
}

void buffer__clear(struct buffer *b)
{
	b->len = 0;
	b->err = 0;
}

/* Twice what there was, or as much as is wanted, within the bound. */
static size_t next_cap(const struct buffer *b, size_t want)
{
	size_t cap = b->cap > b->max / 2 ? b->max : 2 * b->cap;

	if (cap < FIRST_CAP)
		cap = FIRST_CAP < b->max ? FIRST_CAP : b->max;
	return cap < want ? want : cap;
}

/* Memory for len more bytes, whether or not there was a failure before. */
static int reserve(struct buffer *b, size_t len)
{
	uint8_t *data;
	size_t cap;

	if (len > b->max - b->len)
		return -EFBIG;
	if (b->data && len <= b->cap - b->len)
		return 0;
	cap = next_cap(b, b->len + len);
	data = cap < SIZE_MAX ? realloc(b->data, cap + 1) : NULL;
	if (!data)
		return -ENOMEM;
	b->data = data;
	b->cap = cap;
	return 0;
}

uint8_t *buffer__grow(struct buffer *b, size_t len)
{
	uint8_t *at;

	if (!b->err)
		b->err = reserve(b, len);
	if (b->err)
		return NULL;
	at = b->data + b->len;
	b->len += len;
	return at;
}

void buffer__add(struct buffer *b, const void *bytes, size_t len)
{
	uint8_t *at = buffer__grow(b, len);

	if (at && len)
		memcpy(at, bytes, len);
}

void buffer__text(struct buffer *b, const char *text)
{
	buffer__add(b, text, strlen(text));
}

void buffer__format(struct buffer *b, const char *format, ...)
{
	va_list args;
	size_t room;
	int len;

	if (!b->err)
		b->err = reserve(b, 0);
	if (b->err)
		return;
	room = b->cap - b->len;
	va_start(args, format);
	len = vsnprintf((char *)b->data + b->len, room + 1, format, args);
	va_end(args);
	if (len < 0)
		b->err = errno == EOVERFLOW ? -EFBIG : -ENOMEM;
	else
		b->err = reserve(b, (size_t)len);
	if (b->err)
		return;
	/* It was cut off: once more, now that there is room. */
	if ((size_t)len > room) {
		va_start(args, format);
		vsnprintf((char *)b->data + b->len, (size_t)len + 1, format,
			  args);
		va_end(args);
	}
	b->len += (size_t)len;
}
