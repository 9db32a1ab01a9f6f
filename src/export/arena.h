/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that is given back all at once. Once something found no room, all
 * that is asked for later is NULL too, so that a caller may look at the end.
 */
#ifndef REQTRACE_EXPORT_ARENA_H
#define REQTRACE_EXPORT_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks; /* the latest first */
	size_t left;		    /* bytes in it */
	size_t used;		    /* bytes of all chunks */
	bool failed;
};

/* size bytes, not set, aligned for anything; NULL when out of memory. */
void *arena__get(struct arena *a, size_t size);
/* A copy of the first len bytes at text, terminated. */
const char *arena__text(struct arena *a, const char *text, size_t len);
void arena__free(struct arena *a); /* accepts a zeroed one */

#endif
