// SPDX-License-Identifier: GPL-2.0-only
/* See lookup.h: open addressing, linear probing; a removal moves back what
 * comes after it, so there are no marks of removed ones to step over. */
#include "base/lookup.h"

#include <errno.h>
#include <stdlib.h>

#define BITS_MIN 4

void lookup__free(struct lookup *l)
{
	free(l->slot);
	*l = (struct lookup){0};
}

static void put(struct lookup *l, uint64_t key, void *value)
{
	const size_t mask = ((size_t)1 << l->bits) - 1;
	size_t i = lookup__home(l, key);

	while (l->slot[i].value)
		i = (i + 1) & mask;
	l->slot[i] = (struct lookup_slot){key, value};
}

static int grow(struct lookup *l)
{
	struct lookup more = {.bits = l->slot ? l->bits + 1 : BITS_MIN,
			      .len = l->len};
	size_t at = 0;

	more.slot = calloc((size_t)1 << more.bits, sizeof(*more.slot));
	if (!more.slot)
		return -ENOMEM;
	for (; l->slot && at < (size_t)1 << l->bits; at++)
		if (l->slot[at].value)
			put(&more, l->slot[at].key, l->slot[at].value);
	free(l->slot);
	*l = more;
	return 0;
}

int lookup__add(struct lookup *l, uint64_t key, void *value)
{
	/* Fuller ones take many steps to find that a key is not there. */
	if (!l->slot || (l->len + 1) * 16 > ((size_t)13 << l->bits)) {
		int err = grow(l);

		if (err)
			return err;
	}
	put(l, key, value);
	l->len++;
	return 0;
}

void lookup__remove(struct lookup *l, uint64_t key)
{
	const size_t mask = ((size_t)1 << l->bits) - 1;
	size_t hole, i;

	if (!lookup__find(l, key))
		return;
	hole = lookup__home(l, key);
	while (l->slot[hole].key != key)
		hole = (hole + 1) & mask;
	for (i = (hole + 1) & mask; l->slot[i].value; i = (i + 1) & mask) {
		size_t home = lookup__home(l, l->slot[i].key);

		/* Is the hole on its way from home to i? */
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		l->slot[hole] = l->slot[i];
		hole = i;
	}
	l->slot[hole].value = NULL;
	l->len--;
}

void *lookup__next(const struct lookup *l, size_t *at)
{
	while (l->slot && *at < (size_t)1 << l->bits) {
		void *value = l->slot[(*at)++].value;

		if (value)
			return value;
	}
	return NULL;
}
