/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which figure of a snapshot is which metric. Owns the lists of cells until the
 * batch is made.
 */
#include "export/build_cells.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void cells__free(struct cells *cs)
{
	for (size_t i = 0; i < METRIC_IDS; i++) {
		free(cs->of[i].cell);
		cs->of[i] = (struct cell_list){0};
	}
	arena__free(&cs->temporary);
}

static int add(struct cells *cs, enum metric_id id, const struct cell *cell)
{
	struct cell_list *list = &cs->of[id];

	if (list->len == list->cap) {
		size_t cap = list->cap ? 2 * list->cap : 64;
		struct cell *more =
			reallocarray(list->cell, cap, sizeof(*more));

		if (!more)
			return -ENOMEM;
		list->cell = more;
		list->cap = cap;
	}
	list->cell[list->len++] = *cell;
	return 0;
}

/* Nothing was ever in it: no point. */
static int add_histogram(struct cells *cs, enum metric_id id, struct cell cell,
			 const struct histogram *h)
{
	if (!h->count)
		return 0;
	cell.histogram = h;
	return add(cs, id, &cell);
}

static int add_value(struct cells *cs, enum metric_id id, struct cell cell,
		     uint64_t value)
{
	cell.value = value;
	return add(cs, id, &cell);
}

/* The cell of a list of attributes; with the process if it is asked for. */
static struct cell make_cell(struct cells *cs, struct service *service,
			     struct attribute_list *l, uint32_t pid, bool room)
{
	struct cell cell = {.service = service};

	if (!room) {
		cell.attributes = attributes_overflow;
		cell.overflow = true;
		return cell;
	}
	if (cs->services->config->per_process && pid)
		attribute_list__number(l, "process.pid", pid);
	cell.attributes = attribute_list__keep(l, cs->arena);
	return cell;
}

/* The same with one attribute more. Most of these are merged with others, or
 * there is no room for them. */
static struct cell cell_with(struct cells *cs, const struct cell *of,
			     const char *key, const char *text)
{
	struct cell cell = *of;

	if (cell.overflow)
		return cell;
	cell.attributes =
		attributes__with(of->attributes, key, text, &cs->temporary);
	cell.temporary = true;
	return cell;
}

static int add_io(struct cells *cs, enum metric_id id, const struct cell *base,
		  uint64_t in, uint64_t out)
{
	static const char key[] = "network.io.direction";
	int err = 0;

	if (in)
		err = add_value(cs, id, cell_with(cs, base, key, "receive"),
				in);
	if (!err && out)
		err = add_value(cs, id, cell_with(cs, base, key, "transmit"),
				out);
	return err;
}

/* Time that never came up makes no point: most causes of most series. */
static int add_part(struct cells *cs, enum metric_id id,
		    const struct cell *base, const char *key, const char *text,
		    const struct histogram *h)
{
	if (!h->sum)
		return 0;
	return add_histogram(cs, id,
			     key ? cell_with(cs, base, key, text) : *base, h);
}

/* Where the time of a server's requests went. Sums of all of these are the sum
 * of the durations. */
static int add_parts(struct cells *cs, const struct cell *base,
		     const struct measure *m)
{
	static const char owner[] = "reqtrace.cpu.owner";
	int err = add_part(cs, METRIC_RECEIVE_QUEUE, base, NULL, NULL,
			   &m->part[PART_RECEIVE_QUEUE]);

	if (!err)
		err = add_part(cs, METRIC_CPU, base, owner, "own",
			       &m->part[PART_CPU]);
	if (!err)
		err = add_part(cs, METRIC_CPU, base, owner, "other",
			       &m->part[PART_CPU_OTHER]);
	if (!err)
		err = add_part(cs, METRIC_RUN_QUEUE, base, NULL, NULL,
			       &m->part[PART_RUN_QUEUE]);
	for (int i = PART_LOCK; i < PARTS && !err; i++)
		err = add_part(cs, METRIC_OFFCPU, base, "reqtrace.offcpu.cause",
			       part__name(i), &m->part[i]);
	return err;
}

