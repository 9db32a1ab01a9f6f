// SPDX-License-Identifier: GPL-2.0-only
/* See payload.h. Reads the registers and memory of the current task. */
#include "payload.h"

#include "file.h"
#include "iov.h"
#include "regs.h"
#include "syscall_numbers.h"

/* The user ABI of the calls (include/linux/socket.h, uio.h), 64-bit. */
struct user_iovec {
	u64 base;
	u64 len;
};

struct user_msg {
	u64 name;
	u64 name_len;
	u64 iov;
	u64 iov_len;
};

/* One RT_REC_DATA in the making. Per CPU, and only used in a task's context. */
struct data_scratch {
	u64 busy; /* whose program was preempted has it */
	struct rt_data data;
	u8 bytes[RT_DATA_CHUNK];
};

struct data_scratch_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct data_scratch);
};

struct data_scratch_map rt_data_scratch SEC(".maps");

/* io_uring completes work inside other system calls: only believe the
 * registers of a task that uses it if their fd is this very socket. */
static __always_inline bool payload__fd_is(struct task_struct *task, u64 socket,
					   u64 fd)
{
	struct file *file = file__of(task, fd);

	return file && (u64)file__socket(file) == socket;
}

static __always_inline void payload__iovec(struct segments *s, u64 iov, u64 n)
{
	for (u32 i = 0; i < PAYLOAD_SEGMENTS && i < n; i++) {
		struct user_iovec v;
		u64 at = iov + i * sizeof(v);

		if (bpf_probe_read_user(&v, sizeof(v), (void *)at))
			return;
		s->base[i] = v.base;
		s->len[i] = v.len < s->total ? v.len : s->total;
		s->known = true;
	}
}

static __always_inline void payload__msg(struct segments *s, u64 msg)
{
	struct user_msg m;

	if (!bpf_probe_read_user(&m, sizeof(m), (void *)msg))
		payload__iovec(s, m.iov, m.iov_len);
}

int payload__locate(struct segments *s, struct moved *m)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = regs__of(task);
	u64 arg2 = REGS_ARG2(regs);

	if (!s || !m)
		return 0;

	__builtin_memset(s, 0, sizeof(*s));
	s->total = m->bytes;
	if (m->msg && iov__locate(s, m->msg) != IOV_UNKNOWN)
		return 0;
	if (task->flags & PF_IO_WORKER) /* works off io_uring's queue */
		return 0;
	if (task->io_uring && !payload__fd_is(task, m->socket, REGS_ARG1(regs)))
		return 0;
	switch (payload__syscall(task, regs)) {
	case SYS_read:
	case SYS_write:
	case SYS_recvfrom:
	case SYS_sendto:
		s->base[0] = arg2;
		s->len[0] = s->total;
		s->known = true;
		break;
	case SYS_readv:
	case SYS_writev:
	case SYS_preadv2:
	case SYS_pwritev2:
		payload__iovec(s, arg2, REGS_ARG3(regs));
		break;
	case SYS_recvmsg:
	case SYS_sendmsg:
		payload__msg(s, arg2);
		break;
	/* The first message of a question or answer is the first of its call;
	 * which one a further one is, nothing tells. */
	case SYS_recvmmsg:
	case SYS_sendmmsg:
		if (!m->further)
			payload__msg(s, arg2);
		break;
	}
	return 0;
}

/* Copy n bytes to payload[at], n <= max; barrier_var keeps the compiler from
 * moving the checks away from what they protect. */
#define PAYLOAD_COPY(c, at, n, max, from)                                      \
	({                                                                     \
		u32 at_ = (at), n_ = (n) < (max) ? (n) : (max);                \
		int err_ = -1;                                                 \
		barrier_var(at_);                                              \
		barrier_var(n_);                                               \
		if (at_ <= CONN_PAYLOAD - (max) && n_ <= (max))                \
			err_ = bpf_probe_read_user((c)->payload + at_, n_,     \
						   (from));                    \
		err_ ? 0 : n_;                                                 \
	})

u32 payload__append(struct conn *c, u32 start, u32 len, struct segments *s)
{
	u32 left;

	if (!c || !s)
		return len;
	left = s->total;

	for (u32 i = 0; i < PAYLOAD_SEGMENTS && left; i++) {
		u32 n = s->len[i] < left ? s->len[i] : left, got;
		void *from = (void *)s->base[i];

		if (len >= PAYLOAD_APPEND)
			break;
		if (!len)
			got = PAYLOAD_COPY(c, start, n, RT_REQUEST_CAP, from);
		else
			got = PAYLOAD_COPY(c, start + len, n, PAYLOAD_APPEND,
					   from);
		len += got;
		left -= n;
		if (got < n)
			break;
	}
	return len;
}

