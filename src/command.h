/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A command that reqtrace starts: held back before its first instruction
 * until tracing is attached.
 */
#ifndef REQTRACE_COMMAND_H
#define REQTRACE_COMMAND_H

#include <sys/types.h>

#include "base/error.h"

struct command {
	pid_t pid;  /* 0: none */
	int go;	    /* write end: the child waits for a byte or the end */
	int failed; /* read end: errno of execvp, or the end if it worked */
};

/* Fork a child that will run argv. 0 or negative errno and err. */
int command__prepare(struct command *c, char **argv, struct error *err);

/* Let it run. 0, or negative errno and err when it cannot be executed. */
int command__start(struct command *c, const char *name, struct error *err);

/* End it if it still runs (SIGTERM, after two seconds SIGKILL) and reap it. */
void command__end(struct command *c);

#endif
