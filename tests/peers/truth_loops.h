/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The truth service's modes with one loop for all connections: epoll, epoll
 * that reads all requests first or hands them to workers, and io_uring. Fed
 * with a listener, serves for ever.
 */
#ifndef TRUTH_LOOPS_H
#define TRUTH_LOOPS_H

#include <sys/epoll.h>

#include "peer_uring.h"
#include "truth_threads.h"

#define EVENTS 64
#define RING_ENTRIES 64

PEER_FN void loop__watch(int epoll, int op, int fd, struct conn *c, int flags)
{
	struct epoll_event ev = {.events = EPOLLIN | (uint32_t)flags,
				 .data.ptr = c};

	if (epoll_ctl(epoll, op, fd, &ev))
		die("epoll_ctl: %m");
}

/* A loop on the listener, whose key is NULL. */
PEER_FN int loop__new(struct service *s)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll < 0 || fcntl(s->listener, F_SETFL, O_NONBLOCK))
		die("no event loop: %m");
	loop__watch(epoll, EPOLL_CTL_ADD, s->listener, NULL, 0);
	return epoll;
}

PEER_FN void loop__accept(struct service *s, int epoll, int flags)
{
	struct conn *c;

	while ((c = service__accept(s, SOCK_NONBLOCK)))
		loop__watch(epoll, EPOLL_CTL_ADD, c->fd, c, flags);
}

PEER_FN void epoll__readable(struct conn *c, struct spender *spender)
{
	int got = conn__receive(c);

	if (got > 0) {
		conn__handle(c, spender);
		got = conn__answer(c);
	}
	if (got < 0)
		conn__free(c);
}

/* --mode epoll: each request is read, handled and answered in one go. */
PEER_FN void *epoll__run(void *arg)
{
	struct service *s = arg;
	int epoll = loop__new(s);
	struct epoll_event ready[EVENTS];
	struct spender spender;

	spender__init(&spender, &s->setup);
	for (;;) {
		int n = epoll_wait(epoll, ready, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (ready[i].data.ptr)
				epoll__readable(ready[i].data.ptr, &spender);
			else
				loop__accept(s, epoll, 0);
		}
	}
	return NULL;
}

PEER_FN int batch__read(struct conn *c)
{
	int got = conn__receive(c);

	if (got < 0)
		conn__free(c);
	return got > 0;
}

/* --mode batch: all requests that are there are read before one is handled,
 * so that the thread works for others while one that it has read waits. */
PEER_FN void *batch__run(void *arg)
{
	struct service *s = arg;
	int epoll = loop__new(s);
	struct epoll_event ready[EVENTS];
	struct conn *whole[EVENTS];
	struct spender spender;

	spender__init(&spender, &s->setup);
	for (;;) {
		int n = epoll_wait(epoll, ready, EVENTS, -1), len = 0;

		for (int i = 0; i < n; i++) {
			if (!ready[i].data.ptr)
				loop__accept(s, epoll, 0);
			else if (batch__read(ready[i].data.ptr))
				whole[len++] = ready[i].data.ptr;
		}
		for (int i = 0; i < len; i++) {
			conn__handle(whole[i], &spender);
			if (conn__answer(whole[i]))
				conn__free(whole[i]);
		}
	}
	return NULL;
}

/*
 * --mode dispatch: this thread reads requests, workers handle and answer
 * them. Of a request's clocks the reader's stop when it is put in the queue,
 * and the worker's begin when the worker began to wait for it: all that the
 * worker spends from there on is its waking up.
 */
struct dispatch {
	struct service *service;
	int epoll;
};

PEER_FN void dispatch__readable(struct dispatch *d, struct conn *c)
{
	int got = conn__receive(c);
	struct reading now;

	if (got < 0) {
		conn__free(c);
	} else if (!got) {
		loop__watch(d->epoll, EPOLL_CTL_MOD, c->fd, c, EPOLLONESHOT);
	} else {
		now = reading__now();
		spent__add(&c->account.whole, &c->begin, &now);
		c->begin = now;
		queue__put(&d->service->queue, c);
	}
}

