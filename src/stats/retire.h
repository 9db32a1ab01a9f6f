/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures of processes that have exited are added up by instance of a service
 * (instances.h), service and name, so that a service that replaces its workers
 * for weeks does not fill the tables; those of instances that are over by
 * service and name, so that one that is started again and again does not. No
 * total falls: what leaves one group is in another one of the same service,
 * role, transport, port, protocol, operation and status, and of the same
 * instance as long as that lives.
 *
 * Such sums are kept under ids that no process has (processes.h), and are shown
 * with process 0.
 */
#ifndef REQTRACE_STATS_RETIRE_H
#define REQTRACE_STATS_RETIRE_H

#include <stdint.h>

struct stats;

/*
 * While a table is more than half full: add up those of the processes, and
 * instances, that have ended longest ago. Not of those with open connections or
 * active streams, and not what the kernel summarised of them, as it goes on to
 * tell that by process. Pointers to groups that connections had are gone. 0 or
 * -ENOMEM.
 */
int retire__crowd(struct stats *s);

/* Likewise all that there is of one process, whose id is used again. */
int retire__process(struct stats *s, uint32_t pid);

#endif
