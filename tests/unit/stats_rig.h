/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics on a bench: requests and lives into the sink, snapshots out.
 * Snapshots are taken at 100 ms, of facts that are all 0, and end no interval
 * unless a function says so. What fails, fails the test.
 */
#ifndef REQTRACE_TESTS_STATS_RIG_H
#define REQTRACE_TESTS_STATS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats/stats.h"

#define MS UINT64_C(1000000)
#define NOW (100 * MS)
#define PID 10

struct stats *new_stats(enum snapshot_by by, size_t max_series,
			size_t max_conns);

void tell(struct stats *s, const struct request *r);
void tell_conn(struct stats *s, const struct sink_conn *c);
void tell_process(struct stats *s, uint32_t pid, const char *comm, bool exited);

/* stats__snapshot with an array of pending requests. */
int take_snapshot(struct stats *s, const struct stats_facts *facts,
		  const struct request *pending, size_t len, uint64_t now,
		  bool ends_interval, bool final, struct snapshot **out);
struct snapshot *snap_with(struct stats *s, const struct request *pending,
			   size_t len);
struct snapshot *snap_now(struct stats *s);
struct snapshot *snap_interval(struct stats *s, const struct request *pending,
			       size_t len, uint64_t now);

/* A request of 4 ms, 1 ms of it in the queue and nothing known of the rest,
 * that ends at 50 ms. */
struct request get_request(const char *operation);
/* On port 80 of PID, at 11 ms. */
struct sink_conn conn_event(enum sink_conn_event event, uint64_t cookie);

/* NULL when there is none. */
const struct snapshot_series *find_series(const struct snapshot *snap,
					  const char *operation,
					  const char *status);
const struct snapshot_port *find_port(const struct snapshot *snap,
				      uint32_t pid);
uint64_t counter(const struct snapshot *snap, const char *name);

#endif
