/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What "reqtrace doctor" says: whether this machine can be traced, by which
 * hooks, what is lost and what to do. Fed with findings, yields text or JSON.
 */
#ifndef REQTRACE_VIEW_DOCTOR_H
#define REQTRACE_VIEW_DOCTOR_H

#include "view/view.h"

enum doctor_state {
	DOCTOR_OK,
	DOCTOR_NOTE, /* fine as it is, or cannot be told */
	DOCTOR_BAD,  /* in the way of tracing, or of part of it */
};

/* One line about the machine. */
struct doctor_fact {
	const char *key;  /* in JSON: "lockdown" */
	const char *name; /* "Lockdown" */
	enum doctor_state state;
	char value[512]; /* "none" */
};

struct doctor_capability {
	const char *name, *use;
	bool needed, held;
};

struct doctor_hook {
	const char *event;		  /* key in JSON: "moved" */
	const char *title;		  /* "Bytes received and sent" */
	const char *engine;		  /* "all" */
	const char *name, *reason, *lost; /* reason NULL: it works */
	bool needed;
	bool untried; /* for want of capabilities */
};

/* Whether an engine works, and why not. */
struct doctor_engine {
	const char *name;
	char reason[512]; /* "": it works */
	bool untried;	  /* for want of capabilities */
};

#define DOCTOR_FACTS_MAX 16
#define DOCTOR_HOOKS_MAX 64
#define DOCTOR_CAPABILITIES_MAX 16
#define DOCTOR_ENGINES_MAX 4
#define DOCTOR_ADVICE_MAX 8

struct doctor {
	const char *version;
	struct doctor_fact facts[DOCTOR_FACTS_MAX];
	size_t facts_len;
	struct doctor_capability capabilities[DOCTOR_CAPABILITIES_MAX];
	size_t capabilities_len;
	struct doctor_hook hooks[DOCTOR_HOOKS_MAX]; /* sorted by event */
	size_t hooks_len;
	struct doctor_engine engines[DOCTOR_ENGINES_MAX];
	size_t engines_len;
	const char *engine;	 /* that auto takes; NULL: none */
	const char *const *lost; /* by that; NULL-terminated sentences */
	char refusal[512];	 /* sentence, if there is no engine */
	const char *advice[DOCTOR_ADVICE_MAX]; /* sentences */
	size_t advice_len;
};

/* 0, or negative errno of the write, or -ENOMEM. */
int doctor__print(const struct doctor *d, const struct view_style *style,
		  FILE *out);
int doctor__print_json(const struct doctor *d, FILE *out);

#endif
