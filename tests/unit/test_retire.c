// SPDX-License-Identifier: GPL-2.0-only
/* Weeks of processes that come and go: figures of exited ones are added up, and
 * no total falls. */
#include "stats_rig.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS 10000
#define FIRST 1000

static const char *const operations[] = {"GET /a", "GET /b", "GET /c"};

static void tell_service(struct stats *s, uint32_t pid, const char *service,
			 bool exited)
{
	const struct sink_process p = {.pid = pid,
				       .ppid = 1,
				       .comm = "worker",
				       .exe = "/bin/worker",
				       .service = service,
				       .resource = "container.id=7",
				       .exited = exited};
	struct model_sink sink = stats__sink(s);

	assert_int_equal(sink.process(sink.ctx, &p), 0);
}

static void tell_stream(struct stats *s, uint32_t pid, uint64_t cookie)
{
	struct model_sink sink = stats__sink(s);
	struct sink_stream st = {.event = SINK_STREAM_BEGIN,
				 .cookie = cookie,
				 .pid = pid,
				 .role = RT_ROLE_SERVER,
				 .port = 80,
				 .protocol = "sse",
				 .operation = "GET /s",
				 .begin = 10 * MS,
				 .time = 10 * MS,
				 .bytes_out = 100};

	assert_int_equal(sink.stream(sink.ctx, &st), 0);
	st.event = SINK_STREAM_END;
	st.time = 20 * MS;
	st.bytes_out = 0;
	assert_int_equal(sink.stream(sink.ctx, &st), 0);
}

static void tell_threads(struct stats *s, uint32_t pid, uint32_t ended)
{
	const struct sink_threads t = {.pid = pid,
				       .name = "main",
				       .ended = ended,
				       .clock = {[RT_CLOCK_CPU] = 5 * ended}};
	struct model_sink sink = stats__sink(s);

	assert_int_equal(sink.threads(sink.ctx, &t), 0);
}

/* A request of each operation, on a connection of its own. */
static void serve(struct stats *s, uint32_t pid, bool close)
{
	struct sink_conn c = conn_event(SINK_CONN_OPENED, pid);

	c.pid = pid;
	tell_conn(s, &c);
	for (size_t i = 0; i < 3; i++) {
		struct request r = get_request(operations[i]);

		r.pid = pid;
		r.cookie = pid;
		r.end += i;
		tell(s, &r);
	}
	tell_stream(s, pid, pid);
	tell_threads(s, pid, 1);
	c.event = SINK_CONN_CLOSED;
	if (close)
		tell_conn(s, &c);
}

static void live(struct stats *s, uint32_t pid, const char *service)
{
	tell_service(s, pid, service, false);
	serve(s, pid, true);
	tell_service(s, pid, service, true);
}

struct sums {
	uint64_t operation[3], durations, other;
	uint64_t opened, closed, lifetimes, streams, bytes, threads, clock;
	uint32_t pids; /* that are not 0 */
};

static struct sums add_up(const struct snapshot *snap, const char *service)
{
	struct sums sums = {0};

	for (size_t i = 0; i < snap->series_len; i++) {
		const struct snapshot_series *s = &snap->series[i];

		if (strcmp(s->service, service) != 0)
			continue;
		assert_string_equal(s->comm, "worker");
		sums.durations += s->m.duration.count;
		for (size_t j = 0; j < 3; j++)
			if (!strcmp(s->operation, operations[j]))
				sums.operation[j] += s->m.operations;
		if (!strcmp(s->operation, "other"))
			sums.other += s->m.operations;
		sums.pids += s->pid != 0;
		assert_true(i == 0 || snap->series[i - 1].pid <= s->pid);
	}
	for (size_t i = 0; i < snap->ports_len; i++) {
		if (strcmp(snap->ports[i].service, service) != 0)
			continue;
		sums.opened += snap->ports[i].opened;
		sums.closed += snap->ports[i].closed;
		sums.lifetimes += snap->ports[i].lifetime.count;
		assert_true(i == 0 ||
			    snap->ports[i - 1].pid <= snap->ports[i].pid);
	}
	for (size_t i = 0; i < snap->streams_len; i++) {
		if (strcmp(snap->streams[i].service, service) != 0)
			continue;
		assert_string_equal(snap->streams[i].comm, "worker");
		sums.streams += snap->streams[i].duration.count;
		sums.bytes += snap->streams[i].bytes_out;
	}
	for (size_t i = 0; i < snap->threads_len; i++) {
		sums.threads += snap->threads[i].ended;
		sums.clock += snap->threads[i].clock[RT_CLOCK_CPU];
	}
	return sums;
}

