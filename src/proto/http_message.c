/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTTP/1.x heads and bodies, RFC 9112. Fed the captured bytes of one side,
 * yields start line, framing fields and ends of messages. Keeps pointers
 * into those bytes, copies nothing.
 */
#include "proto/http_message.h"

#include <strings.h>

/* RFC 9110 section 9.3, RFC 5789, and WebDAV (RFC 4918, 3253, 4791, 5323). */
static const char *const methods[] = {
	"GET",	   "HEAD",    "POST",	"PUT",	     "DELETE",
	"CONNECT", "OPTIONS", "TRACE",	"PATCH",     "COPY",
	"LOCK",	   "MKCOL",   "MOVE",	"PROPFIND",  "PROPPATCH",
	"REPORT",  "SEARCH",  "UNLOCK", "MKCALENDAR"};

static bool span__equals(struct span s, const char *text)
{
	return s.len == strlen(text) &&
	       !strncasecmp((const char *)s.data, text, s.len);
}

/* Space around and inside field values, with the line ends of obs-fold. */
static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span span__trim(struct span s)
{
	while (s.len && is_space(s.data[0])) {
		s.data++;
		s.len--;
	}
	while (s.len && is_space(s.data[s.len - 1]))
		s.len--;
	return s;
}

/* Take the part of *s before the first mark, and the mark, off it. */
static struct span span__split(struct span *s, char mark)
{
	const uint8_t *at = s->len ? memchr(s->data, mark, s->len) : NULL;
	struct span head = {s->data, at ? (size_t)(at - s->data) : s->len};

	s->data += head.len + !!at;
	s->len -= head.len + !!at;
	return span__trim(head);
}

void http__skip_empty_lines(const struct view *v, uint64_t *pos)
{
	struct span line;
	uint64_t next = *pos;

	while (next < v->len &&
	       (v->data[next] == '\r' || v->data[next] == '\n')) {
		if (view__line(v, &next, &line) != SEEN_WHOLE || line.len)
			return;
		*pos = next;
	}
}

static const char *method__find(struct span name)
{
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		if (name.len && name.data[0] == (uint8_t)methods[i][0] &&
		    name.len == strlen(methods[i]) &&
		    !memcmp(name.data, methods[i], name.len))
			return methods[i];
	}
	return NULL;
}

/* "http://": the length of the scheme and what separates it, or 0. */
static size_t scheme__length(struct span s)
{
	size_t i;

	for (i = 0; i < s.len && i < 16; i++) {
		uint8_t c = s.data[i];

		if (c == ':' && i)
			return s.len - i >= 3 && !memcmp(s.data + i, "://", 3)
				       ? i + 3
				       : 0;
		if ((c | 0x20) < 'a' || (c | 0x20) > 'z')
			return 0;
	}
	return 0;
}

struct span http_target__path(struct span target)
{
	size_t i = scheme__length(target);

	while (i < target.len && !memchr("/?#", target.data[i], 3))
		i++;
	return (struct span){target.data + i, target.len - i};
}

/* The form of the target (RFC 9112 section 3.2) by its first bytes. */
static bool request__set_form(struct http_request *r)
{
	uint8_t c = r->target.len ? r->target.data[0] : 0;

	if (!strcmp(r->method, "CONNECT")) {
		r->form = HTTP_AUTHORITY;
		return (c >= '0' && c <= '9') || c == '[' ||
		       ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
	}
	if (c == '/') {
		r->form = HTTP_ORIGIN;
		return true;
	}
	if (c == '*') {
		r->form = HTTP_ASTERISK;
		return !strcmp(r->method, "OPTIONS") && r->target.len == 1;
	}
	r->form = HTTP_ABSOLUTE;
	return scheme__length(r->target) > 0;
}

/* " HTTP/1.x" at the end of a whole line. The length without it, or 0. */
static size_t version__split(struct span s, unsigned *minor)
{
	static const char version[] = " HTTP/1.";
	const size_t len = sizeof(version) - 1;

	if (s.len < len + 2 || memcmp(s.data + s.len - len - 1, version, len) ||
	    s.data[s.len - 1] < '0' || s.data[s.len - 1] > '9')
		return 0;
	*minor = s.data[s.len - 1] - '0';
	return s.len - len - 1;
}

/* Split the line. False when it is no request line of a known method, or
 * when too little of it is there to say so. */
static bool request__parse_line(struct http_request *r, struct span line,
				bool whole)
{
	const uint8_t *space =
		line.len ? memchr(line.data, ' ', line.len) : NULL;
	const char *method;

	if (!space)
		return false;
	method = method__find((struct span){line.data, space - line.data});
	r->target.data = space + 1;
	r->target.len = line.data + line.len - r->target.data;
	if (!method)
		return false;
	if (whole) {
		r->target.len = version__split(r->target, &r->minor);
	} else {
		space = r->target.len
				? memchr(r->target.data, ' ', r->target.len)
				: NULL;
		r->target_cut = !space;
		if (space)
			r->target.len = space - r->target.data;
	}
	r->line_whole = whole;
	r->method = method;
	if (request__set_form(r))
		return true;
	*r = (struct http_request){0};
	return false;
}

