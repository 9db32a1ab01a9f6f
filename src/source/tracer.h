/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live source: loads and attaches the BPF programs, drains their ring, and
 * adds the records that only userspace can make (names, totals, marks). It and
 * what it includes are the only code that knows libbpf.
 */
#ifndef REQTRACE_SOURCE_TRACER_H
#define REQTRACE_SOURCE_TRACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "source/plan.h"
#include "source/source.h"

struct tracer_config {
	const uint32_t *pids; /* targets; may be none if all or comm is set */
	size_t pids_len;
	const char *comm; /* processes of this name, now and later */
	bool all;	  /* every process */
	bool server_only; /* no calls out */
	bool parts;	  /* where the time goes: the clocks of threads */
	enum engine engine;
	uint16_t port;	   /* 0: every port */
	size_t ring_bytes; /* power of two, multiple of the page size */
	uint64_t interval; /* refresh, ns; told in the recording */
	const char *version;
	const uint64_t *boundaries; /* of the histogram's buckets, ns:
				     * RT_HIST_BUCKETS, as the programs use them
				     * for what finds the ring full */
};

struct tracer;

/* Load, attach, and find what is open already. 0 and *out, or negative errno
 * and err. fn gets every record from here on, in order. */
int tracer__open(struct tracer **out, const struct tracer_config *config,
		 source_fn fn, void *ctx, struct error *err);
void tracer__close(struct tracer *t); /* accepts NULL */

/* Notified (loop__notified) when the ring has a record that must not wait: an
 * exchange that is slow (tracer__set_slow). */
int tracer__fd(const struct tracer *t);

/* Take what is in the ring. Returns how full it was, in percent, or what fn
 * returned if negative. */
int tracer__drain(struct tracer *t);

/* Make room for connections of which no hook tells that they ended. 0 or
 * negative errno. */
int tracer__tidy(struct tracer *t);

/* Have idle exchanges and totals reported, drain, then pass on a mark of this
 * kind: RT_REC_TICK, RT_REC_REPORT, RT_REC_EXPORT, or RT_REC_END, which also
 * reports what is in flight. 0 or negative errno. */
int tracer__mark(struct tracer *t, int kind);

/* Pass exchanges that take ns or longer on at once; 0: none. */
void tracer__set_slow(struct tracer *t, uint64_t ns);

/* Of the engine that was chosen. */
const char *tracer__engine(const struct tracer *t);

/* Does it probe the libraries of processes as they come? */
bool tracer__probes(const struct tracer *t);

/* How many targets are known to live. */
size_t tracer__targets(const struct tracer *t);

/* Are there targets left? Always true for all and comm. */
bool tracer__has_targets(struct tracer *t);

#endif
