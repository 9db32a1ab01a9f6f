/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A client with stamps of its own for the end-to-end tests: from before the
 * first byte of a request is sent to after the last byte of its response is
 * received. Can be slow, rude or many, as its options say. Prints its books
 * as one line of JSON; with --hold also after every round (SIGUSR1 asks for
 * one more, SIGTERM for the end).
 */
#include <pthread.h>
#include <signal.h>

#include "peer_response.h"

#define PIPELINE_MAX 64
#define HEAD_MAX 1024
#define FRAME_MAX 65536

struct plan {
	struct address address;
	const char *method, *path, *header;
	long requests; /* in all; with --hold on each connection */
	long threads;
	long hold;	 /* connections to keep open; 0: do not */
	long pipeline;	 /* requests sent at once */
	long idle_ms;	 /* before each request */
	long abort_ms;	 /* give up so long after sending; -1: do not */
	bool close_each; /* a connection for each request */
	bool rst;	 /* abort by reset */
	bool half_close; /* end the sending side after the request */
	bool expect;	 /* wait for 100 Continue */
	bool wait;	 /* for SIGUSR1 before anything else */
	bool announce;	 /* print a line when a request has been sent */
	long body;	 /* bytes of request body */
	long body_ms;	 /* between head and body */
	long echo;	 /* bytes of a binary frame instead of HTTP */
	bool goodbye;	 /* a frame without answer before closing */
	long chunk;	 /* bytes of one send; 0: all */
	long slow_bytes; /* see struct response */
	long slow_ms;
	long rcvbuf;
	enum way receive, send;
	struct book *book;
};

struct client {
	const struct plan *plan;
	struct channel ch;
	struct response in;
};

static void announce(const char *event)
{
	printf("{\"event\": \"%s\"}\n", event);
	fflush(stdout);
}

static void client__connect(struct client *c)
{
	const struct plan *p = c->plan;
	int one = 1, rcvbuf = (int)p->rcvbuf;
	int fd = socket(p->address.sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket: %m");
	if (p->rcvbuf)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	if (p->address.sa.ss_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (const struct sockaddr *)&p->address.sa,
		    p->address.len))
		die("connect: %m");
	c->ch = (struct channel){.fd = fd,
				 .receive = p->receive,
				 .send = p->send,
				 .book = p->book};
	c->in.ch = &c->ch;
	c->in.slow_bytes = (size_t)p->slow_bytes;
	c->in.slow_ms = p->slow_ms;
	c->in.at = c->in.len = 0;
	atomic_fetch_add(&p->book->connections, 1);
}

static void client__close(struct client *c)
{
	if (c->ch.fd >= 0)
		close(c->ch.fd);
	c->ch.fd = -1;
}

static int client__send(struct client *c, const void *bytes, size_t len)
{
	int err;

	c->ch.chunk = (size_t)c->plan->chunk;
	err = channel__send(&c->ch, bytes, len);
	c->ch.chunk = 0;
	return err;
}

static int client__send_body(struct client *c)
{
	static const char zeroes[FRAME_MAX];
	long left = c->plan->body;

	while (left > 0) {
		size_t piece = left < FRAME_MAX ? (size_t)left : FRAME_MAX;

		if (client__send(c, zeroes, piece))
			return -1;
		left -= (long)piece;
	}
	return 0;
}

static size_t plan__head(const struct plan *p, char *text, size_t room)
{
	char body[64] = "";
	int n;

	if (p->body)
		snprintf(body, sizeof(body), "Content-Length: %ld\r\n",
			 p->body);
	n = snprintf(text, room,
		     "%s %s HTTP/1.1\r\nHost: peer\r\n%s%s%s%s%s\r\n",
		     p->method, p->path, body,
		     p->expect ? "Expect: 100-continue\r\n" : "",
		     p->close_each ? "Connection: close\r\n" : "", p->header,
		     p->header[0] ? "\r\n" : "");
	if (n < 0 || (size_t)n >= room)
		die("head too long");
	return (size_t)n;
}

