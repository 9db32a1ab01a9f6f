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

/*
 * Ids from here on stand for the exited processes of one service and name,
 * whose figures were added up (retire.h). The kernel's own end at 2^22. There
 * are at most PROCESSES_SUMS; what is more is in one called "other".
 */
#define PROCESS_SUM 0x80000000u
#define PROCESSES_SUMS 1024

enum process_mark {
	PROCESS_BUSY = 0x1,  /* something of it is not over */
	PROCESS_NAMED = 0x2, /* its name is still shown */
};

struct process {
	uint32_t pid;
	bool has_figures;
	bool retired;	/* it had figures, which are in a sum now */
	uint8_t marks;	/* enum process_mark */
	uint32_t into;	/* chosen: the sum that its figures go into; else 0 */
	uint64_t ended; /* order of exits */
	struct snapshot_process names;
	char *resource; /* owned, of names; NULL: it is empty */
	UT_hash_handle hh;
};

/* Names are interned. */
struct process_sum {
	struct process_sum_key {
		const char *comm, *service;
	} key;
	uint32_t pid;
	UT_hash_handle hh;
};

struct processes {
	struct process *all;	  /* uthash by pid, owned; with the sums */
	struct process_sum *sums; /* uthash by key, owned */
	uint64_t exits;		  /* how many there were */
	uint64_t folded;	  /* processes whose figures are in a sum */
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
const char *process_list__service(const struct processes *ps, uint32_t pid);

/* What an id is shown as, and by what ids are ordered: as they are shown, sums
 * first. */
static inline uint32_t process__shown(uint32_t pid)
{
	return pid >= PROCESS_SUM ? 0 : pid;
}

static inline uint32_t process__rank(uint32_t pid)
{
	return pid ^ PROCESS_SUM;
}

/* Has pid exited, and are there figures of it? */
bool process_list__has_past(const struct processes *ps, uint32_t pid);

/* For retire.h: take all marks away, set one, and choose the older half of
 * those that have exited and are not busy, or one. 0 or -ENOMEM. */
void process_list__unmark(struct processes *ps);
void process_list__mark(struct processes *ps, uint32_t pid,
			enum process_mark mark);
int process_list__choose(struct processes *ps, size_t *chosen);
int process_list__choose_one(struct processes *ps, uint32_t pid);

/* The sum that the figures of a process go into; 0: none. */
uint32_t process_list__into(const struct processes *ps, uint32_t pid);

/* They are there: forget those whose names are not needed. */
void process_list__retired(struct processes *ps);

/* Sorted by pid. Returns 0 and *out (free it), or -ENOMEM. */
int process_list__list(const struct processes *ps,
		       struct snapshot_process **out, size_t *len);

#endif
