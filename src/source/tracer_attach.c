// SPDX-License-Identifier: GPL-2.0-only
/* See tracer_attach.h. Owns nothing; fed a configuration and the skeleton. */
#include "source/tracer_attach.h"

/* First: the skeleton uses the contract's types. */
#include "reqtrace/config.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reqtrace.skel.h"
#include "source/iter.h"
#include "source/permissions.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* Of every run. */
#define HOOKS                                                                  \
	"tp_btf/sock_recv_length", "tp_btf/sock_send_length",                  \
		"tp_btf/sk_data_ready", "tp_btf/inet_sock_set_state",          \
		"tp_btf/tcp_destroy_sock", "tp_btf/sched_process_fork",        \
		"tp_btf/sched_process_exec", "tp_btf/sched_process_exit",      \
		"iter/task_file", "iter/bpf_sk_storage_map",                   \
		"uretprobe/libc:accept", "uretprobe/libc:accept4"

static int quiet(enum libbpf_print_level level, const char *format,
		 va_list args)
{
	if (level != LIBBPF_WARN || !getenv("REQTRACE_LIBBPF_LOG"))
		return 0;
	return vfprintf(stderr, format, args);
}

static int configure(struct reqtrace_bpf *bpf,
		     const struct tracer_config *config)
{
	struct rt_config *c = &bpf->rodata->rt_config;

	c->self = getpid();
	c->all = config->all;
	c->server_only = config->server_only;
	c->port = config->port;
	c->parts = config->parts;
	if (config->comm) {
		c->by_comm = 1;
		memcpy(c->comm, config->comm,
		       strnlen(config->comm, RT_COMM_LEN - 1));
	}
	for (size_t i = 0; i < RT_BOUNDARIES; i++)
		bpf->rodata->rt_boundaries[i] = i < RT_HIST_BUCKETS
							? config->boundaries[i]
							: RT_BOUNDARY_NEVER;
	return bpf_map__set_max_entries(bpf->maps.rt_ring, config->ring_bytes);
}

/* What only the parts need is not loaded without them. */
static int configure_parts(struct reqtrace_bpf *bpf, bool parts)
{
	struct bpf_program *progs[] = {
		bpf->progs.rt_switch,	    bpf->progs.rt_waking,
		bpf->progs.rt_wakeup_new,   bpf->progs.rt_thread_fork,
		bpf->progs.rt_thread_exit,  bpf->progs.rt_threads_seed,
		bpf->progs.rt_threads_list,
	};
	int err = 0;

	for (size_t i = 0; !err && i < LEN(progs); i++)
		err = bpf_program__set_autoload(progs[i], parts);
	if (!err && parts)
		err = bpf_map__set_max_entries(bpf->maps.rt_accounts,
					       RT_MAX_ACCOUNTS);
	return err;
}

int tracer_attach__load(struct reqtrace_bpf **out,
			const struct tracer_config *config, struct error *err)
{
	struct reqtrace_bpf *bpf;
	int code;

	libbpf_set_print(quiet);
	bpf = reqtrace_bpf__open();
	*out = bpf;
	if (!bpf)
		return permissions__explain(-errno, "open the BPF programs",
					    err);
	code = configure(bpf, config);
	if (!code)
		code = configure_parts(bpf, config->parts);
	if (!code)
		code = reqtrace_bpf__load(bpf);
	return code ? permissions__explain(code, "load the BPF programs", err)
		    : 0;
}

static int attach__one(struct bpf_program *prog, struct bpf_link **link)
{
	*link = bpf_program__attach(prog);
	return *link ? 0 : -errno;
}

int tracer_attach__programs(struct reqtrace_bpf *bpf, bool parts,
			    struct error *err)
{
	struct {
		struct bpf_program *prog;
		struct bpf_link **link;
		bool for_parts;
	} list[] = {
		/* First: a thread that is born meanwhile has its clocks. */
		{bpf->progs.rt_thread_fork, &bpf->links.rt_thread_fork, true},
		{bpf->progs.rt_thread_exit, &bpf->links.rt_thread_exit, true},
		{bpf->progs.rt_wakeup_new, &bpf->links.rt_wakeup_new, true},
		{bpf->progs.rt_waking, &bpf->links.rt_waking, true},
		{bpf->progs.rt_switch, &bpf->links.rt_switch, true},
		{bpf->progs.rt_fork, &bpf->links.rt_fork, false},
		{bpf->progs.rt_exec, &bpf->links.rt_exec, false},
		{bpf->progs.rt_exit, &bpf->links.rt_exit, false},
		{bpf->progs.rt_destroy, &bpf->links.rt_destroy, false},
		{bpf->progs.rt_state, &bpf->links.rt_state, false},
		{bpf->progs.rt_ready, &bpf->links.rt_ready, false},
		{bpf->progs.rt_recv, &bpf->links.rt_recv, false},
		{bpf->progs.rt_send, &bpf->links.rt_send, false},
	};
	char what[64];
	int code;

	for (size_t i = 0; i < LEN(list); i++) {
		if (list[i].for_parts && !parts)
			continue;
		code = attach__one(list[i].prog, list[i].link);
		if (code) {
			snprintf(what, sizeof(what), "attach %s",
				 bpf_program__name(list[i].prog));
			return permissions__explain(code, what, err);
		}
	}
	return 0;
}

int tracer_attach__iterators(struct reqtrace_bpf *bpf, bool parts,
			     struct tracer_iterators *out, struct error *err)
{
	int code;

	code = iter__attach(bpf->progs.rt_sweep_tcp, bpf->maps.rt_conns,
			    &out->sweep_tcp);
	if (!code)
		code = iter__attach(bpf->progs.rt_sweep_marks,
				    bpf->maps.rt_unix_marks, &out->sweep_marks);
	if (!code)
		code = iter__attach(bpf->progs.rt_sweep_unix,
				    bpf->maps.rt_unix_conns, &out->sweep_unix);
	if (!code)
		code = iter__attach(bpf->progs.rt_seed, NULL, &out->seed);
	if (!code && parts)
		code = iter__attach(bpf->progs.rt_threads_list, NULL,
				    &out->list_threads);
	if (!code && parts)
		code = iter__attach(bpf->progs.rt_threads_seed, NULL,
				    &out->seed_threads);
	return code ? permissions__explain(code, "attach an iterator", err) : 0;
}

void tracer_attach__free_iterators(struct tracer_iterators *iter)
{
	bpf_link__destroy(iter->sweep_tcp);
	bpf_link__destroy(iter->sweep_marks);
	bpf_link__destroy(iter->sweep_unix);
	bpf_link__destroy(iter->seed);
	bpf_link__destroy(iter->seed_threads);
	bpf_link__destroy(iter->list_threads);
}

const char *const *tracer_attach__hooks(bool parts)
{
	static const char *const without[] = {HOOKS, NULL};
	static const char *const with[] = {
		HOOKS,
		"tp_btf/sched_switch",
		"tp_btf/sched_waking",
		"tp_btf/sched_wakeup_new",
		"iter/task",
		NULL,
	};

	return parts ? with : without;
}
