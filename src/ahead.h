/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records that wait a moment, while the memory that they need comes to the
 * cache. Fed records of connections in the order of the source, yields them in
 * that order. With tens of thousands of connections in no order, waiting for
 * memory takes longer than all the rest.
 */
#ifndef REQTRACE_AHEAD_H
#define REQTRACE_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reqtrace/record.h"

#define AHEAD_RECORDS 8 /* a power of two */

/* An exchange with all the payload that there may be. */
#define AHEAD_SIZE                                                             \
	(sizeof(struct rt_exchange) + RT_REQUEST_CAP + RT_RESPONSE_CAP)

struct ahead_record {
	size_t size;
	uint64_t cookie;
	_Alignas(8) uint8_t bytes[AHEAD_SIZE];
};

/* Zeroed is empty. */
struct ahead {
	unsigned first, len;
	struct ahead_record record[AHEAD_RECORDS];
};

/* Whether a record may wait: the others come first in, first out with those
 * that do only if these are taken out before. */
static inline bool ahead__takes(const void *record, size_t size)
{
	const struct rt_header *header = record;

	return size >= sizeof(struct rt_connection) && size <= AHEAD_SIZE &&
	       (header->kind == RT_REC_EXCHANGE ||
		header->kind == RT_REC_OPEN || header->kind == RT_REC_CLOSE);
}

/* Record i < len, the oldest first. */
static inline struct ahead_record *ahead__at(struct ahead *a, unsigned i)
{
	return &a->record[(a->first + i) % AHEAD_RECORDS];
}

/* Copy a record that it takes to the end; there must be room. */
void ahead__put(struct ahead *a, const void *record, size_t size);

/* The oldest, valid until the next is put; NULL when there is none. */
const struct ahead_record *ahead__take(struct ahead *a);

#endif
