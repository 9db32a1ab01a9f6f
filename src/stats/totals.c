/* SPDX-License-Identifier: GPL-2.0-only */
/* See totals.h. */
#include "stats/totals.h"

static uint64_t sum_of_parts(const struct request *r)
{
	uint64_t sum = 0;

	for (int i = 0; i < PARTS; i++)
		sum += r->part[i];
	return sum;
}

void totals__add(struct totals *t, const struct request *r)
{
	uint64_t sum;

	t->parts_cut += r->parts_cut;
	if (!r->has_parts && !t->verify)
		return;
	sum = sum_of_parts(r);
	if (r->has_parts) {
		t->attributed += sum - r->part[PART_UNATTRIBUTED];
		t->unattributed += r->part[PART_UNATTRIBUTED];
	}
	/* Not by measure__duration, which takes a negative one for none. */
	if (t->verify && (r->parts_cut || sum != r->end - r->begin))
		t->violations++;
}
