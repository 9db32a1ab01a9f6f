// SPDX-License-Identifier: GPL-2.0-only
/* See feed.h. */
#include "export/feed.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

struct feed {
	pthread_mutex_t lock; /* held for a few instructions only */
	pthread_cond_t came;  /* a batch, or the end */
	int fd;
	bool closed;
	const struct metrics *latest; /* owned reference; NULL: none yet */
	uint64_t published;	      /* batches so far */
};

/* A condition whose timeouts no change of the wall clock moves. */
static int feed__init_condition(pthread_cond_t *c)
{
	pthread_condattr_t attr;
	int code = pthread_condattr_init(&attr);

	if (code)
		return -code;
	code = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (!code)
		code = pthread_cond_init(c, &attr);
	pthread_condattr_destroy(&attr);
	return -code;
}

int feed__new(struct feed **out)
{
	struct feed *f = calloc(1, sizeof(*f));
	int code;

	if (!f)
		return -ENOMEM;
	f->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (f->fd < 0) {
		code = -errno;
		goto no_fd;
	}
	code = -pthread_mutex_init(&f->lock, NULL);
	if (code)
		goto no_lock;
	code = feed__init_condition(&f->came);
	if (code)
		goto no_condition;
	*out = f;
	return 0;

no_condition:
	pthread_mutex_destroy(&f->lock);
no_lock:
	close(f->fd);
no_fd:
	free(f);
	return code;
}

void feed__free(struct feed *f)
{
	if (!f)
		return;
	metrics__put(f->latest);
	pthread_cond_destroy(&f->came);
	pthread_mutex_destroy(&f->lock);
	close(f->fd);
	free(f);
}

int feed__fd(const struct feed *f)
{
	return f->fd;
}

void feed__publish(struct feed *f, const struct metrics *m)
{
	const struct metrics *before;
	uint64_t asked;

	pthread_mutex_lock(&f->lock);
	/* Under the lock, so that no request between the two is lost. It fails
	 * with EAGAIN when nobody has asked, which is as good. */
	if (read(f->fd, &asked, sizeof(asked)) < 0)
		asked = 0;
	before = f->latest;
	f->latest = m;
	f->published++;
	pthread_cond_broadcast(&f->came);
	pthread_mutex_unlock(&f->lock);
	/* Freeing a batch takes long. */
	metrics__put(before);
}

void feed__close(struct feed *f)
{
	pthread_mutex_lock(&f->lock);
	f->closed = true;
	pthread_cond_broadcast(&f->came);
	pthread_mutex_unlock(&f->lock);
}

/* Make the descriptor readable. A counter that is full is so as well. */
static void feed__ask(struct feed *f)
{
	uint64_t one = 1;

	while (write(f->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* Whether what there is will do. */
static bool feed__has(const struct feed *f, uint64_t max_age)
{
	if (f->closed || !f->latest)
		return f->closed;
	return clock__now() - f->latest->made <= max_age;
}

const struct metrics *feed__take(struct feed *f, uint64_t max_age,
				 uint64_t timeout)
{
	uint64_t now = clock__now();
	uint64_t until =
		timeout > UINT64_MAX / 2 - now ? UINT64_MAX / 2 : now + timeout;
	struct timespec t = {until / NS_PER_S, until % NS_PER_S};
	const struct metrics *m = NULL;
	uint64_t published;
	bool came;
	int code = 0;

	pthread_mutex_lock(&f->lock);
	published = f->published;
	came = feed__has(f, max_age);
	if (!came)
		feed__ask(f);
	while (!came && !code) {
		code = pthread_cond_timedwait(&f->came, &f->lock, &t);
		/* One that came since is as fresh as any will be, however long
		 * this thread then waited for a CPU. */
		came = f->closed || f->published != published;
	}
	if (came && f->latest)
		m = metrics__get(f->latest);
	pthread_mutex_unlock(&f->lock);
	return m;
}
