/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What exchanges had to do with their peers: how these are called, what is
 * merged, what waits for its exchange and for how long.
 */
#include "model_rig.h"

#include <stdlib.h>

#include "model/calls.h"

#define POST_HEAD "POST /up HTTP/1.1\r\nContent-Length: 5\r\n\r\n"
#define PING "*1\r\n$4\r\nPING\r\n"

/* One call of 10 ns, all of them blocked on it. */
static struct rt_call call_to(const char *address, uint16_t port)
{
	struct rt_call call = {
		.network = 10, .time = 10, .count = 1, .port = port};

	rig_address(call.addr, address);
	return call;
}

/* An exchange of cookie 7 that was blocked on sockets for 500 ns. */
static const struct request *exchange(struct rig *rig, uint32_t seq)
{
	rig_exchange(rig, .seq = seq, TIMES, .flags = RT_EX_PARTS,
		     .clock = {[RT_CLOCK_NETWORK] = 500}, .in = GET,
		     .out = OK2);
	return rig_request(rig);
}

/* What a request calls this peer. */
static const char *label(struct rig *rig, const struct rt_call *call)
{
	static uint32_t seq;
	const struct request *r;

	rig_calls(rig, 7, ++seq, 1, call);
	r = exchange(rig, seq);
	assert_int_equal(r->calls_len, 1);
	return r->calls[0].peer;
}

/* A connection out, of which one exchange was seen. */
static void connect_out(struct rig *rig, uint64_t cookie, uint8_t transport,
			const char *asked)
{
	rig_exchange(rig, .cookie = cookie, .role = RT_ROLE_CLIENT,
		     .transport = transport, .first_send = 10, .first_recv = 20,
		     .out = asked, .in = "+PONG\r\n");
	rig_request(rig);
}

static void calls_come_with_their_exchange(void **state)
{
	struct rig *rig = *state;
	struct rt_call call = call_to("127.0.0.1", 6379);
	const struct request *r;

	call.count = 3;
	call.time = 900;
	call.network = 400;
	rig_calls(rig, 7, 1, 1, &call);
	rig_calls(rig, 8, 1, 1, &call);
	r = exchange(rig, 1);
	assert_int_equal(r->calls_len, 1);
	assert_string_equal(r->calls[0].peer, "redis:6379");
	assert_int_equal(r->calls[0].count, 3);
	assert_int_equal(r->calls[0].time, 900);
	assert_int_equal(r->calls[0].network, 400);
	assert_false(r->calls[0].own);
	assert_int_equal(exchange(rig, 2)->calls_len, 0);
}

/* Its thread had others in hand: whose the calls are is not known, but how long
 * it was blocked on the peer is. */
static void unsure_calls_are_only_waited_for(void **state)
{
	struct rig *rig = *state;
	struct rt_call call = call_to("127.0.0.1", 6379);
	const struct request *r;

	assert_true(exchange(rig, 1)->calls_known);
	call.count = 3;
	call.time = 900;
	call.network = 400;
	rig_calls(rig, 7, 2, 1, &call);
	rig_exchange(rig, .seq = 2, TIMES, .flags = RT_EX_PARTS,
		     .unsure = RT_UNSURE_CALLS,
		     .clock = {[RT_CLOCK_NETWORK] = 500}, .in = GET,
		     .out = OK2);
	r = rig_request(rig);
	assert_false(r->calls_known);
	assert_int_equal(r->calls_len, 1);
	assert_int_equal(r->calls[0].count, 0);
	assert_int_equal(r->calls[0].time, 0);
	assert_int_equal(r->calls[0].network, 400);
}

static void later_record_replaces(void **state)
{
	struct rig *rig = *state;
	struct rt_call call[2] = {call_to("127.0.0.1", 6379),
				  call_to("127.0.0.1", 5432)};

	rig_calls(rig, 7, 1, 2, call);
	rig_calls(rig, 7, 1, 1, &call[1]);
	assert_int_equal(exchange(rig, 1)->calls_len, 1);
	/* What is over, or older than what waits, is of no use. */
	rig_calls(rig, 7, 3, 2, call);
	rig_calls(rig, 7, 2, 1, call);
	rig_calls(rig, 7, 1, 1, call);
	assert_int_equal(exchange(rig, 2)->calls_len, 0);
	assert_int_equal(exchange(rig, 3)->calls_len, 2);
}

