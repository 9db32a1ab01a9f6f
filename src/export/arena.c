/* SPDX-License-Identifier: GPL-2.0-only */
/* Owns chunks of memory, yields pieces of the latest one. */
#include "export/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK (64u << 10)

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	alignas(max_align_t) unsigned char bytes[];
};

static bool add_chunk(struct arena *a, size_t size)
{
	struct arena_chunk *chunk;

	if (size < CHUNK)
		size = CHUNK;
	chunk = malloc(sizeof(*chunk) + size);
	if (!chunk) {
		a->failed = true;
		return false;
	}
	chunk->next = a->chunks;
	chunk->size = size;
	a->chunks = chunk;
	a->left = size;
	a->used += sizeof(*chunk) + size;
	return true;
}

void *arena__get(struct arena *a, size_t size)
{
	void *piece;

	size = ((size ? size : 1) + alignof(max_align_t) - 1) &
	       ~(alignof(max_align_t) - 1);
	if (a->failed || (size > a->left && !add_chunk(a, size)))
		return NULL;
	piece = a->chunks->bytes + (a->chunks->size - a->left);
	a->left -= size;
	return piece;
}

const char *arena__text(struct arena *a, const char *text, size_t len)
{
	char *copy = arena__get(a, len + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

void arena__free(struct arena *a)
{
	struct arena_chunk *chunk = a->chunks;

	while (chunk) {
		struct arena_chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
	*a = (struct arena){0};
}
