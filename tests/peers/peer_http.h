/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTTP/1.1 as the test server speaks it: one connection, its requests, and a
 * table of paths with known behaviour. Fed a connected channel, yields
 * responses and lines in the book.
 */
#ifndef PEER_HTTP_H
#define PEER_HTTP_H

#include <poll.h>
#include <pthread.h>
#include <sys/sendfile.h>

#include <fcntl.h>

#include "peer_io.h"

#define HTTP_BUFFER 65536

struct http {
	struct channel ch;
	const struct address *upstream; /* NULL: no /proxy */
	char buf[HTTP_BUFFER];		/* received, not yet used */
	size_t len;
	size_t head; /* bytes of the head in buf */
	size_t body; /* bytes of the body not yet used up */
	char path[128];
	const char *query; /* inside query_text */
	char query_text[1024];
	bool expect, keep;
	uint64_t begin;	     /* first receive of the request returned */
	uint64_t first_byte; /* first send of the response returned */
	int status;
};

/* 0, or -1 when the connection is to be dropped. */
typedef int (*http_handler)(struct http *h);

PEER_FN int http__send(struct http *h, const void *from, size_t len)
{
	int err = channel__send(&h->ch, from, len);

	if (!h->first_byte)
		h->first_byte = now_ns();
	return err;
}

PEER_FN int http__head(struct http *h, int status, size_t length)
{
	char head[256];
	int n = snprintf(head, sizeof(head),
			 "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\n"
			 "Connection: %s\r\n\r\n",
			 status, status < 400 ? "Fine" : "Bad", length,
			 h->keep ? "keep-alive" : "close");

	h->status = status;
	return http__send(h, head, (size_t)n);
}

/* Head and body in one send. */
PEER_FN int http__answer(struct http *h, int status, const char *body)
{
	char text[512];
	int n = snprintf(text, sizeof(text),
			 "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\n"
			 "Connection: %s\r\n\r\n%s",
			 status, status < 400 ? "Fine" : "Bad", strlen(body),
			 h->keep ? "keep-alive" : "close", body);

	h->status = status;
	return http__send(h, text, (size_t)n);
}

/* Use up what is left of the request's body. */
PEER_FN int http__drain(struct http *h)
{
	if (h->expect && h->body) {
		static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

		if (channel__send(&h->ch, go_on, sizeof(go_on) - 1))
			return -1;
		h->expect = false;
	}
	while (h->body) {
		size_t have = h->len < h->body ? h->len : h->body;
		ssize_t n;

		h->body -= have;
		h->len -= have;
		memmove(h->buf, h->buf + have, h->len);
		if (!h->body)
			break;
		n = channel__receive(&h->ch, h->buf, sizeof(h->buf));
		if (n <= 0)
			return -1;
		h->len = (size_t)n;
	}
	return 0;
}

PEER_FN int http__ok(struct http *h)
{
	if (http__drain(h))
		return -1;
	return http__answer(h, (int)query__number(h->query, "code", 200),
			    "fine\n");
}

PEER_FN int http__sleep(struct http *h)
{
	sleep_ms(query__number(h->query, "ms", 0));
	return http__ok(h);
}

/* Works for ms of CPU time. */
PEER_FN int http__spin(struct http *h)
{
	uint64_t end = now_ns() +
		       (uint64_t)query__number(h->query, "ms", 0) * 1000000u;

	while (now_ns() < end)
		;
	return http__ok(h);
}

/* delay ms, then the head with the first of parts, gap ms before each other. */
PEER_FN int http__chunked(struct http *h)
{
	static const char head[] = "HTTP/1.1 200 Fine\r\n"
				   "Transfer-Encoding: chunked\r\n\r\n"
				   "5\r\npart\n\r\n";
	long parts = query__number(h->query, "parts", 1);
	long gap = query__number(h->query, "gap", 0);

	sleep_ms(query__number(h->query, "delay", 0));
	h->status = 200;
	if (http__send(h, head, sizeof(head) - 1))
		return -1;
	while (--parts > 0) {
		sleep_ms(gap);
		if (http__send(h, "5\r\npart\n\r\n", 10))
			return -1;
	}
	return http__send(h, "0\r\n\r\n", 5);
}

/* events of an SSE stream, gap ms apart, then the end of the connection. */
PEER_FN int http__events(struct http *h)
{
	static const char head[] = "HTTP/1.1 200 Fine\r\n"
				   "Content-Type: text/event-stream\r\n"
				   "Connection: close\r\n\r\n";
	long events = query__number(h->query, "events", 1);
	long gap = query__number(h->query, "gap", 0);

	h->keep = false;
	h->status = 200;
	if (http__send(h, head, sizeof(head) - 1))
		return -1;
	while (events-- > 0) {
		sleep_ms(gap);
		if (http__send(h, "data: tick\n\n", 12))
			return -1;
	}
	return 0;
}

