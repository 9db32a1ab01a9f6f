/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics from the outside: requests and lives into the sink, snapshots
 * out. Snapshots of tests are taken at 100 ms and end no interval unless a
 * test says so.
 */
#include "stats_rig.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static void series_count_requests(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct request a = get_request("GET /a"), late = get_request("GET /a");
	const struct snapshot_series *series;
	struct snapshot *snap;

	(void)state;
	tell_process(s, PID, "web", false);
	late.has_arrival = false; /* nothing is known of its queue */
	late.end = 52 * MS;
	late.part[PART_RECEIVE_QUEUE] = 0;
	late.part[PART_UNATTRIBUTED] = 6 * MS;
	tell(s, &a);
	tell(s, &late);
	snap = snap_now(s);
	assert_int_equal(snap->series_len, 1);
	series = &snap->series[0];
	assert_int_equal(series->pid, PID);
	assert_string_equal(series->comm, "web");
	assert_string_equal(series->protocol, "http");
	assert_int_equal(series->port, 80);
	assert_int_equal(series->m.exchanges, 2);
	assert_int_equal(series->m.operations, 2);
	assert_int_equal(series->m.with_arrival, 1);
	assert_int_equal(series->m.bytes_in, 200);
	assert_int_equal(series->m.bytes_out, 2000);
	assert_int_equal(series->m.last, 52 * MS);
	assert_int_equal(series->m.duration.sum, 10 * MS);
	assert_int_equal(series->m.duration.min, 4 * MS);
	assert_int_equal(series->m.duration.max, 6 * MS);
	assert_int_equal(series->m.time_to_first_byte.sum, 6 * MS);
	assert_int_equal(series->m.part[PART_RECEIVE_QUEUE].count, 1);
	assert_int_equal(series->m.part[PART_RECEIVE_QUEUE].sum, 1 * MS);
	assert_int_equal(series->m.part[PART_UNATTRIBUTED].count, 2);
	assert_int_equal(series->m.part[PART_UNATTRIBUTED].sum, 9 * MS);
	assert_int_equal(snap->exchanges, 2);
	assert_int_equal(snap->operations, 2);
	snapshot__free(snap);
	stats__free(s);
}

static void an_end_before_the_begin_is_no_time(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct request r = get_request("GET /a");
	struct snapshot *snap;
	const struct measure *m;

	(void)state;
	tell(s, &r);
	memset(r.part, 0, sizeof(r.part));
	r.end = r.begin - 1;
	tell(s, &r);
	snap = snap_now(s);
	m = &snap->series[0].m;
	assert_int_equal(m->duration.sum, 4 * MS);
	assert_int_equal(m->duration.zero_count, 1);
	assert_int_equal(m->part[PART_RECEIVE_QUEUE].sum +
				 m->part[PART_UNATTRIBUTED].sum,
			 m->duration.sum);
	snapshot__free(snap);
	stats__free(s);
}

static void pipelined_operations_count_each(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct request r = get_request("SET");
	struct snapshot *snap;
	const struct measure *m;

	(void)state;
	r.operations = 16;
	r.failed = 3;
	r.error = REQUEST_ERROR_STATUS;
	tell(s, &r);
	r.operations = 1;
	r.failed = 1;
	r.error = REQUEST_ERROR_RESET;
	tell(s, &r);
	snap = snap_now(s);
	m = &snap->series[0].m;
	assert_int_equal(m->exchanges, 2);
	assert_int_equal(m->operations, 17);
	assert_int_equal(m->duration.count, 17);
	assert_int_equal(m->duration.sum, 17 * 4 * MS);
	assert_int_equal(m->part[PART_RECEIVE_QUEUE].sum, 17 * MS);
	assert_int_equal(m->time_to_first_byte.count, 17);
	assert_int_equal(m->part[PART_UNATTRIBUTED].sum, 17 * 3 * MS);
	assert_int_equal(m->errors, 4);
	assert_int_equal(m->errors_by[REQUEST_OK], 0);
	assert_int_equal(m->errors_by[REQUEST_ERROR_STATUS], 3);
	assert_int_equal(m->errors_by[REQUEST_ERROR_RESET], 1);
	assert_int_equal(m->bytes_in, 200);
	assert_int_equal(snap->exchanges, 2);
	assert_int_equal(snap->operations, 17);
	snapshot__free(snap);
	stats__free(s);
}

static void every_part_of_the_key_counts(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct request r[9];
	struct snapshot *snap;

	(void)state;
	for (int i = 0; i < 9; i++)
		r[i] = get_request("GET /a");
	r[1].pid = 11;
	r[2].role = RT_ROLE_CLIENT;
	r[3].transport = RT_TRANSPORT_UNIX;
	r[4].port = 81;
	r[5].protocol = "redis";
	r[6].operation = "GET /b";
	r[7].status = "404";
	r[8].version = "1.0";
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 9; i++)
			tell(s, &r[i]);
	snap = snap_now(s);
	assert_int_equal(snap->series_len, 9);
	for (int i = 0; i < 9; i++)
		assert_int_equal(snap->series[i].m.exchanges, 2);
	/* In order: pid, role, transport, port, protocol, ... */
	assert_string_equal(snap->series[0].operation, "GET /a");
	assert_string_equal(snap->series[0].status, "200");
	assert_string_equal(snap->series[0].version, "1.0");
	assert_string_equal(snap->series[1].status, "200");
	assert_string_equal(snap->series[1].version, "1.1");
	assert_string_equal(snap->series[2].status, "404");
	assert_string_equal(snap->series[3].operation, "GET /b");
	assert_string_equal(snap->series[4].protocol, "redis");
	assert_int_equal(snap->series[5].port, 81);
	assert_int_equal(snap->series[6].transport, RT_TRANSPORT_UNIX);
	assert_int_equal(snap->series[7].role, RT_ROLE_CLIENT);
	assert_int_equal(snap->series[8].pid, 11);
	/* The two statuses and the two versions are one row. */
	assert_int_equal(snap->rows_len, 7);
	assert_int_equal(snap->rows[0].m.operations, 6);
	assert_int_equal(snap->rows[0].m.duration.sum, 24 * MS);
	snapshot__free(snap);
	stats__free(s);
}