static int add_series(struct cells *cs, const struct snapshot_series *s,
		      struct service *service)
{
	struct attribute_list l = {0}, with_status;
	bool room = build__series(&l, s, cs->arena);
	struct cell base, cell;
	int err;

	with_status = l;
	base = make_cell(cs, service, &l, s->pid, room);
	cell = base;
	if (room) {
		size_t len = with_status.len;

		build__status(&with_status, s, cs->arena);
		if (with_status.len > len)
			cell = make_cell(cs, service, &with_status, s->pid,
					 true);
	}
	cell.series = s;
	err = add_histogram(cs, build__duration_metric(s), cell,
			    &s->m.duration);
	if (err)
		return err;
	if (s->role == RT_ROLE_CLIENT)
		return add_io(cs, METRIC_CLIENT_IO, &base, s->m.bytes_in,
			      s->m.bytes_out);
	err = add_histogram(cs, METRIC_TIME_TO_FIRST_BYTE, base,
			    &s->m.time_to_first_byte);
	if (!err)
		err = add_parts(cs, &base, &s->m);
	return err ? err
		   : add_io(cs, METRIC_SERVER_IO, &base, s->m.bytes_in,
			    s->m.bytes_out);
}

static int add_stream(struct cells *cs, const struct snapshot_stream *s,
		      struct service *service)
{
	static const enum metric_id ids[2][4] = {
		{METRIC_SERVER_STREAM_OPENED, METRIC_SERVER_STREAM_ACTIVE,
		 METRIC_SERVER_STREAM_DURATION, METRIC_SERVER_STREAM_IO},
		{METRIC_CLIENT_STREAM_OPENED, METRIC_CLIENT_STREAM_ACTIVE,
		 METRIC_CLIENT_STREAM_DURATION, METRIC_CLIENT_STREAM_IO},
	};
	const enum metric_id *id = ids[s->role == RT_ROLE_CLIENT];
	struct attribute_list l = {0};
	bool room = build__stream(&l, s, cs->arena);
	struct cell base = make_cell(cs, service, &l, s->pid, room);
	int err = add_value(cs, id[0], base, s->streams);

	if (!err)
		err = add_value(cs, id[1], base, s->active);
	if (!err)
		err = add_histogram(cs, id[2], base, &s->duration);
	return err ? err : add_io(cs, id[3], &base, s->bytes_in, s->bytes_out);
}

static int add_flying(struct cells *cs, const struct snapshot_in_flight *f,
		      struct service *service)
{
	struct attribute_list l = {0};
	enum metric_id id;

	if (f->role == RT_ROLE_CLIENT)
		return 0;
	id = build__flying(&l, f, cs->arena);
	return add_value(cs, id, make_cell(cs, service, &l, f->pid, true),
			 f->count);
}

static int add_accept_queue(struct cells *cs, const struct snapshot_port *p,
			    const struct cell *base)
{
	int err =
		add_histogram(cs, METRIC_ACCEPT_QUEUE, *base, &p->accept_queue);

	if (err || !p->listens)
		return err;
	err = add_value(cs, METRIC_ACCEPT_QUEUE_LENGTH, *base, p->backlog);
	return err ? err
		   : add_value(cs, METRIC_ACCEPT_QUEUE_LIMIT, *base,
			       p->backlog_limit);
}

static int add_port(struct cells *cs, const struct snapshot_port *p,
		    struct service *service)
{
	static const enum metric_id ids[2][3] = {
		{METRIC_SERVER_CONN_OPENED, METRIC_SERVER_CONN_ACTIVE,
		 METRIC_SERVER_CONN_DURATION},
		{METRIC_CLIENT_CONN_OPENED, METRIC_CLIENT_CONN_ACTIVE,
		 METRIC_CLIENT_CONN_DURATION},
	};
	const enum metric_id *id = ids[p->role == RT_ROLE_CLIENT];
	struct attribute_list l = {0};
	struct cell base;
	int err;