/* 101, then every byte comes back until the peer is done. */
PEER_FN int http__upgrade(struct http *h)
{
	static const char head[] = "HTTP/1.1 101 Switching Protocols\r\n"
				   "Upgrade: websocket\r\n"
				   "Connection: Upgrade\r\n\r\n";
	ssize_t n;

	h->keep = false;
	h->status = 101;
	if (http__send(h, head, sizeof(head) - 1))
		return -1;
	while ((n = channel__receive(&h->ch, h->buf, sizeof(h->buf))) > 0)
		if (http__send(h, h->buf, (size_t)n))
			return -1;
	return 0;
}

/* bytes of body by non-blocking sends and poll, as event loops do. */
PEER_FN int http__body(struct http *h)
{
	static const char zeroes[HTTP_BUFFER];
	size_t left = (size_t)query__number(h->query, "bytes", 0);
	struct pollfd p = {.fd = h->ch.fd, .events = POLLOUT};

	if (http__head(h, 200, left))
		return -1;
	while (left) {
		size_t piece = left < sizeof(zeroes) ? left : sizeof(zeroes);
		ssize_t n = send(h->ch.fd, zeroes, piece,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			poll(&p, 1, -1);
			continue;
		}
		if (n <= 0)
			return -1;
		atomic_fetch_add(&h->ch.book->bytes_out, (unsigned long long)n);
		left -= (size_t)n;
	}
	return 0;
}

/* An open file of so many zero bytes; the caller closes it. */
PEER_FN int zero_file(size_t bytes)
{
	int fd = memfd_create("body", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)bytes))
		die("memfd: %m");
	return fd;
}

PEER_FN int http__sendfile(struct http *h)
{
	size_t left = (size_t)query__number(h->query, "bytes", 0);
	int fd = zero_file(left);
	int err = http__head(h, 200, left);

	while (!err && left) {
		ssize_t n = sendfile(h->ch.fd, fd, NULL, left);

		if (n <= 0) {
			err = -1;
			break;
		}
		atomic_fetch_add(&h->ch.book->bytes_out, (unsigned long long)n);
		left -= (size_t)n;
	}
	close(fd);
	return err;
}

PEER_FN int http__splice(struct http *h)
{
	size_t left = (size_t)query__number(h->query, "bytes", 0);
	int fd = zero_file(left);
	int err = http__head(h, 200, left);
	int pipes[2];

	if (pipe2(pipes, O_CLOEXEC))
		die("pipe: %m");
	while (!err && left) {
		ssize_t in = splice(fd, NULL, pipes[1], NULL,
				    left < 65536 ? left : 65536, SPLICE_F_MOVE);

		if (in <= 0)
			die("splice from a file: %m");
		left -= (size_t)in;
		while (in > 0) {
			ssize_t n = splice(pipes[0], NULL, h->ch.fd, NULL,
					   (size_t)in, SPLICE_F_MOVE);

			if (n <= 0) {
				err = -1;
				break;
			}
			in -= n;
			atomic_fetch_add(&h->ch.book->bytes_out,
					 (unsigned long long)n);
		}
	}
	close(pipes[0]);
	close(pipes[1]);
	close(fd);
	return err;
}

/* The response begins before the request's body has been read. */
PEER_FN int http__early(struct http *h)
{
	h->expect = false;
	if (http__head(h, 200, 10) || http__send(h, "early", 5))
		return -1;
	sleep_ms(query__number(h->query, "ms", 0));
	if (http__drain(h))
		return -1;
	return http__send(h, "later", 5);
}

PEER_FN int http__close(struct http *h)
{
	h->keep = false;
	return http__ok(h);
}

/* A whole answer, and ms later one that nobody asked for. */
PEER_FN int http__late(struct http *h)
{
	static const char late[] = "HTTP/1.1 408 Request Timeout\r\n"
				   "Connection: close\r\n\r\n";

	if (http__ok(h))
		return -1;
	sleep_ms(query__number(h->query, "ms", 0));
	h->keep = false;
	return channel__send(&h->ch, late, sizeof(late) - 1);
}

/* No answer, but an end: orderly, by reset, or in the middle of a body. */
PEER_FN int http__abort(struct http *h)
{
	sleep_ms(query__number(h->query, "ms", 0));
	h->keep = false;
	return -1;
}

PEER_FN int http__reset(struct http *h)
{
	channel__reset(&h->ch);
	return http__abort(h);
}

PEER_FN int http__partial(struct http *h)
{
	if (!http__head(h, 200, 1000))
		http__send(h, "only this", 9);
	return http__abort(h);
}

/* The response in another way than the server's own. */
PEER_FN int http__by(struct http *h, enum way way, size_t chunk)
{
	struct channel own = h->ch;
	int err;

	h->ch.send = way;
	h->ch.chunk = chunk;
	err = http__ok(h);
	h->ch.send = own.send;
	h->ch.chunk = own.chunk;
	return err;
}

