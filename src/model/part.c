// SPDX-License-Identifier: GPL-2.0-only
/* See part.h. */
#include "model/part.h"

const char *part__name(enum part part)
{
	static const char *const names[PARTS] = {
		[PART_RECEIVE_QUEUE] = "receive_queue",
		[PART_CPU] = "cpu",
		[PART_CPU_OTHER] = "cpu_other",
		[PART_RUN_QUEUE] = "run_queue",
		[PART_LOCK] = "lock",
		[PART_DISK] = "disk",
		[PART_NETWORK] = "network",
		[PART_POLL] = "poll",
		[PART_SLEEP] = "sleep",
		[PART_PAGE_FAULT] = "page_fault",
		[PART_OTHER_BLOCKED] = "other_blocked",
		[PART_HANDOFF] = "handoff",
		[PART_UNATTRIBUTED] = "unattributed",
	};

	return names[part];
}

enum part part__of_clock(enum rt_clock clock)
{
	static const enum part part[RT_CLOCKS] = {
		[RT_CLOCK_CPU] = PART_CPU,
		[RT_CLOCK_RUN_QUEUE] = PART_RUN_QUEUE,
		[RT_CLOCK_LOCK] = PART_LOCK,
		[RT_CLOCK_DISK] = PART_DISK,
		[RT_CLOCK_NETWORK] = PART_NETWORK,
		[RT_CLOCK_POLL] = PART_POLL,
		[RT_CLOCK_SLEEP] = PART_SLEEP,
		[RT_CLOCK_PAGE_FAULT] = PART_PAGE_FAULT,
		[RT_CLOCK_OTHER] = PART_OTHER_BLOCKED,
	};

	return part[clock];
}
