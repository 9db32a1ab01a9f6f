/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of processes: owns the table (but for attributes, the strings are the
 * model's), is fed starts, renamings and exits, yields names and a sorted list.
 */
#include "stats/processes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stats/names.h"
#include "stats/order.h"

/* How far to look for one. */
#define ANCESTORS 64

void process_list__init(struct processes *ps)
{
	*ps = (struct processes){0};
}

static void forget(struct processes *ps, struct process *p)
{
	membership__leave(&ps->instances, &p->member);
	HASH_DEL(ps->all, p);
	free(p->resource);
	free(p);
}

static void forget_sum(struct processes *ps, struct process_sum *sum)
{
	HASH_DEL(ps->sums, sum);
	ps->instance_sums -= sum->key.instance != 0;
	identity__put(&ps->instances, sum->identity);
	free(sum);
}

void process_list__free(struct processes *ps)
{
	struct process_sum *sum, *next_sum;
	struct process *p, *next;

	HASH_ITER (hh, ps->all, p, next)
		forget(ps, p);
	HASH_ITER (hh, ps->sums, sum, next_sum)
		forget_sum(ps, sum);
}

static struct process *find(const struct processes *ps, uint32_t pid)
{
	struct process *p;

	HASH_FIND(hh, ps->all, &pid, sizeof(pid), p);
	return p;
}

static struct process *at(struct processes *ps, uint32_t pid)
{
	struct process *p = find(ps, pid);

	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->pid = pid;
	p->names = (struct snapshot_process){.pid = pid,
					     .comm = name_none,
					     .exe = name_none,
					     .service = name_none,
					     .resource = name_none};
	HASH_ADD(hh, ps->all, pid, sizeof(p->pid), p);
	if (!p->hh.tbl) {
		free(p);
		return NULL;
	}
	return p;
}

static const char *some(const char *text)
{
	return text ? text : name_none;
}

static int set_resource(struct process *p, const char *text)
{
	char *copy;

	if (!strcmp(p->names.resource, text))
		return 0;
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	free(p->resource);
	p->resource = copy;
	p->names.resource = copy;
	return 0;
}

/* The instance of the nearest ancestor of this identity: a daemon that forks
 * and leaves is one. 0 if there is none. */
static uint32_t of_ancestor(const struct processes *ps, uint32_t ppid,
			    const struct identity *id)
{
	/* Ids are used again: parents might be a circle. */
	for (int depth = 0; ppid && depth < ANCESTORS; depth++) {
		const struct process *p = find(ps, ppid);

		if (!p)
			return 0;
		if (p->member.identity == id)
			return p->member.instance;
		ppid = p->names.ppid;
	}
	return 0;
}

static int set_instance(struct processes *ps, struct process *p)
{
	struct snapshot_process *names = &p->names;
	struct identity *id;

	if (names->exited)
		membership__exit(&p->member);
	if (names->exited && names->instance)
		return 0;
	if (!*names->service && !*names->exe) {
		names->instance = 0;
		return 0;
	}
	id = instances__identity(&ps->instances, names);
	if (!id)
		return -ENOMEM;
	if (id == p->member.identity) {
		identity__put(&ps->instances, id);
	} else {
		membership__leave(&ps->instances, &p->member);
		membership__join(&ps->instances, &p->member, id, !names->exited,
				 of_ancestor(ps, names->ppid, id));
	}
	names->instance = p->member.instance;
	return 0;
}

int process_list__event(struct processes *ps, const struct sink_process *event)
{
	struct process *p = at(ps, event->pid);

	if (!p || (!event->exited && set_resource(p, some(event->resource))))
		return -ENOMEM;
	/* The id of one that has exited was given to another one. */
	if (p->names.exited && !event->exited)
		membership__leave(&ps->instances, &p->member);
	if (!event->exited)
		p->names.started = event->started;
	if (event->exited && !p->names.exited)
		p->ended = ++ps->exits;
	if (!event->exited)
		p->retired = false;
	p->names.ppid = event->ppid;
	p->names.comm = some(event->comm);
	p->names.exe = some(event->exe);
	p->names.service = some(event->service);
	p->names.exited = event->exited;
	if (set_instance(ps, p))
		return -ENOMEM;
	if (event->exited && !p->has_figures &&
	    HASH_COUNT(ps->all) > PROCESSES_KEPT)
		forget(ps, p);
	return 0;
}

int process_list__use(struct processes *ps, uint32_t pid)
{
	struct process *p;

	if (!pid)
		return 0;
	p = at(ps, pid);
	if (!p)
		return -ENOMEM;
	p->has_figures = true;
	return 0;
}

int process_list__name(struct processes *ps, uint32_t pid, const char *comm)
{
	struct process *p;

	if (!comm || !pid)
		return 0;
	p = at(ps, pid);
	if (!p)
		return -ENOMEM;
	if (!*p->names.comm)
		p->names.comm = comm;
	return 0;
}

const char *process_list__comm(const struct processes *ps, uint32_t pid)
{
	const struct process *p = find(ps, pid);

	if (p)
		return p->names.comm;
	return pid ? name_none : name_other;
}

const char *process_list__service(const struct processes *ps, uint32_t pid)
{
	const struct process *p = find(ps, pid);

	return p ? p->names.service : name_none;
}

uint32_t process_list__instance(const struct processes *ps, uint32_t pid)
{
	const struct process *p = find(ps, pid);

	return p ? p->names.instance : 0;
}

bool process_list__has_past(const struct processes *ps, uint32_t pid)
{
	const struct process *p = find(ps, pid);

	return p && pid < PROCESS_SUM && p->names.exited && p->has_figures;
}

void process_list__unmark(struct processes *ps)
{
	for (struct process *p = ps->all; p; p = p->hh.next)
		p->marks = 0;
}

void process_list__mark(struct processes *ps, uint32_t pid,
			enum process_mark mark)
{
	struct process *p = find(ps, pid);

	if (p)
		p->marks |= mark;
}

/* Without padding, compared as bytes. */
_Static_assert(sizeof(struct process_sum_key) ==
		       2 * sizeof(char *) + sizeof(uint64_t),
	       "keys are compared as bytes");

static uint32_t free_id(struct processes *ps)
{
	uint32_t pid;

	do
		pid = PROCESS_SUM + ps->next_sum++ % PROCESS_SUM;
	while (find(ps, pid));
	return pid;
}

static struct process_sum *insert_sum(struct processes *ps,
				      const struct process_sum_key *key,
				      struct identity *identity)
{
	struct process_sum *sum = calloc(1, sizeof(*sum));
	struct process *p;

	if (!sum)
		return NULL;
	sum->key = *key;
	sum->pid = free_id(ps);
	p = at(ps, sum->pid);
	if (!p)
		goto err;
	p->names.comm = key->comm;
	p->names.service = key->service;
	p->names.instance = (uint32_t)key->instance;
	HASH_ADD(hh, ps->sums, key, sizeof(sum->key), sum);
	if (sum->hh.tbl) {
		p->sum = sum;
		ps->instance_sums += key->instance != 0;
		if (key->instance)
			sum->identity = identity__get(identity);
		return sum;
	}
	forget(ps, p);
err:
	free(sum);
	return NULL;
}

/* Empty strings come from several places. */
static const char *unique(const char *text)
{
	return *text ? text : name_none;
}

/* One more of an instance, or of instance 0. */
static bool has_room(const struct processes *ps, bool of_instance)
{
	size_t others = HASH_COUNT(ps->sums) - ps->instance_sums;

	return of_instance ? ps->instance_sums < PROCESSES_SUMS
			   : others < PROCESSES_SUMS - 1;
}

/* The sum that p goes into; NULL when out of memory. */
static struct process_sum *sum_of(struct processes *ps, const struct process *p)
{
	struct process_sum_key key = {unique(p->names.comm),
				      unique(p->names.service),
				      p->sum ? 0 : p->names.instance};
	struct process_sum *sum;

	HASH_FIND(hh, ps->sums, &key, sizeof(key), sum);
	if (!sum && key.instance && !has_room(ps, true)) {
		key.instance = 0;
		HASH_FIND(hh, ps->sums, &key, sizeof(key), sum);
	}
	if (!sum && !key.instance && !has_room(ps, false)) {
		key = (struct process_sum_key){name_other, name_none, 0};
		HASH_FIND(hh, ps->sums, &key, sizeof(key), sum);
	}
	return sum ? sum : insert_sum(ps, &key, p->member.identity);
}

static int choose(struct processes *ps, struct process *p)
{
	struct process_sum *sum = sum_of(ps, p);
	struct process *to;

	if (!sum)
		return -ENOMEM;
	p->into = sum->pid;
	to = find(ps, sum->pid);
	if (to->ended < p->ended)
		to->ended = p->ended;
	return 0;
}

static bool sum_is_over(const struct process_sum *sum)
{
	return sum->identity &&
	       !identity__lives(sum->identity, (uint32_t)sum->key.instance);
}

static bool is_over(const struct process *p, bool of_sums)
{
	if (p->marks & PROCESS_BUSY || of_sums != (p->sum != NULL))
		return false;
	return of_sums ? sum_is_over(p->sum)
		       : p->names.exited && p->has_figures;
}

bool process_list__is_crowded(const struct processes *ps)
{
	return ps->instance_sums > PROCESSES_SUMS / 2;
}

static int compare_ends(const void *a, const void *b)
{
	const struct process *x = *(struct process *const *)a;
	const struct process *y = *(struct process *const *)b;

	return ORDER(x->ended, y->ended);
}

/* All that are over, the oldest first; list has room. */
static size_t find_over(const struct processes *ps, bool of_sums,
			struct process **list)
{
	size_t n = 0;

	for (struct process *p = ps->all; p; p = p->hh.next)
		if (is_over(p, of_sums))
			list[n++] = p;
	qsort(list, n, sizeof(struct process *), compare_ends);
	return n;
}

int process_list__choose(struct processes *ps, size_t *chosen)
{
	struct process **list =
		malloc((HASH_COUNT(ps->all) + 1) * sizeof(struct process *));
	size_t n;
	int err = 0;

	if (!list)
		return -ENOMEM;
	n = find_over(ps, false, list);
	if (!n)
		n = find_over(ps, true, list);
	*chosen = (n + 1) / 2;
	for (size_t i = 0; i < *chosen && !err; i++)
		err = choose(ps, list[i]);
	free(list);
	return err;
}

int process_list__choose_one(struct processes *ps, uint32_t pid)
{
	struct process *p = find(ps, pid);

	return p ? choose(ps, p) : 0;
}

uint32_t process_list__into(const struct processes *ps, uint32_t pid)
{
	const struct process *p = find(ps, pid);

	return p ? p->into : 0;
}

void process_list__retired(struct processes *ps)
{
	struct process *p, *next;

	HASH_ITER (hh, ps->all, p, next) {
		if (p->into) {
			ps->folded += !p->retired && !p->sum;
			p->into = 0;
			p->has_figures = false;
			p->retired = true;
			if (p->sum)
				forget_sum(ps, p->sum);
			p->sum = NULL;
		}
		if (p->retired && !(p->marks & PROCESS_NAMED))
			forget(ps, p);
	}
}

static int compare(const void *a, const void *b)
{
	const struct snapshot_process *x = a, *y = b;

	return ORDER(x->pid, y->pid);
}

int process_list__list(const struct processes *ps,
		       struct snapshot_process **out, size_t *len)
{
	struct snapshot_process *list =
		calloc(HASH_COUNT(ps->all) + 1, sizeof(*list));
	size_t n = 0;

	if (!list)
		return -ENOMEM;
	for (const struct process *p = ps->all; p; p = p->hh.next)
		if (p->pid < PROCESS_SUM)
			list[n++] = p->names;
	qsort(list, n, sizeof(*list), compare);
	*out = list;
	*len = n;
	return 0;
}
