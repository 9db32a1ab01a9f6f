/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hand-made figures of where time went, for FAKE_PARTS: an event loop, a pool
 * of workers, calls out, and series with little to say.
 */
#ifndef TESTS_UNIT_FAKE_PARTS_H
#define TESTS_UNIT_FAKE_PARTS_H

#include "stats/snapshot.h"

#define FAKE_PARTS_SERIES 6
#define FAKE_PARTS_THREADS 13
#define FAKE_PARTS_SLOWEST 3

/* An initialised measure gets times exchanges: all but 1 % take about usual,
 * the others about slow (ns a part). times: a multiple of 100. */
void fake_parts__measure(struct measure *m, uint64_t times,
			 const uint64_t usual[PARTS],
			 const uint64_t slow[PARTS]);
void fake_parts__init(struct measure *m);
/* Deep, but for the calls. */
void fake_parts__copy(struct measure *to, const struct measure *from);
void fake_parts__free(struct measure *m);

/* times: as above, of the busiest series. Each fills so many. */
void fake_parts__series(struct snapshot_series *to, uint64_t times);
void fake_parts__threads(struct snapshot_threads *to);
void fake_parts__slowest(struct snapshot_slow *to);

#endif
