/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hand-made figures of where time went. Aborts when out of memory.
 */
#include "fake_parts.h"

#include <stdlib.h>
#include <string.h>

#define MS 1000000ull
#define US 1000ull

void fake_parts__init(struct measure *m)
{
	*m = (struct measure){.exchanges = 0};
	histogram__init(&m->duration, RT_HIST_SCALE);
	histogram__init(&m->time_to_first_byte, RT_HIST_SCALE);
	histogram__init(&m->rtt, RT_HIST_SCALE);
	for (int i = 0; i < PARTS; i++)
		histogram__init(&m->part[i], RT_HIST_SCALE);
	breakdown__init(&m->breakdown);
}

void fake_parts__free(struct measure *m)
{
	histogram__free(&m->duration);
	histogram__free(&m->time_to_first_byte);
	histogram__free(&m->rtt);
	for (int i = 0; i < PARTS; i++)
		histogram__free(&m->part[i]);
	breakdown__free(&m->breakdown);
}

static void check(int err)
{
	if (err < 0)
		abort();
}

void fake_parts__copy(struct measure *to, const struct measure *from)
{
	*to = *from;
	check(histogram__copy(&to->duration, &from->duration));
	check(histogram__copy(&to->time_to_first_byte,
			      &from->time_to_first_byte));
	check(histogram__copy(&to->rtt, &from->rtt));
	for (int i = 0; i < PARTS; i++)
		check(histogram__copy(&to->part[i], &from->part[i]));
	breakdown__init(&to->breakdown);
	check(breakdown__merge(&to->breakdown, &from->breakdown));
}

static void add(struct measure *m, uint64_t times, const uint64_t part[PARTS],
		unsigned int percent)
{
	uint64_t duration = 0, scaled[PARTS];

	for (int i = 0; i < PARTS; i++) {
		scaled[i] = part[i] * percent / 100;
		duration += scaled[i];
		check(histogram__add(&m->part[i], scaled[i], times));
	}
	check(histogram__add(&m->duration, duration, times));
	check(histogram__add(&m->time_to_first_byte, duration * 9 / 10, times));
	check(breakdown__add(&m->breakdown, duration, scaled, times));
	m->exchanges += times;
	m->operations += times;
	m->with_arrival += times;
	m->with_parts += times;
	m->calls_known += times;
	m->bytes_in += times * 48;
	m->bytes_out += times * 1300;
}

void fake_parts__measure(struct measure *m, uint64_t times,
			 const uint64_t usual[PARTS],
			 const uint64_t slow[PARTS])
{
	add(m, times * 20 / 100, usual, 80);
	add(m, times * 50 / 100, usual, 100);
	add(m, times * 29 / 100, usual, 130);
	add(m, times / 100, slow, 100);
}

static struct measure *series(struct snapshot_series *s, enum rt_role role,
			      uint16_t port, const char *protocol,
			      const char *operation, const char *status)
{
	*s = (struct snapshot_series){
		.pid = 1201,
		.service = "uvicorn",
		.comm = "uvicorn",
		.role = role,
		.port = port,
		.protocol = protocol,
		.operation = operation,
		.status = status,
		.version = strcmp(protocol, "http") == 0 ? "1.1" : ""};
	fake_parts__init(&s->m);
	return &s->m;
}

/* Views only read them. */
static struct measure_call calls[] = {
	{"postgres:5432", false, 200000, 200000 * 3 * MS, 0},
	{"redis:6379", false, 400000, 400000 * 400 * US, 0},
	{"client", true, 0, 0, 200000 * 30 * US},
};
static struct measure_call hostile_calls[] = {
	{"evil\x1b[31m\xe2\x80\xae:1", false, 300, 300 * MS, 290 * MS},
	{"10.0.0.2:81", false, 3, 30 * MS, 1 * MS},
	{"10.0.0.2:82", false, 3, 29 * MS, 1 * MS},
	{"10.0.0.2:83", false, 3, 28 * MS, 1 * MS},
	{"10.0.0.2:84", false, 3, 27 * MS, 1 * MS},
	{"other", false, 9, 26 * MS, 1 * MS},
};