static void ports_and_streams_are_bounded(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 2, 0);
	struct model_sink sink = stats__sink(s);
	struct snapshot *snap;

	(void)state;
	for (uint32_t pid = 1; pid <= 10; pid++) {
		struct sink_conn c = conn_event(SINK_CONN_OPENED, pid);
		const struct sink_stream st = {.event = SINK_STREAM_BEGIN,
					       .cookie = pid,
					       .pid = pid,
					       .role = RT_ROLE_SERVER,
					       .port = 80,
					       .protocol = "sse",
					       .operation = "GET /e"};

		c.pid = pid;
		tell_conn(s, &c);
		assert_int_equal(sink.stream(sink.ctx, &st), 0);
	}
	snap = snap_now(s);
	assert_int_equal(snap->ports_len, 3);
	assert_int_equal(snap->ports[0].pid, 0);
	assert_string_equal(snap->ports[0].comm, "other");
	assert_int_equal(snap->ports[0].opened, 8);
	assert_int_equal(snap->ports[1].opened, 1);
	assert_int_equal(snap->conns_open_total, 10);
	assert_int_equal(snap->streams_len, 3);
	assert_int_equal(snap->streams[0].pid, 0);
	assert_string_equal(snap->streams[0].operation, "other");
	assert_int_equal(snap->streams[0].active, 8);
	assert_int_equal(snap->streams[1].streams, 1);
	assert_int_equal(counter(snap, "ports_folded"), 8);
	assert_int_equal(counter(snap, "streams_folded"), 8);
	snapshot__free(snap);
	stats__free(s);
}

static void series_are_bounded(void **state)
{
	static char names[10][8];
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 3, 0);
	const struct snapshot_series *other;
	struct snapshot *snap;

	(void)state;
	for (int i = 0; i < 10; i++) {
		struct request r;

		names[i][0] = (char)('a' + i);
		r = get_request(names[i]);
		tell(s, &r);
		r.port = 81; /* its own overflow */
		if (i == 9)
			tell(s, &r);
	}
	snap = snap_now(s);
	assert_int_equal(snap->series_len, 3 + 2);
	other = find_series(snap, "other", "");
	assert_non_null(other);
	assert_int_equal(other->pid, PID);
	assert_int_equal(other->port, 80);
	assert_string_equal(other->protocol, "tcp");
	assert_int_equal(other->m.exchanges, 7);
	assert_int_equal(find_series(snap, "a", "200")->m.exchanges, 1);
	assert_int_equal(counter(snap, "series_folded"), 8);
	assert_int_equal(snap->exchanges, 11);
	snapshot__free(snap);
	stats__free(s);
}

static void overflow_is_bounded_too(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 2, 0);
	struct snapshot *snap;
	uint64_t total = 0;

	(void)state;
	for (uint32_t pid = 1; pid <= 50; pid++) {
		struct request r = get_request("GET /a");

		r.pid = pid;
		tell(s, &r);
	}
	snap = snap_now(s);
	/* Two of their own, two overflows of a port, one of all the rest. */
	assert_int_equal(snap->series_len, 5);
	assert_int_equal(snap->series[0].pid, 0);
	assert_string_equal(snap->series[0].comm, "other");
	assert_int_equal(snap->series[0].m.exchanges, 46);
	for (size_t i = 0; i < snap->series_len; i++)
		total += snap->series[i].m.exchanges;
	assert_int_equal(total, 50);
	assert_int_equal(counter(snap, "series_folded"), 48);
	snapshot__free(snap);
	stats__free(s);
}

static void ports_count_connections(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct sink_conn c = conn_event(SINK_CONN_OPENED, 1);
	struct snapshot *snap;
	const struct snapshot_port *p;

	(void)state;
	tell_conn(s, &c);
	c = conn_event(SINK_CONN_OPENED, 2);
	tell_conn(s, &c);
	c = conn_event(SINK_CONN_JOINED, 3);
	tell_conn(s, &c);
	c = conn_event(SINK_CONN_CLOSED, 1);
	c.time = 35 * MS;
	tell_conn(s, &c);
	snap = snap_now(s);
	assert_int_equal(snap->ports_len, 1);
	p = &snap->ports[0];
	assert_int_equal(p->opened, 2);
	assert_int_equal(p->joined, 1);
	assert_int_equal(p->closed, 1);
	assert_int_equal(p->active, 2);
	assert_int_equal(p->lifetime.count, 1);
	assert_int_equal(p->lifetime.sum, 25 * MS);
	assert_int_equal(snap->conns_open_total, 2);
	snapshot__free(snap);

	/* The lifetime of one that was joined is not known. */
	c = conn_event(SINK_CONN_CLOSED, 3);
	c.joined = true;
	c.established = 0;
	tell_conn(s, &c);
	snap = snap_now(s);
	assert_int_equal(snap->ports[0].active, 1);
	assert_int_equal(snap->ports[0].closed, 2);
	assert_int_equal(snap->ports[0].lifetime.count, 1);
	snapshot__free(snap);
	stats__free(s);
}

