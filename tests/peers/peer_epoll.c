/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One thread, one event loop, any number of connections: the shape of redis
 * and node. Answers every HTTP request with the same few bytes; /spin?ms=N
 * keeps the loop busy, so that other requests wait in their sockets. Prints
 * its books on SIGUSR2 and at the end (SIGTERM).
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "peer.h"

#define EVENTS 256
#define REQUEST_MAX 2048

struct conn {
	int fd;
	size_t len;
	char buf[REQUEST_MAX];
};

static struct book *book;
static char listener_tag, signal_tag; /* their addresses are epoll keys */

static void conn__close(struct conn *c)
{
	close(c->fd);
	free(c);
}

static int conn__answer(struct conn *c)
{
	static const char answer[] = "HTTP/1.1 200 Fine\r\n"
				     "Content-Length: 5\r\n\r\nfine\n";
	uint64_t begin = now_ns();
	char *query = strstr(c->buf, "/spin?");
	uint64_t ms = query ? (uint64_t)query__number(query + 6, "ms", 0) : 0;
	ssize_t n;

	while (now_ns() < begin + ms * 1000000u)
		;
	atomic_fetch_add(&book->requests, 1);
	n = send(c->fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
	if (n != sizeof(answer) - 1)
		return -1;
	atomic_fetch_add(&book->bytes_out, (unsigned long long)n);
	atomic_fetch_add(&book->responses, 1);
	atomic_fetch_add(&book->status[200], 1);
	book__add(book, now_ns() - begin, now_ns() - begin);
	return 0;
}

static int conn__readable(struct conn *c)
{
	ssize_t n = recv(c->fd, c->buf + c->len, sizeof(c->buf) - 1 - c->len,
			 MSG_DONTWAIT);
	char *end;

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0)
		return -1;
	atomic_fetch_add(&book->bytes_in, (unsigned long long)n);
	c->len += (size_t)n;
	c->buf[c->len] = '\0';
	while ((end = strstr(c->buf, "\r\n\r\n"))) {
		if (conn__answer(c))
			return -1;
		c->len -= (size_t)(end + 4 - c->buf);
		memmove(c->buf, end + 4, c->len + 1);
	}
	return c->len < sizeof(c->buf) - 1 ? 0 : -1;
}

static void watch(int epoll, int fd, void *ptr)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = ptr};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev))
		die("epoll_ctl: %m");
}

static void accept_all(int epoll, int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL,
			     SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		struct conn *c = calloc(1, sizeof(*c));

		if (!c)
			die("no memory");
		c->fd = fd;
		atomic_fetch_add(&book->connections, 1);
		watch(epoll, fd, c);
	}
	if (errno != EAGAIN && errno != ECONNABORTED)
		die("accept: %m");
}

/* Returns when asked to end. */
static void run(int epoll, int listener, int signals)
{
	struct epoll_event ready[EVENTS];

	for (;;) {
		int n = epoll_wait(epoll, ready, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			struct signalfd_siginfo info;

			if (ready[i].data.ptr == &listener_tag) {
				accept_all(epoll, listener);
			} else if (ready[i].data.ptr != &signal_tag) {
				if (conn__readable(ready[i].data.ptr))
					conn__close(ready[i].data.ptr);
			} else if (read(signals, &info, sizeof(info)) > 0) {
				if (info.ssi_signo != SIGUSR2)
					return;
				book__print(book, "books");
			}
		}
	}
}

int main(int argc, char **argv)
{
	struct address address;
	sigset_t signals;
	int epoll, listener, signal_fd, port;

	address__parse(&address, argc > 1 ? argv[1] : "127.0.0.1:0");
	book = book__new();
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR2);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	listener = address__listen(&address, &port);
	if (signal_fd < 0 || epoll < 0)
		die("no event loop: %m");
	if (fcntl(listener, F_SETFL, O_NONBLOCK))
		die("fcntl: %m");
	watch(epoll, listener, &listener_tag);
	watch(epoll, signal_fd, &signal_tag);
	printf("{\"event\": \"ready\", \"pid\": %d, \"port\": %d}\n", getpid(),
	       port);
	fflush(stdout);
	run(epoll, listener, signal_fd);
	book__print(book, "end");
	return 0;
}
