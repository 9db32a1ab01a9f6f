/* SPDX-License-Identifier: GPL-2.0-only */
/* See fake_batch.h. What a batch points to is in a list that it owns. */
#include "fake_batch.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS UINT64_C(1000000)

const struct metric_info fake_batch__info[FAKE_INFOS] = {
	[FAKE_DURATION] = {"http.server.request.duration", "s",
			   "Time from arrival to answer.", METRIC_HISTOGRAM,
			   false},
	[FAKE_REQUESTS] = {"test.requests", "{request}", "Requests.",
			   METRIC_COUNTER, false},
	[FAKE_CPU] = {"test.cpu.time", "s", "Time on a CPU.", METRIC_COUNTER,
		      true},
	[FAKE_ACTIVE] = {"http.server.active_requests", "{request}",
			 "Requests that are not answered yet.", METRIC_UP_DOWN,
			 false},
	[FAKE_LIMIT] = {"test.limit", "By", "A bound.", METRIC_GAUGE, false},
};

struct memory {
	struct memory *next;
	max_align_t data[];
};

struct fake {
	struct metrics m;
	struct memory *memory;
};

static int references;

int fake_batch__references(void)
{
	return references;
}

/* Weak, in case that a test has the real ones linked for their neighbours. */
__attribute__((weak)) const struct metrics *metrics__get(
	const struct metrics *m)
{
	references++;
	return m;
}

__attribute__((weak)) void metrics__put(const struct metrics *m)
{
	if (m)
		references--;
}

static void *take(struct fake *f, size_t n, size_t size)
{
	struct memory *memory = calloc(1, sizeof(*memory) + n * size);

	assert(memory);
	memory->next = f->memory;
	f->memory = memory;
	return memory->data;
}

static char *take_text(struct fake *f, const char *text)
{
	return strcpy(take(f, strlen(text) + 1, 1), text);
}

static struct fake *new_fake(uint64_t age)
{
	struct fake *f = calloc(1, sizeof(*f));

	assert(f);
	f->m.start = FAKE_BATCH_START;
	f->m.time = FAKE_BATCH_TIME + age * 1000 * MS;
	f->m.made = 60000 * MS + age * 1000 * MS;
	return f;
}

void fake_batch__free(struct metrics *m)
{
	struct fake *f = (struct fake *)m;
	struct memory *memory;

	if (!m)
		return;
	for (size_t i = 0; i < m->resources_len; i++) {
		const struct metric_resource *r = &m->resources[i];

		for (size_t k = 0; k < r->metrics_len; k++) {
			const struct metric *metric = &r->metrics[k];

			for (size_t n = 0; n < metric->points_len; n++) {
				struct histogram h =
					metric->points[n].histogram;

				histogram__free(&h);
			}
		}
	}
	while ((memory = f->memory)) {
		f->memory = memory->next;
		free(memory);
	}
	free(f);
}

/* --- one of everything ------------------------------------------------- */

static void add(struct histogram *h, uint64_t ns, uint64_t times)
{
	int err = histogram__add(h, ns, times);

	assert(!err);
	(void)err;
}

static const struct metric_attribute get_attributes[] = {
	{.key = "http.request.method", .text = "GET"},
	{.key = "http.response.status_code", .number = 200},
	{.key = "http.route", .text = "/a/{id}"},
	{.key = "network.peer.is_local", .number = 1, .is_bool = true},
};
static const struct metric_attribute odd_attributes[] = {
	{.key = "http.request.method", .text = "_OTHER"},
	{.key = "http.route", .text = "/\"quoted\"\\\xc3\xa9\xff"},
	{.key = "offset", .number = -5},
};
static const struct metric_attribute ended_attributes[] = {
	{.key = "http.request.method", .text = "PUT"},
};
static const struct metric_attribute overflow_attributes[] = {
	{.key = "otel.metric.overflow", .number = 1, .is_bool = true},
};
static const struct metric_attribute shop_attributes[] = {
	{.key = "process.pid", .number = 4711},
	{.key = "service.instance.id", .text = "a-shop"},
	{.key = "service.name", .text = "shop"},
};
static const struct metric_attribute cache_attributes[] = {
	{.key = "service.instance.id", .text = "b-cache"},
	{.key = "service.name", .text = "cache"},
};
static const struct metric_exemplar exemplars[] = {
	{.value = 250 * MS,
	 .time = FAKE_BATCH_TIME - 2000 * MS,
	 .trace_id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
	 .span_id = {0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8}},
	{.value = 300 * MS,
	 .time = FAKE_BATCH_TIME - 1000 * MS,
	 .trace_id = {0xff, 2},
	 .span_id = {0xb1}},
};

