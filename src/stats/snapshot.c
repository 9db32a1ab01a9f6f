/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Snapshots: owns those it builds, is fed the state of stats.c, pending
 * requests and the caller's facts, yields what views and exporters show.
 * Pending requests are counted in copies of the state.
 */
#include "stats/snapshot.h"

#include <errno.h>
#include <stdlib.h>

#include "stats/counters.h"
#include "stats/flying.h"
#include "stats/retire.h"
#include "stats/rows.h"
#include "stats/state.h"

/* Copies of what is made of requests, with the pending ones in them. */
struct copies {
	struct groups series, rows;
	struct slowest slowest;
	struct totals totals;
};

static void copies__free(struct copies *copies)
{
	groups__free(&copies->series);
	groups__free(&copies->rows);
	slowest__free(&copies->slowest);
}

static int copies__begin(struct copies *copies, const struct stats *s)
{
	int err;

	groups__init(&copies->rows, s->rows.by, s->rows.max);
	copies->totals = s->totals;
	copies->slowest = (struct slowest){0};
	err = groups__copy(&copies->series, &s->series);
	if (!err)
		err = slowest__copy(&copies->slowest, &s->slowest);
	if (!err && stats__keeps_rows(s))
		err = groups__copy(&copies->rows, &s->rows);
	return err;
}

/* What adding a pending request needs. */
struct addition {
	struct stats *stats;
	struct copies *copies;
	bool final;
	struct group *series, *row; /* of the one before */
};

/* What has been pending for longer than is slow is told now; at the end, none
 * settles any more. */
static int tell_slow(struct stats *s, const struct request *r, bool final)
{
	const struct group *g;
	struct group_key key;
	int err;

	if (!slow__tells_pending(&s->slow) && !final)
		return 0;
	key = groups__key(&s->series, r);
	g = groups__find(&s->series, &key);
	err = slow__pending(&s->slow, r, g);
	return !err && final ? slow__last(&s->slow, r, g) : err;
}

static int add_pending(void *arg, const struct request *r)
{
	struct addition *a = arg;
	int err = tell_slow(a->stats, r, a->final);

	if (err)
		return err;
	totals__add(&a->copies->totals, r);
	slowest__add(&a->copies->slowest, r);
	err = groups__add(&a->copies->series, r, &a->series);
	if (!err && stats__keeps_rows(a->stats))
		err = groups__add(&a->copies->rows, r, &a->row);
	return err;
}

static int copies__make(struct copies *copies, struct stats *s,
			const struct stats_pending *pending, bool final)
{
	struct addition a = {.stats = s, .copies = copies, .final = final};
	int err = copies__begin(copies, s);

	if (!err && pending)
		err = pending->each(pending->ctx, add_pending, &a);
	if (err) {
		copies__free(copies);
		return err;
	}
	groups__settle(&copies->series);
	groups__settle(&copies->rows);
	return 0;
}

static void set_facts(struct snapshot *snap, const struct stats_facts *facts)
{
	snap->version = facts->version;
	snap->engine = facts->engine;
	snap->host = facts->host;
	snap->kernel = facts->kernel;
	snap->arch = facts->arch;
	snap->hooks = facts->hooks;
	snap->hooks_len = facts->hooks_len;
	snap->not_seen = facts->lost;
	snap->not_seen_len = facts->lost_len;
	snap->cpus = facts->cpus;
	snap->wall_start = facts->wall_start;
	snap->start = facts->start;
	snap->in_flight = facts->in_flight;
	snap->lost = facts->counter[RT_COUNT_LOST];
	snap->bpf_known = facts->bpf_known;
	snap->bpf_ns = facts->bpf_ns;
	snap->bpf_runs = facts->bpf_runs;
	snap->user_ns = facts->user_ns;
	snap->rss_bytes = facts->rss_bytes;
}

static void set_totals(struct snapshot *snap, const struct copies *copies)
{
	const struct totals *totals = &copies->totals;

	snap->attributed = totals->attributed;
	snap->unattributed = totals->unattributed;
	snap->verified = totals->verify;
	snap->violations = totals->violations;
	for (const struct group *g = copies->series.all; g; g = g->hh.next) {
		snap->exchanges += g->m.exchanges;
		snap->operations += g->m.operations;
		if (g->key.kind == GROUP_SUMMARISED)
			snap->summarised += g->m.exchanges;
	}
}

static int add_processes(struct snapshot *snap, const struct stats *s)
{
	struct snapshot_process *list;
	int err =
		process_list__list(&s->processes, &list, &snap->processes_len);

	if (!err)
		snap->processes = list;
	return err;
}

static int add_ports(struct snapshot *snap, const struct stats *s)
{
	struct snapshot_port *list;
	int err = ports__list(&s->ports, &list, &snap->ports_len);

	if (err)
		return err;
	snap->ports = list;
	for (size_t i = 0; i < snap->ports_len; i++) {
		list[i].comm = process_list__comm(&s->processes, list[i].pid);
		list[i].service =
			process_list__service(&s->processes, list[i].pid);
		list[i].instance =
			process_list__instance(&s->processes, list[i].pid);
		snap->conns_open_total += list[i].active;
	}
	return 0;
}

