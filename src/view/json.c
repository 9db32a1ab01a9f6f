/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The JSON report, "reqtrace.report/1" (docs/json.md, docs/report.schema.json).
 * Fed with a snapshot, yields bytes: one line per top-level key or element of
 * a top-level array, each made and written on its own, so that memory stays
 * bounded by one element however many series there are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "view/json_measure.h"
#include "view/json_time.h"
#include "view/view.h"

static int write_text(FILE *out, const char *text)
{
	return fputs(text, out) == EOF ? -errno : 0;
}

/* Write and free value; NULL stands for out of memory. */
static int write_value(FILE *out, json_t *value)
{
	int err = 0;

	if (!value)
		return -ENOMEM;
	errno = 0;
	if (json_dumpf(value, out,
		       JSON_ENCODE_ANY | JSON_COMPACT |
			       JSON_REAL_PRECISION(JSON_VALUE_DIGITS)) < 0)
		err = ferror(out) && errno ? -errno
		      : ferror(out)	   ? -EIO
					   : -ENOMEM;
	json_decref(value);
	return err;
}

static int write_member(FILE *out, const char *key, json_t *value)
{
	int err = write_text(out, ",\n\"");

	if (!err)
		err = write_text(out, key);
	if (!err)
		err = write_text(out, "\":");
	if (err) {
		json_decref(value);
		return err;
	}
	return write_value(out, value);
}

/* "key":[make(snap, 0), ...], an element a line. */
static int write_array(FILE *out, const char *key, const struct snapshot *snap,
		       size_t len,
		       json_t *(*make)(const struct snapshot *, size_t))
{
	int err = write_text(out, ",\n\"");

	if (!err)
		err = write_text(out, key);
	if (!err)
		err = write_text(out, "\":[");
	for (size_t i = 0; !err && i < len; i++) {
		err = write_text(out, i ? ",\n" : "\n");
		if (!err)
			err = write_value(out, make(snap, i));
	}
	return err ? err : write_text(out, "]");
}

static void put_texts(struct json_value *v, const char *key,
		      const char *const *texts, size_t len)
{
	json_t *array = json_array();

	for (size_t i = 0; i < len; i++)
		json_array_append_new(array, json_value__text(texts[i]));
	if (json_array_size(array) != len)
		v->failed = true;
	json_value__set(v, key, array);
}

static json_t *tool(const struct snapshot *snap)
{
	struct json_value v = json_value__object();

	json_value__string(&v, "version", snap->version);
	json_value__string(&v, "engine", snap->engine);
	put_texts(&v, "hooks", snap->hooks, snap->hooks_len);
	put_texts(&v, "lost", snap->not_seen, snap->not_seen_len);
	return json_value__finish(&v);
}

static json_t *host(const struct snapshot *snap)
{
	struct json_value v = json_value__object();

	json_value__string(&v, "name", snap->host);
	json_value__string(&v, "kernel", snap->kernel);
	json_value__string(&v, "arch", snap->arch);
	json_value__count(&v, "cpus", snap->cpus);
	return json_value__finish(&v);
}

static json_t *window(const struct snapshot *snap)
{
	struct json_value v = json_value__object();
	uint64_t ns = snap->now - snap->start;

	json_value__time(&v, "start", snap->wall_start);
	json_value__time(&v, "end", snap->wall_start + ns);
	json_value__time(&v, "seconds", ns);
	return json_value__finish(&v);
}

/* "key=value" lines as an object. */
static json_t *attributes(const char *lines)
{
	struct json_value v = json_value__object();

	while (*lines) {
		size_t len = strcspn(lines, "\n");
		char *key = strndup(lines, len);
		char *value = key ? strchr(key, '=') : NULL;

		v.failed |= !key;
		if (value) {
			*value = 0;
			json_value__string(&v, key, value + 1);
		}
		free(key);
		lines += len + (lines[len] == '\n');
	}
	return json_value__finish(&v);
}

static json_t *process(const struct snapshot *snap, size_t i)
{
	const struct snapshot_process *p = &snap->processes[i];
	struct json_value v = json_value__object();

	json_value__count(&v, "pid", p->pid);
	json_value__count(&v, "ppid", p->ppid);
	json_value__string(&v, "comm", p->comm);
	json_value__string(&v, "exe", p->exe);
	json_value__string(&v, "service", p->service);
	json_value__set(&v, "resource", attributes(p->resource));
	json_value__bool(&v, "exited", p->exited);
	return json_value__finish(&v);
}

