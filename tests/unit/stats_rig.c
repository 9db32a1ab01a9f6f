/* SPDX-License-Identifier: GPL-2.0-only */
/* See stats_rig.h. */
#include "stats_rig.h"

#include <string.h>

static const struct stats_facts no_facts;

struct stats *new_stats(enum snapshot_by by, size_t max_series,
			size_t max_conns)
{
	const struct stats_config config = {
		.by = by, .max_series = max_series, .max_conns = max_conns};
	struct stats *s = stats__new(&config);

	assert_non_null(s);
	return s;
}

void tell(struct stats *s, const struct request *r)
{
	struct model_sink sink = stats__sink(s);

	assert_int_equal(sink.request(sink.ctx, r), 0);
}

void tell_conn(struct stats *s, const struct sink_conn *c)
{
	struct model_sink sink = stats__sink(s);

	assert_int_equal(sink.conn(sink.ctx, c), 0);
}

void tell_process(struct stats *s, uint32_t pid, const char *comm, bool exited)
{
	const struct sink_process p = {.pid = pid,
				       .ppid = 1,
				       .comm = comm,
				       .exe = "/bin/x",
				       .service = "svc",
				       .resource = "a=b",
				       .started = 7,
				       .exited = exited};
	struct model_sink sink = stats__sink(s);

	assert_int_equal(sink.process(sink.ctx, &p), 0);
}

struct requests {
	const struct request *list;
	size_t len;
};

static int each_request(void *ctx,
			int (*fn)(void *arg, const struct request *r),
			void *arg)
{
	const struct requests *requests = ctx;
	int err = 0;

	for (size_t i = 0; i < requests->len && !err; i++)
		err = fn(arg, &requests->list[i]);
	return err;
}

int take_snapshot(struct stats *s, const struct stats_facts *facts,
		  const struct request *pending, size_t len, uint64_t now,
		  bool ends_interval, bool final, struct snapshot **out)
{
	struct requests requests = {pending, len};
	const struct stats_pending each = {.each = each_request,
					   .ctx = &requests};

	return stats__snapshot(s, facts, &each, now, ends_interval, final, out);
}

struct snapshot *snap_with(struct stats *s, const struct request *pending,
			   size_t len)
{
	struct snapshot *snap;

	assert_int_equal(take_snapshot(s, &no_facts, pending, len, NOW, false,
				       false, &snap),
			 0);
	return snap;
}

struct snapshot *snap_now(struct stats *s)
{
	return snap_with(s, NULL, 0);
}

struct snapshot *snap_interval(struct stats *s, const struct request *pending,
			       size_t len, uint64_t now)
{
	struct snapshot *snap;

	assert_int_equal(take_snapshot(s, &no_facts, pending, len, now, true,
				       false, &snap),
			 0);
	return snap;
}

struct request get_request(const char *operation)
{
	return (struct request){
		.cookie = 1,
		.pid = PID,
		.tid = PID,
		.role = RT_ROLE_SERVER,
		.transport = RT_TRANSPORT_TCP,
		.port = 80,
		.protocol = "http",
		.operation = operation,
		.status = "200",
		.version = "1.1",
		.begin = 46 * MS,
		.end = 50 * MS,
		.time_to_first_byte = 3 * MS,
		.part[PART_RECEIVE_QUEUE] = 1 * MS,
		.part[PART_UNATTRIBUTED] = 3 * MS,
		.has_first_byte = true,
		.has_arrival = true,
		.operations = 1,
		.bytes_in = 100,
		.bytes_out = 1000,
	};
}

struct sink_conn conn_event(enum sink_conn_event event, uint64_t cookie)
{
	struct sink_conn c = {
		.event = event,
		.cookie = cookie,
		.pid = PID,
		.role = RT_ROLE_SERVER,
		.transport = RT_TRANSPORT_TCP,
		.port = 80,
		.local_port = 80,
		.remote_port = 5000,
		.established = 10 * MS,
		.time = 11 * MS,
	};

	c.local_addr[10] = c.local_addr[11] = 0xff; /* 127.0.0.1 */
	c.local_addr[12] = 127;
	c.local_addr[15] = 1;
	c.remote_addr[15] = 1; /* ::1 */
	if (event == SINK_CONN_JOINED) {
		c.joined = true;
		c.established = 0;
	}
	return c;
}

const struct snapshot_series *find_series(const struct snapshot *snap,
					  const char *operation,
					  const char *status)
{
	for (size_t i = 0; i < snap->series_len; i++)
		if (strcmp(snap->series[i].operation, operation) == 0 &&
		    strcmp(snap->series[i].status, status) == 0)
			return &snap->series[i];
	return NULL;
}

const struct snapshot_port *find_port(const struct snapshot *snap, uint32_t pid)
{
	for (size_t i = 0; i < snap->ports_len; i++)
		if (snap->ports[i].pid == pid)
			return &snap->ports[i];
	return NULL;
}

uint64_t counter(const struct snapshot *snap, const char *name)
{
	for (size_t i = 0; i < snap->counters_len; i++)
		if (strcmp(snap->counters[i].name, name) == 0)
			return snap->counters[i].value;
	fail_msg("no counter %s", name);
	return 0;
}
