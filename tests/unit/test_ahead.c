/* SPDX-License-Identifier: GPL-2.0-only */
/* Records that wait: in order, none lost, whatever comes between them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ahead.h"
#include "pipeline.h"

#define CONNECTIONS 6000 /* past what pipeline.c takes for many */
#define ROUNDS 3
#define START 1000000000ull

static struct rt_connection opening(uint64_t cookie)
{
	return (struct rt_connection){
		.header = {RT_REC_OPEN, 0, sizeof(struct rt_connection), START},
		.peer = {.cookie = cookie,
			 .established = START,
			 .local_port = 80,
			 .role = RT_ROLE_SERVER,
			 .owner = 7},
		.tgid = 7,
	};
}

static struct rt_exchange exchange(uint64_t cookie, uint32_t seq)
{
	return (struct rt_exchange){
		.header = {RT_REC_EXCHANGE, 0, sizeof(struct rt_exchange),
			   START + 5000},
		.peer = opening(cookie).peer,
		.arrive = START + 1000,
		.first_recv = START + 2000,
		.last_recv = START + 2000,
		.first_send = START + 3000,
		.last_send = START + 4000,
		.seq = seq,
		.tgid = 7,
		.end = RT_END_NEXT,
	};
}

static void first_in_first_out(void **state)
{
	static struct ahead a;
	uint64_t in = 0, out = 0;

	(void)state;
	assert_null(ahead__take(&a));
	for (int round = 0; round < 5; round++) {
		const struct ahead_record *r;

		while (a.len < AHEAD_RECORDS) {
			struct rt_connection rec = opening(in++);

			assert_true(ahead__takes(&rec, sizeof(rec)));
			ahead__put(&a, &rec, sizeof(rec));
			assert_int_equal(ahead__at(&a, a.len - 1)->cookie,
					 in - 1);
		}
		for (int i = 0; i < 5; i++) {
			struct rt_connection rec = opening(out);

			r = ahead__take(&a);
			assert_int_equal(r->cookie, out++);
			assert_int_equal(r->size, sizeof(rec));
			assert_memory_equal(r->bytes, &rec, sizeof(rec));
		}
	}
	while (ahead__take(&a))
		out++;
	assert_int_equal(in, out);
}

static void takes_what_it_has_room_for(void **state)
{
	struct {
		struct rt_exchange ex;
		uint8_t payload[RT_REQUEST_CAP + RT_RESPONSE_CAP + 8];
	} rec = {.ex = exchange(1, 1)};
	struct rt_mark mark = {.header = {.kind = RT_REC_TICK}};

	(void)state;
	assert_true(ahead__takes(&rec, sizeof(rec) - 8));
	assert_false(ahead__takes(&rec, sizeof(rec)));
	/* Too short for a cookie, whatever it says that it is. */
	assert_false(ahead__takes(&rec, sizeof(struct rt_header)));
	assert_false(ahead__takes(&mark, sizeof(mark)));
}

static void feed(struct pipeline *p, const void *record, size_t size)
{
	assert_int_equal(pipeline__record(p, record, size), 0);
}

static void feed_host(struct pipeline *p)
{
	struct {
		struct rt_host host;
		char text[16];
	} rec = {.host = {.header = {RT_REC_HOST, 0,
				     sizeof(struct rt_host) + 12, START},
			  .text_len = 12},
		 .text = "1\0s\0h\0k\0a\0x"};

	feed(p, &rec, rec.host.header.size);
}

/* The text report goes nowhere: standard output is the test's own. */
static void end_silently(struct pipeline *p)
{
	int out;

	fflush(stdout);
	out = dup(STDOUT_FILENO);
	assert_true(out >= 0);
	assert_non_null(freopen("/dev/null", "w", stdout));
	assert_int_equal(pipeline__end(p), 0);
	fflush(stdout);
	assert_true(dup2(out, STDOUT_FILENO) >= 0);
	close(out);
}

static void read_report(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t len;

	assert_non_null(f);
	len = fread(text, 1, size - 1, f);
	text[len] = '\0';
	fclose(f);
}

/* Marks, and records of other kinds, come between those that wait; at the end
 * some wait still. */
static void all_of_many_connections_count(void **state)
{
	static char text[1 << 16];
	char path[] = "/tmp/reqtrace-test-XXXXXX";
	int fd = mkstemp(path);
	struct options options = {.mode = OPTIONS_REPLAY, .json = path};
	const struct rt_mark tick = {
		{RT_REC_TICK, 0, sizeof(tick), START + 6000}};
	struct output *output;
	struct pipeline *p;
	struct error err;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(output__open(&output, &options, &err), 0);
	assert_int_equal(pipeline__new(&p, &options, output, NULL, &err), 0);
	feed_host(p);
	for (uint64_t i = 1; i <= CONNECTIONS; i++) {
		struct rt_connection rec = opening(i);

		feed(p, &rec, sizeof(rec));
	}
	for (uint32_t seq = 1; seq <= ROUNDS; seq++) {
		for (uint64_t i = 1; i <= CONNECTIONS; i++) {
			struct rt_exchange rec = exchange(i, seq);

			feed(p, &rec, sizeof(rec));
			if (i % 1001 == 0)
				feed(p, &tick, sizeof(tick));
		}
	}
	end_silently(p);
	assert_int_equal(pipeline__free(p, &err), 0);
	output__close(output);
	read_report(path, text, sizeof(text));
	assert_non_null(strstr(text, "\"exchanges\":18000"));
	assert_non_null(strstr(text, "\"opened\":6000"));
	unlink(path);
}

/* What is damaged is told, if later. */
static void damage_is_told(void **state)
{
	struct options options = {.mode = OPTIONS_REPLAY};
	struct output *output;
	struct pipeline *p;
	struct error err;
	struct rt_exchange bad = exchange(1, 1);

	(void)state;
	bad.end = 99;
	assert_int_equal(output__open(&output, &options, &err), 0);
	assert_int_equal(pipeline__new(&p, &options, output, NULL, &err), 0);
	for (uint64_t i = 1; i <= CONNECTIONS; i++) {
		struct rt_connection rec = opening(i);

		feed(p, &rec, sizeof(rec));
	}
	feed(p, &bad, sizeof(bad));
	assert_int_equal(pipeline__flush(p), -EBADMSG);
	assert_non_null(strstr(pipeline__error(p)->text, "damaged"));
	assert_int_equal(pipeline__free(p, &err), 0);
	output__close(output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_in_first_out),
		cmocka_unit_test(takes_what_it_has_room_for),
		cmocka_unit_test(all_of_many_connections_count),
		cmocka_unit_test(damage_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