static void check_sums(const struct snapshot *snap, uint64_t workers)
{
	const struct sums sums = add_up(snap, "shop");

	for (size_t i = 0; i < 3; i++)
		assert_int_equal(sums.operation[i], workers);
	assert_int_equal(sums.durations, 3 * workers);
	assert_int_equal(sums.other, 0);
	assert_int_equal(sums.opened, workers);
	assert_int_equal(sums.closed, workers);
	assert_int_equal(sums.lifetimes, workers);
	assert_int_equal(sums.streams, workers);
	assert_int_equal(sums.bytes, 100 * workers);
	assert_int_equal(sums.threads, workers);
	assert_int_equal(sums.clock, 5 * workers);
	assert_int_equal(snap->operations, 3 * workers);
	assert_int_equal(counter(snap, "series_folded"), 0);
	assert_int_equal(counter(snap, "ports_folded"), 0);
	assert_int_equal(counter(snap, "streams_folded"), 0);
	assert_int_equal(counter(snap, "exited_folded") + sums.pids / 3,
			 workers);
	assert_true(snap->series_len <= 2000);
}

static void workers_come_and_go(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	size_t settled = 0, most = 0;

	(void)state;
	for (uint32_t i = 0; i < WORKERS; i++) {
		live(s, FIRST + i, "shop");
		if (i % 100 == 99) {
			struct snapshot *snap =
				snap_interval(s, NULL, 0, NOW + i);

			check_sums(snap, i + 1);
			assert_int_equal(snap->series_len <= 1300, true);
			assert_true(snap->processes_len < 500);
			snapshot__free(snap);
		}
		if (i == WORKERS / 5)
			settled = mallinfo2().uordblks;
		if (i > WORKERS / 5 && mallinfo2().uordblks > most)
			most = mallinfo2().uordblks;
	}
	/* A table that is half full is not the same everywhere; and some 300
	 * bytes are kept of the threads of each process, up to a bound. A
	 * sanitizer's allocator tells nothing. */
	assert_true(most < settled + settled / 2 + 400 * WORKERS);
	stats__free(s);
}

static void passed_marks_make_room_too(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct snapshot *snap;

	(void)state;
	for (uint32_t i = 0; i < 2000; i++) {
		live(s, FIRST + i, "shop");
		if (i % 100 == 99)
			assert_int_equal(stats__pass(s, NOW + i), 0);
	}
	snap = snap_now(s);
	check_sums(snap, 2000);
	snapshot__free(snap);
	stats__free(s);
}

static void short_runs_are_as_they_were(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct snapshot *snap;

	(void)state;
	for (uint32_t i = 0; i < 333; i++)
		live(s, FIRST + i, "shop");
	snap = snap_interval(s, NULL, 0, NOW);
	assert_int_equal(snap->series_len, 999);
	assert_int_equal(snap->processes_len, 333);
	assert_int_equal(counter(snap, "exited_folded"), 0);
	assert_int_equal(add_up(snap, "shop").pids, 999);
	snapshot__free(snap);
	stats__free(s);
}

static void services_are_kept_apart(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct snapshot *snap;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		live(s, FIRST + i, i % 4 ? "shop" : "jobs");
		if (i % 100 == 99)
			assert_int_equal(stats__pass(s, NOW + i), 0);
	}
	snap = snap_now(s);
	assert_true(counter(snap, "exited_folded") > 0);
	assert_int_equal(add_up(snap, "shop").operation[0], 750);
	assert_int_equal(add_up(snap, "jobs").operation[2], 250);
	assert_int_equal(add_up(snap, "jobs").opened, 250);
	snapshot__free(snap);
	stats__free(s);
}

