/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where an exchange's time goes: the clocks of the thread that handles it,
 * from its first bytes to its last ones. Between two touches of its socket
 * only sums are kept:
 *
 *   clock of the thread ..._____/~~~~~~|~~~~~~~~~~~|~~~
 *                          base ^   touch       touch     ex.clock = ~ - base
 *
 * When another thread takes over, base is set so that what the first one did
 * stays in the sums, and the time between the two is the hand-over.
 */
#ifndef REQTRACE_BPF_PARTS_H
#define REQTRACE_BPF_PARTS_H

#include "exchange.h"

/* The current thread moved bytes of the open exchange of c; began: its first
 * ones. Global functions, for the verifier's sake; always 0. */
int parts__touched(struct conn *c, struct moved *m, u32 began);

/* It looked at the first bytes of a request without taking them. */
int parts__peeked(struct conn *c, u64 now);

/* The exchange ends now, without (more) bytes: count up to here what its
 * thread does, even if that is to sleep. */
int parts__until(struct conn *c, u64 now);

#endif