static void moved_connections_count_where_they_went(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_PORT, 0, 0);
	struct sink_conn c = conn_event(SINK_CONN_OPENED, 1);
	struct request r = get_request("GET /a");
	struct snapshot *snap;

	(void)state;
	tell_conn(s, &c);
	c = conn_event(SINK_CONN_JOINED, 2);
	tell_conn(s, &c);
	for (uint64_t cookie = 1; cookie <= 2; cookie++) {
		c = conn_event(SINK_CONN_MOVED, cookie);
		c.pid = 11;
		c.old_pid = PID;
		tell_conn(s, &c);
	}
	r.pid = 11;
	tell(s, &r);
	snap = snap_now(s);
	assert_int_equal(find_port(snap, PID)->opened, 0);
	assert_int_equal(find_port(snap, PID)->joined, 0);
	assert_int_equal(find_port(snap, PID)->active, 0);
	assert_int_equal(find_port(snap, 11)->opened, 1);
	assert_int_equal(find_port(snap, 11)->joined, 1);
	assert_int_equal(find_port(snap, 11)->active, 2);
	assert_int_equal(snap->rows_len, 1);
	assert_int_equal(snap->rows[0].active, 2);
	snapshot__free(snap);

	c = conn_event(SINK_CONN_CLOSED, 1);
	c.pid = 11;
	tell_conn(s, &c);
	snap = snap_now(s);
	assert_int_equal(find_port(snap, 11)->closed, 1);
	assert_int_equal(find_port(snap, 11)->active, 1);
	assert_int_equal(find_port(snap, PID)->closed, 0);
	snapshot__free(snap);
	stats__free(s);
}

static void connections_nobody_announced(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct sink_conn c = conn_event(SINK_CONN_CLOSED, 1);
	struct request r = get_request("GET /a");
	struct snapshot *snap;

	(void)state;
	r.cookie = 77;
	tell(s, &r); /* of no connection */
	tell_conn(s, &c);
	c = conn_event(SINK_CONN_MOVED, 2);
	c.pid = 11;
	c.old_pid = PID;
	tell_conn(s, &c);
	snap = snap_now(s);
	assert_int_equal(snap->exchanges, 1);
	assert_int_equal(find_port(snap, PID)->opened, 1);
	assert_int_equal(find_port(snap, PID)->closed, 1);
	assert_int_equal(find_port(snap, PID)->active, 0);
	assert_int_equal(find_port(snap, 11)->opened, 1);
	assert_int_equal(find_port(snap, 11)->active, 1);
	snapshot__free(snap);
	stats__free(s);
}

/* A kernel summary of n exchanges of 2 ms, one of them an error. */
static void tell_summary(struct stats *s, uint64_t n, uint64_t opened,
			 uint64_t closed)
{
	struct model_sink sink = stats__sink(s);
	struct rt_summary *summary = calloc(1, sizeof(*summary));
	const uint64_t *table = histogram__boundaries();
	size_t k = 0;

	assert_non_null(summary);
	while (table[k] < 2 * MS)
		k++;
	summary->header.time = 60 * MS;
	summary->key = (struct rt_summary_key){PID, 80, RT_ROLE_SERVER,
					       RT_TRANSPORT_TCP};
	summary->value.exchanges = n;
	summary->value.errors = n ? 1 : 0;
	summary->value.bytes_in = 10 * n;
	summary->value.bytes_out = 20 * n;
	summary->value.sum = n * 2 * MS;
	summary->value.min = n ? 2 * MS : UINT64_MAX;
	summary->value.max = n ? 2 * MS : 0;
	summary->value.opened = opened;
	summary->value.closed = closed;
	summary->value.bucket[k] = (uint32_t)n;
	assert_int_equal(sink.summary(sink.ctx, "srv", summary), 0);
	free(summary);
}

static void summaries_replace_the_one_before(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct request r = get_request("GET /a");
	const struct snapshot_series *series;
	struct snapshot *snap;

	(void)state;
	tell(s, &r);
	tell_summary(s, 5, 2, 0);
	tell_summary(s, 8, 4, 1);
	snap = snap_now(s);
	assert_int_equal(snap->series_len, 2);
	series = find_series(snap, "(summarised)", "");
	assert_non_null(series);
	assert_string_equal(series->protocol, "tcp");
	assert_string_equal(series->comm, "srv");
	assert_int_equal(series->m.exchanges, 8);
	assert_int_equal(series->m.operations, 8);
	assert_int_equal(series->m.errors, 1);
	assert_int_equal(series->m.bytes_in, 80);
	assert_int_equal(series->m.bytes_out, 160);
	assert_int_equal(series->m.duration.count, 8);
	assert_int_equal(series->m.duration.sum, 16 * MS);
	assert_int_equal(series->m.duration.min, 2 * MS);
	assert_int_equal(series->m.time_to_first_byte.count, 0);
	assert_int_equal(series->m.part[PART_RECEIVE_QUEUE].count, 0);
	assert_int_equal(series->m.part[PART_UNATTRIBUTED].count, 0);
	assert_int_equal(snap->exchanges, 9);
	assert_int_equal(snap->operations, 9);
	assert_int_equal(snap->summarised, 8);
	assert_int_equal(snap->ports[0].opened, 4);
	assert_int_equal(snap->ports[0].closed, 1);
	assert_int_equal(snap->ports[0].active, 3);
	assert_int_equal(snap->rows[0].m.operations, 8);
	snapshot__free(snap);
	stats__free(s);
}

