/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sink of the model: owns all figures (each kind in a file of its own), is
 * fed requests and lives, and keeps what snapshot.c reads.
 */
#include "stats/stats.h"

#include <errno.h>
#include <stdlib.h>

#include "stats/retire.h"
#include "stats/state.h"

#define DEFAULT_SERIES 2000
#define DEFAULT_CONNS 1000

struct stats *stats__new(const struct stats_config *config)
{
	struct stats *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->config = *config;
	if (!s->config.max_series)
		s->config.max_series = DEFAULT_SERIES;
	if (!s->config.max_conns)
		s->config.max_conns = DEFAULT_CONNS;
	s->by = config->by;
	groups__init(&s->series, GROUP_BY_SERIES, s->config.max_series);
	s->series.client_address = config->client_address;
	groups__init(&s->rows,
		     config->by == SNAPSHOT_BY_THREAD ? GROUP_BY_THREAD
						      : GROUP_BY_PEER,
		     s->config.max_series);
	ports__init(&s->ports, s->config.max_series);
	conn_list__init(&s->connections, &s->ports);
	streams__init(&s->streams, s->config.max_series);
	process_list__init(&s->processes);
	thread_list__init(&s->threads);
	slow__init(&s->slow, &s->config, &s->processes);
	s->totals.verify = config->verify;
	if (!slowest__init(&s->slowest, config->top))
		return s;
	stats__free(s);
	return NULL;
}

void stats__free(struct stats *s)
{
	if (!s)
		return;
	conn_list__free(&s->connections);
	groups__free(&s->series);
	groups__free(&s->rows);
	ports__free(&s->ports);
	streams__free(&s->streams);
	process_list__free(&s->processes);
	thread_list__free(&s->threads);
	slowest__free(&s->slowest);
	slow__free(&s->slow);
	free(s);
}

int stats__set_by(struct stats *s, enum snapshot_by by)
{
	if ((by == SNAPSHOT_BY_THREAD || by == SNAPSHOT_BY_PEER) &&
	    by != s->config.by)
		return -ENOTSUP;
	s->by = by;
	return 0;
}

/* Count in a table; a group that the hint did not name may be a new one. */
static int count(struct stats *s, struct groups *gs, const struct request *r,
		 struct group **hint)
{
	const struct group *before = *hint;
	int err = groups__add(gs, r, hint);

	if (!err && *hint != before)
		err = process_list__use(&s->processes, (*hint)->key.pid);
	return err;
}

static int take_request(void *ctx, const struct request *r)
{
	struct stats *s = ctx;
	struct connection *conn =
		r->keep ? *r->keep
			: conn_list__find(&s->connections, r->cookie);
	struct group *series = conn ? conn->series : NULL, *row = NULL;
	int err;

	if (conn) /* needed in the end */
		__builtin_prefetch(conn->duration.bucket);
	totals__add(&s->totals, r);
	slowest__add(&s->slowest, r);
	err = count(s, &s->series, r, &series);
	if (!err && stats__keeps_rows(s))
		err = count(s, &s->rows, r, conn ? &conn->row : &row);
	if (!err && conn) {
		conn->series = series;
		err = connection__request(conn, r);
	}
	return err ? err : slow__settled(&s->slow, r, series);
}

static int take_accepted(struct stats *s, const struct sink_conn *c)
{
	int err = ports__accepted(&s->ports, c);

	return err ? err : process_list__use(&s->processes, c->pid);
}

static int take_conn(void *ctx, const struct sink_conn *c)
{
	struct connection *conn;
	struct stats *s = ctx;
	int err;

	if (c->event == SINK_CONN_ACCEPTED)
		return take_accepted(s, c);
	err = conn_list__event(&s->connections, c, &conn);
	if (c->keep)
		*c->keep = conn;
	if (c->event == SINK_CONN_CLOSED)
		slow__closed(&s->slow, c->cookie);
	return conn && !err ? process_list__use(&s->processes,
						conn->counted->key.pid)
			    : err;
}

static int take_stream(void *ctx, const struct sink_stream *stream)
{
	struct stats *s = ctx;
	struct connection *conn =
		conn_list__find(&s->connections, stream->cookie);

	if (conn)
		connection__stream(conn, stream);
	return streams__event(&s->streams, stream);
}

static int take_process(void *ctx, const struct sink_process *p)
{
	struct stats *s = ctx;
	int err = 0;

	/* A process id that is used again: what there is was another's. */
	if (!p->exited && process_list__has_past(&s->processes, p->pid))
		err = retire__process(s, p->pid);
	return err ? err : process_list__event(&s->processes, p);
}

static int take_summary(void *ctx, const char *comm,
			const struct rt_summary *summary)
{
	struct stats *s = ctx;
	int err = process_list__name(&s->processes, summary->key.tgid, comm);

	if (!err)
		err = groups__set_summary(&s->series, summary);
	if (!err && stats__keeps_rows(s))
		err = groups__set_summary(&s->rows, summary);
	if (!err)
		err = ports__set_summary(&s->ports, summary);
	if (!err)
		err = process_list__use(&s->processes, summary->key.tgid);
	return err;
}

static int take_listener(void *ctx, const struct sink_listener *l)
{
	struct stats *s = ctx;
	int err = ports__listener(&s->ports, l);

	return err ? err : process_list__use(&s->processes, l->pid);
}

static int take_threads(void *ctx, const struct sink_threads *t)
{
	struct stats *s = ctx;
	bool has_row;
	int err = thread_list__set(&s->threads, t, &has_row);

	if (err || !has_row)
		return err;
	return process_list__use(&s->processes, t->pid);
}

uint64_t stats__slow_threshold(const struct stats *s)
{
	return slow__threshold(&s->slow, &s->series);
}

struct model_sink stats__sink(struct stats *s)
{
	return (struct model_sink){
		.ctx = s,
		.request = take_request,
		.conn = take_conn,
		.stream = take_stream,
		.process = take_process,
		.listener = take_listener,
		.threads = take_threads,
		.summary = take_summary,
	};
}
