/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slow exchanges told as they happen, each once, even if it was pending when it
 * was told. Fed with settled and pending requests and with the groups that they
 * are counted in.
 */
#ifndef REQTRACE_STATS_SLOW_H
#define REQTRACE_STATS_SLOW_H

#include "stats/group.h"
#include "stats/processes.h"
#include "stats/stats.h"

/* Pending exchanges that are known to be told; of more at once, those without
 * room are told when they settle. */
#define SLOW_TOLD 65536

/* The last exchange of a connection that was told while it was pending. */
struct slow_told {
	uint64_t cookie;
	uint64_t begin;
	uint32_t seq;
	UT_hash_handle hh;
};

struct slow {
	uint64_t ns;	 /* UINT64_MAX: off */
	double quantile; /* 0: off */
	/* Either may be NULL; nothing is slow when both are. */
	int (*tell)(void *ctx, const struct request *r, const char *comm);
	void *ctx;
	int (*settled)(void *ctx, const struct request *r, bool slow);
	void *settled_ctx;
	size_t max_told;
	const struct processes *processes; /* not owned */
	struct slow_told *told;		   /* uthash by cookie, owned */
};

void slow__init(struct slow *s, const struct stats_config *config,
		const struct processes *processes);
void slow__free(struct slow *s); /* accepts an initialised s */

/* r was counted in its series g. 0 or what the callback returned. */
int slow__settled(struct slow *s, const struct request *r, struct group *g);

/* r is pending, and tracing has ended: it is settled as it is. 0 or what the
 * callback returned. */
int slow__last(const struct slow *s, const struct request *r,
	       const struct group *g);

/* Whether somebody is to be told of slow ones while they are pending. */
static inline bool slow__tells_pending(const struct slow *s)
{
	return s->tell != NULL;
}

/* r may still grow; g is its series, or NULL. 0, -ENOMEM, or what the callback
 * returned. */
int slow__pending(struct slow *s, const struct request *r,
		  const struct group *g);

/* The connection is gone. */
void slow__closed(struct slow *s, uint64_t cookie);

/* As stats__slow_threshold has it. */
uint64_t slow__threshold(const struct slow *s, const struct groups *series);

#endif
