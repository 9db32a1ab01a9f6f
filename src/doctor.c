// SPDX-License-Identifier: GPL-2.0-only
/* See doctor.h. */
#include "doctor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "output.h"
#include "source/host_facts.h"
#include "source/permissions.h"
#include "source/plan.h"
#include "view/doctor.h"

static const struct {
	const char *key, *title;
} events[PLAN_EVENTS] = {
	[PLAN_MOVED] = {"moved", "Bytes received and sent"},
	[PLAN_ARRIVED] = {"arrived", "Bytes that became readable"},
	[PLAN_OPENED] = {"opened", "Connections established and closed"},
	[PLAN_ACCEPTED] = {"accepted",
			   "Connections out of the accept queue (one way will "
			   "do)"},
	[PLAN_PROCESSES] = {"processes", "Processes"},
	[PLAN_THREADS] = {"threads", "Where the time goes (not with "
				     "--no-parts)"},
	[PLAN_FOUND] = {"found", "What is open already"},
	[PLAN_SWEPT] = {"swept",
			"Connections that are idle or gone (the first two, or "
			"the last)"},
	[PLAN_BASE] = {"base", "What the programs are made of"},
};

static struct doctor_fact *fact(struct doctor *d, const char *key,
				const char *name, enum doctor_state state)
{
	struct doctor_fact *f = &d->facts[d->facts_len++];

	f->key = key;
	f->name = name;
	f->state = state;
	return f;
}

#define VALUE(fact, ...)                                                       \
	snprintf((fact)->value, sizeof((fact)->value), __VA_ARGS__)

static void advise(struct doctor *d, const char *sentence)
{
	if (d->advice_len < DOCTOR_ADVICE_MAX)
		d->advice[d->advice_len++] = sentence;
}

static void add__kernel(struct doctor *d, const struct host_facts *h)
{
	bool secret = !strcmp(h->lockdown, "confidentiality");

	VALUE(fact(d, "kernel", "Kernel", DOCTOR_OK), "%s", h->kernel);
	VALUE(fact(d, "machine", "Architecture", DOCTOR_OK), "%s", h->machine);
	VALUE(fact(d, "btf", "Types (BTF)", h->types ? DOCTOR_OK : DOCTOR_BAD),
	      "%s", h->types ? "yes" : "none: needs CONFIG_DEBUG_INFO_BTF=y");
	if (!h->types)
		advise(d, "Boot a kernel built with CONFIG_DEBUG_INFO_BTF=y, "
			  "as the distributions' are");
	VALUE(fact(d, "lockdown", "Lockdown", secret ? DOCTOR_BAD : DOCTOR_OK),
	      "%s", h->lockdown[0] ? h->lockdown : "none");
	if (secret)
		advise(d, "Boot with lockdown=integrity: confidentiality "
			  "forbids tracing");
}

static void add__surroundings(struct doctor *d, const struct host_facts *h)
{
	VALUE(fact(d, "seccomp", "Seccomp",
		   h->seccomp ? DOCTOR_NOTE : DOCTOR_OK),
	      "%s",
	      h->seccomp ? "a filter, which may forbid bpf() and "
			   "perf_event_open()"
			 : "no filter");
	VALUE(fact(d, "container", "Container",
		   h->container ? DOCTOR_NOTE : DOCTOR_OK),
	      "%s", h->container ? "it looks like one" : "no");
	VALUE(fact(d, "pid_namespace", "Process ids",
		   h->pid_namespace ? DOCTOR_BAD : DOCTOR_OK),
	      "%s",
	      h->pid_namespace ? "of a namespace of their own" : "the host's");
	if (h->pid_namespace)
		advise(d, "Start reqtrace on the host, or its container with "
			  "--pid=host");
	if (h->unprivileged_bpf >= 0)
		VALUE(fact(d, "unprivileged_bpf", "Unprivileged BPF",
			   DOCTOR_NOTE),
		      "%s (kernel.unprivileged_bpf_disabled is %d); tracing "
		      "needs capabilities in any case",
		      h->unprivileged_bpf ? "off" : "on", h->unprivileged_bpf);
}

static void add__capabilities(struct doctor *d)
{
	size_t len;
	const struct permission *list = permissions__list(&len);

	for (size_t i = 0; i < len && i < DOCTOR_CAPABILITIES_MAX; i++)
		d->capabilities[d->capabilities_len++] =
			(struct doctor_capability){list[i].name, list[i].use,
						   list[i].needed,
						   list[i].held};
	if (permissions__missing())
		advise(d, "Run it with sudo, or give it the capabilities: sudo "
			  "setcap cap_bpf,cap_perfmon,cap_sys_ptrace+ep "
			  "$(command -v reqtrace); in a container, add them "
			  "with --cap-add");
}

