/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the time of single things went, in the JSON report. Fed with a
 * snapshot and a number, yields the element of that number, owned by the
 * caller; NULL when out of memory.
 */
#ifndef REQTRACE_VIEW_JSON_TIME_H
#define REQTRACE_VIEW_JSON_TIME_H

#include <jansson.h>

#include "stats/snapshot.h"

json_t *json_time__threads(const struct snapshot *snap, size_t i);
json_t *json_time__slowest(const struct snapshot *snap, size_t i);

#endif
