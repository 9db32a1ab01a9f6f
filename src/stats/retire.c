// SPDX-License-Identifier: GPL-2.0-only
/* See retire.h: chooses processes, and has each table add up its own. */
#include "stats/retire.h"

#include <errno.h>

#include "stats/state.h"

static bool groups_crowded(const struct groups *gs)
{
	return gs->len[GROUP_PLAIN] > gs->max / 2 ||
	       gs->len[GROUP_FOLDED] > gs->max / 2;
}

static bool is_crowded(const struct stats *s)
{
	return groups_crowded(&s->series) || groups_crowded(&s->rows) ||
	       HASH_COUNT(s->ports.all) > s->ports.max / 2 ||
	       HASH_COUNT(s->streams.groups) > s->streams.max / 2 ||
	       s->threads.rows_used > s->threads.rows / 2 ||
	       process_list__is_crowded(&s->processes);
}

/* What is open may still count for them. */
static void mark_busy(struct stats *s)
{
	const struct connection *c;
	const struct stream *st;
	const struct port *p;
	size_t at = 0;

	while ((c = lookup__next(&s->connections.open, &at))) {
		process_list__mark(&s->processes, c->pid, PROCESS_BUSY);
		process_list__mark(&s->processes, c->counted->key.pid,
				   PROCESS_BUSY);
		if (c->series)
			process_list__mark(&s->processes, c->series->key.pid,
					   PROCESS_BUSY);
	}
	for (st = s->streams.active; st; st = st->hh.next)
		process_list__mark(&s->processes, st->group->key.pid,
				   PROCESS_BUSY);
	for (p = s->ports.all; p; p = p->hh.next)
		if (p->backlog.sockets)
			process_list__mark(&s->processes, p->key.pid,
					   PROCESS_BUSY);
}

/* What goes on to be shown by process needs its name. */
static void mark_named(struct stats *s)
{
	const struct connections *cs = &s->connections;
	const struct group *g;

	for (size_t i = 0; i < s->slowest.len; i++)
		process_list__mark(&s->processes, s->slowest.list[i].pid,
				   PROCESS_NAMED);
	for (size_t i = 0; i < cs->slowest_len; i++)
		process_list__mark(&s->processes, cs->slowest[i].figures.pid,
				   PROCESS_NAMED);
	for (g = s->series.all; g; g = g->hh.next)
		if (g->key.kind == GROUP_SUMMARISED)
			process_list__mark(&s->processes, g->key.pid,
					   PROCESS_NAMED);
}

/* Have every table add up what is of processes that were chosen. */
static int fold(struct stats *s)
{
	struct connection *c;
	size_t at = 0;
	int err;

	while ((c = lookup__next(&s->connections.open, &at)))
		c->series = c->row = NULL;
	err = groups__retire(&s->series, &s->processes);
	if (!err)
		err = groups__retire(&s->rows, &s->processes);
	if (!err)
		err = conn_list__retire(&s->connections, &s->processes);
	if (!err)
		err = streams__retire(&s->streams, &s->processes);
	if (!err)
		err = thread_list__retire(&s->threads, &s->processes);
	process_list__retired(&s->processes);
	return err;
}

int retire__crowd(struct stats *s)
{
	int err = 0;

	while (!err && is_crowded(s)) {
		size_t chosen;

		process_list__unmark(&s->processes);
		mark_busy(s);
		mark_named(s);
		err = process_list__choose(&s->processes, &chosen);
		if (!err && !chosen)
			return 0;
		if (!err)
			err = fold(s);
	}
	return err;
}

int retire__process(struct stats *s, uint32_t pid)
{
	int err;

	process_list__unmark(&s->processes);
	mark_named(s);
	process_list__mark(&s->processes, pid, PROCESS_NAMED);
	err = process_list__choose_one(&s->processes, pid);
	return err ? err : fold(s);
}
