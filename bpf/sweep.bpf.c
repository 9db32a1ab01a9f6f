// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run by userspace before each refresh and at the end: reports exchanges that
 * have an answer but no next request yet, so that the last one of an idle
 * connection shows with its own times, and requests without an answer, each
 * once, so that they show as in flight; notices sockets that are gone where no
 * hook tells that.
 */
#include "report.h"

/* Set by userspace for the last run: what is open is told for good. */
rt_u32 rt_sweep_stop;

/* Room for the largest record: the exchange is copied before it is claimed,
 * because it may end and begin anew meanwhile. */
struct sweep_record {
	struct rt_exchange ex;
	u8 payload[CONN_PAYLOAD];
};

static __always_inline void sweep__fill(struct sweep_record *rec,
					struct conn *c, u64 seq, u64 now)
{
	struct rt_exchange *ex = &rec->ex;

	__builtin_memcpy(rec, &c->ex, sizeof(*rec));
	ex->header.kind = RT_REC_EXCHANGE;
	ex->header.flags |= RT_EX_PROVISIONAL;
	if (c->phase == PHASE_REQUEST)
		ex->header.flags |= RT_EX_NO_RESPONSE;
	ex->header.size = report__size(ex);
	ex->header.time = now;
	ex->seq = seq;
	ex->end = rt_sweep_stop ? RT_END_STOP : RT_END_IDLE;
	ex->ended = now;
	report__details(c, ex);
	report__is_slow(ex);
}

static __always_inline bool sweep__due(const struct conn *c)
{
	if (!(c->state & EXCHANGE_BITS))
		return false;
	if (c->phase == PHASE_REQUEST)
		return rt_sweep_stop || c->shown != c->changes;
	return (c->state & EXCHANGE_BITS) == EXCHANGE_OPEN ||
	       c->shown != c->changes;
}

/* Whether rec is still of the open exchange. Where that has an answer it is
 * claimed: from here on it counts. A request without one is only made known as
 * being served: it stays OPEN, so that its own record, or a summary when the
 * ring is full, comes all the same. */
static __always_inline bool sweep__holds(const struct sweep_record *rec,
					 struct conn *c, u64 was, u64 seq)
{
	if (rec->ex.header.flags & RT_EX_NO_RESPONSE &&
	    rec->ex.end == RT_END_IDLE)
		return *(volatile u64 *)&c->state == was;
	return __sync_val_compare_and_swap(&c->state, was,
					   seq << 2 | EXCHANGE_SHOWN) == was;
}

