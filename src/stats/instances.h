/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instances of services. A service is known by its name, service.namespace and
 * container.id; all processes of it that live at one time, and what they begin,
 * are one instance. One that begins when none of them lives is another. Each
 * instance has a number, which is never used again.
 */
#ifndef REQTRACE_STATS_INSTANCES_H
#define REQTRACE_STATS_INSTANCES_H

#include <stdbool.h>

#include "base/hash.h"
#include "stats/snapshot.h"

/* What the processes of one service have in common. */
struct identity {
	UT_hash_handle hh;
	uint32_t instance; /* the latest one */
	size_t living;	   /* processes; all of that instance */
	size_t refs;
	char key[];
};

struct instances {
	struct identity *all; /* uthash by key, owned */
	uint32_t latest;      /* the highest number that was given */
};

/* Whose a process is. All 0: not known. */
struct membership {
	struct identity *identity; /* a reference, or NULL */
	uint32_t instance;
	bool lives;
};

/* The identity of a process of which names are known, a reference of the
 * caller's. NULL when out of memory. */
struct identity *instances__identity(struct instances *is,
				     const struct snapshot_process *names);
struct identity *identity__get(struct identity *id); /* accepts NULL */
void identity__put(struct instances *is, struct identity *id); /* likewise */

/* Join the living of id (whose reference goes over to m); if there are none
 * the instance becomes the ancestor's, or a new one if that is 0. */
void membership__join(struct instances *is, struct membership *m,
		      struct identity *id, bool lives, uint32_t ancestor);
/* The process has exited. */
void membership__exit(struct membership *m);
void membership__leave(struct instances *is, struct membership *m);

/* Whether an instance, of this identity, has processes that live. */
static inline bool identity__lives(const struct identity *id, uint32_t instance)
{
	return id->living && id->instance == instance;
}

#endif
