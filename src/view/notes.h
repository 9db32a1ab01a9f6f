/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sentences that more than one view says: who is traced, what a duration is,
 * what was not seen, why there may be nothing. Fed with a snapshot.
 */
#ifndef REQTRACE_VIEW_NOTES_H
#define REQTRACE_VIEW_NOTES_H

#include "stats/snapshot.h"

/* All fill buf[size], cut if need be, and return it. */

/* "nginx (1200) and 4 children": the processes without a traced parent. */
char *notes__target(char *buf, size_t size, const struct snapshot *snap,
		    bool utf8);

/* What durations of this role measure; "" if there were no exchanges of it. */
char *notes__definition(char *buf, size_t size, const struct snapshot *snap,
			enum rt_role role);

/* Why there may be nothing to show; "" if there is something. */
char *notes__nothing(char *buf, size_t size, const struct snapshot *snap);

/* What did not fit ("120 summarised, 3 lost"), in words; "" if all did. */
char *notes__missed(char *buf, size_t size, const struct snapshot *snap);

/* What the engine does not see, as one paragraph; "" if it sees all. */
char *notes__not_seen(char *buf, size_t size, const struct snapshot *snap,
		      bool utf8);

/* Value of a coverage counter; 0 if there is none of that name. */
uint64_t notes__counter(const struct snapshot *snap, const char *name);

/* Operations a second over the interval, or over all the time. */
double notes__rate(const struct snapshot *snap);

/* Connections open now, on all ports. */
uint64_t notes__active(const struct snapshot *snap);

#endif
