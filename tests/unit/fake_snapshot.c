/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hand-made snapshots. Fed with a kind and a number of seconds, yields the
 * same figures each time.
 */
#include "fake_snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_parts.h"

#define SECOND 1000000000ull
#define MS 1000000ull
#define US 1000ull

/* Everything in one piece of memory; the views get pointers into it. */
struct fake {
	struct snapshot snap;
	struct snapshot_process processes[8];
	struct snapshot_series series[8];
	struct snapshot_row rows[8];
	struct snapshot_stream streams[1];
	struct snapshot_port ports[4];
	struct snapshot_conn conns[6];
	struct snapshot_counter counters[6];
	struct snapshot_threads threads[FAKE_PARTS_THREADS];
	struct snapshot_slow slowest[FAKE_PARTS_SLOWEST];
	struct snapshot_in_flight flying[2];
};

static const char *const not_seen[] = {
	"Durations start at the read: the time that a request waits in its "
	"socket is not seen",
	"System calls of 32-bit programs are not seen"};
static const char *const hooks[] = {"tp_btf/sock_recv_length",
				    "tp_btf/sock_send_length"};

static void add(struct histogram *h, uint64_t ns, uint64_t times)
{
	if (times && histogram__add(h, ns, times) < 0)
		abort();
}

/* A peak with a tail: what latencies look like. Returns how many. */
static uint64_t spread(struct histogram *h, uint64_t typical, uint64_t times)
{
	static const struct {
		unsigned int percent, share;
	} shape[] = {{70, 5},	{85, 20}, {100, 30}, {120, 22},
		     {150, 12}, {210, 7}, {330, 3},  {1200, 1}};
	uint64_t count = 0;

	for (size_t i = 0; i < sizeof(shape) / sizeof(shape[0]); i++) {
		uint64_t n = times * shape[i].share / 100;

		add(h, typical * shape[i].percent / 100, n);
		count += n;
	}
	return count;
}

/* times: a multiple of 100 spreads without rest. */
static void measure(struct measure *m, uint64_t typical, uint64_t times,
		    uint64_t pipelined, bool arrival)
{
	fake_parts__init(m);
	m->operations = spread(&m->duration, typical, times);
	m->exchanges = m->operations / pipelined;
	m->bytes_in = m->operations * 48;
	m->bytes_out = m->operations * 1300;
	spread(&m->time_to_first_byte, typical * 9 / 10, times);
	if (arrival) {
		m->with_arrival = m->exchanges;
		spread(&m->part[PART_RECEIVE_QUEUE], typical / 5, times);
		spread(&m->part[PART_UNATTRIBUTED], typical - typical / 5,
		       times);
	}
}

/* A row of --by operation for each series. */
static void rows_of_series(struct fake *f, unsigned int tick)
{
	for (size_t i = 0; i < f->snap.series_len; i++) {
		struct snapshot_series *s = &f->series[i];
		struct snapshot_row *r = &f->rows[i];

		s->m.recent = s->m.operations / tick;
		*r = (struct snapshot_row){.pid = s->pid,
					   .comm = s->comm,
					   .role = s->role,
					   .transport = s->transport,
					   .port = s->port,
					   .has_port = true,
					   .protocol = s->protocol,
					   .operation = s->operation};
		fake_parts__copy(&r->m, &s->m);
		for (size_t k = 0; k < f->snap.ports_len; k++) {
			if (f->ports[k].pid == s->pid &&
			    f->ports[k].port == s->port)
				r->active = f->ports[k].active;
		}
	}
	f->snap.rows_len = f->snap.series_len;
}

static struct measure *series(struct fake *f, uint32_t pid, const char *comm,
			      enum rt_role role, uint16_t port,
			      const char *protocol, const char *operation,
			      const char *status)
{
	struct snapshot_series *s = &f->series[f->snap.series_len++];

	*s = (struct snapshot_series){
		.pid = pid,
		.service = comm,
		.comm = comm,
		.role = role,
		.port = port,
		.protocol = protocol,
		.operation = operation,
		.status = status,
		.version = strcmp(protocol, "http") == 0 ? "1.1" : ""};
	return &s->m;
}

