/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The BPF programs, from their bytes to the kernel's hooks: which are loaded
 * and attached for a configuration, in which order, and what they are called.
 */
#ifndef REQTRACE_SOURCE_TRACER_ATTACH_H
#define REQTRACE_SOURCE_TRACER_ATTACH_H

#include "source/plan.h"
#include "source/tracer.h"

struct bpf_link;
struct reqtrace_bpf;

/* Owned links of iterators; NULL those that were not asked for. */
struct tracer_iterators {
	/* sweep_tcp: NULL if sweep_living does that, too. */
	struct bpf_link *sweep_tcp, *sweep_living, *sweep_hash;
	struct bpf_link *seed;			      /* sockets */
	struct bpf_link *seed_threads, *list_threads; /* with parts */
};

/* Open, configure and load. 0 and *out (reqtrace_bpf__destroy), or negative
 * errno and err; *out may then be set, too. */
int tracer_attach__load(struct reqtrace_bpf **out,
			const struct tracer_config *config,
			const struct plan *plan, struct error *err);

/* Attach the programs, whose links bpf owns. 0, or negative errno and err. */
int tracer_attach__programs(struct reqtrace_bpf *bpf, const struct plan *plan,
			    bool parts, struct error *err);

/* *out: zeroed. 0, or negative errno and err with some of *out set. */
int tracer_attach__iterators(struct reqtrace_bpf *bpf, const struct plan *plan,
			     bool parts, struct tracer_iterators *out,
			     struct error *err);
void tracer_attach__free_iterators(struct tracer_iterators *iter);

/* Receives and sends that the kernel showed to no program, at most: it skips
 * one that is preempted (recursion_misses). */
uint64_t tracer_attach__skipped(const struct reqtrace_bpf *bpf);

#endif
