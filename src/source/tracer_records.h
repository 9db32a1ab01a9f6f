/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records that only userspace can make: the host, names of processes, totals
 * of maps, cost. Each function makes its record and gives it to fn, returning
 * what that returned, or negative errno.
 */
#ifndef REQTRACE_SOURCE_TRACER_RECORDS_H
#define REQTRACE_SOURCE_TRACER_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "reqtrace/record.h"
#include "source/source.h"

struct bpf_object;
struct service;

/* Fill a header with the present time. */
void tracer_records__head(struct rt_header *head, int kind, size_t size);

/* hooks, lost: NULL-terminated; lost are sentences. interval: refresh in ns. */
int tracer_records__host(const char *version, const char *engine,
			 const char *const *hooks, const char *const *lost,
			 uint64_t interval, source_fn fn, void *ctx);

/* as: which service it is, an empty one if that is not known. -ESRCH if the
 * process is gone. */
int tracer_records__process(uint32_t tgid, bool target,
			    const struct service *as, source_fn fn, void *ctx);

/* Sums over CPUs into *out, with its header; not given to anyone. */
int tracer_records__counters(int map_fd, struct rt_counters *out);
int tracer_records__summaries(int map_fd, source_fn fn, void *ctx);
int tracer_records__cost(const struct bpf_object *obj, source_fn fn, void *ctx);

#endif
