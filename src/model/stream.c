/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns the streams of connections. Fed exchange records of a stream, tells
 * the sink what is new in them.
 */
#include "model/stream.h"

#include <errno.h>
#include <stdlib.h>

static int tell(const struct connection *c, const struct model_sink *sink,
		enum sink_stream_event event, uint64_t time, uint64_t bytes_in,
		uint64_t bytes_out)
{
	const struct stream *s = c->stream;
	struct sink_stream told = {
		.event = event,
		.cookie = c->cookie,
		.pid = s->pid,
		.role = c->role,
		.transport = c->transport,
		.port = connection__port(c),
		.protocol = s->protocol,
		.operation = s->operation,
		.begin = s->begin,
		.time = time,
		.bytes_in = bytes_in,
		.bytes_out = bytes_out,
	};

	return sink->stream(sink->ctx, &told);
}

static void move_last(struct stream *s, const struct rt_exchange *ex)
{
	if (ex->last_recv > s->last)
		s->last = ex->last_recv;
	if (ex->last_send > s->last)
		s->last = ex->last_send;
}

int stream__begin(struct connection *c, const struct model_sink *sink,
		  const struct turn *t, const struct rt_exchange *ex)
{
	struct stream *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->seq = t->seq;
	s->pid = t->pid;
	s->protocol = t->stream_protocol;
	s->operation = t->operation;
	s->begin = turn__begin(t, c->role);
	s->last = s->begin;
	/* Joined turns bring more bytes than ex; they are told once, below. */
	s->told_in = ex->bytes_in;
	s->told_out = ex->bytes_out;
	move_last(s, ex);
	c->stream = s;
	err = tell(c, sink, SINK_STREAM_BEGIN, s->begin, 0, 0);
	if (err)
		return err;
	return tell(c, sink, SINK_STREAM_BYTES, s->last, t->bytes_in,
		    t->bytes_out);
}

static uint64_t growth(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

int stream__grow(struct connection *c, const struct model_sink *sink,
		 const struct rt_exchange *ex)
{
	struct stream *s = c->stream;
	uint64_t in, out;

	if (ex->seq != s->seq)
		s->told_in = s->told_out = 0;
	in = growth(s->told_in, ex->bytes_in);
	out = growth(s->told_out, ex->bytes_out);
	s->seq = ex->seq;
	s->told_in += in;
	s->told_out += out;
	move_last(s, ex);
	if (in == 0 && out == 0)
		return 0;
	return tell(c, sink, SINK_STREAM_BYTES, s->last, in, out);
}

int stream__add_late(struct connection *c, const struct model_sink *sink,
		     const struct rt_exchange *ex)
{
	if (!c->stream)
		return 0;
	move_last(c->stream, ex);
	return tell(c, sink, SINK_STREAM_BYTES, c->stream->last, ex->bytes_in,
		    ex->bytes_out);
}

int stream__end(struct connection *c, const struct model_sink *sink,
		uint64_t time)
{
	int err;

	if (!c->stream)
		return 0;
	err = tell(c, sink, SINK_STREAM_END, time ? time : c->stream->last, 0,
		   0);
	free(c->stream);
	c->stream = NULL;
	return err;
}
