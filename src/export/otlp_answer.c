// SPDX-License-Identifier: GPL-2.0-only
/* See otlp_answer.h. */
#include "export/otlp_answer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "export/endpoint.h"
#include "export/protobuf_read.h"

#define NS_PER_S 1000000000ull
#define MAX_DELAY (86400 * NS_PER_S) /* whatever a collector asks for */
#define SHOWN 200		     /* bytes of its text */
#define GRPC_PREFIX 5

/* grpc/grpc, doc/statuscodes.md */
enum grpc_status {
	GRPC_OK = 0,
	GRPC_CANCELLED = 1,
	GRPC_DEADLINE_EXCEEDED = 4,
	GRPC_RESOURCE_EXHAUSTED = 8,
	GRPC_ABORTED = 10,
	GRPC_OUT_OF_RANGE = 11,
	GRPC_UNAVAILABLE = 14,
	GRPC_DATA_LOSS = 15,
};

static const char *const grpc_names[] = {
	"OK",
	"CANCELLED",
	"UNKNOWN",
	"INVALID_ARGUMENT",
	"DEADLINE_EXCEEDED",
	"NOT_FOUND",
	"ALREADY_EXISTS",
	"PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED",
	"FAILED_PRECONDITION",
	"ABORTED",
	"OUT_OF_RANGE",
	"UNIMPLEMENTED",
	"INTERNAL",
	"UNAVAILABLE",
	"DATA_LOSS",
	"UNAUTHENTICATED",
};

/* A collector's text, safe to show, cut to what is shown. */
struct words {
	char text[SHOWN + 1];
};

static void words__set(struct words *w, const void *text, size_t len)
{
	utf8__clean(text, len < SHOWN ? len : SHOWN, w->text);
}

void otlp_answer__init(struct otlp_answer *a, enum otlp_protocol protocol)
{
	memset(a, 0, sizeof(*a));
	a->protocol = protocol;
	buffer__init(&a->body, OTLP_ANSWER_BODY);
	otlp_answer__reset(a);
}

void otlp_answer__free(struct otlp_answer *a)
{
	buffer__free(&a->body);
}

/* What belongs to one response of several. */
static void answer__begin(struct otlp_answer *a)
{
	a->status = 0;
	a->retry_after = 0;
	a->json = a->protocol == OTLP_HTTP_JSON;
	a->text = false;
	a->location[0] = '\0';
	a->grpc_status = -1;
	a->grpc_message[0] = '\0';
	a->grpc_details[0] = '\0';
}

void otlp_answer__reset(struct otlp_answer *a)
{
	answer__begin(a);
	a->long_body = false;
	a->headers = 0;
	buffer__clear(&a->body);
}

/* --- headers ------------------------------------------------------------- */

/* A value of a header, copied as far as there is room. */
static void value__copy(char *out, size_t size, const char *value, size_t len)
{
	len = len < size ? len : size - 1;
	memcpy(out, value, len);
	out[len] = '\0';
}

/* A small number in decimal; -1 if it is none. */
static long value__number(const char *value, size_t len)
{
	long n = 0;

	if (!len || len > 3)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (value[i] < '0' || value[i] > '9')
			return -1;
		n = n * 10 + (value[i] - '0');
	}
	return n;
}

static bool value__begins(const char *value, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && !strncasecmp(value, with, n);
}

static void answer__field(struct otlp_answer *a, const char *name, size_t n,
			  const char *value, size_t len)
{
#define IS(header) (n == sizeof(header) - 1 && !strncasecmp(name, header, n))
	if (IS("content-type")) {
		a->json = value__begins(value, len, "application/json");
		a->text = value__begins(value, len, "text/plain");
	} else if (IS("location")) {
		value__copy(a->location, sizeof(a->location), value, len);
	} else if (IS("grpc-status")) {
		a->grpc_status = value__number(value, len);
	} else if (IS("grpc-message")) {
		value__copy(a->grpc_message, sizeof(a->grpc_message), value,
			    len);
	} else if (IS("grpc-status-details-bin")) {
		value__copy(a->grpc_details, sizeof(a->grpc_details), value,
			    len);
	}
#undef IS
}