static struct snapshot_port *port(struct fake *f, uint32_t pid,
				  const char *comm, enum rt_role role,
				  uint16_t number)
{
	struct snapshot_port *p = &f->ports[f->snap.ports_len++];

	*p = (struct snapshot_port){.pid = pid,
				    .comm = comm,
				    .service = comm,
				    .role = role,
				    .port = number};
	histogram__init(&p->lifetime, RT_HIST_SCALE);
	histogram__init(&p->accept_queue, RT_HIST_SCALE);
	return p;
}

static void process(struct fake *f, uint32_t pid, uint32_t ppid,
		    const char *comm, const char *exe)
{
	f->processes[f->snap.processes_len++] =
		(struct snapshot_process){.pid = pid,
					  .ppid = ppid,
					  .comm = comm,
					  .exe = exe,
					  .service = comm,
					  .resource = "host.id=7\n"
						      "service.version=1=2"};
}

static void counter(struct fake *f, const char *name, const char *reason,
		    uint64_t value)
{
	f->counters[f->snap.counters_len++] =
		(struct snapshot_counter){name, reason, value};
}

static void counters(struct fake *f, uint64_t summarised, uint64_t midway)
{
	counter(f, "summarised",
		"The ring was full: counted and timed, but the operation is "
		"not known.",
		summarised);
	counter(f, "lost", "The ring was full and no summary slot was free.",
		0);
	counter(f, "joined_midway",
		"The connection was in the middle of an exchange when tracing "
		"began; that exchange is not counted.",
		midway);
	f->snap.summarised = summarised;
}

static void redis(struct fake *f, unsigned int tick)
{
	struct measure *m;
	struct snapshot_port *p;

	process(f, 1234, 1, "redis-server", "/usr/bin/redis-server");
	m = series(f, 1234, "redis-server", RT_ROLE_SERVER, 6379, "redis",
		   "GET", "ok");
	measure(m, 180 * US, 1600000ull * tick, 16, true);
	m = series(f, 1234, "redis-server", RT_ROLE_SERVER, 6379, "redis",
		   "SET", "ok");
	measure(m, 240 * US, 160000ull * tick, 16, true);
	p = port(f, 1234, "redis-server", RT_ROLE_SERVER, 6379);
	p->opened = 51;
	p->closed = 1;
	p->active = 50;
	add(&p->lifetime, 1300 * US, 1);
	counters(f, 0, 0);
	rows_of_series(f, tick);
	/* Not for the text report: nothing happened on them. */
	p = port(f, 1234, "redis-server", RT_ROLE_SERVER, 0);
	p->transport = RT_TRANSPORT_UNIX;
	p->joined = p->active = 2;
}

static void web_series(struct fake *f, unsigned int tick)
{
	struct measure *m;

	m = series(f, 1201, "gunicorn", RT_ROLE_SERVER, 8000, "http",
		   "GET /api/v1/users/{id}/orders/{id}", "200");
	measure(m, 12 * MS, 90000ull * tick, 1, true);
	m = series(f, 1202, "gunicorn", RT_ROLE_SERVER, 8000, "http",
		   "GET /api/v1/users/{id}/orders/{id}", "200");
	measure(m, 13 * MS, 80000ull * tick, 1, true);
	m->with_arrival -= 1000;
	m = series(f, 1201, "gunicorn", RT_ROLE_CLIENT, 6379, "redis",
		   "HGETALL", "ok");
	strcpy(f->series[f->snap.series_len - 1].server_address, "192.0.2.7");
	measure(m, 350 * US, 50000ull * tick, 1, false);
	m = series(f, 1202, "gunicorn", RT_ROLE_SERVER, 8000, "http",
		   "POST /caf\xc3\xa9/\xe6\xb3\xa8\xe6\x96\x87/{id}", "201");
	measure(m, 45 * MS, 10000ull * tick, 1, true);
	m = series(f, 1201, "gunicorn", RT_ROLE_SERVER, 8000, "http",
		   "GET /bad\x1b[31m\xff/\xe2\x80\xae{id}", "500");
	measure(m, 900 * MS, 300, 1, true);
	m->errors = 300;
	m->errors_by[REQUEST_ERROR_STATUS] = 297;
	m->errors_by[REQUEST_ERROR_PEER_ABORT] = 2;
	m->errors_by[REQUEST_ERROR_RESET] = 1;
	m = series(f, 1201, "gunicorn", RT_ROLE_SERVER, 0, "unix", "", "");
	f->series[f->snap.series_len - 1].transport = RT_TRANSPORT_UNIX;
	measure(m, 5 * US, 100, 1, true);
	add(&m->duration, 0, 7);
	m->operations += 7;
}

