/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of Redis commands, bounded in number: what reports may show of a
 * command. For redis.c.
 */
#ifndef REQTRACE_PROTO_REDIS_COMMANDS_H
#define REQTRACE_PROTO_REDIS_COMMANDS_H

#include <stdbool.h>

#include "proto/view.h"

/* With the zero byte; the longest is SENTINEL GET-MASTER-ADDR-BY-NAME. */
#define REDIS_NAME_MAX 40

/* Is this, in any case, a command of the table? */
bool redis_command__is_known(struct span name);

/*
 * The name to report, upper case: of the table, with its subcommand where
 * that is in the table too ("CONFIG GET"); of a module ("JSON.GET"); else
 * "(other)". sub is the second word, NULL when there is one and it is not
 * known: false then if the name depends on it.
 */
bool redis_command__name(struct span name, const struct span *sub,
			 char out[REDIS_NAME_MAX]);

#endif
