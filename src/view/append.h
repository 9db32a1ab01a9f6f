/* SPDX-License-Identifier: GPL-2.0-only */
/* Text that is put together piece by piece in a buffer of a fixed size. */
#ifndef REQTRACE_VIEW_APPEND_H
#define REQTRACE_VIEW_APPEND_H

#include <stddef.h>

struct append {
	char *buf; /* holds a string, "" at first */
	size_t size, used;
};

/* What does not fit is cut. */
void append__text(struct append *a, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
