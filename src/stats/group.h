/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bounded table of groups of exchanges: the series, and the rows by thread
 * or peer. What does not fit is counted in groups that say so. Fed with
 * requests and kernel summaries; yields copies for snapshots.
 */
#ifndef REQTRACE_STATS_GROUP_H
#define REQTRACE_STATS_GROUP_H

#include "base/hash.h"
#include "stats/measure.h"
#include "stats/processes.h"

/* Operations of a group before it has a quantile, and between two of them:
 * a quantile takes some 500 ns. */
#define GROUP_SLOW_OPERATIONS 100

/* Groups are made with a bound for each kind. */
enum group_kind {
	GROUP_PLAIN,
	GROUP_FOLDED,	  /* series: the others of a (pid, role, port) */
	GROUP_REST,	  /* the others of everything, one a role */
	GROUP_SUMMARISED, /* of a kernel summary: their number is bounded by
			   * the kernel's map, RT_MAX_SUMMARIES */
	GROUP_KINDS,
};

/* Without padding, compared as bytes; what is no part of a key is 0. Strings
 * are interned, so equal ones are the same pointer. */
struct group_key {
	uint32_t pid;
	uint16_t port;
	uint8_t role, transport;
	uint32_t tid;
	uint32_t kind; /* enum group_kind */
	uint8_t peer[16];
	const char *protocol, *operation, *status, *version;
};

/* A duration that follows a quantile of a group: see slow.c. */
struct group_slow {
	uint64_t over; /* ns; longer ones are slow; UINT64_MAX: not known */
	uint64_t due;  /* operations at which it is computed again */
};

struct group {
	UT_hash_handle hh;
	struct group_key key;
	struct measure m; /* .recent is only set in copies */
	uint64_t marked;  /* operations when the last interval ended */
	uint64_t active;  /* open connections: set in copies by peer */
	struct group_slow slow;
};

enum group_by { GROUP_BY_SERIES, GROUP_BY_THREAD, GROUP_BY_PEER };

struct groups {
	enum group_by by;
	bool client_address;	 /* series: as in struct stats_config */
	size_t max;		 /* of GROUP_PLAIN and of GROUP_FOLDED, each */
	struct group *all;	 /* uthash by key, owned; only groups__retire
				  * takes out */
	size_t len[GROUP_KINDS]; /* how many of each */
	uint64_t folded;     /* requests that are in GROUP_FOLDED or _REST */
	struct group *early; /* uthash, owned: marks of groups that the
			      * last interval had from pending requests
			      * alone */
};

void groups__init(struct groups *gs, enum group_by by, size_t max);
void groups__free(struct groups *gs); /* accepts an initialised gs */

/* The key of what r belongs to. */
struct group_key groups__key(const struct groups *gs, const struct request *r);

/* By peer: the key of what a connection belongs to. */
struct group_key groups__peer_key(uint32_t pid, enum rt_role role,
				  enum rt_transport transport, uint16_t port,
				  const uint8_t peer[16]);

/* Count r in its group. hint is where r's connection was counted last, or
 * NULL; *hint is set to the group (valid up to groups__retire). 0 or -ENOMEM.
 */
int groups__add(struct groups *gs, const struct request *r,
		struct group **hint);

/* Add up what is of processes that were chosen (retire.h), but for summaries.
 * 0 or -ENOMEM. */
int groups__retire(struct groups *gs, const struct processes *ps);

/* Totals of a kernel summary replace those before. 0 or -ENOMEM. */
int groups__set_summary(struct groups *gs, const struct rt_summary *summary);

/* The group of a key, or the one that stands for those that did not fit, or
 * NULL. */
struct group *groups__find(const struct groups *gs,
			   const struct group_key *key);

/* Copy into an uninitialised one, which shares the histograms of what is not
 * changed in it: from must not change before the copy is freed. 0 or -ENOMEM
 * (to is initialised). */
int groups__copy(struct groups *to, const struct groups *from);

/* All is in the copy: set .recent of every group, and count what measures leave
 * for last. */
void groups__settle(struct groups *copy);

/* The interval ends as copy shows it: recent figures of later copies of gs
 * start there. 0 or -ENOMEM. */
int groups__mark(struct groups *gs, const struct groups *copy);

/* All groups, in an order (qsort_r, handed arg) of struct group pointers.
 * Owned by the caller; NULL when out of memory. */
struct group **groups__sorted(const struct groups *gs,
			      int (*compare)(const void *, const void *,
					     void *),
			      void *arg);

#endif
