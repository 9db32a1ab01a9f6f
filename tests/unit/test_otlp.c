/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * OTLP requests (export/otlp.h): split at whatever size, they hold the same
 * points as one request does; deltas add up to the totals whatever was lost on
 * the way. A decoder of the few fields that matter reads the bytes; protoc
 * reads all of them in tests/otlp.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "export/otlp.h"
#include "fake_batch.h"

/* --- a decoder ------------------------------------------------------------ */

struct bytes {
	const uint8_t *at, *end;
};

struct field {
	unsigned number;
	uint64_t value;	    /* of a number */
	struct bytes bytes; /* of what has a length */
};

static uint64_t read_varint(struct bytes *b)
{
	uint64_t value = 0;

	for (int shift = 0; shift < 70; shift += 7) {
		assert_true(b->at < b->end);
		value |= (uint64_t)(*b->at & 0x7f) << shift;
		if (!(*b->at++ & 0x80))
			return value;
	}
	fail();
	return 0;
}

static uint64_t read_fixed(struct bytes *b, size_t len)
{
	uint64_t value = 0;

	assert_true((size_t)(b->end - b->at) >= len);
	memcpy(&value, b->at, len);
	b->at += len;
	return value;
}

static bool next_field(struct bytes *b, struct field *f)
{
	uint64_t tag, len;

	if (b->at == b->end)
		return false;
	tag = read_varint(b);
	*f = (struct field){.number = (unsigned)(tag >> 3)};
	switch (tag & 7) {
	case 0:
		f->value = read_varint(b);
		break;
	case 1:
		f->value = read_fixed(b, 8);
		break;
	case 5:
		f->value = read_fixed(b, 4);
		break;
	default:
		assert_int_equal(tag & 7, 2);
		len = read_varint(b);
		assert_true((size_t)(b->end - b->at) >= len);
		f->bytes = (struct bytes){b->at, b->at + len};
		b->at += len;
	}
	return true;
}

/* --- points ------------------------------------------ */

/* All points of requests: what they are of, and their own bytes. */
struct points {
	struct {
		char *name; /* resource and metric, in bytes */
		size_t name_len;
		struct bytes bytes;
	} * point;
	size_t len;
};

static void free_points(struct points *p)
{
	for (size_t i = 0; i < p->len; i++) {
		free(p->point[i].name);
		free((void *)p->point[i].bytes.at);
	}
	free(p->point);
	*p = (struct points){.len = 0};
}

static void *copy_of(const void *bytes, size_t len)
{
	void *copy = malloc(len + 1);

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	return copy;
}

static void note_point(struct points *p, const struct buffer *name,
		       struct bytes bytes)
{
	const size_t len = (size_t)(bytes.end - bytes.at);
	uint8_t *copy = copy_of(bytes.at, len);

	p->point = realloc(p->point, (p->len + 1) * sizeof(*p->point));
	assert_non_null(p->point);
	p->point[p->len].name = copy_of(name->data, name->len);
	p->point[p->len].name_len = name->len;
	p->point[p->len].bytes = (struct bytes){copy, copy + len};
	p->len++;
}

/* Metric { name, ..., data { points, temporality } } */
static void read_metric(struct points *p, struct buffer *name, struct bytes b)
{
	const size_t len = name->len;
	struct field f, inner;

	while (next_field(&b, &f)) {
		if (f.number <= 3)
			buffer__add(name, f.bytes.at,
				    (size_t)(f.bytes.end - f.bytes.at));
		if (f.number <= 3)
			continue;
		buffer__format(name, "=%u", f.number);
		while (next_field(&f.bytes, &inner)) {
			if (inner.number == 1)
				note_point(p, name, inner.bytes);
			else
				buffer__format(name, ":%u=%u", inner.number,
					       (unsigned)inner.value);
		}
	}
	name->len = len;
}

/* Three levels whose items are field 2 of the inner two. */
static void read_level(struct points *p, struct buffer *name, struct bytes b,
		       int level)
{
	const size_t len = name->len;
	struct field f;

	while (next_field(&b, &f)) {
		if (f.number != (level ? 2 : 1))
			buffer__add(name, f.bytes.at,
				    (size_t)(f.bytes.end - f.bytes.at));
		else if (level == 2)
			read_metric(p, name, f.bytes);
		else
			read_level(p, name, f.bytes, level + 1);
	}
	name->len = len;
}