/* The oldest of all, but with something open. */
static void what_is_open_stays(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct request r = get_request("GET /a");
	struct sink_conn c = conn_event(SINK_CONN_CLOSED, PID);
	struct snapshot *snap;

	(void)state;
	tell_service(s, PID, "shop", false);
	serve(s, PID, false);
	tell_service(s, PID, "shop", true);
	for (uint32_t i = 0; i < 400; i++)
		live(s, FIRST + i, "shop");
	snap = snap_interval(s, NULL, 0, NOW);
	assert_non_null(find_port(snap, PID));
	assert_null(find_port(snap, FIRST));
	snapshot__free(snap);
	r.pid = PID;
	r.cookie = PID;
	tell(s, &r);
	tell_conn(s, &c);
	snap = snap_now(s);
	assert_int_equal(find_port(snap, PID)->closed, 1);
	assert_int_equal(add_up(snap, "shop").operation[0], 402);
	snapshot__free(snap);
	stats__free(s);
}

static void recent_figures_go_along(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct snapshot *snap;
	uint64_t recent = 0, opened = 0;

	(void)state;
	for (uint32_t i = 0; i < 300; i++)
		live(s, FIRST + i, "shop");
	snapshot__free(snap_interval(s, NULL, 0, NOW));
	for (uint32_t i = 300; i < 1000; i++)
		live(s, FIRST + i, "shop");
	snap = snap_interval(s, NULL, 0, 2 * NOW);
	assert_true(counter(snap, "exited_folded") > 300);
	for (size_t i = 0; i < snap->series_len; i++)
		recent += snap->series[i].m.recent;
	for (size_t i = 0; i < snap->ports_len; i++)
		opened += snap->ports[i].recent_opened;
	assert_int_equal(recent, 3 * 700);
	assert_int_equal(opened, 700);
	snapshot__free(snap);
	stats__free(s);
}

static void a_process_id_is_used_again(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct snapshot *snap;

	(void)state;
	live(s, PID, "jobs");
	live(s, PID, "shop");
	snap = snap_now(s);
	assert_int_equal(add_up(snap, "jobs").operation[0], 1);
	assert_int_equal(add_up(snap, "jobs").pids, 0);
	assert_int_equal(add_up(snap, "shop").operation[0], 1);
	assert_int_equal(add_up(snap, "shop").pids, 3);
	assert_int_equal(add_up(snap, "shop").opened, 1);
	assert_int_equal(counter(snap, "exited_folded"), 1);
	assert_int_equal(snap->processes_len, 1);
	snapshot__free(snap);
	stats__free(s);
}

/* Its threads' times go on where the kernel has them. */
static void threads_are_not_counted_twice(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct snapshot *snap;

	(void)state;
	live(s, PID, "jobs");
	tell_service(s, PID, "shop", false);
	tell_threads(s, PID, 3);
	snap = snap_now(s);
	assert_int_equal(snap->threads_len, 2);
	assert_int_equal(snap->threads[0].pid, 0);
	assert_string_equal(snap->threads[0].comm, "worker");
	assert_int_equal(snap->threads[0].ended, 1);
	assert_int_equal(snap->threads[1].pid, PID);
	assert_int_equal(snap->threads[1].ended, 2);
	assert_int_equal(snap->threads[1].clock[RT_CLOCK_CPU], 10);
	snapshot__free(snap);
	/* The kernel had no room for what ended, and begins anew. */
	tell_threads(s, PID, 0);
	tell_threads(s, PID, 2);
	snap = snap_now(s);
	assert_int_equal(snap->threads[0].ended, 1);
	assert_int_equal(snap->threads[1].ended, 2);
	snapshot__free(snap);
	stats__free(s);
}

static void summarise(struct stats *s, uint32_t pid, uint64_t n)
{
	struct model_sink sink = stats__sink(s);
	struct rt_summary summary = {
		.key = {.tgid = pid, .port = 80, .role = RT_ROLE_SERVER},
		.value = {.exchanges = n, .opened = n, .closed = n, .zero = n},
	};

	assert_int_equal(sink.summary(sink.ctx, "worker", &summary), 0);
}

