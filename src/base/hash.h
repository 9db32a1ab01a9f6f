/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uthash and utlist as reqtrace uses them: running out of memory must not end
 * the process (uthash's default), the caller gets -ENOMEM instead. After
 * HASH_ADD an element whose hh.tbl is NULL was not added.
 */
#ifndef REQTRACE_BASE_HASH_H
#define REQTRACE_BASE_HASH_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#endif
