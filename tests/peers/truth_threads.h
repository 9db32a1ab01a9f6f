/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The truth service's modes with a thread or process a connection: one that
 * is made for it, one of a pool, or one of several that were forked before.
 * Fed with a listener, serves for ever.
 */
#ifndef TRUTH_THREADS_H
#define TRUTH_THREADS_H

#include <signal.h>
#include <sys/prctl.h>

#include "truth_conn.h"

#define QUEUE_MAX 256

/* Connections that wait for a worker. */
struct queue {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	unsigned int head, tail;
	struct conn *conn[QUEUE_MAX];
};

struct service {
	struct setup setup;
	struct truth *truth;
	int listener;
	int workers;
	struct queue queue;
};

PEER_FN void start_thread(void *(*body)(void *), void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, body, arg))
		die("pthread_create failed");
	pthread_detach(thread);
}

PEER_FN struct conn *service__accept(struct service *s, int flags)
{
	int one = 1;
	int fd;

	do
		fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | flags);
	while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (fd < 0 && errno == EAGAIN)
		return NULL;
	if (fd < 0)
		die("accept: %m");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return conn__new(fd, s->truth);
}

PEER_FN void queue__put(struct queue *q, struct conn *c)
{
	pthread_mutex_lock(&q->lock);
	if (q->tail - q->head == QUEUE_MAX)
		die("queue is full");
	q->conn[q->tail++ % QUEUE_MAX] = c;
	pthread_cond_signal(&q->filled);
	pthread_mutex_unlock(&q->lock);
}

/* Blocks until there is one. */
PEER_FN struct conn *queue__take(struct queue *q)
{
	struct conn *c;

	pthread_mutex_lock(&q->lock);
	while (q->head == q->tail)
		pthread_cond_wait(&q->filled, &q->lock);
	c = q->conn[q->head++ % QUEUE_MAX];
	pthread_mutex_unlock(&q->lock);
	return c;
}

struct job {
	struct service *service;
	struct conn *conn;
};

PEER_FN void *job__run(void *arg)
{
	struct job *job = arg;
	struct spender spender;

	spender__init(&spender, &job->service->setup);
	conn__serve(job->conn, &spender);
	conn__free(job->conn);
	spender__end(&spender);
	free(job);
	return NULL;
}

/* --mode thread */
PEER_FN void *thread__accept(void *arg)
{
	for (;;) {
		struct job *job = calloc(1, sizeof(*job));

		if (!job)
			die("no memory");
		job->service = arg;
		job->conn = service__accept(arg, 0);
		start_thread(job__run, job);
	}
	return NULL;
}

PEER_FN void *pool__work(void *arg)
{
	struct service *s = arg;
	struct spender spender;

	spender__init(&spender, &s->setup);
	for (;;) {
		struct conn *c = queue__take(&s->queue);

		conn__serve(c, &spender);
		conn__free(c);
	}
	return NULL;
}

PEER_FN void *pool__accept(void *arg)
{
	struct service *s = arg;

	for (;;)
		queue__put(&s->queue, service__accept(s, 0));
	return NULL;
}

/* --mode pool */
PEER_FN void pool__start(struct service *s)
{
	for (int i = 0; i < s->workers; i++)
		start_thread(pool__work, s);
	start_thread(pool__accept, s);
}

/* --mode prefork: all accept on the same listener. */
PEER_FN void prefork__start(struct service *s)
{
	pid_t parent = getpid();

	for (int i = 0; i < s->workers; i++) {
		struct spender spender;
		pid_t pid = fork();

		if (pid < 0)
			die("fork: %m");
		if (pid)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			exit(1);
		spender__init(&spender, &s->setup);
		for (;;) {
			struct conn *c = service__accept(s, 0);

			conn__serve(c, &spender);
			conn__free(c);
		}
	}
}

#endif
