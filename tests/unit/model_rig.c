/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns the record builders and the recording sink of the model's tests.
 */
#include "model_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct call *add_call(void *ctx, enum call_kind kind)
{
	struct rig *rig = ctx;
	struct call *call;

	if (rig->len == rig->cap) {
		rig->cap = rig->cap ? rig->cap * 2 : 64;
		rig->calls =
			realloc(rig->calls, rig->cap * sizeof(*rig->calls));
		assert_non_null(rig->calls);
	}
	call = &rig->calls[rig->len++];
	memset(call, 0, sizeof(*call));
	call->kind = kind;
	return call;
}

static int on_request(void *ctx, const struct request *r)
{
	add_call(ctx, CALL_REQUEST)->request = *r;
	return ((struct rig *)ctx)->refuse;
}

static int on_conn(void *ctx, const struct sink_conn *c)
{
	add_call(ctx, CALL_CONN)->conn = *c;
	return ((struct rig *)ctx)->refuse;
}

static int on_stream(void *ctx, const struct sink_stream *s)
{
	add_call(ctx, CALL_STREAM)->stream = *s;
	return ((struct rig *)ctx)->refuse;
}

static int on_process(void *ctx, const struct sink_process *p)
{
	add_call(ctx, CALL_PROCESS)->process = *p;
	return ((struct rig *)ctx)->refuse;
}

static int on_listener(void *ctx, const struct sink_listener *l)
{
	add_call(ctx, CALL_LISTENER)->listener = *l;
	return ((struct rig *)ctx)->refuse;
}

static int on_threads(void *ctx, const struct sink_threads *t)
{
	add_call(ctx, CALL_THREADS)->threads = *t;
	return ((struct rig *)ctx)->refuse;
}

static int on_summary(void *ctx, const char *comm,
		      const struct rt_summary *summary)
{
	(void)summary;
	add_call(ctx, CALL_SUMMARY)->comm = comm;
	return ((struct rig *)ctx)->refuse;
}

int rig_setup(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct model_sink sink = {
		.ctx = rig,
		.request = on_request,
		.conn = on_conn,
		.stream = on_stream,
		.process = on_process,
		.listener = on_listener,
		.threads = on_threads,
		.summary = on_summary,
	};

	if (!rig)
		return -1;
	rig->m = model__new(&sink);
	*state = rig;
	return rig->m ? 0 : -1;
}

int rig_teardown(void **state)
{
	struct rig *rig = *state;

	model__free(rig->m);
	free(rig->calls);
	free(rig);
	return 0;
}

/* Consumes record: an address that the model kept would be caught. */
static int feed(struct rig *rig, void *record)
{
	struct event ev;
	int err;

	assert_int_equal(
		decode__record(record, ((struct rt_header *)record)->size, &ev),
		0);
	err = model__event(rig->m, &ev);
	free(record);
	return err;
}

static void *record_new(uint16_t kind, size_t size, uint64_t time)
{
	struct rt_header *header = calloc(1, size);

	assert_non_null(header);
	header->kind = kind;
	header->size = size;
	header->time = time;
	return header;
}

static void set_peer(struct rt_peer *peer, uint64_t cookie, uint8_t role,
		     bool unknown_role, uint16_t port)
{
	peer->cookie = cookie ? cookie : 7;
	peer->role = role ? role : RT_ROLE_SERVER;
	if (unknown_role)
		peer->role = RT_ROLE_UNKNOWN;
	peer->local_port = peer->remote_port = 40000;
	if (peer->role == RT_ROLE_CLIENT)
		peer->remote_port = port ? port : 80;
	else
		peer->local_port = port ? port : 80;
	peer->remote_addr[15] = 9;
	peer->owner = 100;
}

static size_t head(const char *text, size_t cap)
{
	size_t len = text ? strlen(text) : 0;

	return len < cap ? len : cap;
}

static void set_payload(struct rt_exchange *rec, const struct ex *ex)
{
	bool client = rec->peer.role == RT_ROLE_CLIENT;
	const char *request = client ? ex->out : ex->in;
	const char *response = client ? ex->in : ex->out;
	uint8_t *to = (uint8_t *)(rec + 1);

	rec->request_len = head(request, RT_REQUEST_CAP);
	rec->response_len = head(response, RT_RESPONSE_CAP);
	if (rec->request_len)
		memcpy(to, request, rec->request_len);
	if (rec->response_len)
		memcpy(to + rec->request_len, response, rec->response_len);
	if (ex->tail) {
		size_t len = strlen(ex->tail);

		assert_true(len <= sizeof(rec->tail));
		memcpy(rec->tail + sizeof(rec->tail) - len, ex->tail, len);
		rec->header.flags |= RT_EX_TAIL;
	}
}

