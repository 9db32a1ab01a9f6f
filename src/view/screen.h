/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text of unknown origin on a screen of columns: names come from processes
 * and requests, may be any bytes, and may be wide. Widths are those of the
 * C library (wcwidth), which ncurses uses too.
 */
#ifndef REQTRACE_VIEW_SCREEN_H
#define REQTRACE_VIEW_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

/* Copy src to dst[size], cut at a character: no control or direction-changing
 * characters, no invalid bytes (a replacement character instead); only ASCII
 * unless utf8. */
void screen__clean(char *dst, size_t size, const char *src, bool utf8);

/* A valid UTF-8 copy of src, else unchanged; NULL when out of memory. */
char *screen__repair(const char *src);

/* Columns that clean text takes. */
size_t screen__width(const char *text);

/* Bytes of the longest beginning of clean text that fits into columns;
 * *used (if not NULL) gets the columns that it takes. */
size_t screen__fit(const char *text, size_t columns, size_t *used);

/* Clean text in exactly columns columns into buf[size] (at most 4 bytes a
 * column): padded at the end (or at the beginning, if right), or cut with an
 * ellipsis ('~' unless utf8). Returns buf. */
char *screen__pad(char *buf, size_t size, const char *text, size_t columns,
		  bool right, bool utf8);

#endif