bool otlp_answer__header(struct otlp_answer *a, const char *line, size_t len)
{
	const char *colon;

	a->headers += len;
	if (a->headers > OTLP_ANSWER_HEADERS)
		return false;
	while (len && strchr("\r\n \t", line[len - 1]))
		len--;
	if (value__begins(line, len, "HTTP/")) {
		const char *space = memchr(line, ' ', len);

		answer__begin(a);
		if (space && line + len - space >= 4)
			a->status = value__number(space + 1, 3);
		return true;
	}
	colon = memchr(line, ':', len);
	if (colon) {
		const char *value = colon + 1, *end = line + len;

		while (value < end && (*value == ' ' || *value == '\t'))
			value++;
		answer__field(a, line, (size_t)(colon - line), value,
			      (size_t)(end - value));
	}
	return true;
}

bool otlp_answer__body(struct otlp_answer *a, const void *bytes, size_t len)
{
	if (a->long_body || len > OTLP_ANSWER_BODY - a->body.len) {
		a->long_body = true;
		return false;
	}
	buffer__add(&a->body, bytes, len);
	return !a->body.err;
}

/* --- google.rpc.Status ---------------------------------------------------- */

/* Values of base64 digits, padded or not; how many bytes, or -1. */
static int base64__decode(const char *text, uint8_t *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	int have = 0, len = 0;

	for (; *text && *text != '='; text++) {
		const char *digit = strchr(digits, *text);

		if (!digit)
			return -1;
		bits = bits << 6 | (uint32_t)(digit - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[len++] = bits >> have;
		}
	}
	return len;
}

/* google.protobuf.Duration { int64 seconds = 1; int32 nanos = 2; } in ns. */
static uint64_t duration__ns(const uint8_t *bytes, size_t len)
{
	struct protobuf_reader r;
	struct protobuf_field f;
	uint64_t seconds = 0, nanos = 0;

	protobuf_read__begin(&r, bytes, len);
	while (protobuf_read__next(&r, &f)) {
		if (f.wire != PROTOBUF_VARINT)
			continue;
		if (f.number == 1)
			seconds = f.value;
		else if (f.number == 2)
			nanos = f.value;
	}
	/* Negative ones are none. */
	if (seconds > INT64_MAX || nanos >= NS_PER_S)
		return 0;
	return seconds >= MAX_DELAY / NS_PER_S ? MAX_DELAY
					       : seconds * NS_PER_S + nanos;
}

/* google.protobuf.Any { string type_url = 1; bytes value = 2; } that holds
 * google.rpc.RetryInfo { Duration retry_delay = 1; }. False: another. */
static bool any__retry_delay(const uint8_t *bytes, size_t len, uint64_t *ns)
{
	static const char type[] = "/google.rpc.RetryInfo";
	const size_t n = sizeof(type) - 1;
	struct protobuf_reader r;
	struct protobuf_field f, value = {0};
	bool is = false;

	protobuf_read__begin(&r, bytes, len);
	while (protobuf_read__next(&r, &f)) {
		if (f.number == 1 && f.len >= n)
			is = !memcmp(f.bytes + f.len - n, type, n);
		else if (f.number == 2 && f.wire == PROTOBUF_LEN)
			value = f;
	}
	if (!is || r.bad)
		return false;
	*ns = 0;
	protobuf_read__begin(&r, value.bytes, value.len);
	while (protobuf_read__next(&r, &f))
		if (f.number == 1 && f.wire == PROTOBUF_LEN)
			*ns = duration__ns(f.bytes, f.len);
	return true;
}

/* Status { int32 code = 1; string message = 2; repeated Any details = 3; }:
 * whether it says when to retry. */
static bool status__retry_delay(const char *base64, uint64_t *ns)
{
	uint8_t bytes[sizeof(((struct otlp_answer *)0)->grpc_details)];
	int len = base64__decode(base64, bytes);
	struct protobuf_reader r;
	struct protobuf_field f;

	if (len < 0)
		return false;
	protobuf_read__begin(&r, bytes, (size_t)len);
	while (protobuf_read__next(&r, &f))
		if (f.number == 3 && f.wire == PROTOBUF_LEN &&
		    any__retry_delay(f.bytes, f.len, ns))
			return true;
	return false;
}

/* The message of a Status in the body of a failure, or its first line. */
static void status__message(const struct otlp_answer *a, struct words *w)
{
	const char *body = (const char *)a->body.data;
	struct protobuf_reader r;
	struct protobuf_field f;
	json_t *json;
	const char *text;

	w->text[0] = '\0';
	if (a->long_body || !a->body.len)
		return;
	if (a->text) {
		const char *end = memchr(body, '\n', a->body.len);

		words__set(w, body, end ? (size_t)(end - body) : a->body.len);
	} else if (a->json) {
		json = json_loadb(body, a->body.len, 0, NULL);
		text = json_string_value(json_object_get(json, "message"));
		if (text)
			words__set(w, text, strlen(text));
		json_decref(json);
	} else {
		protobuf_read__begin(&r, body, a->body.len);
		while (protobuf_read__next(&r, &f))
			if (f.number == 2 && f.wire == PROTOBUF_LEN)
				words__set(w, f.bytes, f.len);
		if (r.bad)
			w->text[0] = '\0';
	}
}

