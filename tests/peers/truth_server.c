/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A service whose handlers spend known amounts of time on known causes, for
 * the end-to-end tests: GET /NAME?CAUSE=MICROSECONDS&... in one of seven modes
 * of threads, processes and loops. Prints where it listens, and its books on
 * SIGUSR2 and at the end (SIGTERM).
 *
 *   truth_server --mode thread|pool|prefork|epoll|batch|dispatch|uring
 *                --directory ON_DISK [--workers N] [--tcp UPSTREAM]
 *                [--unix UPSTREAM]
 */
#include <getopt.h>

#include "truth_loops.h"

static void thread__start(struct service *s)
{
	start_thread(thread__accept, s);
}

static void epoll__start(struct service *s)
{
	start_thread(epoll__run, s);
}

static void batch__start(struct service *s)
{
	start_thread(batch__run, s);
}

static void dispatch__start(struct service *s)
{
	start_thread(dispatch__run, s);
}

static void uring__start(struct service *s)
{
	start_thread(uring__run, s);
}

static const struct mode {
	const char *name;
	void (*start)(struct service *s);
} modes[] = {
	{"thread", thread__start},   {"pool", pool__start},
	{"prefork", prefork__start}, {"epoll", epoll__start},
	{"batch", batch__start},     {"dispatch", dispatch__start},
	{"uring", uring__start},
};

static const struct mode *mode__find(const char *name)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(name, modes[i].name))
			return &modes[i];
	die("no such mode: %s", name);
}

static const struct mode *service__options(struct service *s, int argc,
					   char **argv)
{
	static const struct option options[] = {
		{"mode", required_argument, NULL, 'm'},
		{"workers", required_argument, NULL, 'w'},
		{"directory", required_argument, NULL, 'd'},
		{"tcp", required_argument, NULL, 't'},
		{"unix", required_argument, NULL, 'u'},
		{NULL, 0, NULL, 0},
	};
	const struct mode *mode = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'm')
			mode = mode__find(optarg);
		else if (option == 'w')
			s->workers = atoi(optarg);
		else if (option == 'd')
			s->setup.directory = optarg;
		else if (option == 't')
			address__parse(&s->setup.tcp, optarg);
		else if (option == 'u')
			address__parse(&s->setup.unix_, optarg);
		else
			exit(2);
	}
	if (!mode || !s->setup.directory)
		die("--mode and --directory are needed");
	return mode;
}

static void service__run(struct service *s, const sigset_t *signals)
{
	int sig;

	for (;;) {
		sigwait(signals, &sig);
		if (sig != SIGUSR2)
			break;
		truth__print(s->truth, "books");
	}
	truth__print(s->truth, "end");
}

int main(int argc, char **argv)
{
	static struct service s = {
		.workers = 4,
		.queue = {.lock = PTHREAD_MUTEX_INITIALIZER,
			  .filled = PTHREAD_COND_INITIALIZER},
	};
	const struct mode *mode = service__options(&s, argc, argv);
	struct address address;
	sigset_t signals;
	int port;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR2);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	s.truth = truth__new();
	setup__data(&s.setup);
	address__parse(&address, "127.0.0.1:0");
	s.listener = address__listen(&address, &port);
	mode->start(&s);
	printf("{\"event\": \"ready\", \"pid\": %d, \"port\": %d}\n", getpid(),
	       port);
	fflush(stdout);
	service__run(&s, &signals);
	return 0;
}