static void web(struct fake *f, unsigned int tick)
{
	struct snapshot_port *p;

	process(f, 1200, 1, "gunicorn", "/usr/bin/python3.11");
	process(f, 1201, 1200, "gunicorn", "/usr/bin/python3.11");
	process(f, 1202, 1200, "gunicorn", "/usr/bin/python3.11");
	f->processes[2].exited = true;
	web_series(f, tick);
	p = port(f, 1201, "gunicorn", RT_ROLE_SERVER, 8000);
	p->joined = 2;
	p->opened = 120;
	p->closed = 110;
	p->active = 12;
	spread(&p->lifetime, 2 * SECOND, 100);
	p = port(f, 1202, "gunicorn", RT_ROLE_SERVER, 8000);
	p->opened = 80;
	p->closed = 80;
	p = port(f, 1201, "gunicorn", RT_ROLE_CLIENT, 6379);
	p->joined = 1;
	p->active = 1;
	f->streams[0] = (struct snapshot_stream){.pid = 1201,
						 .service = "gunicorn",
						 .comm = "gunicorn",
						 .role = RT_ROLE_SERVER,
						 .port = 8000,
						 .protocol = "sse",
						 .operation = "GET /events",
						 .streams = 7,
						 .active = 3,
						 .bytes_in = 900,
						 .bytes_out = 5500000};
	histogram__init(&f->streams[0].duration, RT_HIST_SCALE);
	add(&f->streams[0].duration, 3 * SECOND, 4);
	f->snap.streams_len = 1;
	f->flying[0] = (struct snapshot_in_flight){.pid = 1201,
						   .comm = "gunicorn",
						   .role = RT_ROLE_SERVER,
						   .port = 8000,
						   .protocol = "http",
						   .operation = "GET /slow",
						   .count = 2};
	f->flying[1] = (struct snapshot_in_flight){.pid = 1201,
						   .comm = "gunicorn",
						   .role = RT_ROLE_CLIENT,
						   .port = 6379,
						   .protocol = "redis",
						   .operation = "BLPOP",
						   .count = 1};
	f->snap.flying = f->flying;
	f->snap.flying_len = 2;
	f->snap.in_flight = 3;
	counters(f, 1200, 1);
	rows_of_series(f, tick);
}

static void connections(struct fake *f)
{
	for (unsigned int i = 0; i < 6; i++) {
		struct snapshot_conn *c = &f->conns[i];

		*c = (struct snapshot_conn){.pid = 1201 + i % 2,
					    .comm = "gunicorn",
					    .role = RT_ROLE_SERVER,
					    .port = 8000,
					    .protocol = "http",
					    .open = i < 4,
					    .joined = i == 0,
					    .age = (i * 400 + 3) * SECOND,
					    .idle = i * 250 * MS,
					    .exchanges = 1000 - i * 200,
					    .bytes_in = 48000,
					    .bytes_out = 1300000};
		strcpy(c->local, "[2001:db8::1]:8000");
		snprintf(c->remote, sizeof(c->remote),
			 i % 2 ? "[2001:db8:0:85a3::ac1f:%x]:%u"
			       : "192.0.2.%u:%u",
			 i + 1, 40000 + i);
		if (c->exchanges) {
			c->p50 = (i + 1) * 3 * MS;
			c->p99 = (i + 1) * 30 * MS;
			c->max = (i + 1) * 200 * MS;
		}
	}
	f->snap.by = SNAPSHOT_BY_CONNECTION;
	f->snap.conns_len = 6;
	f->snap.conns_open_total = 10000;
}

