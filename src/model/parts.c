/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns the rule that the parts of an exchange sum to its duration. Fed the
 * clocks of exchange records, yields parts.
 */
#include "model/parts.h"

static void split_cpu(struct parts *p, const struct rt_exchange *ex)
{
	uint64_t all = ex->clock[RT_CLOCK_CPU], own = ex->own_cpu;

	if (ex->header.flags & RT_EX_CPU_UNSPLIT) {
		p->ns[PART_CPU] = 0;
		p->ns[PART_UNATTRIBUTED] = all;
		return;
	}
	p->fault = own > all;
	if (p->fault)
		own = all;
	p->ns[PART_CPU] = own;
	p->ns[PART_CPU_OTHER] = all - own;
}

void parts__read(struct parts *p, const struct rt_exchange *ex,
		 enum rt_role role, uint64_t from, uint64_t until)
{
	*p = (struct parts){
		.known = ex->header.flags & RT_EX_PARTS,
		.from = from,
		.until = until,
	};
	if (!p->known)
		return;
	for (int i = 0; i < RT_CLOCKS; i++)
		p->ns[part__of_clock(i)] = ex->clock[i];
	split_cpu(p, ex);
	p->ns[PART_HANDOFF] = ex->handoff;
	if (role == RT_ROLE_CLIENT)
		p->ns[PART_RECEIVE_QUEUE] = ex->queued;
}

/* Clocks may hold anything; a sum that wrapped round would look sound. */
static uint64_t sum(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

void parts__add(struct parts *p, const struct parts *held)
{
	/* Where both clocks ran at once, their sum says nothing. */
	p->known = p->known && held->known && p->from >= held->until;
	p->fault = p->fault || held->fault;
	for (int i = PART_CPU; i < PARTS; i++)
		p->ns[i] = sum(p->ns[i], held->ns[i]);
}

/* As much of ns as there is room for. */
static uint64_t take(uint64_t ns, uint64_t *room)
{
	uint64_t taken = ns < *room ? ns : *room;

	*room -= taken;
	return taken;
}

/* In the usual case all of it fits as it is. */
static bool fits(const struct parts *p, uint64_t queue, uint64_t room)
{
	uint64_t all = queue;

	for (int i = PART_CPU; i < PARTS; i++)
		all = sum(all, p->ns[i]);
	return all <= room;
}

/* Whether they fit is told before they are made to. Of clocks that went on
 * past the end, nobody knows what was before. */
static void fill_known(const struct parts *p, uint64_t queue, bool abandoned,
		       uint64_t room, struct request *r)
{
	bool whole = fits(p, queue, room);

	r->has_parts = r->end >= p->until && (whole || !abandoned);
	r->parts_cut = r->has_parts && (!whole || p->fault);
	room -= r->part[PART_RECEIVE_QUEUE];
	for (int i = PART_CPU; i < PARTS; i++)
		r->part[i] = r->has_parts ? take(p->ns[i], &room) : 0;
	r->part[PART_UNATTRIBUTED] += room;
}

void parts__fill(const struct parts *p, uint64_t queue, bool abandoned,
		 struct request *r)
{
	uint64_t room = r->end - r->begin;

	r->part[PART_RECEIVE_QUEUE] = queue < room ? queue : room;
	if (p->known) {
		fill_known(p, queue, abandoned, room, r);
		return;
	}
	r->has_parts = r->parts_cut = false;
	for (int i = PART_CPU; i < PARTS; i++)
		r->part[i] = 0;
	r->part[PART_UNATTRIBUTED] = room - r->part[PART_RECEIVE_QUEUE];
}