static void set_parts(struct rt_exchange *rec, const struct ex *ex)
{
	memcpy(rec->clock, ex->clock, sizeof(rec->clock));
	rec->own_cpu = ex->own_cpu;
	rec->handoff = ex->handoff;
	rec->queued = ex->queued;
	rec->parent_cookie = ex->parent;
	rec->parent_seq = ex->parent_seq;
	rec->rtt_us = ex->rtt_us;
	rec->retransmits = ex->retransmits;
	rec->unsure = ex->unsure;
}

int rig_try_exchange(struct rig *rig, const struct ex *ex)
{
	/* The larger of both sides' sums, whichever role. */
	size_t size = sizeof(struct rt_exchange) + head(ex->in, 256) +
		      head(ex->out, 256);
	struct rt_exchange *rec = record_new(RT_REC_EXCHANGE, size, ex->time);

	set_peer(&rec->peer, ex->cookie, ex->role, ex->unknown_role, ex->port);
	rec->peer.transport = ex->transport;
	rec->peer.flags = ex->peer_flags;
	rec->header.flags = ex->flags;
	rec->arrive = ex->arrive;
	rec->first_recv = ex->first_recv;
	rec->last_recv = ex->last_recv ? ex->last_recv : ex->first_recv;
	rec->first_send = ex->first_send;
	rec->last_send = ex->last_send ? ex->last_send : ex->first_send;
	rec->ended = ex->ended;
	rec->bytes_in = ex->bytes_in ? ex->bytes_in : head(ex->in, SIZE_MAX);
	rec->bytes_out =
		ex->bytes_out ? ex->bytes_out : head(ex->out, SIZE_MAX);
	rec->seq = ex->seq;
	rec->tgid = ex->tgid ? ex->tgid : 100;
	rec->tid = rec->tgid + 1;
	rec->last_tgid = ex->last_tgid ? ex->last_tgid : rec->tgid;
	rec->last_tid = ex->last_tid ? ex->last_tid : rec->tid;
	rec->end = ex->end ? ex->end : RT_END_NEXT;
	set_parts(rec, ex);
	set_payload(rec, ex);
	return feed(rig, rec);
}

void rig_exchange_(struct rig *rig, const struct ex *ex)
{
	assert_int_equal(rig_try_exchange(rig, ex), 0);
}

void rig_conn_(struct rig *rig, uint16_t kind, const struct conn *conn)
{
	struct rt_connection *rec = record_new(kind, sizeof(*rec), conn->time);

	set_peer(&rec->peer, conn->cookie, conn->role, conn->unknown_role,
		 conn->port);
	rec->peer.transport = conn->transport;
	rec->peer.flags = conn->peer_flags;
	rec->peer.established = conn->established;
	rec->header.flags = conn->flags;
	rec->tgid = conn->tgid ? conn->tgid : 100;
	rec->bytes_in = conn->bytes_in;
	rec->bytes_out = conn->bytes_out;
	assert_int_equal(feed(rig, rec), 0);
}

void rig_calls(struct rig *rig, uint64_t cookie, uint32_t seq, size_t len,
	       const struct rt_call *call)
{
	struct rt_calls *rec = record_new(RT_REC_CALLS, sizeof(*rec), 0);

	rec->cookie = cookie;
	rec->seq = seq;
	rec->len = len;
	memcpy(rec->call, call, len * sizeof(*call));
	assert_int_equal(feed(rig, rec), 0);
}

void rig_address(uint8_t addr[16], const char *text)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	memcpy(addr, mapped, sizeof(mapped));
	if (strchr(text, ':'))
		assert_int_equal(inet_pton(AF_INET6, text, addr), 1);
	else
		assert_int_equal(inet_pton(AF_INET, text, addr + 12), 1);
}

void rig_accept(struct rig *rig, uint64_t cookie, uint32_t pid, uint64_t time)
{
	struct rt_accept *rec = record_new(RT_REC_ACCEPT, sizeof(*rec), time);

	rec->cookie = cookie;
	rec->tgid = pid;
	rec->tid = pid + 1;
	assert_int_equal(feed(rig, rec), 0);
}

void rig_listener(struct rig *rig, const struct rt_listener *listener)
{
	struct rt_listener *rec = record_new(RT_REC_LISTENER, sizeof(*rec),
					     listener->header.time);
	struct rt_header header = rec->header;

	*rec = *listener;
	rec->header = header;
	assert_int_equal(feed(rig, rec), 0);
}

