/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Redis: data files of exchanges in, results compared; every one of them cut
 * at every byte. Names of commands, one by one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "proto/parsers.h"
#include "proto/redis_commands.h"
#include "proto_case.h"

#define DIR "tests/data/redis/"

static void requests(void **state)
{
	(void)state;
	proto_case__run_file(&proto_redis, DIR "commands.txt", 40);
	proto_case__run_prefixes(&proto_redis, DIR "commands.txt");
}

static void replies(void **state)
{
	(void)state;
	proto_case__run_file(&proto_redis, DIR "replies.txt", 40);
	proto_case__run_prefixes(&proto_redis, DIR "replies.txt");
}

static void hostile(void **state)
{
	(void)state;
	proto_case__run_file(&proto_redis, DIR "hostile.txt", 40);
	proto_case__run_prefixes(&proto_redis, DIR "hostile.txt");
}

static struct span span(const char *text)
{
	return (struct span){(const uint8_t *)text, strlen(text)};
}

/* One of each letter, the first, the last, and neighbours of containers: a
 * table that is not sorted misses some of them. */
static void names_are_found(void **state)
{
	static const char *const names[] = {"ACL",
					    "ACL WHOAMI",
					    "APPEND",
					    "BLPOP",
					    "CLIENT",
					    "CLIENT CACHING",
					    "CLIENT UNPAUSE",
					    "CLUSTER",
					    "CLUSTER COUNT-FAILURE-REPORTS",
					    "CONFIG RESETSTAT",
					    "COPY",
					    "DEBUG",
					    "DECR",
					    "EVALSHA_RO",
					    "EXPIRE",
					    "FCALL_RO",
					    "FUNCTION STATS",
					    "GEOADD",
					    "GET",
					    "GETSET",
					    "HELLO",
					    "HSETNX",
					    "INFO",
					    "KEYS",
					    "LATENCY DOCTOR",
					    "LCS",
					    "MEMORY USAGE",
					    "MGET",
					    "MODULE LOADEX",
					    "OBJECT ENCODING",
					    "PUBSUB NUMSUB",
					    "QUIT",
					    "RESTORE-ASKING",
					    "SCRIPT LOAD",
					    "SLOWLOG GET",
					    "SORT_RO",
					    "TTL",
					    "UNWATCH",
					    "WAITAOF",
					    "XGROUP SETID",
					    "XINFO STREAM",
					    "ZADD",
					    "ZUNIONSTORE"};
	char out[REDIS_NAME_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t len = strcspn(names[i], " ");
		struct span name = {(const uint8_t *)names[i], len}, sub;

		assert_true(redis_command__is_known(name));
		sub = names[i][len] ? span(names[i] + len + 1)
				    : span("not-a-subcommand");
		assert_true(redis_command__name(name, &sub, out));
		assert_string_equal(out, names[i]);
	}
}

static void names_are_bounded(void **state)
{
	static const struct {
		const char *name, *sub, *expected;
	} cases[] = {
		{"config", "get", "CONFIG GET"},
		{"CONFIG", "", "CONFIG"},
		{"CONFIG", "SECRET", "CONFIG"},
		{"CONFIG", "GET ", "CONFIG"},
		{"CONFIG", "a-word-that-does-not-fit-behind-the-name",
		 "CONFIG"},
		{"GET", "CONFIG", "GET"},
		{"", "", "(other)"},
		{"GETT", "", "(other)"},
		{"CONFIG GET", "", "(other)"},
		{"MY.COMMAND.NAME", "", "(other)"},
		{".GET", "", "(other)"},
		{"JSON.", "", "(other)"},
		{"json.get", "x", "JSON.GET"},
		{"a-name-that-is-longer-than-any-that-redis-has", "",
		 "(other)"},
	};
	char out[REDIS_NAME_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct span sub = span(cases[i].sub);

		assert_true(
			redis_command__name(span(cases[i].name), &sub, out));
		assert_string_equal(out, cases[i].expected);
	}
}

/* A second word that was not seen matters to containers only. */
static void second_word_is_not_known(void **state)
{
	char out[REDIS_NAME_MAX];

	(void)state;
	assert_false(redis_command__name(span("CONFIG"), NULL, out));
	assert_false(redis_command__name(span("xgroup"), NULL, out));
	assert_true(redis_command__name(span("GET"), NULL, out));
	assert_string_equal(out, "GET");
	assert_true(redis_command__name(span("ZUNIONSTORE"), NULL, out));
	assert_string_equal(out, "ZUNIONSTORE");
	assert_true(redis_command__name(span("JSON.SET"), NULL, out));
	assert_string_equal(out, "JSON.SET");
	assert_true(redis_command__name(span("NONE"), NULL, out));
	assert_string_equal(out, "(other)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(replies),
		cmocka_unit_test(hostile),
		cmocka_unit_test(names_are_found),
		cmocka_unit_test(names_are_bounded),
		cmocka_unit_test(second_word_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
