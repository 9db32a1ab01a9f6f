/* SPDX-License-Identifier: GPL-2.0-only */
/* See append.h. */
#include <stdarg.h>
#include <stdio.h>

#include "view/append.h"

void append__text(struct append *a, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(a->buf + a->used, a->size - a->used, format, args);
	va_end(args);
	a->used += n;
	if (a->used >= a->size)
		a->used = a->size - 1;
}
