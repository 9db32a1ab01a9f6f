// SPDX-License-Identifier: GPL-2.0-only
/*
 * The load of the counted benchmark: a server of the shape of redis (one
 * thread, epoll, all reads before all writes) and a client that asks it a
 * fixed number of times. Both do the same in every run, so that the guest's
 * instructions are the same too. The client yields one line of JSON: what the
 * server, itself and the machine used, in nanoseconds of the guest, which are
 * instructions.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT 7000
#define CONNS_MAX 1024
#define EVENTS 1024
#define BUFFER 16384

struct protocol {
	const char *name, *request, *response;
};

/* Of equal length each, so that whoever counts bytes counts messages. */
static const struct protocol protocols[] = {
	{"redis", "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000001\r\n",
	 "$3\r\nxxx\r\n"},
	{"http",
	 "GET /items/7 HTTP/1.1\r\nHost: 127.0.0.1:7000\r\n"
	 "User-Agent: load/1\r\nAccept: */*\r\n\r\n",
	 "HTTP/1.1 200 OK\r\nServer: load\r\nContent-Type: application/json\r\n"
	 "Content-Length: 16\r\n\r\n{\"item\": 1234}\r\n"},
};

static char buffer[BUFFER];

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "icount_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void watch(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	check(!epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

static struct sockaddr_in address(void)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

/* n copies of text, as one message. */
static char *repeated(const char *text, size_t n)
{
	size_t len = strlen(text);
	char *all = malloc(n * len + 1);

	check(all && n * len <= BUFFER, "message");
	for (size_t i = 0; i < n; i++)
		memcpy(all + i * len, text, len + 1);
	return all;
}

/* --- server -------------------------------------------------------------- */

struct answer {
	int fd;
	const struct protocol *protocol;
	size_t messages;
};

static void server__write(const struct answer *a)
{
	size_t len = strlen(a->protocol->response);

	for (size_t i = 0; i < a->messages; i++)
		memcpy(buffer + i * len, a->protocol->response, len);
	check(write(a->fd, buffer, a->messages * len) ==
		      (ssize_t)(a->messages * len),
	      "answer");
}

static bool server__read(struct answer *a)
{
	ssize_t n = read(a->fd, buffer, sizeof(buffer));

	if (n <= 0) {
		close(a->fd);
		return false;
	}
	a->protocol = &protocols[buffer[0] != '*'];
	a->messages = (size_t)n / strlen(a->protocol->request);
	return a->messages;
}

static void serve(void)
{
	struct sockaddr_in to = address();
	struct epoll_event events[EVENTS];
	struct answer answers[EVENTS];
	int epoll = epoll_create1(0), one = 1;
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	check(!bind(listener, (struct sockaddr *)&to, sizeof(to)), "bind");
	check(!listen(listener, CONNS_MAX), "listen");
	watch(epoll, listener);
	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS, -1), pending = 0;

		for (int i = 0; i < n; i++) {
			struct answer *a = &answers[pending];

			a->fd = events[i].data.fd;
			if (a->fd == listener)
				watch(epoll, accept(listener, NULL, NULL));
			else
				pending += server__read(a);
		}
		for (int i = 0; i < pending; i++)
			server__write(&answers[i]);
	}
}

/* --- client -------------------------------------------------------------- */

struct client {
	const struct protocol *protocol;
	size_t conns, pipeline;
	int server; /* pid */
	int epoll, fd[CONNS_MAX];
	char *request;
};

struct used {
	uint64_t server, client, machine;
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static struct used client__used(const struct client *c)
{
	struct used u = {.client = clock_ns(CLOCK_PROCESS_CPUTIME_ID),
			 .machine = clock_ns(CLOCK_MONOTONIC)};
	char path[64];
	unsigned long long ns = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", c->server);
	f = fopen(path, "r");
	check(f && fscanf(f, "%llu", &ns) == 1, path);
	fclose(f);
	u.server = ns;
	return u;
}

static void client__open(struct client *c)
{
	struct sockaddr_in to = address();

	c->epoll = epoll_create1(0);
	c->request = repeated(c->protocol->request, c->pipeline);
	for (size_t i = 0; i < c->conns; i++) {
		c->fd[i] = socket(AF_INET, SOCK_STREAM, 0);
		check(!connect(c->fd[i], (struct sockaddr *)&to, sizeof(to)),
		      "connect");
		watch(c->epoll, c->fd[i]);
	}
}

static void client__ask(const struct client *c, int fd)
{
	ssize_t len = (ssize_t)(strlen(c->protocol->request) * c->pipeline);

	check(write(fd, c->request, (size_t)len) == len, "request");
}

/* Ask count times in all, and wait for every answer. */
static void client__run(const struct client *c, size_t count)
{
	ssize_t len = (ssize_t)(strlen(c->protocol->response) * c->pipeline);
	struct epoll_event events[EVENTS];
	size_t asked = 0, answered = 0;

	for (; asked < c->conns && asked < count; asked++)
		client__ask(c, c->fd[asked]);
	while (answered < count) {
		int n = epoll_wait(c->epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			check(read(fd, buffer, sizeof(buffer)) == len,
			      "answer");
			answered++;
			if (asked++ < count)
				client__ask(c, fd);
		}
	}
}

static void client__close(struct client *c)
{
	for (size_t i = 0; i < c->conns; i++)
		close(c->fd[i]);
	close(c->epoll);
	free(c->request);
}

/* ask PROTOCOL CONNS PIPELINE COUNT SERVER_PID: a tenth of it to warm up. */
static void ask(char **arg)
{
	struct client c = {.protocol = &protocols[!strcmp(arg[0], "http")],
			   .conns = strtoul(arg[1], NULL, 10),
			   .pipeline = strtoul(arg[2], NULL, 10),
			   .server = atoi(arg[4])};
	size_t count = strtoul(arg[3], NULL, 10);
	struct used before, after;

	check(c.conns <= CONNS_MAX, "connections");
	client__open(&c);
	client__run(&c, count / 10);
	before = client__used(&c);
	client__run(&c, count);
	after = client__used(&c);
	client__close(&c);
	printf("{\"requests\": %zu, \"server\": %llu, \"client\": %llu, "
	       "\"machine\": %llu}\n",
	       count, (unsigned long long)(after.server - before.server),
	       (unsigned long long)(after.client - before.client),
	       (unsigned long long)(after.machine - before.machine));
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "serve"))
		serve();
	else if (argc == 7 && !strcmp(argv[1], "ask"))
		ask(argv + 2);
	else
		fprintf(stderr,
			"usage: %s serve | ask PROTOCOL CONNS PIPELINE "
			"COUNT SERVER_PID\n",
			argv[0]);
	return argc != 2 && argc != 7;
}