/* "42" or, from careless proxies, "42, 42" (RFC 9110 section 8.6). */
static void fields__set_length(struct http_fields *f, struct span value)
{
	do {
		struct span item = span__split(&value, ',');
		uint64_t length = 0;
		size_t i;

		f->bad_length |= !item.len;
		for (i = 0; i < item.len; i++) {
			unsigned digit = item.data[i] - (unsigned)'0';

			f->bad_length |=
				digit > 9 || length > (UINT64_MAX - 9) / 10;
			length = length * 10 + digit;
		}
		f->bad_length |= f->has_length && f->length != length;
		f->has_length = true;
		f->length = length;
	} while (value.len);
}

static void fields__set_coding(struct http_fields *f, struct span value)
{
	f->has_coding = true;
	do {
		struct span coding = span__split(&value, ',');

		if (coding.len)
			f->chunked = span__equals(coding, "chunked");
	} while (value.len);
}

static void fields__set_upgrade(struct http_fields *f, struct span value)
{
	do {
		struct span protocol = span__split(&value, ',');

		/* "websocket/13": a version may follow */
		if (span__equals(span__split(&protocol, '/'), "websocket"))
			f->websocket = true;
	} while (value.len);
}

static void fields__set_trace(struct http_fields *f, struct span value)
{
	f->traceparents++;
	f->traceparent = span__trim(value);
}

/* Can the name be one of those below? Most begin otherwise. */
static bool field__may_matter(struct span field)
{
	switch (field.data[0]) {
	case 'C':
	case 'c':
	case 'T':
	case 't':
	case 'U':
	case 'u':
		return memchr(field.data, ':', field.len);
	default:
		return is_space(field.data[0]) &&
		       memchr(field.data, ':', field.len);
	}
}

/* field is not empty. */
static void fields__add(struct http_fields *f, struct span field)
{
	struct span value = field, name;

	if (!field__may_matter(field))
		return;
	name = span__split(&value, ':');
	if (span__equals(name, "content-length"))
		fields__set_length(f, value);
	else if (span__equals(name, "transfer-encoding"))
		fields__set_coding(f, value);
	else if (span__equals(name, "upgrade"))
		fields__set_upgrade(f, value);
	else if (span__equals(name, "trailer"))
		f->trailer = true;
	else if (span__equals(name, "traceparent"))
		fields__set_trace(f, value);
	else if (span__equals(name, "content-type"))
		f->event_stream = span__equals(span__split(&value, ';'),
					       "text/event-stream");
}

/* The field lines at *pos up to the empty line that ends them. */
static enum seen fields__parse(const struct view *v, uint64_t *pos,
			       struct http_fields *f)
{
	struct span line, more;
	enum seen seen;

	for (;;) {
		seen = view__line(v, pos, &line);
		if (seen != SEEN_WHOLE || !line.len)
			return seen;
		/* obs-fold (RFC 9112 section 5.2): a line that begins with
		 * space goes on with the field, so look before using it. */
		while (*pos < v->len &&
		       (v->data[*pos] == ' ' || v->data[*pos] == '\t')) {
			seen = view__line(v, pos, &more);
			if (seen != SEEN_WHOLE)
				return seen;
			line.len = more.data + more.len - line.data;
		}
		if (*pos >= v->len)
			return view__missing(v, *pos);
		fields__add(f, line);
	}
}

bool http_request__begins(const struct view *v, uint64_t pos)
{
	struct http_request r = {0};
	struct span line;
	enum seen seen = view__line(v, &pos, &line);

	return request__parse_line(&r, line, seen == SEEN_WHOLE);
}

enum seen http_request__parse(const struct view *v, uint64_t *pos,
			      struct http_request *r)
{
	uint64_t next = *pos;
	struct span line;
	enum seen seen;

	*r = (struct http_request){0};
	seen = view__line(v, &next, &line);
	if (!request__parse_line(r, line, seen == SEEN_WHOLE))
		return seen == SEEN_WHOLE ? SEEN_BAD : seen;
	if (seen == SEEN_WHOLE)
		seen = fields__parse(v, &next, &r->fields);
	if (seen == SEEN_WHOLE)
		*pos = next;
	return seen;
}

