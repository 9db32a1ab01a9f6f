/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Series of finished requests, connection and stream figures, all bounded,
 * and snapshots of them. Fed through a struct model_sink.
 */
#ifndef REQTRACE_STATS_STATS_H
#define REQTRACE_STATS_STATS_H

#include "model/sink.h"
#include "stats/snapshot.h"

struct stats;

struct stats_config {
	enum snapshot_by by; /* what .rows are; thread and peer rows are only
			      * kept when asked for here */
	size_t max_series;   /* 0: the default, 2000; the rest goes to one
			      * overflow series per (pid, role, port) with
			      * operation "other" */
	size_t max_conns;    /* rows of SNAPSHOT_BY_CONNECTION; 0: 1000 */
	bool client_address; /* series of the client role are kept apart by the
			      * address that was called */
	size_t top;	     /* slowest exchanges that are kept */
	bool verify;	     /* add up the parts of every exchange */

	/* Slow exchanges, told as they happen: those that take slow_ns or
	 * longer (0: off), or longer than the running quantile slow_quantile of
	 * their own series (0.99; 0: off), which counts from a hundred
	 * operations on. Each once: when the sink gets it, or when a snapshot
	 * finds it among the pending ones. Never those that were made in the
	 * service of another one. What slow returns but 0 ends the call that
	 * led to it. */
	uint64_t slow_ns;
	double slow_quantile;
	int (*slow)(void *ctx, const struct request *r, const char *comm);
	void *slow_ctx;

	/* Each settled request, and whether it is slow in the same sense: those
	 * that were made in the service of another one never are. It does not
	 * matter whether it was told before. The final snapshot passes on those
	 * that are still pending. NULL is off. It needs no .slow. What it
	 * returns but 0 ends the call that led to it. */
	int (*settled)(void *ctx, const struct request *r, bool slow);
	void *settled_ctx;
};

/* NULL when out of memory. */
struct stats *stats__new(const struct stats_config *config);
void stats__free(struct stats *s); /* accepts NULL */

/* A sink that feeds s; valid as long as s. */
struct model_sink stats__sink(struct stats *s);

/* Change the rows of later snapshots. 0; -ENOTSUP for thread and peer rows
 * that were not kept from the start. */
int stats__set_by(struct stats *s, enum snapshot_by by);

/* No exchange that is shorter (ns) is slow at present; UINT64_MAX when that is
 * off or no series has its quantile yet. */
uint64_t stats__slow_threshold(const struct stats *s);

/* Figures that only the caller knows; pointers must outlive the snapshot. */
struct stats_facts {
	const char *version, *engine, *host, *kernel, *arch;
	const char *const *hooks;
	size_t hooks_len;
	const char *const *lost; /* sentences, without a full stop */
	size_t lost_len;
	uint32_t cpus;
	uint64_t wall_start, start;
	uint64_t in_flight;
	/* Of the model, model.h. */
	uint64_t unreadable, uncounted, forgotten, unanswered, calls_dropped;
	uint64_t counter[RT_COUNTERS];
	bool bpf_known;
	uint64_t bpf_ns, bpf_runs, user_ns, rss_bytes;
};

/* Requests that nobody was told of yet. each calls fn for every one of them,
 * always the same ones, and returns what fn returned if that was not 0. */
struct stats_pending {
	int (*each)(void *ctx, int (*fn)(void *arg, const struct request *r),
		    void *arg);
	void *ctx;
	/* Likewise those in flight, which are none of the others. NULL: they
	 * are not known. */
	int (*each_in_flight)(void *ctx,
			      int (*fn)(void *arg,
					const struct sink_in_flight *f),
			      void *arg);
};

/*
 * Build a snapshot at monotonic time now, that of the latest mark. pending
 * requests (NULL: none; idle exchanges that may still grow) are counted in this
 * snapshot only, as if they had been given to the sink. ends_interval: "recent"
 * figures cover the time since the last snapshot that had it set, and start
 * anew; what processes did that have exited may be added up before (retire.h),
 * as with stats__pass. final: the last one. Returns 0 and *out (free it with
 * snapshot__free, before s is fed again), -ENOMEM, or what the slow callback
 * returned.
 */
int stats__snapshot(struct stats *s, const struct stats_facts *facts,
		    const struct stats_pending *pending, uint64_t now,
		    bool ends_interval, bool final, struct snapshot **out);
/* A mark at now of which nobody wants a snapshot. 0 or -ENOMEM. */
int stats__pass(struct stats *s, uint64_t now);
void snapshot__free(struct snapshot *snap); /* accepts NULL */

#endif