/* --- what was taken ------------------------------------------------------- */

struct partial {
	uint64_t rejected;
	struct words words;
};

/* ExportMetricsPartialSuccess { int64 rejected_data_points = 1; string
 * error_message = 2; }; of traces likewise. */
static bool partial__protobuf(struct partial *p, const uint8_t *bytes,
			      size_t len)
{
	struct protobuf_reader r, inner = {0};
	struct protobuf_field f;

	protobuf_read__begin(&r, bytes, len);
	while (protobuf_read__next(&r, &f)) {
		if (f.number != 1 || f.wire != PROTOBUF_LEN)
			continue;
		protobuf_read__begin(&inner, f.bytes, f.len);
		while (protobuf_read__next(&inner, &f)) {
			if (f.number == 1 && f.wire == PROTOBUF_VARINT)
				p->rejected = f.value;
			else if (f.number == 2 && f.wire == PROTOBUF_LEN)
				words__set(&p->words, f.bytes, f.len);
		}
		if (inner.bad)
			return false;
	}
	return !r.bad;
}

/* JSON has 64-bit numbers as text, but some write numbers. */
static uint64_t json__count(const json_t *value)
{
	if (json_is_string(value))
		return strtoull(json_string_value(value), NULL, 10);
	return json_is_integer(value) ? json_integer_value(value) : 0;
}

static bool partial__json(struct partial *p, const char *body, size_t len)
{
	json_t *json = json_loadb(body, len, 0, NULL);
	const json_t *partial = json_object_get(json, "partialSuccess");
	const char *text;
	bool is = json_is_object(json);

	p->rejected =
		json__count(json_object_get(partial, "rejectedDataPoints")) +
		json__count(json_object_get(partial, "rejectedSpans"));
	text = json_string_value(json_object_get(partial, "errorMessage"));
	if (text)
		words__set(&p->words, text, strlen(text));
	json_decref(json);
	return is;
}

/* A gRPC message in the body: a byte that says whether it is compressed (which
 * was not offered), four of its length. False: there is no whole one. */
static bool answer__grpc_message(const struct otlp_answer *a,
				 const uint8_t **bytes, size_t *len)
{
	const uint8_t *b = a->body.data;

	if (a->body.len < GRPC_PREFIX || b[0])
		return false;
	*bytes = b + GRPC_PREFIX;
	*len = (size_t)b[1] << 24 | (size_t)b[2] << 16 | (size_t)b[3] << 8 |
	       b[4];
	return *len == a->body.len - GRPC_PREFIX;
}

static bool answer__partial(const struct otlp_answer *a, struct partial *p)
{
	const uint8_t *bytes = a->body.data;
	size_t len = a->body.len;

	if (a->long_body)
		return false;
	if (a->protocol == OTLP_GRPC && !answer__grpc_message(a, &bytes, &len))
		return false;
	if (!len)
		return true;
	if (a->json)
		return partial__json(p, (const char *)bytes, len);
	return partial__protobuf(p, bytes, len);
}

static void answer__taken(const struct otlp_answer *a, struct otlp_reply *reply)
{
	struct partial p = {0};

	reply->outcome = OTLP_TAKEN;
	if (!answer__partial(a, &p)) {
		error__set(&reply->err, 0,
			   "it took the request, but its answer is not "
			   "understood");
		return;
	}
	reply->rejected = p.rejected > INT64_MAX ? 0 : p.rejected;
	if (reply->rejected)
		error__set(&reply->err, 0, "it rejected %llu of them: %s",
			   (unsigned long long)reply->rejected,
			   p.words.text[0] ? p.words.text : "no reason given");
	else if (p.words.text[0])
		error__set(&reply->err, 0, "it took the request and warns: %s",
			   p.words.text);
}

/* --- outcomes ------------------------------------------------------------- */

static enum otlp_outcome http__outcome(long status)
{
	switch (status) {
	case 429:
	case 502:
	case 503:
	case 504:
		return OTLP_RETRY;
	case 413:
		return OTLP_TOO_LARGE;
	default:
		return OTLP_REFUSED;
	}
}

