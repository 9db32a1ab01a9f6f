/* SPDX-License-Identifier: GPL-2.0-only */
/* Knows the semantic conventions; fed with what a snapshot counts. */
#include "export/build_attributes.h"

#include <stdlib.h>
#include <string.h>

/* See stats/group.c and names.c: what found no room is this operation of the
 * transport, which no parser yields. */
static const char folded_operation[] = "other";
static const char aborted[] = "aborted";

static const struct metric_attribute overflow[] = {
	{.key = "otel.metric.overflow", .number = 1, .is_bool = true}};
const struct attributes attributes_overflow = {overflow, 1};

static void add(struct attribute_list *l, struct metric_attribute item)
{
	if (l->len == ATTRIBUTES_MAX)
		abort(); /* a list of this folder grew, and its bound did not */
	l->item[l->len++] = item;
}

void attribute_list__text(struct attribute_list *l, const char *key,
			  const char *text)
{
	add(l, (struct metric_attribute){.key = key, .text = text});
}

void attribute_list__number(struct attribute_list *l, const char *key,
			    int64_t number)
{
	add(l, (struct metric_attribute){.key = key, .number = number});
}

struct attributes attribute_list__keep(const struct attribute_list *l,
				       struct arena *a)
{
	struct metric_attribute *item = arena__get(a, l->len * sizeof(*item));

	if (!item)
		return (struct attributes){0};
	for (size_t i = 0; i < l->len; i++) {
		size_t k = i;

		for (; k && strcmp(item[k - 1].key, l->item[i].key) > 0; k--)
			item[k] = item[k - 1];
		item[k] = l->item[i];
	}
	return (struct attributes){item, l->len};
}

struct attributes attributes__copy(const struct metric_attribute *from,
				   size_t len, struct arena *a)
{
	struct metric_attribute *item = arena__get(a, len * sizeof(*item));

	if (!item)
		return (struct attributes){0};
	for (size_t i = 0; i < len; i++) {
		item[i] = from[i];
		item[i].key = arena__text(a, from[i].key, strlen(from[i].key));
		if (from[i].text)
			item[i].text = arena__text(a, from[i].text,
						   strlen(from[i].text));
	}
	return (struct attributes){item, len};
}

struct attributes attributes__move(struct attributes of, struct arena *a)
{
	struct metric_attribute *item = arena__get(a, of.len * sizeof(*item));

	for (size_t i = 0; item && i < of.len; i++)
		item[i] = of.item[i];
	return (struct attributes){item, item ? of.len : 0};
}

struct attributes attributes__with(struct attributes of, const char *key,
				   const char *text, struct arena *a)
{
	struct metric_attribute *item =
		arena__get(a, (of.len + 1) * sizeof(*item));
	size_t at = 0;

	if (!item)
		return (struct attributes){0};
	for (; at < of.len && strcmp(of.item[at].key, key) < 0; at++)
		item[at] = of.item[at];
	item[at] = (struct metric_attribute){.key = key, .text = text};
	for (; at < of.len; at++)
		item[at + 1] = of.item[at];
	return (struct attributes){item, of.len + 1};
}

static bool is(const char *a, const char *b)
{
	return !strcmp(a, b);
}

static const char *transport_name(enum rt_transport transport)
{
	return transport == RT_TRANSPORT_UNIX ? "unix" : "tcp";
}

/* Methods that the conventions name; the others are _OTHER. */
static const char *known_method(const char *text, size_t len)
{
	static const char *const known[] = {"CONNECT", "DELETE",  "GET",
					    "HEAD",    "OPTIONS", "PATCH",
					    "POST",    "PUT",	  "TRACE"};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strlen(known[i]) == len && !memcmp(known[i], text, len))
			return known[i];
	}
	return "_OTHER";
}

/* "GET /users/{id}"; "CONNECT" and "OPTIONS *" have no route. key: where the
 * template is; NULL: not wanted. */
static void http_operation(struct attribute_list *l, const char *operation,
			   const char *key, struct arena *a)
{
	const char *space = strchr(operation, ' ');
	size_t len = space ? (size_t)(space - operation) : strlen(operation);

	attribute_list__text(l, "http.request.method",
			     known_method(operation, len));
	if (!key || !space || space[1] != '/')
		return;
	attribute_list__text(l, key,
			     arena__text(a, space + 1, strlen(space + 1)));
	/* "{id}" and "..." are nothing that a path has as it is. */
	attribute_list__text(l, "reqtrace.route.source",
			     strstr(space, "{id}") || strstr(space, "/...")
				     ? "template"
				     : "path");
}

/* Routes are a server's; of a client it is the template of a URL. */
static const char *route_key(enum rt_role role)
{
	return role == RT_ROLE_CLIENT ? "url.template" : "http.route";
}

static void version(struct attribute_list *l, const char *text, struct arena *a)
{
	if (text && text[0])
		attribute_list__text(l, "network.protocol.version",
				     arena__text(a, text, strlen(text)));
}

static void port(struct attribute_list *l, uint16_t number)
{
	if (number)
		attribute_list__number(l, "server.port", number);
}

