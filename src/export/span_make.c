/* SPDX-License-Identifier: GPL-2.0-only */
/* See span_make.h: owns the names of attributes and events. */
#include "export/span_make.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_SECOND 1e9

/* "GET other": what found no room among a port's operations. */
static const char other[] = "other";

static const char *const part_key[PARTS] = {
	[PART_RECEIVE_QUEUE] = "reqtrace.part.receive_queue",
	[PART_CPU] = "reqtrace.part.cpu",
	[PART_CPU_OTHER] = "reqtrace.part.cpu_other",
	[PART_RUN_QUEUE] = "reqtrace.part.run_queue",
	[PART_LOCK] = "reqtrace.part.lock",
	[PART_DISK] = "reqtrace.part.disk",
	[PART_NETWORK] = "reqtrace.part.network",
	[PART_POLL] = "reqtrace.part.poll",
	[PART_SLEEP] = "reqtrace.part.sleep",
	[PART_PAGE_FAULT] = "reqtrace.part.page_fault",
	[PART_OTHER_BLOCKED] = "reqtrace.part.other_blocked",
	[PART_HANDOFF] = "reqtrace.part.handoff",
	[PART_UNATTRIBUTED] = "reqtrace.part.unattributed",
};

void span_facts__of(const struct request *r, struct span_facts *out)
{
	*out = (struct span_facts){
		.begin = r->begin,
		.end = r->end,
		.time_to_first_byte = r->time_to_first_byte,
		.operations = r->operations,
		.bytes_in = r->bytes_in,
		.bytes_out = r->bytes_out,
		.rtt = r->rtt,
		.retransmits = r->retransmits,
		.protocol = r->protocol,
		.operation = r->operation,
		.status = r->status,
		.version = r->version,
		.pid = r->pid,
		.tid = r->tid,
		.last_tid = r->last_tid,
		.role = r->role,
		.transport = r->transport,
		.error = r->error,
		.port = r->port,
		.trace = r->trace,
		.has_first_byte = r->has_first_byte,
		.has_arrival = r->has_arrival,
		.parts_cut = r->parts_cut,
	};
	memcpy(out->part, r->part, sizeof(out->part));
	memcpy(out->remote_addr, r->remote_addr, sizeof(out->remote_addr));
}

void span__free(struct span *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->attributes_len; i++)
		free(s->attributes[i].text);
	free(s->name);
	free(s->resource_id);
	free(s);
}

static struct span_attribute *add(struct span *s, const char *key)
{
	struct span_attribute *a = &s->attributes[s->attributes_len];

	assert(s->attributes_len < SPAN_ATTRIBUTES);
	s->attributes_len++;
	*a = (struct span_attribute){.key = key};
	return a;
}

int span__add_text(struct span *s, const char *key, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	add(s, key)->text = copy;
	return 0;
}

void span__add_number(struct span *s, const char *key, uint64_t number)
{
	add(s, key)->number = (double)number;
}

static void add_seconds(struct span *s, const char *key, uint64_t ns)
{
	struct span_attribute *a = add(s, key);

	a->number = (double)ns / NS_PER_SECOND;
	a->is_double = true;
}

static bool is_client(const struct span_facts *f)
{
	return f->role == RT_ROLE_CLIENT;
}

static bool is_http(const struct span_facts *f)
{
	return strcmp(f->protocol, "http") == 0;
}

/* 404 of "404"; 0 when status is no such number. */
static unsigned http_status(const char *status)
{
	if (strspn(status, "0123456789") != 3 || status[3])
		return 0;
	return (unsigned)strtoul(status, NULL, 10);
}

static bool has_failed(const struct span_facts *f)
{
	return f->error != REQUEST_OK ||
	       (is_http(f) && is_client(f) && http_status(f->status) >= 400);
}

/* As the histograms have it: "503", "WRONGTYPE", "aborted"; "_OTHER": the
 * conventions' word for what has no name. */
static const char *error_type(const struct span_facts *f)
{
	return f->status[0] ? f->status : "_OTHER";
}

/* NULL: it was not aborted. */
static const char *abort_name(enum request_error error)
{
	switch (error) {
	case REQUEST_ERROR_PEER_ABORT:
		return "peer_abort";
	case REQUEST_ERROR_LOCAL_ABORT:
		return "local_abort";
	case REQUEST_ERROR_RESET:
		return "reset";
	default:
		return NULL;
	}
}

static bool is_abort(const struct span_facts *f)
{
	return abort_name(f->error) != NULL;
}

static int add_error(struct span *s, const struct span_facts *f)
{
	int err = span__add_text(s, "error.type", error_type(f));

	if (!err && is_abort(f))
		err = span__add_text(s, "reqtrace.abort", abort_name(f->error));
	return err;
}

/* RFC 9110 section 9 and RFC 5789. */
static bool is_known_method(const char *word, size_t len)
{
	static const char *const methods[] = {"CONNECT", "DELETE",  "GET",
					      "HEAD",	 "OPTIONS", "PATCH",
					      "POST",	 "PUT",	    "TRACE"};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strlen(methods[i]) == len &&
		    memcmp(methods[i], word, len) == 0)
			return true;
	return false;
}

/* "/a/{id}" of "GET /a/{id}"; NULL: there is none. */
static const char *route_of(const char *operation)
{
	const char *space = strchr(operation, ' ');

	return space && space[1] == '/' ? space + 1 : NULL;
}

/* "{id}" and "..." are nothing that a path has as it is. */
static const char *route_source(const char *route)
{
	return strstr(route, "{id}") || strstr(route, "/...") ? "template"
							      : "path";
}