static void no_calls_replace_some(void **state)
{
	struct rig *rig = *state;
	struct rt_call call = call_to("127.0.0.1", 6379);

	rig_calls(rig, 7, 1, 1, &call);
	rig_calls(rig, 7, 1, 0, &call);
	assert_int_equal(exchange(rig, 1)->calls_len, 0);
}

static void calls_stay_until_the_exchange_is_final(void **state)
{
	struct rig *rig = *state;
	struct rt_call call = call_to("127.0.0.1", 6379);

	rig_calls(rig, 7, 1, 1, &call);
	for (int i = 0; i < 2; i++) {
		rig_exchange(rig, .seq = 1, TIMES, .in = GET, .out = "x",
			     .flags = RT_EX_PROVISIONAL, .end = RT_END_IDLE);
		assert_int_equal(rig_pending(rig)->calls_len, 1);
	}
	call.count = 5;
	rig_calls(rig, 7, 1, 1, &call);
	assert_int_equal(exchange(rig, 1)->calls[0].count, 5);
}

/* The push is not of the exchange, so neither is what was called for it. */
static void unasked_push_changes_no_calls(void **state)
{
	struct rig *rig = *state;
	struct rt_call call = call_to("127.0.0.1", 6379);
	const struct request *r;

	rig_calls(rig, 7, 1, 1, &call);
	rig_exchange(rig, .seq = 1, TIMES, .in = GET, .out = OK2,
		     .flags = RT_EX_PROVISIONAL, .end = RT_END_IDLE);
	call.count = 5;
	rig_calls(rig, 7, 1, 1, &call);
	rig_exchange(rig, .seq = 1, .first_recv = 1000, .first_send = 1700,
		     .last_send = 9000, .in = GET, .out = OK2 "push");
	r = rig_request(rig);
	assert_int_equal(r->calls_len, 1);
	assert_int_equal(r->calls[0].count, 1);
}

static void overtaken_exchange_has_its_calls(void **state)
{
	struct rig *rig = *state;
	struct rt_call call = call_to("127.0.0.1", 6379);

	rig_calls(rig, 7, 2, 1, &call);
	exchange(rig, 2);
	rig_calls(rig, 7, 1, 1, &call);
	assert_int_equal(exchange(rig, 1)->calls_len, 1);
	rig_close(rig, .time = 2000);
	rig_calls(rig, 7, 3, 1, &call);
	assert_int_equal(exchange(rig, 3)->calls_len, 1);
}

static void calls_are_forgotten_with_the_connection(void **state)
{
	struct rig *rig = *state;
	struct rt_call call = call_to("127.0.0.1", 6379);

	rig_calls(rig, 7, 1, 1, &call);
	rig_close(rig, .time = 2000);
	assert_int_equal(exchange(rig, 1)->calls_len, 0);
}

static void waiting_calls_are_bounded(void **state)
{
	struct connections connections = {0};
	struct rt_calls rec = {.len = 1, .seq = 1};
	struct call_list *list;
	struct calls cs;

	(void)state;
	calls__init(&cs, &connections);
	rec.call[0] = call_to("127.0.0.1", 6379);
	for (rec.cookie = 1; rec.cookie <= CALLS_WAITING_MAX + 1;
	     rec.cookie++) {
		assert_int_equal(cs.dropped, 0);
		assert_int_equal(calls__add(&cs, &rec), 0);
	}
	assert_int_equal(cs.dropped, 1);
	assert_int_equal(calls__read(&cs, 1, 1, NULL, &list), 0);
	assert_null(list);
	assert_int_equal(calls__read(&cs, 2, 1, NULL, &list), 0);
	assert_non_null(list);
	free(list);
	calls__settle(&cs, 2, 0);
	assert_int_equal(calls__read(&cs, 2, 1, NULL, &list), 0);
	assert_non_null(list);
	free(list);
	calls__settle(&cs, 2, 1);
	assert_int_equal(calls__read(&cs, 2, 1, NULL, &list), 0);
	assert_null(list);
	calls__free(&cs);
}