static json_t *series(const struct snapshot *snap, size_t i)
{
	const struct snapshot_series *s = &snap->series[i];
	struct json_value v = json_value__object();

	json_value__endpoint(&v, s->pid, s->comm, s->role, s->transport);
	json_value__string(&v, "service", s->service);
	json_value__count(&v, "port", s->port);
	json_value__string(&v, "protocol", s->protocol);
	json_value__string(&v, "operation", s->operation);
	json_value__string(&v, "status", s->status);
	json_value__string(&v, "version", s->version);
	if (*s->server_address)
		json_value__string(&v, "server_address", s->server_address);
	json_measure__set(&v, s->role, &s->m);
	return json_value__finish(&v);
}

static json_t *stream(const struct snapshot *snap, size_t i)
{
	const struct snapshot_stream *s = &snap->streams[i];
	struct json_value v = json_value__object();

	json_value__endpoint(&v, s->pid, s->comm, s->role, s->transport);
	json_value__string(&v, "service", s->service);
	json_value__count(&v, "port", s->port);
	json_value__string(&v, "protocol", s->protocol);
	json_value__string(&v, "operation", s->operation);
	json_value__count(&v, "streams", s->streams);
	json_value__count(&v, "active", s->active);
	json_value__count(&v, "bytes_in", s->bytes_in);
	json_value__count(&v, "bytes_out", s->bytes_out);
	json_value__histogram(&v, "duration", &s->duration);
	return json_value__finish(&v);
}

static json_t *in_flight(const struct snapshot *snap, size_t i)
{
	const struct snapshot_in_flight *f = &snap->flying[i];
	struct json_value v = json_value__object();

	json_value__endpoint(&v, f->pid, f->comm, f->role, f->transport);
	json_value__count(&v, "port", f->port);
	json_value__string(&v, "protocol", f->protocol);
	json_value__string(&v, "operation", f->operation);
	json_value__count(&v, "count", f->count);
	return json_value__finish(&v);
}

/* What waits to be accepted; only listening sockets have that. */
static json_t *backlog(const struct snapshot_port *p)
{
	struct json_value v = json_value__object();

	json_value__count(&v, "depth", p->backlog);
	json_value__count(&v, "max", p->backlog_max);
	json_value__count(&v, "limit", p->backlog_limit);
	return json_value__finish(&v);
}

static json_t *connections(const struct snapshot *snap, size_t i)
{
	const struct snapshot_port *p = &snap->ports[i];
	struct json_value v = json_value__object();

	json_value__endpoint(&v, p->pid, p->comm, p->role, p->transport);
	json_value__string(&v, "service", p->service);
	json_value__count(&v, "port", p->port);
	json_value__count(&v, "joined", p->joined);
	json_value__count(&v, "opened", p->opened);
	json_value__count(&v, "closed", p->closed);
	json_value__count(&v, "active", p->active);
	if (p->accept_queue.count || p->role == RT_ROLE_SERVER)
		json_value__histogram(&v, "accept_queue", &p->accept_queue);
	else
		json_value__set(&v, "accept_queue", json_null());
	json_value__set(&v, "backlog", p->listens ? backlog(p) : json_null());
	json_value__histogram(&v, "lifetime", &p->lifetime);
	return json_value__finish(&v);
}

/* Summarised exchanges have no parts that could be added up. */
static json_t *verify(const struct snapshot *snap)
{
	struct json_value v = json_value__object();

	json_value__count(&v, "checked", snap->exchanges - snap->summarised);
	json_value__count(&v, "violations", snap->violations);
	return json_value__finish(&v);
}

static json_t *coverage(const struct snapshot *snap)
{
	struct json_value v = json_value__object();
	double timed = (double)snap->unattributed + snap->attributed;

	json_value__count(&v, "exchanges", snap->exchanges);
	json_value__count(&v, "operations", snap->operations);
	json_value__count(&v, "in_flight", snap->in_flight);
	json_value__set(&v, "unattributed_share",
			timed > 0 ? json_real(snap->unattributed / timed)
				  : json_null());
	json_value__set(&v, "verify",
			snap->verified ? verify(snap) : json_null());
	for (size_t i = 0; i < snap->counters_len; i++) {
		const struct snapshot_counter *c = &snap->counters[i];

		json_value__count(&v, c->name, c->value);
	}
	return json_value__finish(&v);
}

