/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ways to move bytes through a socket, chosen by name, so that one server
 * and one client can exercise every system call that a tracer must see.
 */
#ifndef PEER_IO_H
#define PEER_IO_H

#include <sys/uio.h>

#include "peer_uring.h"

enum way {
	WAY_READ,   /* read, write */
	WAY_RECV,   /* recv, send */
	WAY_MSG,    /* recvmsg, sendmsg */
	WAY_VECTOR, /* readv, writev */
	WAY_MMSG,   /* recvmmsg, sendmmsg */
	WAY_PEEK,   /* recv with MSG_PEEK, then recv; send */
	WAY_URING,  /* io_uring */
	WAYS,
};

struct channel {
	int fd;
	enum way receive, send;
	size_t chunk;	     /* most bytes of one call; 0: no limit */
	struct uring *uring; /* made when first needed */
	struct book *book;
};

PEER_FN enum way way__parse(const char *name)
{
	static const char *const names[WAYS] = {
		"read", "recv", "msg", "vector", "mmsg", "peek", "uring"};

	for (int i = 0; i < WAYS; i++)
		if (!strcmp(names[i], name))
			return (enum way)i;
	die("no such way: %s", name);
}

PEER_FN struct uring *channel__uring(struct channel *c)
{
	static __thread struct uring mine;

	if (!c->uring) {
		if (!mine.sqes)
			uring__init(&mine, 4);
		c->uring = &mine;
	}
	return c->uring;
}

PEER_FN ssize_t negative_errno(ssize_t n)
{
	if (n < 0)
		errno = (int)-n;
	return n < 0 ? -1 : n;
}

/* Two halves in one call; what the second brought is moved up to the first. */
PEER_FN ssize_t receive_mmsg(int fd, char *buf, size_t len)
{
	size_t half = len / 2 ? len / 2 : len;
	struct iovec iov[2] = {{buf, half}, {buf + half, len - half}};
	struct mmsghdr m[2] = {
		{.msg_hdr = {.msg_iov = &iov[0], .msg_iovlen = 1}},
		{.msg_hdr = {.msg_iov = &iov[1], .msg_iovlen = 1}}};
	int n = recvmmsg(fd, m, len > half ? 2 : 1, MSG_WAITFORONE, NULL);

	if (n < 1)
		return -1;
	if (n == 2)
		memmove(buf + m[0].msg_len, buf + half, m[1].msg_len);
	return (ssize_t)(m[0].msg_len + (n == 2 ? m[1].msg_len : 0));
}

PEER_FN ssize_t receive_once(struct channel *c, char *buf, size_t len)
{
	struct iovec iov[2] = {{buf, len / 2}, {buf + len / 2, len - len / 2}};
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2};

	switch (c->receive) {
	case WAY_RECV:
		return recv(c->fd, buf, len, 0);
	case WAY_MSG:
		return recvmsg(c->fd, &m, 0);
	case WAY_VECTOR:
		return readv(c->fd, iov, 2);
	case WAY_MMSG:
		return receive_mmsg(c->fd, buf, len);
	case WAY_PEEK:
		if (recv(c->fd, buf, len, MSG_PEEK) < 0)
			return -1;
		return recv(c->fd, buf, len, 0);
	case WAY_URING:
		return negative_errno(uring__do(
			channel__uring(c), IORING_OP_RECV, c->fd, buf, len, 0));
	default:
		return read(c->fd, buf, len);
	}
}

/* As read(2). */
PEER_FN ssize_t channel__receive(struct channel *c, char *buf, size_t len)
{
	ssize_t n;

	if (c->chunk && len > c->chunk)
		len = c->chunk;
	do
		n = receive_once(c, buf, len);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		atomic_fetch_add(&c->book->bytes_in, (unsigned long long)n);
	return n;
}

PEER_FN ssize_t send_mmsg(int fd, char *buf, size_t len)
{
	size_t half = len / 2 ? len / 2 : len;
	struct iovec iov[2] = {{buf, half}, {buf + half, len - half}};
	struct mmsghdr m[2] = {
		{.msg_hdr = {.msg_iov = &iov[0], .msg_iovlen = 1}},
		{.msg_hdr = {.msg_iov = &iov[1], .msg_iovlen = 1}}};
	int n = sendmmsg(fd, m, len > half ? 2 : 1, MSG_NOSIGNAL);

	if (n < 1)
		return -1;
	if (n == 2 && m[0].msg_len < half)
		die("sendmmsg went on after a partial message");
	return (ssize_t)(m[0].msg_len + (n == 2 ? m[1].msg_len : 0));
}

PEER_FN ssize_t send_once(struct channel *c, char *buf, size_t len)
{
	struct iovec iov[2] = {{buf, len / 2}, {buf + len / 2, len - len / 2}};
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2};

	switch (c->send) {
	case WAY_READ:
		return write(c->fd, buf, len);
	case WAY_MSG:
		return sendmsg(c->fd, &m, MSG_NOSIGNAL);
	case WAY_VECTOR:
		return writev(c->fd, iov, 2);
	case WAY_MMSG:
		return send_mmsg(c->fd, buf, len);
	case WAY_URING:
		return negative_errno(uring__do(channel__uring(c),
						IORING_OP_SEND, c->fd, buf, len,
						MSG_NOSIGNAL));
	default:
		return send(c->fd, buf, len, MSG_NOSIGNAL);
	}
}

/* All of it, in as many calls as it takes. 0 or -1. */
PEER_FN int channel__send(struct channel *c, const void *from, size_t len)
{
	char *buf = (char *)from;

	while (len) {
		size_t piece = c->chunk && len > c->chunk ? c->chunk : len;
		ssize_t n = send_once(c, buf, piece);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		atomic_fetch_add(&c->book->bytes_out, (unsigned long long)n);
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}

PEER_FN void channel__reset(struct channel *c)
{
	struct linger hard = {.l_onoff = 1, .l_linger = 0};

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

#endif