/* An event loop: slow when it is blocked by others. */
static void loop(struct snapshot_series *s, uint64_t times)
{
	static const uint64_t usual[PARTS] = {[PART_RECEIVE_QUEUE] = 300 * US,
					      [PART_CPU] = 5 * MS,
					      [PART_CPU_OTHER] = 2 * MS,
					      [PART_RUN_QUEUE] = 200 * US,
					      [PART_POLL] = 4 * MS,
					      [PART_NETWORK] = 30 * US,
					      [PART_LOCK] = 20 * US,
					      [PART_UNATTRIBUTED] = 3 * US};
	static const uint64_t slow[PARTS] = {[PART_RECEIVE_QUEUE] = 70100 * US,
					     [PART_CPU] = 6 * MS,
					     [PART_CPU_OTHER] = 15 * MS,
					     [PART_RUN_QUEUE] = 2 * MS,
					     [PART_POLL] = 5 * MS,
					     [PART_NETWORK] = 40 * US,
					     [PART_UNATTRIBUTED] = 9 * US};
	struct measure *m = series(s, RT_ROLE_SERVER, 8000, "http",
				   "GET /users/{id}", "200");

	fake_parts__measure(m, times, usual, slow);
	check(histogram__add(&m->rtt, 100 * US, times * 98 / 100));
	check(histogram__add(&m->rtt, 3 * MS, times * 2 / 100));
	m->retransmits = 12;
	m->calls = calls;
	m->calls_len = 3;
	m->calls_known -= m->calls_known / 4; /* an event loop */
}

/* Workers, each blocked in its calls; slow when they wait for one another. */
static void workers(struct snapshot_series *s, uint64_t times)
{
	static const uint64_t usual[PARTS] = {
		[PART_RECEIVE_QUEUE] = 90 * US, [PART_CPU] = 20 * MS,
		[PART_DISK] = 3 * MS,		[PART_SLEEP] = 1 * MS,
		[PART_PAGE_FAULT] = 400 * US,	[PART_OTHER_BLOCKED] = 300 * US,
		[PART_HANDOFF] = 2 * MS};
	static const uint64_t slow[PARTS] = {[PART_RECEIVE_QUEUE] = 95 * US,
					     [PART_CPU] = 23 * MS,
					     [PART_LOCK] = 20 * MS,
					     [PART_DISK] = 3 * MS,
					     [PART_HANDOFF] = 4 * MS};

	fake_parts__measure(series(s, RT_ROLE_SERVER, 8000, "http",
				   "POST /caf\xc3\xa9/\xe6\xb3\xa8\xe6\x96\x87",
				   "201"),
			    times, usual, slow);
}

static void few(struct snapshot_series *s)
{
	static const uint64_t usual[PARTS] = {[PART_CPU] = 2 * MS,
					      [PART_NETWORK] = 11 * MS,
					      [PART_UNATTRIBUTED] = 1 * MS};
	struct measure *m =
		series(s, RT_ROLE_SERVER, 8000, "http",
		       "GET /bad\x1b[31m\xff/\xe2\x80\xae{id}", "500");

	add(m, 30, usual, 100);
	m->errors = m->errors_by[REQUEST_ERROR_STATUS] = 30;
	m->calls = hostile_calls;
	m->calls_len = sizeof(hostile_calls) / sizeof(hostile_calls[0]);
}

static void upstream(struct snapshot_series *s, uint64_t times)
{
	static const uint64_t usual[PARTS] = {
		[PART_RECEIVE_QUEUE] = 40 * US, [PART_NETWORK] = 350 * US};
	static const uint64_t slow[PARTS] = {
		[PART_RECEIVE_QUEUE] = 80 * US, [PART_NETWORK] = 9 * MS};
	struct measure *m =
		series(s, RT_ROLE_CLIENT, 6379, "redis", "HGETALL", "ok");

	fake_parts__measure(m, times, usual, slow);
	m->retransmits = times / 500;
}

void fake_parts__series(struct snapshot_series *to, uint64_t times)
{
	static const uint64_t nothing[PARTS],
		rest[PARTS] = {[PART_CPU] = 300, [PART_UNATTRIBUTED] = 900};
	struct measure *m;

	loop(&to[0], times);
	workers(&to[1], times / 10);
	upstream(&to[2], times * 2);
	few(&to[3]);
	m = series(&to[4], RT_ROLE_SERVER, 0, "unix", "", "");
	to[4].transport = RT_TRANSPORT_UNIX;
	add(m, 70, rest, 100);
	add(m, 30, rest, 250);
	add(m, 7, nothing, 100);
	/* Of these no thread was seen. */
	m = series(&to[5], RT_ROLE_SERVER, 8000, "http", "(summarised)", "");
	check(histogram__add(&m->duration, 20 * MS, 700));
	m->exchanges = m->operations = 700;
}

