/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The event loop: epoll over descriptors, timers (timerfd) and signals
 * (signalfd). One thread; callbacks run to their end.
 */
#ifndef REQTRACE_BASE_LOOP_H
#define REQTRACE_BASE_LOOP_H

#include <stdint.h>

struct loop;

/* Called when fd is readable, the timer expired or the signal came. value:
 * the fd, expirations, or the signal's number. A negative return ends
 * loop__run with it. */
typedef int (*loop_fn)(void *ctx, uint64_t value);

/* 0 and *out, or negative errno. */
int loop__new(struct loop **out);
void loop__free(struct loop *l); /* accepts NULL; restores signals */

/* Watch a readable descriptor, which stays the caller's. */
int loop__fd(struct loop *l, int fd, loop_fn fn, void *ctx);

/* The same, but fn is only called when fd is notified, not as long as there is
 * something to read. */
int loop__notified(struct loop *l, int fd, loop_fn fn, void *ctx);

/* A repeating timer, first after ns. Returns its id >= 0 or negative errno. */
int loop__timer(struct loop *l, uint64_t ns, loop_fn fn, void *ctx);

/* Change a timer's period (0 stops it). 0 or negative errno. */
int loop__retime(struct loop *l, int timer, uint64_t ns);

/* Block the signal and deliver it here. */
int loop__signal(struct loop *l, int signo, loop_fn fn, void *ctx);

/* Run until loop__stop or a callback fails. Returns 0 or that failure. */
int loop__run(struct loop *l);
void loop__stop(struct loop *l);

#endif