static void summary_of_connections_alone(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct sink_conn c = conn_event(SINK_CONN_OPENED, 1);
	struct snapshot *snap;

	(void)state;
	/* Its opening is in the summary: listed, but not counted again. */
	c.summarised = true;
	tell_conn(s, &c);
	tell_summary(s, 0, 1, 0);
	snap = snap_now(s);
	assert_int_equal(snap->series_len, 0);
	assert_int_equal(snap->ports[0].opened, 1);
	assert_int_equal(snap->ports[0].active, 1);
	snapshot__free(snap);

	/* Handed over, and closed there. */
	c = conn_event(SINK_CONN_MOVED, 1);
	c.old_pid = PID;
	c.pid = 11;
	tell_conn(s, &c);
	snap = snap_now(s);
	assert_int_equal(find_port(snap, PID)->opened, 0);
	assert_int_equal(find_port(snap, 11)->opened, 1);
	assert_int_equal(find_port(snap, 11)->active, 1);
	snapshot__free(snap);
	stats__free(s);
}

static void pending_requests_do_not_stay(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_CONNECTION, 0, 0);
	struct sink_conn c = conn_event(SINK_CONN_OPENED, 1);
	struct request r = get_request("GET /a"), pending[3];
	struct snapshot *snap;

	(void)state;
	tell_conn(s, &c);
	c = conn_event(SINK_CONN_OPENED, 2);
	tell_conn(s, &c);
	tell(s, &r);
	pending[0] = r;
	pending[1] = get_request("GET /new");
	pending[1].end = 70 * MS;
	pending[2] = get_request("GET /a");
	pending[2].cookie = 2;
	pending[2].begin = 60 * MS;
	pending[2].end = 90 * MS;

	snap = snap_with(s, pending, 3);
	assert_int_equal(snap->exchanges, 4);
	assert_int_equal(snap->operations, 4);
	assert_int_equal(snap->series_len, 2);
	assert_int_equal(find_series(snap, "GET /a", "200")->m.exchanges, 3);
	assert_int_equal(find_series(snap, "GET /a", "200")->m.duration.max,
			 30 * MS);
	assert_int_equal(find_series(snap, "GET /new", "200")->m.exchanges, 1);
	assert_int_equal(snap->conns_len, 2);
	assert_int_equal(snap->conns[0].exchanges, 1); /* latest: cookie 2 */
	assert_int_equal(snap->conns[0].max, 30 * MS);
	assert_int_equal(snap->conns[0].idle, 10 * MS);
	assert_int_equal(snap->conns[1].exchanges, 3);
	assert_int_equal(snap->conns[1].max, 24 * MS);
	assert_int_equal(snap->conns[1].idle, 30 * MS);
	assert_int_equal(snap->conns[1].bytes_out, 3000);
	snapshot__free(snap);

	snap = snap_now(s);
	assert_int_equal(snap->exchanges, 1);
	assert_int_equal(snap->series_len, 1);
	assert_int_equal(snap->series[0].m.exchanges, 1);
	assert_int_equal(snap->series[0].m.duration.count, 1);
	assert_int_equal(snap->series[0].m.duration.max, 4 * MS);
	assert_int_equal(snap->conns[0].exchanges, 1);
	assert_int_equal(snap->conns[0].max, 4 * MS);
	assert_int_equal(snap->conns[1].exchanges, 0);
	assert_int_equal(snap->conns[1].max, 0);
	snapshot__free(snap);
	stats__free(s);
}

static void pending_requests_respect_the_bound(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 1, 0);
	struct request pending[3] = {get_request("a"), get_request("b"),
				     get_request("c")};
	struct snapshot *snap = snap_with(s, pending, 3);

	(void)state;
	assert_int_equal(snap->series_len, 2);
	assert_int_equal(find_series(snap, "other", "")->m.exchanges, 2);
	assert_int_equal(counter(snap, "series_folded"), 2);
	snapshot__free(snap);
	snap = snap_now(s);
	assert_int_equal(snap->series_len, 0);
	assert_int_equal(counter(snap, "series_folded"), 0);
	snapshot__free(snap);

	/* And the place is still free. */
	tell(s, &pending[2]);
	snap = snap_now(s);
	assert_non_null(find_series(snap, "c", "200"));
	snapshot__free(snap);
	stats__free(s);
}

static void recent_is_since_the_last_interval(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct request r = get_request("GET /a");
	struct snapshot *snap;

	(void)state;
	r.operations = 3;
	tell(s, &r);
	snap = snap_now(s);
	assert_int_equal(snap->series[0].m.recent, 3);
	snapshot__free(snap);
	snap = snap_interval(s, NULL, 0, 100 * MS); /* the former ended none */
	assert_int_equal(snap->series[0].m.recent, 3);
	assert_int_equal(snap->rows[0].m.recent, 3);
	snapshot__free(snap);

	tell(s, &r);
	tell(s, &r);
	snap = snap_interval(s, NULL, 0, 350 * MS);
	assert_int_equal(snap->series[0].m.recent, 6);
	assert_int_equal(snap->rows[0].m.recent, 6);
	assert_int_equal(snap->series[0].m.operations, 9);
	assert_int_equal(snap->interval, 250 * MS);
	snapshot__free(snap);
	snap = snap_interval(s, NULL, 0, 600 * MS);
	assert_int_equal(snap->series[0].m.recent, 0);
	assert_int_equal(snap->series[0].m.duration.count, 9);
	snapshot__free(snap);
	stats__free(s);
}

