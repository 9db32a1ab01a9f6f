/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libFuzzer target of the model: the input is a stream of frames, each made
 * into a record that passes the decoder; the sink checks what must always
 * hold. A frame:
 *
 *   kind, flags (2), cookie and seq, end and role, times (6), texts (2),
 *   clocks (12)
 *
 * Texts are picked from a few that parsers take, or are the input's own.
 */
#include <string.h>

#include "model/model.h"
#include "model_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct input {
	const uint8_t *at, *end;
};

static uint8_t take(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

#define EXPECT                                                                 \
	"POST /up HTTP/1.1\r\nContent-Length: 9\r\nExpect: "                   \
	"100-continue\r\n\r\n"

static const char *const texts[] = {
	"GET /a HTTP/1.1\r\n\r\n",
	"GET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\n",
	"POST /up HTTP/1.1\r\nContent-Length: 9\r\n\r\nab",
	EXPECT,
	"POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
	"HTTP/1.1 100 Continue\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
	"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhi",
	"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
	"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n",
	"*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPI",
	"NG\r\n*1\r\n$4\r\nPING\r\n",
	"+PONG\r\n-ERR no\r\n",
};

/* Put a text to cap bytes at to; return its length. */
static size_t take_text(struct input *in, uint8_t *to, size_t cap)
{
	size_t pick = take(in), len;

	if (pick < sizeof(texts) / sizeof(texts[0])) {
		len = strlen(texts[pick]);
		memcpy(to, texts[pick], len);
		return len;
	}
	len = pick % cap;
	if (len > (size_t)(in->end - in->at))
		len = in->end - in->at;
	memcpy(to, in->at, len);
	in->at += len;
	return len;
}

static void take_peer(struct input *in, struct rt_peer *peer)
{
	uint8_t bits = take(in);

	peer->cookie = bits % COOKIES;
	peer->role = (bits >> 3) % 3;
	peer->transport = bits >> 5 & 1;
	peer->flags = bits >> 6;
	peer->local_port = peer->remote_port = 80;
	peer->owner = 1;
	peer->established = bits & 1 ? 5 : 0;
}

static uint64_t take_time(struct input *in)
{
	uint8_t b = take(in);

	/* Mostly close together, now and then far apart. */
	return b < 0xf0 ? b : (uint64_t)b << (b & 0xf) * 3;
}

static uint64_t take_share(struct input *in, uint64_t *room)
{
	uint64_t share = *room / 16 * (take(in) & 15);

	*room -= share;
	return share;
}

/* Clocks that fit the times of ex, or any; and now and then a bit too much. */
static void take_clocks(struct input *in, struct rt_exchange *ex)
{
	bool client = ex->peer.role == RT_ROLE_CLIENT;
	uint64_t from = client ? ex->first_send : ex->first_recv;
	uint64_t until = client ? ex->last_recv : ex->last_send;
	uint64_t room = until > from ? until - from : 0;
	uint8_t mode = take(in);

	if (mode == 1)
		room++;
	for (int i = 0; i < RT_CLOCKS; i++)
		ex->clock[i] =
			mode & 0x80 ? take_time(in) : take_share(in, &room);
	ex->own_cpu = mode & 0x40 ? take_time(in)
				  : ex->clock[RT_CLOCK_CPU] / 4 * (mode & 3);
	ex->handoff = mode & 0x80 ? take_time(in) : take_share(in, &room);
	ex->queued = mode & 0x20 ? room : take_share(in, &room);
	ex->parent_cookie = mode & 4;
	ex->rtt_us = mode;
}

static size_t make_exchange(struct input *in, struct rt_exchange *ex)
{
	uint8_t *to = (uint8_t *)(ex + 1);
	uint8_t bits;

	take_peer(in, &ex->peer);
	bits = take(in);
	ex->seq = bits & 7;
	ex->end = (bits >> 3 & 7) % RT_END_STOP + 1;
	ex->tgid = bits >> 6;
	ex->arrive = take_time(in);
	ex->first_recv = take_time(in);
	ex->last_recv = take_time(in);
	ex->first_send = take_time(in);
	ex->last_send = take_time(in);
	ex->ended = take_time(in);
	ex->bytes_in = take_time(in);
	ex->bytes_out = take_time(in);
	ex->request_len = take_text(in, to, RT_REQUEST_CAP);
	ex->response_len = take_text(in, to + ex->request_len, RT_RESPONSE_CAP);
	take_clocks(in, ex);
	memcpy(ex->tail, "a\r\n0\r\n\r\n", sizeof(ex->tail));
	return sizeof(*ex) + ex->request_len + ex->response_len;
}

static size_t make_connection(struct input *in, struct rt_connection *c)
{
	take_peer(in, &c->peer);
	c->tgid = take(in) & 3;
	return sizeof(*c);
}

static size_t make_data(struct input *in, struct rt_data *d)
{
	uint8_t bits = take(in);

	d->cookie = bits % COOKIES;
	d->seq = bits >> 3 & 7;
	d->offset = take(in);
	if (bits & 0x40)
		d->offset += RT_REQUEST_CAP;
	d->len = take_text(in, (uint8_t *)(d + 1), RT_DATA_CHUNK);
	return sizeof(*d) + d->len;
}

static size_t make_calls(struct input *in, struct rt_calls *calls)
{
	static const uint16_t ports[] = {80, 6379, 7777, 40000};
	uint8_t bits = take(in);

	calls->cookie = bits % COOKIES;
	calls->seq = bits >> 3 & 7;
	calls->len = take(in) % (RT_CALLS + 1);
	for (uint32_t i = 0; i < calls->len; i++) {
		struct rt_call *call = &calls->call[i];

		bits = take(in);
		call->cookie = bits % COOKIES;
		call->port = ports[bits >> 3 & 3];
		call->transport = bits >> 5 & 1;
		call->rest = bits >> 6 == 3;
		call->addr[15] = bits >> 6;
		call->network = take_time(in);
		call->time = take_time(in);
		call->count = take(in);
	}
	return sizeof(*calls);
}

static size_t make_accept(struct input *in, struct rt_accept *a)
{
	uint8_t bits = take(in);

	a->cookie = bits % COOKIES;
	a->tgid = bits >> 3 & 3;
	return sizeof(*a);
}

static size_t make_listener(struct input *in, struct rt_listener *l)
{
	l->tgid = take(in) & 3;
	l->depth = take(in);
	return sizeof(*l);
}

static size_t make_threads(struct input *in, struct rt_threads *t)
{
	t->tgid = take(in) & 3;
	for (size_t i = 0; i < 3; i++)
		t->comm[i] = take(in);
	return sizeof(*t);
}

static size_t make_process(struct input *in, struct rt_process *p)
{
	p->tgid = take(in) & 3;
	p->ppid = take(in) & 3;
	for (size_t i = 0; i < 3; i++)
		p->comm[i] = take(in);
	return sizeof(*p);
}

static size_t make_proc(struct input *in, struct rt_proc_info *p)
{
	char *text = (char *)(p + 1);

	p->tgid = take(in) & 3;
	p->comm[0] = take(in);
	text[0] = take(in);
	text[2] = take(in);
	/* One string each, also when the byte is zero itself. */
	if (!text[0])
		text[0] = 'x';
	if (!text[2])
		text[2] = 'y';
	p->text_len = 4;
	if (take(in) & 1) {
		memcpy(text + 4, "a=b\0007", 6);
		text[6] = "abcdefgh"[take(in) & 7];
		p->text_len = 10;
	}
	return sizeof(*p) + p->text_len;
}

static size_t make_record(struct input *in, struct rt_header *header)
{
	static const uint16_t kinds[] = {
		RT_REC_EXCHANGE, RT_REC_EXCHANGE, RT_REC_EXCHANGE,
		RT_REC_EXCHANGE, RT_REC_OPEN,	  RT_REC_CLOSE,
		RT_REC_DATA,	 RT_REC_FORK,	  RT_REC_EXEC,
		RT_REC_EXIT,	 RT_REC_PROC,	  RT_REC_SUMMARY,
		RT_REC_TICK,	 RT_REC_CALLS,	  RT_REC_ACCEPT,
		RT_REC_LISTENER, RT_REC_THREADS,
	};
	void *rec = header;

	header->kind = kinds[take(in) % (sizeof(kinds) / sizeof(kinds[0]))];
	header->flags = take(in);
	header->flags |= take(in) << 8;
	header->time = take_time(in);
	switch (header->kind) {
	case RT_REC_EXCHANGE:
		return make_exchange(in, rec);
	case RT_REC_OPEN:
	case RT_REC_CLOSE:
		return make_connection(in, rec);
	case RT_REC_DATA:
		return make_data(in, rec);
	case RT_REC_CALLS:
		return make_calls(in, rec);
	case RT_REC_ACCEPT:
		return make_accept(in, rec);
	case RT_REC_LISTENER:
		return make_listener(in, rec);
	case RT_REC_THREADS:
		return make_threads(in, rec);
	case RT_REC_PROC:
		return make_proc(in, rec);
	case RT_REC_SUMMARY:
		((struct rt_summary *)rec)->key.tgid = take(in) & 3;
		return sizeof(struct rt_summary);
	case RT_REC_TICK:
		return sizeof(struct rt_mark);
	default:
		return make_process(in, rec);
	}
}

struct pending_check {
	const struct checker *checker;
	size_t len;
};

static int check_one(void *arg, const struct request *r)
{
	struct pending_check *check = arg;

	check->len++;
	check_request(check->checker, r);
	return 0;
}

static void check_pending(struct model *m, const struct checker *checker)
{
	struct pending_check check = {.checker = checker};

	MUST(model__each_pending(m, check_one, &check) == 0);
	MUST(check.len + model__totals(m).in_flight <= COOKIES);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static union {
		struct rt_header header;
		uint8_t bytes[8192];
	} buffer;
	struct checker checker = {.requests = 0};
	const struct model_sink sink = {
		.ctx = &checker,
		.request = on_request,
		.conn = on_conn,
		.stream = on_stream,
		.process = on_process,
		.listener = on_listener,
		.threads = on_threads,
		.summary = on_summary,
	};
	struct model *m = model__new(&sink);
	struct input in = {bytes, bytes + size};
	uint64_t exchanges = 0;

	MUST(m);
	while (in.at < in.end) {
		struct event ev;

		memset(&buffer, 0, sizeof(buffer));
		buffer.header.size = make_record(&in, &buffer.header);
		MUST(decode__record(&buffer, buffer.header.size, &ev) == 0);
		if (ev.kind == RT_REC_EXCHANGE) {
			exchanges++;
			checker__remember(&checker, (void *)&buffer);
		}
		MUST(model__event(m, &ev) == 0);
		check_pending(m, &checker);
		MUST(checker.requests <= exchanges);
	}
	MUST(model__totals(m).unreadable <= exchanges);
	MUST(model__totals(m).uncounted <= exchanges);
	model__free(m);
	return 0;
}
