/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The client's side of HTTP/1.1: reads one response to its last byte and
 * stamps its first. Fed a channel; as slow as it is told to be.
 */
#ifndef PEER_RESPONSE_H
#define PEER_RESPONSE_H

#include "peer_io.h"

struct response {
	struct channel *ch;
	size_t slow_bytes;   /* of one receive; 0: any */
	long slow_ms;	     /* before each receive */
	size_t at, len;	     /* received and not yet used: buf[at..len) */
	uint64_t first_byte; /* set by the first receive while it is 0 */
	int status;
	bool ends; /* no more on this connection */
	char buf[16384];
};

/* More bytes into the emptied buffer. 0; -1 at the end or on an error. */
PEER_FN int response__fill(struct response *r)
{
	size_t room = r->slow_bytes && r->slow_bytes < sizeof(r->buf)
			      ? r->slow_bytes
			      : sizeof(r->buf);
	ssize_t n;

	if (r->slow_ms)
		sleep_ms(r->slow_ms);
	n = channel__receive(r->ch, r->buf, room);
	if (n <= 0)
		return -1;
	if (!r->first_byte)
		r->first_byte = now_ns();
	r->at = 0;
	r->len = (size_t)n;
	return 0;
}

PEER_FN int response__skip(struct response *r, size_t bytes)
{
	while (bytes) {
		size_t have = r->len - r->at;

		if (have > bytes)
			have = bytes;
		r->at += have;
		bytes -= have;
		if (bytes && response__fill(r))
			return -1;
	}
	return 0;
}

/* One line without its end. 0 or -1. */
PEER_FN int response__line(struct response *r, char *line, size_t room)
{
	size_t len = 0;

	for (;;) {
		if (r->at == r->len && response__fill(r))
			return -1;
		line[len] = r->buf[r->at++];
		if (line[len] == '\n')
			break;
		if (++len == room)
			die("line too long");
	}
	line[len && line[len - 1] == '\r' ? len - 1 : len] = '\0';
	return 0;
}

PEER_FN int response__chunks(struct response *r)
{
	char line[64];
	size_t size;

	do {
		if (response__line(r, line, sizeof(line)))
			return -1;
		size = strtoul(line, NULL, 16);
		if (response__skip(r, size + 2))
			return -1;
	} while (size);
	return 0;
}

/* Head of one response; its body's length or -1, -2 for chunks. */
PEER_FN int response__head(struct response *r, long *length)
{
	char line[1024];

	*length = -1;
	if (response__line(r, line, sizeof(line)))
		return -1;
	if (sscanf(line, "HTTP/1.%*d %d", &r->status) != 1)
		die("not HTTP: %.40s", line);
	for (;;) {
		if (response__line(r, line, sizeof(line)))
			return -1;
		if (!*line)
			return 0;
		if (!strncasecmp(line, "content-length:", 15))
			*length = strtol(line + 15, NULL, 10);
		if (!strncasecmp(line, "transfer-encoding: chunked", 26))
			*length = -2;
		if (!strncasecmp(line, "connection: close", 17))
			r->ends = true;
	}
}

/* To the last byte of the final response, interim ones passed over; a 101
 * ends with its head. 0 or -1. */
PEER_FN int response__read(struct response *r)
{
	long length;

	r->ends = false;
	do {
		if (response__head(r, &length))
			return -1;
	} while (r->status < 200 && r->status != 101);
	if (r->status == 101)
		return 0;
	if (length == -2)
		return response__chunks(r);
	if (length >= 0)
		return response__skip(r, (size_t)length);
	r->ends = true; /* no framing: it lasts as long as the connection */
	while (!response__fill(r))
		;
	return 0;
}

#endif