static void read_points(struct points *p, const struct buffer *request)
{
	struct buffer name;

	buffer__init(&name, 1 << 16);
	read_level(p, &name,
		   (struct bytes){request->data, request->data + request->len},
		   0);
	assert_int_equal(name.err, 0);
	buffer__free(&name);
}

static void assert_same_points(const struct points *a, const struct points *b)
{
	assert_int_equal(a->len, b->len);
	for (size_t i = 0; i < a->len; i++) {
		const size_t len =
			(size_t)(a->point[i].bytes.end - a->point[i].bytes.at);

		assert_int_equal(a->point[i].name_len, b->point[i].name_len);
		assert_memory_equal(a->point[i].name, b->point[i].name,
				    a->point[i].name_len);
		assert_int_equal(b->point[i].bytes.end - b->point[i].bytes.at,
				 len);
		assert_memory_equal(a->point[i].bytes.at, b->point[i].bytes.at,
				    len);
	}
}

/* --- requests ---------------------------------------------------------------
 */

/* All requests of what has begun; max may be a single point's. */
static size_t take_all(struct otlp_metrics *o, size_t max, struct points *p)
{
	struct buffer out;
	size_t requests = 0, n;

	buffer__init(&out, 1 << 24);
	for (;;) {
		const size_t had = p->len;

		assert_int_equal(otlp_metrics__next(o, max, &out, &n), 0);
		if (!n)
			break;
		assert_true(out.len <= max || n == 1);
		read_points(p, &out);
		assert_int_equal(p->len - had, n);
		assert_int_equal(otlp_metrics__delivered(o), 0);
		requests++;
	}
	assert_int_equal(out.len, 0);
	buffer__free(&out);
	return requests;
}

static void splitting_changes_no_point(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 60; seed++) {
		const struct export_config config = {
			.delta = seed % 2, .explicit_buckets = seed % 3 == 0};
		struct metrics *m = fake_batch__random(seed, 3, 9, seed % 4);
		struct points whole = {.len = 0}, parts = {.len = 0};
		struct otlp_metrics *o = otlp_metrics__new(&config);
		struct otlp_metrics *split = otlp_metrics__new(&config);
		const size_t max = seed < 5 ? seed : 100 + seed * seed * 3;
		size_t requests;

		assert_non_null(o);
		assert_non_null(split);
		assert_int_equal(otlp_metrics__begin(o, m), 0);
		requests = take_all(o, SIZE_MAX, &whole);
		assert_int_equal(requests, whole.len > 0);
		assert_int_equal(otlp_metrics__begin(split, m), 0);
		if (take_all(split, max, &parts) < 2)
			assert_true(parts.len < 2 || max > 1000);
		assert_same_points(&whole, &parts);
		otlp_metrics__free(o);
		otlp_metrics__free(split);
		free_points(&whole);
		free_points(&parts);
		fake_batch__free(m);
	}
	assert_int_equal(fake_batch__references(), 0);
}

/* Lengths of messages are where a byte more or less matters: every bound. */
static void every_bound_is_kept(void **state)
{
	const struct export_config configs[] = {
		{.delta = false},
		{.otlp[OTLP_METRICS].protocol = OTLP_HTTP_JSON},
	};
	struct metrics *m = fake_batch__random(3, 2, 4, 1);
	struct buffer out;

	(void)state;
	buffer__init(&out, 1 << 20);
	for (size_t i = 0; i < 2; i++) {
		for (size_t max = 0; max < 6000; max += 7) {
			struct otlp_metrics *o = otlp_metrics__new(&configs[i]);
			size_t n, all = 0, once;

			assert_non_null(o);
			assert_int_equal(otlp_metrics__begin(o, m), 0);
			do {
				assert_int_equal(
					otlp_metrics__next(o, max, &out, &n),
					0);
				assert_true(out.len <= max || n == 1);
				all += n;
				otlp_metrics__refused(o);
			} while (n);
			assert_int_equal(otlp_metrics__begin(o, m), 0);
			assert_int_equal(
				otlp_metrics__next(o, SIZE_MAX, &out, &once),
				0);
			assert_int_equal(all, once);
			otlp_metrics__free(o);
		}
	}
	buffer__free(&out);
	fake_batch__free(m);
}