static void add__hooks(struct doctor *d, const struct plan_hook *table,
		       size_t len)
{
	bool untried = permissions__missing();

	for (int event = 0; event < PLAN_EVENTS; event++)
		for (size_t i = 0; i < len; i++) {
			const struct plan_hook *h = &table[i];

			if ((int)h->event != event ||
			    d->hooks_len == DOCTOR_HOOKS_MAX)
				continue;
			d->hooks[d->hooks_len++] = (struct doctor_hook){
				.event = events[event].key,
				.title = events[event].title,
				.engine = h->engine ? engine__name(h->engine)
						    : "all",
				.name = h->name,
				.reason = h->err ? h->reason : NULL,
				.lost = h->lost,
				.needed = h->needed,
				.untried = untried && h->err == -EPERM,
			};
		}
}

/* Does this row keep the engine from working? */
static bool stops(const struct plan_hook *h, enum engine engine)
{
	return h->err && h->needed && h->event != PLAN_THREADS &&
	       (h->engine == engine || h->engine == ENGINE_AUTO);
}

/* What the kernel does not have is told even if nothing could be tried. */
static void add__engine(struct doctor *d, enum engine engine,
			const struct plan_hook *table, size_t len)
{
	struct doctor_engine *out = &d->engines[d->engines_len++];
	const char *missing = permissions__missing();

	out->name = engine__name(engine);
	for (size_t i = 0; i < len && !out->reason[0]; i++)
		if (stops(&table[i], engine) &&
		    !(missing && table[i].err == -EPERM))
			snprintf(out->reason, sizeof(out->reason), "%s: %s",
				 table[i].name, table[i].reason);
	if (missing && !out->reason[0]) {
		out->untried = true;
		snprintf(out->reason, sizeof(out->reason), "%s", missing);
	}
}

static const char *cheaper_than_syscall(const struct doctor *d)
{
	for (size_t i = 0; i < d->engines_len; i++)
		if (!d->engines[i].reason[0] &&
		    strcmp(d->engines[i].name, engine__name(ENGINE_SYSCALL)))
			return "Leave out --engine syscall: another one works "
			       "here, which costs less and sees more";
	return "Linux 6.3 and newer have the tracepoints of the engine sock, "
	       "which costs less and sees more";
}

/* The engine that a run would take. 0 or negative errno. */
static int choose(struct doctor *d, enum engine wanted, struct plan *plan)
{
	struct error err = {};
	int code = permissions__check(&err);
	bool parts = true;

	if (!code)
		code = plan__choose(wanted, parts, plan, &err);
	if (code && !permissions__check(NULL)) {
		parts = false;
		code = plan__choose(wanted, parts, plan, NULL);
	}
	if (!code && !parts)
		advise(d, "Give --no-parts: this kernel does not tell where "
			  "the time goes");
	if (code == -EPERM && !permissions__missing())
		advise(d, "Run it as root, or give it cap_sys_admin beside the "
			  "other capabilities");
	if (code) {
		snprintf(d->refusal, sizeof(d->refusal), "%s", err.text);
		return code;
	}
	d->engine = engine__name(plan->engine);
	d->lost = plan->lost;
	if (plan->engine == ENGINE_SYSCALL)
		advise(d, cheaper_than_syscall(d));
	return 0;
}

static int print(const struct doctor *d, const struct options *o,
		 struct error *err)
{
	const struct view_style style = {.width = output__width(),
					 .utf8 = view__utf8()};
	FILE *out = stdout;
	int code;

	if (!o->json)
		code = doctor__print(d, &style, out);
	else if (strcmp(o->json, "-") != 0 && !(out = fopen(o->json, "we")))
		code = -errno;
	else
		code = doctor__print_json(d, out);
	if (out && out != stdout && fclose(out) && !code)
		code = -errno;
	return code ? error__set(err, code,
				 "cannot write what was found%s%s: "
				 "%s",
				 o->json ? " to " : "", o->json ?: "",
				 strerror(-code))
		    : 0;
}

int doctor__run(const struct options *o, struct error *err)
{
	static struct doctor d = {.version = REQTRACE_VERSION};
	const struct plan_hook *table;
	struct host_facts host;
	struct plan plan;
	size_t len;
	int code, printed;

	host_facts__read(&host);
	add__kernel(&d, &host);
	add__surroundings(&d, &host);
	add__capabilities(&d);
	table = plan__table(&len);
	add__hooks(&d, table, len);
	for (int e = ENGINE_SOCK; e < ENGINES; e++)
		add__engine(&d, e, table, len);
	code = choose(&d, o->engine, &plan);
	if (code && host.seccomp && !permissions__missing())
		advise(&d, "Start the container without a seccomp filter "
			   "(--security-opt seccomp=unconfined)");
	printed = print(&d, o, err);
	return printed ?: code;
}