void rig_threads(struct rig *rig, const struct rt_threads *threads)
{
	struct rt_threads *rec = record_new(RT_REC_THREADS, sizeof(*rec), 0);
	struct rt_header header = rec->header;

	*rec = *threads;
	rec->header = header;
	assert_int_equal(feed(rig, rec), 0);
}

void rig_data(struct rig *rig, uint32_t seq, uint32_t offset, const char *bytes,
	      size_t len)
{
	struct rt_data *rec = record_new(RT_REC_DATA, sizeof(*rec) + len, 0);

	rec->cookie = 7;
	rec->seq = seq;
	rec->offset = offset;
	rec->len = len;
	memcpy(rec + 1, bytes, len);
	assert_int_equal(feed(rig, rec), 0);
}

void rig_process(struct rig *rig, uint16_t kind, uint32_t pid, uint32_t ppid,
		 const char *comm)
{
	struct rt_process *rec = record_new(kind, sizeof(*rec), 0);

	rec->tgid = pid;
	rec->ppid = ppid;
	memcpy(rec->comm, comm, head(comm, RT_COMM_LEN - 1));
	assert_int_equal(feed(rig, rec), 0);
}

void rig_proc(struct rig *rig, uint32_t pid, uint32_t ppid, const char *comm,
	      const char *exe, const char *service)
{
	rig_proc_resource(rig, pid, ppid, comm, exe, service, "", "0");
}

void rig_proc_resource(struct rig *rig, uint32_t pid, uint32_t ppid,
		       const char *comm, const char *exe, const char *service,
		       const char *resource, const char *started)
{
	size_t text = strlen(exe) + strlen(service) + strlen(resource) +
		      strlen(started) + 4;
	struct rt_proc_info *rec =
		record_new(RT_REC_PROC, sizeof(*rec) + text, 0);
	char *to = (char *)(rec + 1);

	rec->tgid = pid;
	rec->ppid = ppid;
	memcpy(rec->comm, comm, head(comm, RT_COMM_LEN - 1));
	rec->text_len = text;
	to = stpcpy(to, exe) + 1;
	to = stpcpy(to, service) + 1;
	to = stpcpy(to, resource) + 1;
	strcpy(to, started);
	assert_int_equal(feed(rig, rec), 0);
}

void rig_summary(struct rig *rig, uint32_t pid)
{
	struct rt_summary *rec = record_new(RT_REC_SUMMARY, sizeof(*rec), 0);

	rec->key.tgid = pid;
	assert_int_equal(feed(rig, rec), 0);
}

void rig_mark(struct rig *rig, uint16_t kind, uint64_t time)
{
	assert_int_equal(
		feed(rig, record_new(kind, sizeof(struct rt_mark), time)), 0);
}

const struct call *rig_next(struct rig *rig, enum call_kind kind)
{
	while (rig->read < rig->len) {
		const struct call *call = &rig->calls[rig->read++];

		if (call->kind == kind)
			return call;
	}
	fail_msg("no further call of kind %d", kind);
	return NULL;
}

size_t rig_left(const struct rig *rig, enum call_kind kind)
{
	size_t n = 0;

	for (size_t i = rig->read; i < rig->len; i++)
		n += rig->calls[i].kind == kind;
	return n;
}

const struct request *rig_request(struct rig *rig)
{
	return &rig_next(rig, CALL_REQUEST)->request;
}

const struct sink_conn *rig_conn_event(struct rig *rig,
				       enum sink_conn_event event)
{
	const struct sink_conn *c = &rig_next(rig, CALL_CONN)->conn;

	assert_int_equal(c->event, event);
	return c;
}

const struct sink_stream *rig_stream(struct rig *rig,
				     enum sink_stream_event event)
{
	const struct sink_stream *s = &rig_next(rig, CALL_STREAM)->stream;

	assert_int_equal(s->event, event);
	return s;
}

struct found {
	size_t len;
	struct request last;
};

static int find_pending(void *arg, const struct request *r)
{
	struct found *found = arg;

	found->len++;
	found->last = *r;
	return 0;
}

size_t rig_pending_len(struct rig *rig)
{
	struct found found = {.len = 0};

	assert_int_equal(model__each_pending(rig->m, find_pending, &found), 0);
	return found.len;
}

const struct request *rig_pending(struct rig *rig)
{
	static struct found found;

	found.len = 0;
	assert_int_equal(model__each_pending(rig->m, find_pending, &found), 0);
	assert_int_equal(found.len, 1);
	return &found.last;
}