static void threads(struct snapshot_threads *t, uint32_t pid, const char *comm,
		    const char *name, unsigned int living, unsigned int ended)
{
	*t = (struct snapshot_threads){.pid = pid,
				       .comm = comm,
				       .name = name,
				       .living = living,
				       .ended = ended};
}

void fake_parts__threads(struct snapshot_threads *to)
{
	static const char *const pool[] = {
		"pool-0", "pool-1", "pool-2", "pool-3", "pool-4",
		"pool-5", "pool-6", "pool-7", "pool-8", "pool-9"};

	threads(&to[0], 1200, "uvicorn", "uvicorn", 1, 0);
	to[0].clock[RT_CLOCK_POLL] = 10000 * MS;
	threads(&to[1], 1201, "uvicorn", "uvicorn", 1, 0);
	to[1].clock[RT_CLOCK_CPU] = 8600 * MS;
	to[1].clock[RT_CLOCK_RUN_QUEUE] = 12 * MS;
	to[1].clock[RT_CLOCK_POLL] = 1388 * MS;
	threads(&to[2], 1201, "uvicorn", "\x1b[1mdb\xff", 4, 3);
	to[2].clock[RT_CLOCK_CPU] = 410 * MS;
	to[2].clock[RT_CLOCK_LOCK] = 30000 * MS;
	to[2].clock[RT_CLOCK_NETWORK] = 14000 * MS;
	for (size_t i = 0; i < 10; i++) {
		struct snapshot_threads *t = &to[3 + i];

		threads(t, 1201, "uvicorn", pool[i], 1, 0);
		t->clock[RT_CLOCK_CPU] = (10 - i) * MS;
		t->clock[RT_CLOCK_DISK] = 200 * MS;
		t->clock[RT_CLOCK_LOCK] = (9000 - i) * MS;
	}
}

static struct request *slow(struct snapshot_slow *s, uint64_t ms,
			    const char *operation)
{
	*s = (struct snapshot_slow){.comm = "uvicorn",
				    .wall = 1790000003007ull * MS,
				    .request = {.pid = 1201,
						.tid = 1201,
						.last_tid = 1201,
						.role = RT_ROLE_SERVER,
						.port = 8000,
						.protocol = "http",
						.operation = operation,
						.status = "200",
						.remote_port = 40001,
						.begin = 5 * MS,
						.end = (5 + ms) * MS,
						.has_parts = true,
						.operations = 1}};
	memcpy(s->request.remote_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\7",
	       16);
	return &s->request;
}

void fake_parts__slowest(struct snapshot_slow *to)
{
	struct request *r = slow(&to[0], 120, "GET /users/{id}");

	r->part[PART_RECEIVE_QUEUE] = 90 * MS;
	r->part[PART_CPU] = 8 * MS;
	r->part[PART_POLL] = 21 * MS;
	r->part[PART_LOCK] = 900 * US;
	r->part[PART_UNATTRIBUTED] = 100 * US;
	r->calls_len = 1;
	r->calls[0] = (struct request_call){
		.peer = "postgres:5432", .count = 2, .time = 20 * MS};
	r = slow(&to[1], 14, "GET /bad\x1b[31m\xff/\n{id}");
	r->last_tid = 1305;
	r->status = "500";
	r->part[PART_NETWORK] = 12 * MS;
	r->part[PART_CPU] = 2 * MS;
	r->calls_len = 2;
	r->calls[0] = (struct request_call){.peer = "redis:6379",
					    .count = 2,
					    .time = 9 * MS,
					    .network = 8 * MS};
	r->calls[1] = (struct request_call){
		.peer = "client", .network = 3 * MS, .own = true};
	r = slow(&to[2], 12, "");
	r->transport = RT_TRANSPORT_UNIX;
	r->protocol = "unix";
	r->status = "";
	r->has_parts = false;
	r->part[PART_RECEIVE_QUEUE] = 1 * MS;
	r->part[PART_UNATTRIBUTED] = 11 * MS;
}
