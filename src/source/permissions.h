/* SPDX-License-Identifier: GPL-2.0-only */
/* May this process trace here, and if not, what is missing? */
#ifndef REQTRACE_SOURCE_PERMISSIONS_H
#define REQTRACE_SOURCE_PERMISSIONS_H

#include <stdbool.h>

#include "base/error.h"

/* 0, or -EPERM/-ENOTSUP and a sentence in err. What only trying can tell
 * (lockdown, seccomp) is told by permissions__explain. */
int permissions__check(struct error *err);

/* "needs CAP_BPF and CAP_PERFMON", or which of them; NULL: has what tracing
 * needs. */
const char *permissions__missing(void);

/* Kernel lockdown is set to confidentiality, which forbids tracing. */
bool permissions__confidential(void);

/* Why loading or attaching failed with code, as a sentence. Returns code. */
int permissions__explain(int code, const char *what, struct error *err);

#endif