static void bound_of_the_buffer_is_one_too(void **state)
{
	const struct export_config config = {.delta = false};
	struct metrics *m = fake_batch__all();
	struct otlp_metrics *o = otlp_metrics__new(&config);
	struct buffer out;
	size_t n, all = 0;

	(void)state;
	assert_non_null(o);
	assert_int_equal(otlp_metrics__begin(o, m), 0);
	buffer__init(&out, 200);
	assert_int_equal(otlp_metrics__next(o, SIZE_MAX, &out, &n), -EFBIG);
	assert_int_equal(n, 0);
	out.max = 800;
	do {
		assert_int_equal(otlp_metrics__next(o, SIZE_MAX, &out, &n), 0);
		all += n;
		assert_int_equal(otlp_metrics__delivered(o), 0);
	} while (n);
	assert_int_equal(all, 10);
	buffer__free(&out);
	otlp_metrics__free(o);
	fake_batch__free(m);
}

/* --- deltas --------------------------------------------------------------- */

static uint64_t sum_of_buckets(struct bytes b)
{
	uint64_t sum = 0;
	struct field f;

	while (next_field(&b, &f)) {
		while (f.number == 2 && f.bytes.at < f.bytes.end)
			sum += read_varint(&f.bytes);
	}
	return sum;
}

/* Totals: of histograms' counts, of their buckets with zeros, of counters that
 * are whole numbers. */
static void add_up(const struct points *p, uint64_t *counts, uint64_t *buckets,
		   uint64_t *ints)
{
	for (size_t i = 0; i < p->len; i++) {
		const bool exponential =
			memmem(p->point[i].name, p->point[i].name_len,
			       "=10:", 4) != NULL;
		const bool monotonic =
			memmem(p->point[i].name, p->point[i].name_len, ":3=1",
			       4) != NULL;
		struct bytes b = p->point[i].bytes;
		struct field f;

		while (next_field(&b, &f)) {
			if (exponential && f.number == 4)
				*counts += f.value;
			if (exponential && f.number == 7)
				*buckets += f.value;
			if (exponential && f.number == 8)
				*buckets += sum_of_buckets(f.bytes);
			if (monotonic && f.number == 6)
				*ints += f.value;
		}
	}
}

static void total_of(const struct metrics *m, uint64_t *counts, uint64_t *ints)
{
	for (size_t i = 0; i < m->resources_len; i++) {
		const struct metric_resource *r = &m->resources[i];

		for (size_t k = 0; k < r->metrics_len; k++) {
			const struct metric *metric = &r->metrics[k];

			for (size_t n = 0; n < metric->points_len; n++) {
				*counts += metric->points[n].histogram.count;
				if (metric->info->kind == METRIC_COUNTER &&
				    !metric->info->in_seconds)
					*ints += metric->points[n].value;
			}
		}
	}
}

/* Batches of which some requests arrive, some are refused and some are left in
 * the middle: in the end the deltas add up. */
