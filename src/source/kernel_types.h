/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the running kernel's BTF says: which functions and tracepoints it has,
 * with which arguments. Read once a process; fed names, yields ids.
 */
#ifndef REQTRACE_SOURCE_KERNEL_TYPES_H
#define REQTRACE_SOURCE_KERNEL_TYPES_H

#include <stdbool.h>

#define KERNEL_TYPES_PATH "/sys/kernel/btf/vmlinux"

/* 0, or negative errno if there are none or they cannot be read. */
int kernel_types__load(void);
void kernel_types__free(void); /* looked up again, they are read again */

/* Ids, or -ESRCH if there is no such thing, or what loading returned. */
int kernel_types__function(const char *name);
int kernel_types__tracepoint(const char *name);

/* Whether the programs of tracepoints can be preempted. */
bool kernel_types__preempt_tracepoints(void);

/* Arguments of a function or tracepoint, by its id. A tracepoint's first is
 * the pointer that it was registered with. */
int kernel_types__params(int id);
bool kernel_types__param_is_pointer(int id, int param);

#endif
