/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libFuzzer target of the model: the input is a stream of frames, each made
 * into a record that passes the decoder; the sink checks what must always
 * hold. A frame:
 *
 *   kind, flags (2), cookie and seq, end and role, times (6), texts (2)
 *
 * Texts are picked from a few that parsers take, or are the input's own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define COOKIES 8

struct life {
	bool open, streaming;
	uint32_t pid;
};

struct checker {
	struct life life[COOKIES];
	uint64_t requests;
};

#define MUST(what)                                                             \
	do {                                                                   \
		if (!(what)) {                                                 \
			fprintf(stderr, "%s:%d: %s\n", __func__, __LINE__,     \
				#what);                                        \
			abort();                                               \
		}                                                              \
	} while (0)

static void check_text(const char *text)
{
	MUST(text);
	MUST(utf8__printable(text, strlen(text)));
}

static void check_request(const struct request *r)
{
	uint64_t duration = r->end - r->begin;

	MUST(r->end >= r->begin);
	MUST(r->time_to_first_byte <= duration);
	MUST(r->part[PART_RECEIVE_QUEUE] <= duration);
	MUST(r->operations >= 1);
	MUST(r->failed <= r->operations);
	MUST((r->failed == 0) == (r->error == REQUEST_OK));
	MUST(r->error < REQUEST_ERRORS);
	MUST(r->role == RT_ROLE_SERVER || r->role == RT_ROLE_CLIENT);
	MUST(r->protocol[0]);
	check_text(r->protocol);
	check_text(r->operation);
	check_text(r->status);
}

static int on_request(void *ctx, const struct request *r)
{
	((struct checker *)ctx)->requests++;
	check_request(r);
	return 0;
}

static int on_conn(void *ctx, const struct sink_conn *c)
{
	struct life *life = &((struct checker *)ctx)->life[c->cookie];

	switch (c->event) {
	case SINK_CONN_OPENED:
	case SINK_CONN_JOINED:
		MUST(!life->open);
		MUST(c->joined == (c->event == SINK_CONN_JOINED));
		life->open = true;
		break;
	case SINK_CONN_MOVED:
		MUST(life->open);
		MUST(c->old_pid == life->pid && c->pid != c->old_pid);
		break;
	case SINK_CONN_CLOSED:
		MUST(life->open);
		MUST(c->pid == life->pid);
		life->open = false;
		break;
	}
	life->pid = c->pid;
	return 0;
}

static int on_stream(void *ctx, const struct sink_stream *s)
{
	struct life *life = &((struct checker *)ctx)->life[s->cookie];

	check_text(s->protocol);
	check_text(s->operation);
	MUST(life->streaming == (s->event != SINK_STREAM_BEGIN));
	life->streaming = s->event != SINK_STREAM_END;
	return 0;
}

static int on_process(void *ctx, const struct sink_process *p)
{
	(void)ctx;
	check_text(p->comm);
	check_text(p->exe);
	check_text(p->service);
	return 0;
}

static int on_summary(void *ctx, const char *comm,
		      const struct rt_summary *summary)
{
	(void)ctx;
	(void)summary;
	check_text(comm);
	return 0;
}

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
}

static uint64_t take_time(struct input *in)
{
	uint8_t b = take(in);

	/* Mostly close together, now and then far apart. */
	return b < 0xf0 ? b : (uint64_t)b << (b & 0xf) * 3;
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
	return sizeof(*p) + p->text_len;
}

static size_t make_record(struct input *in, struct rt_header *header)
{
	static const uint16_t kinds[] = {
		RT_REC_EXCHANGE, RT_REC_EXCHANGE, RT_REC_EXCHANGE,
		RT_REC_EXCHANGE, RT_REC_OPEN,	  RT_REC_CLOSE,
		RT_REC_DATA,	 RT_REC_FORK,	  RT_REC_EXEC,
		RT_REC_EXIT,	 RT_REC_PROC,	  RT_REC_SUMMARY,
		RT_REC_TICK,
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

static void check_pending(struct model *m)
{
	const struct request *pending;
	size_t len;

	MUST(model__pending(m, &pending, &len) == 0);
	MUST(len + model__in_flight(m) <= COOKIES);
	for (size_t i = 0; i < len; i++)
		check_request(&pending[i]);
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
		exchanges += ev.kind == RT_REC_EXCHANGE;
		MUST(model__event(m, &ev) == 0);
		check_pending(m);
		MUST(checker.requests <= exchanges);
	}
	MUST(model__unreadable(m) <= exchanges);
	MUST(model__uncounted(m) <= exchanges);
	model__free(m);
	return 0;
}
