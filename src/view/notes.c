/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sentences that more than one view says. Fed with a snapshot, yields words
 * for people: what is measured, what is missing, and why.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/notes.h"
#include "view/screen.h"
#include "view/units.h"

#define TARGETS_NAMED 3

static int compare_pid(const void *pid, const void *process)
{
	const struct snapshot_process *p = process;
	uint32_t wanted = *(const uint32_t *)pid;

	return (wanted > p->pid) - (wanted < p->pid);
}

/* A pre-fork server may have thousands of children: processes are sorted. */
static bool has_traced_parent(const struct snapshot *snap, uint32_t ppid)
{
	return snap->processes_len > 0 &&
	       bsearch(&ppid, snap->processes, snap->processes_len,
		       sizeof(*snap->processes), compare_pid);
}

char *notes__target(char *buf, size_t size, const struct snapshot *snap,
		    bool utf8)
{
	size_t roots = 0, used = 0, rest;

	buf[0] = '\0';
	for (size_t i = 0; i < snap->processes_len; i++) {
		const struct snapshot_process *p = &snap->processes[i];
		char comm[64];

		if (has_traced_parent(snap, p->ppid) || ++roots > TARGETS_NAMED)
			continue;
		screen__clean(comm, sizeof(comm), p->comm ? p->comm : "", utf8);
		used += snprintf(buf + used, size - used, "%s%s (%u)%s",
				 used ? ", " : "", comm, p->pid,
				 p->exited ? " exited" : "");
		if (used >= size)
			return buf;
	}
	rest = snap->processes_len -
	       (roots < TARGETS_NAMED ? roots : TARGETS_NAMED);
	if (snap->processes_len == 0)
		snprintf(buf, size, "no process yet");
	else if (rest > 0)
		snprintf(buf + used, size - used, " and %zu %s", rest,
			 roots > TARGETS_NAMED ? "more"
			 : rest == 1	       ? "child"
					       : "children");
	return buf;
}

static void count_role(const struct snapshot *snap, enum rt_role role,
		       uint64_t *exchanges, uint64_t *with_arrival)
{
	*exchanges = *with_arrival = 0;
	for (size_t i = 0; i < snap->series_len; i++) {
		const struct snapshot_series *s = &snap->series[i];

		if (s->role != role)
			continue;
		*exchanges += s->m.exchanges;
		*with_arrival += s->m.with_arrival;
	}
}

char *notes__definition(char *buf, size_t size, const struct snapshot *snap,
			enum rt_role role)
{
	uint64_t exchanges, with_arrival;
	char some[UNITS_LEN], all[UNITS_LEN];

	count_role(snap, role, &exchanges, &with_arrival);
	if (exchanges == 0) {
		buf[0] = '\0';
	} else if (role == RT_ROLE_CLIENT) {
		snprintf(buf, size,
			 "Calls made (client): from the first byte sent to "
			 "the last byte of the answer received.");
	} else if (with_arrival == exchanges) {
		snprintf(buf, size,
			 "Requests served (server): from the arrival of the "
			 "first request byte in the socket to the last "
			 "response byte sent. Waiting to be read is in it, "
			 "the network is not.");
	} else if (with_arrival == 0) {
		snprintf(buf, size,
			 "Requests served (server): from the first read of "
			 "the request to the last response byte sent. Arrival "
			 "was not seen, so waiting to be read is not in it.");
	} else {
		snprintf(buf, size,
			 "Requests served (server): to the last response byte "
			 "sent, from the arrival of the first request byte in "
			 "the socket for %s of %s exchanges, from the first "
			 "read for the others, whose arrival was not seen.",
			 units__count(some, with_arrival),
			 units__count(all, exchanges));
	}
	return buf;
}

uint64_t notes__counter(const struct snapshot *snap, const char *name)
{
	for (size_t i = 0; i < snap->counters_len; i++) {
		if (strcmp(snap->counters[i].name, name) == 0)
			return snap->counters[i].value;
	}
	return 0;
}