static int client__send_http(struct client *c)
{
	const struct plan *p = c->plan;
	char text[PIPELINE_MAX * HEAD_MAX];
	size_t len = 0;
	long length;

	for (long i = 0; i < p->pipeline; i++)
		len += plan__head(p, text + len, HEAD_MAX);
	if (client__send(c, text, len))
		return -1;
	if (p->expect && response__head(&c->in, &length))
		return -1;
	sleep_ms(p->body_ms);
	return client__send_body(c);
}

static int client__send_frame(struct client *c)
{
	static __thread char frame[4 + FRAME_MAX];
	uint32_t size = htonl((uint32_t)c->plan->echo);

	memcpy(frame, &size, 4);
	memset(frame + 4, 0xfe, (size_t)c->plan->echo);
	return client__send(c, frame, 4 + (size_t)c->plan->echo);
}

/* Less than the size it announces, so that nobody answers it. */
static void client__send_goodbye(struct client *c)
{
	static const unsigned char frame[] = {0, 0, 0, 2, 0xfe};

	if (c->plan->goodbye && c->ch.fd >= 0 &&
	    client__send(c, frame, sizeof(frame)))
		atomic_fetch_add(&c->plan->book->failed, 1);
}

static void client__abort(struct client *c)
{
	sleep_ms(c->plan->abort_ms);
	if (c->plan->rst)
		channel__reset(&c->ch);
	client__close(c);
	atomic_fetch_add(&c->plan->book->aborted, 1);
}

static int client__receive(struct client *c)
{
	const struct plan *p = c->plan;

	if (p->echo) {
		if (response__skip(&c->in, 4 + (size_t)p->echo))
			return -1;
		atomic_fetch_add(&p->book->responses, 1);
		return 0;
	}
	for (long i = 0; i < p->pipeline; i++) {
		if (response__read(&c->in))
			return -1;
		atomic_fetch_add(&p->book->status[c->in.status], 1);
		atomic_fetch_add(&p->book->responses, 1);
	}
	return 0;
}

/* One request (or pipeline) and what follows from it. */
static void client__exchange(struct client *c)
{
	const struct plan *p = c->plan;
	uint64_t begin;

	if (c->ch.fd < 0)
		client__connect(c);
	if (p->idle_ms) /* even 0 would let the server overtake */
		sleep_ms(p->idle_ms);
	c->in.first_byte = 0;
	atomic_fetch_add(&p->book->requests, (unsigned long long)p->pipeline);
	begin = now_ns();
	if (p->echo ? client__send_frame(c) : client__send_http(c))
		goto failed;
	if (p->announce)
		announce("sent");
	if (p->half_close)
		shutdown(c->ch.fd, SHUT_WR);
	if (p->abort_ms >= 0) {
		client__abort(c);
		return;
	}
	if (client__receive(c))
		goto failed;
	book__add(p->book, now_ns() - begin, c->in.first_byte - begin);
	if (p->close_each || p->half_close || c->in.ends)
		client__close(c);
	return;
failed:
	atomic_fetch_add(&p->book->failed, 1);
	client__close(c);
}

static struct client *client__new(const struct plan *p)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c)
		die("no memory");
	c->plan = p;
	c->ch.fd = -1;
	return c;
}

static void *thread__run(void *arg)
{
	const struct plan *p = arg;
	struct client *c = client__new(p);
	long each = p->requests / p->threads / p->pipeline;

	for (long i = 0; i < each; i++)
		client__exchange(c);
	client__send_goodbye(c);
	client__close(c);
	free(c);
	return NULL;
}

static void plan__run(struct plan *p)
{
	pthread_t thread[64];

	if (p->threads > 64 || p->requests % (p->threads * p->pipeline))
		die("requests must divide among at most 64 threads");
	for (long i = 0; i < p->threads; i++)
		if (pthread_create(&thread[i], NULL, thread__run, p))
			die("pthread_create failed");
	for (long i = 0; i < p->threads; i++)
		pthread_join(thread[i], NULL);
}

