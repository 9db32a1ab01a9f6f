/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bounds on what a stranger can make reqtrace remember: distinct operations
 * and statuses per role and port. Those past the bound become "other".
 */
#ifndef REQTRACE_MODEL_OPERATIONS_H
#define REQTRACE_MODEL_OPERATIONS_H

#include <stdint.h>

#include "base/intern.h"
#include "reqtrace/record.h"

/* Operations of one role and port: more rows than anybody reads, and what a
 * route template with a free segment would fill in no time. */
#define OPERATIONS_PER_PORT 200
/* "GET other", "POST other", ...: methods in use, with room for unusual ones */
#define OPERATIONS_FOLDS_PER_PORT 16
#define OPERATIONS_STATUSES_PER_PORT 64
/* Of all ports together: 16 MiB at most. */
#define OPERATIONS_TOTAL 65536

extern const char operations__none[];  /* "" */
extern const char operations__other[]; /* "other" */

/* 64 KB; as many as there are series. */
#define OPERATIONS_RECENT 4096

struct operations {
	struct intern strings;
	struct operations_port *ports;
	struct operations_use *uses;
	struct operations_recent {
		const char *text; /* interned; NULL: none */
		uint32_t port, kind;
	} recent[OPERATIONS_RECENT];
};

void operations__init(struct operations *ops);
void operations__free(struct operations *ops);

/* The string that stands for an operation (or status) of role and port: text
 * itself, "METHOD other" or "other". Lives as long as ops. 0 or -ENOMEM. */
int operations__operation(struct operations *ops, enum rt_role role,
			  uint16_t port, const char *text, const char **out);
int operations__status(struct operations *ops, enum rt_role role, uint16_t port,
		       const char *text, const char **out);

#endif
