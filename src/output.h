/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where snapshots go: the live view or the plain table while tracing, the
 * text report and the JSON report at the end or when asked for.
 */
#ifndef REQTRACE_OUTPUT_H
#define REQTRACE_OUTPUT_H

#include <stdbool.h>

#include "base/error.h"
#include "options.h"
#include "stats/snapshot.h"
#include "view/view.h"

struct output;

/* Open the JSON file. 0 and *out, or negative errno and err. */
int output__open(struct output **out, const struct options *options,
		 struct error *err);

/* Tracing works: take the terminal for the live view, if wanted and possible;
 * else there are plain tables. */
void output__show(struct output *o);

/* Give the terminal back; close the JSON file. Accepts NULL. */
void output__close(struct output *o);

/* Columns of the terminal on stdout; 0: it is none. */
size_t output__width(void);

/* The live view, or NULL when there is none. */
struct live *output__live(struct output *o);

/* A slow exchange: a line, at once. wall: CLOCK_REALTIME ns of its begin. 0 or
 * negative errno and err. */
int output__slow(struct output *o, const struct request *r, const char *comm,
		 uint64_t wall, struct error *err);

/* Whether output__interval shows anything. */
bool output__shows_intervals(const struct output *o);

/* An interval is over. 0 or negative errno and err. */
int output__interval(struct output *o, const struct snapshot *snap,
		     struct error *err);

/* A full report. When final, the live view ends first. Text and JSON are tried
 * both, whatever happens to the other; the first failure is returned. */
int output__report(struct output *o, const struct snapshot *snap,
		   struct error *err);

#endif
