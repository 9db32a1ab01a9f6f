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

/* Of the kernel's map, as many as are taken with one system call: of 20,000
 * pairs, one by one takes 24 ms, this 6. */
#define BATCH 1024

struct sums {
	uint64_t clock[RT_CLOCKS]; /* ns */
	uint32_t living, ended;
};

struct entry {
	struct key key;
	struct sums now, told;
	UT_hash_handle hh;
};

struct threads {
	struct entry *all; /* uthash by key, owned: pairs that the kernel has */
	struct key key[BATCH];
	struct ended ended[BATCH];
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

static int add_ended_one(struct threads *ts, const struct key *key,
			 const struct ended *ended)
{
	struct entry *e = threads__at(ts, key);

	if (!e)
		return -ENOMEM;
	e->now.ended = ended->threads;
	entry__add(e, ended->clock);
	return 0;
}

static int add_ended(struct threads *ts, int fd)
{
	uint32_t at, *from = NULL, len;
	int err = 0, end;

	do {
		len = BATCH;
		end = bpf_map_lookup_batch(fd, from, &at, ts->key, ts->ended,
					   &len, NULL);
		if (end && end != -ENOENT)
			return end;
		for (uint32_t i = 0; i < len && !err; i++)
			err = add_ended_one(ts, &ts->key[i], &ts->ended[i]);
		from = &at;
	} while (!end && !err);
	return err;
}

static int entry__tell(struct entry *e, source_fn fn, void *ctx)
{
	struct rt_threads rec = {.tgid = e->key.tgid};

	if (!memcmp(&e->now, &e->told, sizeof(e->now)))
		return 0;
	e->told = e->now;
	tracer_records__head(&rec.header, RT_REC_THREADS, sizeof(rec));
	memcpy(rec.comm, e->key.comm, sizeof(rec.comm));
	memcpy(rec.clock, e->now.clock, sizeof(rec.clock));
	rec.living = e->now.living;
	rec.ended = e->now.ended;
	return fn(ctx, &rec, sizeof(rec));
}

/* Its threads have other names now, or found no room when they ended: told
 * that it has nothing, and not again. */
static bool entry__is_gone(const struct entry *e)
{
	return !e->now.living && !e->now.ended;
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
		if (err >= 0 && entry__is_gone(e)) {
			HASH_DEL(ts->all, e);
			free(e);
		}
	}
	return err < 0 ? err : 0;
}
