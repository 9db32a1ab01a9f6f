/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One clear sentence about what went wrong and what to do, made where the
 * cause is known and printed by app.c only.
 */
#ifndef REQTRACE_BASE_ERROR_H
#define REQTRACE_BASE_ERROR_H

struct error {
	char text[512];
};

/* Set the sentence, printf-style. Returns code, so that a caller can write
 * `return error__set(err, -ENOENT, "...")`. err may be NULL. */
int error__set(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
