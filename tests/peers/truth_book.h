/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The books of the truth service: how long each request and each thing that
 * it did took by the clock, how much of that its thread ran, and how much it
 * waited for a CPU. Fed by the thread that handles a request, yields sums per
 * path as JSON. What is left of the time when both are taken off is blocked.
 */
#ifndef TRUTH_BOOK_H
#define TRUTH_BOOK_H

#include <fcntl.h>
#include <pthread.h>

#include "peer.h"

#define TRUTH_PATHS 64
#define TRUTH_PATH_LEN 32

/* What a request can spend time on. */
enum cause {
	CAUSE_CPU,	 /* computing */
	CAUSE_ANON,	 /* touching fresh anonymous memory: CPU as well */
	CAUSE_SLEEP,	 /* clock_nanosleep */
	CAUSE_LOCK,	 /* a mutex that another thread holds */
	CAUSE_PI,	 /* the same with priority inheritance */
	CAUSE_WAITV,	 /* futex_waitv */
	CAUSE_FSYNC,	 /* write and fsync */
	CAUSE_DIRECT,	 /* reads with O_DIRECT */
	CAUSE_COMPAT,	 /* nanosleep as a 32-bit call */
	CAUSE_TCP,	 /* an upstream over TCP */
	CAUSE_UNIX,	 /* an upstream over a UNIX socket */
	CAUSE_USERFAULT, /* a page that another thread gives */
	CAUSE_FAULT,	 /* touching pages of a file that are not in memory */
	CAUSE_PIPE,	 /* reading from a pipe */
	CAUSE_POLL,	 /* poll on a pipe */
	CAUSE_PREPARE,	 /* dropping a file from memory before FAULT */
	CAUSE_SEND,	 /* the answer's send itself */
	CAUSE_HANDOFF,	 /* from one thread's queue to another thread's hands */
	CAUSES,
};

PEER_FN const char *cause__name(enum cause cause)
{
	static const char *const names[CAUSES] = {
		[CAUSE_CPU] = "cpu",	   [CAUSE_ANON] = "anon",
		[CAUSE_SLEEP] = "sleep",   [CAUSE_LOCK] = "lock",
		[CAUSE_PI] = "pi",	   [CAUSE_WAITV] = "waitv",
		[CAUSE_FSYNC] = "fsync",   [CAUSE_DIRECT] = "direct",
		[CAUSE_COMPAT] = "compat", [CAUSE_TCP] = "tcp",
		[CAUSE_UNIX] = "unix",	   [CAUSE_USERFAULT] = "userfault",
		[CAUSE_FAULT] = "fault",   [CAUSE_PIPE] = "pipe",
		[CAUSE_POLL] = "poll",	   [CAUSE_PREPARE] = "prepare",
		[CAUSE_SEND] = "send",	   [CAUSE_HANDOFF] = "handoff"};

	return names[cause];
}

/* The clocks of the calling thread, in ns. */
struct reading {
	uint64_t wall;
	uint64_t cpu;
	uint64_t wait;	 /* for a CPU */
	uint64_t slices; /* how often it got one */
};

/* What passed between two readings. */
struct spent {
	uint64_t count;
	uint64_t wall, cpu, wait, slices;
	uint64_t jumps; /* of .cpu; see spend__cpu() */
};

/* One request while it is handled. */
struct account {
	char path[TRUTH_PATH_LEN];
	struct spent whole;
	struct spent cause[CAUSES];
};

struct path_book {
	char path[TRUTH_PATH_LEN];
	uint64_t longest;
	struct spent whole;
	struct spent cause[CAUSES];
};

/* Shared between processes and threads. */
struct truth {
	pthread_mutex_t lock;
	atomic_ullong connections;
	unsigned int len;
	struct path_book path[TRUTH_PATHS];
};

PEER_FN struct truth *truth__new(void)
{
	struct truth *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attr;

	if (t == MAP_FAILED)
		die("mmap: %m");
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&t->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	return t;
}

/* The calling thread's schedstat file; reading__close() when it ends. */
PEER_FN int *reading__file(void)
{
	static __thread int file = -1;

	return &file;
}