/* Of connections that never tell of an exchange. */
static void dropped_calls_are_counted(void **state)
{
	struct rig *rig = *state;
	struct rt_call call = call_to("127.0.0.1", 6379);

	for (uint64_t i = 1; i <= CALLS_WAITING_MAX + 3; i++)
		rig_calls(rig, i, 1, 1, &call);
	assert_int_equal(model__totals(rig->m).calls_dropped, 3);
}

static void peers_are_named_by_port(void **state)
{
	static const struct {
		const char *address;
		uint16_t port;
		const char *label;
	} cases[] = {
		{"127.0.0.1", 5432, "postgres:5432"},
		{"127.9.9.9", 5432, "postgres:5432"},
		{"::1", 3306, "mysql:3306"},
		{"10.0.0.5", 27017, "mongodb 10.0.0.5:27017"},
		{"10.0.0.6", 27017, "mongodb 10.0.0.6:27017"},
		{"2001:db8::5", 9092, "kafka [2001:db8::5]:9092"},
		{"10.0.0.5", 7777, "10.0.0.5:7777"},
		{"127.0.0.1", 7777, "127.0.0.1:7777"},
		{"::1", 7777, "[::1]:7777"},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rt_call call = call_to(cases[i].address, cases[i].port);

		assert_string_equal(label(rig, &call), cases[i].label);
	}
}

static void peers_are_named_by_what_they_speak(void **state)
{
	struct rig *rig = *state;
	struct rt_call call = call_to("127.0.0.1", 7777);
	struct rt_call known = call_to("127.0.0.1", 7777);
	struct rt_call elsewhere = call_to("10.0.0.5", 8080);

	const char *before;

	connect_out(rig, 20, RT_TRANSPORT_TCP, PING);
	before = label(rig, &call);
	assert_string_equal(before, "127.0.0.1:7777");
	known.cookie = 20;
	assert_string_equal(label(rig, &known), "redis:7777");
	/* One peer has one name, also where it was named before. */
	assert_string_equal(before, "redis:7777");
	/* Also on the next connection, of which nothing was seen yet. */
	assert_string_equal(label(rig, &call), "redis:7777");
	/* What is seen counts more than what is usual. */
	assert_string_equal(label(rig, &elsewhere), "http 10.0.0.5:8080");
	elsewhere.cookie = 20;
	assert_string_equal(label(rig, &elsewhere), "redis 10.0.0.5:8080");
}

static void unix_peers(void **state)
{
	struct rig *rig = *state;
	struct rt_call call = {.transport = RT_TRANSPORT_UNIX, .count = 1};

	assert_string_equal(label(rig, &call), "unix");
	connect_out(rig, 20, RT_TRANSPORT_UNIX, PING);
	connect_out(rig, 21, RT_TRANSPORT_UNIX, "\1\2\3");
	call.cookie = 20;
	assert_string_equal(label(rig, &call), "redis (unix)");
	call.cookie = 21;
	assert_string_equal(label(rig, &call), "unix");
}

static void own_connection_is_the_client(void **state)
{
	struct rig *rig = *state;
	struct rt_call call[3] = {call_to("10.0.0.9", 40000),
				  call_to("10.0.0.9", 40001),
				  call_to("10.0.0.9", 40002)};
	const struct request *r;

	/* Another client of this service, whose port says nothing. */
	rig_exchange(rig, .cookie = 20, TIMES, .in = GET, .out = OK2);
	rig_request(rig);
	call[0].cookie = 7;
	call[0].count = 0;
	call[1].cookie = call[2].cookie = 20;
	rig_calls(rig, 7, 1, 3, call);
	r = exchange(rig, 1);
	assert_int_equal(r->calls_len, 2);
	assert_string_equal(r->calls[0].peer, "other clients");
	assert_int_equal(r->calls[0].network, 20);
	assert_false(r->calls[0].own);
	assert_string_equal(r->calls[1].peer, "client");
	assert_int_equal(r->calls[1].count, 0);
	assert_int_equal(r->calls[1].network, 10);
	assert_true(r->calls[1].own);
}

