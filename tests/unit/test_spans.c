/* SPDX-License-Identifier: GPL-2.0-only */
/* Spans: what they say, whose children they are, and what bounds them. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "export/exemplars.h"
#include "export/span_parents.h"
#include "export/spans.h"
#include "model/request.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
#define WALL (UINT64_C(1700000000) * SECOND)
#define UNLIMITED 1e9

struct rig {
	struct exemplars *exemplars;
	struct spans *spans;
};

static void rig__new(struct rig *rig, double per_second)
{
	rig->exemplars = exemplars__new();
	assert_non_null(rig->exemplars);
	rig->spans = spans__new(per_second, rig->exemplars);
	assert_non_null(rig->spans);
}

static void rig__free(struct rig *rig)
{
	spans__free(rig->spans);
	exemplars__free(rig->exemplars);
}

static struct request request_of(enum rt_role role, const char *protocol,
				 const char *operation, const char *status)
{
	static const uint8_t addr[16] = {[10] = 0xff, [11] = 0xff, 10, 0, 0, 7};
	struct request r = {
		.cookie = 1,
		.seq = 5,
		.pid = 10,
		.tid = 11,
		.last_tid = 11,
		.role = role,
		.port = 8080,
		.protocol = protocol,
		.operation = operation,
		.status = status,
		.version = "",
		.begin = 100 * MS,
		.end = 350 * MS,
		.operations = 1,
		.bytes_in = 20,
		.bytes_out = 300,
	};

	memcpy(r.remote_addr, addr, sizeof(addr));
	return r;
}

static struct request http_request(void)
{
	struct request r =
		request_of(RT_ROLE_SERVER, "http", "GET /a/{id}", "200");

	r.version = "1.1";
	return r;
}

/* Number i of those that the parent made, of ms milliseconds. */
static struct request call_of(const struct request *parent, uint64_t i,
			      uint64_t ms)
{
	struct request r = request_of(RT_ROLE_CLIENT, "redis", "GET", "");

	r.cookie = 1000;
	r.seq = (uint32_t)i;
	r.port = 6379;
	r.begin = parent->begin + i * MS;
	r.end = r.begin + ms * MS;
	r.is_call = true;
	r.parent_cookie = parent->cookie;
	r.parent_seq = parent->seq;
	return r;
}

static void give(struct rig *rig, const struct request *r, bool slow)
{
	assert_int_equal(spans__request(rig->spans, r, slow, WALL), 0);
}

static struct span *take_all(struct rig *rig)
{
	return spans__take(rig->spans, SIZE_MAX, 0);
}

static size_t free_all(struct span *list)
{
	size_t len = 0;

	while (list) {
		struct span *next = list->next;

		span__free(list);
		list = next;
		len++;
	}
	return len;
}

/* The only span of a request. */
static struct span *one(struct rig *rig, const struct request *r)
{
	struct span *s;

	give(rig, r, true);
	s = take_all(rig);
	assert_non_null(s);
	assert_null(s->next);
	return s;
}

static const struct span_attribute *find(const struct span *s, const char *key)
{
	const struct span_attribute *found = NULL;

	for (size_t i = 0; i < s->attributes_len; i++) {
		if (strcmp(s->attributes[i].key, key) != 0)
			continue;
		assert_null(found); /* keys are unique */
		found = &s->attributes[i];
	}
	return found;
}

static void has_text(const struct span *s, const char *key, const char *text)
{
	const struct span_attribute *a = find(s, key);

	assert_non_null(a);
	assert_non_null(a->text);
	assert_string_equal(a->text, text);
}

static void has_number(const struct span *s, const char *key, double number,
		       bool is_double)
{
	const struct span_attribute *a = find(s, key);

	assert_non_null(a);
	assert_null(a->text);
	assert_true(a->number == number);
	assert_int_equal(a->is_double, is_double);
}

static void has_not(const struct span *s, const char *key)
{
	assert_null(find(s, key));
}

static struct spans_health health_of(struct rig *rig)
{
	struct spans_health h;

