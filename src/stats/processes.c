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

void process_list__init(struct processes *ps)
{
	ps->all = NULL;
}

static void forget(struct processes *ps, struct process *p)
{
	HASH_DEL(ps->all, p);
	free(p->resource);
	free(p);
}

void process_list__free(struct processes *ps)
{
	struct process *p, *next;

	HASH_ITER (hh, ps->all, p, next)
		forget(ps, p);
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

int process_list__event(struct processes *ps, const struct sink_process *event)
{
	struct process *p = at(ps, event->pid);

	if (!p || (!event->exited && set_resource(p, some(event->resource))))
		return -ENOMEM;
	if (!event->exited)
		p->names.started = event->started;
	p->names.ppid = event->ppid;
	p->names.comm = some(event->comm);
	p->names.exe = some(event->exe);
	p->names.service = some(event->service);
	p->names.exited = event->exited;
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
		list[n++] = p->names;
	qsort(list, n, sizeof(*list), compare);
	*out = list;
	*len = n;
	return 0;
}
