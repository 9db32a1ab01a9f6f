/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTTP/1.0 and 1.1. Fed both sides of one exchange, walks the requests in it
 * and the responses to them in step, and yields operation, count, status,
 * and whether the last response is whole. Several requests (pipelining)
 * carry the operation of the first; the status is that of the first response
 * that failed, or of the first.
 */
#include <errno.h>

#include "proto/http_message.h"
#include "proto/parsers.h"
#include "proto/route.h"
#include "proto/trace_context.h"

/* The responses as far as they were walked. */
struct answers {
	struct view view;
	uint64_t pos;
	uint64_t whole; /* responses walked to their end */
	uint64_t errors;
	unsigned status;   /* 0: none yet */
	enum seen seen;	   /* of the latest; SEEN_WHOLE: go on */
	bool begun;	   /* bytes of the latest were sent */
	bool interim;	   /* an interim answer stands before the latest */
	bool chunked_cut;  /* the latest is chunked, its end not captured */
	bool trailer;	   /* it may have trailer fields */
	bool event_stream; /* one of them goes on by design */
	bool upgraded;	   /* nothing that follows is HTTP */
	bool websocket;
};

static void answers__note_status(struct answers *a, unsigned status)
{
	bool failed = status >= 500 && status <= 599;

	if (!a->status || (failed && !a->errors))
		a->status = status;
	a->errors += failed;
}

/* Heads at a->pos up to the first that is final (RFC 9110 section 15.2). */
static enum seen answers__parse_head(struct answers *a, struct http_response *r)
{
	enum seen seen;

	a->interim = false;
	for (;;) {
		a->begun = a->pos < a->view.total;
		seen = http_response__parse(&a->view, &a->pos, r);
		if (r->status < 100 || r->status >= 200 || r->status == 101)
			return seen;
		r->status = 0;
		if (seen != SEEN_WHOLE)
			return seen;
		a->interim = true;
	}
}

/* The body of a response of which the head was captured only in part. What
 * is known of the framing may still prove that bytes are missing. */
static enum seen answers__judge_cut_head(struct answers *a,
					 const struct http_response *r,
					 enum http_body body)
{
	uint64_t unseen = a->view.total - a->view.len;

	a->chunked_cut = body == HTTP_BODY_CHUNKED;
	a->trailer = true;
	if (body == HTTP_BODY_LENGTH && r->fields.length > unseen)
		return SEEN_SHORT;
	return SEEN_CUT;
}

/* Walk the response to the next request, which had this method. */
static void answers__next(struct answers *a, const struct http_request *q)
{
	bool connect = !strcmp(q->method, "CONNECT");
	struct http_response r;
	enum http_body body;

	if (a->seen != SEEN_WHOLE || a->upgraded)
		return;
	a->seen = answers__parse_head(a, &r);
	if (!r.status)
		return;
	a->interim = false;
	answers__note_status(a, r.status);
	body = http_response__body(&r, !strcmp(q->method, "HEAD"));
	if (r.status == 101 || (connect && r.status / 100 == 2)) {
		a->upgraded = true;
		a->websocket = r.status == 101 &&
			       (r.fields.websocket ||
				(a->seen != SEEN_WHOLE && q->fields.websocket));
		body = HTTP_BODY_NONE;
	}
	if (r.fields.event_stream && r.status / 100 == 2 &&
	    body != HTTP_BODY_NONE)
		a->event_stream = true;
	if (a->seen == SEEN_CUT)
		a->seen = answers__judge_cut_head(a, &r, body);
	if (a->seen != SEEN_WHOLE)
		return;
	a->seen = http_body__walk(&a->view, &a->pos, body, r.fields.length);
	a->chunked_cut = a->seen == SEEN_CUT && body == HTTP_BODY_CHUNKED;
	a->trailer = r.fields.trailer;
	a->whole += a->seen == SEEN_WHOLE;
}

