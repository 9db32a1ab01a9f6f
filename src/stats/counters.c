/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of counters: owns their names and reasons, is fed values, yields
 * the list that reports print.
 */
#include "stats/counters.h"

#include <errno.h>
#include <stdlib.h>

struct description {
	const char *name;   /* JSON key in coverage */
	const char *reason; /* one sentence */
};

static const struct description kernel_counters[] = {
	[RT_COUNT_SUMMARISED] =
		{
			.name = "summarised",
			.reason =
				"The ring was full: these exchanges are in the "
				"counts and durations, but lost their "
				"operation.",
		},
	[RT_COUNT_LOST] =
		{
			.name = "lost",
			.reason = "The ring and the table of summaries were "
				  "full: "
				  "these exchanges are in no other figure.",
		},
	[RT_COUNT_AMEND_LOST] =
		{
			.name = "amend_lost",
			.reason = "The ring was full when an exchange that was "
				  "already told went on: its later bytes and "
				  "time are "
				  "missing.",
		},
	[RT_COUNT_CONN_SUMMARISED] =
		{
			.name = "connections_summarised",
			.reason = "The ring was full: these openings and "
				  "closings of "
				  "connections are counted, but not listed one "
				  "by "
				  "one.",
		},
	[RT_COUNT_CONN_LOST] =
		{
			.name = "connections_lost",
			.reason = "The ring and the table of summaries were "
				  "full: "
				  "these openings and closings of connections "
				  "are not "
				  "counted.",
		},
	[RT_COUNT_DATA_LOST] =
		{
			.name = "data_lost",
			.reason =
				"The ring was full: parts of long requests are "
				"missing, so pipelined operations in them may "
				"be "
				"counted too low.",
		},
	[RT_COUNT_PROCESS_LOST] =
		{
			.name = "process_events_lost",
			.reason = "The ring was full: starts or exits of "
				  "processes "
				  "were not seen.",
		},
	[RT_COUNT_JOINED] =
		{
			.name = "joined",
			.reason = "These connections were open before tracing "
				  "started, and are traced from their next "
				  "exchange "
				  "on.",
		},
	[RT_COUNT_JOINED_MIDWAY] =
		{
			.name = "joined_midway",
			.reason =
				"Of the joined connections, these were in the "
				"middle of an exchange, which is not counted.",
		},
	[RT_COUNT_UNSOLICITED] =
		{
			.name = "unsolicited",
			.reason =
				"These sends (of a server) or receives (of a "
				"client) answer no request and are part of no "
				"exchange.",
		},
	[RT_COUNT_NO_STORAGE] =
		{
			.name = "no_storage",
			.reason = "The kernel had no memory for the state of a "
				  "connection: these events are missing.",
		},
	[RT_COUNT_UNIX_FULL] =
		{
			.name = "unix_full",
			.reason = "More UNIX connections were open than can be "
				  "traced: these events are missing.",
		},
	[RT_COUNT_PROCESS_FULL] =
		{
			.name = "processes_full",
			.reason = "More processes ran than can be traced: "
				  "these are "
				  "not.",
		},
	[RT_COUNT_NO_ARRIVAL] =
		{
			.name = "no_arrival",
			.reason = "The arrival of these requests was not seen: "
				  "their "
				  "durations start when the service read them.",
		},
	[RT_COUNT_REORDERED] =
		{
			.name = "reordered",
			.reason = "These responses were seen after the next "
				  "request: "
				  "their ends were taken from the state of the "
				  "socket.",
		},
	[RT_COUNT_SPLICED] =
		{
			.name = "spliced",
			.reason = "These reads were made by splice: when they "
				  "were made is not known, so the wait in the "
				  "receive queue is at least what is shown.",
		},
	[RT_COUNT_THREADS_FULL] =
		{
			.name = "threads_full",
			.reason = "Too many threads at once, too many names of "
				  "ended ones, or no memory: how these spent "
				  "their time is not known.",
		},
	[RT_COUNT_CPU_UNSPLIT] =
		{
			.name = "cpu_unsplit",
			.reason = "In these exchanges it is not known how much "
				  "of the CPU time was their own: that time is "
				  "unattributed.",
		},
	[RT_COUNT_HANDED_OVER] =
		{
			.name = "handed_over",
			.reason = "These were finished by another thread than "
				  "the one that read them, and who woke it was "
				  "not seen: see the part handoff.",
		},
	[RT_COUNT_CALLS_FULL] =
		{
			.name = "calls_full",
			.reason = "Calls out that found no room to be counted "
				  "with the exchange that made them.",
		},
	[RT_COUNT_CALLS_SHARED] =
		{
			.name = "calls_shared",
			.reason = "Calls out that may be of one of several "
				  "exchanges: they are counted with none of "
				  "them.",
		},
	[RT_COUNT_CALLS_LOST] =
		{
			.name = "calls_lost",
			.reason = "Exchanges whose calls out did not fit the "
				  "ring: what they called is not known.",
		},
	[RT_COUNT_ACCEPT_LOST] =
		{
			.name = "accepts_lost",
			.reason = "Accepted connections that did not fit the "
				  "ring: how long they waited for that is not "
				  "known.",
		},
	[RT_COUNT_SKIPPED] =
		{
			.name = "skipped",
			.reason = "Receives and sends that the kernel showed "
				  "to no program, as it had preempted one: "
				  "exchanges may be missing, or two be one.",
		},
};

