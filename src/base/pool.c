// SPDX-License-Identifier: GPL-2.0-only
/* See pool.h. Lists go through the first word of what is in them. */
#include "base/pool.h"

#include <stdlib.h>
#include <string.h>

/* The first cache line of a chunk is its place in the list. */
#define CHUNK (64u << 10)

static void *pop(void **list)
{
	void *first = *list;

	if (first)
		*list = *(void **)first;
	return first;
}

static void push(void **list, void *object)
{
	*(void **)object = *list;
	*list = object;
}

void pool__free(struct pool *p)
{
	void *chunk;

	while ((chunk = pop(&p->chunk)))
		free(chunk);
	*p = (struct pool){.size = p->size};
}

void *pool__get(struct pool *p)
{
	void *object = pop(&p->given);

	if (!object && !p->left) {
		char *chunk = aligned_alloc(POOL_LINE, CHUNK);

		if (!chunk)
			return NULL;
		push(&p->chunk, chunk);
		p->next = chunk + POOL_LINE;
		p->left = (CHUNK - POOL_LINE) / p->size;
	}
	if (!object) {
		object = p->next;
		p->next += p->size;
		p->left--;
	}
	memset(object, 0, p->size);
	return object;
}

void pool__put(struct pool *p, void *object)
{
	push(&p->given, object);
}
