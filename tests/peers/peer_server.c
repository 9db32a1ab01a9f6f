/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stream server with known behaviour for the end-to-end tests: threads,
 * pre-forked workers or a process that is handed its connections, HTTP/1.1 or
 * a binary echo. Prints where it listens, and its books on SIGUSR2 and at the
 * end (SIGTERM); SIGUSR1 adds workers.
 */
#include <getopt.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "peer_http.h"

#define WORKERS_MAX 256
#define ACCEPTORS_MAX 64

struct server {
	struct address address, upstream;
	bool has_upstream, echo;
	enum way receive, send;
	size_t chunk;
	int sndbuf;
	int acceptors;	/* threads that accept and serve; 0: one thread a
			 * connection */
	int workers;	/* processes; 0: this one serves */
	bool pass;	/* accept here, serve in a child */
	bool pass_read; /* and receive the request here too */
	int listener;
	struct book *book;
	pid_t worker[WORKERS_MAX];
	int worker_count;
};

struct job {
	const struct server *server;
	int fd;
	size_t len; /* bytes of the request that came along */
	char bytes[4096];
};

/* Frames: length of the rest in 4 bytes, big endian, then so many bytes. */
static void echo__serve(struct channel *c)
{
	static __thread char frame[4 + HTTP_BUFFER];
	size_t len = 0, whole = 4;
	uint64_t begin = 0;

	for (;;) {
		ssize_t n = channel__receive(c, frame + len, whole - len);
		uint32_t size;

		if (n <= 0)
			return;
		if (!len)
			begin = now_ns();
		len += (size_t)n;
		if (len < 4)
			continue;
		memcpy(&size, frame, 4);
		whole = 4 + (ntohl(size) & (HTTP_BUFFER - 1));
		if (len < whole)
			continue;
		atomic_fetch_add(&c->book->requests, 1);
		if (channel__send(c, frame, len))
			return;
		atomic_fetch_add(&c->book->responses, 1);
		book__add(c->book, now_ns() - begin, now_ns() - begin);
		len = 0;
		whole = 4;
	}
}

static void serve(const struct server *s, const struct job *job)
{
	struct http *h = calloc(1, sizeof(*h));

	if (!h)
		die("no memory");
	h->ch = (struct channel){.fd = job->fd,
				 .receive = s->receive,
				 .send = s->send,
				 .chunk = s->chunk,
				 .book = s->book};
	h->upstream = s->has_upstream ? &s->upstream : NULL;
	h->len = job->len;
	memcpy(h->buf, job->bytes, job->len);
	if (s->echo)
		echo__serve(&h->ch);
	else
		http__serve(h);
	close(job->fd);
	free(h);
}

static void *serve_in_thread(void *arg)
{
	struct job *job = arg;

	serve(job->server, job);
	free(job);
	return NULL;
}

static int accept_one(const struct server *s)
{
	int one = 1;
	int fd;

	do
		fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
	while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (fd < 0)
		die("accept: %m");
	atomic_fetch_add(&s->book->connections, 1);
	if (s->address.sa.ss_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (s->sndbuf)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &s->sndbuf,
			   sizeof(s->sndbuf));
	return fd;
}

static void start_thread(void *(*body)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * 1024);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, body, arg))
		die("pthread_create failed");
	pthread_attr_destroy(&attr);
}

static void *accept_and_spawn(void *arg)
{
	const struct server *s = arg;

	for (;;) {
		struct job *job = calloc(1, sizeof(*job));

		if (!job)
			die("no memory");
		job->server = s;
		job->fd = accept_one(s);
		start_thread(serve_in_thread, job);
	}
	return NULL;
}

static void *accept_and_serve(void *arg)
{
	const struct server *s = arg;

	for (;;) {
		struct job job = {.fd = accept_one(s)};

		serve(s, &job);
	}
	return NULL;
}

/* A connection and the bytes received so far, to the child. */
static void pass__give(int to, const struct job *job)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {(void *)job, sizeof(*job)};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &job->fd, sizeof(int));
	if (sendmsg(to, &m, 0) < 0)
		die("pass: %m");
}

static void pass__take(int from, struct job *job)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {job, sizeof(*job)};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control)};

	if (recvmsg(from, &m, MSG_CMSG_CLOEXEC) <= 0)
		exit(0);
	memcpy(&job->fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
}