#define ATTRIBUTES(list)                                                       \
	.attributes = (list), .attributes_len = sizeof(list) / sizeof(*(list))

static void fill_durations(struct metric_point *p)
{
	p[0] = (struct metric_point){
		ATTRIBUTES(get_attributes), .start = FAKE_BATCH_START,
		.exemplars = exemplars, .exemplars_len = 2};
	histogram__init(&p[0].histogram, RT_HIST_SCALE);
	add(&p[0].histogram, 0, 2);
	add(&p[0].histogram, 4 * MS, 10);
	add(&p[0].histogram, 5 * MS, 3);
	add(&p[0].histogram, 250 * MS, 1);
	add(&p[0].histogram, 300 * MS, 1);

	p[1] = (struct metric_point){ATTRIBUTES(ended_attributes),
				     .start = FAKE_BATCH_START, .ended = 1};
	/* From 1 us to 100 s: 850 buckets. */
	p[2] = (struct metric_point){ATTRIBUTES(odd_attributes),
				     .start = FAKE_BATCH_START + 1000 * MS};
	histogram__init(&p[2].histogram, RT_HIST_SCALE);
	for (uint64_t ns = 1000; ns <= 100000 * MS; ns *= 10)
		add(&p[2].histogram, ns, 1);

	p[3] = (struct metric_point){ATTRIBUTES(overflow_attributes),
				     .start = FAKE_BATCH_START,
				     .overflow = true};
	histogram__init(&p[3].histogram, RT_HIST_SCALE);
}

static struct metric one_point(struct fake *f, int info, uint64_t value,
			       bool has_attributes)
{
	struct metric_point *p = take(f, 1, sizeof(*p));

	*p = (struct metric_point){.start = FAKE_BATCH_START, .value = value};
	if (has_attributes) {
		p->attributes = ended_attributes;
		p->attributes_len = 1;
	}
	return (struct metric){&fake_batch__info[info], p, 1};
}

struct metrics *fake_batch__all(void)
{
	struct fake *f = new_fake(0);
	struct metric_resource *r = take(f, 2, sizeof(*r));
	struct metric *shop = take(f, FAKE_INFOS, sizeof(*shop));
	struct metric *cache = take(f, 2, sizeof(*cache));
	struct metric_point *durations = take(f, 4, sizeof(*durations));

	fill_durations(durations);
	shop[FAKE_DURATION] =
		(struct metric){&fake_batch__info[FAKE_DURATION], durations, 4};
	shop[FAKE_REQUESTS] = one_point(f, FAKE_REQUESTS, 17, true);
	shop[FAKE_CPU] = one_point(f, FAKE_CPU, 1500 * MS, false);
	shop[FAKE_ACTIVE] = one_point(f, FAKE_ACTIVE, 3, true);
	shop[FAKE_LIMIT] = one_point(f, FAKE_LIMIT, 1 << 20, false);
	cache[0] = one_point(f, FAKE_REQUESTS, UINT64_C(1) << 40, false);
	cache[1] = one_point(f, FAKE_ACTIVE, 0, false);
	r[0] = (struct metric_resource){.id = "a-shop",
					ATTRIBUTES(shop_attributes),
					.metrics = shop,
					.metrics_len = FAKE_INFOS};
	r[1] = (struct metric_resource){.id = "b-cache",
					ATTRIBUTES(cache_attributes),
					.metrics = cache,
					.metrics_len = 2};
	f->m.resources = r;
	f->m.resources_len = 2;
	return &f->m;
}

/* --- random ones -------------------------------------------------------- */

