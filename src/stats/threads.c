/* SPDX-License-Identifier: GPL-2.0-only */
/* See threads.h: owns the totals. Names are added up when they are listed. */
#include "stats/threads.h"

#include <errno.h>
#include <stdlib.h>

#include "stats/names.h"
#include "stats/order.h"

_Static_assert(sizeof(struct thread_key) == 8 + sizeof(char *),
	       "keys are compared as bytes");

void thread_list__init(struct threads *ts)
{
	*ts = (struct threads){.rows = THREADS_ROWS, .kept = THREADS_KEPT};
}

void thread_list__free(struct threads *ts)
{
	struct thread_time *t, *next;

	HASH_ITER (hh, ts->all, t, next) {
		HASH_DEL(ts->all, t);
		free(t);
	}
}

/* NULL when out of memory. */
static struct thread_time *insert(struct threads *ts,
				  const struct thread_key *key)
{
	struct thread_time *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->key = *key;
	HASH_ADD(hh, ts->all, key, sizeof(*key), t);
	if (t->hh.tbl)
		return t;
	free(t);
	return NULL;
}

int thread_list__set(struct threads *ts, const struct sink_threads *told,
		     bool *has_row)
{
	const struct thread_key key = {told->pid, told->name};
	struct thread_time *t;

	*has_row = false;
	HASH_FIND(hh, ts->all, &key, sizeof(key), t);
	if (!t) {
		*has_row = HASH_COUNT(ts->all) < ts->rows;
		ts->folded += !*has_row;
		if (HASH_COUNT(ts->all) >= ts->kept)
			return 0;
		t = insert(ts, &key);
	}
	if (!t)
		return -ENOMEM;
	t->living = told->living;
	t->ended = told->ended;
	memcpy(t->clock, told->clock, sizeof(t->clock));
	return 0;
}

static void copy(struct snapshot_threads *to, const struct thread_time *t,
		 bool has_row)
{
	*to = (struct snapshot_threads){.pid = (uint32_t)t->key.pid,
					.name = has_row ? t->key.name
							: name_other,
					.living = t->living,
					.ended = t->ended};
	memcpy(to->clock, t->clock, sizeof(to->clock));
}

static void add(struct snapshot_threads *to,
		const struct snapshot_threads *from)
{
	to->living += from->living;
	to->ended += from->ended;
	for (int i = 0; i < RT_CLOCKS; i++)
		to->clock[i] += from->clock[i];
}

/* What has no row of its own comes last in its process. */
static int compare_folded(const void *a, const void *b)
{
	const struct snapshot_threads *x = a, *y = b;

	return ORDER_BY(ORDER(x->pid, y->pid),
			ORDER(x->name == name_other, y->name == name_other));
}

/* Add up what has no row of its own. list: sorted by compare_folded, with
 * room for one more. Returns the new length. */
static size_t fold(struct snapshot_threads *list, size_t len)
{
	struct snapshot_threads rest = {.name = name_other};
	bool has_rest = false;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		const struct snapshot_threads *last = n ? &list[n - 1] : NULL;

		if (list[i].name != name_other) {
			list[n++] = list[i];
		} else if (!last || last->pid != list[i].pid) {
			add(&rest, &list[i]);
			has_rest = true;
		} else if (last->name != name_other) {
			list[n++] = list[i];
		} else {
			add(&list[n - 1], &list[i]);
		}
	}
	if (has_rest)
		list[n++] = rest;
	return n;
}

static uint64_t time_of(const struct snapshot_threads *t)
{
	uint64_t sum = 0;

	for (int i = 0; i < RT_CLOCKS; i++)
		sum += t->clock[i];
	return sum;
}

static int compare(const void *a, const void *b)
{
	const struct snapshot_threads *x = a, *y = b;

	return ORDER_BY(ORDER(x->pid, y->pid), ORDER(time_of(y), time_of(x)),
			order__strings(x->name, y->name));
}

int thread_list__list(const struct threads *ts, struct snapshot_threads **out,
		      size_t *len)
{
	struct snapshot_threads *list =
		calloc(HASH_COUNT(ts->all) + 1, sizeof(*list));
	size_t n = 0;

	if (!list)
		return -ENOMEM;
	for (const struct thread_time *t = ts->all; t; t = t->hh.next) {
		copy(&list[n], t, n < ts->rows);
		n++;
	}
	if (n > ts->rows) {
		qsort(list, n, sizeof(*list), compare_folded);
		n = fold(list, n);
	}
	qsort(list, n, sizeof(*list), compare);
	*out = list;
	*len = n;
	return 0;
}
