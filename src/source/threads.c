// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owns the sums by process and name. Fed by the iterator over living threads
 * and the kernel's sums of ended ones, yields records.
 */
#include "source/threads.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "reqtrace/record.h"
#include "source/iter.h"
#include "source/tracer_records.h"

/* As in bpf/thread.h, compared as bytes. */
struct key {
	uint32_t tgid;
	uint8_t comm[RT_COMM_LEN];
};

struct ended {
	uint64_t threads;
	uint64_t clock[RT_CLOCKS];
};

struct entry {
	struct key key;
	struct rt_threads now, told;
	UT_hash_handle hh;
};

struct threads {
	struct entry *all; /* uthash by key, owned */
};

struct threads *threads__new(void)
{
	return calloc(1, sizeof(struct threads));
}

void threads__free(struct threads *ts)
{
	struct entry *e, *next;

	if (!ts)
		return;
	HASH_ITER (hh, ts->all, e, next) {
		HASH_DEL(ts->all, e);
		free(e);
	}
	free(ts);
}

static struct entry *threads__at(struct threads *ts, const struct key *key)
{
	struct entry *e;

	HASH_FIND(hh, ts->all, key, sizeof(*key), e);
	if (e)
		return e;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->key = *key;
	HASH_ADD(hh, ts->all, key, sizeof(*key), e);
	if (e->hh.tbl)
		return e;
	free(e);
	return NULL;
}

static void entry__add(struct entry *e, const uint64_t *clock)
{
	for (int i = 0; i < RT_CLOCKS; i++)
		e->now.clock[i] += clock[i];
}

static int add_living(void *ctx, const void *record)
{
	const struct rt_threads *rec = record;
	struct key key = {.tgid = rec->tgid};
	struct entry *e;

	memcpy(key.comm, rec->comm, sizeof(key.comm));
	e = threads__at(ctx, &key);
	if (!e)
		return -ENOMEM;
	e->now.living++;
	entry__add(e, rec->clock);
	return 0;
}

static int add_ended(struct threads *ts, int fd)
{
	struct key key, *prev = NULL;
	struct ended value;
	struct entry *e;

	while (!bpf_map_get_next_key(fd, prev, &key)) {
		prev = &key;
		if (bpf_map_lookup_elem(fd, &key, &value))
			continue;
		e = threads__at(ts, &key);
		if (!e)
			return -ENOMEM;
		e->now.ended = value.threads;
		entry__add(e, value.clock);
	}
	return 0;
}

static int entry__tell(struct entry *e, source_fn fn, void *ctx)
{
	if (!memcmp(&e->now, &e->told, sizeof(e->now)))
		return 0;
	e->told = e->now;
	tracer_records__head(&e->now.header, RT_REC_THREADS, sizeof(e->now));
	e->now.tgid = e->key.tgid;
	memcpy(e->now.comm, e->key.comm, sizeof(e->now.comm));
	return fn(ctx, &e->now, sizeof(e->now));
}

int threads__tell(struct threads *ts, struct bpf_link *living, int ended_fd,
		  source_fn fn, void *ctx)
{
	const struct iter_run run = {
		.ctx = ts,
		.each = add_living,
		.size = sizeof(struct rt_threads),
	};
	struct entry *e, *next;
	int err;

	HASH_ITER (hh, ts->all, e, next)
		memset(&e->now, 0, sizeof(e->now));
	/* The ended first: one that ends in between is missed for a moment,
	 * but never counted twice. */
	err = add_ended(ts, ended_fd);
	if (!err)
		err = iter__run(living, &run);
	HASH_ITER (hh, ts->all, e, next) {
		if (err >= 0)
			err = entry__tell(e, fn, ctx);
	}
	return err < 0 ? err : 0;
}
