// SPDX-License-Identifier: GPL-2.0-only
/*
 * See tracer.h. Owns the skeleton, the ring and the set of processes that are
 * known by name.
 */
#include "source/tracer.h"

/* First: the skeleton uses the contract's types. */
#include "reqtrace/config.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "reqtrace.skel.h"
#include "source/accept_probe.h"
#include "source/iter.h"
#include "source/permissions.h"
#include "source/procfs.h"
#include "source/service.h"
#include "source/threads.h"
#include "source/tracer_attach.h"
#include "source/tracer_records.h"

/* Exits that are kept for what is told of a process afterwards: what closes
 * with it. */
#define EXITS_KEPT 512

struct known {
	uint32_t tgid;
	bool target; /* named by the user or descends from one */
	bool named;  /* told of, not only noted */
	struct service service;
	UT_hash_handle hh;
};

struct tracer {
	struct tracer_config config;
	struct plan plan;
	struct reqtrace_bpf *bpf;
	struct ring_buffer *ring;
	struct tracer_iterators iter;
	struct threads *threads;      /* NULL without parts */
	struct accept_probe *accepts; /* NULL: not by a probe */
	source_fn fn;
	void *ctx;
	struct known *known;
	size_t targets;			     /* known ones that are targets */
	struct rt_process exits[EXITS_KEPT]; /* of those not known */
	size_t exits_seen;
	size_t drained;	     /* bytes in this drain */
	uint64_t summarised; /* as of the last totals */
	bool detached;
	uint64_t *gone; /* cookies of hashed connections that ended */
	size_t gone_len, gone_cap;
};

static struct known *known__find(const struct tracer *t, uint32_t tgid)
{
	struct known *k;

	HASH_FIND(hh, t->known, &tgid, sizeof(tgid), k);
	return k;
}

static struct known *known__add(struct tracer *t, uint32_t tgid, bool target)
{
	struct known *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->tgid = tgid;
	k->target = target;
	HASH_ADD(hh, t->known, tgid, sizeof(tgid), k);
	if (!k->hh.tbl) {
		free(k);
		return NULL;
	}
	t->targets += target;
	return k;
}

static void known__free(struct tracer *t, struct known *k)
{
	t->targets -= k->target;
	HASH_DEL(t->known, k);
	service__free(&k->service);
	free(k);
}

/* Which service k is: that of its parent as long as it runs the same program,
 * whatever the two write over the arguments and the environment that they were
 * started with. */
static int known__serve(struct tracer *t, struct known *k, uint32_t parent)
{
	const struct known *of = parent ? known__find(t, parent) : NULL;
	struct procfs_process p;

	service__free(&k->service);
	if (of && of != k && of->service.name)
		return service__copy(&k->service, &of->service);
	if (procfs__read(k->tgid, &p))
		return 0; /* gone */
	return service__read("/proc", k->tgid, p.comm, p.exe, &k->service);
}

/* Who it was that is gone: its exit came first. */
static int tracer__tell_late(struct tracer *t, uint32_t tgid)
{
	size_t n = t->exits_seen < EXITS_KEPT ? t->exits_seen : EXITS_KEPT;

	for (size_t i = 1; i <= n; i++) {
		const struct rt_process *p =
			&t->exits[(t->exits_seen - i) % EXITS_KEPT];

		if (p->tgid == tgid)
			return t->fn(t->ctx, p, sizeof(*p));
	}
	return 0;
}

/* Tell who a process is. parent: its own after a fork, else 0. */
static int tracer__tell(struct tracer *t, uint32_t tgid, bool target,
			uint32_t parent)
{
	struct known *k = known__find(t, tgid);
	int err;

	if (!k)
		k = known__add(t, tgid, target);
	if (!k)
		return -ENOMEM;
	k->named = true;
	if (t->accepts)
		accept_probe__process(t->accepts, tgid);
	err = known__serve(t, k, parent);
	if (!err)
		err = tracer_records__process(tgid, target, &k->service, t->fn,
					      t->ctx);
	return err == -ESRCH ? tracer__tell_late(t, tgid) : err;
}

/* Likewise, once per life. */
static int tracer__name(struct tracer *t, uint32_t tgid, bool target)
{
	const struct known *k = known__find(t, tgid);

	return k && k->named ? 0 : tracer__tell(t, tgid, target, 0);
}

static void tracer__forget(struct tracer *t, uint32_t tgid)
{
	struct known *k = known__find(t, tgid);

	if (k)
		known__free(t, k);
}

/* An exit that nothing else tells of. */
static int tracer__tell_exit(struct tracer *t, uint32_t tgid)
{
	struct rt_process rec = {.tgid = tgid, .comm = "?"};

	tracer_records__head(&rec.header, RT_REC_EXIT, sizeof(rec));
	return t->fn(t->ctx, &rec, sizeof(rec));
}

