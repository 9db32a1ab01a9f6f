/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Return probes on accept() and accept4() of the C libraries that the traced
 * processes use, one per library file however many processes map it. A
 * process that makes the system call itself (Go) has none, nor has one whose
 * library cannot be probed, or is none of the first 64: how long its
 * connections were in the accept queue is not known.
 */
#ifndef REQTRACE_SOURCE_ACCEPT_PROBE_H
#define REQTRACE_SOURCE_ACCEPT_PROBE_H

#include <bpf/libbpf.h>
#include <stdint.h>

struct accept_probe;

/* prog is not owned. NULL when out of memory. */
struct accept_probe *accept_probe__new(struct bpf_program *prog);
void accept_probe__free(struct accept_probe *p); /* accepts NULL */

/* A process is traced: probe the library it maps, if that is not yet so. It
 * may not have mapped it yet; accept_probe__retry tries again. */
void accept_probe__process(struct accept_probe *p, uint32_t pid);
void accept_probe__retry(struct accept_probe *p);

#endif
