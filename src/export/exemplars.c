/* SPDX-License-Identifier: GPL-2.0-only */
/* See exemplars.h. */
#include "export/exemplars.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* Strings are interned: their addresses are compared. No padding. */
struct exemplar_key {
	const char *protocol, *operation, *status, *version;
	uint32_t pid;
	uint16_t port;
	uint8_t role, transport;
};

_Static_assert(sizeof(struct exemplar_key) == 4 * sizeof(char *) + 8,
	       "keys are compared as bytes");

struct exemplar_series {
	struct exemplar_key key;
	struct metric_exemplar kept[EXEMPLARS_KEPT]; /* by time */
	size_t len;
	struct exemplar_series *prev, *next; /* by the latest one added */
	UT_hash_handle hh;
};

struct exemplars {
	struct exemplar_series *by_key; /* uthash */
	struct exemplar_series *oldest; /* utlist */
};

struct exemplars *exemplars__new(void)
{
	return calloc(1, sizeof(struct exemplars));
}

static void forget(struct exemplars *e, struct exemplar_series *s)
{
	HASH_DEL(e->by_key, s);
	DL_DELETE(e->oldest, s);
	free(s);
}

void exemplars__free(struct exemplars *e)
{
	if (!e)
		return;
	while (e->oldest)
		forget(e, e->oldest);
	free(e);
}

static struct exemplar_series *find(const struct exemplars *e,
				    const struct exemplar_key *key)
{
	struct exemplar_series *s;

	HASH_FIND(hh, e->by_key, key, sizeof(*key), s);
	return s;
}

static struct exemplar_series *add_series(struct exemplars *e,
					  const struct exemplar_key *key)
{
	struct exemplar_series *s;

	if (HASH_COUNT(e->by_key) >= EXEMPLARS_SERIES)
		forget(e, e->oldest);
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->key = *key;
	HASH_ADD(hh, e->by_key, key, sizeof(s->key), s);
	if (!s->hh.tbl) {
		free(s);
		return NULL;
	}
	DL_APPEND(e->oldest, s);
	return s;
}

/* In its place by time; the first goes when there are too many. */
static void keep(struct exemplar_series *s, const struct metric_exemplar *x)
{
	size_t at = s->len;

	while (at && s->kept[at - 1].time > x->time)
		at--;
	if (s->len == EXEMPLARS_KEPT) {
		if (!at)
			return;
		at--;
		memmove(&s->kept[0], &s->kept[1], at * sizeof(*x));
	} else {
		memmove(&s->kept[at + 1], &s->kept[at],
			(s->len - at) * sizeof(*x));
		s->len++;
	}
	s->kept[at] = *x;
}

int exemplars__add(struct exemplars *e, const struct request *r,
		   const struct metric_exemplar *x)
{
	const struct exemplar_key key = {.protocol = r->protocol,
					 .operation = r->operation,
					 .status = r->status,
					 .version = r->version,
					 .pid = r->pid,
					 .port = r->port,
					 .role = (uint8_t)r->role,
					 .transport = (uint8_t)r->transport};
	struct exemplar_series *s = find(e, &key);

	if (s) {
		DL_DELETE(e->oldest, s);
		DL_APPEND(e->oldest, s);
	} else {
		s = add_series(e, &key);
	}
	if (!s)
		return -ENOMEM;
	keep(s, x);
	return 0;
}

size_t exemplars__of(const struct exemplars *e, const struct snapshot_series *s,
		     const struct metric_exemplar **out)
{
	const struct exemplar_key key = {.protocol = s->protocol,
					 .operation = s->operation,
					 .status = s->status,
					 .version = s->version,
					 .pid = s->pid,
					 .port = s->port,
					 .role = (uint8_t)s->role,
					 .transport = (uint8_t)s->transport};
	const struct exemplar_series *found = find(e, &key);

	*out = found ? found->kept : NULL;
	return found ? found->len : 0;
}