static void answer__redirected(const struct otlp_answer *a,
			       struct otlp_reply *reply)
{
	char *shown = endpoint__show(a->location);
	struct words w = {""};

	if (shown)
		words__set(&w, shown, strlen(shown));
	free(shown);
	reply->outcome = OTLP_REFUSED;
	error__set(&reply->err, 0,
		   "it answered with a redirect to %s, which is not followed: "
		   "give the right address",
		   w.text[0] ? w.text : "nowhere");
}

static void answer__judge_http(const struct otlp_answer *a,
			       struct otlp_reply *reply)
{
	struct words w;

	if (a->status >= 200 && a->status < 300) {
		answer__taken(a, reply);
	} else if (a->status >= 300 && a->status < 400) {
		answer__redirected(a, reply);
	} else {
		status__message(a, &w);
		reply->outcome = http__outcome(a->status);
		error__set(&reply->err, 0, "it answered with status %ld%s%s",
			   a->status, w.text[0] ? ": " : "", w.text);
	}
	if (reply->outcome == OTLP_RETRY)
		reply->retry_after =
			a->retry_after < MAX_DELAY ? a->retry_after : MAX_DELAY;
}

/* "%20" is a blank (gRPC over HTTP2, Percent-Encoded); what is not so encoded
 * stays as it is. */
static void grpc__message(const struct otlp_answer *a, struct words *w)
{
	char text[sizeof(a->grpc_message)], hex[3] = "";
	size_t len = 0;

	for (const char *p = a->grpc_message; *p; p++) {
		char *end;

		text[len] = *p;
		if (*p == '%' && p[1] && p[2]) {
			memcpy(hex, p + 1, 2);
			text[len] = (char)strtoul(hex, &end, 16);
			if (*end)
				text[len] = '%';
			else
				p += 2;
		}
		len++;
	}
	words__set(w, text, len);
}

static bool grpc__speaks_of_size(const char *text)
{
	return strcasestr(text, "larger than") || strcasestr(text, "too large");
}

static enum otlp_outcome grpc__outcome(const struct otlp_answer *a,
				       const struct words *w,
				       uint64_t *retry_after)
{
	bool delay = status__retry_delay(a->grpc_details, retry_after);

	switch (a->grpc_status) {
	case GRPC_CANCELLED:
	case GRPC_DEADLINE_EXCEEDED:
	case GRPC_ABORTED:
	case GRPC_OUT_OF_RANGE:
	case GRPC_UNAVAILABLE:
	case GRPC_DATA_LOSS:
		return OTLP_RETRY;
	case GRPC_RESOURCE_EXHAUSTED:
		if (delay)
			return OTLP_RETRY;
		return grpc__speaks_of_size(w->text) ? OTLP_TOO_LARGE
						     : OTLP_REFUSED;
	default:
		return OTLP_REFUSED;
	}
}

static void answer__judge_grpc(const struct otlp_answer *a,
			       struct otlp_reply *reply)
{
	size_t names = sizeof(grpc_names) / sizeof(grpc_names[0]);
	struct words w;
	long s = a->grpc_status;

	if (a->long_body) {
		reply->outcome = OTLP_REFUSED;
		error__set(&reply->err, 0,
			   "its answer has more than %u bytes, which no "
			   "collector's has",
			   OTLP_ANSWER_BODY);
	} else if (s == GRPC_OK) {
		answer__taken(a, reply);
	} else if (s < 0 && a->status == 200) {
		reply->outcome = OTLP_REFUSED;
		error__set(&reply->err, 0,
			   "it answered without a gRPC status: is gRPC spoken "
			   "there?");
	} else if (s < 0) {
		answer__judge_http(a, reply);
	} else {
		grpc__message(a, &w);
		reply->outcome = grpc__outcome(a, &w, &reply->retry_after);
		error__set(&reply->err, 0, "it answered %s%s%s",
			   (size_t)s < names ? grpc_names[s]
					     : "an unknown status",
			   w.text[0] ? ": " : "", w.text);
	}
	if (reply->outcome != OTLP_RETRY)
		reply->retry_after = 0;
}

void otlp_answer__judge(const struct otlp_answer *a, struct otlp_reply *reply)
{
	reply->retry_after = 0;
	reply->rejected = 0;
	reply->err.text[0] = '\0';
	if (a->protocol == OTLP_GRPC)
		answer__judge_grpc(a, reply);
	else
		answer__judge_http(a, reply);
}
