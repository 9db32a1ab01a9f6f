/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which trace and which version requests are of, however they arrive: in one
 * record, in several, in turns that are joined.
 */
#include "model_rig.h"

#include <string.h>

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define PARENT "b7ad6b7169203331"
#define HEADER "traceparent: 00-" TRACE "-" PARENT "-01\r\n"
#define OTHER                                                                  \
	"traceparent: 00-11111111111111111111111111111111-" PARENT "-00\r\n"

static void check_trace(const struct request *r)
{
	static const uint8_t trace[] = {0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd,
					0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21,
					0x1c, 0x80, 0x31, 0x9c};
	static const uint8_t parent[] = {0xb7, 0xad, 0x6b, 0x71,
					 0x69, 0x20, 0x33, 0x31};

	assert_true(r->trace.known);
	assert_memory_equal(r->trace.trace_id, trace, sizeof(trace));
	assert_memory_equal(r->trace.parent_id, parent, sizeof(parent));
	assert_int_equal(r->trace.flags, 1);
}

static void check_none(const struct request *r)
{
	static const struct request_trace none;

	assert_memory_equal(&r->trace, &none, sizeof(none));
}

static void both_roles_tell(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, TIMES, .in = "GET /a HTTP/1.1\r\n" HEADER "\r\n",
		     .out = OK2);
	r = rig_request(rig);
	check_trace(r);
	assert_string_equal(r->version, "1.1");
	rig_exchange(rig, .cookie = 8, .role = RT_ROLE_CLIENT,
		     .first_send = 1000, .first_recv = 1500,
		     .out = "GET /a HTTP/1.0\r\n" HEADER "\r\n", .in = OK2);
	r = rig_request(rig);
	check_trace(r);
	assert_string_equal(r->version, "1.0");
}

static void others_have_none(void **state)
{
	static const char *const requests[] = {GET, "*1\r\n$4\r\nPING\r\n",
					       "any text", HEADER "\r\n"};
	struct rig *rig = *state;

	for (uint64_t i = 0; i < 4; i++) {
		const struct request *r;

		rig_exchange(rig, .cookie = 10 + i, TIMES, .in = requests[i],
			     .out = "+PONG\r\n");
		r = rig_request(rig);
		check_none(r);
		assert_string_equal(r->version, i ? "" : "1.1");
	}
}

/* What a connection said once is not of its next request. */
static void each_request_has_its_own(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, TIMES, .in = "GET /a HTTP/1.1\r\n" HEADER "\r\n",
		     .out = OK2);
	check_trace(rig_request(rig));
	rig_exchange(rig, .seq = 1, TIMES, .in = GET, .out = OK2);
	check_none(rig_request(rig));
}

/* Behind the first bytes: in DATA records. */
static void long_heads_are_read(void **state)
{
	char request[4000] = "GET /a HTTP/1.1\r\nCookie: ";
	struct rig *rig = *state;
	size_t len;

	memset(request + strlen(request), 'x', 3000);
	strcat(request, "\r\n" HEADER "\r\n");
	len = strlen(request);
	rig_data(rig, 0, RT_REQUEST_CAP, request + RT_REQUEST_CAP, 1500);
	rig_data(rig, 0, RT_REQUEST_CAP + 1500, request + RT_REQUEST_CAP + 1500,
		 len - RT_REQUEST_CAP - 1500);
	rig_exchange(rig, TIMES, .in = request, .out = OK2);
	check_trace(rig_request(rig));
	/* Without them nobody knows. */
	rig_exchange(rig, .seq = 1, TIMES, .in = request, .out = OK2,
		     .end = RT_END_CLOSE);
	check_none(rig_request(rig));
}

#define PUT                                                                    \
	"PUT /a HTTP/1.1\r\n" HEADER "Expect: 100-continue\r\n"                \
	"Content-Length: 89\r\n\r\n"

/* A body that looks like a head changes nothing. */
static void joined_turns_keep_the_first(void **state)
{
	struct rig *rig = *state;
	const struct request *r;

	rig_exchange(rig, TIMES, .in = PUT,
		     .out = "HTTP/1.1 100 Continue\r\n\r\n");
	rig_exchange(rig, .seq = 1, TIMES,
		     .in = "GET /b HTTP/1.0\r\n" OTHER "\r\n", .out = OK2);
	r = rig_request(rig);
	assert_string_equal(r->operation, "PUT /a");
	assert_string_equal(r->version, "1.1");
	check_trace(r);
}

static void provisional_ones_tell_it_too(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, TIMES, .in = "GET /a HTTP/1.1\r\n" HEADER "\r\n",
		     .out = OK2, .flags = RT_EX_PROVISIONAL,
		     .end = RT_END_IDLE);
	check_trace(rig_pending(rig));
	rig_close(rig, .time = 3000);
	check_trace(rig_request(rig));
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(both_roles_tell),
		T(others_have_none),
		T(each_request_has_its_own),
		T(long_heads_are_read),
		T(joined_turns_keep_the_first),
		T(provisional_ones_tell_it_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
