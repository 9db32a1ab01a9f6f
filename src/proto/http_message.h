/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One HTTP/1.x message (RFC 9112): its start line, the few header fields
 * that frame and classify it, and where its body ends. Knows nothing of the
 * message it belongs to on the other side. For http.c.
 */
#ifndef REQTRACE_PROTO_HTTP_MESSAGE_H
#define REQTRACE_PROTO_HTTP_MESSAGE_H

#include <stdbool.h>

#include "proto/view.h"

enum http_form {
	HTTP_ORIGIN,	/* "/path?query" */
	HTTP_ABSOLUTE,	/* "http://host/path?query" */
	HTTP_ASTERISK,	/* "*" of OPTIONS */
	HTTP_AUTHORITY, /* "host:port" of CONNECT */
};

enum http_body {
	HTTP_BODY_NONE,
	HTTP_BODY_LENGTH,
	HTTP_BODY_CHUNKED,
	HTTP_BODY_OPEN, /* to the end of the connection, or not to be told */
};

/* Of the header fields that were seen whole. */
struct http_fields {
	bool has_length, bad_length;
	uint64_t length;	 /* Content-Length */
	bool has_coding;	 /* Transfer-Encoding */
	bool chunked;		 /* its last coding is chunked */
	bool trailer;		 /* announces trailer fields */
	bool event_stream;	 /* Content-Type is text/event-stream */
	bool websocket;		 /* Upgrade names websocket */
	unsigned traceparents;	 /* how often it was there */
	struct span traceparent; /* its value; of several the last */
};

struct http_request {
	const char *method; /* NULL: not a request, nothing else is set */
	struct span target;
	enum http_form form;
	bool target_cut; /* the bytes end inside the target */
	bool line_whole; /* method, target and version were seen */
	unsigned minor;	 /* HTTP/1.minor */
	struct http_fields fields;
};

struct http_response {
	unsigned status; /* 0: its status line was not seen whole */
	unsigned minor;
	struct http_fields fields;
};

/* Move *pos over empty lines, which may stand before a request line
 * (RFC 9112 section 2.2). */
void http__skip_empty_lines(const struct view *v, uint64_t *pos);

/* Does a request line begin at pos? Cheaper than to parse the head. */
bool http_request__begins(const struct view *v, uint64_t pos);

/* Parse the head at *pos, which moves behind it when it is SEEN_WHOLE. */
enum seen http_request__parse(const struct view *v, uint64_t *pos,
			      struct http_request *r);
enum seen http_response__parse(const struct view *v, uint64_t *pos,
			       struct http_response *r);

/* What follows the authority in a target of HTTP_ABSOLUTE, maybe nothing. */
struct span http_target__path(struct span target);

/* How the body is framed, RFC 9112 section 6.3. no_body: the request was
 * HEAD. */
enum http_body http_request__body(const struct http_request *r);
enum http_body http_response__body(const struct http_response *r, bool no_body);

/* Move *pos behind a body of this kind. SEEN_CUT for HTTP_BODY_OPEN. */
enum seen http_body__walk(const struct view *v, uint64_t *pos,
			  enum http_body body, uint64_t length);

/* Does a chunked message end with these last bytes of it? SEEN_WHOLE,
 * SEEN_SHORT, or SEEN_CUT when trailer fields may hide the last chunk. */
enum seen http_tail__chunked(const uint8_t *tail, size_t len, bool trailer);

#endif
