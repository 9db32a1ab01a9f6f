/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of protocols: who takes which first bytes, and what the wrapper
 * promises to parsers and callers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "proto/proto.h"

static const char *detect(const char *text)
{
	const struct proto *p =
		proto__detect((const uint8_t *)text, strlen(text));

	return p ? p->name : "";
}

static void detection(void **state)
{
	(void)state;
	assert_string_equal(detect("GET / HTTP/1.1\r\n"), "http");
	assert_string_equal(detect("GET /path"), "http");
	assert_string_equal(detect("GET /path\r\n"), "redis");
	assert_string_equal(detect("GET key\r\n"), "redis");
	assert_string_equal(detect("GET key"), "");
	assert_string_equal(detect("GET "), "");
	assert_string_equal(detect("MOVE key 1\r\n"), "redis");
	assert_string_equal(detect("MOVE /a HTTP/1.1\r\n"), "http");
	assert_string_equal(detect("PING\r\n"), "redis");
	assert_string_equal(detect("*1\r\n$4\r\nPING\r\n"), "redis");
	assert_string_equal(detect("*1\r\n$4\r\nPI"), "redis");
	assert_string_equal(detect("*1\r\n$4\r\n"), "");
	assert_string_equal(detect("\x16\x03\x01"), "");
	assert_string_equal(detect("\x16\x03\x01\x02\x05\x01"), "tls");
	assert_string_equal(detect("\x17\x03\x03\x01\x40"), "tls");
	assert_string_equal(detect("SSH-2.0-OpenSSH\r\n"), "");
	assert_null(proto__detect(NULL, 0));
	assert_null(proto__detect(NULL, 10));
	assert_null(proto__detect((const uint8_t *)"PING\r\n", 0));
}

static void table_is_terminated(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; proto__table[i]; i++) {
		assert_non_null(proto__table[i]->name);
		assert_non_null(proto__table[i]->detect);
		assert_non_null(proto__table[i]->parse);
	}
	assert_int_equal(i, 3);
}

/* What a caller had in its result does not survive. */
static void result_is_reset(void **state)
{
	static const char request[] = "GET /a HTTP/1.1\r\n\r\n";
	struct proto_input in = {
		.request = (const uint8_t *)request,
		.request_len = sizeof(request) - 1,
		.request_total = sizeof(request) - 1,
	};
	struct proto_result out;

	(void)state;
	memset(&out, 0xff, sizeof(out));
	assert_int_equal(proto__parse(proto__table[0], &in, &out), 0);
	assert_string_equal(out.operation, "GET /a");
	assert_string_equal(out.status, "");
	assert_string_equal(out.stream_protocol, "");
	assert_string_equal(out.version, "1.1");
	assert_int_equal(out.operations, 1);
	assert_true(out.operations_exact);
	assert_false(out.request_partial);
	assert_int_equal(out.errors, 0);
	assert_int_equal(out.kind, PROTO_EXCHANGE);
	assert_int_equal(out.framing, PROTO_FRAMING_UNKNOWN);
}

/* Totals below the lengths, lengths without bytes. */
static void input_is_made_sound(void **state)
{
	static const char request[] = "*1\r\n$4\r\nPING\r\n";
	struct proto_input in = {
		.request = (const uint8_t *)request,
		.request_len = sizeof(request) - 1,
		.request_total = 3,
		.response_len = 10,
		.tail_len = 8,
	};
	struct proto_result out;

	(void)state;
	assert_int_equal(proto__parse(proto__table[1], &in, &out), 0);
	assert_string_equal(out.operation, "PING");
	assert_string_equal(out.version, "");
	assert_true(out.operations_exact);
	assert_false(out.request_partial);
	in.request = NULL;
	assert_int_equal(proto__parse(proto__table[0], &in, &out), -EBADMSG);
	assert_int_equal(proto__parse(proto__table[1], &in, &out), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(detection),
		cmocka_unit_test(table_is_terminated),
		cmocka_unit_test(result_is_reset),
		cmocka_unit_test(input_is_made_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