/* Of a client: where it called. */
static void address(struct attribute_list *l, const struct snapshot_series *s,
		    struct arena *a)
{
	if (s->role == RT_ROLE_CLIENT && s->server_address[0])
		attribute_list__text(l, "server.address",
				     arena__text(a, s->server_address,
						 strlen(s->server_address)));
}

/* TCP is what the conventions take for granted. */
static void unusual_transport(struct attribute_list *l,
			      enum rt_transport transport)
{
	if (transport == RT_TRANSPORT_UNIX)
		attribute_list__text(l, "network.transport",
				     transport_name(transport));
}

enum metric_id build__duration_metric(const struct snapshot_series *s)
{
	bool client = s->role == RT_ROLE_CLIENT;

	if (is(s->protocol, "http"))
		return client ? METRIC_HTTP_CLIENT_DURATION
			      : METRIC_HTTP_SERVER_DURATION;
	if (is(s->protocol, "redis"))
		return client ? METRIC_DB_CLIENT_DURATION
			      : METRIC_DB_SERVER_DURATION;
	return client ? METRIC_CLIENT_EXCHANGE_DURATION
		      : METRIC_SERVER_EXCHANGE_DURATION;
}

/* No parser knows it: not even TLS. */
static bool is_plain(const char *protocol)
{
	return is(protocol, "tcp") || is(protocol, "unix");
}

/* protocol is "tcp", "unix" or "tls". */
static void unknown_protocol(struct attribute_list *l, const char *protocol,
			     enum rt_transport transport, const char *operation,
			     struct arena *a)
{
	attribute_list__text(l, "network.transport", transport_name(transport));
	attribute_list__text(l, "reqtrace.protocol",
			     arena__text(a, protocol, strlen(protocol)));
	if (operation[0])
		attribute_list__text(
			l, "reqtrace.operation",
			arena__text(a, operation, strlen(operation)));
}

bool build__series(struct attribute_list *l, const struct snapshot_series *s,
		   struct arena *a)
{
	if (is_plain(s->protocol) && is(s->operation, folded_operation))
		return false;
	if (is(s->protocol, "http")) {
		http_operation(l, s->operation, route_key(s->role), a);
		attribute_list__text(l, "url.scheme", "http");
		unusual_transport(l, s->transport);
	} else if (is(s->protocol, "redis")) {
		attribute_list__text(l, "db.system.name", "redis");
		attribute_list__text(
			l, "db.operation.name",
			arena__text(a, s->operation, strlen(s->operation)));
		unusual_transport(l, s->transport);
	} else {
		unknown_protocol(l, s->protocol, s->transport, s->operation, a);
	}
	version(l, s->version, a);
	address(l, s, a);
	port(l, s->port);
	return true;
}

static void http_status(struct attribute_list *l,
			const struct snapshot_series *s, struct arena *a)
{
	long code = strtol(s->status, NULL, 10);

	if (code < 100 || code > 999)
		return;
	attribute_list__number(l, "http.response.status_code", code);
	if (code >= (s->role == RT_ROLE_CLIENT ? 400 : 500))
		attribute_list__text(
			l, "error.type",
			arena__text(a, s->status, strlen(s->status)));
}

void build__status(struct attribute_list *l, const struct snapshot_series *s,
		   struct arena *a)
{
	const char *text;

	if (!s->status[0])
		return;
	if (is(s->status, aborted)) {
		attribute_list__text(l, "error.type", aborted);
	} else if (is(s->protocol, "http")) {
		http_status(l, s, a);
	} else if (is(s->protocol, "redis")) {
		text = arena__text(a, s->status, strlen(s->status));
		attribute_list__text(l, "db.response.status_code", text);
		attribute_list__text(l, "error.type", text);
	}
}

bool build__stream(struct attribute_list *l, const struct snapshot_stream *s,
		   struct arena *a)
{
	if (is(s->operation, folded_operation))
		return false;
	attribute_list__text(l, "reqtrace.protocol",
			     arena__text(a, s->protocol, strlen(s->protocol)));
	if (s->operation[0])
		http_operation(l, s->operation, route_key(s->role), a);
	unusual_transport(l, s->transport);
	port(l, s->port);
	return true;
}

enum metric_id build__flying(struct attribute_list *l,
			     const struct snapshot_in_flight *f,
			     struct arena *a)
{
	if (is(f->protocol, "http")) {
		http_operation(l, f->operation, NULL, a);
		attribute_list__text(l, "url.scheme", "http");
		unusual_transport(l, f->transport);
		port(l, f->port);
		return METRIC_HTTP_SERVER_ACTIVE;
	}
	attribute_list__text(l, "network.transport",
			     transport_name(f->transport));
	attribute_list__text(l, "reqtrace.protocol",
			     f->protocol[0] ? arena__text(a, f->protocol,
							  strlen(f->protocol))
					    : transport_name(f->transport));
	port(l, f->port);
	return METRIC_SERVER_EXCHANGE_ACTIVE;
}

void build__port(struct attribute_list *l, const struct snapshot_port *p)
{
	attribute_list__text(l, "network.transport",
			     transport_name(p->transport));
	port(l, p->port);
}
