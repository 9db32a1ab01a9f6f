/* SPDX-License-Identifier: GPL-2.0-only */
/* BPF iterators: programs that the kernel runs for each of its objects. */
#ifndef REQTRACE_SOURCE_ITER_H
#define REQTRACE_SOURCE_ITER_H

#include <bpf/libbpf.h>
#include <stddef.h>

/* Attach prog; map: whose elements it visits, or NULL. 0 and *link (destroy
 * it), or negative errno. */
int iter__attach(struct bpf_program *prog, struct bpf_map *map,
		 struct bpf_link **link);

struct iter_run {
	void *ctx;
	/* Takes each record of the programs' output, of size bytes; may be
	 * NULL if there is none. */
	int (*each)(void *ctx, const void *record);
	size_t size; /* at most ITER_RECORD_MAX */
	/* Called now and then, as a run may fill the ring; may be NULL. */
	int (*pause)(void *ctx);
};

#define ITER_RECORD_MAX 256

/* Run to the end. 0, negative errno, or what a callback returned if not 0. */
int iter__run(struct bpf_link *link, const struct iter_run *run);

#endif
