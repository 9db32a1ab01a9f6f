/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connection counts by port: owns them, is fed openings, moves and closings
 * through its caller and kernel summaries, yields a sorted list.
 */
#include "stats/ports.h"

#include <errno.h>
#include <stdlib.h>

#include "stats/order.h"

_Static_assert(sizeof(struct port_key) == 8, "keys are compared as bytes");

void ports__init(struct ports *ps, size_t max)
{
	*ps = (struct ports){.max = max};
	listeners__init(&ps->listeners, max);
}

static void discard(struct port *p)
{
	histogram__free(&p->lifetime);
	histogram__free(&p->accept_queue);
	free(p);
}

void ports__free_retired(struct ports *ps)
{
	while (ps->retired) {
		struct port *p = ps->retired;

		ps->retired = p->hh.next;
		discard(p);
	}
}

void ports__free(struct ports *ps)
{
	struct port_summary *s, *next_s;
	struct port *p, *next;

	ports__free_retired(ps);
	HASH_ITER (hh, ps->all, p, next) {
		HASH_DEL(ps->all, p);
		discard(p);
	}
	listeners__free(&ps->listeners);
	HASH_ITER (hh, ps->summaries, s, next_s) {
		HASH_DEL(ps->summaries, s);
		free(s);
	}
}

static struct port *find(const struct ports *ps, const struct port_key *key)
{
	struct port *p;

	HASH_FIND(hh, ps->all, key, sizeof(*key), p);
	return p;
}

static struct port *insert(struct ports *ps, const struct port_key *key)
{
	struct port *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->key = *key;
	histogram__init(&p->lifetime, RT_HIST_SCALE);
	histogram__init(&p->accept_queue, RT_HIST_SCALE);
	HASH_ADD(hh, ps->all, key, sizeof(*key), p);
	if (!p->hh.tbl) {
		free(p);
		return NULL;
	}
	return p;
}

/* Find or make; when ps is full, the one of pid 0 and port 0. */
static struct port *place(struct ports *ps, uint32_t pid, enum rt_role role,
			  enum rt_transport transport, uint16_t port)
{
	struct port_key key = {pid, port, (uint8_t)role, (uint8_t)transport};
	struct port *p = find(ps, &key);

	if (!p && HASH_COUNT(ps->all) >= ps->max) {
		key.pid = 0;
		key.port = 0;
		p = find(ps, &key);
	}
	return p ? p : insert(ps, &key);
}

struct port *ports__at(struct ports *ps, uint32_t pid, enum rt_role role,
		       enum rt_transport transport, uint16_t port)
{
	struct port *p = place(ps, pid, role, transport, port);

	if (p && (p->key.pid != pid || p->key.port != port))
		ps->folded++;
	return p;
}

int ports__accepted(struct ports *ps, const struct sink_conn *c)
{
	struct port *p = place(ps, c->pid, c->role, c->transport, c->port);

	if (!p)
		return -ENOMEM;
	return histogram__add(&p->accept_queue, c->accept_queue, 1);
}

int ports__listener(struct ports *ps, const struct sink_listener *l)
{
	struct port *p =
		place(ps, l->pid, RT_ROLE_SERVER, RT_TRANSPORT_TCP, l->port);
	int err;

	if (!p)
		return -ENOMEM;
	err = listeners__tell(&ps->listeners, &p->backlog, l);
	if (err && err != -ENOSPC)
		return err;
	if (err || p->key.pid != l->pid || p->key.port != l->port)
		ps->folded++;
	return 0;
}

static struct port_summary *summary_at(struct ports *ps,
				       const struct rt_summary_key *k)
{
	struct port_key key = {k->tgid, k->port, k->role, k->transport};
	struct port_summary *s;

	HASH_FIND(hh, ps->summaries, &key, sizeof(key), s);
	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->key = key;
	s->port = ports__at(ps, k->tgid, k->role, k->transport, k->port);
	if (!s->port)
		goto err;
	HASH_ADD(hh, ps->summaries, key, sizeof(key), s);
	if (s->hh.tbl)
		return s;
err:
	free(s);
	return NULL;
}

int ports__set_summary(struct ports *ps, const struct rt_summary *summary)
{
	const struct rt_summary_value *v = &summary->value;
	struct port_summary *s;

	if (!v->opened && !v->closed)
		return 0;
	s = summary_at(ps, &summary->key);
	if (!s)
		return -ENOMEM;
	s->port->opened += (int64_t)(v->opened - s->opened);
	s->port->closed += (int64_t)(v->closed - s->closed);
	s->opened = v->opened;
	s->closed = v->closed;
	return 0;
}

