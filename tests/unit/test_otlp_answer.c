/* SPDX-License-Identifier: GPL-2.0-only */
/* Answers of collectors, good, bad and absurd, and what they come to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "export/otlp_answer.h"

#define SECOND 1000000000ull

struct answer_case {
	enum otlp_protocol protocol;
	const char *headers; /* lines */
	const char *body;
	size_t len;
	enum otlp_outcome outcome;
	uint64_t retry_after, rejected;
	const char *says; /* NULL: nothing */
};

#define BODY(text) text, sizeof(text) - 1
#define PROTOBUF "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\n"
#define JSON "HTTP/1.1 200 OK\nContent-Type: application/json; charset=utf-8\n"
#define GRPC "HTTP/2 200\r\ncontent-type: application/grpc\r\n"

static const struct answer_case cases[] = {
	/* HTTP */
	{OTLP_HTTP_PROTOBUF, PROTOBUF, BODY(""), OTLP_TAKEN, 0, 0, NULL},
	{OTLP_HTTP_PROTOBUF, "HTTP/1.1 204 No Content\r\n", BODY(""),
	 OTLP_TAKEN, 0, 0, NULL},
	{OTLP_HTTP_PROTOBUF, PROTOBUF, BODY("\x0a\x00"), OTLP_TAKEN, 0, 0,
	 NULL},
	{OTLP_HTTP_PROTOBUF, PROTOBUF,
	 BODY("\x0a\x09\x08\xac\x02\x12\x04"
	      "full"),
	 OTLP_TAKEN, 0, 300, "rejected 300 of them: full"},
	{OTLP_HTTP_PROTOBUF, PROTOBUF,
	 BODY("\x0a\x06\x12\x04"
	      "soon"),
	 OTLP_TAKEN, 0, 0, "warns: soon"},
	{OTLP_HTTP_PROTOBUF, PROTOBUF,
	 BODY("\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	 OTLP_TAKEN, 0, 0, NULL},
	{OTLP_HTTP_PROTOBUF, PROTOBUF, BODY("\x0a\x50\x08"), OTLP_TAKEN, 0, 0,
	 "not understood"},
	{OTLP_HTTP_PROTOBUF, PROTOBUF, BODY("<html>"), OTLP_TAKEN, 0, 0,
	 "not understood"},
	{OTLP_HTTP_JSON, JSON, BODY("{}"), OTLP_TAKEN, 0, 0, NULL},
	{OTLP_HTTP_JSON, JSON, BODY("{\"partialSuccess\":{}}"), OTLP_TAKEN, 0,
	 0, NULL},
	{OTLP_HTTP_JSON, JSON,
	 BODY("{\"partialSuccess\":{\"rejectedDataPoints\":\"7\","
	      "\"errorMessage\":\"too\\u001bold\"}}"),
	 OTLP_TAKEN, 0, 7, "rejected 7 of them: too?old"},
	{OTLP_HTTP_JSON, JSON,
	 BODY("{\"partialSuccess\":{\"rejectedSpans\":2}}"), OTLP_TAKEN, 0, 2,
	 "no reason given"},
	{OTLP_HTTP_JSON, JSON, BODY("[1"), OTLP_TAKEN, 0, 0, "not understood"},
	{OTLP_HTTP_PROTOBUF, "HTTP/1.1 429 Slow\r\n", BODY(""), OTLP_RETRY, 0,
	 0, "status 429"},
	{OTLP_HTTP_PROTOBUF, "HTTP/1.1 502 x\r\n", BODY(""), OTLP_RETRY, 0, 0,
	 "status 502"},
	{OTLP_HTTP_PROTOBUF, "HTTP/1.1 503 x\r\nContent-Type: text/plain\r\n",
	 BODY("no\x1b[2J room\nsecond line"), OTLP_RETRY, 0, 0,
	 "status 503: no?[2J room"},
	{OTLP_HTTP_PROTOBUF,
	 "HTTP/1.1 400 x\r\nContent-Type: application/x-protobuf\r\n",
	 BODY("\x08\x03\x12\x03"
	      "bad"),
	 OTLP_REFUSED, 0, 0, "status 400: bad"},
	{OTLP_HTTP_JSON, "HTTP/1.1 401 x\r\nContent-Type: application/json\r\n",
	 BODY("{\"code\":16,\"message\":\"who?\"}"), OTLP_REFUSED, 0, 0,
	 "status 401: who?"},
	{OTLP_HTTP_PROTOBUF, "HTTP/1.1 413 x\r\n", BODY(""), OTLP_TOO_LARGE, 0,
	 0, "status 413"},
	{OTLP_HTTP_PROTOBUF, "HTTP/1.1 500 x\r\n", BODY(""), OTLP_REFUSED, 0, 0,
	 "status 500"},
	{OTLP_HTTP_PROTOBUF,
	 "HTTP/1.1 307 x\r\nLocation: http://u:p@other/x?token=1\r\n", BODY(""),
	 OTLP_REFUSED, 0, 0, "redirect to http://other/x, which"},
	{OTLP_HTTP_PROTOBUF, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 504 x\r\n",
	 BODY(""), OTLP_RETRY, 0, 0, "status 504"},
	/* gRPC */
	{OTLP_GRPC, GRPC "grpc-status: 0\r\n", BODY("\0\0\0\0\0"), OTLP_TAKEN,
	 0, 0, NULL},
	{OTLP_GRPC, GRPC "grpc-status: 0\r\n",
	 BODY("\0\0\0\0\x04\x0a\x02\x08\x05"), OTLP_TAKEN, 0, 5,
	 "rejected 5 of them"},
	{OTLP_GRPC, GRPC "grpc-status: 0\r\n", BODY("\0\0\0\1\0"), OTLP_TAKEN,
	 0, 0, "not understood"},
	{OTLP_GRPC, GRPC "grpc-status: 0\r\n", BODY("\1\0\0\0\0"), OTLP_TAKEN,
	 0, 0, "not understood"},
	{OTLP_GRPC,
	 GRPC "grpc-status: 14\r\ngrpc-message: go%20away%0a%zz%\r\n", BODY(""),
	 OTLP_RETRY, 0, 0, "UNAVAILABLE: go away?%zz%"},
	{OTLP_GRPC, GRPC "grpc-status: 1\r\n", BODY(""), OTLP_RETRY, 0, 0,
	 "CANCELLED"},
	{OTLP_GRPC, GRPC "grpc-status: 3\r\n", BODY(""), OTLP_REFUSED, 0, 0,
	 "INVALID_ARGUMENT"},
	{OTLP_GRPC, GRPC "grpc-status: 99\r\n", BODY(""), OTLP_REFUSED, 0, 0,
	 "unknown status"},
	{OTLP_GRPC, GRPC "grpc-status: 8\r\n", BODY(""), OTLP_REFUSED, 0, 0,
	 "RESOURCE_EXHAUSTED"},
	{OTLP_GRPC,
	 GRPC "grpc-status: 8\r\ngrpc-message: grpc: received message larger "
	      "than max (5 vs. 4)\r\n",
	 BODY(""), OTLP_TOO_LARGE, 0, 0, "larger than max"},
	/* code 8, RetryInfo of 2.5 s */
	{OTLP_GRPC,
	 GRPC "grpc-status: 8\r\ngrpc-status-details-bin: "
	      "CAgaNgoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5m"
	      "bxIKCggIAhCAyrXuAQ\r\n",
	 BODY(""), OTLP_RETRY, 5 * SECOND / 2, 0, "RESOURCE_EXHAUSTED"},
	{OTLP_GRPC, GRPC "grpc-status: 14\r\ngrpc-status-details-bin: ####\r\n",
	 BODY(""), OTLP_RETRY, 0, 0, "UNAVAILABLE"},
	{OTLP_GRPC, "HTTP/2 200\r\ncontent-type: text/html\r\n", BODY("hello"),
	 OTLP_REFUSED, 0, 0, "without a gRPC status"},
	{OTLP_GRPC, "HTTP/2 503\r\n", BODY(""), OTLP_RETRY, 0, 0, "status 503"},
	{OTLP_GRPC, "HTTP/2 404\r\n", BODY(""), OTLP_REFUSED, 0, 0,
	 "status 404"},
};

static void feed_lines(struct otlp_answer *a, const char *headers)
{
	while (*headers) {
		size_t len = strcspn(headers, "\n") + 1;

		assert_true(otlp_answer__header(a, headers, len));
		headers += len;
	}
}

static void answers_have_outcomes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct answer_case *k = &cases[i];
		struct otlp_answer a;
		struct otlp_reply r;

		memset(&r, 0xee, sizeof(r));
		otlp_answer__init(&a, k->protocol);
		feed_lines(&a, k->headers);
		assert_true(otlp_answer__body(&a, k->body, k->len));
		otlp_answer__judge(&a, &r);
		if (r.outcome != k->outcome)
			fail_msg("case %zu: outcome %d, not %d: %s", i,
				 r.outcome, k->outcome, r.err.text);
		assert_int_equal(r.retry_after, k->retry_after);
		assert_int_equal(r.rejected, k->rejected);
		if (k->says ? !strstr(r.err.text, k->says) : r.err.text[0])
			fail_msg("case %zu: '%s' does not say '%s'", i,
				 r.err.text, k->says ? k->says : "");
		otlp_answer__free(&a);
	}
}

