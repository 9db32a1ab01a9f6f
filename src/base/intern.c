/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns one copy of every distinct string it is fed, and hands out its address
 * until it is freed.
 */
#include "base/intern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/utf8.h"

struct intern_string {
	UT_hash_handle hh;
	char text[];
};

void intern__init(struct intern *in, size_t max)
{
	in->strings = NULL;
	in->max = max;
}

void intern__free(struct intern *in)
{
	struct intern_string *s, *next;

	HASH_ITER (hh, in->strings, s, next) {
		HASH_DEL(in->strings, s);
		free(s);
	}
}

const char *intern__find(const struct intern *in, const char *text, size_t len)
{
	struct intern_string *s;

	HASH_FIND(hh, in->strings, text, len, s);
	return s ? s->text : NULL;
}

static int intern_add(struct intern *in, const char *text, size_t len,
		      const char **out)
{
	struct intern_string *s;

	if (HASH_COUNT(in->strings) >= in->max)
		return -ENOSPC;
	s = malloc(sizeof(*s) + len + 1);
	if (!s)
		return -ENOMEM;
	memcpy(s->text, text, len);
	s->text[len] = '\0';
	HASH_ADD(hh, in->strings, text[0], len, s);
	if (!s->hh.tbl) {
		free(s);
		return -ENOMEM;
	}
	*out = s->text;
	return 0;
}

/* Unsafe text is rare, so it pays for its own cleaned copy. */
static int intern_unsafe(struct intern *in, const char *text, size_t len,
			 const char **out)
{
	char *clean = malloc(len + 1);
	int err;

	if (!clean)
		return -ENOMEM;
	utf8__clean(text, len, clean);
	err = intern__get(in, clean, len, out);
	free(clean);
	return err;
}

int intern__get(struct intern *in, const char *text, size_t len,
		const char **out)
{
	const char *known = intern__find(in, text, len);

	if (known) {
		*out = known;
		return 0;
	}
	if (!utf8__printable(text, len))
		return intern_unsafe(in, text, len, out);
	return intern_add(in, text, len, out);
}