static void rest_is_other(void **state)
{
	struct rig *rig = *state;
	struct rt_call call = call_to("127.0.0.1", 6379);

	call.rest = 1;
	assert_string_equal(label(rig, &call), "other");
	call.cookie = 7;
	assert_string_equal(label(rig, &call), "other");
}

/* Slots that the kernel left free have no peer that could be named. */
static void free_slots_are_no_peers(void **state)
{
	struct connections connections = {0};
	struct rt_calls rec = {.cookie = 7, .seq = 1, .len = 2};
	struct call_list *list;
	struct calls cs;

	(void)state;
	calls__init(&cs, &connections);
	rec.call[1] = call_to("127.0.0.1", 6379);
	assert_int_equal(calls__add(&cs, &rec), 0);
	assert_int_equal(calls__read(&cs, 7, 1, NULL, &list), 0);
	assert_int_equal(list->len, 1);
	assert_string_equal(list->call[0].peer, "redis:6379");
	free(list);
	rec.len = 1;
	assert_int_equal(calls__add(&cs, &rec), 0);
	assert_int_equal(calls__read(&cs, 7, 1, NULL, &list), 0);
	assert_null(list);
	calls__free(&cs);
}

static void equal_labels_are_one(void **state)
{
	struct rig *rig = *state;
	struct rt_call call[3] = {call_to("127.0.0.1", 6379),
				  call_to("127.0.0.1", 5432),
				  call_to("127.0.0.2", 6379)};
	const struct request *r;

	call[0].count = 2;
	rig_calls(rig, 7, 1, 3, call);
	r = exchange(rig, 1);
	assert_int_equal(r->calls_len, 2);
	assert_string_equal(r->calls[0].peer, "redis:6379");
	assert_int_equal(r->calls[0].count, 3);
	assert_int_equal(r->calls[0].time, 20);
	assert_int_equal(r->calls[0].network, 20);
	assert_int_equal(r->calls[1].count, 1);
}

static void longest_come_first(void **state)
{
	struct rig *rig = *state;
	struct rt_call call[3] = {call_to("127.0.0.1", 6379),
				  call_to("127.0.0.1", 5432),
				  call_to("127.0.0.1", 3306)};
	const struct request *r;

	call[0].time = 50;
	call[1].time = 30;
	call[1].network = 100;
	call[2].time = 90;
	rig_calls(rig, 7, 1, 3, call);
	r = exchange(rig, 1);
	assert_string_equal(r->calls[0].peer, "postgres:5432");
	assert_string_equal(r->calls[1].peer, "mysql:3306");
	assert_string_equal(r->calls[2].peer, "redis:6379");
}

/* Of the part network; where that is not known, it is not either. */
static void network_stays_within_the_part(void **state)
{
	struct rig *rig = *state;
	struct rt_call call[2] = {call_to("127.0.0.1", 6379),
				  call_to("127.0.0.1", 5432)};
	const struct request *r;

	call[0].network = 400;
	call[1].network = 300;
	rig_calls(rig, 7, 1, 2, call);
	r = exchange(rig, 1);
	assert_int_equal(r->part[PART_NETWORK], 500);
	assert_int_equal(r->calls[0].network, 400);
	assert_int_equal(r->calls[1].network, 100);
	call[1].count = call[1].time = 0;
	rig_calls(rig, 7, 2, 2, call);
	rig_exchange(rig, .seq = 2, TIMES, .in = GET, .out = OK2);
	r = rig_request(rig);
	assert_int_equal(r->calls_len, 1);
	assert_int_equal(r->calls[0].count, 1);
	assert_int_equal(r->calls[0].network, 0);
}

