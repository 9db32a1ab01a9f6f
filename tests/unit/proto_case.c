/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Data-driven tests of parsers. Fed a data file, runs each case on copies of
 * exactly its bytes (so that ASan sees a read past them) and compares.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto_case.h"

/* Longer inputs are cut within their first bytes only: it is quadratic. */
#define PREFIX_MAX 600

/* A proto_input that owns exact copies of its bytes. */
struct sample {
	struct proto_input in;
	void *copies[3];
};

static const char *const kinds[] = {"exchange", "stream", "upgrade"};
static const char *const framings[] = {"unknown", "whole", "partial",
				       "interim"};

static void *copy(const void *bytes, size_t len)
{
	void *out = malloc(len ? len : 1);

	assert_non_null(out);
	memcpy(out, bytes, len);
	return out;
}

static void sample__init(struct sample *s, const struct proto_input *in)
{
	s->in = *in;
	s->copies[0] =
		in->request_len ? copy(in->request, in->request_len) : NULL;
	s->copies[1] =
		in->response_len ? copy(in->response, in->response_len) : NULL;
	s->copies[2] = in->tail_len ? copy(in->tail, in->tail_len) : NULL;
	s->in.request = s->copies[0];
	s->in.response = s->copies[1];
	s->in.tail = s->copies[2];
}

static void sample__free(struct sample *s)
{
	free(s->copies[0]);
	free(s->copies[1]);
	free(s->copies[2]);
}

static size_t case__bytes(const struct data_case *c, const char *key,
			  const uint8_t **bytes)
{
	const struct data_field *field = data_case__find(c, key);

	*bytes = field ? field->value : NULL;
	return field ? field->len : 0;
}

static void case__input(const struct data_case *c, struct proto_input *in)
{
	*in = (struct proto_input){0};
	in->request_len = case__bytes(c, "request", &in->request);
	in->request_total =
		data_case__number(c, "request_total", in->request_len);
	in->response_len = case__bytes(c, "response", &in->response);
	in->response_total =
		data_case__number(c, "response_total", in->response_len);
	in->tail_len = case__bytes(c, "tail", &in->tail);
}

static bool differs(const struct data_case *c, const char *field,
		    const char *expected, const char *got)
{
	if (!strcmp(expected, got))
		return false;
	print_error("line %d: %s: %s is \"%s\", expected \"%s\"\n", c->line,
		    c->name, field, got, expected);
	return true;
}

static bool number_differs(const struct data_case *c, const char *field,
			   uint64_t otherwise, uint64_t got)
{
	char a[32], b[32];

	snprintf(a, sizeof(a), "%llu",
		 (unsigned long long)data_case__number(c, field, otherwise));
	snprintf(b, sizeof(b), "%llu", (unsigned long long)got);
	return differs(c, field, a, b);
}

static bool text_differs(const struct data_case *c, const char *field,
			 const char *otherwise, const char *got)
{
	return differs(c, field, data_case__text(c, field, otherwise), got);
}

/* "TRACE-ID PARENT-ID FLAGS" in hexadecimal, or "". */
static bool trace_differs(const struct data_case *c,
			  const struct proto_trace *t)
{
	char text[80] = "", *at = text;

	for (size_t i = 0; t->known && i < sizeof(t->trace_id); i++)
		at += sprintf(at, "%02x", t->trace_id[i]);
	if (t->known)
		*at++ = ' ';
	for (size_t i = 0; t->known && i < sizeof(t->parent_id); i++)
		at += sprintf(at, "%02x", t->parent_id[i]);
	if (t->known)
		sprintf(at, " %02x", t->flags);
	return text_differs(c, "trace", "", text);
}

static bool result_differs(const struct data_case *c,
			   const struct proto_result *r)
{
	bool bad = false;

	bad |= text_differs(c, "operation", "", r->operation);
	bad |= text_differs(c, "status", "", r->status);
	bad |= text_differs(c, "version", r->version, r->version);
	bad |= trace_differs(c, &r->trace);
	bad |= text_differs(c, "stream", "", r->stream_protocol);
	bad |= text_differs(c, "kind", "exchange", kinds[r->kind]);
	bad |= text_differs(c, "framing", "unknown", framings[r->framing]);
	bad |= text_differs(c, "exact", "yes",
			    r->operations_exact ? "yes" : "no");
	bad |= text_differs(c, "partial", "no",
			    r->request_partial ? "yes" : "no");
	bad |= number_differs(c, "operations", 1, r->operations);
	bad |= number_differs(c, "errors", 0, r->errors);
	return bad;
}

