/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lives of connections: owns the open ones and the slowest closed ones, is
 * fed openings, moves, closings and what happens between, yields figures to
 * conn_list.c and counts to ports.c.
 */
#include "stats/connections.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stats/names.h"

/* 2^(1/8) a bucket: within 4.4 %. */
#define CONNECTION_SCALE 3
/* Past this many buckets pairs are merged, to bound memory; at scale 0 all
 * durations there are take 42. */
#define CONNECTION_BUCKETS 32

void conn_list__init(struct connections *cs, struct ports *ports)
{
	*cs = (struct connections){.ports = ports,
				   .pool = {.size = sizeof(struct connection)}};
}

static void discard(struct connections *cs, struct connection *conn)
{
	lookup__remove(&cs->open, conn->cookie);
	histogram__free(&conn->duration);
	pool__put(&cs->pool, conn);
}

void conn_list__free(struct connections *cs)
{
	struct connection *conn;
	size_t at = 0;

	while ((conn = lookup__next(&cs->open, &at)))
		histogram__free(&conn->duration);
	lookup__free(&cs->open);
	pool__free(&cs->pool);
}

static void describe(struct connection *conn, const struct sink_conn *c)
{
	conn->role = (uint8_t)c->role;
	conn->transport = (uint8_t)c->transport & 3;
	conn->port = c->port;
	conn->local_port = c->local_port;
	conn->remote_port = c->remote_port;
	memcpy(conn->local_addr, c->local_addr, sizeof(conn->local_addr));
	memcpy(conn->remote_addr, c->remote_addr, sizeof(conn->remote_addr));
}

static struct connection *create(struct connections *cs,
				 const struct sink_conn *c)
{
	struct connection *conn = pool__get(&cs->pool);

	if (!conn)
		return NULL;
	conn->cookie = c->cookie;
	conn->pid = c->pid;
	conn->interval = cs->interval;
	conn->joined = c->joined || c->event == SINK_CONN_JOINED;
	conn->opening_seen = !conn->joined && c->established;
	conn->start = conn->opening_seen ? c->established : c->time;
	conn->last = conn->start;
	conn->protocol = names__transport(c->transport);
	histogram__init(&conn->duration, CONNECTION_SCALE);
	describe(conn, c);
	return conn;
}

/* The summary counted its opening where it opened: take it from there. */
static int take_over(struct connections *cs, const struct sink_conn *c,
		     struct port *to)
{
	struct port *from;

	if (!c->old_pid || c->old_pid == c->pid)
		return 0;
	from = ports__at(cs->ports, c->old_pid, c->role, c->transport, c->port);
	if (!from)
		return -ENOMEM;
	from->opened--;
	to->opened++;
	return 0;
}

/* Add a connection and count it. NULL when out of memory. */
static struct connection *open_one(struct connections *cs,
				   const struct sink_conn *c)
{
	struct connection *conn = create(cs, c);

	if (!conn)
		return NULL;
	conn->counted =
		ports__at(cs->ports, c->pid, c->role, c->transport, c->port);
	if (!conn->counted)
		goto err;
	if (lookup__add(&cs->open, conn->cookie, conn))
		goto err;
	if (conn->joined)
		conn->counted->joined++;
	else if (!c->summarised)
		conn->counted->opened++;
	else if (take_over(cs, c, conn->counted))
		goto remove;
	return conn;
remove:
	lookup__remove(&cs->open, conn->cookie);
err:
	pool__put(&cs->pool, conn);
	return NULL;
}

static int move(struct connections *cs, struct connection *conn,
		const struct sink_conn *c)
{
	struct port *from = conn->counted;
	struct port *to =
		ports__at(cs->ports, c->pid, c->role, c->transport, c->port);

	if (!to)
		return -ENOMEM;
	if (conn->joined) {
		from->joined--;
		to->joined++;
	} else {
		from->opened--;
		to->opened++;
	}
	/* One that opened in an earlier interval is not new where it goes. */
	if (!conn->joined && conn->interval != cs->interval) {
		from->marked--;
		to->marked++;
	}
	conn->counted = to;
	conn->pid = c->pid;
	describe(conn, c);
	return 0;
}

/* Where in slowest[] a closed connection of this maximum goes, or NULL. */
static struct closed_connection *slow_slot(struct connections *cs, uint64_t max)
{
	if (cs->slowest_len < CONNECTIONS_SLOWEST)
		return &cs->slowest[cs->slowest_len++];
	if (max <= cs->slowest[cs->quickest].figures.max)
		return NULL;
	return &cs->slowest[cs->quickest];
}

static void remember(struct connections *cs, const struct connection *conn,
		     uint64_t time)
{
	struct closed_connection *slot;

	if (!conn->exchanges)
		return;
	slot = slow_slot(cs, conn->duration.max);
	if (!slot)
		return;
	slot->cookie = conn->cookie;
	connection__figures(conn, time, &slot->figures);
	slot->figures.open = false;
	slot->figures.idle = 0;
	for (size_t i = 0; i < cs->slowest_len; i++)
		if (cs->slowest[i].figures.max <
		    cs->slowest[cs->quickest].figures.max)
			cs->quickest = i;
}

static int close_one(struct connections *cs, struct connection *conn,
		     const struct sink_conn *c)
{
	int err = 0;

	conn->counted->closed++;
	if (conn->opening_seen && c->time >= conn->start)
		err = histogram__add(&conn->counted->lifetime,
				     c->time - conn->start, 1);
	if (c->bytes_in > conn->bytes_in)
		conn->bytes_in = c->bytes_in;
	if (c->bytes_out > conn->bytes_out)
		conn->bytes_out = c->bytes_out;
	remember(cs, conn, c->time);
	discard(cs, conn);
	return err;
}

int conn_list__event(struct connections *cs, const struct sink_conn *c,
		     struct connection **out)
{
	struct connection *conn = conn_list__find(cs, c->cookie);

	*out = NULL;
	if (!conn)
		conn = open_one(cs, c);
	if (!conn)
		return -ENOMEM;
	if (c->event == SINK_CONN_CLOSED)
		return close_one(cs, conn, c);
	*out = conn;
	return c->event == SINK_CONN_MOVED ? move(cs, conn, c) : 0;
}

int conn_list__retire(struct connections *cs, const struct processes *ps)
{
	int err = ports__retire(cs->ports, ps);
	struct connection *conn;
	size_t at = 0;

	while ((conn = lookup__next(&cs->open, &at)))
		if (conn->counted->into)
			conn->counted = conn->counted->into;
	ports__free_retired(cs->ports);
	return err;
}

static int bound(struct histogram *h)
{
	int first = h->offset, last = h->offset + (int)h->len - 1;
	int scale = h->scale;

	while (scale > 0 && last - first >= CONNECTION_BUCKETS) {
		first >>= 1;
		last >>= 1;
		scale--;
	}
	return histogram__downscale(h, scale);
}

int connection__request(struct connection *conn, const struct request *r)
{
	int err = histogram__add(&conn->duration, measure__duration(r),
				 r->operations);

	if (!err)
		err = bound(&conn->duration);
	if (err)
		return err;
	conn->exchanges++;
	conn->bytes_in += r->bytes_in;
	conn->bytes_out += r->bytes_out;
	conn->protocol = r->protocol;
	if (r->end > conn->last)
		conn->last = r->end;
	return 0;
}

void connection__stream(struct connection *conn, const struct sink_stream *s)
{
	conn->bytes_in += s->bytes_in;
	conn->bytes_out += s->bytes_out;
	conn->protocol = s->protocol;
	if (s->time > conn->last)
		conn->last = s->time;
}
