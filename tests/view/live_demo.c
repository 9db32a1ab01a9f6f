/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Drives the live view with hand-made snapshots, so that it can be looked at
 * and tested without tracing anything: live_demo [KIND [TICK_MS [exit]]], KIND
 * empty, redis, parts or web; with exit it ends at once without taking the view
 * down. Prints "ended: REASON" when the view has gone.
 */
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_snapshot.h"
#include "view/view.h"

static volatile sig_atomic_t resized, stopped;

static void on_signal(int number)
{
	if (number == SIGWINCH)
		resized = 1;
	else
		stopped = 1;
}

static enum fake_kind kind_of(const char *name)
{
	return strcmp(name, "empty") == 0   ? FAKE_EMPTY
	       : strcmp(name, "redis") == 0 ? FAKE_REDIS
	       : strcmp(name, "parts") == 0 ? FAKE_PARTS
					    : FAKE_WEB;
}

static void show(struct live *live, enum fake_kind kind, unsigned int tick)
{
	struct snapshot *snap = fake_snapshot__new(kind, tick, true);

	if (live__draw(live, snap) < 0)
		abort();
	fake_snapshot__free(snap);
}

/* Until the user quits or a signal comes; returns why it ended. */
static const char *run(struct live *live, enum fake_kind kind, int tick_ms)
{
	unsigned int tick = 1;
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

	show(live, kind, tick);
	while (!stopped) {
		enum live_action action;

		if (poll(&in, 1, tick_ms) == 0)
			show(live, kind, ++tick);
		if (resized) {
			resized = 0;
			live__resize(live);
		}
		while ((action = live__key(live)) != LIVE_NONE) {
			if (action == LIVE_QUIT)
				return "quit";
			if (action != LIVE_NEXT_BY)
				continue;
			if (kind != FAKE_WEB && kind != FAKE_CONNECTIONS) {
				live__message(live, "Rows by peer need --by "
						    "peer from the start.");
				continue;
			}
			kind = kind == FAKE_WEB ? FAKE_CONNECTIONS : FAKE_WEB;
			show(live, kind, tick);
		}
		if (in.revents & (POLLHUP | POLLERR))
			return "hung up";
	}
	return "stopped";
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	const char *reason;
	struct live *live;
	int err;

	setlocale(LC_CTYPE, "");
	sigaction(SIGWINCH, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	err = live__new(stdin, stdout, &live);
	if (err) {
		printf("no live view: %s\n", strerror(-err));
		return 1;
	}
	if (argc > 3 && strcmp(argv[3], "exit") == 0)
		exit(0); /* the view itself must restore the terminal */
	reason = run(live, kind_of(argc > 1 ? argv[1] : "web"),
		     argc > 2 ? atoi(argv[2]) : 1000);
	live__free(live);
	printf("ended: %s\n", reason);
	return 0;
}
