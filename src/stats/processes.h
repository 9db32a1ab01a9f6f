/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of processes. Exited ones are kept as long as there are figures of
 * theirs to be named. Fed with the lives of processes.
 */
#ifndef REQTRACE_STATS_PROCESSES_H
#define REQTRACE_STATS_PROCESSES_H

#include "base/hash.h"
#include "model/sink.h"
#include "stats/instances.h"
#include "stats/snapshot.h"

/* Past this many, a process that exits without figures is forgotten: a shell
 * script may start millions. */
#define PROCESSES_KEPT 4096

/*
 * Ids from here on stand for the exited processes of one instance, service and
 * name, whose figures were added up (retire.h). The kernel's own end at 2^22.
 * Sums of instances that are over are added up in turn, as of instance 0. There
 * are at most PROCESSES_SUMS of instances, and as many of instance 0; what is
 * more is in one called "other".
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
	uint64_t ended; /* order of exits; of a sum: the latest */
	struct snapshot_process names;
	char *resource; /* owned, of names; NULL: it is empty */
	/* Of names.instance; stays from an exec until it is known what runs. */
	struct membership member;
	struct process_sum *sum; /* that this stands for, or NULL */
	UT_hash_handle hh;
};

/* Names are interned. */
struct process_sum {
	struct process_sum_key {
		const char *comm, *service;
		uint64_t instance;
	} key;
	struct identity *identity; /* a reference; of instance 0: NULL */
	uint32_t pid;
	UT_hash_handle hh;
};

struct processes {
	struct process *all;	  /* uthash by pid, owned; with the sums */
	struct process_sum *sums; /* uthash by key, owned */
	struct instances instances;
	size_t instance_sums; /* those of an instance */
	uint32_t next_sum;    /* where to look for an id */
	uint64_t exits;	      /* how many there were */
	uint64_t folded;      /* processes whose figures are in a sum */
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
/* 0 when not known. */
uint32_t process_list__instance(const struct processes *ps, uint32_t pid);

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

/* Are the sums of instances many? */
bool process_list__is_crowded(const struct processes *ps);

/* For retire.h: take all marks away, set one, and choose the older half of
 * those that have exited and are not busy, or, if there are none, of the sums
 * of instances that are over; or one process. 0 or -ENOMEM. */
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