/* Those whose exit did not fit the ring, or that no record tells of: nothing
 * else ends a run whose targets are gone, or lets their figures be folded. */
static int tracer__forget_gone(struct tracer *t)
{
	struct known *k, *next;
	uint32_t one;
	int err = 0;

	HASH_ITER (hh, t->known, k, next) {
		bool left = k->target &&
			    bpf_map__lookup_elem(t->bpf->maps.rt_targets,
						 &k->tgid, sizeof(k->tgid),
						 &one, sizeof(one), 0);

		if (!left && (!kill(k->tgid, 0) || errno != ESRCH))
			continue;
		err = tracer__tell_exit(t, k->tgid);
		known__free(t, k);
		if (err < 0)
			return err;
	}
	return 0;
}

/* Where all are traced, the kernel tells of every process that execs or exits:
 * most of them nobody has figures of. */
static bool tracer__is_foreign(const struct tracer *t,
			       const struct rt_header *head)
{
	return t->config.all &&
	       (head->kind == RT_REC_EXEC || head->kind == RT_REC_EXIT) &&
	       !known__find(t, ((const struct rt_process *)head)->tgid);
}

/* Before the record itself: who is it about? After it: who is gone? */
static int tracer__pass(struct tracer *t, const struct rt_header *head,
			size_t size)
{
	const struct rt_process *p = (const struct rt_process *)head;
	int err = 0;

	if (tracer__is_foreign(t, head)) {
		if (head->kind == RT_REC_EXIT)
			t->exits[t->exits_seen++ % EXITS_KEPT] = *p;
		return 0;
	}
	switch (head->kind) {
	case RT_REC_EXCHANGE:
		err = tracer__name(t, ((const struct rt_exchange *)head)->tgid,
				   false);
		break;
	case RT_REC_OPEN:
	case RT_REC_CLOSE:
		err = tracer__name(
			t, ((const struct rt_connection *)head)->tgid, false);
		break;
	case RT_REC_LISTENER:
		err = tracer__name(t, ((const struct rt_listener *)head)->tgid,
				   false);
		break;
	case RT_REC_FORK:
	case RT_REC_EXEC:
		err = t->fn(t->ctx, head, size);
		if (err < 0)
			return err;
		return tracer__tell(t, p->tgid, true,
				    head->kind == RT_REC_FORK ? p->ppid : 0);
	case RT_REC_EXIT:
		tracer__forget(t, p->tgid);
		break;
	}
	return err < 0 ? err : t->fn(t->ctx, head, size);
}

static int tracer__sample(void *ctx, void *data, size_t size)
{
	struct tracer *t = ctx;
	const struct rt_header *head = data;
	int err;

	t->drained += size + BPF_RINGBUF_HDR_SZ;
	err = tracer__pass(t, head, head->size < size ? head->size : size);
	if (err < 0)
		return err;
	/* A full ring at a time, so that a fast producer cannot hold us. */
	return t->drained > t->config.ring_bytes ? -EAGAIN : 0;
}

int tracer__fd(const struct tracer *t)
{
	return bpf_map__fd(t->bpf->maps.rt_ring);
}

int tracer__drain(struct tracer *t)
{
	int err;

	t->drained = 0;
	err = ring_buffer__consume(t->ring);
	if (err < 0 && err != -EAGAIN)
		return err;
	return t->drained * 100 / t->config.ring_bytes;
}

static int tracer__drain_all(struct tracer *t)
{
	int full;

	do
		full = tracer__drain(t);
	while (full >= 100);
	return full < 0 ? full : 0;
}

/* A run of an iterator whose programs write to the ring. */
static int tracer__pause(void *ctx)
{
	return tracer__drain_all(ctx);
}

static int tracer__iterate(struct tracer *t, struct bpf_link *link)
{
	const struct iter_run run = {.ctx = t, .pause = tracer__pause};

	return iter__run(link, &run);
}

/* --- targets -------------------------------------------------------- */

static int target__add(struct tracer *t, uint32_t tgid)
{
	uint32_t one = 1;

	__atomic_fetch_or(
		&t->bpf->bss->rt_target_bits[tgid % RT_TARGET_BITS / 64],
		1ull << tgid % 64, __ATOMIC_SEQ_CST);
	if (bpf_map__update_elem(t->bpf->maps.rt_targets, &tgid, sizeof(tgid),
				 &one, sizeof(one), BPF_ANY))
		return -errno;
	return tracer__name(t, tgid, true);
}

/* procfs__each: a child of a known target, or of the wanted name. */
static int target__consider(void *ctx, const struct procfs_process *p)
{
	struct tracer *t = ctx;
	bool named = t->config.comm && !strcmp(p->comm, t->config.comm) &&
		     p->pid != (uint32_t)getpid();

	if (known__find(t, p->pid))
		return 0;
	return named || known__find(t, p->ppid) ? target__add(t, p->pid) : 0;
}