/* Report the open exchange as provisional, if it stays open meanwhile. */
static __noinline int sweep__conn(struct conn *c)
{
	u64 was = c->state, seq = was >> 2, now = bpf_ktime_get_ns();
	u32 changes = c->changes; /* before the copy: see exchange.h */
	struct sweep_record *rec;

	if (!sweep__due(c))
		return 0;
	report__calls(c, now);
	rec = bpf_ringbuf_reserve(&rt_ring, sizeof(*rec), 0);
	if (!rec) { /* no harm: it comes with the next sweep, or its end */
		conn__moved();
		return 0;
	}
	sweep__fill(rec, c, seq, now);
	if (!sweep__holds(rec, c, was, seq)) {
		bpf_ringbuf_discard(rec, BPF_RB_NO_WAKEUP);
		return 0;
	}
	c->shown = changes;
	c->told = rec->ex.tgid;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

/* How full an accept queue is. One that is lost comes with the next sweep. */
static __always_inline void sweep__listener(struct conn *c, struct sock *sk)
{
	struct rt_listener *rec;

	rec = bpf_ringbuf_reserve(&rt_ring, sizeof(*rec), 0);
	if (!rec) {
		conn__moved();
		return;
	}
	__builtin_memset(rec, 0, sizeof(*rec));
	rec->header.kind = RT_REC_LISTENER;
	rec->header.size = sizeof(*rec);
	rec->header.time = bpf_ktime_get_ns();
	rec->cookie = bpf_get_socket_cookie((void *)sk);
	rec->tgid = c->ex.peer.owner;
	rec->depth = sk->sk_ack_backlog;
	rec->max_depth = c->backlog > rec->depth ? c->backlog : rec->depth;
	rec->limit = sk->sk_max_ack_backlog;
	rec->port = sk->__sk_common.skc_num;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
}

/* What is kept in the socket's storage. */
static __always_inline void sweep__stored(struct sock *sk)
{
	struct conn *c = bpf_sk_storage_get(&rt_conns, sk, 0, 0);
	struct tcp_sock *tp;

	if (!c)
		return;
	if (c->kind == CONN_LISTENER && sk->__sk_common.skc_state == TCP_LISTEN)
		sweep__listener(c, sk);
	if (c->kind != CONN_OPEN)
		return;
	tp = bpf_skc_to_tcp_sock(sk);
	if (tp)
		conn__look(c, tp);
	sweep__conn(c);
}

SEC("iter/bpf_sk_storage_map")
int rt_sweep_tcp(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct sock *sk = ctx->sk; /* read once: each may be NULL anew */

	if (sk && ctx->value)
		sweep__stored(sk);
	return 0;
}

/* First of the two passes over the hash: which UNIX sockets are alive. */
SEC("iter/bpf_sk_storage_map")
int rt_sweep_marks(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	u64 *mark = ctx->value, cookie;
	struct conn *c;

	if (!ctx->sk || !mark)
		return 0;
	cookie = *mark;
	c = conn__hashed(cookie);
	if (c)
		c->generation = rt_sweep_generation;
	return 0;
}

/* The same where sockets cannot be marked (the syscall engine), or marks not be
 * gone through: those that the targets have open. In the latter case this is
 * the sweep of what is stored, too. */
SEC("iter/task_file")
int rt_sweep_files(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *sock;
	struct sock *sk;
	struct conn *c;

	if (!task || !file || !target__is(task->tgid))
		return 0;
	sock = bpf_sock_from_file(file);
	if (!sock)
		return 0;
	sk = sock->sk;
	if (!sk)
		return 0;
	if (rt_config.sweep_files && sk->sk_bpf_storage)
		sweep__stored(sk);
	c = conn__hashed(sk->__sk_common.skc_cookie.counter);
	if (!c)
		c = conn__hashed(COOKIE_INODE | file->f_inode->i_ino);
	if (c)
		c->generation = rt_sweep_generation;
	return 0;
}

/* The socket is gone: so are its exchange and the connection. */
static __noinline int sweep__gone(struct conn *c)
{
	u64 last = exchange__last(&c->ex);
	u64 end = last > c->peer_fin ? last : c->peer_fin;

	if (!end)
		end = c->ex.peer.established ?: bpf_ktime_get_ns();
	c->kind = CONN_CLOSED;
	report__exchange(c, RT_END_CLOSE, c->peer_fin ? 0 : RT_EX_LOCAL_CLOSED,
			 end);
	report__connection(c, RT_REC_CLOSE, end, RT_CONN_INFERRED);
	if (rt_config.parts)
		calls__forget(c->ex.peer.cookie);
	return 0;
}

/* Nothing but its absence tells that it is gone. */
static __always_inline bool sweep__is_watched(const struct conn *c)
{
	return !conn__is_tcp(c) || c->ex.peer.cookie & COOKIE_INODE;
}

/* Second pass: report what is idle and what is gone. True: it can go. */
static __noinline int sweep__hashed(struct conn *c)
{
	if (c->kind == CONN_OPEN) {
		if (!sweep__is_watched(c) ||
		    (s32)(c->generation - rt_sweep_generation) >= 0) {
			sweep__conn(c);
			return false;
		}
		sweep__gone(c);
		return true;
	}
	/* Reset, and still to be read: see socket__takes(). */
	return c->kind != CONN_CLOSED || c->generation != rt_sweep_generation;
}

/* The cookies of what can go are the iterator's output; userspace deletes them
 * from the map. */
SEC("iter/bpf_map_elem")
int rt_sweep_hash(struct bpf_iter__bpf_map_elem *ctx)
{
	u64 *key = ctx->key, cookie;
	struct conn *c;

	if (!key || !ctx->value)
		return 0;
	cookie = *key;
	c = conn__hashed(cookie);
	if (c && sweep__hashed(c))
		bpf_seq_write(ctx->meta->seq, &cookie, sizeof(cookie));
	return 0;
}

/* bpf_for_each_map_elem() lets elements be deleted on the way. */
static long sweep__each(struct bpf_map *map, const u64 *key, struct conn *c,
			void *ctx)
{
	u64 cookie = *key;

	if (sweep__hashed(c))
		bpf_map_delete_elem(&rt_conn_hash, &cookie);
	return 0;
}

/* The same in one go, at the first of all maps, where no iterator over one is
 * allowed. */
SEC("iter/bpf_map")
int rt_sweep_hash_each(struct bpf_iter__bpf_map *ctx)
{
	if (ctx->map && !ctx->meta->seq_num)
		bpf_for_each_map_elem(&rt_conn_hash, sweep__each, NULL, 0);
	return 0;
}