	spans__health(rig->spans, &h);
	return h;
}

static void test_http_server(void **state)
{
	struct request r = http_request();
	struct rig rig;
	struct span *s;

	(void)state;
	rig__new(&rig, UNLIMITED);
	r.part[PART_RECEIVE_QUEUE] = 50 * MS;
	r.part[PART_CPU] = 200 * MS;
	r.has_arrival = r.has_first_byte = true;
	r.time_to_first_byte = 240 * MS;
	r.operations = 3;
	r.retransmits = 2;
	r.rtt = 500000;
	r.last_tid = 12;
	s = one(&rig, &r);
	assert_string_equal(s->name, "GET /a/{id}");
	assert_int_equal(s->kind, SPAN_SERVER);
	assert_true(s->begin == WALL + 100 * MS && s->end == WALL + 350 * MS);
	assert_false(s->failed);
	assert_int_equal(s->pid, 10);
	assert_null(s->resource_id);
	has_text(s, "http.request.method", "GET");
	has_text(s, "http.route", "/a/{id}");
	has_text(s, "reqtrace.route.source", "template");
	has_number(s, "http.response.status_code", 200, false);
	has_text(s, "url.scheme", "http");
	has_text(s, "network.protocol.version", "1.1");
	has_text(s, "network.transport", "tcp");
	has_number(s, "server.port", 8080, false);
	has_number(s, "reqtrace.part.receive_queue", 0.05, true);
	has_number(s, "reqtrace.part.cpu", 0.2, true);
	has_number(s, "reqtrace.bytes_in", 20, false);
	has_number(s, "reqtrace.bytes_out", 300, false);
	has_number(s, "reqtrace.operations", 3, false);
	has_number(s, "reqtrace.retransmits", 2, false);
	has_number(s, "reqtrace.rtt", 0.0005, true);
	has_number(s, "thread.id", 11, false);
	has_number(s, "reqtrace.thread.last_id", 12, false);
	/* Zero, personal, or of another kind of span. */
	has_not(s, "reqtrace.part.lock");
	has_not(s, "reqtrace.calls.dropped");
	has_not(s, "error.type");
	has_not(s, "client.address");
	has_not(s, "server.address");
	has_not(s, "network.peer.address");
	has_not(s, "url.template");
	assert_int_equal(s->events_len, 2);
	assert_string_equal(s->events[0].name, "reqtrace.read");
	assert_true(s->events[0].time == WALL + 150 * MS);
	assert_string_equal(s->events[1].name, "reqtrace.first_byte");
	assert_true(s->events[1].time == WALL + 340 * MS);
	span__free(s);
	rig__free(&rig);
}

static void test_events_that_are_known(void **state)
{
	struct request r = http_request();
	struct rig rig;
	struct span *s;

	(void)state;
	rig__new(&rig, UNLIMITED);
	s = one(&rig, &r);
	assert_int_equal(s->events_len, 0);
	span__free(s);
	/* An answer before the request was read. */
	r.has_arrival = r.has_first_byte = true;
	r.part[PART_RECEIVE_QUEUE] = 50 * MS;
	r.time_to_first_byte = 20 * MS;
	s = one(&rig, &r);
	assert_int_equal(s->events_len, 2);
	assert_string_equal(s->events[0].name, "reqtrace.first_byte");
	assert_true(s->events[0].time < s->events[1].time);
	span__free(s);
	r.parts_cut = true; /* so is the queue, perhaps */
	s = one(&rig, &r);
	assert_int_equal(s->events_len, 1);
	assert_string_equal(s->events[0].name, "reqtrace.first_byte");
	span__free(s);
	rig__free(&rig);
}