static void answers_are_bounded(void **state)
{
	static char block[8192];
	struct otlp_answer a;
	struct otlp_reply r;
	int n = 0;

	(void)state;
	otlp_answer__init(&a, OTLP_HTTP_PROTOBUF);
	feed_lines(&a, "HTTP/1.1 200 OK\n");
	while (otlp_answer__body(&a, block, sizeof(block)))
		n++;
	assert_int_equal(n, 8);
	otlp_answer__judge(&a, &r);
	assert_int_equal(r.outcome, OTLP_TAKEN);
	assert_non_null(strstr(r.err.text, "not understood"));
	otlp_answer__reset(&a);
	memset(block, 'x', sizeof(block));
	n = 0;
	while (otlp_answer__header(&a, block, sizeof(block)))
		n++;
	assert_int_equal(n, 8);
	/* All is forgotten for the next. */
	otlp_answer__reset(&a);
	feed_lines(&a, "HTTP/1.1 429 Slow\n");
	assert_true(otlp_answer__body(&a, "x", 1));
	a.retry_after = UINT64_MAX;
	otlp_answer__judge(&a, &r);
	assert_int_equal(r.outcome, OTLP_RETRY);
	assert_int_equal(r.retry_after, 86400 * SECOND);
	otlp_answer__free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_have_outcomes),
		cmocka_unit_test(answers_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
