/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processes that were seen: names, parents, and whether they still run.
 * A pid that is used again begins a new life under the same key.
 */
#ifndef REQTRACE_MODEL_PROCESS_H
#define REQTRACE_MODEL_PROCESS_H

#include "base/intern.h"
#include "decode/decode.h"
#include "model/sink.h"

/* Distinct names, paths and services: 16 MiB of usual ones. */
#define PROCESSES_STRINGS_MAX 65536

struct processes {
	const struct model_sink *sink; /* not owned */
	struct intern strings;
	struct process *by_pid;
	struct process *exited; /* in the order in which they ended */
};

void processes__init(struct processes *ps, const struct model_sink *sink);
void processes__free(struct processes *ps);

/* FORK, EXEC, EXIT and PROC. 0, -ENOMEM, or what the sink returned. */
int processes__event(struct processes *ps, const struct event *ev);

/* Tell the sink of pid if nothing is known of it; pid 0 is nobody. */
int processes__ensure(struct processes *ps, uint32_t pid);

/* Name of pid; "?" when unknown. Lives as long as ps. */
const char *processes__comm(const struct processes *ps, uint32_t pid);

/* *out is the name of a thread, made safe to show; "?" when there is no room
 * for another string. Lives as long as ps. 0 or -ENOMEM. */
int processes__thread(struct processes *ps, const char *comm, const char **out);

#endif
