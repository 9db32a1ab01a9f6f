// SPDX-License-Identifier: GPL-2.0-only
/* See load.h. Connections take turns in an order without pattern, as an event
 * loop with many clients sees them. */
#include "load.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reqtrace/record.h"

#define PAYLOAD_MAX (RT_REQUEST_CAP + RT_RESPONSE_CAP)
#define RECORD_MAX (sizeof(struct rt_exchange) + PAYLOAD_MAX)
#define DURATIONS 4096 /* a power of two */
#define FIRST_PID 1000
#define FIRST_PORT 8000
#define START 1000000000000ull
#define GAP 300 /* ns between two exchanges */
#define ALIGN(n) (((n) + 7) & ~(size_t)7)

struct load {
	struct load_config config;
	uint64_t random, now;
	uint32_t *seq;	  /* of each connection */
	unsigned opened;  /* connections whose opening was written */
	uint64_t cookies; /* given out */
	uint32_t duration[DURATIONS];
};

static uint64_t next(struct load *l)
{
	l->random ^= l->random << 13;
	l->random ^= l->random >> 7;
	l->random ^= l->random << 17;
	return l->random;
}

/* Log-uniform over the decades from 10 us on, or a hump at 50 us. */
static void make_durations(struct load *l)
{
	for (int i = 0; i < DURATIONS; i++) {
		double u = (double)(next(l) >> 11) / (double)(1ull << 53);
		double ns = l->config.decades
				    ? 1e4 * pow(10, u * l->config.decades)
				    : 5e4 * exp(u * u);

		l->duration[i] = (uint32_t)ns;
	}
}

struct load *load__new(const struct load_config *config)
{
	struct load *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->config = *config;
	l->random = 88172645463325252ull;
	l->now = START;
	l->cookies = config->connections;
	l->seq = calloc(config->connections, sizeof(*l->seq));
	if (!l->seq) {
		free(l);
		return NULL;
	}
	make_durations(l);
	return l;
}

void load__free(struct load *l)
{
	if (!l)
		return;
	free(l->seq);
	free(l);
}

uint64_t load__now(const struct load *l)
{
	return l->now;
}

static void put_peer(const struct load *l, struct rt_peer *peer,
		     uint64_t cookie)
{
	const uint8_t local[] = {0xff, 0xff, 127, 0, 0, 1};
	unsigned port = (unsigned)cookie % l->config.ports;

	peer->cookie = cookie;
	peer->established = START;
	memcpy(peer->local_addr + 10, local, sizeof(local));
	memcpy(peer->remote_addr + 10, local, sizeof(local));
	peer->local_port = (uint16_t)(FIRST_PORT + port);
	peer->remote_port = (uint16_t)(cookie * 7);
	peer->role = RT_ROLE_SERVER;
	peer->owner = FIRST_PID + port;
}

static size_t put_connection(const struct load *l, void *at, int kind,
			     uint64_t cookie)
{
	struct rt_connection *rec = at;

	memset(rec, 0, sizeof(*rec));
	rec->header.kind = (uint16_t)kind;
	rec->header.size = sizeof(*rec);
	rec->header.time = l->now;
	put_peer(l, &rec->peer, cookie);
	rec->tgid = rec->peer.owner;
	return sizeof(*rec);
}

static int put_request(const struct load *l, char *to, unsigned operation)
{
	static const char fields[] = "Host: localhost:8080\r\n"
				     "User-Agent: wrk/4.1.0\r\n"
				     "Accept: */*\r\n\r\n";

	if (!l->config.operations)
		return sprintf(to,
			       "*2\r\n$3\r\nGET\r\n$16\r\n"
			       "key:%012u\r\n",
			       operation);
	return sprintf(to, "GET /api/%c%c%c/%u?page=2 HTTP/1.1\r\n%s",
		       'a' + operation / 26 % 26, 'e' + operation / 676,
		       'a' + operation % 26, operation * 131, fields);
}

