/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The other thread that the truth service's handlers wait for: it keeps a
 * lock, or stays silent, for as long as it is told. Fed by one handling
 * thread, which blocks in the meantime. Belongs to one thread.
 */
#ifndef TRUTH_HELPER_H
#define TRUTH_HELPER_H

#include <linux/futex.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "truth_book.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

#define HELPER_PAGE 4096u

struct helper {
	pthread_t thread;
	sem_t wanted, held;
	pthread_mutex_t mutex, pi_mutex;
	atomic_uint word; /* futex_waitv */
	int pipe[2];
	int faults; /* userfaultfd of .page */
	char *page;
	enum cause cause; /* what is wanted */
	uint64_t us;	  /* and for how long */
	bool end;
};

PEER_FN void sleep_us(uint64_t us)
{
	struct timespec ts = {(time_t)(us / 1000000),
			      (long)(us % 1000000) * 1000};

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR)
		;
}

PEER_FN void helper__hold(struct helper *h, pthread_mutex_t *mutex)
{
	pthread_mutex_lock(mutex);
	sem_post(&h->held);
	sleep_us(h->us);
	pthread_mutex_unlock(mutex);
}

PEER_FN void helper__write(struct helper *h)
{
	sleep_us(h->us);
	if (write(h->pipe[1], "x", 1) != 1)
		die("pipe: %m");
}

PEER_FN void helper__wake(struct helper *h)
{
	sleep_us(h->us);
	atomic_store(&h->word, 1);
	syscall(SYS_futex, &h->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* A page whose faults are the helper's business. */
PEER_FN void helper__watch_page(struct helper *h)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {.range.len = HELPER_PAGE,
					.mode = UFFDIO_REGISTER_MODE_MISSING};

	h->page = mmap(NULL, HELPER_PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	h->faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	range.range.start = (uintptr_t)h->page;
	if (h->page == MAP_FAILED || h->faults < 0 ||
	    ioctl(h->faults, UFFDIO_API, &api) ||
	    ioctl(h->faults, UFFDIO_REGISTER, &range))
		die("userfaultfd: %m");
}

PEER_FN void helper__give_page(struct helper *h)
{
	struct uffdio_zeropage zero = {
		.range = {(uintptr_t)h->page, HELPER_PAGE}};

	sleep_us(h->us);
	if (ioctl(h->faults, UFFDIO_ZEROPAGE, &zero))
		die("userfaultfd: %m");
}

PEER_FN void *helper__run(void *arg)
{
	struct helper *h = arg;

	for (;;) {
		while (sem_wait(&h->wanted))
			;
		if (h->end)
			return NULL;
		if (h->cause == CAUSE_LOCK)
			helper__hold(h, &h->mutex);
		else if (h->cause == CAUSE_PI)
			helper__hold(h, &h->pi_mutex);
		else if (h->cause == CAUSE_WAITV)
			helper__wake(h);
		else if (h->cause == CAUSE_USERFAULT)
			helper__give_page(h);
		else
			helper__write(h);
	}
}

PEER_FN struct helper *helper__new(void)
{
	struct helper *h = calloc(1, sizeof(*h));
	pthread_mutexattr_t attr;

	if (!h)
		die("no memory");
	sem_init(&h->wanted, 0, 0);
	sem_init(&h->held, 0, 0);
	pthread_mutex_init(&h->mutex, NULL);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&h->pi_mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	if (pipe2(h->pipe, O_CLOEXEC))
		die("pipe: %m");
	helper__watch_page(h);
	if (pthread_create(&h->thread, NULL, helper__run, h))
		die("pthread_create failed");
	return h;
}

PEER_FN void helper__free(struct helper *h)
{
	if (!h)
		return;
	h->end = true;
	sem_post(&h->wanted);
	pthread_join(h->thread, NULL);
	close(h->pipe[0]);
	close(h->pipe[1]);
	close(h->faults);
	munmap(h->page, HELPER_PAGE);
	free(h);
}

PEER_FN void helper__ask(struct helper *h, enum cause cause, uint64_t us)
{
	h->cause = cause;
	h->us = us;
	sem_post(&h->wanted);
}

PEER_FN void helper__wait_lock(struct helper *h, pthread_mutex_t *mutex)
{
	while (sem_wait(&h->held))
		;
	pthread_mutex_lock(mutex);
	pthread_mutex_unlock(mutex);
}

PEER_FN void helper__wait_word(struct helper *h)
{
	struct futex_waitv waiter = {.uaddr = (uintptr_t)&h->word,
				     .flags = FUTEX_32 | FUTEX_PRIVATE_FLAG};

	while (!atomic_load(&h->word))
		if (syscall(SYS_futex_waitv, &waiter, 1, 0, NULL, 0) < 0 &&
		    errno == ENOSYS)
			die("futex_waitv: %m");
	atomic_store(&h->word, 0);
}

PEER_FN void helper__wait_pipe(struct helper *h)
{
	char byte;

	if (read(h->pipe[0], &byte, 1) != 1)
		die("pipe: %m");
}

/* The page is taken away again for the next time. */
PEER_FN void helper__touch_page(struct helper *h)
{
	(void)*(volatile char *)h->page;
	madvise(h->page, HELPER_PAGE, MADV_DONTNEED);
}

/* Ask for it and block until it is over. */
PEER_FN void helper__wait(struct helper *h, enum cause cause, uint64_t us)
{
	struct pollfd p = {.fd = h->pipe[0], .events = POLLIN};

	helper__ask(h, cause, us);
	if (cause == CAUSE_LOCK) {
		helper__wait_lock(h, &h->mutex);
	} else if (cause == CAUSE_PI) {
		helper__wait_lock(h, &h->pi_mutex);
	} else if (cause == CAUSE_WAITV) {
		helper__wait_word(h);
	} else if (cause == CAUSE_USERFAULT) {
		helper__touch_page(h);
	} else {
		while (cause == CAUSE_POLL && poll(&p, 1, -1) != 1)
			;
		helper__wait_pipe(h);
	}
}

#endif