static const struct description stats_counters[] = {
	[STATS_COUNT_SERIES_FOLDED] =
		{
			.name = "series_folded",
			.reason = "There were more series than are kept: these "
				  "exchanges are in a series called other.",
		},
	[STATS_COUNT_ROWS_FOLDED] =
		{
			.name = "rows_folded",
			.reason = "There were more threads or peers than rows "
				  "are "
				  "kept: these exchanges are in a row called "
				  "other.",
		},
	[STATS_COUNT_PORTS_FOLDED] =
		{
			.name = "ports_folded",
			.reason =
				"There were more ports, processes or listening "
				"sockets than are kept: these connections are "
				"counted for process 0, and accept queues are "
				"missing.",
		},
	[STATS_COUNT_STREAMS_FOLDED] =
		{
			.name = "streams_folded",
			.reason = "There were more kinds of streams than are "
				  "kept: "
				  "these streams are in one called other.",
		},
	[STATS_COUNT_THREADS_FOLDED] =
		{
			.name = "threads_folded",
			.reason = "There were more names of threads than are "
				  "kept: the times of these are in one called "
				  "other.",
		},
	[STATS_COUNT_EXITED_FOLDED] =
		{
			.name = "exited_folded",
			.reason = "These processes have exited and made room "
				  "for others: their figures are added up by "
				  "service and name, as process 0.",
		},
	[STATS_COUNT_CALLS_FOLDED] =
		{
			.name = "calls_folded",
			.reason = "These exchanges had to do with more peers "
				  "than are kept: some of what they called is "
				  "in one called other.",
		},
	[STATS_COUNT_PARTS_CUT] =
		{
			.name = "parts_cut",
			.reason = "The parts of these exchanges were more than "
				  "their duration, and were cut: a fault of "
				  "reqtrace.",
		},
	[STATS_COUNT_UNREADABLE] =
		{
			.name = "unreadable",
			.reason =
				"The bytes of these requests could not be read "
				"(io_uring, splice, 32-bit program): timed "
				"exactly, "
				"but the "
				"operation is not known.",
		},
	[STATS_COUNT_UNCOUNTED] =
		{
			.name = "operations_at_least",
			.reason = "These exchanges hold more pipelined "
				  "operations than "
				  "could be read: they count as those that "
				  "were seen.",
		},
	[STATS_COUNT_FORGOTTEN] =
		{
			.name = "connections_forgotten",
			.reason = "More connections were open than are kept: "
				  "the oldest "
				  "idle ones are no longer listed.",
		},
	[STATS_COUNT_UNANSWERED] =
		{
			.name = "unanswered",
			.reason = "After these messages of a protocol that is "
				  "not known, whoever sent them closed without "
				  "waiting for an answer: a goodbye as a rule. "
				  "They are in no other figure.",
		},
	[STATS_COUNT_CALLS_DROPPED] =
		{
			.name = "calls_dropped",
			.reason = "Too many lists of calls out waited for "
				  "their exchanges: what these called is not "
				  "known.",
		},
};

#define LEN(array) (sizeof(array) / sizeof((array)[0]))
_Static_assert(LEN(kernel_counters) == RT_COUNTERS, "name every counter");
_Static_assert(LEN(stats_counters) == STATS_COUNTERS, "name every counter");

static void fill(struct snapshot_counter *out,
		 const struct description *descriptions, const uint64_t *values,
		 size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (struct snapshot_counter){descriptions[i].name,
						   descriptions[i].reason,
						   values[i]};
}

int counters__list(const uint64_t *kernel, const uint64_t *own,
		   struct snapshot_counter **out, size_t *len)
{
	struct snapshot_counter *list =
		calloc(RT_COUNTERS + STATS_COUNTERS, sizeof(*list));

	if (!list)
		return -ENOMEM;
	fill(list, kernel_counters, kernel, RT_COUNTERS);
	fill(list + RT_COUNTERS, stats_counters, own, STATS_COUNTERS);
	*out = list;
	*len = RT_COUNTERS + STATS_COUNTERS;
	return 0;
}
