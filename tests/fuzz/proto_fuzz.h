/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fuzzers of parsers share. An input is text: request, response and
 * tail, separated by the byte 0x1e. It is parsed several times: as all there
 * is, as the captured part of more, and with a part of the request only; what
 * comes out must be sound each time, and less of a request, by itself, never
 * holds more.
 */
#ifndef REQTRACE_TESTS_PROTO_FUZZ_H
#define REQTRACE_TESTS_PROTO_FUZZ_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/proto.h"

#define PROTO_FUZZ_SEPARATOR 0x1e

static inline void fuzz__check(bool holds)
{
	if (!holds)
		abort();
}

/* A copy of exactly these bytes, so that ASan sees a read past them. */
static inline uint8_t *fuzz__copy(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	fuzz__check(copy);
	if (len)
		memcpy(copy, data, len);
	return copy;
}

/* Take the part before the next separator, and the separator, off data. */
static inline uint8_t *fuzz__part(const uint8_t **data, size_t *size,
				  size_t *len)
{
	const uint8_t *part = *data,
		      *end = *size ? memchr(part, PROTO_FUZZ_SEPARATOR, *size)
				   : NULL;

	*len = end ? (size_t)(end - part) : *size;
	*data += *len + !!end;
	*size -= *len + !!end;
	return fuzz__copy(part, *len);
}

static inline void fuzz__check_text(const char *text, size_t size)
{
	size_t i, len = strnlen(text, size);

	fuzz__check(len < size);
	for (i = 0; i < len; i++)
		fuzz__check(text[i] >= 0x20 && text[i] <= 0x7e);
}

static inline void fuzz__check_trace(const struct proto_trace *t)
{
	static const struct proto_trace none;

	if (!t->known) {
		fuzz__check(!memcmp(t, &none, sizeof(none)));
		return;
	}
	fuzz__check(memcmp(t->trace_id, none.trace_id, sizeof(none.trace_id)));
	fuzz__check(
		memcmp(t->parent_id, none.parent_id, sizeof(none.parent_id)));
}

/* Parse and check; the operations, or 0 when it is refused. */
static inline uint64_t fuzz__parse(const struct proto *p,
				   const struct proto_input *in, bool *exact)
{
	struct proto_result out, again;
	int err = proto__parse(p, in, &out);

	fuzz__check(!err || err == -EBADMSG);
	*exact = !err && out.operations_exact;
	if (err)
		return 0;
	fuzz__check_text(out.operation, sizeof(out.operation));
	fuzz__check_text(out.status, sizeof(out.status));
	fuzz__check_text(out.stream_protocol, sizeof(out.stream_protocol));
	fuzz__check_trace(&out.trace);
	fuzz__check(!*out.version || !strcmp(out.version, "1.0") ||
		    !strcmp(out.version, "1.1"));
	fuzz__check(out.operations >= 1 && out.errors <= out.operations);
	fuzz__check(!out.errors || *out.status);
	fuzz__check((unsigned)out.kind <= PROTO_UPGRADE);
	fuzz__check((unsigned)out.framing <= PROTO_INTERIM);
	fuzz__check((out.kind != PROTO_EXCHANGE) == !!*out.stream_protocol);
	/* No state: the same bytes say the same. */
	fuzz__check(!proto__parse(p, in, &again));
	fuzz__check(!memcmp(&out, &again, sizeof(out)));
	return out.operations;
}

/* A part of a request that makes whole operations (0: it is refused). Where
 * the part does not tell how many it makes, a parser may count what was
 * answered, and a hostile peer answers what was never asked: then at most one
 * for each byte of the answer. Without an answer the request alone decides. */
static inline void fuzz__check_part(const struct proto *p,
				    struct proto_input in, uint64_t whole)
{
	bool exact;
	uint64_t operations = fuzz__parse(p, &in, &exact);

	if (!whole)
		return;
	if (!exact && operations > whole) {
		fuzz__check(operations <= in.response_len);
		in.response_len = in.response_total = in.tail_len = 0;
		operations = fuzz__parse(p, &in, &exact);
	}
	fuzz__check(operations <= whole);
}

static inline void fuzz__check_requests(const struct proto *p,
					struct proto_input in, size_t part)
{
	bool exact;
	uint64_t whole = fuzz__parse(p, &in, &exact);
	uint8_t *copy = fuzz__copy(in.request, part);

	in.request = copy;
	in.request_len = part;
	fuzz__check_part(p, in, whole);
	in.request_total = part;
	fuzz__check_part(p, in, whole);
	p->detect(in.request, in.request_len);
	free(copy);
}

static inline void fuzz__run(const struct proto *p, const uint8_t *data,
			     size_t size)
{
	/* Beyond the captured bytes: none, one, some, and as many as can be */
	static const uint64_t more[] = {0, 1, 1000, UINT64_MAX};
	uint8_t *request, *response, *tail;
	struct proto_input in = {0};
	size_t i, part;

	in.request = request = fuzz__part(&data, &size, &in.request_len);
	in.response = response = fuzz__part(&data, &size, &in.response_len);
	tail = fuzz__part(&data, &size, &in.tail_len);
	in.tail = in.tail_len ? tail : NULL;
	p->detect(request, in.request_len);
	part = in.request_len ? request[in.request_len / 2] % in.request_len
			      : 0;
	for (i = 0; i < sizeof(more) / sizeof(*more); i++) {
		in.request_total = in.request_len + more[i];
		in.response_total = in.response_len + more[i];
		if (more[i] == UINT64_MAX)
			in.request_total = in.response_total = more[i];
		fuzz__check_requests(p, in, part);
		in.response_total = in.response_len;
		fuzz__check_requests(p, in, part);
	}
	free(request);
	free(response);
	free(tail);
}

#endif