static void joined_turns_merge_their_calls(void **state)
{
	struct rig *rig = *state;
	struct rt_call call[2] = {call_to("127.0.0.1", 6379),
				  call_to("127.0.0.1", 5432)};
	const struct request *r;

	rig_calls(rig, 7, 1, 1, call);
	rig_exchange(rig, .seq = 1, .first_recv = 1000, .first_send = 1100,
		     .in = POST_HEAD "he", .out = "x");
	rig_calls(rig, 7, 2, 2, call);
	for (int i = 0; i < 2; i++) {
		rig_exchange(rig, .seq = 2, .first_recv = 1200,
			     .first_send = 1300, .in = "llo", .out = "x",
			     .flags = i ? 0 : RT_EX_PROVISIONAL,
			     .end = i ? RT_END_NEXT : RT_END_IDLE);
		r = i ? rig_request(rig) : rig_pending(rig);
		assert_int_equal(r->calls_len, 2);
		assert_string_equal(r->calls[0].peer, "redis:6379");
		assert_int_equal(r->calls[0].count, 2);
		assert_int_equal(r->calls[1].count, 1);
	}
}

static void joined_calls_past_the_bound_are_other(void **state)
{
	struct rig *rig = *state;
	struct rt_call first[RT_CALLS], second[RT_CALLS];
	const struct request *r;
	uint64_t count = 0;

	for (size_t i = 0; i < RT_CALLS; i++) {
		first[i] = call_to("10.0.0.1", 1000 + i);
		second[i] = call_to("10.0.0.2", 1000 + i);
		second[i].time = 100 + i;
	}
	rig_calls(rig, 7, 1, RT_CALLS, first);
	rig_exchange(rig, .seq = 1, .first_recv = 1000, .first_send = 1100,
		     .in = POST_HEAD "he", .out = "x");
	rig_calls(rig, 7, 2, RT_CALLS, second);
	rig_exchange(rig, .seq = 2, .first_recv = 1200, .first_send = 1300,
		     .in = "llo", .out = "x");
	r = rig_request(rig);
	assert_int_equal(r->calls_len, RT_CALLS);
	for (size_t i = 0; i < RT_CALLS; i++)
		count += r->calls[i].count;
	assert_int_equal(count, 2 * RT_CALLS);
	assert_string_equal(r->calls[0].peer, "other");
	assert_int_equal(r->calls[0].count, RT_CALLS + 1);
	assert_int_equal(r->calls[0].time, 10 * RT_CALLS + 100);
	assert_string_equal(r->calls[1].peer, "10.0.0.2:1005");
}

static void peers_are_bounded(void **state)
{
	struct rt_call call = call_to("10.0.0.1", 7777);
	struct rt_call redis = call_to("10.1.0.1", 6379);
	struct peers ps;
	const char *first, *out;

	(void)state;
	peers__init(&ps);
	assert_int_equal(peers__label(&ps, &call, NULL, &first), 0);
	for (uint32_t i = 1; i < PEERS_MAX; i++) {
		call.port = i;
		assert_int_equal(peers__label(&ps, &call, NULL, &out), 0);
		assert_string_not_equal(out, "other");
	}
	assert_int_equal(peers__label(&ps, &redis, NULL, &out), 0);
	assert_string_equal(out, "other");
	call.port = 7777;
	assert_int_equal(peers__label(&ps, &call, NULL, &out), 0);
	assert_ptr_equal(out, first);
	peers__free(&ps);
}

#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(calls_come_with_their_exchange),
		T(unsure_calls_are_only_waited_for),
		T(later_record_replaces),
		T(no_calls_replace_some),
		T(calls_stay_until_the_exchange_is_final),
		T(unasked_push_changes_no_calls),
		T(overtaken_exchange_has_its_calls),
		T(calls_are_forgotten_with_the_connection),
		cmocka_unit_test(waiting_calls_are_bounded),
		T(dropped_calls_are_counted),
		T(peers_are_named_by_port),
		T(peers_are_named_by_what_they_speak),
		T(unix_peers),
		T(own_connection_is_the_client),
		T(rest_is_other),
		cmocka_unit_test(free_slots_are_no_peers),
		T(equal_labels_are_one),
		T(longest_come_first),
		T(network_stays_within_the_part),
		T(joined_turns_merge_their_calls),
		T(joined_calls_past_the_bound_are_other),
		cmocka_unit_test(peers_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