int payload__tail(struct conn *c, struct segments *s)
{
	u32 left;

	if (!c || !s)
		return 0;
	left = s->total;

	for (u32 i = 0; i < PAYLOAD_SEGMENTS; i++) {
		u32 n = s->len[i], pad;
		u64 end;

		if (n < left) {
			left -= n;
			continue;
		}
		end = s->base[i] + left;
		if (left >= RT_TAIL_CAP)
			return !bpf_probe_read_user(
				c->ex.tail, RT_TAIL_CAP,
				(void *)(end - RT_TAIL_CAP));
		/* A short last segment, such as the terminating chunk alone:
		 * "0\r\n\r\n" is five bytes; what is before stays zero. */
		__builtin_memset(c->ex.tail, 0, RT_TAIL_CAP);
		pad = RT_TAIL_CAP - left;
		barrier_var(pad);
		if (pad >= RT_TAIL_CAP)
			return 0;
		return !bpf_probe_read_user(c->ex.tail + pad,
					    left & (RT_TAIL_CAP - 1),
					    (void *)s->base[i]);
	}
	return 0;
}

u32 payload__small(struct conn *c, u64 from, u32 start, u32 n)
{
	u64 bytes[PAYLOAD_SMALL / 8] = {};
	u64 *to;

	if (!c)
		return 0;
	barrier_var(n);
	if (n > sizeof(bytes) || start > RT_REQUEST_CAP ||
	    bpf_probe_read_user(bytes, n, (void *)from))
		return 0;
	to = (u64 *)(c->payload + start);
	for (u32 i = 0; i < PAYLOAD_SMALL / 8; i++)
		to[i] = bytes[i];
	return n;
}

/* Fill it with n bytes of user memory. */
static __always_inline int data__fill(struct data_scratch *rec, struct conn *c,
				      u64 from, u32 n, u32 at)
{
	barrier_var(n);
	if (n > RT_DATA_CHUNK ||
	    bpf_probe_read_user(rec->bytes, n, (void *)from))
		return -1;
	rec->data.header.kind = RT_REC_DATA;
	rec->data.header.flags = 0;
	rec->data.header.size = sizeof(rec->data) + n;
	rec->data.header.time = exchange__last(&c->ex);
	rec->data.cookie = c->ex.peer.cookie;
	rec->data.seq = c->state >> 2;
	rec->data.offset = at;
	rec->data.len = n;
	rec->data.pad = 0;
	return 0;
}

static __always_inline int data__lost(struct conn *c)
{
	count(RT_COUNT_DATA_LOST);
	c->ex.header.flags |= RT_EX_DATA_LOST;
	return -1;
}

int payload__chunk(struct conn *c, u64 from, u32 n, u32 at)
{
	struct data_scratch *rec;
	u32 first = 0;
	int err;

	if (!c)
		return -1;
	rec = bpf_map_lookup_elem(&rt_data_scratch, &first);
	if (!rec)
		return -1;
	if (__sync_val_compare_and_swap(&rec->busy, 0, 1))
		return data__lost(c);
	err = data__fill(rec, c, from, n, at);
	barrier_var(n);
	if (!err && n <= RT_DATA_CHUNK) {
		c->datas++;
		c->data_bytes += n;
		if (bpf_ringbuf_output(&rt_ring, &rec->data,
				       sizeof(rec->data) + n, BPF_RB_NO_WAKEUP))
			err = data__lost(c);
	}
	rec->busy = 0;
	return err;
}

#define TLS_HEADER 5
/* Longest alert: two bytes padded to a CBC block, with a 48-byte MAC. */
#define TLS_ALERT_MAX 96

/*
 * RFC 8446 section 5: up to TLS 1.2 an alert has a record type of its own; in
 * 1.3 it hides in application data of 2 + 1 + 16 bytes, which no sensible
 * message of two bytes shares.
 */
int payload__tls_alert(struct moved *m)
{
	struct segments s;
	u8 head[TLS_HEADER];
	u32 size, total;

	if (!m)
		return -1;
	total = m->bytes;
	if (total > TLS_ALERT_MAX || total < TLS_HEADER)
		return -1;
	payload__locate(&s, m);
	if (!s.known ||
	    bpf_probe_read_user(head, sizeof(head), (void *)s.base[0]))
		return -1;
	size = TLS_HEADER + (head[3] << 8 | head[4]);
	if (head[1] != 3 || size > TLS_ALERT_MAX ||
	    (total != size && total != TLS_HEADER))
		return -1;
	if (head[0] != 0x15 && (head[0] != 0x17 || size != TLS_HEADER + 19))
		return -1;
	return size - total;
}