PEER_FN void reading__close(void)
{
	int *file = reading__file();

	if (*file >= 0)
		close(*file);
	*file = -1;
}

/* How long the calling thread was runnable without a CPU, and how often it
 * got one: of three numbers "running waiting slices", in ns. */
PEER_FN void reading__schedstat(struct reading *r)
{
	int *file = reading__file();
	char text[96], *at;
	ssize_t n;

	if (*file < 0)
		*file = open("/proc/thread-self/schedstat",
			     O_RDONLY | O_CLOEXEC);
	n = pread(*file, text, sizeof(text) - 1, 0);
	if (n <= 0)
		die("schedstat: %m");
	text[n] = '\0';
	r->wait = strtoull(strchr(text, ' '), &at, 10);
	r->slices = strtoull(at, NULL, 10);
}

PEER_FN uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

PEER_FN struct reading reading__now(void)
{
	struct reading r = {.wall = now_ns(), .cpu = cpu_ns()};

	reading__schedstat(&r);
	return r;
}

PEER_FN void spent__add(struct spent *s, const struct reading *from,
			const struct reading *to)
{
	s->count++;
	s->wall += to->wall - from->wall;
	s->cpu += to->cpu - from->cpu;
	s->wait += to->wait - from->wait;
	s->slices += to->slices - from->slices;
}

PEER_FN void spent__merge(struct spent *into, const struct spent *more)
{
	into->count += more->count;
	into->wall += more->wall;
	into->cpu += more->cpu;
	into->wait += more->wait;
	into->slices += more->slices;
	into->jumps += more->jumps;
}

PEER_FN struct path_book *truth__path(struct truth *t, const char *path)
{
	for (unsigned int i = 0; i < t->len; i++)
		if (!strcmp(t->path[i].path, path))
			return &t->path[i];
	if (t->len == TRUTH_PATHS)
		die("too many paths");
	strcpy(t->path[t->len].path, path);
	return &t->path[t->len++];
}

/* After the answer was sent, so that nothing of this is in the request. */
PEER_FN void truth__enter(struct truth *t, const struct account *a)
{
	struct path_book *p;

	pthread_mutex_lock(&t->lock);
	p = truth__path(t, a->path);
	spent__merge(&p->whole, &a->whole);
	if (a->whole.wall > p->longest)
		p->longest = a->whole.wall;
	for (int i = 0; i < CAUSES; i++)
		spent__merge(&p->cause[i], &a->cause[i]);
	pthread_mutex_unlock(&t->lock);
}

PEER_FN void spent__print(const char *name, const struct spent *s)
{
	printf("\"%s\": {\"count\": %llu, \"wall\": %.9f, \"cpu\": %.9f, "
	       "\"wait\": %.9f, \"slices\": %llu, \"jumps\": %.9f}",
	       name, (unsigned long long)s->count, (double)s->wall / 1e9,
	       (double)s->cpu / 1e9, (double)s->wait / 1e9,
	       (unsigned long long)s->slices, (double)s->jumps / 1e9);
}

PEER_FN void path_book__print(const struct path_book *p)
{
	printf("\"%s\": {\"longest\": %.9f, ", p->path,
	       (double)p->longest / 1e9);
	spent__print("whole", &p->whole);
	for (int i = 0; i < CAUSES; i++) {
		if (!p->cause[i].count)
			continue;
		printf(", ");
		spent__print(cause__name((enum cause)i), &p->cause[i]);
	}
	putchar('}');
}

/* One line of JSON; event says on what occasion. */
PEER_FN void truth__print(struct truth *t, const char *event)
{
	pthread_mutex_lock(&t->lock);
	printf("{\"event\": \"%s\", \"connections\": %llu, \"paths\": {", event,
	       t->connections);
	for (unsigned int i = 0; i < t->len; i++) {
		printf("%s", i ? ", " : "");
		path_book__print(&t->path[i]);
	}
	printf("}}\n");
	fflush(stdout);
	pthread_mutex_unlock(&t->lock);
}

#endif