/* The targets that exist; repeated, as a parent may come after its child in
 * /proc. Forks from now on are followed by rt_fork. */
static int tracer__find_targets(struct tracer *t, struct error *err)
{
	size_t before;
	int code = 0;

	for (size_t i = 0; !code && i < t->config.pids_len; i++)
		code = target__add(t, t->config.pids[i]);
	do {
		before = t->targets;
		if (!code && !t->config.all)
			code = procfs__each(target__consider, t);
	} while (!code && t->targets != before);
	return code ? error__set(err, code, "cannot list the targets: %s",
				 strerror(-code))
		    : 0;
}

/* --- opening -------------------------------------------------------- */

/* What takes records, and what adds some. */
static int tracer__prepare(struct tracer *t, struct error *err)
{
	t->ring = ring_buffer__new(bpf_map__fd(t->bpf->maps.rt_ring),
				   tracer__sample, t, NULL);
	if (!t->ring)
		return error__set(err, -errno, "cannot map the ring buffer: %s",
				  strerror(errno));
	if (t->plan.accept_probe) {
		t->accepts = accept_probe__new(t->bpf->progs.rt_accepted);
		if (!t->accepts)
			return -ENOMEM;
	}
	if (t->config.parts) {
		t->threads = threads__new();
		if (!t->threads)
			return -ENOMEM;
	}
	return 0;
}

/* Threads and sockets that are there already. */
static int tracer__seed(struct tracer *t)
{
	int err = 0;

	if (t->config.parts)
		err = tracer__iterate(t, t->iter.seed_threads);
	if (err)
		return err;
	t->bpf->bss->rt_running = 1;
	err = tracer__iterate(t, t->iter.seed);
	return err ? err : tracer__drain_all(t);
}

int tracer__open(struct tracer **out, const struct tracer_config *config,
		 source_fn fn, void *ctx, struct error *err)
{
	struct tracer *t = calloc(1, sizeof(*t));
	int code;

	if (!t)
		return error__set(err, -ENOMEM, "out of memory");
	t->config = *config;
	t->fn = fn;
	t->ctx = ctx;
	code = permissions__check(err);
	if (!code)
		code = plan__choose(config->engine, config->parts, &t->plan,
				    err);
	if (!code)
		code = tracer_attach__load(&t->bpf, config, &t->plan, err);
	if (!code)
		code = tracer__prepare(t, err);
	if (!code)
		code = tracer_records__host(
			config->version, engine__name(t->plan.engine),
			t->plan.hooks, t->plan.lost, config->interval, fn, ctx);
	if (!code)
		code = tracer_attach__programs(t->bpf, &t->plan, config->parts,
					       err);
	if (!code)
		code = tracer_attach__iterators(t->bpf, &t->plan, config->parts,
						&t->iter, err);
	if (!code)
		code = tracer__find_targets(t, err);
	if (!code)
		code = tracer__seed(t);
	if (code) {
		if (!err->text[0])
			error__set(err, code, "cannot start tracing: %s",
				   strerror(-code));
		tracer__close(t);
		return code;
	}
	*out = t;
	return 0;
}

/* --- marks ---------------------------------------------------------- */

/* Not deleted yet: a hash iterator that is resumed counts elements, and would
 * pass over some if others went. Out of memory, one stays until the end. */
static int hash__gone(void *ctx, const void *record)
{
	struct tracer *t = ctx;
	size_t cap = t->gone_cap ? 2 * t->gone_cap : 256;
	uint64_t *grown;

	if (t->gone_len == t->gone_cap) {
		grown = realloc(t->gone, cap * sizeof(*grown));
		if (!grown)
			return 0;
		t->gone = grown;
		t->gone_cap = cap;
	}
	memcpy(&t->gone[t->gone_len++], record, sizeof(*t->gone));
	return 0;
}

static void hash__delete_gone(struct tracer *t)
{
	for (size_t i = 0; i < t->gone_len; i++)
		bpf_map__delete_elem(t->bpf->maps.rt_conn_hash, &t->gone[i],
				     sizeof(t->gone[i]), 0);
	t->gone_len = 0;
}

/* Whether any connection is kept by its cookie. */
static bool tracer__has_hashed(const struct tracer *t)
{
	uint64_t cookie;

	return !bpf_map__get_next_key(t->bpf->maps.rt_conn_hash, NULL, &cookie,
				      sizeof(cookie));
}

