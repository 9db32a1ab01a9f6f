/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One connection of the truth service: requests without a body, one at a
 * time, whose query says what to spend, in order. Fed with received bytes,
 * yields an answer, and a line in the books for each request: from when its
 * first bytes were received to when the answer's send returned.
 */
#ifndef TRUTH_CONN_H
#define TRUTH_CONN_H

#include "truth_spend.h"

#define CONN_BUFFER 2048

struct conn {
	int fd;
	struct truth *truth;
	struct reading begin;
	struct account account;
	const char *answer; /* what is to be sent */
	size_t answer_len;
	size_t len;
	char buf[CONN_BUFFER];
};

PEER_FN struct conn *conn__new(int fd, struct truth *truth)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c)
		die("no memory");
	c->fd = fd;
	c->truth = truth;
	atomic_fetch_add(&truth->connections, 1);
	return c;
}

PEER_FN void conn__free(struct conn *c)
{
	close(c->fd);
	free(c);
}

/* n as of recv(): 1 when a request is whole, 0 when more is needed, -1 at
 * the end. What was received is in buf already. */
PEER_FN int conn__received(struct conn *c, ssize_t n)
{
	if (n <= 0)
		return -1;
	if (!c->len)
		c->begin = reading__now();
	c->len += (size_t)n;
	c->buf[c->len] = '\0';
	if (strstr(c->buf, "\r\n\r\n"))
		return 1;
	return c->len < sizeof(c->buf) - 1 ? 0 : -1;
}

/* As conn__received. */
PEER_FN int conn__receive(struct conn *c)
{
	ssize_t n;

	do
		n = recv(c->fd, c->buf + c->len, sizeof(c->buf) - 1 - c->len,
			 0);
	while (n < 0 && errno == EINTR);
	return conn__received(c, n);
}

/* "name=us" into *cause and *us; the rest of the query, NULL at its end. */
PEER_FN const char *query__next(const char *at, enum cause *cause, uint64_t *us)
{
	size_t len = strcspn(at, "=");
	char *rest;

	for (*cause = 0; *cause < CAUSE_PREPARE; (*cause)++) {
		const char *name = cause__name(*cause);

		if (strlen(name) == len && !strncmp(name, at, len))
			break;
	}
	if (*cause == CAUSE_PREPARE || at[len] != '=')
		die("no such cause: %.20s", at);
	*us = strtoull(at + len + 1, &rest, 10);
	return *rest == '&' ? rest + 1 : NULL;
}

/* Do what the request asks for, and have the answer ready. */
PEER_FN void conn__handle(struct conn *c, struct spender *s)
{
	static const char answer[] = "HTTP/1.1 200 Fine\r\n"
				     "Content-Length: 5\r\n\r\nfine\n";
	const char *path = c->buf + strcspn(c->buf, "/");
	size_t len = strcspn(path, "? \r");
	const char *query = path[len] == '?' ? path + len + 1 : NULL;

	snprintf(c->account.path, sizeof(c->account.path), "%.*s", (int)len,
		 path);
	while (query) {
		enum cause cause;
		uint64_t us;

		query = query__next(query, &cause, &us);
		spender__spend(s, cause, us, c->account.cause);
	}
	c->answer = answer;
	c->answer_len = sizeof(answer) - 1;
}

/* The answer has gone: from is from before its send. */
PEER_FN void conn__sent(struct conn *c, const struct reading *from)
{
	struct reading to = reading__now();

	spent__add(&c->account.cause[CAUSE_SEND], from, &to);
	spent__add(&c->account.whole, &c->begin, &to);
	c->account.whole.count = 1;
	truth__enter(c->truth, &c->account);
	memset(&c->account, 0, sizeof(c->account));
	c->len = 0;
}

/* 0, or -1 when the connection is to be dropped. */
PEER_FN int conn__answer(struct conn *c)
{
	struct reading from = reading__now();

	if (send(c->fd, c->answer, c->answer_len, MSG_NOSIGNAL) !=
	    (ssize_t)c->answer_len)
		return -1;
	conn__sent(c, &from);
	return 0;
}

/* Its requests until it ends, in this thread alone. */
PEER_FN void conn__serve(struct conn *c, struct spender *s)
{
	for (;;) {
		int got = conn__receive(c);

		if (got < 0)
			return;
		if (!got)
			continue;
		conn__handle(c, s);
		if (conn__answer(c))
			return;
	}
}

#endif