	build__port(&l, p);
	base = make_cell(cs, service, &l, p->pid, true);
	err = add_value(cs, id[0], base, p->opened);
	if (!err)
		err = add_value(cs, id[1], base, p->active);
	if (!err)
		err = add_histogram(cs, id[2], base, &p->lifetime);
	if (!err && p->role != RT_ROLE_CLIENT)
		err = add_accept_queue(cs, p, &base);
	return err;
}

/* Whose a row is: of a process, or of several that have exited. */
#define OF_PROCESS(cs, row, out)                                               \
	services__of((cs)->services, (cs)->snap, (row)->pid, (cs)->start, out)
#define OF_ANY(cs, row, out)                                                   \
	((row)->pid ? OF_PROCESS(cs, row, out)                                 \
		    : services__of_folded((cs)->services, (cs)->snap,          \
					  &(struct folded){(row)->instance,    \
							   (row)->service,     \
							   (row)->comm},       \
					  (cs)->start, out))

/* Call what for each item of a list of the snapshot whose service's figures
 * are told; of: how to find it. */
#define ADD_ALL(cs, list, of, what)                                            \
	({                                                                     \
		int err_ = 0;                                                  \
		for (size_t i_ = 0; i_ < (cs)->snap->list##_len && !err_;      \
		     i_++) {                                                   \
			struct service *service_;                              \
			err_ = of(cs, &(cs)->snap->list[i_], &service_);       \
			if (!err_ && service_)                                 \
				err_ = what(cs, &(cs)->snap->list[i_],         \
					    service_);                         \
		}                                                              \
		err_;                                                          \
	})

/* Counters that are always there, so that their absence is never the reason
 * why an alert stays silent. */
static bool is_important(const char *name)
{
	return !strcmp(name, "lost") || !strcmp(name, "summarised");
}

static int add_coverage(struct cells *cs)
{
	const struct snapshot *snap = cs->snap;
	struct cell none = {.service = cs->services->self};
	int err =
		add_value(cs, METRIC_COVERAGE_EXCHANGES, none, snap->exchanges);

	for (size_t i = 0; i < snap->counters_len && !err; i++) {
		const struct snapshot_counter *c = &snap->counters[i];

		if (c->value || is_important(c->name))
			err = add_value(cs, METRIC_COVERAGE_EVENTS,
					cell_with(cs, &none,
						  "reqtrace.coverage.reason",
						  c->name),
					c->value);
	}
	return err;
}

static int add_cost(struct cells *cs)
{
	const struct snapshot *snap = cs->snap;
	struct cell none = {.service = cs->services->self};
	int err = add_value(cs, METRIC_PROCESS_CPU, none, snap->user_ns);

	if (!err)
		err = add_value(cs, METRIC_PROCESS_MEMORY, none,
				snap->rss_bytes);
	if (!err && snap->bpf_known)
		err = add_value(cs, METRIC_BPF_TIME, none, snap->bpf_ns);
	return err;
}

static int add_health(struct cells *cs, const struct build_health *row)
{
	const size_t id = (size_t)(row->info - metric_table);
	struct cell cell = {.service = cs->services->self};

	cell.attributes = attributes__copy(row->attributes, row->attributes_len,
					   cs->arena);
	return add_value(cs, (enum metric_id)id, cell, row->value);
}

int cells__fill(struct cells *cs, const struct build_health *health,
		size_t health_len)
{
	int err = ADD_ALL(cs, series, OF_ANY, add_series);

	if (!err)
		err = ADD_ALL(cs, streams, OF_ANY, add_stream);
	if (!err)
		err = ADD_ALL(cs, flying, OF_PROCESS, add_flying);
	if (!err)
		err = ADD_ALL(cs, ports, OF_ANY, add_port);
	if (!err)
		err = add_coverage(cs);
	if (!err)
		err = add_cost(cs);
	for (size_t i = 0; i < health_len && !err; i++)
		err = add_health(cs, &health[i]);
	return cs->arena->failed || cs->temporary.failed ? -ENOMEM : err;
}
