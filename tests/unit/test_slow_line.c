/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One exchange on one line.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "view/slow_line.h"

#define MS 1000000ull
#define WALL (1790000003007ull * MS) /* 2026-09-21 14:13:23.007 UTC */

static struct request usual(uint64_t ms)
{
	struct request r = {.pid = 1201,
			    .tid = 1203,
			    .last_tid = 1203,
			    .role = RT_ROLE_SERVER,
			    .port = 8000,
			    .protocol = "http",
			    .operation = "GET /users/{id}",
			    .status = "200",
			    .remote_port = 40001,
			    .begin = 7 * MS,
			    .end = (7 + ms) * MS,
			    .has_parts = true};

	inet_pton(AF_INET6, "::ffff:192.0.2.7", r.remote_addr);
	return r;
}

static void check(const struct request *r, const char *expected)
{
	char line[SLOW_LINE_LEN];

	slow_line__text(line, r, "uvicorn", WALL, true, false);
	assert_string_equal(line, expected);
}

static void test_parts(void **state)
{
	struct request r = usual(100);

	(void)state;
	r.part[PART_CPU] = 20 * MS;
	r.part[PART_RECEIVE_QUEUE] = 78 * MS;
	r.part[PART_LOCK] = 1 * MS; /* 1 %: shown */
	r.part[PART_DISK] = 1 * MS - 1000;
	r.part[PART_UNATTRIBUTED] = 1000;
	check(&r, "2026-09-21T14:13:23.007Z uvicorn (1201) thread 1203 from "
		  "192.0.2.7:40001 GET /users/{id} 200 100 ms: "
		  "receive queue 78.0 ms, cpu 20.0 ms, lock 1.00 ms, "
		  "unattributed 1.00 us");
}

/* What of the network is no peer's is listed too: it must not be lost. */
static void test_peers(void **state)
{
	struct request r = usual(100);

	(void)state;
	r.last_tid = 1301;
	r.part[PART_NETWORK] = 80 * MS;
	r.part[PART_POLL] = 20 * MS;
	r.calls_len = 3;
	r.calls[0] = (struct request_call){.peer = "redis:6379",
					   .count = 2,
					   .time = 60 * MS,
					   .network = 50 * MS};
	r.calls[1] = (struct request_call){
		.peer = "client", .network = 10 * MS, .own = true};
	r.calls[2] = (struct request_call){
		.peer = "pg:5432", .count = 1, .time = 19 * MS};
	check(&r, "2026-09-21T14:13:23.007Z uvicorn (1201) thread 1203->1301 "
		  "from 192.0.2.7:40001 GET /users/{id} 200 100 ms: "
		  "network redis:6379 50.0 ms, network 20.0 ms, poll 20.0 ms, "
		  "network own connection 10.0 ms; "
		  "calls redis:6379 x2 60.0 ms, pg:5432 x1 19.0 ms");
}

/* Equal ones keep the order: peers, then the parts as they are listed. */
static void test_ends(void **state)
{
	struct request r = usual(10);

	(void)state;
	r.role = RT_ROLE_CLIENT;
	r.operation = "";
	r.status = "";
	r.has_parts = false;
	r.part[PART_RECEIVE_QUEUE] = 4 * MS;
	r.part[PART_UNATTRIBUTED] = 6 * MS;
	inet_pton(AF_INET6, "2001:db8::7", r.remote_addr);
	check(&r, "2026-09-21T14:13:23.007Z uvicorn (1201) thread 1203 to "
		  "[2001:db8::7]:40001 http 10.0 ms: unattributed 6.00 ms, "
		  "receive queue 4.00 ms (its threads were not seen)");
	r.transport = RT_TRANSPORT_UNIX;
	r.has_parts = r.parts_cut = true;
	r.part[PART_RECEIVE_QUEUE] = r.part[PART_UNATTRIBUTED] = 5 * MS;
	check(&r, "2026-09-21T14:13:23.007Z uvicorn (1201) thread 1203 to "
		  "unix http 10.0 ms: receive queue 5.00 ms, "
		  "unattributed 5.00 ms (cut: they had exceeded it)");
}

/* Where no threads are watched, that is not said of each exchange. */
static void test_unwatched(void **state)
{
	struct request r = usual(10);
	char line[SLOW_LINE_LEN];

	(void)state;
	r.has_parts = false;
	r.part[PART_UNATTRIBUTED] = 10 * MS;
	for (int watched = 0; watched < 2; watched++) {
		slow_line__text(line, &r, "uvicorn", WALL, watched, false);
		assert_non_null(strstr(line, "unattributed 10.0 ms"));
		assert_int_equal(!!strstr(line, "not seen"), watched);
	}
}

/* Names are of unknown origin, figures may be anything: one line, clean. */
static void test_hostile(void **state)
{
	static const char evil[] = "GET /\n\x1b[31m\xff\xe2\x80\xae";
	struct request r = usual(0);
	char line[SLOW_LINE_LEN], name[2000];

	(void)state;
	r.end = 0;
	r.operation = evil;
	r.status = "\r";
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	r.calls_len = RT_CALLS + 9; /* more than there can be */
	for (int i = 0; i < RT_CALLS; i++)
		r.calls[i] = (struct request_call){
			.peer = i ? name : NULL,
			.count = UINT64_MAX,
			.time = UINT64_MAX,
			.network = UINT64_MAX,
		};
	for (int i = 0; i < PARTS; i++)
		r.part[i] = UINT64_MAX;
	for (int utf8 = 0; utf8 < 2; utf8++) {
		slow_line__text(line, &r, "\x1b]0;owned\a", UINT64_MAX, true,
				utf8);
		assert_true(strlen(line) < sizeof(line) - 200);
		for (const char *c = line; *c; c++)
			assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
		assert_null(strstr(line, "\xe2\x80\xae"));
		assert_non_null(strstr(line, "]0;owned"));
	}
}

static void test_write(void **state)
{
	struct request r = usual(100);
	char *text = NULL, line[SLOW_LINE_LEN];
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	assert_int_equal(slow_line__write(&r, "uvicorn", WALL, true, true, out),
			 0);
	/* Flushed: it is there before the stream is closed. */
	slow_line__text(line, &r, "uvicorn", WALL, true, true);
	assert_int_equal(len, strlen(line) + 1);
	assert_memory_equal(text, line, len - 1);
	assert_int_equal(text[len - 1], '\n');
	fclose(out);
	free(text);
	out = fopen("/dev/full", "w");
	assert_non_null(out);
	assert_int_equal(slow_line__write(&r, "uvicorn", WALL, true, true, out),
			 -ENOSPC);
	fclose(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_peers),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_unwatched),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_write),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		abort();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