/* Open all connections, then rounds of requests on each while asked to. */
static void plan__hold(struct plan *p, const sigset_t *signals)
{
	struct client **c = calloc((size_t)p->hold, sizeof(*c));
	int sig;

	if (!c)
		die("no memory");
	for (long i = 0; i < p->hold; i++) {
		c[i] = client__new(p);
		client__connect(c[i]);
	}
	do {
		for (long n = 0; n < p->requests; n++)
			for (long i = 0; i < p->hold; i++)
				client__exchange(c[i]);
		book__print(p->book, "round");
		sigwait(signals, &sig);
	} while (sig == SIGUSR1);
	for (long i = 0; i < p->hold; i++) {
		client__close(c[i]);
		free(c[i]);
	}
	free(c);
}

/* Options by type: a table of each, so that a new one is one line. */
struct option_long {
	const char *name;
	size_t offset;
};

static const struct option_long numbers[] = {
	{"requests", offsetof(struct plan, requests)},
	{"threads", offsetof(struct plan, threads)},
	{"hold", offsetof(struct plan, hold)},
	{"pipeline", offsetof(struct plan, pipeline)},
	{"idle", offsetof(struct plan, idle_ms)},
	{"abort", offsetof(struct plan, abort_ms)},
	{"body", offsetof(struct plan, body)},
	{"body-ms", offsetof(struct plan, body_ms)},
	{"echo", offsetof(struct plan, echo)},
	{"chunk", offsetof(struct plan, chunk)},
	{"slow", offsetof(struct plan, slow_ms)},
	{"slow-bytes", offsetof(struct plan, slow_bytes)},
	{"rcvbuf", offsetof(struct plan, rcvbuf)},
};

static const struct option_long flags[] = {
	{"close", offsetof(struct plan, close_each)},
	{"rst", offsetof(struct plan, rst)},
	{"half-close", offsetof(struct plan, half_close)},
	{"expect", offsetof(struct plan, expect)},
	{"wait", offsetof(struct plan, wait)},
	{"announce", offsetof(struct plan, announce)},
	{"goodbye", offsetof(struct plan, goodbye)},
};

static const struct option_long texts[] = {
	{"method", offsetof(struct plan, method)},
	{"path", offsetof(struct plan, path)},
	{"header", offsetof(struct plan, header)},
};

#define LEN(table) (sizeof(table) / sizeof((table)[0]))

static void *plan__field(struct plan *p, const struct option_long *table,
			 size_t len, const char *name)
{
	for (size_t i = 0; i < len; i++)
		if (!strcmp(table[i].name, name))
			return (char *)p + table[i].offset;
	return NULL;
}

/* --name, and value if the option takes one. Returns how many were used. */
static int plan__option(struct plan *p, const char *name, const char *value)
{
	long *number = plan__field(p, numbers, LEN(numbers), name);
	bool *flag = plan__field(p, flags, LEN(flags), name);
	const char **text = plan__field(p, texts, LEN(texts), name);

	if (flag) {
		*flag = true;
		return 1;
	}
	if (!value)
		die("option --%s is not known or lacks its value", name);
	if (number)
		*number = strtol(value, NULL, 10);
	else if (text)
		*text = value;
	else if (!strcmp(name, "to"))
		address__parse(&p->address, value);
	else if (!strcmp(name, "receive"))
		p->receive = way__parse(value);
	else if (!strcmp(name, "send"))
		p->send = way__parse(value);
	else
		die("option --%s is not known", name);
	return 2;
}

int main(int argc, char **argv)
{
	struct plan p = {.method = "GET",
			 .path = "/",
			 .header = "",
			 .requests = 1,
			 .threads = 1,
			 .pipeline = 1,
			 .abort_ms = -1,
			 .book = book__new()};
	sigset_t signals;
	int sig;

	for (int i = 1; i < argc;) {
		if (strncmp(argv[i], "--", 2))
			die("not an option: %s", argv[i]);
		i += plan__option(&p, argv[i] + 2, argv[i + 1]);
	}
	if (!p.address.len || p.pipeline > PIPELINE_MAX || p.echo > FRAME_MAX)
		die("--to is missing, or a number is out of range");
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	if (p.hold)
		sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (p.wait) {
		announce("waiting");
		sigwait(&signals, &sig);
	}
	if (p.hold)
		plan__hold(&p, &signals);
	else
		plan__run(&p);
	book__print(p.book, "end");
	return 0;
}