/* "HTTP/1.1 200 OK"; the reason and the space before it may be absent. */
static bool response__parse_line(struct http_response *r, struct span line)
{
	static const char version[] = "HTTP/1.";
	const size_t len = sizeof(version) - 1;
	const uint8_t *code = line.data + len + 2;
	size_t i;

	if (line.len < len + 5 || memcmp(line.data, version, len) ||
	    code[-1] != ' ' || (line.len > len + 5 && code[3] != ' '))
		return false;
	r->minor = line.data[len] - (unsigned)'0';
	for (i = 0; i < 3; i++) {
		if (code[i] < '0' || code[i] > '9')
			return false;
	}
	if (r->minor > 9 || code[0] == '0')
		return false;
	r->status =
		(code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
	return true;
}

enum seen http_response__parse(const struct view *v, uint64_t *pos,
			       struct http_response *r)
{
	static const char start[] = "HTTP/1.";
	uint64_t next = *pos;
	struct span line;
	enum seen seen;
	size_t len;

	*r = (struct http_response){0};
	seen = view__line(v, &next, &line);
	len = line.len < sizeof(start) - 1 ? line.len : sizeof(start) - 1;
	if (len && memcmp(line.data, start, len))
		return SEEN_BAD;
	if (seen != SEEN_WHOLE)
		return seen;
	if (!response__parse_line(r, line))
		return SEEN_BAD;
	seen = fields__parse(v, &next, &r->fields);
	if (seen == SEEN_WHOLE)
		*pos = next;
	return seen;
}

/* What the fields alone say; open when they contradict themselves. */
static enum http_body fields__body(const struct http_fields *f, unsigned minor,
				   enum http_body otherwise)
{
	/* Transfer-Encoding in HTTP/1.0 makes the framing faulty
	 * (RFC 9112 section 6.1). */
	if (f->has_coding)
		return f->chunked && minor ? HTTP_BODY_CHUNKED : HTTP_BODY_OPEN;
	if (f->bad_length)
		return HTTP_BODY_OPEN;
	return f->has_length ? HTTP_BODY_LENGTH : otherwise;
}

enum http_body http_request__body(const struct http_request *r)
{
	return fields__body(&r->fields, r->minor, HTTP_BODY_NONE);
}

enum http_body http_response__body(const struct http_response *r, bool no_body)
{
	if (no_body || r->status < 200 || r->status == 204 || r->status == 304)
		return HTTP_BODY_NONE;
	return fields__body(&r->fields, r->minor, HTTP_BODY_OPEN);
}

/* "1a;name=value": the size before any extension. False when it is none. */
static bool chunk__size(struct span line, uint64_t *size)
{
	struct span digits = span__split(&line, ';');
	size_t i;

	*size = 0;
	for (i = 0; i < digits.len; i++) {
		uint8_t c = digits.data[i] | 0x20;
		unsigned digit = c >= 'a' ? c - 'a' + 10u
					  : digits.data[i] - (unsigned)'0';

		if (digit > 15 || *size >> 60)
			return false;
		*size = *size << 4 | digit;
	}
	return digits.len > 0;
}

static enum seen chunked__walk(const struct view *v, uint64_t *pos)
{
	struct span line;
	uint64_t size;
	enum seen seen;

	for (;;) {
		seen = view__line(v, pos, &line);
		if (seen != SEEN_WHOLE)
			return seen;
		if (!chunk__size(line, &size))
			return SEEN_BAD;
		if (!size)
			break;
		seen = view__skip(v, pos, size);
		if (seen == SEEN_WHOLE)
			seen = view__line(v, pos, &line);
		if (seen != SEEN_WHOLE)
			return seen;
		if (line.len)
			return SEEN_BAD;
	}
	do {
		seen = view__line(v, pos, &line);
	} while (seen == SEEN_WHOLE && line.len);
	return seen;
}

enum seen http_body__walk(const struct view *v, uint64_t *pos,
			  enum http_body body, uint64_t length)
{
	switch (body) {
	case HTTP_BODY_NONE:
		return SEEN_WHOLE;
	case HTTP_BODY_LENGTH:
		return view__skip(v, pos, length);
	case HTTP_BODY_CHUNKED:
		return chunked__walk(v, pos);
	case HTTP_BODY_OPEN:
		break;
	}
	return SEEN_CUT;
}

/* Does this line begin with the size of the last chunk? One at the very start
 * of the tail may be the end of something longer: then only "0" itself. */
static bool line__is_last_chunk(struct span line, bool at_start)
{
	uint64_t size;

	if (!chunk__size(line, &size) || size)
		return false;
	return !at_start || line.len == 1 || line.data[1] == ';';
}

/*
 * "0" [";" ext] CRLF *( trailer CRLF ) CRLF, read from its end. A lone LF is
 * no line end here: chunks of text that end in "0\n" are not rare.
 */
enum seen http_tail__chunked(const uint8_t *tail, size_t len, bool trailer)
{
	size_t end, start;

	if (len < 4 || memcmp(tail + len - 4, "\r\n\r\n", 4))
		return SEEN_SHORT;
	for (end = len - 4;; end = start - 2) {
		struct span line;

		start = end;
		while (start && !(start >= 2 && tail[start - 2] == '\r' &&
				  tail[start - 1] == '\n'))
			start--;
		line = (struct span){tail + start, end - start};
		if (line__is_last_chunk(line, !start))
			return SEEN_WHOLE;
		/* Over trailer fields towards the chunk before them. */
		if (!start)
			return trailer ? SEEN_CUT : SEEN_SHORT;
		if (!memchr(line.data, ':', line.len))
			return SEEN_SHORT;
	}
}