static void test_http_client(void **state)
{
	struct request r = request_of(RT_ROLE_CLIENT, "http", "POST /b", "404");
	struct rig rig;
	struct span *s;

	(void)state;
	rig__new(&rig, UNLIMITED);
	s = one(&rig, &r);
	assert_string_equal(s->name, "POST /b");
	assert_int_equal(s->kind, SPAN_CLIENT);
	assert_true(s->failed); /* 4xx is the client's error */
	has_text(s, "error.type", "404");
	has_not(s, "reqtrace.abort");
	has_text(s, "url.template", "/b");
	has_text(s, "reqtrace.route.source", "path");
	has_not(s, "http.route");
	has_text(s, "server.address", "10.0.0.7");
	has_number(s, "server.port", 8080, false);
	has_not(s, "network.protocol.version");
	span__free(s);
	rig__free(&rig);
}

static void test_http_status(void **state)
{
	struct request r =
		request_of(RT_ROLE_SERVER, "http", "GET other", "404");
	struct rig rig;
	struct span *s;

	(void)state;
	rig__new(&rig, UNLIMITED);
	s = one(&rig, &r);
	assert_string_equal(s->name, "GET");
	assert_false(s->failed); /* 4xx is not the server's error */
	has_not(s, "error.type");
	has_not(s, "http.route");
	span__free(s);
	r.status = "503";
	r.error = REQUEST_ERROR_STATUS;
	s = one(&rig, &r);
	assert_true(s->failed);
	has_text(s, "error.type", "503");
	span__free(s);
	r.status = "aborted";
	r.error = REQUEST_ERROR_PEER_ABORT;
	s = one(&rig, &r);
	assert_true(s->failed);
	has_text(s, "error.type", "aborted");
	has_text(s, "reqtrace.abort", "peer_abort");
	has_not(s, "http.response.status_code");
	span__free(s);
	rig__free(&rig);
}

static void test_http_methods(void **state)
{
	struct request r = http_request();
	struct rig rig;
	struct span *s;

	(void)state;
	rig__new(&rig, UNLIMITED);
	r.operation = "PROPFIND /dav";
	s = one(&rig, &r);
	assert_string_equal(s->name, "HTTP /dav");
	has_text(s, "http.request.method", "_OTHER");
	span__free(s);
	r.operation = "OPTIONS *";
	s = one(&rig, &r);
	assert_string_equal(s->name, "OPTIONS");
	span__free(s);
	r.operation = "other";
	s = one(&rig, &r);
	assert_string_equal(s->name, "HTTP");
	has_not(s, "http.request.method");
	span__free(s);
	rig__free(&rig);
}

static void test_redis(void **state)
{
	struct request r =
		request_of(RT_ROLE_CLIENT, "redis", "HGETALL", "WRONGTYPE");
	struct rig rig;
	struct span *s;

	(void)state;
	rig__new(&rig, UNLIMITED);
	r.error = REQUEST_ERROR_STATUS;
	s = one(&rig, &r);
	assert_string_equal(s->name, "HGETALL");
	assert_int_equal(s->kind, SPAN_CLIENT);
	has_text(s, "db.system.name", "redis");
	has_text(s, "db.operation.name", "HGETALL");
	has_text(s, "db.response.status_code", "WRONGTYPE");
	has_text(s, "error.type", "WRONGTYPE");
	has_not(s, "http.request.method");
	assert_true(s->failed);
	span__free(s);
	r.operation = "";
	r.role = RT_ROLE_SERVER;
	s = one(&rig, &r);
	assert_string_equal(s->name, "redis");
	assert_int_equal(s->kind, SPAN_SERVER);
	has_not(s, "db.operation.name");
	span__free(s);
	rig__free(&rig);
}

static void test_unknown_protocol(void **state)
{
	struct request r = request_of(RT_ROLE_SERVER, "unix", "", "aborted");
	struct rig rig;
	struct span *s;

	(void)state;
	rig__new(&rig, UNLIMITED);
	r.transport = RT_TRANSPORT_UNIX;
	r.error = REQUEST_ERROR_RESET;
	s = one(&rig, &r);
	assert_string_equal(s->name, "unix");
	assert_int_equal(s->kind, SPAN_SERVER);
	has_text(s, "network.transport", "unix");
	has_text(s, "error.type", "aborted");
	has_text(s, "reqtrace.abort", "reset");
	has_text(s, "reqtrace.protocol", "unix");
	has_not(s, "server.port");
	span__free(s);
	rig__free(&rig);
}

