// SPDX-License-Identifier: GPL-2.0-only
/* See error.h. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

int error__set(struct error *err, int code, const char *format, ...)
{
	va_list args;

	if (!err)
		return code;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return code;
}
