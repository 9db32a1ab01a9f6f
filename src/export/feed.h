/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hands batches of metrics from the thread that traces to those that send.
 * That thread never waits here for longer than it takes to swap a pointer;
 * the others wait for it. There is one batch at most: the freshest.
 */
#ifndef REQTRACE_EXPORT_FEED_H
#define REQTRACE_EXPORT_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "export/metrics.h"

struct feed;

/* 0 and *out, or negative errno. */
int feed__new(struct feed **out);
void feed__free(struct feed *f); /* when no thread uses it; accepts NULL */

/* --- the thread that traces ------------------------------------------ */

/* Readable while somebody waits for a batch (an eventfd, the feed's). */
int feed__fd(const struct feed *f);

/* Take over a reference: what waits, and what asks soon, gets it. Clears the
 * descriptor. */
void feed__publish(struct feed *f, const struct metrics *m);

/* No batch will come any more: all that waits, and will ask, gets the last one,
 * or NULL. */
void feed__close(struct feed *f);

/* --- the threads that send -------------------------------------------- */

/* A batch made no longer than max_age ns ago, or, once closed, the last one; a
 * reference of the caller's. NULL: none came within timeout ns, or the feed
 * was closed before the first. */
const struct metrics *feed__take(struct feed *f, uint64_t max_age,
				 uint64_t timeout);

#endif