/* Every attribute at once has room. */
static void test_full_span(void **state)
{
	struct request r = request_of(RT_ROLE_CLIENT, "http", "POST /b", "404");
	struct rig rig;
	struct span *s;

	(void)state;
	rig__new(&rig, UNLIMITED);
	for (int i = 0; i < PARTS; i++)
		r.part[i] = MS;
	r.version = "1.1";
	r.operations = r.retransmits = r.rtt = 2;
	r.last_tid = 12;
	s = one(&rig, &r);
	for (int i = 0; i < PARTS; i++) {
		char key[64];

		snprintf(key, sizeof(key), "reqtrace.part.%s",
			 part__name((enum part)i));
		has_number(s, key, 0.001, true);
	}
	/* reqtrace.calls.dropped or reqtrace.call.trace_id comes later. */
	assert_true(s->attributes_len + 2 <= SPAN_ATTRIBUTES);
	span__free(s);
	rig__free(&rig);
}

static uint32_t late_pid;

static const char *resource(void *ctx, uint32_t pid)
{
	return pid == 10 || pid == late_pid ? ctx : NULL;
}

static void test_resource(void **state)
{
	struct request r = http_request();
	char id[] = "instance-1";
	struct rig rig;
	struct span *s;

	(void)state;
	rig__new(&rig, UNLIMITED);
	spans__set_resources(rig.spans, resource, id);
	s = one(&rig, &r);
	assert_string_equal(s->resource_id, id);
	id[0] = 'X'; /* it has its own */
	assert_string_equal(s->resource_id, "instance-1");
	span__free(s);
	rig__free(&rig);
}

static size_t unnamed(struct rig *rig)
{
	size_t len, n;

	spans__waiting(rig->spans, &len, &n);
	assert_true(n <= len);
	return n;
}

/* Of a process that is in no batch yet. */
static void test_resource_comes_later(void **state)
{
	struct request known = http_request(), r = known;
	char id[] = "instance-1";
	struct rig rig;
	struct span *s;

	(void)state;
	rig__new(&rig, UNLIMITED);
	spans__set_resources(rig.spans, resource, id);
	known.pid = 99;
	give(&rig, &known, true);
	give(&rig, &r, true);
	assert_int_equal(unnamed(&rig), 1);
	/* Nor does what is behind it overtake it. */
	assert_null(take_all(&rig));
	late_pid = 99;
	assert_int_equal(spans__name(rig.spans), 0);
	late_pid = 0;
	assert_int_equal(unnamed(&rig), 0);
	s = take_all(&rig);
	assert_string_equal(s->resource_id, "instance-1");
	assert_string_equal(s->next->resource_id, "instance-1");
	assert_int_equal(free_all(s), 2);

	/* Nobody will ever know it: it is sent as it is. */
	give(&rig, &known, true);
	assert_int_equal(spans__name(rig.spans), 0);
	s = take_all(&rig);
	assert_null(s->resource_id);
	assert_int_equal(free_all(s), 1);

	/* At the end nothing is waited for. */
	give(&rig, &known, true);
	spans__close(rig.spans);
	assert_int_equal(free_all(take_all(&rig)), 1);
	assert_int_equal(unnamed(&rig), 0);
	rig__free(&rig);
}

static struct request_trace trace_of(uint8_t flags)
{
	struct request_trace t = {.flags = flags, .known = true};

	memset(t.trace_id, 0xab, sizeof(t.trace_id));
	memset(t.parent_id, 0xcd, sizeof(t.parent_id));
	return t;
}

