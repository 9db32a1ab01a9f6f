/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * May this process trace here, and if not, what is missing? What of its rights
 * it needs no longer, it gives up.
 */
#ifndef REQTRACE_SOURCE_PERMISSIONS_H
#define REQTRACE_SOURCE_PERMISSIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* 0, or -EPERM/-ENOTSUP and a sentence in err. What only trying can tell
 * (lockdown, seccomp) is told by permissions__explain. */
int permissions__check(struct error *err);

/* "needs CAP_BPF and CAP_PERFMON", or which of them; NULL: has what tracing
 * needs. */
const char *permissions__missing(void);

/* A capability that tracing can use, as of now. */
struct permission {
	const char *name; /* "CAP_BPF" */
	const char *use;  /* clause: what is done by it */
	bool needed;	  /* nothing works without it */
	bool held;
};

/* *len of them; static. */
const struct permission *permissions__list(size_t *len);

bool permissions__admin(void); /* has CAP_SYS_ADMIN */

/* Kernel lockdown is set to confidentiality, which forbids tracing. */
bool permissions__confidential(void);

/* Why loading or attaching failed with code, as a sentence. Returns code. */
int permissions__explain(int code, const char *what, struct error *err);

/*
 * Give up for good what a tracer that is attached does not need. probes: it
 * probes libraries of processes to come; command: it has started one, and will
 * end it, whatever user that has become. 0, or negative errno and err.
 */
int permissions__drop(bool probes, bool command, struct error *err);

#endif
