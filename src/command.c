// SPDX-License-Identifier: GPL-2.0-only
/* See command.h. */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TERM_WAIT_MS 2000
#define EXEC_FAILED 127

/* In the child: wait for the word, then become the command. */
static void command__child(int go, int failed, char **argv)
{
	char byte;
	int err;

	if (read(go, &byte, 1) != 1) /* the tracer gave up */
		_exit(EXEC_FAILED);
	execvp(argv[0], argv);
	err = errno;
	if (write(failed, &err, sizeof(err)) != sizeof(err))
		_exit(EXEC_FAILED);
	_exit(EXEC_FAILED);
}

int command__prepare(struct command *c, char **argv, struct error *err)
{
	int go[2], failed[2], code;

	if (pipe2(go, O_CLOEXEC))
		goto fail;
	if (pipe2(failed, O_CLOEXEC))
		goto fail_go;
	c->pid = fork();
	if (c->pid < 0)
		goto fail_failed;
	if (!c->pid) {
		close(go[1]);
		close(failed[0]);
		command__child(go[0], failed[1], argv);
	}
	close(go[0]);
	close(failed[1]);
	c->go = go[1];
	c->failed = failed[0];
	return 0;
fail_failed:
	code = errno;
	close(failed[0]);
	close(failed[1]);
	errno = code;
fail_go:
	code = errno;
	close(go[0]);
	close(go[1]);
	errno = code;
fail:
	c->pid = 0;
	return error__set(err, -errno, "cannot start a process: %s",
			  strerror(errno));
}

int command__start(struct command *c, const char *name, struct error *err)
{
	int code = 0;
	ssize_t n;

	if (write(c->go, "", 1) != 1)
		return error__set(err, -EPIPE, "cannot start %s: it died",
				  name);
	n = read(c->failed, &code, sizeof(code));
	close(c->go);
	close(c->failed);
	c->go = c->failed = -1;
	if (n == sizeof(code))
		return error__set(err, -code, "cannot start %s: %s", name,
				  strerror(code));
	return 0;
}

void command__end(struct command *c)
{
	int signal = SIGTERM;

	if (!c->pid)
		return;
	if (c->go >= 0) { /* never started: it ends by itself */
		close(c->go);
		close(c->failed);
		signal = 0;
	}
	if (waitpid(c->pid, NULL, WNOHANG) == 0) {
		if (signal)
			kill(c->pid, signal);
		for (int i = 0; i < TERM_WAIT_MS / 10; i++) {
			if (waitpid(c->pid, NULL, WNOHANG) != 0) {
				c->pid = 0;
				return;
			}
			usleep(10000);
		}
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	c->pid = 0;
}
