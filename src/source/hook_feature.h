/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What programs need beside hooks: maps, helpers and kernel functions. Fed
 * their names, loads programs that use them.
 */
#ifndef REQTRACE_SOURCE_HOOK_FEATURE_H
#define REQTRACE_SOURCE_HOOK_FEATURE_H

#include <stdbool.h>
#include <stddef.h>

/* A name of "map/", "helper/" or "kfunc/". */
bool hook_feature__is(const char *name);

/* Load one program that uses all of these. 0, negative errno, or -ESRCH if the
 * kernel has no such function. */
int hook_feature__load(const char *const *names, size_t len);

/* A map of a type, as small as can be: file descriptor or negative errno. */
int hook_feature__map(int type);

#endif
