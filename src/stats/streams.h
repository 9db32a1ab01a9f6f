/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures of streams (exchanges whose response goes on by design) by process,
 * port and operation. Fed with the lives of streams.
 */
#ifndef REQTRACE_STATS_STREAMS_H
#define REQTRACE_STATS_STREAMS_H

#include "base/hash.h"
#include "model/sink.h"
#include "stats/processes.h"
#include "stats/snapshot.h"

/* Without padding, compared as bytes; interned strings. */
struct stream_key {
	uint32_t pid;
	uint16_t port;
	uint8_t role, transport;
	const char *protocol, *operation;
};

struct stream_group {
	struct stream_key key;
	uint64_t streams, active;
	uint64_t bytes_in, bytes_out;
	struct histogram duration;
	struct stream_group *into; /* retired: added to that one */
	UT_hash_handle hh;
};

/* One that has not ended. Counted in the group it began in even if its
 * connection moves to another process. */
struct stream {
	struct stream_id {
		uint64_t cookie, begin;
	} id;
	struct stream_group *group;
	UT_hash_handle hh;
};

struct streams {
	size_t max;
	struct stream_group *groups; /* uthash by key, owned */
	struct stream *active;	     /* uthash by id, owned */
	uint64_t folded; /* streams in a group of pid 0, as their own group
			  * found no room */
};

void streams__init(struct streams *ss, size_t max);
void streams__free(struct streams *ss); /* accepts an initialised ss */

/* Bytes and ends of streams that never began are taken as beginnings too.
 * 0 or -ENOMEM. */
int streams__event(struct streams *ss, const struct sink_stream *s);

/* Add up what is of processes that were chosen (retire.h). 0 or -ENOMEM. */
int streams__retire(struct streams *ss, const struct processes *ps);

/* Sorted figures, .comm left NULL. Returns 0 and *out (free each duration,
 * then it), or -ENOMEM. */
int streams__list(const struct streams *ss, struct snapshot_stream **out,
		  size_t *len);

#endif