/* A misspelt field would be an expectation that is never checked. */
static void check_keys(const struct data_case *c)
{
	static const char *const keys[] = {
		"request",	  "response", "tail",	   "request_total",
		"response_total", "result",   "operation", "status",
		"operations",	  "exact",    "errors",	   "kind",
		"version",	  "trace",    "stream",	   "framing",
		"partial"};
	size_t i, k;

	for (i = 0; i < c->fields_len; i++) {
		for (k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
			if (!strcmp(c->fields[i].key, keys[k]))
				break;
		}
		if (k == sizeof(keys) / sizeof(*keys))
			fail_msg("line %d: unknown field \"%s\"", c->line,
				 c->fields[i].key);
	}
}

static bool case__fails(const struct proto *p, const struct data_case *c)
{
	const char *result = data_case__text(c, "result", "ok"), *got;
	const struct proto *found;
	struct proto_result out;
	struct proto_input in;
	struct sample s;
	bool bad;
	int err;

	check_keys(c);
	case__input(c, &in);
	sample__init(&s, &in);
	found = proto__detect(s.in.request, s.in.request_len);
	err = proto__parse(p, &s.in, &out);
	sample__free(&s);
	got = err == -EBADMSG ? "EBADMSG" : err ? "another error" : "ok";
	/* Remains of a cut command: only a connection that is known to speak
	 * the protocol hands them to its parser. */
	if (found != p)
		got = err ? "undetected" : "remains";
	bad = differs(c, "result", result, got);
	return err ? bad : bad | result_differs(c, &out);
}

void proto_case__run_file(const struct proto *p, const char *path,
			  size_t at_least)
{
	struct data_file *f = data_file__load(path);
	size_t i, failed = 0;

	for (i = 0; i < f->cases_len; i++)
		failed += case__fails(p, &f->cases[i]);
	if (f->cases_len < at_least)
		fail_msg("%s: only %zu cases", path, f->cases_len);
	data_file__free(f);
	assert_int_equal(failed, 0);
}

static void check_text(const char *text, size_t size)
{
	size_t i, len = strnlen(text, size);

	assert_true(len < size);
	for (i = 0; i < len; i++)
		assert_in_range((unsigned char)text[i], 0x20, 0x7e);
}

static void check_trace(const struct proto_trace *t)
{
	static const struct proto_trace none;

	if (!t->known) {
		assert_memory_equal(t, &none, sizeof(none));
		return;
	}
	assert_memory_not_equal(t->trace_id, none.trace_id,
				sizeof(none.trace_id));
	assert_memory_not_equal(t->parent_id, none.parent_id,
				sizeof(none.parent_id));
}

/* Parse and check what holds for any input. Returns the operations, or 0. */
static uint64_t parse_any(const struct proto *p, const struct proto_input *in)
{
	struct proto_result out;
	struct sample s;
	int err;

	sample__init(&s, in);
	proto__detect(s.in.request, s.in.request_len);
	err = proto__parse(p, &s.in, &out);
	sample__free(&s);
	if (err) {
		assert_int_equal(err, -EBADMSG);
		return 0;
	}
	check_text(out.operation, sizeof(out.operation));
	check_text(out.status, sizeof(out.status));
	check_text(out.stream_protocol, sizeof(out.stream_protocol));
	check_trace(&out.trace);
	assert_non_null(out.version);
	assert_true(strlen(out.version) < 4);
	assert_in_range(out.kind, PROTO_EXCHANGE, PROTO_UPGRADE);
	assert_in_range(out.framing, PROTO_FRAMING_UNKNOWN, PROTO_INTERIM);
	assert_int_equal(out.kind != PROTO_EXCHANGE, !!*out.stream_protocol);
	assert_true(out.operations >= 1);
	assert_true(out.errors <= out.operations);
	return out.operations;
}

static void case__run_prefixes(const struct proto *p, const struct data_case *c)
{
	struct proto_input whole, in;
	uint64_t operations, got;
	size_t i;

	case__input(c, &whole);
	operations = parse_any(p, &whole);
	for (i = 0; i < whole.request_len && i < PREFIX_MAX; i++) {
		in = whole;
		in.request_len = i;
		got = parse_any(p, &in);
		if (operations && got > operations)
			fail_msg("%s: %zu bytes hold more than all", c->name,
				 i);
		in.request_total = i;
		got = parse_any(p, &in);
		if (operations && got > operations)
			fail_msg("%s: %zu bytes make more than all", c->name,
				 i);
	}
	for (i = 0; i < whole.response_len && i < PREFIX_MAX; i++) {
		in = whole;
		in.response_len = i;
		parse_any(p, &in);
		in.response_total = i;
		parse_any(p, &in);
	}
	for (i = 0; i < whole.tail_len; i++) {
		in = whole;
		in.tail_len = i;
		parse_any(p, &in);
	}
}

void proto_case__run_prefixes(const struct proto *p, const char *path)
{
	struct data_file *f = data_file__load(path);
	size_t i;

	for (i = 0; i < f->cases_len; i++)
		case__run_prefixes(p, &f->cases[i]);
	data_file__free(f);
}
