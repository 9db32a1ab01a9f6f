// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process that no tracer asked for: two threads hand a futex to each other,
 * and each reads and writes a file when it has it. No sockets.
 *   bystander FILE
 * For each number of turns on its standard input it takes that many and says
 * how many and how long: {"event":"turns","turns":N,"seconds":S}.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 512
#define BLOCKS 16

static struct {
	_Atomic uint32_t turn; /* whose it is: even or odd */
	atomic_ulong left;
	pthread_barrier_t begin, end;
	int fd;
} shared;

static void die(const char *what)
{
	fprintf(stderr, "bystander: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void futex__wait(_Atomic uint32_t *word, uint32_t value)
{
	if (syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL) &&
	    errno != EAGAIN && errno != EINTR)
		die("futex wait");
}

static void futex__wake(_Atomic uint32_t *word)
{
	if (syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1) < 0)
		die("futex wake");
}

static void work(unsigned long turn)
{
	char block[BLOCK];
	off_t at = turn % BLOCKS * BLOCK;

	if (pread(shared.fd, block, BLOCK, at) != BLOCK)
		die("pread");
	block[turn % BLOCK]++;
	if (pwrite(shared.fd, block, BLOCK, at) != BLOCK)
		die("pwrite");
}

/* The other of the two has the other parity; both see the same end. */
static void take_turns(uint32_t parity)
{
	for (;;) {
		uint32_t turn = atomic_load(&shared.turn);
		unsigned long left = atomic_load(&shared.left);

		if (left && turn % 2 != parity) {
			futex__wait(&shared.turn, turn);
			continue;
		}
		if (left) {
			work(left);
			atomic_store(&shared.left, left - 1);
		}
		atomic_store(&shared.turn, turn + 1);
		futex__wake(&shared.turn);
		if (left <= 1)
			return;
	}
}

static void *other(void *arg)
{
	(void)arg;
	for (;;) {
		pthread_barrier_wait(&shared.begin);
		take_turns(1);
		pthread_barrier_wait(&shared.end);
	}
	return NULL;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void run(unsigned long turns)
{
	double began = now();

	atomic_store(&shared.turn, 0);
	atomic_store(&shared.left, turns);
	pthread_barrier_wait(&shared.begin);
	take_turns(0);
	pthread_barrier_wait(&shared.end);
	printf("{\"event\":\"turns\",\"turns\":%lu,\"seconds\":%.6f}\n", turns,
	       now() - began);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	unsigned long turns;
	pthread_t thread;

	if (argc != 2) {
		fprintf(stderr, "usage: bystander FILE\n");
		return 2;
	}
	shared.fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (shared.fd < 0 || ftruncate(shared.fd, BLOCK * BLOCKS))
		die(argv[1]);
	if (pthread_barrier_init(&shared.begin, NULL, 2) ||
	    pthread_barrier_init(&shared.end, NULL, 2) ||
	    pthread_create(&thread, NULL, other, NULL))
		die("second thread");
	while (scanf("%lu", &turns) == 1)
		run(turns);
	return 0;
}
