/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether the parts of exchanges add up, and how much of them is known: over
 * all exchanges. Fed with requests.
 */
#ifndef REQTRACE_STATS_TOTALS_H
#define REQTRACE_STATS_TOTALS_H

#include "model/request.h"

struct totals {
	uint64_t attributed, unattributed; /* ns, of exchanges whose threads
					    * were seen; each counts once */
	uint64_t parts_cut; /* exchanges whose parts exceeded them */
	bool verify;
	uint64_t violations; /* with verify: exchanges whose parts are not their
			      * duration, or had to be made so */
};

void totals__add(struct totals *t, const struct request *r);

#endif