static void test_trace(void **state)
{
	static const uint8_t none[16];
	struct request r = http_request();
	struct rig rig;
	struct span *a, *b;

	(void)state;
	rig__new(&rig, UNLIMITED);
	a = one(&rig, &r);
	b = one(&rig, &r);
	assert_memory_not_equal(a->trace_id, none, 16);
	assert_memory_not_equal(a->span_id, none, 8);
	assert_memory_equal(a->parent_id, none, 8);
	assert_memory_not_equal(a->trace_id, b->trace_id, 16);
	assert_memory_not_equal(a->span_id, b->span_id, 8);
	assert_int_equal(a->flags, 0x101);
	span__free(a);
	span__free(b);
	r.trace = trace_of(3);
	a = one(&rig, &r);
	assert_memory_equal(a->trace_id, r.trace.trace_id, 16);
	assert_memory_equal(a->parent_id, r.trace.parent_id, 8);
	assert_memory_not_equal(a->span_id, r.trace.parent_id, 8);
	assert_int_equal(a->flags, 0x303);
	span__free(a);
	r.role = RT_ROLE_CLIENT; /* its parent is in the same process */
	a = one(&rig, &r);
	assert_int_equal(a->flags, 0x103);
	span__free(a);
	rig__free(&rig);
}

static void test_unsampled(void **state)
{
	struct request r = http_request(), call = call_of(&r, 1, 1);
	const struct metric_exemplar *x;
	const struct snapshot_series series = {.pid = r.pid,
					       .role = r.role,
					       .port = r.port,
					       .protocol = r.protocol,
					       .operation = r.operation,
					       .status = r.status,
					       .version = r.version};
	struct rig rig;

	(void)state;
	rig__new(&rig, UNLIMITED);
	r.trace = trace_of(0);
	give(&rig, &call, false);
	give(&rig, &r, true);
	assert_null(take_all(&rig));
	assert_int_equal(health_of(&rig).unsampled, 1);
	assert_int_equal(health_of(&rig).made, 0);
	assert_int_equal(exemplars__of(rig.exemplars, &series, &x), 0);
	/* Nor is a call that the service does not sample. */
	r.trace = trace_of(1);
	call.trace = trace_of(0);
	give(&rig, &call, false);
	free_all(one(&rig, &r));
	rig__free(&rig);
}

static void test_exemplar(void **state)
{
	struct request r = http_request();
	struct snapshot_series series = {.pid = r.pid,
					 .role = r.role,
					 .port = r.port,
					 .protocol = r.protocol,
					 .operation = r.operation,
					 .status = r.status,
					 .version = r.version};
	const struct metric_exemplar *x;
	struct rig rig;
	struct span *s;

	(void)state;
	rig__new(&rig, UNLIMITED);
	s = one(&rig, &r);
	assert_int_equal(exemplars__of(rig.exemplars, &series, &x), 1);
	assert_true(x->value == 250 * MS && x->time == s->end);
	assert_memory_equal(x->trace_id, s->trace_id, 16);
	assert_memory_equal(x->span_id, s->span_id, 8);
	span__free(s);
	rig__free(&rig);
}

static void test_children(void **state)
{
	struct request r = http_request(), other = r;
	struct request call[4];
	struct rig rig;
	struct span *list, *s, *parent = NULL;
	uint64_t end = 0;
	size_t len = 0;

	(void)state;
	rig__new(&rig, UNLIMITED);
	other.cookie = 2;
	call[0] = call_of(&r, 20, 10);
	call[1] = call_of(&r, 5, 3);
	call[2] = call_of(&other, 7, 3);
	call[3] = call_of(&r, 10, 2);
	call[3].trace = trace_of(1);
	for (int i = 0; i < 4; i++)
		give(&rig, &call[i], false);
	assert_null(take_all(&rig)); /* they wait */
	give(&rig, &r, true);
	list = take_all(&rig);
	for (s = list; s; s = s->next, len++) {
		assert_true(s->end >= end);
		end = s->end;
		if (s->kind == SPAN_SERVER)
			parent = s;
	}
	assert_int_equal(len, 4);
	assert_non_null(parent);
	assert_null(parent->next); /* it ended last */
	for (s = list; s != parent; s = s->next) {
		assert_memory_equal(s->trace_id, parent->trace_id, 16);
		assert_memory_equal(s->parent_id, parent->span_id, 8);
		assert_memory_not_equal(s->span_id, parent->span_id, 8);
		assert_int_equal(s->flags, 0x101);
		assert_string_equal(s->name, "GET");
	}
	assert_true(list->begin == WALL + r.begin + 5 * MS);
	has_not(list, "reqtrace.call.trace_id");
	has_text(list->next, "reqtrace.call.trace_id",
		 "abababababababababababababababab");
	has_not(parent, "reqtrace.calls.dropped");
	assert_int_equal(free_all(list), 4);
	/* They are its children once. */
	span__free(one(&rig, &r));
	rig__free(&rig);
}

