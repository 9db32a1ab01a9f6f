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

static void give_row(struct threads *ts, struct thread_time *t)
{
	if (!t->has_row && ts->rows_used < ts->rows) {
		t->has_row = true;
		ts->rows_used++;
	}
}

/* Take what was told without what was retired of it. Less than that is of a
 * kernel that has begun anew. */
static void take(struct thread_time *t, const struct sink_threads *told)
{
	bool anew = told->ended < t->retired;

	for (int i = 0; i < RT_CLOCKS; i++)
		anew |= told->clock[i] < t->retired_clock[i];
	if (anew) {
		t->retired = 0;
		memset(t->retired_clock, 0, sizeof(t->retired_clock));
	}
	t->living = told->living;
	t->ended = told->ended - t->retired;
	for (int i = 0; i < RT_CLOCKS; i++)
		t->clock[i] = told->clock[i] - t->retired_clock[i];
}

static bool is_empty(const struct thread_time *t)
{
	if (t->living || t->ended)
		return false;
	for (int i = 0; i < RT_CLOCKS; i++)
		if (t->clock[i])
			return false;
	return true;
}

int thread_list__set(struct threads *ts, const struct sink_threads *told,
		     bool *has_row)
{
	const struct thread_key key = {told->pid, told->name};
	struct thread_time *t;

	*has_row = false;
	HASH_FIND(hh, ts->all, &key, sizeof(key), t);
	if (!t) {
		ts->folded += ts->rows_used >= ts->rows;
		if (HASH_COUNT(ts->all) >= ts->kept)
			return 0;
		t = insert(ts, &key);
		if (!t)
			return -ENOMEM;
		give_row(ts, t);
		*has_row = t->has_row;
	}
	take(t, told);
	/* Another life of one that was retired; or now there is room. */
	if (!t->has_row && !is_empty(t)) {
		give_row(ts, t);
		*has_row = t->has_row;
	}
	return 0;
}

/* Add all that is known of t to the sum of its name in process into. */
static int retire_one(struct threads *ts, struct thread_time *t, uint32_t into)
{
	const struct thread_key key = {into, t->key.name};
	struct thread_time *to;

	HASH_FIND(hh, ts->all, &key, sizeof(key), to);
	if (!to) {
		to = insert(ts, &key);
		if (!to)
			return -ENOMEM;
	}
	ts->rows_used -= t->has_row;
	t->has_row = false;
	give_row(ts, to);
	to->ended += t->ended;
	t->retired += t->ended;
	t->living = t->ended = 0;
	for (int i = 0; i < RT_CLOCKS; i++) {
		to->clock[i] += t->clock[i];
		t->retired_clock[i] += t->clock[i];
		t->clock[i] = 0;
	}
	return 0;
}

int thread_list__retire(struct threads *ts, const struct processes *ps)
{
	struct thread_time *t, *next;
	int err = 0;

	HASH_ITER (hh, ts->all, t, next) {
		uint32_t into = process_list__into(ps, (uint32_t)t->key.pid);

		if (into && !is_empty(t) && !err)
			err = retire_one(ts, t, into);
		/* Nobody tells the times of a sum, so it needs none to go on
		 * from. */
		if (into && (uint32_t)t->key.pid >= PROCESS_SUM && !err) {
			HASH_DEL(ts->all, t);
			free(t);
		}
	}
	return err;
}

static void copy(struct snapshot_threads *to, const struct thread_time *t)
{
	*to = (struct snapshot_threads){.pid = (uint32_t)t->key.pid,
					.name = t->has_row ? t->key.name
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

	return ORDER_BY(ORDER(process__rank(x->pid), process__rank(y->pid)),
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

	return ORDER_BY(ORDER(process__rank(x->pid), process__rank(y->pid)),
			ORDER(time_of(y), time_of(x)),
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
	for (const struct thread_time *t = ts->all; t; t = t->hh.next)
		if (t->has_row || !is_empty(t))
			copy(&list[n++], t);
	if (n > ts->rows_used) {
		qsort(list, n, sizeof(*list), compare_folded);
		n = fold(list, n);
	}
	qsort(list, n, sizeof(*list), compare);
	*out = list;
	*len = n;
	return 0;
}
