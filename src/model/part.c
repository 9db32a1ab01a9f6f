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
