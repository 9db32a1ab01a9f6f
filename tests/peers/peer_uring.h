/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * io_uring with bare system calls: enough to receive and send without any
 * socket system call. One ring belongs to one thread.
 */
#ifndef PEER_URING_H
#define PEER_URING_H

#include <linux/io_uring.h>
#include <sys/syscall.h>

#include "peer.h"

struct uring {
	int fd;
	struct io_uring_params params;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
	unsigned int *sq_tail, *sq_array, sq_mask;
	unsigned int *cq_head, *cq_tail, cq_mask;
	unsigned int pushed; /* and not submitted */
};

PEER_FN void *uring__map(struct uring *u, size_t len, off_t what)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_POPULATE, u->fd, what);

	if (at == MAP_FAILED)
		die("mmap of io_uring: %m");
	return at;
}

PEER_FN void uring__init(struct uring *u, unsigned int entries)
{
	struct io_uring_params *p = &u->params;
	char *sq, *cq;

	memset(u, 0, sizeof(*u));
	u->fd = (int)syscall(SYS_io_uring_setup, entries, p);
	if (u->fd < 0)
		die("io_uring_setup: %m");
	sq = uring__map(u, p->sq_off.array + p->sq_entries * sizeof(int),
			IORING_OFF_SQ_RING);
	cq = uring__map(
		u, p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe),
		IORING_OFF_CQ_RING);
	u->sqes = uring__map(u, p->sq_entries * sizeof(struct io_uring_sqe),
			     IORING_OFF_SQES);
	u->sq_tail = (unsigned int *)(sq + p->sq_off.tail);
	u->sq_array = (unsigned int *)(sq + p->sq_off.array);
	u->sq_mask = *(unsigned int *)(sq + p->sq_off.ring_mask);
	u->cq_head = (unsigned int *)(cq + p->cq_off.head);
	u->cq_tail = (unsigned int *)(cq + p->cq_off.tail);
	u->cq_mask = *(unsigned int *)(cq + p->cq_off.ring_mask);
	u->cqes = (struct io_uring_cqe *)(cq + p->cq_off.cqes);
}

/* Prepare one operation; the key comes back with its result. */
PEER_FN void uring__push(struct uring *u, int opcode, int fd, const void *buf,
			 size_t len, unsigned int flags, uint64_t key)
{
	unsigned int tail = *u->sq_tail;
	unsigned int at = tail & u->sq_mask;
	struct io_uring_sqe *sqe = &u->sqes[at];

	if (u->pushed++ > u->sq_mask)
		die("io_uring: too many operations at once");
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = (uint8_t)opcode;
	sqe->fd = fd;
	sqe->addr = (uintptr_t)buf;
	sqe->len = (unsigned int)len;
	sqe->msg_flags = flags;
	sqe->user_data = key;
	u->sq_array[at] = at;
	__atomic_store_n(u->sq_tail, tail + 1, __ATOMIC_RELEASE);
}

/* Submit what was prepared, and wait until there are so many results. */
PEER_FN void uring__submit(struct uring *u, unsigned int results)
{
	int n;

	do
		n = (int)syscall(SYS_io_uring_enter, u->fd, u->pushed, results,
				 results ? IORING_ENTER_GETEVENTS : 0, NULL, 0);
	while (n < 0 && errno == EINTR);
	if (n != (int)u->pushed)
		die("io_uring_enter: %m");
	u->pushed = 0;
}

/* The next result, >= 0 or negative errno; false when there is none yet. */
PEER_FN bool uring__take(struct uring *u, uint64_t *key, int *result)
{
	unsigned int head = *u->cq_head;
	const struct io_uring_cqe *cqe = &u->cqes[head & u->cq_mask];

	if (__atomic_load_n(u->cq_tail, __ATOMIC_ACQUIRE) == head)
		return false;
	*key = cqe->user_data;
	*result = cqe->res;
	__atomic_store_n(u->cq_head, head + 1, __ATOMIC_RELEASE);
	return true;
}

/* One operation alone, and its result. */
PEER_FN int uring__do(struct uring *u, int opcode, int fd, void *buf,
		      size_t len, unsigned int flags)
{
	uint64_t key;
	int result;

	uring__push(u, opcode, fd, buf, len, flags, 0);
	uring__submit(u, 0);
	while (!uring__take(u, &key, &result))
		uring__submit(u, 1);
	return result;
}

#endif
