/* SPDX-License-Identifier: GPL-2.0-only */
/* The time of a clock as one number of nanoseconds. */
#ifndef REQTRACE_BASE_CLOCK_H
#define REQTRACE_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_S 1000000000ull

static inline uint64_t clock__ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* CLOCK_MONOTONIC. */
static inline uint64_t clock__now(void)
{
	return clock__ns(CLOCK_MONOTONIC);
}

#endif
