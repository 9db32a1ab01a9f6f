/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that is exported, in one: batches for those that ask, spans, the threads
 * that send and serve. Fed by the thread that traces with snapshots and settled
 * requests, which it never makes wait for a network.
 */
#ifndef REQTRACE_EXPORT_EXPORTER_H
#define REQTRACE_EXPORT_EXPORTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "export/config.h"
#include "stats/snapshot.h"

struct exporter;

/* Listens where it is to be scraped; nothing runs yet. config must outlive it.
 * 0 and *out, or negative errno and err. */
int exporter__new(struct exporter **out, const struct export_config *config,
		  struct error *err);
void exporter__free(struct exporter *e); /* accepts NULL */

/* Start the threads; they have the rights that the caller has now. 0, or
 * negative errno and err. */
int exporter__start(struct exporter *e, struct error *err);

/* Readable when figures are wanted: exporter__show is to be called soon. */
int exporter__fd(const struct exporter *e);

/* The figures as they are. 0 or -ENOMEM. */
int exporter__show(struct exporter *e, const struct snapshot *snap);

/* A settled request (stats_config.settled). 0 or negative errno. */
int exporter__request(struct exporter *e, const struct request *r, bool slow);

/* True if sending has begun to fail, to be warned about, or works again, since
 * the last call: a sentence that says so. */
bool exporter__news(struct exporter *e, struct error *news);

/* Tracing has ended, and its final snapshot was shown: deliver what there is,
 * for some seconds at most, and end the threads. 0, or negative errno and err
 * if figures did not arrive. */
int exporter__finish(struct exporter *e, struct error *err);

#endif