static int tracer__sweep(struct tracer *t, bool stop)
{
	const struct iter_run hash_run = {
		.ctx = t,
		.each = hash__gone,
		.size = sizeof(*t->gone),
		.pause = tracer__pause,
	};
	bool hashed = tracer__has_hashed(t), moved;
	int err = 0;

	t->bpf->bss->rt_sweep_generation++;
	t->bpf->bss->rt_sweep_stop = stop;
	/* Many idle connections cost nothing: what is as it was has been told.
	 * Cleared first, so that what happens meanwhile comes next time. */
	moved = __atomic_exchange_n(&t->bpf->bss->rt_moved, 0,
				    __ATOMIC_SEQ_CST) ||
		stop;
	if (moved && t->iter.sweep_tcp)
		err = tracer__iterate(t, t->iter.sweep_tcp);
	if (!err && (hashed || (moved && !t->iter.sweep_tcp)))
		err = tracer__iterate(t, t->iter.sweep_living);
	if (!err && hashed)
		err = iter__run(t->iter.sweep_hash, &hash_run);
	hash__delete_gone(t);
	return err;
}

int tracer__tidy(struct tracer *t)
{
	int err = tracer__sweep(t, false);

	return err ? err : tracer__drain_all(t);
}

/* The summaries only if there were more, or at the end, when nothing can be
 * between its counter and its sum any more. */
static int tracer__totals(struct tracer *t, bool last)
{
	struct rt_counters counters;
	uint64_t summarised;
	int err;

	err = tracer_records__counters(bpf_map__fd(t->bpf->maps.rt_counters),
				       &counters);
	if (err)
		return err;
	counters.value[RT_COUNT_SKIPPED] = tracer_attach__skipped(t->bpf);
	summarised = counters.value[RT_COUNT_SUMMARISED] +
		     counters.value[RT_COUNT_CONN_SUMMARISED];
	if (summarised != t->summarised || (last && summarised)) {
		t->summarised = summarised;
		err = tracer_records__summaries(
			bpf_map__fd(t->bpf->maps.rt_summaries), t->fn, t->ctx);
	}
	if (!err)
		err = t->fn(t->ctx, &counters, sizeof(counters));
	if (!err)
		err = tracer_records__cost(t->bpf->obj, t->fn, t->ctx);
	return err;
}

/* Nothing moves any more: what is reported from here on is the end. */
static void tracer__detach(struct tracer *t)
{
	t->bpf->bss->rt_running = 0;
	reqtrace_bpf__detach(t->bpf);
	t->detached = true;
}

/* Threads of a process that may have no other figures. Where all are traced,
 * its exit is of interest from now on; its name is not worth a look at /proc.
 */
static int tracer__threads(void *ctx, const void *record, size_t size)
{
	struct tracer *t = ctx;
	const struct rt_threads *rec = record;

	if (t->config.all && !known__find(t, rec->tgid) &&
	    !known__add(t, rec->tgid, false))
		return -ENOMEM;
	return t->fn(t->ctx, record, size);
}

int tracer__mark(struct tracer *t, int kind)
{
	struct rt_mark mark = {};
	bool last = kind == RT_REC_END;
	int err;

	/* What is idle is told before: whose connection closes while the
	 * programs go, one by one, tells nothing any more. */
	if (last && !t->detached) {
		err = tracer__sweep(t, false);
		if (err)
			return err;
		tracer__detach(t);
	}
	err = tracer__drain_all(t);
	if (!err)
		err = tracer__forget_gone(t);
	if (t->accepts)
		accept_probe__retry(t->accepts);
	/* A UNIX socket is given up by the second sweep that misses it. */
	if (!err && last)
		err = tracer__sweep(t, false);
	if (!err)
		err = tracer__sweep(t, last);
	if (!err)
		err = tracer__drain_all(t);
	if (!err && t->config.parts)
		err = threads__tell(t->threads, t->iter.list_threads,
				    bpf_map__fd(t->bpf->maps.rt_ended),
				    tracer__threads, t);
	if (!err)
		err = tracer__totals(t, last);
	if (err)
		return err;
	tracer_records__head(&mark.header, kind, sizeof(mark));
	return t->fn(t->ctx, &mark, sizeof(mark));
}

void tracer__set_slow(struct tracer *t, uint64_t ns)
{
	t->bpf->bss->rt_slow_ns = ns;
}

const char *tracer__engine(const struct tracer *t)
{
	return engine__name(t->plan.engine);
}

bool tracer__probes(const struct tracer *t)
{
	return t->plan.accept_probe;
}

size_t tracer__targets(const struct tracer *t)
{
	return t->targets;
}

bool tracer__has_targets(struct tracer *t)
{
	return t->config.all || t->config.comm || t->targets;
}

void tracer__close(struct tracer *t)
{
	struct known *k, *next;

	if (!t)
		return;
	HASH_ITER (hh, t->known, k, next)
		known__free(t, k);
	accept_probe__free(t->accepts);
	threads__free(t->threads);
	tracer_attach__free_iterators(&t->iter);
	ring_buffer__free(t->ring);
	free(t->gone);
	reqtrace_bpf__destroy(t->bpf);
	free(t);
}
