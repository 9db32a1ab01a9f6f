/* SPDX-License-Identifier: GPL-2.0-only */
/* Made-up batches for tests of what exports them. */
#ifndef REQTRACE_TESTS_FAKE_METRICS_H
#define REQTRACE_TESTS_FAKE_METRICS_H

#include "export/metrics.h"

/* Two services, of which the first has:
 *   http.server.request.duration GET 200   0 ns, 1 ms twice, 3 ms, 0.5 s, 100 s
 *                                GET 500   ended: to be left out
 *                                overflow  3 ms, at scale 0
 *   http.server.active_requests            7
 *   reqtrace.exporter.cpu.time             1.5 s
 * and the second a request of 0.5 s + 1 ns and 1,000 others from 1 us up,
 * growing by 1.5 %, and the part reqtrace.server.request.cpu.duration of 2 ms
 * and of none. Static. */
const struct metrics *fake_metrics__small(void);

/* So many points of each of so many histograms, with labels of usual length
 * and buckets from 0.1 ms to 10 s. To be freed. */
struct metrics *fake_metrics__large(size_t points, size_t histograms);
void fake_metrics__free(struct metrics *m);

#endif