static void test_most_children(void **state)
{
	struct request r = http_request();
	struct rig rig;
	struct span *list, *s;

	(void)state;
	rig__new(&rig, UNLIMITED);
	/* As many longer ones as there is room for, and 11 short ones. */
	for (uint64_t i = 0; i < SPANS_CHILDREN + 11; i++) {
		struct request call = call_of(&r, i, i % 4 ? 10 + i : 1);

		give(&rig, &call, false);
	}
	give(&rig, &r, true);
	list = take_all(&rig);
	for (s = list; s->next; s = s->next)
		assert_true(s->end - s->begin > 10 * MS);
	has_number(s, "reqtrace.calls.dropped", 11, false);
	assert_int_equal(free_all(list), SPANS_CHILDREN + 1);
	assert_int_equal(health_of(&rig).calls_dropped, 0);
	rig__free(&rig);
}

/* A call of an exchange that is a span already. */
static void test_late_children(void **state)
{
	struct request slow = http_request(), fast = slow, call;
	struct rig rig;
	struct span *parent, *child;

	(void)state;
	rig__new(&rig, UNLIMITED);
	fast.cookie = 2;
	call = call_of(&slow, 1, 1);
	give(&rig, &call, false);
	give(&rig, &slow, true);
	give(&rig, &fast, false);
	assert_int_equal(free_all(take_all(&rig)), 2);

	give(&rig, &slow, true);
	parent = take_all(&rig);
	call = call_of(&slow, 2, 3);
	give(&rig, &call, false);
	child = take_all(&rig);
	assert_null(child->next);
	assert_memory_equal(child->trace_id, parent->trace_id, 16);
	assert_memory_equal(child->parent_id, parent->span_id, 8);
	assert_int_equal(child->end - child->begin, 3 * MS);
	free_all(parent);
	free_all(child);

	/* As many as it may have. */
	for (uint64_t i = 3; i < 3 + 2 * SPANS_CHILDREN; i++) {
		call = call_of(&slow, i, 1);
		give(&rig, &call, false);
	}
	assert_int_equal(free_all(take_all(&rig)), SPANS_CHILDREN - 1);
	assert_int_equal(health_of(&rig).calls_dropped, SPANS_CHILDREN + 1);

	/* One that was not slow has none, and nothing is kept for it. */
	for (uint32_t i = 0; i < 2 * SPANS_CALLS; i++) {
		call = call_of(&fast, 1, 1);
		give(&rig, &call, false);
	}
	give(&rig, &fast, true);
	assert_int_equal(free_all(take_all(&rig)), 1);
	assert_int_equal(health_of(&rig).calls_dropped, SPANS_CHILDREN + 1);
	rig__free(&rig);
}

/* The latest parents are known. */
static void test_many_parents(void **state)
{
	const uint32_t n = 2 * SPAN_PARENTS;
	struct request r = http_request(), call;
	struct rig rig;

	(void)state;
	rig__new(&rig, UNLIMITED);
	for (uint32_t i = 0; i < n; i++) {
		r.cookie = 10 + i % 7;
		r.seq = i;
		give(&rig, &r, true);
		free_all(take_all(&rig));
	}
	for (uint32_t i = 0; i < n; i++) {
		r.cookie = 10 + i % 7;
		r.seq = i;
		call = call_of(&r, 1, 1);
		give(&rig, &call, false);
		assert_int_equal(free_all(take_all(&rig)),
				 i >= n - SPAN_PARENTS);
	}
	rig__free(&rig);
}