PEER_FN void *dispatch__work(void *arg)
{
	struct dispatch *d = arg;
	struct spender spender;

	spender__init(&spender, &d->service->setup);
	for (;;) {
		struct reading idle = reading__now(), taken;
		struct conn *c = queue__take(&d->service->queue);

		/* The wall clock is common to both threads. */
		idle.wall = c->begin.wall;
		taken = reading__now();
		spent__add(&c->account.cause[CAUSE_HANDOFF], &idle, &taken);
		c->begin = idle;
		conn__handle(c, &spender);
		if (conn__answer(c))
			conn__free(c);
		else
			loop__watch(d->epoll, EPOLL_CTL_MOD, c->fd, c,
				    EPOLLONESHOT);
	}
	return NULL;
}

PEER_FN void *dispatch__run(void *arg)
{
	struct dispatch d = {.service = arg, .epoll = loop__new(arg)};
	struct epoll_event ready[EVENTS];

	for (int i = 0; i < d.service->workers; i++)
		start_thread(dispatch__work, &d);
	for (;;) {
		int n = epoll_wait(d.epoll, ready, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (ready[i].data.ptr)
				dispatch__readable(&d, ready[i].data.ptr);
			else
				loop__accept(d.service, d.epoll, EPOLLONESHOT);
		}
	}
	return NULL;
}

/* --mode uring: as epoll, with all calls on sockets by io_uring. What an
 * operation is for is in the low bit of its connection's address. */
enum { RING_RECEIVE = 0, RING_SEND = 1 };

PEER_FN void ring__push(struct uring *u, int opcode, struct conn *c,
			const void *buf, size_t len)
{
	uint64_t kind = opcode == IORING_OP_SEND ? RING_SEND : RING_RECEIVE;

	uring__push(u, opcode, c->fd, buf, len, MSG_NOSIGNAL,
		    (uintptr_t)c | kind);
}

PEER_FN void ring__receive(struct uring *u, struct conn *c)
{
	ring__push(u, IORING_OP_RECV, c, c->buf + c->len,
		   sizeof(c->buf) - 1 - c->len);
}

/* The send is made when it is submitted, which is at once. */
PEER_FN int ring__received(struct uring *u, struct conn *c, int n,
			   struct spender *spender)
{
	int got = conn__received(c, n);
	struct reading from;

	if (got <= 0) {
		if (!got)
			ring__receive(u, c);
		return got;
	}
	conn__handle(c, spender);
	from = reading__now();
	ring__push(u, IORING_OP_SEND, c, c->answer, c->answer_len);
	uring__submit(u, 0);
	conn__sent(c, &from);
	return 0;
}

PEER_FN void ring__completed(struct service *s, struct uring *u, uint64_t key,
			     int result, struct spender *spender)
{
	struct conn *c = (struct conn *)(uintptr_t)(key & ~(uint64_t)1);
	int err = 0;

	if (!c) {
		if (result < 0)
			die("accept: %s", strerror(-result));
		uring__push(u, IORING_OP_ACCEPT, s->listener, NULL, 0,
			    SOCK_CLOEXEC, 0);
		ring__receive(u, conn__new(result, s->truth));
		return;
	}
	if (!(key & RING_SEND))
		err = ring__received(u, c, result, spender);
	else if (result == (int)c->answer_len)
		ring__receive(u, c);
	else
		err = -1;
	if (err)
		conn__free(c);
}

PEER_FN void *uring__run(void *arg)
{
	struct service *s = arg;
	struct spender spender;
	struct uring u;

	spender__init(&spender, &s->setup);
	uring__init(&u, RING_ENTRIES);
	uring__push(&u, IORING_OP_ACCEPT, s->listener, NULL, 0, SOCK_CLOEXEC,
		    0);
	for (;;) {
		uint64_t key;
		int result;

		uring__submit(&u, 1);
		while (uring__take(&u, &key, &result))
			ring__completed(s, &u, key, result, &spender);
	}
	return NULL;
}

#endif