static void summaries_stay_with_their_process(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct snapshot *snap;

	(void)state;
	live(s, PID, "shop");
	summarise(s, PID, 5);
	for (uint32_t i = 0; i < 400; i++)
		live(s, FIRST + i, "shop");
	snapshot__free(snap_interval(s, NULL, 0, NOW));
	summarise(s, PID, 7);
	snap = snap_interval(s, NULL, 0, 2 * NOW);
	assert_int_equal(snap->processes[0].pid, PID);
	assert_int_equal(add_up(snap, "shop").durations, 3 * 401 + 7);
	assert_int_equal(snap->summarised, 7);
	for (size_t i = 0; i < snap->series_len; i++)
		assert_int_equal(
			snap->series[i].pid == PID,
			!strcmp(snap->series[i].operation, "(summarised)"));
	snapshot__free(snap);
	stats__free(s);
}

static void openings_of_summaries_go_along(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	struct snapshot *snap;
	uint64_t opened = 0;

	(void)state;
	live(s, PID, "shop");
	summarise(s, PID, 5);
	for (uint32_t i = 0; i < 400; i++)
		live(s, FIRST + i, "shop");
	snapshot__free(snap_interval(s, NULL, 0, NOW));
	summarise(s, PID, 7);
	snap = snap_now(s);
	for (size_t i = 0; i < snap->ports_len; i++)
		opened += snap->ports[i].opened;
	assert_int_equal(opened, 401 + 7);
	assert_null(find_port(snap, PID));
	snapshot__free(snap);
	stats__free(s);
}

/* Lists of single exchanges and connections go on to name them. */
static void the_slowest_keep_their_names(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_CONNECTION, 0, 0);
	struct snapshot *snap;

	(void)state;
	for (uint32_t i = 0; i < 400; i++)
		live(s, FIRST + i, "shop");
	snap = snap_interval(s, NULL, 0, NOW);
	assert_true(counter(snap, "exited_folded") > 100);
	assert_true(snap->conns_len > 0);
	for (size_t i = 0; i < snap->conns_len; i++)
		assert_string_equal(snap->conns[i].comm, "worker");
	snapshot__free(snap);
	stats__free(s);
}

static void rows_by_peer_make_room(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_PEER, 0, 0);
	uint64_t operations_of_rows = 0;
	struct snapshot *snap;

	(void)state;
	for (uint32_t i = 0; i < 3000; i++) {
		live(s, FIRST + i, "shop");
		if (i % 100 == 99)
			assert_int_equal(stats__pass(s, NOW + i), 0);
	}
	snap = snap_now(s);
	assert_int_equal(counter(snap, "rows_folded"), 0);
	assert_true(snap->rows_len < 1000);
	for (size_t i = 0; i < snap->rows_len; i++)
		operations_of_rows += snap->rows[i].m.operations;
	assert_int_equal(operations_of_rows, 9000);
	assert_int_equal(snap->rows[0].pid, 0);
	assert_string_equal(snap->rows[0].comm, "worker");
	snapshot__free(snap);
	stats__free(s);
}

/* Names without end: what is known of them is bounded, too. */
static void sums_are_bounded(void **state)
{
	struct stats *s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	char *names = calloc(3000, 16);
	struct snapshot *snap;

	(void)state;
	assert_non_null(names);
	for (uint32_t i = 0; i < 3000; i++) {
		snprintf(names + 16 * i, 16, "service%u", i);
		live(s, FIRST + i, names + 16 * i);
		if (i % 100 == 99)
			assert_int_equal(stats__pass(s, NOW + i), 0);
	}
	snap = snap_now(s);
	assert_int_equal(snap->operations, 9000);
	assert_true(snap->series_len <= 2 * 2000 + 1);
	snapshot__free(snap);
	stats__free(s);
	free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_come_and_go),
		cmocka_unit_test(passed_marks_make_room_too),
		cmocka_unit_test(short_runs_are_as_they_were),
		cmocka_unit_test(services_are_kept_apart),
		cmocka_unit_test(what_is_open_stays),
		cmocka_unit_test(recent_figures_go_along),
		cmocka_unit_test(a_process_id_is_used_again),
		cmocka_unit_test(threads_are_not_counted_twice),
		cmocka_unit_test(summaries_stay_with_their_process),
		cmocka_unit_test(openings_of_summaries_go_along),
		cmocka_unit_test(the_slowest_keep_their_names),
		cmocka_unit_test(rows_by_peer_make_room),
		cmocka_unit_test(sums_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