static void test_fast_parents_let_go(void **state)
{
	struct request slow = http_request();
	struct rig rig;

	(void)state;
	rig__new(&rig, UNLIMITED);
	for (uint64_t i = 0; i < 10; i++) {
		struct request call = call_of(&slow, i, 1);

		give(&rig, &call, false);
	}
	/* Each on a connection of its own, all of them fast. */
	for (uint32_t i = 0; i < 3 * SPANS_CALLS; i++) {
		struct request r = http_request(), call;

		r.cookie = 10 + i;
		call = call_of(&r, 1, 1);
		give(&rig, &call, false);
		give(&rig, &r, false);
	}
	give(&rig, &slow, true);
	assert_int_equal(health_of(&rig).calls_dropped, 0);
	assert_int_equal(free_all(take_all(&rig)), 11);
	rig__free(&rig);
}

/* Even if nobody says that they have settled. */
static void test_old_exchanges_of_a_connection(void **state)
{
	struct request slow = http_request();
	struct rig rig;

	(void)state;
	rig__new(&rig, UNLIMITED);
	for (uint32_t i = 0; i < 3 * SPANS_CALLS; i++) {
		struct request r = http_request(), call;

		r.seq = UINT32_MAX - 100 + i; /* which goes past 0 */
		r.cookie = 2;
		call = call_of(&r, 1, 1);
		if (i == 10) {
			struct request its = call_of(&slow, 1, 1);

			give(&rig, &its, false);
		}
		give(&rig, &call, false);
	}
	give(&rig, &slow, true);
	assert_int_equal(health_of(&rig).calls_dropped, 0);
	assert_int_equal(free_all(take_all(&rig)), 2);
	rig__free(&rig);
}

/* The exchange that was longest without a call gives way, as a whole. */
static void test_no_room_for_calls(void **state)
{
	struct request first = http_request(), second = first, last = first;
	struct request call;
	struct rig rig;

	(void)state;
	rig__new(&rig, UNLIMITED);
	second.cookie = 2;
	last.cookie = 9 + SPANS_CALLS - 3;
	for (int i = 0; i < 2; i++) {
		call = call_of(&second, (uint64_t)i, 1);
		give(&rig, &call, false);
	}
	call = call_of(&first, 0, 1);
	give(&rig, &call, false);
	for (uint32_t i = 0; i < SPANS_CALLS - 2; i++) {
		struct request r = http_request();

		r.cookie = 10 + i;
		call = call_of(&r, 1, 1);
		give(&rig, &call, false);
	}
	assert_int_equal(health_of(&rig).calls_dropped, 2);
	give(&rig, &first, true);
	assert_int_equal(free_all(take_all(&rig)), 2);
	give(&rig, &second, true);
	assert_int_equal(free_all(take_all(&rig)), 1);
	give(&rig, &last, true);
	assert_int_equal(free_all(take_all(&rig)), 2);
	rig__free(&rig);
}

static void test_rate(void **state)
{
	struct request r = http_request();
	struct request call;
	struct rig rig;

	(void)state;
	rig__new(&rig, 2);
	for (int i = 0; i < 5; i++) {
		r.seq++;
		call = call_of(&r, 1, 1);
		give(&rig, &call, false);
		give(&rig, &r, true);
	}
	assert_int_equal(free_all(take_all(&rig)), 4); /* children are free */
	assert_int_equal(health_of(&rig).limited, 3);
	r.end += SECOND / 2;
	give(&rig, &r, true);
	give(&rig, &r, true);
	assert_int_equal(free_all(take_all(&rig)), 1);
	r.end -= SECOND / 4; /* times come out of order */
	give(&rig, &r, true);
	assert_null(take_all(&rig));
	r.end += 100 * SECOND; /* no more than a burst is saved */
	for (int i = 0; i < 5; i++)
		give(&rig, &r, true);
	assert_int_equal(free_all(take_all(&rig)), 2);
	assert_int_equal(health_of(&rig).limited, 8);
	rig__free(&rig);
	rig__new(&rig, 0.5);
	give(&rig, &r, true);
	r.end += SECOND;
	give(&rig, &r, true);
	assert_int_equal(free_all(take_all(&rig)), 1);
	r.end += SECOND;
	give(&rig, &r, true);
	assert_int_equal(free_all(take_all(&rig)), 1);
	rig__free(&rig);
	rig__new(&rig, 0);
	give(&rig, &r, true);
	assert_null(take_all(&rig));
	rig__free(&rig);
}

