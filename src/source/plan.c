// SPDX-License-Identifier: GPL-2.0-only
/* See plan.h. Fed by hook.h and kernel_types.h, which know the kernel. */
#include "source/plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "source/hook.h"
#include "source/kernel_types.h"
#include "source/permissions.h"
#include "source/plan_table.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static const char *const names[ENGINES] = {
	[ENGINE_AUTO] = "auto",
	[ENGINE_SOCK] = "sock",
	[ENGINE_FEXIT] = "fexit",
	[ENGINE_SYSCALL] = "syscall",
};

const char *engine__name(enum engine engine)
{
	return names[engine];
}

enum engine engine__of(const char *name)
{
	enum engine engine = ENGINE_AUTO;

	while (engine < ENGINES && strcmp(names[engine], name))
		engine++;
	return engine;
}

/* --- trying -------------------------------------------------------------- */

/* The thread that leaves is the second argument in every release; it was the
 * third between fa2c3254d7cf and 9c2136be0878, within Linux 5.18-rc. */
static void row__check_switch(struct plan_hook *row)
{
	int id = kernel_types__tracepoint("sched_switch");

	if (kernel_types__param_is_pointer(id, 2))
		return;
	row->err = -EPROTO;
	row->reason = "its arguments are in an order that no release has";
}

static int row__try(struct plan_hook *row, bool attach)
{
	row->err = hook__try(row->name, attach, &row->reason);
	if (!row->err && !strcmp(row->name, PLAN_SWITCH))
		row__check_switch(row);
	return row->err;
}

/* All of them by one program, unless there is something to tell apart. */
static void base__try(void)
{
	const char *together[PLAN_HOOKS_MAX];
	size_t len = 0;

	for (size_t i = 0; i < plan_rows_len; i++)
		if (plan_rows[i].event == PLAN_BASE)
			together[len++] = plan_rows[i].name;
	hook__try_together(together, len);
}

const struct plan_hook *plan__table(size_t *len)
{
	base__try();
	for (size_t i = 0; i < plan_rows_len; i++)
		row__try(&plan_rows[i], true);
	kernel_types__free();
	*len = plan_rows_len;
	return plan_rows;
}

/* --- choosing ------------------------------------------------------------ */

static void plan__use(struct plan *p, const char *hook)
{
	size_t len = 0;

	while (p->hooks[len])
		len++;
	if (len < PLAN_HOOKS_MAX)
		p->hooks[len] = hook;
}

/* Once each. */
static void plan__lose(struct plan *p, const char *what)
{
	size_t len = 0;

	while (p->lost[len] && strcmp(p->lost[len], what) != 0)
		len++;
	if (len < PLAN_LOST_MAX)
		p->lost[len] = what;
}

/* Nothing is lost of what the host does not have. */
static bool is_loss(const char *lost)
{
	return strcmp(lost, PLAN_LOST_IPV6) != 0 ||
	       access("/proc/net/if_inet6", F_OK) == 0;
}

/* Whether there are several ways, of which a function below chooses. */
static bool row__is_apart(const struct plan_hook *row)
{
	return row->event == PLAN_ACCEPTED || row->event == PLAN_SWEPT;
}

/* Try the rows of an engine, but for those apart. NULL, or the first
 * needed one that does not work. One trampoline is attached: arm64 loads
 * programs for them that it cannot attach, before Linux 6.4. */
static const struct plan_hook *plan__rows(struct plan *p, enum engine engine,
					  bool parts)
{
	for (size_t i = 0; i < plan_rows_len; i++) {
		struct plan_hook *row = &plan_rows[i];

		if (row->engine != engine || row__is_apart(row) ||
		    (row->event == PLAN_THREADS && !parts))
			continue;
		if (!row__try(row, !strcmp(row->name, PLAN_TRAMPOLINE))) {
			if (row->event != PLAN_BASE &&
			    strcmp(row->name, PLAN_TASK_FROM_PID) != 0)
				plan__use(p, row->name);
		} else if (row->needed) {
			return row;
		} else if (row->lost && is_loss(row->lost)) {
			plan__lose(p, row->lost);
		}
	}
	return NULL;
}

