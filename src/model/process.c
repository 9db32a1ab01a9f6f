/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns the process table. Fed fork, exec, exit and /proc records, and pids
 * that appear in others; tells the sink whenever it learns something.
 */
#include "model/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

static const char unknown[] = "?";
static const char empty[] = "";

struct process {
	struct sink_process p;
	char *resource;		     /* owned; NULL: p.resource is empty */
	struct process *prev, *next; /* in processes.exited */
	UT_hash_handle hh;
};

void processes__init(struct processes *ps, const struct model_sink *sink)
{
	ps->sink = sink;
	intern__init(&ps->strings, PROCESSES_STRINGS_MAX);
	ps->by_pid = NULL;
	ps->exited = NULL;
}

static void process_remove(struct processes *ps, struct process *p)
{
	if (p->p.exited)
		DL_DELETE(ps->exited, p);
	HASH_DEL(ps->by_pid, p);
	free(p->resource);
	free(p);
}

void processes__free(struct processes *ps)
{
	struct process *p, *next;

	HASH_ITER (hh, ps->by_pid, p, next)
		process_remove(ps, p);
	intern__free(&ps->strings);
}

static struct process *process_find(const struct processes *ps, uint32_t pid)
{
	struct process *p;

	HASH_FIND(hh, ps->by_pid, &pid, sizeof(pid), p);
	return p;
}

/* The sink keeps its own figures of those that are forgotten here. */
static void make_room(struct processes *ps)
{
	if (HASH_COUNT(ps->by_pid) < RT_MAX_PROCESSES)
		return;
	process_remove(ps, ps->exited ? ps->exited : ps->by_pid);
}

static struct process *process_get(struct processes *ps, uint32_t pid)
{
	struct process *p = process_find(ps, pid);

	if (p)
		return p;
	make_room(ps);
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->p.pid = pid;
	p->p.comm = unknown;
	p->p.exe = p->p.service = p->p.resource = empty;
	HASH_ADD(hh, ps->by_pid, p.pid, sizeof(p->p.pid), p);
	if (p->hh.tbl)
		return p;
	free(p);
	return NULL;
}

static int tell(const struct processes *ps, const struct process *p)
{
	return ps->sink->process(ps->sink->ctx, &p->p);
}

/* *out keeps its value when there is no room for another string. */
static int name(struct processes *ps, const char *text, const char **out)
{
	int err = intern__get(&ps->strings, text, strlen(text), out);

	return err == -ENOSPC ? 0 : err;
}

static void set_exited(struct processes *ps, struct process *p, bool exited)
{
	if (p->p.exited && !exited)
		DL_DELETE(ps->exited, p);
	if (!p->p.exited && exited)
		DL_APPEND(ps->exited, p);
	p->p.exited = exited;
}

/* Not interned: there may be another one with each container, for ever. */
static int set_resource(struct process *p, const char *text)
{
	char *copy = NULL;

	if (*text) {
		copy = strdup(text);
		if (!copy)
			return -ENOMEM;
	}
	free(p->resource);
	p->resource = copy;
	p->p.resource = copy ? copy : empty;
	return 0;
}

/* Nothing is known of its program. */
static void forget_program(struct process *p)
{
	p->p.comm = unknown;
	p->p.exe = p->p.service = p->p.resource = empty;
	p->p.started = 0;
	free(p->resource);
	p->resource = NULL;
}

/* Until it calls exec, a child runs what its parent runs. */
static int inherit(struct processes *ps, struct process *child)
{
	const struct process *parent = process_find(ps, child->p.ppid);

	if (!parent || parent == child)
		return 0;
	child->p.exe = parent->p.exe;
	child->p.service = parent->p.service;
	return set_resource(child, parent->p.resource);
}

static int take_fork(struct processes *ps, struct process *p,
		     const struct rt_process *rec)
{
	bool fresh = p->p.exited || p->p.exe == empty;
	int err = 0;

	set_exited(ps, p, false);
	p->p.ppid = rec->ppid;
	if (fresh) {
		forget_program(p);
		err = inherit(ps, p);
	}
	if (err)
		return err;
	return name(ps, (const char *)rec->comm, &p->p.comm);
}

/* Another program: its path and service come with the next RT_REC_PROC. */
static int take_exec(struct processes *ps, struct process *p,
		     const struct rt_process *rec)
{
	forget_program(p);
	return name(ps, (const char *)rec->comm, &p->p.comm);
}

static int take_exit(struct processes *ps, struct process *p,
		     const struct rt_process *rec)
{
	set_exited(ps, p, true);
	if (p->p.comm != unknown)
		return 0;
	return name(ps, (const char *)rec->comm, &p->p.comm);
}

static int process_event(struct processes *ps, const struct event *ev)
{
	struct process *p = process_get(ps, ev->process->tgid);
	int err;

	if (!p)
		return -ENOMEM;
	if (ev->kind == RT_REC_FORK)
		err = take_fork(ps, p, ev->process);
	else if (ev->kind == RT_REC_EXEC)
		err = take_exec(ps, p, ev->process);
	else
		err = take_exit(ps, p, ev->process);
	if (!err)
		err = tell(ps, p);
	/* Many may be kept that have exited; their sink has it. */
	return err || !p->p.exited ? err : set_resource(p, empty);
}

static int take_program(struct processes *ps, struct process *p,
			const struct event *ev)
{
	int err = name(ps, ev->proc.exe, &p->p.exe);

	if (!err)
		err = name(ps, ev->proc.service, &p->p.service);
	if (!err)
		err = set_resource(p, ev->proc.resource);
	if (!err)
		p->p.started = ev->proc.started;
	return err;
}

static int proc_info(struct processes *ps, const struct event *ev)
{
	const struct rt_proc_info *info = ev->proc.info;
	struct process *p = process_get(ps, info->tgid);
	int err;

	if (!p)
		return -ENOMEM;
	if (info->ppid)
		p->p.ppid = info->ppid;
	err = name(ps, (const char *)info->comm, &p->p.comm);
	/* One that has exited, but is not waited for, has lost its program:
	 * what was known before is better. */
	if (!err && (!p->p.exited || p->p.service == empty))
		err = take_program(ps, p, ev);
	return err ? err : tell(ps, p);
}

int processes__event(struct processes *ps, const struct event *ev)
{
	return ev->kind == RT_REC_PROC ? proc_info(ps, ev)
				       : process_event(ps, ev);
}

int processes__ensure(struct processes *ps, uint32_t pid)
{
	struct process *p;

	if (pid == 0 || process_find(ps, pid))
		return 0;
	p = process_get(ps, pid);
	return p ? tell(ps, p) : -ENOMEM;
}

int processes__thread(struct processes *ps, const char *comm, const char **out)
{
	*out = unknown;
	return name(ps, comm, out);
}

const char *processes__comm(const struct processes *ps, uint32_t pid)
{
	const struct process *p = process_find(ps, pid);

	return p ? p->p.comm : unknown;
}
