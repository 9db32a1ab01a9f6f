/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The services of a target: which process belongs to which, when one begins
 * and ends, and what is said of it (OpenTelemetry: its resource). Fed with the
 * processes of snapshots.
 *
 * A service is all processes of the same name, namespace and container. It
 * ends when all of them have exited: its figures are told until they have
 * arrived where they are sent to, then they are said to have ended until that
 * has arrived, and then it is forgotten. A process that begins later, under the
 * same name, is another instance.
 */
#ifndef REQTRACE_EXPORT_BUILD_SERVICES_H
#define REQTRACE_EXPORT_BUILD_SERVICES_H

#include "base/hash.h"
#include "export/arena.h"
#include "export/config.h"
#include "export/metric_table.h"
#include "stats/snapshot.h"

#define SERVICE_ID_SIZE 37 /* of a UUID as text */

struct service {
	struct service *prev, *next;
	char id[SERVICE_ID_SIZE]; /* service.instance.id */
	char *key;		  /* owned; see service_key; "": no process's */
	uint64_t start;	  /* CLOCK_REALTIME ns: figures that are new were 0 then
			   */
	struct arena own; /* of what is below */
	const struct metric_attribute *attributes; /* sorted by key */
	size_t attributes_len;
	uint64_t full; /* bit: this metric has an overflow */

	/* As of the snapshot at hand. */
	uint32_t rank;	     /* by id */
	size_t members;	     /* processes */
	size_t living;	     /* of them */
	bool fresh;	     /* begins with this snapshot */
	uint64_t full_next;  /* what full will be */
	uint64_t start_next; /* what start will be */
	/* CLOCK_MONOTONIC ns of the batches that were the first to have these;
	 * 0: it has not come to that. */
	uint64_t exited; /* without a living process */
	uint64_t over;	 /* without figures */
};

/* A process that is in the snapshots. */
struct member {
	UT_hash_handle hh;
	uint32_t pid;
	struct service *service; /* NULL: it is over */
	bool exited;
	bool placed;	/* has, or had, a service */
	uint64_t since; /* of .exited; as of struct service */
	uint64_t over;	/* likewise */
	bool seen;	/* in the snapshot at hand */
};

/* An instance, as statistics number them (struct snapshot_process): as long as
 * the snapshots have something of it. */
struct instance {
	UT_hash_handle hh;
	uint32_t number;
	struct service *service; /* NULL: it is over */
	bool seen;		 /* in the snapshot at hand */
};

/* Figures of exited processes that were added up. */
struct folded {
	uint32_t instance;
	const char *service, *comm;
};

struct services {
	const struct export_config *config; /* not owned */
	struct member *members;		    /* uthash by pid, owned */
	struct instance *instances;	    /* uthash by number, owned */
	/* The highest that was in a snapshot: before this one, with it. */
	uint32_t latest, latest_next;
	struct service *all;	 /* utlist, owned */
	size_t len;		 /* of all */
	struct service *self;	 /* reqtrace itself */
	struct service *unknown; /* of what found no room, or NULL */
};

void services__init(struct services *ss, const struct export_config *config);
void services__free(struct services *ss);

/* Take in the processes of a snapshot. start: of services that are new;
 * delivered: see struct build_facts. 0 or -ENOMEM; the same again then, or what
 * comes next. */
int services__update(struct services *ss, const struct snapshot *snap,
		     uint64_t start, uint64_t delivered);

/* What the figures of a process belong to: NULL if they are no longer told. 0
 * or -ENOMEM. */
int services__of(struct services *ss, const struct snapshot *snap, uint32_t pid,
		 uint64_t start, struct service **out);

/* Likewise what those of process 0 belong to: the service of their instance. */
int services__of_folded(struct services *ss, const struct snapshot *snap,
			const struct folded *f, uint64_t start,
			struct service **out);

/* All of them, sorted by id, their ranks set; free it. NULL when out of
 * memory. */
struct service **services__sorted(struct services *ss);

/* The batch was made: forget what is over, and known to be. */
void services__commit(struct services *ss, uint64_t delivered);

/* Whether the last figures of a service, or process, have arrived. */
static inline bool service__is_over(const struct service *s)
{
	return s->over != 0;
}
static inline bool member__is_over(const struct member *m)
{
	return m->over != 0;
}

struct member *services__member(const struct services *ss, uint32_t pid);

#endif
