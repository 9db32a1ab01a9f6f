/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bounded set of strings, each kept once, so that equal strings have equal
 * addresses. Memory: 56 bytes and the text for each string.
 */
#ifndef REQTRACE_BASE_INTERN_H
#define REQTRACE_BASE_INTERN_H

#include <stddef.h>

struct intern_string;

struct intern {
	struct intern_string *strings;
	size_t max; /* strings kept at most */
};

void intern__init(struct intern *in, size_t max);
void intern__free(struct intern *in);

/* in's copy of the len bytes at text, or NULL: adds nothing. */
const char *intern__find(const struct intern *in, const char *text, size_t len);

/* *out is in's copy of the len bytes at text, made safe to show
 * (base/utf8.h); it lives as long as in. 0, -ENOMEM, or -ENOSPC when the
 * bound is hit and the text is new; *out is untouched on errors. */
int intern__get(struct intern *in, const char *text, size_t len,
		const char **out);

#endif