void ports__mark(struct ports *ps)
{
	struct port *p;

	for (p = ps->all; p; p = p->hh.next)
		p->marked = p->opened;
}

static void add_backlog(struct backlog *to, const struct backlog *from)
{
	if (!from->has_closed)
		return;
	if (!to->has_closed || from->closed_max > to->closed_max) {
		to->closed_max = from->closed_max;
		to->closed_limit = from->closed_limit;
	}
	to->has_closed = true;
}

/* Add p, which is in no table, to another one. */
static int merge(struct ports *ps, struct port *p, struct port *to)
{
	p->into = to;
	p->hh.next = ps->retired;
	ps->retired = p;
	to->joined += p->joined;
	to->opened += p->opened;
	to->closed += p->closed;
	to->marked += p->marked;
	add_backlog(&to->backlog, &p->backlog);
	if (histogram__merge(&to->lifetime, &p->lifetime) ||
	    histogram__merge(&to->accept_queue, &p->accept_queue))
		return -ENOMEM;
	return 0;
}

static int retire_one(struct ports *ps, struct port *p,
		      const struct port_key *key)
{
	struct port *to = find(ps, key);

	HASH_DEL(ps->all, p);
	listeners__leave(&ps->listeners, &p->backlog);
	if (to)
		return merge(ps, p, to);
	p->key = *key;
	HASH_ADD(hh, ps->all, key, sizeof(p->key), p);
	if (p->hh.tbl)
		return 0;
	p->hh.next = ps->retired;
	ps->retired = p;
	return -ENOMEM;
}

int ports__retire(struct ports *ps, const struct processes *processes)
{
	struct port_summary *s;
	struct port *p, *next;
	int err = 0;

	HASH_ITER (hh, ps->all, p, next) {
		struct port_key key = p->key;

		key.pid = process_list__into(processes, p->key.pid);
		if (!key.pid || err)
			continue;
		err = retire_one(ps, p, &key);
	}
	for (s = ps->summaries; s; s = s->hh.next)
		if (s->port->into)
			s->port = s->port->into;
	return err;
}

static uint64_t at_least_none(int64_t n)
{
	return n > 0 ? (uint64_t)n : 0;
}

/* Queues of several ports are none that anybody knows. */
static void fill_backlog(struct snapshot_port *to, const struct backlog *b)
{
	to->listens = to->pid && (b->sockets || b->has_closed);
	if (!to->listens)
		return;
	to->backlog = b->depth;
	to->backlog_max = b->max > b->closed_max ? b->max : b->closed_max;
	to->backlog_limit = b->sockets ? b->limit : b->closed_limit;
}

static int fill(struct snapshot_port *to, const struct port *p)
{
	to->pid = p->key.pid;
	to->role = p->key.role;
	to->transport = p->key.transport;
	to->port = p->key.port;
	to->joined = at_least_none(p->joined);
	to->opened = at_least_none(p->opened);
	to->closed = at_least_none(p->closed);
	to->active = at_least_none(p->joined + p->opened - p->closed);
	to->recent_opened = at_least_none(p->opened - p->marked);
	fill_backlog(to, &p->backlog);
	if (histogram__copy(&to->accept_queue, &p->accept_queue))
		return -ENOMEM;
	return histogram__copy(&to->lifetime, &p->lifetime);
}

static int compare(const void *a, const void *b)
{
	const struct snapshot_port *x = a, *y = b;

	return ORDER_BY(ORDER(process__rank(x->pid), process__rank(y->pid)),
			ORDER(x->role, y->role),
			ORDER(x->transport, y->transport),
			ORDER(x->port, y->port));
}

int ports__list(const struct ports *ps, struct snapshot_port **out, size_t *len)
{
	struct snapshot_port *list =
		calloc(HASH_COUNT(ps->all) + 1, sizeof(*list));
	size_t n = 0;

	if (!list)
		return -ENOMEM;
	for (const struct port *p = ps->all; p; p = p->hh.next)
		if (fill(&list[n++], p))
			goto err;
	qsort(list, n, sizeof(*list), compare);
	*out = list;
	*len = n;
	return 0;
err:
	while (n--) {
		histogram__free(&list[n].lifetime);
		histogram__free(&list[n].accept_queue);
	}
	free(list);
	return -ENOMEM;
}