/* "GET", "_OTHER", or, when nothing is known of the request, "". */
static void method_of(const char *operation, char out[16])
{
	size_t len = strcspn(operation, " ");

	out[0] = '\0';
	if (!len || strcmp(operation, other) == 0)
		return;
	if (!is_known_method(operation, len)) {
		strcpy(out, "_OTHER");
		return;
	}
	memcpy(out, operation, len);
	out[len] = '\0';
}

static char *http_name(const struct span_facts *f)
{
	const char *route = route_of(f->operation);
	char method[16];
	const char *word = method;
	char *name;
	size_t len;

	method_of(f->operation, method);
	if (!method[0] || method[0] == '_')
		word = "HTTP";
	if (!route)
		return strdup(word);
	len = strlen(word);
	name = malloc(len + 1 + strlen(route) + 1);
	if (!name)
		return NULL;
	memcpy(name, word, len);
	name[len] = ' ';
	strcpy(name + len + 1, route);
	return name;
}

static char *name_of(const struct span_facts *f)
{
	if (is_http(f))
		return http_name(f);
	return strdup(f->operation[0] ? f->operation : f->protocol);
}

static int add_http(struct span *s, const struct span_facts *f)
{
	const char *route = route_of(f->operation);
	unsigned status = http_status(f->status);
	char method[16];
	int err = 0;

	method_of(f->operation, method);
	if (method[0])
		err = span__add_text(s, "http.request.method", method);
	if (!err && route)
		err = span__add_text(
			s, is_client(f) ? "url.template" : "http.route", route);
	if (!err && route)
		err = span__add_text(s, "reqtrace.route.source",
				     route_source(route));
	if (!err)
		err = span__add_text(s, "url.scheme", "http");
	if (status)
		span__add_number(s, "http.response.status_code", status);
	return err;
}

static int add_redis(struct span *s, const struct span_facts *f)
{
	int err = span__add_text(s, "db.system.name", "redis");

	if (!err && f->operation[0])
		err = span__add_text(s, "db.operation.name", f->operation);
	if (!err && f->status[0] && !is_abort(f))
		err = span__add_text(s, "db.response.status_code", f->status);
	return err;
}

/* Who called is personal data; whom the service called is not. */
static int add_server(struct span *s, const struct span_facts *f)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr in6;

	if (f->transport == RT_TRANSPORT_UNIX)
		return 0;
	span__add_number(s, "server.port", f->port);
	if (!is_client(f))
		return 0;
	memcpy(&in6, f->remote_addr, sizeof(in6));
	if (IN6_IS_ADDR_V4MAPPED(&in6))
		inet_ntop(AF_INET, f->remote_addr + 12, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &in6, text, sizeof(text));
	return span__add_text(s, "server.address", text);
}

static int add_network(struct span *s, const struct span_facts *f)
{
	const char *transport =
		f->transport == RT_TRANSPORT_UNIX ? "unix" : "tcp";
	int err = add_server(s, f);

	if (!err)
		err = span__add_text(s, "network.transport", transport);
	if (!err && f->version[0])
		err = span__add_text(s, "network.protocol.version", f->version);
	return err;
}

static void add_figures(struct span *s, const struct span_facts *f)
{
	for (int i = 0; i < PARTS; i++)
		if (f->part[i])
			add_seconds(s, part_key[i], f->part[i]);
	span__add_number(s, "reqtrace.bytes_in", f->bytes_in);
	span__add_number(s, "reqtrace.bytes_out", f->bytes_out);
	if (f->operations > 1)
		span__add_number(s, "reqtrace.operations", f->operations);
	span__add_number(s, "thread.id", f->tid);
	if (f->last_tid && f->last_tid != f->tid)
		span__add_number(s, "reqtrace.thread.last_id", f->last_tid);
	if (f->retransmits)
		span__add_number(s, "reqtrace.retransmits", f->retransmits);
	if (f->rtt)
		add_seconds(s, "reqtrace.rtt", f->rtt);
}

static int add_attributes(struct span *s, const struct span_facts *f)
{
	int err = 0;

	if (is_http(f))
		err = add_http(s, f);
	else if (strcmp(f->protocol, "redis") == 0)
		err = add_redis(s, f);
	else
		err = span__add_text(s, "reqtrace.protocol", f->protocol);
	if (!err)
		err = add_network(s, f);
	if (!err && s->failed)
		err = add_error(s, f);
	if (!err)
		add_figures(s, f);
	return err;
}

static void add_event(struct span *s, const char *name, uint64_t time)
{
	s->events[s->events_len++] =
		(struct span_event){.name = name, .time = time};
}

/* The first byte of an answer may come before the request was read: an early
 * refusal. */
static void add_events(struct span *s, const struct span_facts *f)
{
	uint64_t read = s->begin + f->part[PART_RECEIVE_QUEUE];
	uint64_t first = s->begin + f->time_to_first_byte;
	bool has_read = !is_client(f) && f->has_arrival && !f->parts_cut;

	if (f->has_first_byte && (!has_read || first < read))
		add_event(s, "reqtrace.first_byte", first);
	if (has_read)
		add_event(s, "reqtrace.read", read);
	if (f->has_first_byte && has_read && first >= read)
		add_event(s, "reqtrace.first_byte", first);
}

struct span *span__make(const struct span_facts *f, uint64_t wall)
{
	struct span *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->kind = is_client(f) ? SPAN_CLIENT : SPAN_SERVER;
	s->begin = f->begin + wall;
	s->end = f->end + wall;
	s->failed = has_failed(f);
	s->pid = f->pid;
	s->name = name_of(f);
	if (!s->name || add_attributes(s, f)) {
		span__free(s);
		return NULL;
	}
	add_events(s, f);
	return s;
}
