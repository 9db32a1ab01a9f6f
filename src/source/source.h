/* SPDX-License-Identifier: GPL-2.0-only */
/* What every source of records has in common. */
#ifndef REQTRACE_SOURCE_SOURCE_H
#define REQTRACE_SOURCE_SOURCE_H

#include <stddef.h>

/* Takes one record, 8-byte aligned, valid during the call. A negative return
 * ends the feeding with it. */
typedef int (*source_fn)(void *ctx, const void *record, size_t size);

#endif
