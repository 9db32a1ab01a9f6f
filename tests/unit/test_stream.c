/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Streams: event streams and upgraded connections are told apart from
 * requests.
 */
#include "model_rig.h"

#define SSE "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

static void event_stream_is_no_request(void **state)
{
	struct rig *rig = *state;
	const struct sink_stream *s;

	rig_exchange(rig, TIMES, .flags = RT_EX_PROVISIONAL, .in = GET,
		     .end = RT_END_IDLE, .out = SSE, .bytes_out = 100);
	s = rig_stream(rig, SINK_STREAM_BEGIN);
	assert_int_equal(s->begin, 1000);
	assert_string_equal(s->protocol, "sse");
	assert_string_equal(s->operation, "GET /a");
	assert_int_equal(rig_stream(rig, SINK_STREAM_BYTES)->bytes_out, 100);
	assert_int_equal(rig_pending_len(rig), 0);
	assert_int_equal(model__totals(rig->m).in_flight, 0);
	rig_exchange(rig, TIMES, .flags = RT_EX_PROVISIONAL, .in = GET,
		     .end = RT_END_IDLE, .out = SSE, .bytes_out = 130);
	s = rig_stream(rig, SINK_STREAM_BYTES);
	assert_int_equal(s->bytes_out, 30);
	assert_int_equal(s->bytes_in, 0);
	rig_exchange(rig, TIMES, .end = RT_END_CLOSE, .ended = 8000, .in = GET,
		     .out = SSE, .bytes_out = 150);
	assert_int_equal(rig_stream(rig, SINK_STREAM_BYTES)->bytes_out, 20);
	assert_int_equal(rig_stream(rig, SINK_STREAM_END)->time, 8000);
	rig_close(rig, .time = 8001);
	assert_int_equal(rig_left(rig, CALL_STREAM), 0);
	rig->read = 0;
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
}

static void event_stream_ends_with_the_next_request(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .seq = 1, TIMES, .flags = RT_EX_PROVISIONAL,
		     .in = GET, .out = SSE);
	rig_exchange(rig, .seq = 2, TIMES, .in = GET, .out = OK2);
	rig_stream(rig, SINK_STREAM_BEGIN);
	rig_stream(rig, SINK_STREAM_BYTES);
	assert_int_equal(rig_stream(rig, SINK_STREAM_END)->time, 1900);
	rig_request(rig);
}

static void closed_connection_may_have_been_a_stream(void **state)
{
	struct rig *rig = *state;

	rig_close(rig, .time = 7000);
	rig_exchange(rig, TIMES, .end = RT_END_CLOSE, .ended = 6999, .in = GET,
		     .out = SSE);
	rig_stream(rig, SINK_STREAM_BEGIN);
	rig_stream(rig, SINK_STREAM_BYTES);
	assert_int_equal(rig_stream(rig, SINK_STREAM_END)->time, 6999);
	rig->read = 0;
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
}

static void overtaken_request_leaves_stream_alone(void **state)
{
	struct rig *rig = *state;

	rig_exchange(rig, .seq = 5, TIMES, .flags = RT_EX_PROVISIONAL,
		     .in = GET, .out = SSE);
	rig_exchange(rig, .seq = 4, TIMES, .in = GET, .out = OK2);
	rig_request(rig);
	rig->read = 0;
	assert_int_equal(rig_left(rig, CALL_STREAM), 2);
}

#define UPGRADE "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"
#define SWITCH "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n"

static void upgraded_connection_is_a_stream(void **state)
{
	struct rig *rig = *state;
	const struct sink_stream *s;

	rig_exchange(rig, .seq = 1, TIMES, .in = UPGRADE, .out = SWITCH);
	assert_string_equal(rig_stream(rig, SINK_STREAM_BEGIN)->protocol,
			    "websocket");
	rig_stream(rig, SINK_STREAM_BYTES);
	rig_exchange(rig, .seq = 2, .flags = RT_EX_PROVISIONAL, TIMES,
		     .in = GET, .out = OK2, .bytes_in = 5, .bytes_out = 6);
	s = rig_stream(rig, SINK_STREAM_BYTES);
	assert_int_equal(s->bytes_in, 5);
	assert_int_equal(s->bytes_out, 6);
	rig_exchange(rig, .seq = 2, TIMES, .in = GET, .out = OK2, .bytes_in = 5,
		     .bytes_out = 9);
	s = rig_stream(rig, SINK_STREAM_BYTES);
	assert_int_equal(s->bytes_in, 0);
	assert_int_equal(s->bytes_out, 3);
	rig_exchange(rig, .seq = 3, .flags = RT_EX_NO_RESPONSE,
		     .end = RT_END_STOP, .first_recv = 4000, .bytes_in = 2);
	rig_stream(rig, SINK_STREAM_BYTES);
	assert_int_equal(model__totals(rig->m).in_flight, 0);
	rig_exchange(rig, .seq = 0, TIMES, .in = GET, .out = OK2, .bytes_in = 1,
		     .bytes_out = 4);
	assert_int_equal(rig_stream(rig, SINK_STREAM_BYTES)->bytes_out, 4);
	rig_close(rig, .time = 9000);
	assert_int_equal(rig_stream(rig, SINK_STREAM_END)->time, 9000);
	rig_exchange(rig, .seq = 4, TIMES, .in = GET, .out = OK2);
	rig->read = 0;
	assert_int_equal(rig_left(rig, CALL_REQUEST), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(event_stream_is_no_request),
		T(event_stream_ends_with_the_next_request),
		T(closed_connection_may_have_been_a_stream),
		T(overtaken_request_leaves_stream_alone),
		T(upgraded_connection_is_a_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
