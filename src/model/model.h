/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes, connections and exchanges in; finished requests and lives of
 * connections out (sink.h). Owns the strings that requests point to.
 */
#ifndef REQTRACE_MODEL_MODEL_H
#define REQTRACE_MODEL_MODEL_H

#include "decode/decode.h"
#include "model/sink.h"

struct model;

/* sink is copied. NULL when out of memory. */
struct model *model__new(const struct model_sink *sink);
void model__free(struct model *m); /* accepts NULL */

/* Take one event. Kinds that are no business of the model (TICK, COST, ...)
 * are ignored. 0, -ENOMEM, or what the sink returned. */
int model__event(struct model *m, const struct event *ev);

/* Connections that are followed. */
size_t model__connections(const struct model *m);

/* An event of a connection comes soon: fetch its place in the table, and then,
 * when that is there, the connection into the cache. */
void model__expect_table(const struct model *m, uint64_t cookie);
void model__expect(const struct model *m, uint64_t cookie);

/* Exchanges that are idle and may still grow, as requests: counted in a
 * snapshot now, told to the sink when they are settled. Only those whose
 * response may be whole; the others are in flight. fn is called for each, and
 * what it returns but 0 ends that. 0, or what fn returned. */
typedef int (*model_pending_fn)(void *arg, const struct request *r);
int model__each_pending(struct model *m, model_pending_fn fn, void *arg);

/* Requests that are in flight, likewise; as many as model__totals has. */
typedef int (*model_in_flight_fn)(void *arg, const struct sink_in_flight *f);
int model__each_in_flight(const struct model *m, model_in_flight_fn fn,
			  void *arg);

/* Open exchanges of model__each_pending are included in these. */
struct model_totals {
	uint64_t in_flight;	/* requests known to be without a (whole)
				 * response at this moment */
	uint64_t unreadable;	/* exchanges whose request could not be read
				 * (operation "(not readable)") */
	uint64_t uncounted;	/* whose number of operations is only a lower
				 * bound */
	uint64_t unanswered;	/* last messages without answer, of protocols
				 * that are not known, before the connection
				 * closed in order; not told to the sink */
	uint64_t calls_dropped; /* records of calls out that were given up,
				 * because too many waited for their exchanges
				 */
	uint64_t forgotten;	/* connections that were given up, without
				 * CLOSED, because too many were open: their
				 * closing may not have been seen */
};

struct model_totals model__totals(const struct model *m);

#endif
