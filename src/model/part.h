/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of an exchange's duration: their order and their names. */
#ifndef REQTRACE_MODEL_PART_H
#define REQTRACE_MODEL_PART_H

#include "reqtrace/record.h"

/* In the order in which they are listed; docs/definitions.md says what each
 * is. The parts of one exchange sum to its duration. */
enum part {
	PART_RECEIVE_QUEUE,
	PART_CPU,
	PART_CPU_OTHER,
	PART_RUN_QUEUE,
	PART_LOCK,
	PART_DISK,
	PART_NETWORK,
	PART_POLL,
	PART_SLEEP,
	PART_PAGE_FAULT,
	PART_OTHER_BLOCKED,
	PART_HANDOFF,
	PART_UNATTRIBUTED,
	PARTS,
};

/* "receive_queue", as in JSON. */
const char *part__name(enum part part);

/* What a clock of a thread is a part of; PART_CPU for all of the CPU time,
 * whoever's it is. */
static inline enum part part__of_clock(enum rt_clock clock)
{
	static const uint8_t part[RT_CLOCKS] = {
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

	return (enum part)part[clock];
}

#endif
