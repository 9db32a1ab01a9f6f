// SPDX-License-Identifier: GPL-2.0-only
/* Owns the ring buffer, the summaries of what found it full, the counters. */
#include "ring.h"

const volatile rt_u64 rt_boundaries[RT_BOUNDARIES] = {};

struct ring_map rt_ring SEC(".maps");
struct summary_map rt_summaries SEC(".maps");
struct summary_zero_map rt_summary_zero SEC(".maps");
struct counter_map rt_counters SEC(".maps");