static void deltas_add_up(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 25; seed++) {
		const struct export_config config = {.delta = true};
		struct otlp_metrics *o = otlp_metrics__new(&config);
		uint64_t counts = 0, buckets = 0, ints = 0;
		uint64_t all_counts = 0, all_ints = 0;
		struct metrics *m[6];
		size_t points;
		struct buffer out;
		unsigned dice = seed;

		assert_non_null(o);
		buffer__init(&out, 1 << 20);
		for (unsigned age = 0; age < 6; age++) {
			struct points p = {.len = 0};
			size_t n;

			m[age] = fake_batch__random(seed, 2, 8, age);
			assert_int_equal(otlp_metrics__begin(o, m[age]), 0);
			for (;;) {
				assert_int_equal(
					otlp_metrics__next(o, 900, &out, &n),
					0);
				dice = dice * 1103515245 + 12345;
				/* The last batch arrives whole. */
				if (!n || (age < 5 && (dice >> 16) % 7 == 0))
					break;
				if (age < 5 && (dice >> 16) % 3 == 0) {
					otlp_metrics__refused(o);
					continue;
				}
				read_points(&p, &out);
				assert_int_equal(otlp_metrics__delivered(o), 0);
			}
			add_up(&p, &counts, &buckets, &ints);
			free_points(&p);
		}
		total_of(m[5], &all_counts, &all_ints);
		assert_int_equal(counts, all_counts);
		assert_int_equal(buckets, all_counts);
		assert_int_equal(ints, all_ints);
		/* Nothing has come since, so nothing but what is no delta. */
		counts = ints = 0;
		assert_int_equal(otlp_metrics__begin(o, m[5]), 0);
		assert_int_equal(otlp_metrics__next(o, SIZE_MAX, &out, &points),
				 0);
		if (points) {
			struct points p = {.len = 0};

			read_points(&p, &out);
			add_up(&p, &counts, &buckets, &ints);
			free_points(&p);
		}
		assert_int_equal(counts + ints, 0);
		otlp_metrics__free(o);
		buffer__free(&out);
		for (unsigned age = 0; age < 6; age++)
			fake_batch__free(m[age]);
	}
	assert_int_equal(fake_batch__references(), 0);
}

/* --- single points ------------------------------------------------------- */

/* Field of the only point of requests that is of a metric of that kind of data;
 * how many times it is there. */
static size_t find(const struct points *p, const char *data, unsigned number,
		   uint64_t *value)
{
	size_t times = 0;

	for (size_t i = 0; i < p->len; i++) {
		struct bytes b = p->point[i].bytes;
		struct field f;

		if (!memmem(p->point[i].name, p->point[i].name_len, data,
			    strlen(data)))
			continue;
		while (next_field(&b, &f)) {
			if (f.number != number)
				continue;
			*value = f.value;
			times++;
		}
	}
	return times;
}

/* A batch of one point, which tests change. */
struct single {
	struct metrics m;
	struct metric_resource resource;
	struct metric metric;
	struct metric_point point;
};

static void single__init(struct single *s, int info)
{
	*s = (struct single){
		.m = {.start = 100, .time = 1000, .resources_len = 1},
		.resource = {.id = "it", .metrics_len = 1},
		.metric = {.info = &fake_batch__info[info], .points_len = 1},
		.point = {.start = 500},
	};
	s->m.resources = &s->resource;
	s->resource.metrics = &s->metric;
	s->metric.points = &s->point;
	histogram__init(&s->point.histogram, RT_HIST_SCALE);
}

/* What is sent of it; it arrives if so wanted. */
static void send_single(struct otlp_metrics *o, const struct single *s,
			struct points *p, bool arrives)
{
	struct buffer out;
	size_t n;

	free_points(p);
	buffer__init(&out, 10000);
	assert_int_equal(otlp_metrics__begin(o, &s->m), 0);
	assert_int_equal(otlp_metrics__next(o, 10000, &out, &n), 0);
	if (n)
		read_points(p, &out);
	if (arrives)
		assert_int_equal(otlp_metrics__delivered(o), 0);
	else
		otlp_metrics__refused(o);
	buffer__free(&out);
}

enum { START = 2, TIME = 3, AS_INT = 6, FLAGS = 8 };

#define ASSERT_FIELD(p, data, number, expected)                                \
	do {                                                                   \
		uint64_t is = 0;                                               \
		assert_int_equal(find(p, data, number, &is), 1);               \
		assert_int_equal(is, expected);                                \
	} while (0)

