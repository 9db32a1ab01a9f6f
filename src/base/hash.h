/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uthash and utlist as reqtrace uses them: running out of memory must not end
 * the process (uthash's default), the caller gets -ENOMEM instead. After
 * HASH_ADD an element whose hh.tbl is NULL was not added.
 */
#ifndef REQTRACE_BASE_HASH_H
#define REQTRACE_BASE_HASH_H

#include <stdint.h>
#include <string.h>

/* Keys are a few numbers and addresses of strings; with uthash's own function
 * counting a request takes a quarter longer. The multiplier is 2^64 divided by
 * the golden ratio. */
static inline uint32_t hash__bytes(const void *key, size_t len)
{
	const unsigned char *bytes = key;
	uint64_t hash = len;

	while (len) {
		size_t n = len < sizeof(uint64_t) ? len : sizeof(uint64_t);
		uint64_t word = 0;

		memcpy(&word, bytes, n);
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
		bytes += n;
		len -= n;
	}
	return (uint32_t)hash;
}

#define HASH_FUNCTION(key, len, hash) ((hash) = hash__bytes((key), (len)))

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#endif
