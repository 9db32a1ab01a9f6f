// SPDX-License-Identifier: GPL-2.0-only
/* See fake_metrics.h. */
#include "fake_metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MS 1000000ull
#define START 1700000000000000000ull

#define TEXT(name, value)                                                      \
	{                                                                      \
		.key = (name), .text = (value)                                 \
	}
#define NUMBER(name, value)                                                    \
	{                                                                      \
		.key = (name), .number = (value)                               \
	}

static const struct metric_info duration = {"http.server.request.duration", "s",
					    "Duration of requests.",
					    METRIC_HISTOGRAM, false};
static const struct metric_info active = {"http.server.active_requests",
					  "{request}", "Requests under way.",
					  METRIC_UP_DOWN, false};
static const struct metric_info cpu = {
	"reqtrace.server.request.cpu.duration", "s",
	"Time on a CPU, a \"part\".\nSee \\docs.", METRIC_HISTOGRAM, false};
static const struct metric_info own = {"reqtrace.exporter.cpu.time", "s",
				       "CPU time of reqtrace.", METRIC_COUNTER,
				       true};

static const struct metric_attribute shop[] = {
	TEXT("a-b", "1"),
	TEXT("a.b", "2"),
	TEXT("host.name", "x\"y\\z\nw"),
	TEXT("job", "nightly"),
	NUMBER("process.pid", 42),
	TEXT("service.instance.id", "shop-1"),
	TEXT("service.name", "shop"),
	TEXT("service.namespace", "web"),
};
static const struct metric_attribute db[] = {
	TEXT("service.instance.id", "db-1"),
	TEXT("service.name", "db"),
};
static const struct metric_attribute get_200[] = {
	TEXT("http.request.method", "GET"),
	NUMBER("http.response.status_code", 200),
	TEXT("http.route", "/a/{id}"),
};
static const struct metric_attribute get_500[] = {
	TEXT("http.request.method", "GET"),
	NUMBER("http.response.status_code", 500),
};
static const struct metric_attribute rest[] = {
	{.key = "otel.metric.overflow", .number = 1, .is_bool = true},
};
static const struct metric_exemplar exemplars[] = {
	{1 * MS, START + 1, {1}, {1}},
	{1 * MS, START + 1500 * MS, {0xab, [15] = 0x01}, {0xcd, [7] = 0x02}},
	{500 * MS, START + 2, {2}, {2}},
};

static void add(struct histogram *h, uint64_t ns, uint64_t times)
{
	if (histogram__add(h, ns, times))
		abort();
}

const struct metrics *fake_metrics__small(void)
{
	static struct metric_point web[3], mine[1], now[1], db_points[1],
		db_cpu[1];
	static struct metric web_metrics[3], db_metrics[2];
	static struct metric_resource resources[2];
	static struct metrics m;
	uint64_t ns = 1000;

	if (m.made)
		return &m;
	web[0] = (struct metric_point){.attributes = get_200,
				       .attributes_len = LEN(get_200),
				       .exemplars = exemplars,
				       .exemplars_len = LEN(exemplars)};
	web[1] = (struct metric_point){.attributes = get_500,
				       .attributes_len = LEN(get_500),
				       .ended = 1};
	web[2] = (struct metric_point){.attributes = rest,
				       .attributes_len = LEN(rest),
				       .overflow = true};
	for (size_t i = 0; i < LEN(web); i++)
		histogram__init(&web[i].histogram, i == 2 ? 0 : RT_HIST_SCALE);
	add(&web[0].histogram, 0, 1);
	add(&web[0].histogram, 1 * MS, 2);
	add(&web[0].histogram, 3 * MS, 1);
	add(&web[0].histogram, 500 * MS, 1);
	add(&web[0].histogram, 100000 * MS, 1);
	add(&web[2].histogram, 3 * MS, 1);
	histogram__init(&db_points[0].histogram, RT_HIST_SCALE);
	add(&db_points[0].histogram, 500 * MS + 1, 1);
	for (int i = 0; i < 1000; i++, ns += ns * 15 / 1000)
		add(&db_points[0].histogram, ns, 1);
	histogram__init(&db_cpu[0].histogram, 3);
	add(&db_cpu[0].histogram, 2 * MS, 1);
	add(&db_cpu[0].histogram, 0, 1);
	now[0].value = 7;
	mine[0].value = 1500 * MS;
	web_metrics[0] = (struct metric){&duration, web, LEN(web)};
	web_metrics[1] = (struct metric){&active, now, 1};
	web_metrics[2] = (struct metric){&own, mine, 1};
	db_metrics[0] = (struct metric){&duration, db_points, 1};
	db_metrics[1] = (struct metric){&cpu, db_cpu, 1};
	resources[0] = (struct metric_resource){"shop-1", shop, LEN(shop),
						web_metrics, LEN(web_metrics)};
	resources[1] = (struct metric_resource){"db-1", db, LEN(db), db_metrics,
						LEN(db_metrics)};
	m = (struct metrics){START, START + 1000 * MS, 1, false, resources, 2};
	return &m;
}