static void pending_requests_are_recent_once(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct request old = get_request("GET /a"), r = get_request("GET /b");
	struct snapshot *snap;

	(void)state;
	tell(s, &old);
	/* Of a known series, and of one that nobody was told of. */
	struct request pending[2] = {old, r};

	snap = snap_interval(s, pending, 2, 100 * MS);
	assert_int_equal(find_series(snap, "GET /a", "200")->m.recent, 2);
	assert_int_equal(find_series(snap, "GET /b", "200")->m.recent, 1);
	snapshot__free(snap);

	/* Still pending, still counted, not recent again. */
	snap = snap_interval(s, pending, 2, 200 * MS);
	assert_int_equal(find_series(snap, "GET /a", "200")->m.recent, 0);
	assert_int_equal(find_series(snap, "GET /b", "200")->m.recent, 0);
	assert_int_equal(find_series(snap, "GET /b", "200")->m.exchanges, 1);
	snapshot__free(snap);

	/* Settled, and one more. */
	tell(s, &old);
	tell(s, &r);
	tell(s, &r);
	snap = snap_interval(s, NULL, 0, 300 * MS);
	assert_int_equal(find_series(snap, "GET /a", "200")->m.recent, 0);
	assert_int_equal(find_series(snap, "GET /b", "200")->m.recent, 1);
	assert_int_equal(find_series(snap, "GET /b", "200")->m.exchanges, 2);
	snapshot__free(snap);
	stats__free(s);
}

static void recent_openings(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct sink_conn c = conn_event(SINK_CONN_OPENED, 1);
	struct snapshot *snap;

	(void)state;
	tell_conn(s, &c);
	snap = snap_interval(s, NULL, 0, 100 * MS);
	assert_int_equal(snap->ports[0].recent_opened, 1);
	snapshot__free(snap);
	c = conn_event(SINK_CONN_OPENED, 2);
	tell_conn(s, &c);
	/* The first opened long ago, the second just now. */
	for (uint64_t cookie = 1; cookie <= 2; cookie++) {
		c = conn_event(SINK_CONN_MOVED, cookie);
		c.old_pid = PID;
		c.pid = 11;
		tell_conn(s, &c);
	}
	snap = snap_now(s);
	assert_int_equal(find_port(snap, PID)->recent_opened, 0);
	snapshot__free(snap);
	/* The old process owes nothing for those that left it. */
	c = conn_event(SINK_CONN_OPENED, 3);
	tell_conn(s, &c);
	snap = snap_interval(s, NULL, 0, 200 * MS);
	assert_int_equal(find_port(snap, PID)->recent_opened, 1);
	assert_int_equal(find_port(snap, 11)->recent_opened, 1);
	assert_int_equal(find_port(snap, 11)->opened, 2);
	snapshot__free(snap);
	stats__free(s);
}

static void rows_by_process_and_port(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_PROCESS, 0, 0);
	struct request r = get_request("GET /a");
	struct sink_conn c = conn_event(SINK_CONN_OPENED, 1);
	struct snapshot *snap;

	(void)state;
	tell_conn(s, &c);
	c = conn_event(SINK_CONN_OPENED, 2);
	c.port = 81;
	tell_conn(s, &c);
	tell(s, &r);
	r.operation = "GET /b";
	tell(s, &r);
	r.port = 81;
	tell(s, &r);
	r.role = RT_ROLE_CLIENT; /* calls out are not mixed with answers */
	tell(s, &r);

	snap = snap_now(s);
	assert_int_equal(snap->rows_len, 2);
	assert_int_equal(snap->rows[0].m.operations, 3);
	assert_int_equal(snap->rows[0].active, 2);
	assert_false(snap->rows[0].has_port);
	assert_null(snap->rows[0].operation);
	assert_int_equal(snap->rows[1].role, RT_ROLE_CLIENT);
	snapshot__free(snap);

	assert_int_equal(stats__set_by(s, SNAPSHOT_BY_PORT), 0);
	snap = snap_now(s);
	assert_int_equal(snap->by, SNAPSHOT_BY_PORT);
	assert_int_equal(snap->rows_len, 3);
	assert_int_equal(snap->rows[0].port, 80);
	assert_true(snap->rows[0].has_port);
	assert_int_equal(snap->rows[0].m.operations, 2);
	assert_int_equal(snap->rows[0].m.duration.count, 2);
	assert_int_equal(snap->rows[0].active, 1);
	assert_int_equal(snap->rows[1].active, 1);
	snapshot__free(snap);

	assert_int_equal(stats__set_by(s, SNAPSHOT_BY_THREAD), -ENOTSUP);
	assert_int_equal(stats__set_by(s, SNAPSHOT_BY_PEER), -ENOTSUP);
	stats__free(s);
}

static void rows_by_thread(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_THREAD, 2, 0);
	struct request r = get_request("GET /a");
	struct snapshot *snap;
	uint64_t total = 0;

	(void)state;
	for (uint32_t tid = 1; tid <= 5; tid++) {
		r.tid = tid;
		tell(s, &r);
	}
	r.tid = 2;
	r.operation = "GET /b";
	tell(s, &r);
	tell_summary(s, 1, 0, 0);
	snap = snap_with(s, &r, 1);
	assert_int_equal(snap->rows_len, 4);
	assert_int_equal(snap->rows[0].pid, 0); /* the rest */
	assert_string_equal(snap->rows[0].comm, "other");
	assert_string_equal(snap->rows[0].operation, "other");
	assert_int_equal(snap->rows[0].m.operations, 3);
	assert_int_equal(snap->rows[1].tid, 2); /* as many, one is pending */
	assert_int_equal(snap->rows[1].m.operations, 3);
	assert_int_equal(snap->rows[2].tid, 1);
	assert_null(snap->rows[2].operation);
	assert_string_equal(snap->rows[3].operation, "(summarised)");
	for (size_t i = 0; i < snap->rows_len; i++)
		total += snap->rows[i].m.operations;
	assert_int_equal(total, snap->operations);
	assert_int_equal(counter(snap, "rows_folded"), 3);
	snapshot__free(snap);

	/* To other rows and back. */
	assert_int_equal(stats__set_by(s, SNAPSHOT_BY_PROCESS), 0);
	assert_int_equal(stats__set_by(s, SNAPSHOT_BY_PEER), -ENOTSUP);
	tell(s, &r);
	tell(s, &r);
	assert_int_equal(stats__set_by(s, SNAPSHOT_BY_THREAD), 0);
	snap = snap_interval(s, NULL, 0, 200 * MS);
	assert_int_equal(snap->rows[0].tid, 2);
	assert_int_equal(snap->rows[0].m.operations, 4);
	assert_int_equal(snap->rows[0].m.recent, 4);
	snapshot__free(snap);
	snap = snap_interval(s, &r, 1, 300 * MS);
	assert_int_equal(snap->rows[0].m.recent, 1);
	snapshot__free(snap);
	stats__free(s);
}

