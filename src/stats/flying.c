/* SPDX-License-Identifier: GPL-2.0-only */
/* See flying.h: owns the table of them while it is built. */
#include "stats/flying.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "stats/names.h"
#include "stats/order.h"

/* Without padding, compared as bytes; strings are interned. */
struct flying_key {
	uint32_t pid;
	uint16_t port;
	uint8_t role, transport;
	const char *protocol, *operation;
};

_Static_assert(sizeof(struct flying_key) == 8 + 2 * sizeof(char *),
	       "keys are compared as bytes");

struct flying {
	struct flying_key key;
	uint64_t count;
	UT_hash_handle hh;
};

struct flights {
	struct flying *all; /* owned */
	size_t max;
};

static void flights__free(struct flights *fs)
{
	struct flying *f, *next;

	HASH_ITER (hh, fs->all, f, next) {
		HASH_DEL(fs->all, f);
		free(f);
	}
}

static struct flying *find(const struct flights *fs,
			   const struct flying_key *key)
{
	struct flying *f;

	HASH_FIND(hh, fs->all, key, sizeof(*key), f);
	return f;
}

static struct flying *insert(struct flights *fs, const struct flying_key *key)
{
	struct flying *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->key = *key;
	HASH_ADD(hh, fs->all, key, sizeof(f->key), f);
	if (!f->hh.tbl) {
		free(f);
		return NULL;
	}
	return f;
}

static int count(void *arg, const struct sink_in_flight *from)
{
	struct flying_key key = {from->pid,	      from->port,
				 (uint8_t)from->role, (uint8_t)from->transport,
				 from->protocol,      from->operation};
	struct flights *fs = arg;
	struct flying *f = find(fs, &key);

	if (!f && HASH_COUNT(fs->all) >= fs->max) {
		key.pid = 0;
		key.port = 0;
		key.protocol = names__transport(from->transport);
		key.operation = name_other;
		f = find(fs, &key);
	}
	if (!f)
		f = insert(fs, &key);
	if (!f)
		return -ENOMEM;
	f->count++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct snapshot_in_flight *x = a, *y = b;

	return ORDER_BY(ORDER(x->pid, y->pid), ORDER(x->role, y->role),
			ORDER(x->transport, y->transport),
			ORDER(x->port, y->port),
			order__strings(x->protocol, y->protocol),
			order__strings(x->operation, y->operation));
}

int flying__list(const struct stats_pending *pending, size_t max,
		 struct snapshot_in_flight **out, size_t *len)
{
	struct flights fs = {.max = max};
	int err = pending->each_in_flight(pending->ctx, count, &fs);
	struct snapshot_in_flight *list;
	size_t n = 0;

	list = err ? NULL : calloc(HASH_COUNT(fs.all) + 1, sizeof(*list));
	if (!list) {
		flights__free(&fs);
		return err ? err : -ENOMEM;
	}
	for (const struct flying *f = fs.all; f; f = f->hh.next)
		list[n++] = (struct snapshot_in_flight){
			.pid = f->key.pid,
			.role = f->key.role,
			.transport = f->key.transport,
			.port = f->key.port,
			.protocol = f->key.protocol,
			.operation = f->key.operation,
			.count = f->count,
		};
	flights__free(&fs);
	qsort(list, n, sizeof(*list), compare);
	*out = list;
	*len = n;
	return 0;
}
