/* SPDX-License-Identifier: GPL-2.0-only */
/* Text of lines "key=value". */
#ifndef REQTRACE_BASE_LINES_H
#define REQTRACE_BASE_LINES_H

#include <stddef.h>

/* The value of key in text (NULL: no lines), which is not terminated, its
 * length in *len; or NULL. */
const char *lines__value(const char *text, const char *key, size_t *len);

#endif
