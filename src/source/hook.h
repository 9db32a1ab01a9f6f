/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether the running kernel has a hook, found by loading a program that does
 * nothing for it, and attaching it for a moment. Fed names, yields errno and a
 * clause. Results are kept as long as the process lives.
 */
#ifndef REQTRACE_SOURCE_HOOK_H
#define REQTRACE_SOURCE_HOOK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * name: as libbpf has it, "tp_btf/x", "fexit/x", "fentry/x", "iter/x",
 * "uretprobe/..."; or a feature of programs, "map/x", "helper/x", "kfunc/x".
 *
 * attach: also where that is slow to undo. A kernel that loads a program for a
 * tracepoint has it, and whoever attaches to it a second time waits for a grace
 * period (tp_rcu_cond_sync() in kernel/tracepoint.c), some 10 ms; who takes a
 * return probe or a trampoline away waits for 0.1 s or more. Iterators are
 * attached always.
 *
 * 0 and *reason NULL; or negative errno, -ESRCH if the kernel knows no such
 * thing, and *reason, a literal clause.
 */
int hook__try(const char *name, bool attach, const char **reason);

/* Features by one program that uses them all: 0, and each is known to work; or
 * negative errno, and each is to be tried alone. */
int hook__try_together(const char *const *names, size_t len);

/* Return probes, at once and without keeping the result: 0 or negative errno.
 */
int hook__probe_allowed(void);

#endif