PEER_FN int http__writev(struct http *h)
{
	return http__by(h, WAY_VECTOR, 0);
}

PEER_FN int http__sendmsg(struct http *h)
{
	return http__by(h, WAY_MSG, 0);
}

PEER_FN int http__sendmmsg(struct http *h)
{
	return http__by(h, WAY_MMSG, 0);
}

PEER_FN int http__bytewise(struct http *h)
{
	return http__by(h, h->ch.send, 1);
}

PEER_FN void *http__other_thread(void *arg)
{
	return http__sleep(arg) ? arg : NULL;
}

/* Another thread than the reader's answers. */
PEER_FN int http__handoff(struct http *h)
{
	pthread_t other;
	void *failed;

	if (pthread_create(&other, NULL, http__other_thread, h))
		die("pthread_create");
	pthread_join(other, &failed);
	return failed ? -1 : 0;
}

/* Asks upstream for /sleep with the same query before it answers. */
PEER_FN int http__proxy(struct http *h)
{
	char text[HTTP_BUFFER];
	int fd, n;

	if (!h->upstream)
		return http__answer(h, 502, "no upstream\n");
	fd = socket(h->upstream->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&h->upstream->sa,
			      h->upstream->len))
		die("upstream: %m");
	n = snprintf(text, sizeof(text),
		     "GET /sleep?%s HTTP/1.1\r\nHost: up\r\n"
		     "Connection: close\r\n\r\n",
		     h->query ? h->query : "");
	if (write(fd, text, (size_t)n) != n)
		die("upstream: %m");
	while (read(fd, text, sizeof(text)) > 0)
		;
	close(fd);
	return http__ok(h);
}

PEER_FN http_handler http__route(const char *path)
{
	static const struct {
		const char *path;
		http_handler handler;
	} table[] = {
		{"/sleep", http__sleep},       {"/spin", http__spin},
		{"/chunked", http__chunked},   {"/events", http__events},
		{"/upgrade", http__upgrade},   {"/body", http__body},
		{"/sendfile", http__sendfile}, {"/splice", http__splice},
		{"/early", http__early},       {"/close", http__close},
		{"/abort", http__abort},       {"/reset", http__reset},
		{"/partial", http__partial},   {"/writev", http__writev},
		{"/sendmsg", http__sendmsg},   {"/sendmmsg", http__sendmmsg},
		{"/bytewise", http__bytewise}, {"/handoff", http__handoff},
		{"/proxy", http__proxy},       {"/late", http__late},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(path, table[i].path))
			return table[i].handler;
	return http__ok;
}

PEER_FN void http__parse(struct http *h)
{
	char *query, *length;

	h->buf[h->head - 1] = '\0';
	if (sscanf(h->buf, "%*15s %1023s", h->query_text) != 1)
		die("not HTTP: %.40s", h->buf);
	query = strchr(h->query_text, '?');
	if (query)
		*query++ = '\0';
	h->query = query;
	snprintf(h->path, sizeof(h->path), "%.127s", h->query_text);
	length = strcasestr(h->buf, "\ncontent-length:");
	h->body = length ? strtoul(length + 16, NULL, 10) : 0;
	h->expect = strcasestr(h->buf, "\nexpect: 100-continue");
	h->keep = !strcasestr(h->buf, "\nconnection: close");
	h->len -= h->head;
	memmove(h->buf, h->buf + h->head, h->len);
}

/* Wait for a whole head. 0; -1 at the end of the connection. */
PEER_FN int http__request(struct http *h)
{
	h->begin = h->len ? now_ns() : 0;
	for (;;) {
		char *end = memmem(h->buf, h->len, "\r\n\r\n", 4);
		ssize_t n;

		if (end) {
			h->head = (size_t)(end - h->buf) + 4;
			return 0;
		}
		if (h->len == sizeof(h->buf))
			die("head too long");
		n = channel__receive(&h->ch, h->buf + h->len,
				     sizeof(h->buf) - h->len);
		if (n <= 0)
			return -1;
		if (!h->begin)
			h->begin = now_ns();
		h->len += (size_t)n;
	}
}

/* Serve one connection until it ends; its fd stays the caller's. */
PEER_FN void http__serve(struct http *h)
{
	struct book *book = h->ch.book;
	uint64_t end;

	do {
		if (http__request(h))
			return;
		atomic_fetch_add(&book->requests, 1);
		h->first_byte = 0;
		http__parse(h);
		if (http__route(h->path)(h)) {
			atomic_fetch_add(&book->failed, 1);
			return;
		}
		end = now_ns();
		book__add(book, end - h->begin,
			  (h->first_byte ? h->first_byte : end) - h->begin);
		atomic_fetch_add(&book->status[h->status], 1);
		atomic_fetch_add(&book->responses, 1);
	} while (h->keep);
}

#endif
