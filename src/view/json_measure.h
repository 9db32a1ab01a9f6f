/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The figures of a group of exchanges in the JSON report: counts, durations,
 * and what the durations are made of. Fed with a measure, sets the keys that
 * series and rows share.
 */
#ifndef REQTRACE_VIEW_JSON_MEASURE_H
#define REQTRACE_VIEW_JSON_MEASURE_H

#include "view/json_value.h"

/* exchanges ... diagnosis */
void json_measure__set(struct json_value *v, enum rt_role role,
		       const struct measure *m);

/* What calls out to one peer have in common, of one exchange or of many:
 * peer, own, calls, seconds, mean, network_seconds. */
void json_measure__call(struct json_value *v, const char *peer, bool own,
			uint64_t calls, uint64_t time, uint64_t network);

#endif
