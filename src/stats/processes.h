/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of processes. Exited ones are kept as long as there are figures of
 * theirs to be named. Fed with the lives of processes.
 */
#ifndef REQTRACE_STATS_PROCESSES_H
#define REQTRACE_STATS_PROCESSES_H

#include "base/hash.h"
#include "model/sink.h"
#include "stats/snapshot.h"

/* Past this many, a process that exits without figures is forgotten: a shell
 * script may start millions. */
#define PROCESSES_KEPT 4096

struct process {
	uint32_t pid;
	bool has_figures;
	struct snapshot_process names;
	char *resource; /* owned, of names; NULL: it is empty */
	UT_hash_handle hh;
};

struct processes {
	struct process *all; /* uthash by pid, owned */
};

void process_list__init(struct processes *ps);
void process_list__free(struct processes *ps); /* accepts an initialised ps */

/* Take what is known of a process now; of one that has exited, attributes and
 * start stay what they were. 0 or -ENOMEM. */
int process_list__event(struct processes *ps, const struct sink_process *p);

/* There are figures of pid (0 is none): keep its names, even if they come
 * later. 0 or -ENOMEM. */
int process_list__use(struct processes *ps, uint32_t pid);

/* Take comm as the name of pid if it has none; NULL is none. 0 or -ENOMEM. */
int process_list__name(struct processes *ps, uint32_t pid, const char *comm);

/* The name of a process, "" when not known; of pid 0 "other". */
const char *process_list__comm(const struct processes *ps, uint32_t pid);

/* Sorted by pid. Returns 0 and *out (free it), or -ENOMEM. */
int process_list__list(const struct processes *ps,
		       struct snapshot_process **out, size_t *len);

#endif
