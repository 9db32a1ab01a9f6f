/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records as the kernel makes them, without a kernel: owns the connections of
 * a made-up load, is fed nothing, yields a ring full of records at a time.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct load_config {
	const char *name;
	unsigned connections;
	unsigned ports;	     /* one process each */
	unsigned operations; /* of each port; 0: redis GET */
	unsigned decades;    /* that durations span; 0: about 50 us */
	unsigned series;     /* that come of it: for the reader */
	bool parts;
	bool churn; /* each exchange opens and closes a connection */
	bool idle;  /* provisional: reported by the sweep */
};

struct load;

/* NULL when out of memory. */
struct load *load__new(const struct load_config *config);
void load__free(struct load *l);

/* Write whole records of openings, one a connection, then none any more; the
 * same of exchanges, without end. Bytes used of size. */
size_t load__open(struct load *l, void *ring, size_t size);
size_t load__run(struct load *l, void *ring, size_t size);

/* Monotonic ns of the latest record. */
uint64_t load__now(const struct load *l);

#endif