static void rows_by_peer(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_PEER, 0, 0);
	struct sink_conn c;
	struct request r;
	struct snapshot *snap;

	(void)state;
	for (uint64_t cookie = 1; cookie <= 3; cookie++) {
		c = conn_event(SINK_CONN_OPENED, cookie);
		c.remote_addr[15] = cookie == 3 ? 9 : 1;
		c.remote_port = (uint16_t)(5000 + cookie);
		tell_conn(s, &c);
		r = get_request("GET /a");
		r.cookie = cookie;
		memcpy(r.remote_addr, c.remote_addr, sizeof(r.remote_addr));
		r.remote_port = c.remote_port;
		tell(s, &r);
	}
	r = get_request("GET /a");
	r.transport = RT_TRANSPORT_UNIX;
	r.port = 0;
	tell(s, &r);
	snap = snap_now(s);
	assert_int_equal(snap->rows_len, 3);
	assert_string_equal(snap->rows[0].peer, "::1");
	assert_int_equal(snap->rows[0].m.operations, 2);
	assert_int_equal(snap->rows[0].active, 2);
	assert_int_equal(snap->rows[0].port, 80);
	assert_string_equal(snap->rows[1].peer, "::9");
	assert_int_equal(snap->rows[1].active, 1);
	assert_string_equal(snap->rows[2].peer, "unix");
	assert_int_equal(snap->rows[2].active, 0);
	snapshot__free(snap);
	stats__free(s);
}

static void summaries_have_rows_of_their_own(void **state)
{
	static const enum snapshot_by bys[] = {SNAPSHOT_BY_THREAD,
					       SNAPSHOT_BY_PEER};

	(void)state;
	/* Even beside a thread or a peer that is not known either. */
	for (size_t i = 0; i < 2; i++) {
		struct stats *s = new_stats(bys[i], 0, 0);
		struct request r = get_request("GET /a");
		struct snapshot *snap;

		r.tid = 0;
		tell(s, &r);
		tell_summary(s, 5, 0, 0);
		snap = snap_now(s);
		assert_int_equal(snap->rows_len, 2);
		assert_string_equal(snap->rows[0].operation, "(summarised)");
		assert_int_equal(snap->rows[0].m.operations, 5);
		assert_null(snap->rows[1].operation);
		assert_int_equal(snap->rows[1].m.operations, 1);
		snapshot__free(snap);
		stats__free(s);
	}
}

static void rows_are_in_a_stable_order(void **state)
{
	static const char *const names[] = {"d", "b", "a", "c"};
	struct snapshot *snap[2];

	(void)state;
	for (size_t turn = 0; turn < 2; turn++) {
		struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);

		for (size_t i = 0; i < 4; i++) {
			struct request r = get_request(names[turn ? 3 - i : i]);

			r.operations = *r.operation == 'c' ? 2 : 1;
			tell(s, &r);
		}
		snap[turn] = snap_now(s);
		stats__free(s);
	}
	for (size_t turn = 0; turn < 2; turn++) {
		assert_string_equal(snap[turn]->rows[0].operation, "c");
		assert_string_equal(snap[turn]->rows[1].operation, "a");
		assert_string_equal(snap[turn]->rows[2].operation, "b");
		assert_string_equal(snap[turn]->rows[3].operation, "d");
		assert_string_equal(snap[turn]->series[0].operation, "a");
		assert_string_equal(snap[turn]->series[3].operation, "d");
		snapshot__free(snap[turn]);
	}
}

static void connections_have_their_own_figures(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_CONNECTION, 0, 0);
	struct sink_conn c = conn_event(SINK_CONN_OPENED, 1);
	struct request r = get_request("GET /a");
	const struct snapshot_conn *conn;
	struct snapshot *snap;

	(void)state;
	tell_process(s, PID, "web", false);
	tell_conn(s, &c);
	tell(s, &r);
	r.end = 58 * MS;
	tell(s, &r);
	c = conn_event(SINK_CONN_JOINED, 2);
	c.time = 20 * MS;
	tell_conn(s, &c);
	snap = snap_now(s);
	assert_int_equal(snap->rows_len, 0);
	assert_int_equal(snap->conns_len, 2);
	conn = &snap->conns[0];
	assert_true(conn->open);
	assert_string_equal(conn->comm, "web");
	assert_string_equal(conn->local, "127.0.0.1:80");
	assert_string_equal(conn->remote, "[::1]:5000");
	assert_string_equal(conn->protocol, "http");
	assert_int_equal(conn->age, 90 * MS);
	assert_int_equal(conn->idle, 42 * MS);
	assert_int_equal(conn->exchanges, 2);
	assert_int_equal(conn->bytes_in, 200);
	assert_int_equal(conn->max, 12 * MS);
	assert_in_range(conn->p50, 4 * MS, 4 * MS * 11 / 10);
	assert_in_range(conn->p99, 11 * MS, 12 * MS);
	assert_string_equal(snap->conns[1].protocol, "tcp");
	assert_true(snap->conns[1].joined);
	assert_int_equal(snap->conns[1].age, 80 * MS);
	snapshot__free(snap);

	/* Listed under any other grouping: no. */
	assert_int_equal(stats__set_by(s, SNAPSHOT_BY_OPERATION), 0);
	snap = snap_now(s);
	assert_int_equal(snap->conns_len, 0);
	assert_int_equal(snap->conns_open_total, 2);
	snapshot__free(snap);
	stats__free(s);
}