static int add_streams(struct snapshot *snap, const struct stats *s)
{
	struct snapshot_stream *list;
	int err = streams__list(&s->streams, &list, &snap->streams_len);

	if (err)
		return err;
	snap->streams = list;
	for (size_t i = 0; i < snap->streams_len; i++) {
		list[i].comm = process_list__comm(&s->processes, list[i].pid);
		list[i].service =
			process_list__service(&s->processes, list[i].pid);
		list[i].instance =
			process_list__instance(&s->processes, list[i].pid);
		list[i].pid = process__shown(list[i].pid);
	}
	return 0;
}

static int add_threads(struct snapshot *snap, const struct stats *s)
{
	struct snapshot_threads *list;
	int err = thread_list__list(&s->threads, &list, &snap->threads_len);

	if (err)
		return err;
	snap->threads = list;
	for (size_t i = 0; i < snap->threads_len; i++) {
		list[i].comm = process_list__comm(&s->processes, list[i].pid);
		list[i].pid = process__shown(list[i].pid);
	}
	return 0;
}

static int add_slowest(struct snapshot *snap, const struct stats *s,
		       const struct copies *copies)
{
	struct snapshot_slow *list;
	int err = slowest__list(&copies->slowest, &list, &snap->slowest_len);

	if (err)
		return err;
	snap->slowest = list;
	for (size_t i = 0; i < snap->slowest_len; i++) {
		list[i].comm =
			process_list__comm(&s->processes, list[i].request.pid);
		/* Unsigned, so right for one that began before start too. */
		list[i].wall =
			snap->wall_start + list[i].request.begin - snap->start;
	}
	return 0;
}

static int add_conns(struct snapshot *snap, const struct stats *s,
		     const struct stats_pending *pending)
{
	struct snapshot_conn *list;
	int err = conn_list__list(&s->connections, pending, snap->now,
				  s->config.max_conns, &list, &snap->conns_len);

	if (err)
		return err;
	snap->conns = list;
	for (size_t i = 0; i < snap->conns_len; i++)
		list[i].comm = process_list__comm(&s->processes, list[i].pid);
	return 0;
}

static int add_flying(struct snapshot *snap, const struct stats *s,
		      const struct stats_pending *pending)
{
	struct snapshot_in_flight *list;
	int err;

	if (!pending || !pending->each_in_flight || !snap->in_flight)
		return 0;
	err = flying__list(pending, s->config.max_series, &list,
			   &snap->flying_len);
	if (err)
		return err;
	snap->flying = list;
	for (size_t i = 0; i < snap->flying_len; i++)
		list[i].comm = process_list__comm(&s->processes, list[i].pid);
	return 0;
}

static uint64_t calls_folded(const struct groups *series)
{
	uint64_t n = 0;

	for (const struct group *g = series->all; g; g = g->hh.next)
		n += g->m.calls_folded;
	return n;
}

static int add_counters(struct snapshot *snap, const struct stats *s,
			const struct stats_facts *facts,
			const struct copies *copies)
{
	const uint64_t own[STATS_COUNTERS] = {
		[STATS_COUNT_SERIES_FOLDED] = copies->series.folded,
		[STATS_COUNT_ROWS_FOLDED] = copies->rows.folded,
		[STATS_COUNT_PORTS_FOLDED] = s->ports.folded,
		[STATS_COUNT_STREAMS_FOLDED] = s->streams.folded,
		[STATS_COUNT_THREADS_FOLDED] = s->threads.folded,
		[STATS_COUNT_EXITED_FOLDED] = s->processes.folded,
		[STATS_COUNT_CALLS_FOLDED] = calls_folded(&copies->series),
		[STATS_COUNT_PARTS_CUT] = copies->totals.parts_cut,
		[STATS_COUNT_UNREADABLE] = facts->unreadable,
		[STATS_COUNT_UNCOUNTED] = facts->uncounted,
		[STATS_COUNT_FORGOTTEN] = facts->forgotten,
		[STATS_COUNT_UNANSWERED] = facts->unanswered,
		[STATS_COUNT_CALLS_DROPPED] = facts->calls_dropped,
	};
	struct snapshot_counter *list;
	int err =
		counters__list(facts->counter, own, &list, &snap->counters_len);

	if (!err)
		snap->counters = list;
	return err;
}

/* Rows by connection are add_conns. */
static int add_rows(struct snapshot *snap, const struct stats *s,
		    struct copies *copies)
{
	bool kept = s->by == SNAPSHOT_BY_THREAD || s->by == SNAPSHOT_BY_PEER;
	struct snapshot_row *rows;
	int err;

