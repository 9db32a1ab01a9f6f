// SPDX-License-Identifier: GPL-2.0-only
/* See tracer_attach.h. Owns nothing; fed a configuration and the skeleton. */
#include "source/tracer_attach.h"

/* First: the skeleton uses the contract's types. */
#include "reqtrace/config.h"

#include <bpf/bpf.h>
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

/* A program, and whether the plan has it. */
struct attachment {
	struct bpf_program *prog;
	struct bpf_link **link; /* NULL: attached in its own way */
	bool wanted;
};

/* BPF_LOG_STATS: of each program, the line with what the verifier went
 * through; libbpf tells it among all that it does. */
#define VERIFIER_STATS 4

static bool verifier_asked(void)
{
	const char *wanted = getenv("REQTRACE_LIBBPF_LOG");

	return wanted && !strcmp(wanted, "verifier");
}

static int quiet(enum libbpf_print_level level, const char *format,
		 va_list args)
{
	const char *wanted = getenv("REQTRACE_LIBBPF_LOG");

	if (!wanted || (level != LIBBPF_WARN && !verifier_asked()))
		return 0;
	return vfprintf(stderr, format, args);
}

#define ATTACHMENTS_MAX 40

/* All programs, those with hooks in the order of attaching. */
static size_t attachments(struct reqtrace_bpf *bpf, const struct plan *plan,
			  bool parts, struct attachment *out)
{
	bool sock = plan->engine == ENGINE_SOCK;
	bool fexit = plan->engine == ENGINE_FEXIT;
	bool syscall = plan->engine == ENGINE_SYSCALL;
	const struct attachment list[] = {
#define HOOKED(name, wanted)                                                   \
	{                                                                      \
		bpf->progs.name, &bpf->links.name, wanted                      \
	}
#define APART(name, wanted)                                                    \
	{                                                                      \
		bpf->progs.name, NULL, wanted                                  \
	}
		/* First: a thread that is born meanwhile has its clocks. */
		HOOKED(rt_thread_fork, parts),
		HOOKED(rt_thread_exit, parts),
		HOOKED(rt_wakeup_new, parts),
		HOOKED(rt_waking, parts),
		HOOKED(rt_switch, parts),
		HOOKED(rt_fork, true),
		HOOKED(rt_exec, true),
		HOOKED(rt_exit, true),
		HOOKED(rt_destroy, true),
		HOOKED(rt_state, true),
		HOOKED(rt_accept_4,
		       plan->accept_fexit && !plan->accept_two_args),
		HOOKED(rt_accept_2,
		       plan->accept_fexit && plan->accept_two_args),
		HOOKED(rt_ready, sock),
		HOOKED(rt_recv, sock),
		HOOKED(rt_send, sock),
		/* Behind those that they are twins of. */
		HOOKED(rt_recv_twin, sock && plan->twins),
		HOOKED(rt_send_twin, sock && plan->twins),
		HOOKED(rt_readable, fexit),
		HOOKED(rt_inet_recv, fexit),
		HOOKED(rt_inet6_recv, fexit && plan->inet6),
		HOOKED(rt_unix_recv, fexit),
		HOOKED(rt_inet_send, fexit),
		HOOKED(rt_inet6_send, fexit && plan->inet6),
		HOOKED(rt_unix_send, fexit),
		HOOKED(rt_inet_sendpage, fexit && plan->sendpage),
		HOOKED(rt_unix_sendpage, fexit && plan->sendpage),
		HOOKED(rt_sys_exit, syscall),
		HOOKED(rt_sys_exit_twin, syscall && plan->twins),
		APART(rt_accepted, plan->accept_probe),
		APART(rt_seed, true),
		APART(rt_sweep_tcp, !plan->sweep_files),
		APART(rt_sweep_hash, !plan->sweep_files),
		APART(rt_sweep_hash_each, plan->sweep_files),
		APART(rt_sweep_marks, !syscall && !plan->sweep_files),
		APART(rt_sweep_files, syscall || plan->sweep_files),
		APART(rt_threads_seed, parts),
		APART(rt_threads_list, parts),
#undef HOOKED
#undef APART
	};

	_Static_assert(LEN(list) <= ATTACHMENTS_MAX, "room for all");
	memcpy(out, list, sizeof(list));
	return LEN(list);
}

static void configure(struct reqtrace_bpf *bpf,
		      const struct tracer_config *config,
		      const struct plan *plan)
{
	struct rt_config *c = &bpf->rodata->rt_config;

	c->self = getpid();
	c->all = config->all;
	c->server_only = config->server_only;
	c->port = config->port;
	c->parts = config->parts;
	c->by_cookie = plan->engine == ENGINE_SYSCALL;
	c->task_from_pid = plan->task_from_pid;
	c->switch_tells_state = plan->switch_tells_state;
	c->twins = plan->twins;
	c->sweep_files = plan->sweep_files;
	if (config->comm) {
		c->by_comm = 1;
		memcpy(c->comm, config->comm,
		       strnlen(config->comm, RT_COMM_LEN - 1));
	}
	for (size_t i = 0; i < RT_BOUNDARIES; i++)
		bpf->rodata->rt_boundaries[i] = i < RT_HIST_BUCKETS
							? config->boundaries[i]
							: RT_BOUNDARY_NEVER;
}