static void parts(struct fake *f, unsigned int tick)
{
	struct snapshot_port *p;

	process(f, 1200, 1, "uvicorn", "/usr/bin/python3.11");
	process(f, 1201, 1200, "uvicorn", "/usr/bin/python3.11");
	fake_parts__series(f->series, 20000 * tick);
	f->snap.series_len = FAKE_PARTS_SERIES;
	p = port(f, 1201, "uvicorn", RT_ROLE_SERVER, 8000);
	p->opened = p->active = 41;
	add(&p->accept_queue, 12 * US, 38);
	add(&p->accept_queue, 5 * MS, 2);
	p->listens = true;
	p->backlog = 1;
	p->backlog_max = 5;
	p->backlog_limit = 128;
	/* It accepts, and a child serves. */
	p = port(f, 1200, "uvicorn", RT_ROLE_SERVER, 7000);
	add(&p->accept_queue, 40 * US, 1);
	/* It only listens, and has nothing to do with what was used. */
	p = port(f, 1200, "uvicorn", RT_ROLE_SERVER, 7001);
	p->listens = true;
	p->backlog_limit = 64;
	p = port(f, 1201, "uvicorn", RT_ROLE_SERVER, 9000);
	p->opened = p->closed = 1;
	p->listens = true;
	p->backlog_limit = 5;
	fake_parts__threads(f->threads);
	f->snap.threads = f->threads;
	f->snap.threads_len = FAKE_PARTS_THREADS;
	fake_parts__slowest(f->slowest);
	f->snap.slowest = f->slowest;
	f->snap.slowest_len = FAKE_PARTS_SLOWEST;
	f->snap.attributed = 2917 * SECOND;
	f->snap.unattributed = 700 * MS;
	f->snap.verified = true;
	counters(f, 700, 0);
	rows_of_series(f, tick);
}

static void peers(struct fake *f)
{
	f->snap.by = SNAPSHOT_BY_PEER;
	for (size_t i = 0; i < f->snap.rows_len; i++) {
		f->rows[i].operation = NULL;
		snprintf(f->rows[i].peer, sizeof(f->rows[i].peer),
			 "192.0.2.%zu", i + 1);
	}
}

static void facts(struct fake *f, unsigned int tick, bool interval)
{
	struct snapshot *snap = &f->snap;

	snap->version = "0.1.0";
	snap->engine = "sock";
	snap->host = "devbox";
	snap->kernel = "6.18.5";
	snap->arch = "x86_64";
	snap->hooks = hooks;
	snap->hooks_len = 2;
	snap->not_seen = not_seen;
	snap->not_seen_len = 2;
	snap->cpus = 4;
	snap->wall_start = 1790000000 * SECOND + 250 * MS;
	snap->start = 5000 * SECOND;
	snap->now = snap->start + tick * SECOND;
	snap->interval = interval ? SECOND : 0;
	snap->final = !interval;
	snap->user_ns = 42 * MS * tick;
	snap->rss_bytes = 12900000;
	snap->processes = f->processes;
	snap->series = f->series;
	snap->rows = f->rows;
	snap->streams = f->streams;
	snap->ports = f->ports;
	snap->conns = f->conns;
	snap->counters = f->counters;
}

struct snapshot *fake_snapshot__new(enum fake_kind kind, unsigned int tick,
				    bool interval)
{
	struct fake *f = calloc(1, sizeof(*f));

	if (!f)
		abort();
	facts(f, tick, interval);
	if (kind == FAKE_EMPTY) {
		process(f, 1234, 1, "redis-server", "/usr/bin/redis-server");
		counters(f, 0, 0);
	} else if (kind == FAKE_PARTS) {
		parts(f, tick);
	} else if (kind == FAKE_REDIS || kind == FAKE_PEERS) {
		redis(f, tick);
		f->snap.bpf_known = true;
		f->snap.bpf_ns = 57 * MS * tick;
	} else {
		web(f, tick);
	}
	if (kind == FAKE_CONNECTIONS)
		connections(f);
	if (kind == FAKE_PEERS)
		peers(f);
	for (size_t i = 0; i < f->snap.series_len; i++) {
		f->snap.exchanges += f->series[i].m.exchanges;
		f->snap.operations += f->series[i].m.operations;
	}
	return &f->snap;
}

void fake_snapshot__free(struct snapshot *snap)
{
	struct fake *f = (struct fake *)snap; /* its first member */

	for (size_t i = 0; i < snap->series_len; i++)
		fake_parts__free(&f->series[i].m);
	for (size_t i = 0; i < snap->rows_len; i++)
		fake_parts__free(&f->rows[i].m);
	for (size_t i = 0; i < snap->ports_len; i++) {
		histogram__free(&f->ports[i].lifetime);
		histogram__free(&f->ports[i].accept_queue);
	}
	if (snap->streams_len)
		histogram__free(&f->streams[0].duration);
	free(f);
}