static void deltas_join_in_time(void **state)
{
	const struct export_config config = {.delta = true};
	struct otlp_metrics *o = otlp_metrics__new(&config);
	struct points p = {.len = 0};
	struct single s;

	(void)state;
	assert_non_null(o);
	single__init(&s, FAKE_REQUESTS);
	s.point.value = 7;
	send_single(o, &s, &p, true);
	ASSERT_FIELD(&p, "=7:", START, 500);
	ASSERT_FIELD(&p, "=7:", TIME, 1000);
	ASSERT_FIELD(&p, "=7:", AS_INT, 7);
	/* Not delivered: the next holds it. */
	s.m.time = 2000;
	s.point.value = 10;
	send_single(o, &s, &p, false);
	ASSERT_FIELD(&p, "=7:", AS_INT, 3);
	s.m.time = 3000;
	s.point.value = 15;
	send_single(o, &s, &p, true);
	ASSERT_FIELD(&p, "=7:", START, 1000);
	ASSERT_FIELD(&p, "=7:", TIME, 3000);
	ASSERT_FIELD(&p, "=7:", AS_INT, 8);
	/* No change, no point; and the time goes into the next. */
	s.m.time = 4000;
	send_single(o, &s, &p, true);
	assert_int_equal(p.len, 0);
	s.m.time = 5000;
	s.point.value = 16;
	send_single(o, &s, &p, true);
	ASSERT_FIELD(&p, "=7:", START, 3000);
	/* It fell: all of it is new. */
	s.m.time = 6000;
	s.point.value = 4;
	send_single(o, &s, &p, true);
	ASSERT_FIELD(&p, "=7:", START, 5000);
	ASSERT_FIELD(&p, "=7:", AS_INT, 4);
	/* It began anew. */
	s.m.time = 7000;
	s.point.start = 6500;
	s.point.value = 9;
	send_single(o, &s, &p, true);
	ASSERT_FIELD(&p, "=7:", START, 6500);
	ASSERT_FIELD(&p, "=7:", AS_INT, 9);
	/* Its last delta was sent before. */
	s.point.ended = 1;
	send_single(o, &s, &p, true);
	assert_int_equal(p.len, 0);
	/* Another with the same name knows nothing of it. */
	s.point.ended = false;
	s.m.time = 8000;
	send_single(o, &s, &p, true);
	ASSERT_FIELD(&p, "=7:", AS_INT, 9);
	free_points(&p);
	otlp_metrics__free(o);
}

static void end_is_told_once_without_a_value(void **state)
{
	const struct export_config config = {.delta = false};
	static const int infos[] = {FAKE_REQUESTS, FAKE_LIMIT, FAKE_ACTIVE};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct otlp_metrics *o = otlp_metrics__new(&config);
		struct points p = {.len = 0};
		struct single s;
		uint64_t value;

		assert_non_null(o);
		single__init(&s, infos[i]);
		s.point.value = 7;
		send_single(o, &s, &p, true);
		assert_int_equal(find(&p, "=", FLAGS, &value), 0);
		ASSERT_FIELD(&p, "=", AS_INT, 7);
		assert_int_equal(find(&p, "=", START, &value),
				 infos[i] != FAKE_LIMIT);
		s.point.ended = 1;
		send_single(o, &s, &p, true);
		ASSERT_FIELD(&p, "=", FLAGS, 1);
		assert_int_equal(find(&p, "=", AS_INT, &value), 0);
		free_points(&p);
		otlp_metrics__free(o);
	}
}

static void exemplars_are_sent_until_they_arrive(void **state)
{
	(void)state;
	for (int delta = 0; delta < 2; delta++) {
		const struct export_config config = {.delta = delta};
		struct otlp_metrics *o = otlp_metrics__new(&config);
		struct metric_exemplar x[3] = {{.value = 1, .time = 600},
					       {.value = 2, .time = 700},
					       {.value = 3, .time = 1500}};
		struct points p = {.len = 0};
		struct single s;
		uint64_t value;

		assert_non_null(o);
		single__init(&s, FAKE_DURATION);
		s.point.exemplars = x;
		s.point.exemplars_len = 2;
		assert_int_equal(histogram__add(&s.point.histogram, 5, 2), 0);
		send_single(o, &s, &p, false);
		assert_int_equal(find(&p, "=10:", 11, &value), 2);
		send_single(o, &s, &p, true);
		assert_int_equal(find(&p, "=10:", 11, &value), 2);
		s.m.time = 2000;
		s.point.exemplars_len = 3;
		assert_int_equal(histogram__add(&s.point.histogram, 5, 1), 0);
		send_single(o, &s, &p, true);
		assert_int_equal(find(&p, "=10:", 11, &value), 1);
		/* min and max of a delta are not known. */
		assert_int_equal(find(&p, "=10:", 12, &value), !delta);
		ASSERT_FIELD(&p, "=10:", 4, delta ? 1 : 3);
		free_points(&p);
		histogram__free(&s.point.histogram);
		otlp_metrics__free(o);
	}
}