static void slowest_closed_connections_stay(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_CONNECTION, 0, 4);
	struct snapshot *snap;

	(void)state;
	/* 300 that close, the slowest in the middle; 6 that stay. */
	for (uint64_t i = 1; i <= 306; i++) {
		struct sink_conn c = conn_event(SINK_CONN_OPENED, i);
		struct request r = get_request("GET /a");

		tell_conn(s, &c);
		r.cookie = i;
		r.begin = 10 * MS;
		r.end = r.begin + (i * 77 % 307) * MS / 10;
		tell(s, &r);
		c = conn_event(SINK_CONN_CLOSED, i);
		c.time = 60 * MS;
		c.bytes_in = 5000;
		if (i <= 300)
			tell_conn(s, &c);
	}
	snap = snap_now(s);
	assert_int_equal(snap->conns_open_total, 6);
	assert_int_equal(snap->conns_len, 4 + 100);
	for (size_t i = 0; i < 4; i++)
		assert_true(snap->conns[i].open);
	for (size_t i = 1; i < 4; i++)
		assert_true(snap->conns[i - 1].idle <= snap->conns[i].idle);
	for (size_t i = 4; i < snap->conns_len; i++) {
		assert_false(snap->conns[i].open);
		assert_int_equal(snap->conns[i].age, 50 * MS);
		assert_int_equal(snap->conns[i].idle, 0);
		assert_int_equal(snap->conns[i].bytes_in, 5000);
	}
	/* i * 77 % 307 takes each of 1..306 once, and the six that stay take
	 * 230, 307 - 77 * k, ...: count how many closed are slower. */
	for (size_t i = 4, slower = 0; i < snap->conns_len; i++, slower = 0) {
		for (uint64_t k = 1; k <= 300; k++)
			slower += (k * 77 % 307) * MS / 10 > snap->conns[i].max;
		assert_int_equal(slower, i - 4);
	}
	snapshot__free(snap);
	stats__free(s);
}

static void quiet_connections_are_not_slow(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_CONNECTION, 0, 0);
	struct sink_conn c = conn_event(SINK_CONN_OPENED, 1);
	struct snapshot *snap;

	(void)state;
	tell_conn(s, &c);
	c.event = SINK_CONN_CLOSED;
	tell_conn(s, &c);
	snap = snap_now(s);
	assert_int_equal(snap->conns_len, 0);
	assert_int_equal(snap->ports[0].closed, 1);
	snapshot__free(snap);
	stats__free(s);
}

/* What malloc holds; 0 where a sanitizer's malloc does not say. */
static size_t allocated(void)
{
	return mallinfo2().uordblks;
}

static void connections_are_cheap(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_CONNECTION, 0, 0);
	const uint64_t conns = 2000;
	size_t before = allocated(), after;
	struct snapshot *snap;

	(void)state;
	for (uint64_t i = 1; i <= conns; i++) {
		struct sink_conn c = conn_event(SINK_CONN_OPENED, i);

		tell_conn(s, &c);
		/* From 100 ns to 1,000 s: as wide as it gets. */
		for (uint64_t ns = 100; ns < 1000000 * MS; ns += ns / 4) {
			struct request r = get_request("GET /a");

			r.cookie = i;
			r.end = r.begin + ns;
			tell(s, &r);
		}
	}
	after = allocated();
	if (before)
		assert_in_range((after - before) / conns, 200, 320);
	snap = snap_now(s);
	assert_int_equal(snap->conns_open_total, conns);
	assert_int_equal(snap->conns_len, 1000);
	assert_int_equal(snap->conns[0].exchanges,
			 snap->series[0].m.exchanges / conns);
	/* Coarse by now, but max is exact and quantiles are within 2. */
	assert_int_equal(snap->conns[0].max, snap->series[0].m.duration.max);
	assert_true((double)snap->conns[0].p50 <
		    2 * histogram__quantile(&snap->series[0].m.duration, 0.5));
	assert_true((double)snap->conns[0].p50 >
		    histogram__quantile(&snap->series[0].m.duration, 0.5) / 2);
	snapshot__free(snap);
	stats__free(s);
}

static void streams_have_their_own_figures(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_CONNECTION, 0, 0);
	struct model_sink sink = stats__sink(s);
	struct sink_conn c = conn_event(SINK_CONN_OPENED, 1);
	struct sink_stream st = {
		.event = SINK_STREAM_BEGIN,
		.cookie = 1,
		.pid = PID,
		.role = RT_ROLE_SERVER,
		.port = 80,
		.protocol = "sse",
		.operation = "GET /events",
		.begin = 20 * MS,
		.time = 20 * MS,
		.bytes_out = 5,
	};
	struct snapshot *snap;

	(void)state;
	tell_conn(s, &c);
	assert_int_equal(sink.stream(sink.ctx, &st), 0);
	st.cookie = 2;
	assert_int_equal(sink.stream(sink.ctx, &st), 0);
	st.cookie = 1;
	st.event = SINK_STREAM_BYTES;
	st.time = 30 * MS;
	assert_int_equal(sink.stream(sink.ctx, &st), 0);
	snap = snap_now(s);
	assert_int_equal(snap->streams_len, 1);
	assert_int_equal(snap->streams[0].streams, 2);
	assert_int_equal(snap->streams[0].active, 2);
	assert_int_equal(snap->streams[0].bytes_out, 15);
	assert_int_equal(snap->streams[0].duration.count, 0);
	assert_int_equal(snap->conns[0].bytes_out, 10);
	assert_int_equal(snap->conns[0].idle, 70 * MS);
	assert_string_equal(snap->conns[0].protocol, "sse");
	assert_int_equal(snap->exchanges, 0);
	snapshot__free(snap);

	st.event = SINK_STREAM_END;
	st.time = 80 * MS;
	st.pid = 11; /* ended by another process */
	assert_int_equal(sink.stream(sink.ctx, &st), 0);
	snap = snap_now(s);
	assert_int_equal(snap->streams_len, 1);
	assert_int_equal(snap->streams[0].streams, 2);
	assert_int_equal(snap->streams[0].active, 1);
	assert_int_equal(snap->streams[0].duration.sum, 60 * MS);
	snapshot__free(snap);
	stats__free(s);
}

