/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * io_uring with bare system calls, one operation at a time: enough to receive
 * and send without any socket system call. One ring belongs to one thread.
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
};

PEER_FN void *uring__map(struct uring *u, size_t len, off_t what)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_POPULATE, u->fd, what);

	if (at == MAP_FAILED)
		die("mmap of io_uring: %m");
	return at;
}

PEER_FN void uring__init(struct uring *u)
{
	struct io_uring_params *p = &u->params;
	char *sq, *cq;

	memset(u, 0, sizeof(*u));
	u->fd = (int)syscall(SYS_io_uring_setup, 4, p);
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

/* Submit one operation and wait for its result: >= 0 or negative errno. */
PEER_FN int uring__do(struct uring *u, int opcode, int fd, void *buf,
		      size_t len, unsigned int flags)
{
	unsigned int tail = *u->sq_tail;
	unsigned int at = tail & u->sq_mask;
	unsigned int head = *u->cq_head;
	struct io_uring_sqe *sqe = &u->sqes[at];
	int res;

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = (uint8_t)opcode;
	sqe->fd = fd;
	sqe->addr = (uintptr_t)buf;
	sqe->len = (unsigned int)len;
	sqe->msg_flags = flags;
	u->sq_array[at] = at;
	__atomic_store_n(u->sq_tail, tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, u->fd, 1, 0, 0, NULL, 0) != 1)
		die("io_uring_enter: %m");
	while (__atomic_load_n(u->cq_tail, __ATOMIC_ACQUIRE) == head)
		syscall(SYS_io_uring_enter, u->fd, 0, 1, IORING_ENTER_GETEVENTS,
			NULL, 0);
	res = u->cqes[head & u->cq_mask].res;
	__atomic_store_n(u->cq_head, head + 1, __ATOMIC_RELEASE);
	return res;
}

#endif