/* xorshift; the state is never 0. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void fill_random(struct metric_point *p, int info, uint64_t *state,
			unsigned age)
{
	/* Some do not grow. */
	const unsigned rounds = next_random(state) % 4 ? age + 1 : 1;
	const uint64_t first = next_random(state) | 1;
	const unsigned values = next_random(state) % 30;

	histogram__init(&p->histogram, RT_HIST_SCALE);
	for (unsigned round = 0; round < rounds; round++) {
		uint64_t own = first + round;

		p->value += next_random(&own) % 1000;
		for (unsigned i = 0; info == FAKE_DURATION && i < values; i++) {
			const unsigned bits = next_random(&own) % 40;
			const uint64_t ns = next_random(&own) >> (63 - bits);

			add(&p->histogram, ns, 1 + next_random(&own) % 300);
		}
	}
	if (info == FAKE_DURATION)
		p->value = 0;
}

static struct metric random_metric(struct fake *f, int info, size_t points,
				   uint64_t *state, unsigned age)
{
	struct metric_point *p = take(f, points, sizeof(*p));

	for (size_t i = 0; i < points; i++) {
		struct metric_attribute *a = take(f, 1, sizeof(*a));
		char text[100];

		snprintf(text, sizeof(text), "/%03zu/%.*s", i,
			 (int)(next_random(state) % 60),
			 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
			 "abcdefgh");
		a->key = "http.route";
		a->text = take_text(f, text);
		p[i] = (struct metric_point){.attributes = a,
					     .attributes_len = 1,
					     .start = FAKE_BATCH_START + i};
		fill_random(&p[i], info, state, age);
	}
	return (struct metric){&fake_batch__info[info], p, points};
}

struct metrics *fake_batch__random(unsigned seed, size_t resources,
				   size_t points, unsigned age)
{
	struct fake *f = new_fake(age);
	struct metric_resource *r = take(f, resources, sizeof(*r));
	uint64_t state = UINT64_C(0x9e3779b97f4a7c15) * (seed + 1);

	for (size_t i = 0; i < resources; i++) {
		struct metric *metrics = take(f, FAKE_INFOS, sizeof(*metrics));
		struct metric_attribute *a = take(f, 1, sizeof(*a));
		size_t len = 0;
		char id[40];

		for (int info = 0; info < FAKE_INFOS; info++) {
			size_t n = next_random(&state) % (points + 1);

			if (n)
				metrics[len++] =
					random_metric(f, info, n, &state, age);
		}
		snprintf(id, sizeof(id), "service-%03zu", i);
		a->key = "service.instance.id";
		a->text = take_text(f, id);
		r[i] = (struct metric_resource){.id = a->text,
						.attributes = a,
						.attributes_len = 1,
						.metrics = metrics,
						.metrics_len = len};
	}
	f->m.resources = r;
	f->m.resources_len = resources;
	return &f->m;
}

/* --- spans ---------------------------------------------------------------- */

static struct span child = {
	.trace_id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
	.span_id = {0xc1},
	.parent_id = {0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8},
	.flags = 0x101,
	.name = "GET",
	.kind = SPAN_CLIENT,
	.begin = FAKE_BATCH_TIME - 2100 * MS,
	.end = FAKE_BATCH_TIME - 2050 * MS,
};

static struct span root = {
	.trace_id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
	.span_id = {0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8},
	.flags = 0x301,
	.name = "GET /a/{id}",
	.kind = SPAN_SERVER,
	.begin = FAKE_BATCH_TIME - 2250 * MS,
	.end = FAKE_BATCH_TIME - 2000 * MS,
	.failed = true,
	.attributes = {{.key = "error.type", .text = "500"},
		       {.key = "http.response.status_code", .number = 500},
		       {.key = "reqtrace.cpu.duration",
			.number = 0.0125,
			.is_double = true}},
	.attributes_len = 3,
	.events = {{"read", FAKE_BATCH_TIME - 2200 * MS},
		   {"first byte", FAKE_BATCH_TIME - 2010 * MS}},
	.events_len = 2,
	.resource_id = "a-shop",
	.next = &child,
};

const struct span *fake_batch__spans(void)
{
	return &root;
}