static json_t *cost(const struct snapshot *snap)
{
	struct json_value v = json_value__object();
	bool per = snap->bpf_known && snap->exchanges > 0;

	if (snap->bpf_known)
		json_value__time(&v, "bpf_seconds", snap->bpf_ns);
	else
		json_value__set(&v, "bpf_seconds", json_null());
	json_value__set(&v, "bpf_ns_per_exchange",
			per ? json_real((double)snap->bpf_ns / snap->exchanges)
			    : json_null());
	json_value__time(&v, "user_seconds", snap->user_ns);
	json_value__count(&v, "rss_bytes", snap->rss_bytes);
	return json_value__finish(&v);
}

/* A row of --by thread or peer: the series keys that it has. */
static json_t *row(const struct snapshot *snap, size_t i)
{
	const struct snapshot_row *r = &snap->rows[i];
	struct json_value v = json_value__object();

	json_value__endpoint(&v, r->pid, r->comm, r->role, r->transport);
	if (r->has_port)
		json_value__count(&v, "port", r->port);
	if (snap->by == SNAPSHOT_BY_THREAD)
		json_value__count(&v, "tid", r->tid);
	else
		json_value__string(&v, "peer", r->peer);
	json_value__count(&v, "active", r->active);
	json_measure__set(&v, r->role, &r->m);
	return json_value__finish(&v);
}

static void conn_time(struct json_value *v, const char *key, uint64_t ns,
		      bool known)
{
	if (known)
		json_value__time(v, key, ns);
	else
		json_value__set(v, key, json_null());
}

static json_t *conn(const struct snapshot *snap, size_t i)
{
	const struct snapshot_conn *c = &snap->conns[i];
	struct json_value v = json_value__object();

	json_value__endpoint(&v, c->pid, c->comm, c->role, c->transport);
	json_value__count(&v, "port", c->port);
	json_value__string(&v, "protocol", c->protocol);
	json_value__string(&v, "local", c->local);
	json_value__string(&v, "remote", c->remote);
	json_value__bool(&v, "open", c->open);
	json_value__bool(&v, "joined", c->joined);
	json_value__time(&v, "age", c->age);
	conn_time(&v, "idle", c->idle, c->open);
	json_value__count(&v, "exchanges", c->exchanges);
	json_value__count(&v, "bytes_in", c->bytes_in);
	json_value__count(&v, "bytes_out", c->bytes_out);
	conn_time(&v, "p50", c->p50, c->exchanges > 0);
	conn_time(&v, "p99", c->p99, c->exchanges > 0);
	conn_time(&v, "max", c->max, c->exchanges > 0);
	return json_value__finish(&v);
}

static int write_rows(const struct snapshot *snap, FILE *out)
{
	switch (snap->by) {
	case SNAPSHOT_BY_CONNECTION:
		return write_array(out, "rows", snap, snap->conns_len, conn);
	case SNAPSHOT_BY_THREAD:
	case SNAPSHOT_BY_PEER:
		return write_array(out, "rows", snap, snap->rows_len, row);
	default: /* the series say it all */
		return 0;
	}
}

static int report(const struct snapshot *snap,
		  const struct view_style *style __attribute__((unused)),
		  FILE *out)
{
	int err = write_text(out, "{\"schema\":\"reqtrace.report/1\"");

	if (!err)
		err = write_member(out, "tool", tool(snap));
	if (!err)
		err = write_member(out, "host", host(snap));
	if (!err)
		err = write_member(out, "window", window(snap));
	if (!err)
		err = write_array(out, "processes", snap, snap->processes_len,
				  process);
	if (!err)
		err = write_array(out, "series", snap, snap->series_len,
				  series);
	if (!err)
		err = write_array(out, "streams", snap, snap->streams_len,
				  stream);
	if (!err)
		err = write_array(out, "connections", snap, snap->ports_len,
				  connections);
	if (!err)
		err = write_array(out, "threads", snap, snap->threads_len,
				  json_time__threads);
	if (!err)
		err = write_array(out, "slowest", snap, snap->slowest_len,
				  json_time__slowest);
	if (!err)
		err = write_array(out, "in_flight", snap, snap->flying_len,
				  in_flight);
	if (!err)
		err = write_rows(snap, out);
	if (!err)
		err = write_member(out, "coverage", coverage(snap));
	if (!err)
		err = write_member(out, "cost", cost(snap));
	if (!err)
		err = write_text(out, "}\n");
	if (!err && fflush(out) == EOF)
		err = -errno;
	if (!err && ferror(out)) /* an earlier write of someone else's */
		err = -EIO;
	return err;
}

const struct view_format view_json = {.name = "json", .report = report};