static bool plan__uses(const struct plan *p, const char *hook)
{
	for (size_t i = 0; p->hooks[i]; i++)
		if (!strcmp(p->hooks[i], hook))
			return true;
	return false;
}

/* Whether a program for a trampoline may load where it cannot be attached. */
#if defined(__aarch64__)
#define LOADS_IN_VAIN true /* before Linux 6.4 */
#else
#define LOADS_IN_VAIN false
#endif

/* A trampoline if there is one, else return probes; the syscall engine sees
 * the calls themselves. */
static void plan__accept(struct plan *p)
{
	for (size_t i = 0; i < plan_rows_len && !p->accept_fexit; i++) {
		struct plan_hook *row = &plan_rows[i];
		bool fexit = !strcmp(row->name, PLAN_ACCEPT_FEXIT);

		if (row->event != PLAN_ACCEPTED ||
		    row__try(row, fexit && LOADS_IN_VAIN))
			continue;
		plan__use(p, row->name);
		if (fexit)
			p->accept_fexit = true;
		else
			p->accept_probe = true;
	}
	if (!p->accept_fexit)
		plan__lose(p,
			   p->accept_probe ? PLAN_LOST_LIBC : PLAN_LOST_ACCEPT);
}

/* The row of a name that there is. */
static struct plan_hook *row__of(const char *name)
{
	struct plan_hook *row = plan_rows;

	while (strcmp(row->name, name) != 0)
		row++;
	return row;
}

/* NULL, or the row of the last way, which does not work either. */
static const struct plan_hook *plan__sweep(struct plan *p)
{
	struct plan_hook *maps = row__of(PLAN_ITER_MAPS);

	if (!row__try(row__of(PLAN_ITER_SOCKETS), false) &&
	    !row__try(row__of(PLAN_ITER_HASH), false)) {
		plan__use(p, PLAN_ITER_SOCKETS);
		plan__use(p, PLAN_ITER_HASH);
		return NULL;
	}
	if (row__try(maps, false))
		return maps;
	plan__use(p, PLAN_ITER_MAPS);
	plan__lose(p, PLAN_LOST_SWEEP);
	p->sweep_files = true;
	return NULL;
}

/* What the programs must know of this kernel. */
static void plan__facts(struct plan *p, bool parts)
{
	const char *reason;

	/* 92ef0fd55ac8, "net: change proto and proto_ops accept type" */
	p->accept_two_args = kernel_types__params(kernel_types__function(
				     "inet_csk_accept")) == 2;
	/* 9c2136be0878, "sched/tracing: Append prev_state to tp args
	 * instead" */
	p->switch_tells_state = kernel_types__params(kernel_types__tracepoint(
					"sched_switch")) == 5;
	p->inet6 = plan__uses(p, PLAN_INET6_RECV) &&
		   plan__uses(p, PLAN_INET6_SEND);
	p->sendpage = plan__uses(p, PLAN_SENDPAGE);
	p->twins = p->engine != ENGINE_FEXIT &&
		   kernel_types__preempt_tracepoints();
	p->task_from_pid =
		parts && !hook__try(PLAN_TASK_FROM_PID, false, &reason);
}

/* --- refusing ------------------------------------------------------------ */

static const char *release(struct utsname *host)
{
	return uname(host) ? "of an unknown release" : host->release;
}

/* Every feature that is missing, as one alone would send people to a kernel
 * that lacks the next. */