/* What is not needed is not loaded. */
static int choose(struct reqtrace_bpf *bpf, const struct tracer_config *config,
		  const struct plan *plan)
{
	struct attachment list[ATTACHMENTS_MAX];
	size_t len = attachments(bpf, plan, config->parts, list);
	int err =
		bpf_map__set_max_entries(bpf->maps.rt_ring, config->ring_bytes);

	for (size_t i = 0; !err && i < len; i++)
		err = bpf_program__set_autoload(list[i].prog, list[i].wanted);
	if (!err && config->parts)
		err = bpf_map__set_max_entries(bpf->maps.rt_accounts,
					       RT_MAX_ACCOUNTS);
	return err;
}

int tracer_attach__load(struct reqtrace_bpf **out,
			const struct tracer_config *config,
			const struct plan *plan, struct error *err)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts,
		    .kernel_log_level = verifier_asked() ? VERIFIER_STATS : 0);
	struct reqtrace_bpf *bpf;
	int code;

	libbpf_set_print(quiet);
	bpf = reqtrace_bpf__open_opts(&opts);
	*out = bpf;
	if (!bpf)
		return permissions__explain(-errno, "open the BPF programs",
					    err);
	configure(bpf, config, plan);
	code = choose(bpf, config, plan);
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

int tracer_attach__programs(struct reqtrace_bpf *bpf, const struct plan *plan,
			    bool parts, struct error *err)
{
	struct attachment list[ATTACHMENTS_MAX];
	size_t len = attachments(bpf, plan, parts, list);
	char what[96];
	int code;

	for (size_t i = 0; i < len; i++) {
		if (!list[i].wanted || !list[i].link)
			continue;
		code = attach__one(list[i].prog, list[i].link);
		if (code) {
			snprintf(what, sizeof(what), "attach %s to %s",
				 bpf_program__name(list[i].prog),
				 bpf_program__section_name(list[i].prog));
			return permissions__explain(code, what, err);
		}
	}
	return 0;
}

static int attach__sweeps(struct reqtrace_bpf *bpf, const struct plan *plan,
			  struct tracer_iterators *out)
{
	int code = 0;

	if (!plan->sweep_files)
		code = iter__attach(bpf->progs.rt_sweep_tcp, bpf->maps.rt_conns,
				    &out->sweep_tcp);
	if (code)
		return code;
	if (plan->sweep_files || plan->engine == ENGINE_SYSCALL)
		code = iter__attach(bpf->progs.rt_sweep_files, NULL,
				    &out->sweep_living);
	else
		code = iter__attach(bpf->progs.rt_sweep_marks,
				    bpf->maps.rt_unix_marks,
				    &out->sweep_living);
	if (code)
		return code;
	if (plan->sweep_files)
		return iter__attach(bpf->progs.rt_sweep_hash_each, NULL,
				    &out->sweep_hash);
	return iter__attach(bpf->progs.rt_sweep_hash, bpf->maps.rt_conn_hash,
			    &out->sweep_hash);
}

int tracer_attach__iterators(struct reqtrace_bpf *bpf, const struct plan *plan,
			     bool parts, struct tracer_iterators *out,
			     struct error *err)
{
	int code = attach__sweeps(bpf, plan, out);

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
	bpf_link__destroy(iter->sweep_living);
	bpf_link__destroy(iter->sweep_hash);
	bpf_link__destroy(iter->seed);
	bpf_link__destroy(iter->seed_threads);
	bpf_link__destroy(iter->list_threads);
}

/* How often the kernel skipped a program since it was loaded. */
static uint64_t skips(const struct bpf_program *prog)
{
	struct bpf_prog_info info = {};
	uint32_t len = sizeof(info);
	int fd = bpf_program__fd(prog);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return 0;
	return info.recursion_misses;
}

uint64_t tracer_attach__skipped(const struct reqtrace_bpf *bpf)
{
	const struct {
		const struct bpf_program *prog, *twin;
	} list[] = {
		{bpf->progs.rt_recv, bpf->progs.rt_recv_twin},
		{bpf->progs.rt_send, bpf->progs.rt_send_twin},
		{bpf->progs.rt_sys_exit, bpf->progs.rt_sys_exit_twin},
		{bpf->progs.rt_inet_recv, NULL},
		{bpf->progs.rt_inet6_recv, NULL},
		{bpf->progs.rt_unix_recv, NULL},
		{bpf->progs.rt_inet_send, NULL},
		{bpf->progs.rt_inet6_send, NULL},
		{bpf->progs.rt_unix_send, NULL},
		{bpf->progs.rt_inet_sendpage, NULL},
		{bpf->progs.rt_unix_sendpage, NULL},
	};
	uint64_t sum = 0, first, both;

	for (size_t i = 0; i < LEN(list); i++) {
		first = skips(list[i].prog);
		both = first;
		if (list[i].twin && bpf_program__fd(list[i].twin) >= 0)
			both = skips(list[i].twin);
		sum += first < both ? first : both;
	}
	return sum;
}
