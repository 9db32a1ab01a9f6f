/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stands in for the feed: gives one batch always, or none, and counts the
 * references that are out. It defines functions of feed.h and metrics.h, so
 * one file of a program includes it, which then takes none of theirs.
 */
#ifndef REQTRACE_TESTS_FIXED_FEED_H
#define REQTRACE_TESTS_FIXED_FEED_H

#include <stdatomic.h>

#include "export/feed.h"

static const struct metrics *_Atomic fixed_batch;
static atomic_int fixed_out, fixed_taken;

const struct metrics *feed__take(struct feed *f, uint64_t max_age,
				 uint64_t timeout)
{
	const struct metrics *m = atomic_load(&fixed_batch);

	(void)f;
	(void)max_age;
	(void)timeout;
	atomic_fetch_add(&fixed_taken, 1);
	if (m)
		atomic_fetch_add(&fixed_out, 1);
	return m;
}

void metrics__put(const struct metrics *m)
{
	if (m)
		atomic_fetch_sub(&fixed_out, 1);
}

#endif