static void exited_processes_keep_their_figures(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct request r = get_request("GET /a");
	struct snapshot *snap;

	(void)state;
	tell_process(s, PID, "web", false);
	tell(s, &r);
	/* A storm of others that do nothing that is traced. */
	for (uint32_t pid = 1000; pid < 11000; pid++) {
		tell_process(s, pid, "sh", false);
		tell_process(s, pid, "sh", true);
	}
	tell_process(s, 11000, "sh", false);
	tell_process(s, PID, "web", true); /* when many are known already */
	snap = snap_now(s);
	assert_int_equal(snap->processes[0].pid, PID);
	assert_true(snap->processes[0].exited);
	assert_string_equal(snap->processes[0].exe, "/bin/x");
	assert_string_equal(snap->series[0].comm, "web");
	assert_in_range(snap->processes_len, 2, 5000);
	snapshot__free(snap);
	stats__free(s);
}

static void facts_and_counters_pass_through(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct stats_facts facts = {.version = "1",
				    .start = 10 * MS,
				    .in_flight = 4,
				    .cpus = 2,
				    .bpf_ns = 7,
				    .unreadable = 1001,
				    .uncounted = 1002,
				    .forgotten = 1003,
				    .unanswered = 1004,
				    .calls_dropped = 1005};
	struct snapshot *snap;

	(void)state;
	for (uint64_t i = 0; i < RT_COUNTERS; i++)
		facts.counter[i] = 100 + i;
	assert_int_equal(
		stats__snapshot(s, &facts, NULL, NOW, true, false, &snap), 0);
	assert_string_equal(snap->version, "1");
	assert_int_equal(snap->in_flight, 4);
	assert_int_equal(snap->lost, 100 + RT_COUNT_LOST);
	assert_int_equal(snap->bpf_ns, 7);
	assert_int_equal(snap->interval, 90 * MS);
	assert_true(snap->counters_len > RT_COUNTERS);
	for (size_t i = 0; i < snap->counters_len; i++) {
		assert_non_null(snap->counters[i].name);
		assert_non_null(snap->counters[i].reason);
		if (i < RT_COUNTERS)
			assert_int_equal(snap->counters[i].value, 100 + i);
	}
	assert_int_equal(counter(snap, "series_folded"), 0);
	assert_int_equal(counter(snap, "connections_lost"),
			 100 + RT_COUNT_CONN_LOST);
	assert_int_equal(counter(snap, "unreadable"), 1001);
	assert_int_equal(counter(snap, "operations_at_least"), 1002);
	assert_int_equal(counter(snap, "connections_forgotten"), 1003);
	assert_int_equal(counter(snap, "unanswered"), 1004);
	assert_int_equal(counter(snap, "calls_dropped"), 1005);
	snapshot__free(snap);

	assert_int_equal(
		stats__snapshot(s, &facts, NULL, 2 * NOW, true, true, &snap),
		0);
	assert_true(snap->final);
	assert_int_equal(snap->interval, 0);
	snapshot__free(snap);
	snapshot__free(NULL);
	stats__free(s);
	stats__free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(series_count_requests),
		cmocka_unit_test(an_end_before_the_begin_is_no_time),
		cmocka_unit_test(pipelined_operations_count_each),
		cmocka_unit_test(every_part_of_the_key_counts),
		cmocka_unit_test(ports_and_streams_are_bounded),
		cmocka_unit_test(series_are_bounded),
		cmocka_unit_test(overflow_is_bounded_too),
		cmocka_unit_test(ports_count_connections),
		cmocka_unit_test(moved_connections_count_where_they_went),
		cmocka_unit_test(connections_nobody_announced),
		cmocka_unit_test(summaries_replace_the_one_before),
		cmocka_unit_test(summary_of_connections_alone),
		cmocka_unit_test(pending_requests_do_not_stay),
		cmocka_unit_test(pending_requests_respect_the_bound),
		cmocka_unit_test(recent_is_since_the_last_interval),
		cmocka_unit_test(pending_requests_are_recent_once),
		cmocka_unit_test(recent_openings),
		cmocka_unit_test(rows_by_process_and_port),
		cmocka_unit_test(rows_by_thread),
		cmocka_unit_test(rows_by_peer),
		cmocka_unit_test(summaries_have_rows_of_their_own),
		cmocka_unit_test(rows_are_in_a_stable_order),
		cmocka_unit_test(connections_have_their_own_figures),
		cmocka_unit_test(slowest_closed_connections_stay),
		cmocka_unit_test(quiet_connections_are_not_slow),
		cmocka_unit_test(connections_are_cheap),
		cmocka_unit_test(streams_have_their_own_figures),
		cmocka_unit_test(exited_processes_keep_their_figures),
		cmocka_unit_test(facts_and_counters_pass_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
