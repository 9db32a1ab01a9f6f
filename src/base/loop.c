// SPDX-License-Identifier: GPL-2.0-only
/* See loop.h. Each watch is a slot of a fixed table: reqtrace has few. */
#include "base/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define LOOP_WATCHES 16
#define NS_PER_S 1000000000ull

enum watch_kind { WATCH_FREE, WATCH_FD, WATCH_TIMER, WATCH_SIGNAL };

struct watch {
	enum watch_kind kind;
	int fd;
	loop_fn fn;
	void *ctx;
};

struct loop {
	int epoll;
	bool stop;
	sigset_t old_mask;
	struct watch watch[LOOP_WATCHES];
};

int loop__new(struct loop **out)
{
	struct loop *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0) {
		err = -errno;
		free(l);
		return err;
	}
	sigprocmask(SIG_SETMASK, NULL, &l->old_mask);
	*out = l;
	return 0;
}

void loop__free(struct loop *l)
{
	if (!l)
		return;
	for (int i = 0; i < LOOP_WATCHES; i++)
		if (l->watch[i].kind == WATCH_TIMER ||
		    l->watch[i].kind == WATCH_SIGNAL)
			close(l->watch[i].fd);
	close(l->epoll);
	sigprocmask(SIG_SETMASK, &l->old_mask, NULL);
	free(l);
}

/* Takes ownership of fd unless kind is WATCH_FD, also on failure. */
static int loop__add(struct loop *l, enum watch_kind kind, uint32_t events,
		     int fd, loop_fn fn, void *ctx)
{
	struct epoll_event ev = {.events = events};
	int i, err = -ENOSPC;

	for (i = 0; i < LOOP_WATCHES; i++)
		if (l->watch[i].kind == WATCH_FREE)
			break;
	if (i == LOOP_WATCHES)
		goto fail;
	ev.data.u32 = i;
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev)) {
		err = -errno;
		goto fail;
	}
	l->watch[i] = (struct watch){kind, fd, fn, ctx};
	return i;
fail:
	if (kind != WATCH_FD)
		close(fd);
	return err;
}

int loop__fd(struct loop *l, int fd, loop_fn fn, void *ctx)
{
	int slot = loop__add(l, WATCH_FD, EPOLLIN, fd, fn, ctx);

	return slot < 0 ? slot : 0;
}

int loop__notified(struct loop *l, int fd, loop_fn fn, void *ctx)
{
	int slot = loop__add(l, WATCH_FD, EPOLLIN | EPOLLET, fd, fn, ctx);

	return slot < 0 ? slot : 0;
}

static int timer__set(int fd, uint64_t ns)
{
	struct timespec t = {ns / NS_PER_S, ns % NS_PER_S};
	struct itimerspec spec = {t, t};

	return timerfd_settime(fd, 0, &spec, NULL) ? -errno : 0;
}

int loop__timer(struct loop *l, uint64_t ns, loop_fn fn, void *ctx)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	int err;

	if (fd < 0)
		return -errno;
	err = timer__set(fd, ns);
	if (err) {
		close(fd);
		return err;
	}
	return loop__add(l, WATCH_TIMER, EPOLLIN, fd, fn, ctx);
}

int loop__retime(struct loop *l, int timer, uint64_t ns)
{
	return timer__set(l->watch[timer].fd, ns);
}

int loop__signal(struct loop *l, int signo, loop_fn fn, void *ctx)
{
	sigset_t set;
	int fd, slot;

	sigemptyset(&set);
	sigaddset(&set, signo);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	slot = loop__add(l, WATCH_SIGNAL, EPOLLIN, fd, fn, ctx);
	return slot < 0 ? slot : 0;
}

/* Run the callback of a watch that is ready. */
static int watch__fire(const struct watch *w)
{
	struct signalfd_siginfo info;
	uint64_t times;

	switch (w->kind) {
	case WATCH_TIMER:
		if (read(w->fd, &times, sizeof(times)) != sizeof(times))
			return 0;
		return w->fn(w->ctx, times);
	case WATCH_SIGNAL:
		if (read(w->fd, &info, sizeof(info)) != sizeof(info))
			return 0;
		return w->fn(w->ctx, info.ssi_signo);
	default:
		return w->fn(w->ctx, w->fd);
	}
}

int loop__run(struct loop *l)
{
	struct epoll_event ev[LOOP_WATCHES];
	int n, err;

	while (!l->stop) {
		n = epoll_wait(l->epoll, ev, LOOP_WATCHES, -1);
		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n && !l->stop; i++) {
			err = watch__fire(&l->watch[ev[i].data.u32]);
			if (err < 0)
				return err;
		}
	}
	return 0;
}

void loop__stop(struct loop *l)
{
	l->stop = true;
}