static void test_queue_is_bounded(void **state)
{
	struct request r = http_request();
	struct span *list;
	struct rig rig;

	(void)state;
	rig__new(&rig, UNLIMITED);
	for (uint32_t i = 0; i < SPANS_QUEUE + 7; i++) {
		r.begin++;
		r.end++;
		give(&rig, &r, true);
	}
	assert_int_equal(health_of(&rig).made, SPANS_QUEUE + 7);
	assert_int_equal(health_of(&rig).dropped, 7);
	list = spans__take(rig.spans, 3, 0);
	assert_true(list->end == WALL + 350 * MS + 8); /* the oldest are gone */
	assert_int_equal(free_all(list), 3);
	list = spans__take(rig.spans, SIZE_MAX, 0);
	assert_true(list->end == WALL + 350 * MS + 11);
	assert_int_equal(free_all(list), SPANS_QUEUE - 3);
	assert_null(take_all(&rig));
	rig__free(&rig); /* with an empty queue; others leave some in it */
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

struct taker {
	struct rig *rig;
	struct span *got;
};

static void *take_one(void *arg)
{
	struct taker *t = arg;

	t->got = spans__take(t->rig->spans, 1, UINT64_MAX);
	return NULL;
}

static void test_waiting(void **state)
{
	struct request r = http_request();
	uint64_t began = now();
	struct taker t = {0};
	pthread_t thread;
	struct rig rig;

	(void)state;
	rig__new(&rig, UNLIMITED);
	t.rig = &rig;
	assert_null(spans__take(rig.spans, 1, 30 * MS));
	assert_true(now() - began >= 30 * MS);
	/* Whichever comes first, the taker gets it. */
	assert_int_equal(pthread_create(&thread, NULL, take_one, &t), 0);
	give(&rig, &r, true);
	pthread_join(thread, NULL);
	assert_non_null(t.got);
	span__free(t.got);
	assert_int_equal(pthread_create(&thread, NULL, take_one, &t), 0);
	spans__close(rig.spans);
	pthread_join(thread, NULL);
	assert_null(t.got);
	/* What is left can still be sent, without waiting. */
	give(&rig, &r, true);
	give(&rig, &r, true);
	t.got = spans__take(rig.spans, 1, UINT64_MAX);
	assert_int_equal(free_all(t.got), 1);
	rig__free(&rig); /* and what is not is freed */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http_server),
		cmocka_unit_test(test_events_that_are_known),
		cmocka_unit_test(test_http_client),
		cmocka_unit_test(test_http_status),
		cmocka_unit_test(test_http_methods),
		cmocka_unit_test(test_redis),
		cmocka_unit_test(test_unknown_protocol),
		cmocka_unit_test(test_full_span),
		cmocka_unit_test(test_resource),
		cmocka_unit_test(test_resource_comes_later),
		cmocka_unit_test(test_trace),
		cmocka_unit_test(test_unsampled),
		cmocka_unit_test(test_exemplar),
		cmocka_unit_test(test_children),
		cmocka_unit_test(test_most_children),
		cmocka_unit_test(test_late_children),
		cmocka_unit_test(test_many_parents),
		cmocka_unit_test(test_fast_parents_let_go),
		cmocka_unit_test(test_old_exchanges_of_a_connection),
		cmocka_unit_test(test_no_room_for_calls),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_queue_is_bounded),
		cmocka_unit_test(test_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