/* --- a large one -------------------------------------------------------- */

static const struct metric_attribute usual[] = {
	TEXT("http.request.method", "GET"),
	NUMBER("http.response.status_code", 200),
	TEXT("http.route", NULL),
	TEXT("network.protocol.version", "1.1"),
	TEXT("reqtrace.route.source", "path"),
	NUMBER("server.port", 8080),
	TEXT("url.scheme", "http"),
};
#define ATTRIBUTES LEN(usual)
#define ROUTE 2

struct large {
	struct metrics m;
	struct metric_resource resource;
	struct histogram histogram; /* that of all points */
	struct metric *metrics;
	struct metric_info *infos;
	struct metric_point *points;
	struct metric_attribute *attributes;
	char (*routes)[64];
	char (*names)[80];
};

static const struct metric_attribute one_service[] = {
	TEXT("service.instance.id", "0f8fad5b-d9cb-469f-a165-70867728950e"),
	TEXT("service.name", "checkout"),
};

static void *zeroed(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		abort();
	return p;
}

static void set_points(struct large *l, size_t points)
{
	for (size_t i = 0; i < points; i++) {
		struct metric_attribute *a = &l->attributes[i * ATTRIBUTES];

		snprintf(l->routes[i], sizeof(l->routes[i]),
			 "/api/v1/things%zu/{id}", i);
		memcpy(a, usual, sizeof(usual));
		a[ROUTE].text = l->routes[i];
		l->points[i].attributes = &l->attributes[i * ATTRIBUTES];
		l->points[i].attributes_len = ATTRIBUTES;
		histogram__share(&l->points[i].histogram, &l->histogram);
	}
}

struct metrics *fake_metrics__large(size_t points, size_t histograms)
{
	struct large *l = zeroed(1, sizeof(*l));

	histogram__init(&l->histogram, 3);
	for (uint64_t ns = MS / 10; ns < 10000 * MS; ns += ns / 20)
		add(&l->histogram, ns, ns / 1000);
	l->attributes = zeroed(points * ATTRIBUTES, sizeof(*l->attributes));
	l->routes = zeroed(points, sizeof(*l->routes));
	l->points = zeroed(points, sizeof(*l->points));
	l->metrics = zeroed(histograms, sizeof(*l->metrics));
	l->infos = zeroed(histograms, sizeof(*l->infos));
	l->names = zeroed(histograms, sizeof(*l->names));
	set_points(l, points);
	for (size_t i = 0; i < histograms; i++) {
		/* Two by which requests are judged, parts for the rest. */
		snprintf(l->names[i], sizeof(l->names[i]),
			 i == 0	  ? "http.server.request.duration"
			 : i == 1 ? "http.client.request.duration"
				  : "reqtrace.server.request.part%zu.duration",
			 i);
		l->infos[i] = (struct metric_info){l->names[i], "s", "Made up.",
						   METRIC_HISTOGRAM, false};
		l->metrics[i] =
			(struct metric){&l->infos[i], l->points, points};
	}
	l->resource = (struct metric_resource){one_service[0].text, one_service,
					       LEN(one_service), l->metrics,
					       histograms};
	l->m = (struct metrics){START, START, 1, false, &l->resource, 1};
	return &l->m;
}

void fake_metrics__free(struct metrics *m)
{
	struct large *l = (struct large *)m;

	histogram__free(&l->histogram);
	free(l->attributes);
	free(l->routes);
	free(l->points);
	free(l->metrics);
	free(l->infos);
	free(l->names);
	free(l);
}