/* Whose end was in a batch that never arrived; what comes later under the same
 * name is another. */
static void what_is_missing_is_forgotten(void **state)
{
	const struct export_config config = {.delta = true};
	struct otlp_metrics *o = otlp_metrics__new(&config);
	const struct metrics none = {.start = 100, .time = 2000};
	struct points p = {.len = 0};
	struct single s;

	(void)state;
	assert_non_null(o);
	single__init(&s, FAKE_REQUESTS);
	s.point.value = 9;
	send_single(o, &s, &p, true);
	s.m.time = 3000;
	send_single(o, &s, &p, true);
	assert_int_equal(p.len, 0);
	assert_int_equal(otlp_metrics__begin(o, &none), 0);
	send_single(o, &s, &p, true);
	ASSERT_FIELD(&p, "=7:", AS_INT, 9);
	free_points(&p);
	otlp_metrics__free(o);
}

/* Scaled down between two deltas, a histogram is still the same one. */
static void deltas_outlive_a_lower_scale(void **state)
{
	const struct export_config config = {.delta = true};
	struct otlp_metrics *o = otlp_metrics__new(&config);
	uint64_t counts = 0, buckets = 0, ints = 0;
	struct points p = {.len = 0};
	struct single s;

	(void)state;
	assert_non_null(o);
	single__init(&s, FAKE_DURATION);
	for (int scale = RT_HIST_SCALE; scale >= 0; scale--) {
		struct histogram *h = &s.point.histogram;

		s.m.time += 1000;
		for (uint64_t ns = 1; ns < UINT64_C(1) << 40; ns = ns * 3 + 1)
			assert_int_equal(histogram__add(h, ns, 5), 0);
		assert_int_equal(histogram__downscale(h, scale), 0);
		send_single(o, &s, &p, true);
		ASSERT_FIELD(&p, "=10:", START,
			     scale == RT_HIST_SCALE ? 500 : s.m.time - 1000);
		add_up(&p, &counts, &buckets, &ints);
	}
	assert_int_equal(counts, s.point.histogram.count);
	assert_int_equal(buckets, counts);
	free_points(&p);
	histogram__free(&s.point.histogram);
	otlp_metrics__free(o);
}

static void spans_are_split_in_order(void **state)
{
	const struct span *spans = fake_batch__spans();
	struct buffer out;
	size_t len;

	(void)state;
	buffer__init(&out, 100000);
	for (int protocol = OTLP_HTTP_PROTOBUF; protocol <= OTLP_HTTP_JSON;
	     protocol++) {
		size_t whole, one;

		assert_int_equal(otlp_spans__encode(protocol, spans, NULL, 1,
						    &out, &len),
				 0);
		assert_int_equal(len, 1);
		one = out.len;
		assert_int_equal(otlp_spans__encode(protocol, spans, NULL,
						    100000, &out, &len),
				 0);
		assert_int_equal(len, 2);
		whole = out.len;
		for (size_t max = one; max < whole + 50; max++) {
			assert_int_equal(otlp_spans__encode(protocol, spans,
							    NULL, max, &out,
							    &len),
					 0);
			assert_true(out.len <= max);
			assert_int_equal(out.len, len == 1 ? one : whole);
		}
		assert_int_equal(len, 2);
		assert_int_equal(
			otlp_spans__encode(protocol, NULL, NULL, 9, &out, &len),
			0);
		assert_int_equal(len + out.len, 0);
	}
	buffer__free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splitting_changes_no_point),
		cmocka_unit_test(every_bound_is_kept),
		cmocka_unit_test(bound_of_the_buffer_is_one_too),
		cmocka_unit_test(deltas_add_up),
		cmocka_unit_test(deltas_join_in_time),
		cmocka_unit_test(end_is_told_once_without_a_value),
		cmocka_unit_test(exemplars_are_sent_until_they_arrive),
		cmocka_unit_test(what_is_missing_is_forgotten),
		cmocka_unit_test(deltas_outlive_a_lower_scale),
		cmocka_unit_test(spans_are_split_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