static int put_response(const struct load *l, char *to)
{
	static const char whole[] = "HTTP/1.1 200 OK\r\n"
				    "Content-Type: application/json\r\n"
				    "Content-Length: 27\r\n"
				    "Connection: keep-alive\r\n\r\n"
				    "{\"id\": 42, \"name\": \"thing\"}";

	return sprintf(to, "%s",
		       l->config.operations ? whole : "$3\r\nxxx\r\n");
}

/* Six parts of a service that works, waits and calls. */
static void put_parts(struct rt_exchange *ex, uint64_t handled)
{
	ex->header.flags |= RT_EX_PARTS;
	ex->clock[RT_CLOCK_CPU] = handled / 2;
	ex->own_cpu = handled / 3;
	ex->clock[RT_CLOCK_RUN_QUEUE] = handled / 16;
	ex->clock[RT_CLOCK_NETWORK] = handled / 4;
	ex->clock[RT_CLOCK_POLL] = handled / 8;
}

static size_t put_exchange(struct load *l, void *at, uint64_t cookie,
			   uint32_t seq)
{
	struct rt_exchange *ex = at;
	uint64_t duration = l->duration[next(l) % DURATIONS];
	uint64_t queue = duration / 16;
	unsigned operation = (unsigned)(next(l) % 1000000);
	char *payload = (char *)(ex + 1);

	if (l->config.operations)
		operation %= l->config.operations;
	memset(ex, 0, sizeof(*ex));
	put_peer(l, &ex->peer, cookie);
	ex->header.kind = RT_REC_EXCHANGE;
	ex->header.time = l->now;
	ex->arrive = l->now - duration;
	ex->first_recv = ex->last_recv = ex->arrive + queue;
	ex->first_send = ex->last_send = l->now;
	ex->ended = l->now;
	ex->seq = seq;
	ex->tgid = ex->tid = ex->last_tgid = ex->last_tid = ex->peer.owner;
	ex->recvs = ex->sends = 1;
	ex->rtt_us = 20 + (uint32_t)(duration & 15);
	ex->end = l->config.idle ? RT_END_IDLE : RT_END_NEXT;
	if (l->config.idle)
		ex->header.flags |= RT_EX_PROVISIONAL;
	if (l->config.parts)
		put_parts(ex, duration - queue);
	ex->request_len = (uint16_t)put_request(l, payload, operation);
	ex->response_len = (uint16_t)put_response(l, payload + ex->request_len);
	ex->bytes_in = ex->request_len;
	ex->bytes_out = ex->response_len;
	ex->header.size =
		(uint32_t)(sizeof(*ex) + ex->request_len + ex->response_len);
	return ALIGN(ex->header.size);
}

size_t load__open(struct load *l, void *ring, size_t size)
{
	size_t used = 0;

	while (!l->config.churn && l->opened < l->config.connections &&
	       used + sizeof(struct rt_connection) <= size)
		used += put_connection(l, (char *)ring + used, RT_REC_OPEN,
				       ++l->opened);
	return used;
}

static size_t put_life(struct load *l, char *at)
{
	uint64_t cookie = ++l->cookies;
	size_t used = put_connection(l, at, RT_REC_OPEN, cookie);

	used += put_exchange(l, at + used, cookie, 1);
	return used + put_connection(l, at + used, RT_REC_CLOSE, cookie);
}

size_t load__run(struct load *l, void *ring, size_t size)
{
	const size_t most = RECORD_MAX + 2 * sizeof(struct rt_connection);
	size_t used = 0;

	while (used + most <= size) {
		unsigned c = (unsigned)(next(l) % l->config.connections);
		char *at = (char *)ring + used;

		l->now += GAP;
		used += l->config.churn
				? put_life(l, at)
				: put_exchange(l, at, c + 1, ++l->seq[c]);
	}
	return used;
}