uint64_t notes__active(const struct snapshot *snap)
{
	uint64_t active = 0;

	for (size_t i = 0; i < snap->ports_len; i++)
		active += snap->ports[i].active;
	return active;
}

double notes__rate(const struct snapshot *snap)
{
	uint64_t recent = 0, ns = snap->interval;

	if (ns == 0) {
		ns = snap->now - snap->start;
		return ns ? snap->operations * 1e9 / ns : 0;
	}
	for (size_t i = 0; i < snap->series_len; i++)
		recent += snap->series[i].m.recent;
	return recent * 1e9 / ns;
}

static bool all_exited(const struct snapshot *snap)
{
	for (size_t i = 0; i < snap->processes_len; i++) {
		if (!snap->processes[i].exited)
			return false;
	}
	return snap->processes_len > 0;
}

/* Connections, those that were open before included. */
static uint64_t opened(const struct snapshot *snap)
{
	uint64_t n = 0;

	for (size_t i = 0; i < snap->ports_len; i++)
		n += snap->ports[i].joined + snap->ports[i].opened;
	return n;
}

char *notes__nothing(char *buf, size_t size, const struct snapshot *snap)
{
	char active[UNITS_LEN], flight[UNITS_LEN];

	units__count(active, notes__active(snap));
	units__count(flight, snap->in_flight);
	if (snap->exchanges > 0)
		buf[0] = '\0';
	else if (snap->in_flight > 0)
		snprintf(buf, size,
			 "No exchange has ended yet: %s in flight, waiting "
			 "for a response.",
			 flight);
	else if (snap->streams_len > 0)
		snprintf(buf, size,
			 "No exchange has ended: only streams were seen, which "
			 "have their own figures.");
	else if (notes__active(snap) > 0)
		snprintf(buf, size,
			 "No exchange has ended yet: %s connections are open, "
			 "but nothing was asked and answered on them.",
			 active);
	else if (opened(snap) > 0)
		snprintf(buf, size,
			 "No exchange has ended: connections opened and "
			 "closed without a request being answered.");
	else if (snap->ports_len > 0)
		snprintf(buf, size,
			 "No exchange was seen: nobody connected while it was "
			 "traced. Is there load?");
	else if (snap->processes_len == 0)
		snprintf(buf, size,
			 "No exchange was seen, and no process to trace: is "
			 "its name or port right, and is there load?");
	else if (all_exited(snap))
		snprintf(buf, size,
			 "No exchange was seen: the traced processes exited "
			 "without using a connection.");
	else
		snprintf(buf, size,
			 "No exchange was seen: the traced processes used no "
			 "TCP or UNIX stream connection. Is there load, and "
			 "does this process (or a child of it) serve it? "
			 "Try --port to find who does.");
	return buf;
}

char *notes__missed(char *buf, size_t size, const struct snapshot *snap)
{
	char summarised[UNITS_LEN], lost[UNITS_LEN];

	units__count(summarised, snap->summarised);
	units__count(lost, snap->lost);
	if (snap->lost > 0 && snap->summarised > 0)
		snprintf(buf, size,
			 "%s exchanges lost, %s counted without their "
			 "operation",
			 lost, summarised);
	else if (snap->lost > 0)
		snprintf(buf, size, "%s exchanges lost", lost);
	else if (snap->summarised > 0)
		snprintf(buf, size,
			 "%s exchanges counted without their operation",
			 summarised);
	else
		buf[0] = '\0';
	return buf;
}

char *notes__not_seen(char *buf, size_t size, const struct snapshot *snap,
		      bool utf8)
{
	size_t used = 0;
	char engine[32], note[256];

	buf[0] = '\0';
	if (!snap->not_seen_len)
		return buf;
	screen__clean(engine, sizeof(engine), snap->engine ? snap->engine : "",
		      utf8);
	used = snprintf(buf, size, "Engine %s:", engine);
	for (size_t i = 0; i < snap->not_seen_len && used < size; i++) {
		screen__clean(note, sizeof(note), snap->not_seen[i], utf8);
		used += snprintf(buf + used, size - used, " %s.", note);
	}
	return buf;
}