static int refuse__base(const struct plan_hook *first, struct error *err)
{
	struct utsname host;
	char list[300] = "";
	size_t used = 0;

	for (size_t i = 0; i < plan_rows_len; i++) {
		struct plan_hook *row = &plan_rows[i];

		if (row->event == PLAN_BASE && row__try(row, false) &&
		    used < sizeof(list))
			used += snprintf(list + used, sizeof(list) - used,
					 "%s%s", used ? ", " : "",
					 strchr(row->name, '/') + 1);
	}
	return error__set(err, -ENOTSUP,
			  "cannot trace on kernel %s: it lacks %s (%s); use "
			  "Linux 5.15 or newer",
			  release(&host), list, first->reason);
}

static int refuse__common(const struct plan_hook *row, struct error *err)
{
	struct utsname host;

	if (row->event == PLAN_BASE && row->err == -EINVAL)
		return refuse__base(row, err);
	return error__set(err, -ENOTSUP,
			  "cannot trace on kernel %s: %s does not work, as "
			  "%s%s; see reqtrace doctor",
			  release(&host), row->name, row->reason,
			  row->event == PLAN_THREADS
				  ? "; --no-parts traces without it"
				  : "");
}

static int refuse__engine(const struct plan_hook *row, struct error *err)
{
	struct utsname host;

	return error__set(err, -ENOTSUP,
			  "the engine %s does not work on kernel %s: %s: %s; "
			  "use --engine auto, or see reqtrace doctor",
			  engine__name(row->engine), release(&host), row->name,
			  row->reason);
}

static int refuse__all(const struct plan_hook *const *missing,
		       struct error *err)
{
	struct utsname host;
	char list[300] = "";
	size_t used = 0;

	for (int e = ENGINE_SOCK; e < ENGINES && used < sizeof(list); e++)
		used += snprintf(list + used, sizeof(list) - used,
				 "%s%s needs %s (%s)", used ? ", " : "",
				 engine__name(e), missing[e]->name,
				 missing[e]->reason);
	return error__set(err, -ENOTSUP,
			  "no engine works on kernel %s: %s; see reqtrace "
			  "doctor",
			  release(&host), list);
}

/* The wanted engine, or the first that works, added to what all share. */
static int plan__engine(enum engine wanted, bool parts, struct plan *out,
			struct error *err)
{
	const struct plan_hook *missing[ENGINES] = {};
	const struct plan shared = *out;

	for (int e = ENGINE_SOCK; e < ENGINES; e++) {
		if (wanted != ENGINE_AUTO && wanted != (enum engine)e)
			continue;
		*out = shared;
		out->engine = e;
		missing[e] = plan__rows(out, e, parts);
		if (!missing[e])
			return 0;
		if (wanted != ENGINE_AUTO)
			return refuse__engine(missing[e], err);
	}
	return refuse__all(missing, err);
}

/* What this kernel does not have by itself, libbpf looks for in its modules
 * (load_module_btfs(), in libbpf 1.1), whose types it may list only with that
 * capability. */
static int plan__permitted(struct error *err)
{
	if (kernel_types__function("bpf_task_from_pid") >= 0 ||
	    permissions__admin())
		return 0;
	return error__set(err, -EPERM,
			  "tracing needs CAP_SYS_ADMIN as well on this kernel, "
			  "as before Linux 6.2, which has no "
			  "bpf_task_from_pid(); run it as root");
}

int plan__choose(enum engine wanted, bool parts, struct plan *out,
		 struct error *err)
{
	const struct plan_hook *missing;
	int code = 0;

	memset(out, 0, sizeof(*out));
	base__try();
	missing = plan__rows(out, ENGINE_AUTO, parts);
	if (!missing)
		missing = plan__sweep(out);
	if (missing)
		code = refuse__common(missing, err);
	if (!code)
		code = plan__engine(wanted, parts, out, err);
	if (!code)
		code = plan__permitted(err);
	if (!code) {
		if (out->engine != ENGINE_SYSCALL)
			plan__accept(out);
		for (size_t i = 0; plan_engine_lost[out->engine][i]; i++)
			plan__lose(out, plan_engine_lost[out->engine][i]);
		plan__facts(out, parts);
	}
	kernel_types__free();
	return code;
}