static enum proto_framing answers__framing(const struct answers *a,
					   const struct proto_input *in,
					   const struct proto_result *out)
{
	enum seen seen = a->seen;

	/* The tail speaks for the last response only. */
	if (a->chunked_cut && in->tail_len && out->operations_exact &&
	    a->whole + 1 == out->operations)
		seen = http_tail__chunked(in->tail, in->tail_len, a->trailer);
	switch (seen) {
	case SEEN_WHOLE:
		/* Requests that were not seen have answers after this one. */
		if (out->operations_exact || a->pos == a->view.total)
			return PROTO_WHOLE;
		break;
	case SEEN_SHORT:
		if (a->begun)
			return PROTO_PARTIAL;
		if (a->interim)
			return PROTO_INTERIM;
		break;
	case SEEN_CUT:
	case SEEN_BAD:
		break;
	}
	return PROTO_FRAMING_UNKNOWN;
}

static void http__set_operation(struct proto_result *out,
				const struct http_request *q)
{
	size_t size = sizeof(out->operation), len;
	struct span path = q->target;

	len = (size_t)(stpcpy(out->operation, q->method) - out->operation);
	if (q->form == HTTP_AUTHORITY)
		return;
	out->operation[len++] = ' ';
	if (q->form == HTTP_ASTERISK) {
		out->operation[len] = '*';
		return;
	}
	if (q->form == HTTP_ABSOLUTE)
		path = http_target__path(path);
	route__template(path.data, path.len, q->target_cut,
			out->operation + len, size - len);
}

/* As the request says, which is what the client speaks. */
static const char *http__version(const struct http_request *q)
{
	static const char *const versions[] = {"1.0", "1.1"};

	return q->line_whole && q->minor < 2 ? versions[q->minor] : "";
}

/* Count the requests and walk the responses beside them. False when the
 * first is no request. */
static bool http__walk(const struct view *v, struct answers *a,
		       struct proto_result *out)
{
	uint64_t pos = 0, count = 0;
	struct http_request q;
	enum seen seen;

	for (;;) {
		http__skip_empty_lines(v, &pos);
		if (count && pos >= v->total)
			break;
		seen = http_request__parse(v, &pos, &q);
		if (!count && !q.method)
			return false;
		/* One that is only begun, or garbage, is not counted. */
		if (count && !q.line_whole) {
			out->operations_exact = false;
			out->request_partial = seen == SEEN_SHORT;
			break;
		}
		if (!count++) {
			http__set_operation(out, &q);
			out->version = http__version(&q);
			if (q.fields.traceparents == 1)
				trace_context__parse(q.fields.traceparent,
						     &out->trace);
		}
		answers__next(a, &q);
		if (seen == SEEN_WHOLE)
			seen = http_body__walk(v, &pos, http_request__body(&q),
					       q.fields.length);
		if (a->upgraded)
			break;
		if (seen != SEEN_WHOLE) {
			out->request_partial = seen == SEEN_SHORT;
			out->operations_exact = seen == SEEN_SHORT;
			break;
		}
	}
	out->operations = count;
	return true;
}

/* Three digits, or 0 for none: response__parse_line saw to that. */
static void http__set_status(struct proto_result *out, unsigned status)
{
	if (!status)
		return;
	out->status[0] = (char)('0' + status / 100);
	out->status[1] = (char)('0' + status / 10 % 10);
	out->status[2] = (char)('0' + status % 10);
	out->status[3] = '\0';
}

static int http__parse(const struct proto_input *in, struct proto_result *out)
{
	struct view request = {in->request, in->request_len, in->request_total};
	struct answers a = {
		.view = {in->response, in->response_len, in->response_total},
	};

	if (!http__walk(&request, &a, out))
		return -EBADMSG;
	out->errors = a.errors;
	http__set_status(out, a.status);
	if (a.upgraded) {
		out->kind = PROTO_UPGRADE;
		strcpy(out->stream_protocol,
		       a.websocket ? "websocket" : "upgrade");
	} else if (a.event_stream) {
		out->kind = PROTO_STREAM;
		strcpy(out->stream_protocol, "sse");
	}
	out->framing = answers__framing(&a, in, out);
	return 0;
}

static bool http__detect(const uint8_t *request, size_t len)
{
	struct view v = {request, len, len};
	uint64_t pos = 0;

	http__skip_empty_lines(&v, &pos);
	return http_request__begins(&v, pos);
}

const struct proto proto_http = {
	.name = "http",
	.detect = http__detect,
	.parse = http__parse,
};
