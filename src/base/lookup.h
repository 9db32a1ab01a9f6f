/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table from 64-bit numbers to pointers, for socket cookies: one cache line
 * a look-up as a rule, where uthash takes one for its bucket and one for each
 * entry in it, and 56 bytes of the entry. In no order.
 *
 * Memory: 16 bytes a slot, of which 6 to 13 in 16 are used.
 */
#ifndef REQTRACE_BASE_LOOKUP_H
#define REQTRACE_BASE_LOOKUP_H

#include <stddef.h>
#include <stdint.h>

struct lookup_slot {
	uint64_t key;
	void *value; /* NULL: free */
};

/* Zeroed is empty. */
struct lookup {
	struct lookup_slot *slot; /* 1 << bits of them; owned */
	unsigned bits;
	size_t len; /* used ones */
};

/* Frees the table, not what it points to; it is empty then. */
void lookup__free(struct lookup *l);

/* key must not be there, value not be NULL. 0 or -ENOMEM. */
int lookup__add(struct lookup *l, uint64_t key, void *value);

/* No effect if it is not there. */
void lookup__remove(struct lookup *l, uint64_t key);

/* The values one by one, NULL at the end; *at begins with 0. The table must
 * not change meanwhile. */
void *lookup__next(const struct lookup *l, size_t *at);

/* Where a key is looked for first. Multiplied by 2^64 divided by the golden
 * ratio, numbers that follow each other are far apart in the high bits. */
static inline size_t lookup__home(const struct lookup *l, uint64_t key)
{
	return (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - l->bits));
}

/* Fetch into the cache what lookup__find will look at. */
static inline void lookup__prefetch(const struct lookup *l, uint64_t key)
{
	if (l->slot)
		__builtin_prefetch(&l->slot[lookup__home(l, key)]);
}

static inline void *lookup__find(const struct lookup *l, uint64_t key)
{
	const size_t mask = ((size_t)1 << l->bits) - 1;

	if (!l->len)
		return NULL;
	for (size_t i = lookup__home(l, key);; i = (i + 1) & mask)
		if (!l->slot[i].value || l->slot[i].key == key)
			return l->slot[i].value;
}

#endif