	if (s->by == SNAPSHOT_BY_PEER)
		rows__count_peers(&copies->rows, &s->connections);
	err = rows__build(kept ? &copies->rows : &copies->series, s->by,
			  snap->ports, snap->ports_len, &s->processes, &rows,
			  &snap->rows_len);
	if (!err)
		snap->rows = rows;
	return err;
}

/* Last of all, as it takes the copies' histograms. */
static int add_series(struct snapshot *snap, const struct stats *s,
		      struct copies *copies)
{
	struct snapshot_series *list;
	int err = rows__take_series(&copies->series, &s->processes, &list,
				    &snap->series_len);

	if (!err)
		snap->series = list;
	return err;
}

static int end_interval(struct stats *s, const struct copies *copies,
			uint64_t now)
{
	int err = groups__mark(&s->series, &copies->series);

	if (!err)
		err = groups__mark(&s->rows, &copies->rows);
	if (err)
		return err;
	ports__mark(&s->ports);
	s->connections.interval++;
	s->interval_start = now;
	return 0;
}

/* Rows and series were made with the ids of sums. */
static void show_ports(struct snapshot *snap)
{
	struct snapshot_port *list = (struct snapshot_port *)snap->ports;

	for (size_t i = 0; i < snap->ports_len; i++)
		list[i].pid = process__shown(list[i].pid);
}

static int fill(struct snapshot *snap, const struct stats *s,
		const struct stats_facts *facts,
		const struct stats_pending *pending, struct copies *copies)
{
	int err;

	set_facts(snap, facts);
	set_totals(snap, copies);
	err = add_processes(snap, s);
	if (!err)
		err = add_ports(snap, s);
	if (!err)
		err = add_streams(snap, s);
	if (!err)
		err = add_threads(snap, s);
	if (!err)
		err = add_slowest(snap, s, copies);
	if (!err)
		err = add_flying(snap, s, pending);
	if (!err)
		err = add_counters(snap, s, facts, copies);
	if (!err && s->by == SNAPSHOT_BY_CONNECTION)
		err = add_conns(snap, s, pending);
	if (!err && s->by != SNAPSHOT_BY_CONNECTION)
		err = add_rows(snap, s, copies);
	if (!err)
		err = add_series(snap, s, copies);
	show_ports(snap);
	return err;
}

static uint64_t interval_of(const struct stats *s,
			    const struct stats_facts *facts, uint64_t now,
			    bool final)
{
	uint64_t from = s->interval_start ? s->interval_start : facts->start;

	return final || now < from ? 0 : now - from;
}

int stats__pass(struct stats *s, uint64_t now)
{
	listeners__mark(&s->ports.listeners, now, false);
	return retire__crowd(s);
}

int stats__snapshot(struct stats *s, const struct stats_facts *facts,
		    const struct stats_pending *pending, uint64_t now,
		    bool ends_interval, bool final, struct snapshot **out)
{
	struct snapshot *snap = calloc(1, sizeof(*snap));
	struct copies copies;
	int err;

	if (!snap)
		return -ENOMEM;
	listeners__mark(&s->ports.listeners, now, final);
	err = ends_interval ? retire__crowd(s) : 0;
	if (!err)
		err = copies__make(&copies, s, pending, final);
	if (err)
		goto err_snap;
	snap->now = now;
	snap->by = s->by;
	snap->final = final;
	snap->interval = interval_of(s, facts, now, final);
	err = fill(snap, s, facts, pending, &copies);
	if (!err && ends_interval)
		err = end_interval(s, &copies, now);
	copies__free(&copies);
	if (err)
		goto err_snap;
	*out = snap;
	return 0;
err_snap:
	snapshot__free(snap);
	return err;
}

void snapshot__free(struct snapshot *snap)
{
	/* Const is for readers: all of these were allocated here. */
	struct snapshot_series *series;
	struct snapshot_stream *streams;
	struct snapshot_port *ports;
	struct snapshot_row *rows;

	if (!snap)
		return;
	series = (struct snapshot_series *)snap->series;
	streams = (struct snapshot_stream *)snap->streams;
	ports = (struct snapshot_port *)snap->ports;
	rows = (struct snapshot_row *)snap->rows;
	for (size_t i = 0; i < snap->series_len; i++)
		measure__free(&series[i].m);
	for (size_t i = 0; i < snap->streams_len; i++)
		histogram__free(&streams[i].duration);
	for (size_t i = 0; i < snap->ports_len; i++) {
		histogram__free(&ports[i].lifetime);
		histogram__free(&ports[i].accept_queue);
	}
	for (size_t i = 0; i < snap->rows_len; i++)
		measure__free(&rows[i].m);
	free(series);
	free(streams);
	free(ports);
	free(rows);
	free((void *)snap->processes);
	free((void *)snap->conns);
	free((void *)snap->threads);
	free((void *)snap->slowest);
	free((void *)snap->flying);
	free((void *)snap->counters);
	free(snap);
}