static void *pass__accept(void *arg)
{
	const struct server *s = ((void **)arg)[0];
	int to = (int)(intptr_t)((void **)arg)[1];

	for (;;) {
		struct job job = {.fd = accept_one(s)};
		ssize_t n = 0;

		if (s->pass_read)
			n = recv(job.fd, job.bytes, sizeof(job.bytes), 0);
		job.len = n > 0 ? (size_t)n : 0;
		pass__give(to, &job);
		close(job.fd);
	}
	return NULL;
}

static void child__begin(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
}

static void worker__start(struct server *s)
{
	pid_t pid;

	if (s->worker_count == WORKERS_MAX)
		die("too many workers");
	pid = fork();
	if (pid < 0)
		die("fork: %m");
	if (pid) {
		s->worker[s->worker_count++] = pid;
		return;
	}
	child__begin();
	accept_and_serve(s);
}

/* SOCK_SEQPACKET, so that passing adds no stream connection of its own. */
static void pass__start(struct server *s, void *args[2])
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		die("socketpair: %m");
	pid = fork();
	if (pid < 0)
		die("fork: %m");
	if (!pid) {
		child__begin();
		close(pair[1]);
		for (;;) {
			struct job job;

			pass__take(pair[0], &job);
			serve(s, &job);
		}
	}
	s->worker[s->worker_count++] = pid;
	close(pair[0]);
	args[0] = s;
	args[1] = (void *)(intptr_t)pair[1];
	start_thread(pass__accept, args);
}

static void server__announce(const struct server *s, int port)
{
	printf("{\"event\": \"ready\", \"pid\": %d, \"port\": %d, "
	       "\"workers\": [",
	       getpid(), port);
	for (int i = 0; i < s->worker_count; i++)
		printf("%s%d", i ? ", " : "", s->worker[i]);
	printf("]}\n");
	fflush(stdout);
}

static void server__start(struct server *s, void *args[2])
{
	for (int i = 0; i < s->workers; i++)
		worker__start(s);
	if (s->pass)
		pass__start(s, args);
	if (s->worker_count)
		return;
	for (int i = 0; i < s->acceptors; i++)
		start_thread(accept_and_serve, s);
	if (!s->acceptors)
		start_thread(accept_and_spawn, s);
}

static void server__run(struct server *s, const sigset_t *signals, int port)
{
	for (;;) {
		int sig;

		sigwait(signals, &sig);
		if (sig == SIGUSR1) {
			worker__start(s);
			server__announce(s, port);
		} else if (sig == SIGUSR2) {
			book__print(s->book, "books");
		} else {
			break;
		}
	}
	for (int i = 0; i < s->worker_count; i++)
		kill(s->worker[i], SIGKILL);
	book__print(s->book, "end");
}

static void server__option(struct server *s, int option)
{
	switch (option) {
	case 'l':
		address__parse(&s->address, optarg);
		break;
	case 'u':
		address__parse(&s->upstream, optarg);
		s->has_upstream = true;
		break;
	case 'r':
		s->receive = way__parse(optarg);
		break;
	case 's':
		s->send = way__parse(optarg);
		break;
	case 'c':
		s->chunk = strtoul(optarg, NULL, 10);
		break;
	case 'b':
		s->sndbuf = atoi(optarg);
		break;
	case 'a':
		s->acceptors = atoi(optarg);
		break;
	case 'f':
		s->workers = atoi(optarg);
		break;
	case 'p':
		s->pass = true;
		break;
	case 'P':
		s->pass = s->pass_read = true;
		break;
	case 'e':
		s->echo = true;
		break;
	default:
		exit(2);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"listen", required_argument, NULL, 'l'},
		{"upstream", required_argument, NULL, 'u'},
		{"receive", required_argument, NULL, 'r'},
		{"send", required_argument, NULL, 's'},
		{"chunk", required_argument, NULL, 'c'},
		{"sndbuf", required_argument, NULL, 'b'},
		{"acceptors", required_argument, NULL, 'a'},
		{"fork", required_argument, NULL, 'f'},
		{"pass-fd", no_argument, NULL, 'p'},
		{"pass-fd-read", no_argument, NULL, 'P'},
		{"echo", no_argument, NULL, 'e'},
		{NULL, 0, NULL, 0},
	};
	struct server s = {.book = book__new()};
	void *args[2];
	sigset_t signals;
	int option, port;

	address__parse(&s.address, "127.0.0.1:0");
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		server__option(&s, option);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	s.listener = address__listen(&s.address, &port);
	server__start(&s, args);
	server__announce(&s, port);
	server__run(&s, &signals, port);
	return 0;
}
