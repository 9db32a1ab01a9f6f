/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text from strangers (process names, paths, recordings) made safe for a
 * terminal and for JSON: valid UTF-8 (RFC 3629) without control characters
 * and without the marks that reorder text on a screen (Unicode UAX 9).
 */
#ifndef REQTRACE_BASE_UTF8_H
#define REQTRACE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* True if all len bytes of text are safe to show. */
bool utf8__printable(const char *text, size_t len);

/* Copy len bytes of text to out (len + 1 bytes) and terminate it; every byte
 * that is not part of a safe character becomes '?'. out may be text itself. */
void utf8__clean(const char *text, size_t len, char *out);

#endif
