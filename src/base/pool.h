/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory for many objects of one size, each on cache lines of its own and
 * without malloc's 16 bytes. What is given back is used again, and freed with
 * the pool.
 */
#ifndef REQTRACE_BASE_POOL_H
#define REQTRACE_BASE_POOL_H

#include <stddef.h>

#define POOL_LINE 64 /* bytes of a cache line; sizes are multiples of it */

/* Zeroed but for size is empty. */
struct pool {
	size_t size; /* of an object */
	size_t left; /* objects of the latest chunk that were never used */
	char *next;  /* the first of these */
	void *given; /* list of objects that were given back */
	void *chunk; /* list of chunks, owned */
};

void pool__free(struct pool *p);

/* A zeroed object; NULL when out of memory. */
void *pool__get(struct pool *p);
void pool__put(struct pool *p, void *object);

#endif
