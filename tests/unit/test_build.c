/* SPDX-License-Identifier: GPL-2.0-only */
/* Batches of metrics: which figure is which metric of which service. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "build_rig.h"
#include "export/exemplars.h"
#include "export/metric_table.h"

#define HTTP "http.server.request.duration"
#define OVERFLOW "otel.metric.overflow=true"

static const struct metric_resource *service(const struct metrics *m,
					     const char *name)
{
	const struct metric_resource *r;

	assert_int_equal(rig__resources(m, name, &r), 1);
	return r;
}

static const struct metric_point *point(const struct metric_resource *r,
					const char *name,
					const char *attributes)
{
	const struct metric_point *p = rig__point(r, name, attributes);

	assert_non_null(p);
	return p;
}

static bool has_service(const struct metrics *m, const char *name)
{
	const struct metric_resource *r;

	return rig__resources(m, name, &r) > 0;
}

/* --- names and attributes --------------------------------------------------
 */

static void each_kind_has_its_metric(void **state)
{
	static const struct {
		enum rt_role role;
		enum rt_transport transport;
		uint16_t port;
		const char *protocol, *operation, *status, *version, *address;
		const char *metric, *attributes;
	} cases[] = {
		{RT_ROLE_SERVER, RT_TRANSPORT_TCP, 80, "http",
		 "GET /users/{id}", "200", "1.1", "", HTTP,
		 "http.request.method=GET http.response.status_code=200 "
		 "http.route=/users/{id} network.protocol.version=1.1 "
		 "reqtrace.route.source=template server.port=80 "
		 "url.scheme=http"},
		{RT_ROLE_SERVER, RT_TRANSPORT_TCP, 80, "http", "POST /login",
		 "404", "", "", HTTP,
		 "http.request.method=POST http.response.status_code=404 "
		 "http.route=/login reqtrace.route.source=path server.port=80 "
		 "url.scheme=http"},
		{RT_ROLE_SERVER, RT_TRANSPORT_TCP, 80, "http", "PURGE /a/...",
		 "503", "", "", HTTP,
		 "error.type=503 http.request.method=_OTHER "
		 "http.response.status_code=503 http.route=/a/... "
		 "reqtrace.route.source=template server.port=80 "
		 "url.scheme=http"},
		{RT_ROLE_SERVER, RT_TRANSPORT_UNIX, 0, "http", "OPTIONS *",
		 "aborted", "", "", HTTP,
		 "error.type=aborted http.request.method=OPTIONS "
		 "network.transport=unix url.scheme=http"},
		{RT_ROLE_CLIENT, RT_TRANSPORT_TCP, 8080, "http", "GET /", "404",
		 "1.1", "192.0.2.7", "http.client.request.duration",
		 "error.type=404 http.request.method=GET "
		 "http.response.status_code=404 "
		 "network.protocol.version=1.1 reqtrace.route.source=path "
		 "server.address=192.0.2.7 server.port=8080 url.scheme=http "
		 "url.template=/"},
		{RT_ROLE_CLIENT, RT_TRANSPORT_TCP, 8080, "http", "CONNECT", "",
		 "", "", "http.client.request.duration",
		 "http.request.method=CONNECT server.port=8080 "
		 "url.scheme=http"},
		{RT_ROLE_CLIENT, RT_TRANSPORT_TCP, 6379, "redis", "HGETALL",
		 "WRONGTYPE", "", "::1", "db.client.operation.duration",
		 "db.operation.name=HGETALL "
		 "db.response.status_code=WRONGTYPE db.system.name=redis "
		 "error.type=WRONGTYPE server.address=::1 server.port=6379"},
		{RT_ROLE_SERVER, RT_TRANSPORT_TCP, 6379, "redis", "GET", "", "",
		 "", "reqtrace.db.server.operation.duration",
		 "db.operation.name=GET db.system.name=redis "
		 "server.port=6379"},
		{RT_ROLE_SERVER, RT_TRANSPORT_TCP, 443, "tls", "(encrypted)",
		 "", "", "", "reqtrace.server.exchange.duration",
		 "network.transport=tcp reqtrace.operation=(encrypted) "
		 "reqtrace.protocol=tls server.port=443"},
		{RT_ROLE_SERVER, RT_TRANSPORT_UNIX, 0, "unix", "", "aborted",
		 "", "", "reqtrace.server.exchange.duration",
		 "error.type=aborted network.transport=unix "
		 "reqtrace.protocol=unix"},
		{RT_ROLE_CLIENT, RT_TRANSPORT_TCP, 5432, "tcp", "", "", "",
		 "192.0.2.9", "reqtrace.client.exchange.duration",
		 "network.transport=tcp reqtrace.protocol=tcp "
		 "server.address=192.0.2.9 server.port=5432"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct metric_point *p;
		struct snapshot_series *s;
		struct rig r;

		rig__init(&r, 1);
		rig__process(&r, 7, 1, "web");
		s = rig__series(&r, 7, cases[i].role, cases[i].port,
				cases[i].protocol, cases[i].operation,
				cases[i].status);
		s->transport = cases[i].transport;
		s->version = cases[i].version;
		strcpy(s->server_address, cases[i].address);
		rig__request(s, 3 * RIG_MS, 5);
		rig__batch(&r);
		p = point(service(r.last, "web"), cases[i].metric,
			  cases[i].attributes);
		assert_int_equal(p->histogram.count, 5);
		assert_int_equal(p->start, RIG_WALL);
		rig__free(&r);
	}
}

static void what_was_folded_is_overflow(void **state)
{
	const struct metric_resource *web;
	const struct metric_point *p;
	struct rig r;

	(void)state;
	rig__init(&r, 2);
	rig__process(&r, 7, 1, "web");
	rig__request(rig__series(&r, 7, RT_ROLE_SERVER, 80, "tcp", "other", ""),
		     4 * RIG_MS, 3);
	rig__request(rig__series(&r, 7, RT_ROLE_SERVER, 81, "tcp", "other", ""),
		     4 * RIG_MS, 2);
	web = service(rig__batch(&r), "web");
	p = point(web, "reqtrace.server.exchange.duration", OVERFLOW);
	assert_true(p->overflow);
	assert_int_equal(p->histogram.count, 5);
	assert_int_equal(rig__sum(web, "reqtrace.server.request.io"), 5500);
	rig__free(&r);
}

/* --- parts -----------------------------------------------------------------
 */

static void parts_add_up_to_the_durations(void **state)
{
	static const char *const parts[] = {
		"reqtrace.server.request.receive_queue.wait_time",
		"reqtrace.server.request.cpu.duration",
		"reqtrace.server.request.run_queue.wait_time",
		"reqtrace.server.request.offcpu.duration"};
	const struct metric_resource *web;
	uint64_t sum = 0;
	struct rig r;

	(void)state;
	rig__init(&r, 3);
	rig__process(&r, 7, 1, "web");
	rig__request(
		rig__series(&r, 7, RT_ROLE_SERVER, 80, "http", "GET /a", "200"),
		7 * RIG_MS + 3, 11);
	rig__request(
		rig__series(&r, 7, RT_ROLE_SERVER, 80, "http", "GET /a", "500"),
		90 * RIG_MS + 1, 2);
	rig__request(
		rig__series(&r, 7, RT_ROLE_SERVER, 80, "http", "GET /b", "200"),
		5 * RIG_MS, 1);
	web = service(rig__batch(&r), "web");
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		sum += rig__sum(web, parts[i]);
	assert_int_equal(sum, rig__sum(web, HTTP));
	assert_int_equal(sum, 11 * (7 * RIG_MS + 3) + 2 * (90 * RIG_MS + 1) +
				      5 * RIG_MS);
	/* Status is no attribute of them: two series are one point. */
	assert_int_equal(
		point(web, "reqtrace.server.request.offcpu.duration",
		      "http.request.method=GET http.route=/a "
		      "reqtrace.offcpu.cause=lock reqtrace.route.source=path "
		      "server.port=80 url.scheme=http")
			->histogram.count,
		13);
	assert_int_equal(rig__metric(web, parts[1]).points_len, 4);
	assert_int_equal(rig__metric(web, parts[3]).points_len, 18);
	rig__free(&r);
}

static void what_never_was_has_no_point(void **state)
{
	const struct metric_resource *web;
	struct snapshot_series *s;
	struct rig r;

	(void)state;
	rig__init(&r, 1);
	rig__process(&r, 7, 1, "web");
	s = rig__series(&r, 7, RT_ROLE_SERVER, 80, "http", "GET /a", "200");
	rig__request(s, 7 * RIG_MS, 1);
	histogram__free(&s->m.part[PART_DISK]);
	histogram__add_zero(&s->m.part[PART_DISK], 1);
	web = service(rig__batch(&r), "web");
	assert_int_equal(
		rig__metric(web, "reqtrace.server.request.offcpu.duration")
			.points_len,
		8);
	rig__free(&r);
}

static void buckets_are_those_of_the_snapshot(void **state)
{
	const struct metric_point *p;
	const struct histogram *h;
	struct snapshot_series *s;
	struct rig r;

	(void)state;
	rig__init(&r, 2);
	rig__process(&r, 7, 1, "web");
	s = rig__series(&r, 7, RT_ROLE_SERVER, 80, "tcp", "", "");
	for (uint64_t i = 1; i <= 1000; i++)
		assert_int_equal(
			histogram__add(&s->m.duration, i * RIG_MS / 50, i), 0);
	h = &s->m.duration;
	p = point(service(rig__batch(&r), "web"),
		  "reqtrace.server.exchange.duration",
		  "network.transport=tcp reqtrace.protocol=tcp server.port=80");
	assert_int_equal(h->scale, 5);
	assert_true(h->len > 160);
	assert_int_equal(p->histogram.scale, 4);
	assert_int_equal(p->histogram.count, h->count);
	assert_int_equal(p->histogram.sum, h->sum);
	assert_int_equal(p->histogram.min, h->min);
	assert_int_equal(p->histogram.max, h->max);
	for (uint32_t i = 0; i < p->histogram.len; i++) {
		uint64_t all = 0;

		for (uint32_t k = 0; k < h->len; k++) {
			if ((h->offset + (int)k) >> 1 ==
			    p->histogram.offset + (int)i)
				all += histogram__bucket(h, k);
		}
		assert_int_equal(histogram__bucket(&p->histogram, i), all);
	}
	rig__free(&r);
}

/* --- services ---------------------------------------------------------------
 */

static void workers_are_one_service(void **state)
{
	static const char attributes[] =
		"http.request.method=GET http.response.status_code=200 "
		"http.route=/ reqtrace.route.source=path server.port=80 "
		"url.scheme=http";
	const struct metric_resource *web;
	const struct metric_point *p;
	struct rig r;

	(void)state;
	rig__init(&r, 3);
	rig__process(&r, 7, 1, "web");
	rig__process(&r, 8, 7, "web");
	rig__process(&r, 9, 7, "web");
	for (uint32_t pid = 7; pid <= 9; pid++)
		rig__request(rig__series(&r, pid, RT_ROLE_SERVER, 80, "http",
					 "GET /", "200"),
			     pid * RIG_MS, pid);
	web = service(rig__batch(&r), "web");
	p = point(web, HTTP, attributes);
	assert_int_equal(p->histogram.count, 24);
	assert_int_equal(p->histogram.sum, (49 + 64 + 81) * RIG_MS);
	assert_int_equal(p->histogram.min, 7 * RIG_MS);
	assert_int_equal(p->histogram.max, 9 * RIG_MS);
	/* One that leaves takes nothing along. */
	r.process[2].exited = true;
	rig__batch(&r);
	web = service(rig__batch(&r), "web");
	assert_int_equal(point(web, HTTP, attributes)->histogram.count, 24);
	assert_int_equal(point(web, HTTP, attributes)->start, RIG_WALL);
	assert_string_equal(build__resource_id(r.b, 8), web->id);
	assert_string_equal(build__resource_id(r.b, 9), web->id);
	assert_null(build__resource_id(r.b, 10));
	rig__free(&r);
}

static void per_process_tells_them_apart(void **state)
{
	static const char seven[] = "network.transport=tcp process.pid=7 "
				    "reqtrace.protocol=tcp server.port=80";
	static const char eight[] = "network.transport=tcp process.pid=8 "
				    "reqtrace.protocol=tcp server.port=80";
	static const char metric[] = "reqtrace.server.exchange.duration";
	const struct metric_resource *web;
	struct rig r;

	(void)state;
	rig__init(&r, 2);
	r.config.per_process = true;
	rig__process(&r, 7, 1, "web");
	rig__process(&r, 8, 7, "web");
	for (uint32_t pid = 7; pid <= 8; pid++)
		rig__request(
			rig__series(&r, pid, RT_ROLE_SERVER, 80, "tcp", "", ""),
			RIG_MS, pid);
	rig__batch(&r);
	r.process[1].exited = true;
	web = service(rig__batch(&r), "web");
	assert_int_equal(point(web, metric, seven)->histogram.count, 7);
	assert_int_equal(point(web, metric, eight)->histogram.count, 8);
	assert_false(point(web, metric, eight)->ended);
	web = service(rig__batch(&r), "web");
	assert_false(point(web, metric, seven)->ended);
	assert_true(point(web, metric, eight)->ended);
	web = service(rig__batch(&r), "web");
	assert_int_equal(rig__metric(web, metric).points_len, 1);
	rig__free(&r);
}

static void a_service_ends_once(void **state)
{
	static const char metric[] = "reqtrace.server.exchange.duration";
	const struct metric_resource *web;
	struct snapshot_series *s;
	char id[64];
	struct rig r;

	(void)state;
	rig__init(&r, 2);
	rig__process(&r, 7, 1, "web");
	s = rig__series(&r, 7, RT_ROLE_SERVER, 80, "tcp", "", "");
	rig__request(s, RIG_MS, 3);
	strcpy(id, service(rig__batch(&r), "web")->id);
	assert_int_equal(strlen(id), 36);
	assert_int_equal(id[14], '8');
	assert_non_null(strchr("89ab", id[19]));

	/* Its last figures. */
	rig__request(s, RIG_MS, 1);
	r.process[0].exited = true;
	web = service(rig__batch(&r), "web");
	assert_string_equal(web->id, id);
	assert_int_equal(rig__count(web, metric), 4);
	assert_false(rig__metric(web, metric).points[0].ended);
	/* No more of them. */
	web = service(rig__batch(&r), "web");
	assert_string_equal(web->id, id);
	for (size_t i = 0; i < web->metrics_len; i++) {
		for (size_t k = 0; k < web->metrics[i].points_len; k++)
			assert_true(web->metrics[i].points[k].ended);
	}
	assert_int_equal(rig__metric(web, metric).points_len, 1);
	assert_false(has_service(rig__batch(&r), "web"));
	assert_null(build__resource_id(r.b, 7));

	/* The same name again is another instance, that begins with nothing. */
	rig__process(&r, 20, 1, "web");
	rig__request(rig__series(&r, 20, RT_ROLE_SERVER, 80, "tcp", "", ""),
		     RIG_MS, 2);
	web = service(rig__batch(&r), "web");
	assert_string_not_equal(web->id, id);
	assert_int_equal(rig__count(web, metric), 2);
	assert_int_equal(rig__metric(web, metric).points[0].start,
			 r.last->time - 10 * RIG_SECOND);
	rig__free(&r);
}

static void a_restart_between_two_batches_is_seen(void **state)
{
	const struct metric_resource *first;
	uint64_t count = 0;
	struct rig r;

	(void)state;
	rig__init(&r, 2);
	rig__process(&r, 7, 1, "web");
	rig__request(rig__series(&r, 7, RT_ROLE_SERVER, 80, "tcp", "", ""),
		     RIG_MS, 3);
	rig__batch(&r);
	r.process[0].exited = true;
	rig__process(&r, 8, 1, "web");
	rig__request(rig__series(&r, 8, RT_ROLE_SERVER, 80, "tcp", "", ""),
		     RIG_MS, 5);
	/* Both, then one that ends and one that goes on, then one. */
	assert_int_equal(rig__resources(rig__batch(&r), "web", &first), 2);
	for (size_t i = 0; i < r.last->resources_len; i++)
		count += rig__count(&r.last->resources[i],
				    "reqtrace.server.exchange.duration");
	assert_int_equal(count, 8);
	assert_int_equal(rig__resources(rig__batch(&r), "web", &first), 2);
	assert_int_equal(rig__resources(rig__batch(&r), "web", &first), 1);
	assert_string_equal(first->id, build__resource_id(r.b, 8));
	assert_int_equal(rig__count(first, "reqtrace.server.exchange.duration"),
			 5);
	rig__free(&r);
}

/* Its requests leave with it, more of others come: the total rises. */
static void a_bucket_that_falls_begins_anew(void **state)
{
	static const char metric[] = "reqtrace.server.exchange.duration";
	const struct metric_resource *web;
	uint64_t before;
	struct rig r;

	(void)state;
	rig__init(&r, 2);
	rig__process(&r, 7, 1, "web");
	rig__process(&r, 8, 1, "web");
	rig__request(rig__series(&r, 7, RT_ROLE_SERVER, 80, "tcp", "", ""),
		     RIG_MS, 3);
	rig__request(rig__series(&r, 8, RT_ROLE_SERVER, 80, "tcp", "", ""),
		     64 * RIG_MS, 1);
	rig__batch(&r);
	/* More in the bucket that there was: on it goes. */
	rig__request(&r.series[1], 64 * RIG_MS, 1);
	web = service(rig__batch(&r), "web");
	assert_int_equal(rig__metric(web, metric).points[0].start, RIG_WALL);
	before = r.last->time;
	r.process[0].service = "job";
	rig__request(&r.series[1], 64 * RIG_MS, 5);
	web = service(rig__batch(&r), "web");
	assert_int_equal(rig__count(web, metric), 7);
	assert_int_equal(rig__metric(web, metric).points[0].start, before);
	rig__free(&r);
}

static void a_daemon_that_forks_is_one_service(void **state)
{
	const struct metric_resource *web;
	char id[64];
	struct rig r;

	(void)state;
	rig__init(&r, 2);
	rig__process(&r, 7, 1, "web");
	rig__request(rig__series(&r, 7, RT_ROLE_SERVER, 80, "tcp", "", ""),
		     RIG_MS, 3);
	strcpy(id, service(rig__batch(&r), "web")->id);
	r.process[0].exited = true;
	rig__process(&r, 8, 7, "web");
	rig__request(rig__series(&r, 8, RT_ROLE_SERVER, 80, "tcp", "", ""),
		     RIG_MS, 5);
	web = service(rig__batch(&r), "web");
	assert_string_equal(web->id, id);
	assert_int_equal(rig__count(web, "reqtrace.server.exchange.duration"),
			 8);
	rig__free(&r);
}

static void a_total_that_falls_begins_anew(void **state)
{
	static const char metric[] = "reqtrace.server.exchange.duration";
	const struct metric_resource *web;
	uint64_t before;
	struct rig r;

	(void)state;
	rig__init(&r, 2);
	rig__process(&r, 7, 1, "web");
	rig__process(&r, 8, 1, "web");
	for (uint32_t pid = 7; pid <= 8; pid++)
		rig__request(
			rig__series(&r, pid, RT_ROLE_SERVER, 80, "tcp", "", ""),
			RIG_MS, pid);
	web = service(rig__batch(&r), "web");
	assert_int_equal(rig__metric(web, metric).points[0].start, RIG_WALL);
	before = r.last->time;
	/* A process becomes another program. */
	r.process[0].service = "job";
	rig__batch(&r);
	web = service(r.last, "web");
	assert_int_equal(rig__count(web, metric), 8);
	assert_int_equal(rig__metric(web, metric).points[0].start, before);
	assert_int_equal(rig__count(service(r.last, "job"), metric), 7);
	rig__batch(&r);
	web = service(r.last, "web");
	assert_int_equal(rig__metric(web, metric).points[0].start, before);
	rig__free(&r);
}

/* The collector is away when a service ends: nothing of it is lost. */
static void what_nobody_got_is_told_again(void **state)
{
	static const char metric[] = "reqtrace.server.exchange.duration";
	const struct metric_resource *web;
	struct rig r;

	(void)state;
	rig__init(&r, 1);
	rig__process(&r, 7, 1, "web");
	rig__request(rig__series(&r, 7, RT_ROLE_SERVER, 80, "tcp", "", ""),
		     RIG_MS, 3);
	r.delivered = 0;
	rig__batch(&r);
	r.process[0].exited = true;
	for (int i = 0; i < 5; i++) {
		web = service(rig__batch(&r), "web");
		assert_int_equal(rig__count(web, metric), 3);
	}
	/* It came when the process was about to exit; and later. */
	r.delivered = r.last->made - 40 * RIG_SECOND;
	web = service(rig__batch(&r), "web");
	assert_int_equal(rig__count(web, metric), 3);
	r.delivered = r.last->made;
	for (int i = 0; i < 3; i++) {
		web = service(rig__batch(&r), "web");
		assert_true(rig__metric(web, metric).points[0].ended);
	}
	r.delivered = r.last->made;
	assert_false(has_service(rig__batch(&r), "web"));
	rig__free(&r);
}

/* What a process is may be known a moment after what it does. */
static void a_process_waits_for_its_name(void **state)
{
	static const char metric[] = "reqtrace.server.exchange.duration";
	const struct metrics *m;
	struct rig r;

	(void)state;
	rig__init(&r, 2);
	for (uint32_t pid = 7; pid <= 8; pid++) {
		rig__process(&r, pid, 1, "")->exe = "";
		rig__request(
			rig__series(&r, pid, RT_ROLE_SERVER, 80, "tcp", "", ""),
			RIG_MS, pid);
	}
	r.process[0].comm = "sh";
	r.process[1].comm = "curl";
	m = rig__batch(&r);
	assert_false(has_service(m, "sh") || has_service(m, "curl"));
	r.process[0].service = "shop";
	r.process[1].exited = true;
	m = rig__batch(&r);
	assert_int_equal(rig__count(service(m, "shop"), metric), 7);
	assert_int_equal(rig__count(service(m, "curl"), metric), 8);
	/* It becomes another program, which is not known at once either. */
	r.process[0].service = "";
	r.process[0].comm = "env";
	m = rig__batch(&r);
	assert_int_equal(rig__count(service(m, "shop"), metric), 7);
	assert_false(has_service(m, "env"));
	rig__free(&r);
}

/* Nor do they pile up while it is away. */
static void exited_services_are_bounded(void **state)
{
	struct rig r;
	char name[32];

	(void)state;
	rig__init(&r, 1);
	r.delivered = 0;
	rig__process(&r, 7, 1, "web");
	rig__request(rig__series(&r, 7, RT_ROLE_SERVER, 80, "tcp", "", ""),
		     RIG_MS, 3);
	for (int i = 0; i < BUILD_MAX_EXITED + 40; i++) {
		snprintf(name, sizeof(name), "job-%d", i);
		r.process[0].service = name;
		rig__batch(&r);
	}
	assert_in_range(r.last->resources_len, BUILD_MAX_EXITED,
			BUILD_MAX_EXITED + 3);
	rig__free(&r);
}

/* Nor do series, of processes that come and go while it is away. */
static void ended_points_are_bounded(void **state)
{
	enum { NEW = 500 };
	static const char metric[] = "reqtrace.server.exchange.duration";
	struct metric points;
	struct rig r;
	size_t ended = 0;

	(void)state;
	rig__init(&r, NEW);
	r.delivered = 0;
	rig__process(&r, 7, 1, "web");
	for (int i = 0; i < 20; i++) {
		rig__clear(&r);
		for (int k = 1; k <= NEW; k++)
			rig__request(rig__series(&r, 7, RT_ROLE_SERVER,
						 (uint16_t)(i * NEW + k), "tcp",
						 "", ""),
				     RIG_MS, 1);
		points = rig__metric(service(rig__batch(&r), "web"), metric);
		assert_in_range(points.points_len, NEW,
				2 * BUILD_MAX_POINTS + NEW);
	}
	/* The latest ends are those that are told. */
	for (size_t i = 0; i < points.points_len; i++) {
		const struct metric_point *p = &points.points[i];

		ended += p->ended != 0;
		assert_true(!p->ended ||
			    p->ended >= r.last->made - 50 * RIG_SECOND);
	}
	assert_in_range(ended, BUILD_MAX_POINTS, BUILD_MAX_POINTS + NEW);
	rig__free(&r);
}

static void what_comes_again_begins_anew(void **state)
{
	static const char metric[] = "reqtrace.server.exchange.duration";
	const struct metric_resource *web;
	uint64_t ended;
	struct rig r;

	(void)state;
	rig__init(&r, 2);
	rig__process(&r, 7, 1, "web");
	rig__process(&r, 8, 1, "web");
	rig__request(rig__series(&r, 7, RT_ROLE_SERVER, 80, "tcp", "", ""),
		     RIG_MS, 3);
	rig__batch(&r);
	r.process[0].service = "job";
	web = service(rig__batch(&r), "web");
	assert_true(rig__metric(web, metric).points[0].ended);
	ended = r.last->time;
	rig__batch(&r);
	rig__request(rig__series(&r, 8, RT_ROLE_SERVER, 80, "tcp", "", ""),
		     RIG_MS, 1);
	web = service(rig__batch(&r), "web");
	assert_int_equal(rig__count(web, metric), 1);
	assert_int_equal(rig__metric(web, metric).points[0].start, ended);
	rig__free(&r);
}

static void what_is_in_flight_falls_to_zero(void **state)
{
	static const char active[] = "http.server.active_requests";
	static const char attributes[] =
		"http.request.method=GET server.port=80 url.scheme=http";
	const struct metric_resource *web;
	struct rig r;

	(void)state;
	rig__init(&r, 1);
	rig__process(&r, 7, 1, "web");
	r.flying[0] = (struct snapshot_in_flight){.pid = 7,
						  .role = RT_ROLE_SERVER,
						  .port = 80,
						  .protocol = "http",
						  .operation = "GET /a",
						  .count = 2};
	r.flying[1] = r.flying[0];
	r.flying[1].operation = "GET /b";
	r.snap.flying_len = 2;
	web = service(rig__batch(&r), "web");
	assert_int_equal(point(web, active, attributes)->value, 4);
	r.snap.flying_len = 0;
	rig__batch(&r);
	web = service(rig__batch(&r), "web");
	assert_int_equal(point(web, active, attributes)->value, 0);
	assert_false(point(web, active, attributes)->ended);
	r.process[0].exited = true;
	rig__batch(&r);
	web = service(rig__batch(&r), "web");
	assert_true(point(web, active, attributes)->ended);
	rig__free(&r);
}

static void connections_and_streams(void **state)
{
	static const char port[] = "network.transport=tcp server.port=80";
	static const char stream[] =
		"http.request.method=GET http.route=/events "
		"reqtrace.protocol=sse reqtrace.route.source=path "
		"server.port=80";
	const struct metric_resource *web;
	struct rig r;

	(void)state;
	rig__init(&r, 1);
	rig__process(&r, 7, 1, "web");
	rig__process(&r, 8, 7, "web");
	for (uint32_t i = 0; i < 2; i++) {
		r.port[i] = (struct snapshot_port){.pid = 7 + i,
						   .role = RT_ROLE_SERVER,
						   .port = 80,
						   .opened = 5 + i,
						   .active = 2 + i,
						   .listens = true,
						   .backlog = 3 - i,
						   .backlog_limit = 128};
		histogram__init(&r.port[i].lifetime, RT_HIST_SCALE);
		histogram__init(&r.port[i].accept_queue, RT_HIST_SCALE);
	}
	assert_int_equal(histogram__add(&r.port[0].accept_queue, 9000, 4), 0);
	r.snap.ports_len = 2;
	r.stream[0] = (struct snapshot_stream){.pid = 7,
					       .role = RT_ROLE_SERVER,
					       .port = 80,
					       .protocol = "sse",
					       .operation = "GET /events",
					       .streams = 4,
					       .active = 1,
					       .bytes_out = 77};
	histogram__init(&r.stream[0].duration, RT_HIST_SCALE);
	r.snap.streams_len = 1;
	web = service(rig__batch(&r), "web");
	assert_int_equal(
		point(web, "reqtrace.server.connection.opened", port)->value,
		11);
	assert_int_equal(
		point(web, "reqtrace.server.connection.active", port)->value,
		5);
	assert_int_equal(point(web,
			       "reqtrace.server.connection.accept_queue.length",
			       port)
				 ->value,
			 3);
	assert_int_equal(
		point(web, "reqtrace.server.connection.accept_queue.wait_time",
		      port)
			->histogram.count,
		4);
	assert_int_equal(
		point(web, "reqtrace.server.stream.opened", stream)->value, 4);
	assert_int_equal(
		point(web, "reqtrace.server.stream.active", stream)->value, 1);
	assert_int_equal(rig__sum(web, "reqtrace.server.stream.io"), 77);
	assert_int_equal(
		rig__metric(web, "reqtrace.server.stream.duration").points_len,
		0);
	histogram__free(&r.port[0].accept_queue);
	rig__free(&r);
}

static void exemplars_of_workers_come_together(void **state)
{
	static const char protocol[] = "tcp", none[] = "";
	const struct metric_point *p;
	struct rig r;
	struct exemplars *e = exemplars__new();

	(void)state;
	assert_non_null(e);
	rig__init(&r, 2);
	r.exemplars = e;
	for (uint32_t pid = 7; pid <= 8; pid++) {
		struct snapshot_series *s;

		rig__process(&r, pid, 1, "web");
		s = rig__series(&r, pid, RT_ROLE_SERVER, 80, protocol, none,
				none);
		s->version = none;
		rig__request(s, RIG_MS, 6);
	}
	for (uint32_t i = 0; i < 12; i++) {
		struct request q = {.pid = 7 + i % 2,
				    .role = RT_ROLE_SERVER,
				    .port = 80,
				    .protocol = protocol,
				    .operation = none,
				    .status = none,
				    .version = none};
		struct metric_exemplar x = {.value = i, .time = RIG_WALL + i};

		assert_int_equal(exemplars__add(e, &q, &x), 0);
	}
	p = point(service(rig__batch(&r), "web"),
		  "reqtrace.server.exchange.duration",
		  "network.transport=tcp reqtrace.protocol=tcp server.port=80");
	assert_int_equal(p->exemplars_len, EXEMPLARS_KEPT);
	for (size_t i = 0; i < p->exemplars_len; i++)
		assert_int_equal(p->exemplars[i].value, 4 + i);
	exemplars__free(e);
	rig__free(&r);
}

static uint32_t dice(uint64_t *state, uint32_t sides)
{
	*state = *state * UINT64_C(6364136223846793005) + 1;
	return (uint32_t)(*state >> 33) % sides;
}

/* Processes begin, work, become others and exit, in any order: every batch is
 * compared with the one before. */
static void whatever_happens_nothing_falls(void **state)
{
	static const char *const names[] = {"web", "job", "db"};
	static const char *const operations[] = {"GET /", "POST /a",
						 "GET /b/{id}"};
	uint64_t seed = 20251120;

	(void)state;
	for (int round = 0; round < 20; round++) {
		struct rig r;

		rig__init(&r, 3 * RIG_PROCESSES);
		r.config.per_process = round % 2;
		for (int step = 0; step < 60; step++) {
			size_t n = r.snap.processes_len;
			uint32_t pid = 100 + (uint32_t)n;

			if (n < RIG_PROCESSES && !dice(&seed, 3)) {
				rig__process(&r, pid,
					     n ? 100 + dice(&seed, (uint32_t)n)
					       : 1,
					     names[dice(&seed, 3)]);
				for (int i = 0; i < 3; i++)
					rig__series(&r, pid, RT_ROLE_SERVER, 80,
						    "http", operations[i],
						    "200");
			}
			for (size_t i = 0; i < n; i++) {
				struct snapshot_process *p = &r.process[i];

				if (p->exited)
					continue;
				if (dice(&seed, 2))
					rig__request(
						&r.series[3 * i +
							  dice(&seed, 3)],
						RIG_MS * (1 + dice(&seed, 50)),
						1 + dice(&seed, 9));
				p->exited = !dice(&seed, 8);
				if (!dice(&seed, 40))
					p->service = names[dice(&seed, 3)];
			}
			rig__batch(&r);
		}
		/* All end, and all is forgotten but reqtrace itself. */
		for (size_t i = 0; i < r.snap.processes_len; i++)
			r.process[i].exited = true;
		for (int i = 0; i < 3; i++)
			rig__batch(&r);
		assert_int_equal(r.last->resources_len, 1);
		rig__free(&r);
	}
}

/* --- bounds -----------------------------------------------------------------
 */

#define MANY 2500

static void many_series(struct rig *r, char (*operation)[32], size_t from,
			size_t to)
{
	for (size_t i = from; i < to; i++) {
		sprintf(operation[i], "GET /a%zu", i);
		/* The last ones are the heaviest. */
		rig__request(rig__series(r, 7, RT_ROLE_SERVER, 80, "http",
					 operation[i], "200"),
			     RIG_MS, 1 + i);
	}
}

static void the_rest_is_one_point(void **state)
{
	char(*operation)[32] = calloc(MANY, sizeof(*operation));
	const struct metric_resource *web;
	uint64_t start, count = 0;
	struct metric http;
	struct rig r;

	(void)state;
	assert_non_null(operation);
	rig__init(&r, MANY);
	rig__process(&r, 7, 1, "web");
	many_series(&r, operation, 0, 2300);
	web = service(rig__batch(&r), "web");
	http = rig__metric(web, HTTP);
	assert_int_equal(http.points_len, BUILD_MAX_POINTS + 1);
	assert_int_equal(rig__count(web, HTTP), 2300 * 2301 / 2);
	/* The 300 lightest. */
	assert_int_equal(point(web, HTTP, OVERFLOW)->histogram.count,
			 300 * 301 / 2);
	start = point(web, HTTP, OVERFLOW)->start;
	/* Every cause of every series, but not more than the bound. */
	assert_int_equal(
		rig__metric(web, "reqtrace.server.request.offcpu.duration")
			.points_len,
		BUILD_MAX_POINTS + 1);
	assert_int_equal(
		rig__sum(web, "reqtrace.server.request.offcpu.duration") +
			rig__sum(web, "reqtrace.server.request.cpu.duration") +
			rig__sum(web, "reqtrace.server.request.run_queue."
				      "wait_time") +
			rig__sum(web, "reqtrace.server.request.receive_queue."
				      "wait_time"),
		rig__sum(web, HTTP));

	/* Whatever comes, nothing moves. */
	many_series(&r, operation, 2300, MANY);
	web = service(rig__batch(&r), "web");
	http = rig__metric(web, HTTP);
	assert_int_equal(http.points_len, BUILD_MAX_POINTS + 1);
	for (size_t i = 0; i < http.points_len; i++) {
		assert_false(http.points[i].ended);
		count += http.points[i].histogram.count;
	}
	assert_int_equal(count, (uint64_t)MANY * (MANY + 1) / 2);
	assert_int_equal(point(web, HTTP, OVERFLOW)->start, start);
	assert_true(point(web, HTTP, OVERFLOW)->histogram.count >
		    300 * 301 / 2);
	rig__free(&r);
	free(operation);
}

static void room_is_for_all_services(void **state)
{
	char(*operation)[32] = calloc(MANY, sizeof(*operation));
	const struct metric_resource *job;
	struct rig r;

	(void)state;
	assert_non_null(operation);
	rig__init(&r, MANY);
	rig__process(&r, 7, 1, "web");
	rig__process(&r, 8, 1, "job");
	many_series(&r, operation, 0, BUILD_MAX_POINTS);
	rig__batch(&r);
	rig__request(
		rig__series(&r, 8, RT_ROLE_SERVER, 80, "http", "GET /x", "200"),
		RIG_MS, 5);
	job = service(rig__batch(&r), "job");
	assert_int_equal(rig__metric(job, HTTP).points_len, 1);
	assert_int_equal(point(job, HTTP, OVERFLOW)->histogram.count, 5);
	/* There is room now, but what is in there stays. */
	r.process[0].exited = true;
	for (int i = 0; i < 3; i++)
		rig__batch(&r);
	assert_false(has_service(r.last, "web"));
	job = service(r.last, "job");
	assert_int_equal(point(job, HTTP, OVERFLOW)->histogram.count, 5);
	rig__free(&r);
	free(operation);
}

/* --- resources ---------------------------------------------------------------
 */

static void a_resource_says_what_is_known(void **state)
{
	static char *const own[] = {"deployment.environment.name",
				    "test",
				    "host.name",
				    "node-1",
				    "team",
				    "ours",
				    "service.name",
				    "not this",
				    NULL};
	const struct metric_resource *web;
	struct snapshot_process *p;
	struct rig r;

	(void)state;
	rig__init(&r, 2);
	r.config.resource = (char **)own;
	p = rig__process(&r, 7, 3, "web");
	p->started = RIG_WALL - 5;
	p->resource = "team=theirs\ncontainer.id=abc\nempty=\nno equals sign\n"
		      "service.namespace=shop=1\nservice.name=x";
	rig__process(&r, 8, 7, "web")->resource = p->resource;
	r.process[1].started = RIG_WALL - 9;
	rig__request(rig__series(&r, 7, RT_ROLE_SERVER, 80, "tcp", "", ""),
		     RIG_MS, 1);
	rig__request(rig__series(&r, 8, RT_ROLE_SERVER, 80, "tcp", "", ""),
		     RIG_MS, 1);
	web = service(rig__batch(&r), "web");
	assert_string_equal(rig__value(web, "team"), "theirs");
	assert_string_equal(rig__value(web, "container.id"), "abc");
	assert_string_equal(rig__value(web, "service.namespace"), "shop=1");
	assert_string_equal(rig__value(web, "deployment.environment.name"),
			    "test");
	assert_string_equal(rig__value(web, "host.name"), "node-1");
	assert_string_equal(rig__value(web, "host.arch"), "amd64");
	assert_string_equal(rig__value(web, "os.type"), "linux");
	assert_string_equal(rig__value(web, "os.version"), "6.1.0");
	assert_string_equal(rig__value(web, "telemetry.sdk.name"), "reqtrace");
	assert_string_equal(rig__value(web, "process.executable.name"),
			    "program");
	assert_null(rig__value(web, "empty"));
	/* Of the one that began first. */
	assert_int_equal(rig__number(web, "process.pid"), 8);
	rig__free(&r);
}

static void other_containers_are_other_services(void **state)
{
	const struct metric_resource *web;
	struct rig r;

	(void)state;
	rig__init(&r, 2);
	rig__process(&r, 7, 1, "web")->resource = "container.id=a";
	rig__process(&r, 8, 1, "web")->resource = "container.id=b";
	for (uint32_t pid = 7; pid <= 8; pid++)
		rig__request(
			rig__series(&r, pid, RT_ROLE_SERVER, 80, "tcp", "", ""),
			RIG_MS, 1);
	assert_int_equal(rig__resources(rig__batch(&r), "web", &web), 2);
	assert_string_not_equal(build__resource_id(r.b, 7),
				build__resource_id(r.b, 8));
	rig__free(&r);
}

static void names_have_an_order(void **state)
{
	static char configured[] = "configured";
	struct rig r;

	(void)state;
	rig__init(&r, 2);
	rig__process(&r, 7, 1, "");
	rig__request(rig__series(&r, 7, RT_ROLE_SERVER, 80, "tcp", "", ""),
		     RIG_MS, 1);
	/* What found no room. */
	rig__request(rig__series(&r, 0, RT_ROLE_SERVER, 0, "tcp", "other", ""),
		     RIG_MS, 2);
	rig__batch(&r);
	service(r.last, "comm");
	assert_int_equal(rig__count(service(r.last, "unknown_service"),
				    "reqtrace.server.exchange.duration"),
			 2);
	rig__free(&r);

	rig__init(&r, 1);
	r.config.service = configured;
	rig__process(&r, 7, 1, "web");
	rig__request(rig__series(&r, 7, RT_ROLE_SERVER, 80, "tcp", "", ""),
		     RIG_MS, 1);
	service(rig__batch(&r), "configured");
	rig__free(&r);
}

static void its_own_health_is_a_service(void **state)
{
	static const struct metric_attribute metrics[] = {
		{.key = "reqtrace.exporter.signal", .text = "metrics"}};
	static const struct build_health health[] = {
		{metrics, 1, &metric_table[METRIC_EXPORTER_REQUESTS], 12},
		{NULL, 0, &metric_table[METRIC_SPANS_MADE], 3}};
	const struct metric_resource *self;
	struct rig r;

	(void)state;
	rig__init(&r, 1);
	r.health = health;
	r.health_len = 2;
	r.counter[0] = (struct snapshot_counter){"lost", "", 0};
	r.counter[1] = (struct snapshot_counter){"spliced", "", 0};
	r.counter[2] = (struct snapshot_counter){"joined", "", 4};
	r.snap.counters_len = 3;
	r.snap.exchanges = 99;
	r.snap.user_ns = 5 * RIG_MS;
	r.snap.rss_bytes = 4096;
	self = service(rig__batch(&r), "reqtrace");
	assert_string_equal(rig__value(self, "service.version"), "1.2.3");
	assert_int_equal(point(self, "reqtrace.exporter.requests",
			       "reqtrace.exporter.signal=metrics")
				 ->value,
			 12);
	assert_int_equal(point(self, "reqtrace.exporter.spans.made", "")->value,
			 3);
	assert_int_equal(point(self, "reqtrace.coverage.exchanges", "")->value,
			 99);
	assert_int_equal(point(self, "reqtrace.coverage.events",
			       "reqtrace.coverage.reason=joined")
				 ->value,
			 4);
	assert_int_equal(
		rig__metric(self, "reqtrace.coverage.events").points_len, 2);
	assert_int_equal(point(self, "process.memory.usage", "")->value, 4096);
	assert_int_equal(point(self, "process.cpu.time", "")->value,
			 5 * RIG_MS);
	assert_int_equal(rig__metric(self, "reqtrace.bpf.time").points_len, 0);
	rig__free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_has_its_metric),
		cmocka_unit_test(what_was_folded_is_overflow),
		cmocka_unit_test(parts_add_up_to_the_durations),
		cmocka_unit_test(what_never_was_has_no_point),
		cmocka_unit_test(buckets_are_those_of_the_snapshot),
		cmocka_unit_test(workers_are_one_service),
		cmocka_unit_test(per_process_tells_them_apart),
		cmocka_unit_test(a_service_ends_once),
		cmocka_unit_test(a_restart_between_two_batches_is_seen),
		cmocka_unit_test(a_bucket_that_falls_begins_anew),
		cmocka_unit_test(a_daemon_that_forks_is_one_service),
		cmocka_unit_test(a_total_that_falls_begins_anew),
		cmocka_unit_test(what_comes_again_begins_anew),
		cmocka_unit_test(what_nobody_got_is_told_again),
		cmocka_unit_test(a_process_waits_for_its_name),
		cmocka_unit_test(exited_services_are_bounded),
		cmocka_unit_test(ended_points_are_bounded),
		cmocka_unit_test(what_is_in_flight_falls_to_zero),
		cmocka_unit_test(connections_and_streams),
		cmocka_unit_test(exemplars_of_workers_come_together),
		cmocka_unit_test(whatever_happens_nothing_falls),
		cmocka_unit_test(the_rest_is_one_point),
		cmocka_unit_test(room_is_for_all_services),
		cmocka_unit_test(a_resource_says_what_is_known),
		cmocka_unit_test(other_containers_are_other_services),
		cmocka_unit_test(names_have_an_order),
		cmocka_unit_test(its_own_health_is_a_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
