/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The list of connections in a snapshot: owns nothing, is fed the open and the
 * slowest closed connections with pending requests, yields sorted figures.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "stats/connections.h"
#include "stats/names.h"

/* An open connection, and when it was active last, pending requests
 * included. */
struct candidate {
	const struct connection *conn;
	uint64_t last;
};

/* When the pending request of a connection ended. */
struct pending_end {
	uint64_t cookie, end;
};

struct pending_ends {
	struct pending_end *list;
	size_t len, cap;
};

static uint64_t since(uint64_t then, uint64_t now)
{
	return now > then ? now - then : 0;
}

static uint64_t quantile(const struct histogram *h, double q)
{
	return (uint64_t)llround(histogram__quantile(h, q));
}

void connection__figures(const struct connection *conn, uint64_t now,
			 struct snapshot_conn *out)
{
	*out = (struct snapshot_conn){
		.pid = conn->pid,
		.role = conn->role,
		.transport = conn->transport,
		.port = conn->port,
		.protocol = conn->protocol,
		.open = true,
		.joined = conn->joined,
		.age = since(conn->start, now),
		.idle = since(conn->last, now),
		.exchanges = conn->exchanges,
		.bytes_in = conn->bytes_in,
		.bytes_out = conn->bytes_out,
		.p50 = quantile(&conn->duration, 0.50),
		.p99 = quantile(&conn->duration, 0.99),
		.max = conn->duration.max,
	};
	names__endpoint(out->local, sizeof(out->local), conn->transport,
			conn->local_addr, conn->local_port);
	names__endpoint(out->remote, sizeof(out->remote), conn->transport,
			conn->remote_addr, conn->remote_port);
}

static int note_end(void *arg, const struct request *r)
{
	struct pending_ends *ends = arg;

	if (ends->len == ends->cap) {
		size_t cap = ends->cap ? 2 * ends->cap : 64;
		struct pending_end *grown =
			realloc(ends->list, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		ends->list = grown;
		ends->cap = cap;
	}
	ends->list[ends->len++] = (struct pending_end){r->cookie, r->end};
	return 0;
}

static int compare_cookies(const void *a, const void *b)
{
	const struct pending_end *x = a, *y = b;

	return (x->cookie > y->cookie) - (x->cookie < y->cookie);
}

/* The end of whatever a connection did last. ends: sorted by cookie. */
static uint64_t last_of(const struct connection *conn,
			const struct pending_ends *ends)
{
	size_t lo = 0, hi = ends->len;
	uint64_t last = conn->last;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (ends->list[mid].cookie < conn->cookie)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < ends->len && ends->list[lo].cookie == conn->cookie; lo++)
		if (ends->list[lo].end > last)
			last = ends->list[lo].end;
	return last;
}

static int compare_recent(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->last != y->last)
		return x->last > y->last ? -1 : 1;
	if (x->conn->cookie != y->conn->cookie)
		return x->conn->cookie < y->conn->cookie ? -1 : 1;
	return 0;
}

/* All open ones, most recently active first. NULL when out of memory. */
static struct candidate *candidates(const struct connections *cs,
				    const struct pending_ends *ends)
{
	struct candidate *list = calloc(cs->open.len + 1, sizeof(*list));
	const struct connection *c;
	size_t n = 0, at = 0;

	if (!list)
		return NULL;
	while ((c = lookup__next(&cs->open, &at)))
		list[n++] = (struct candidate){c, last_of(c, ends)};
	qsort(list, n, sizeof(*list), compare_recent);
	return list;
}

static int compare_slow(const void *a, const void *b)
{
	const struct closed_connection *x = *(const void *const *)a;
	const struct closed_connection *y = *(const void *const *)b;

	if (x->figures.max != y->figures.max)
		return x->figures.max > y->figures.max ? -1 : 1;
	return (x->cookie > y->cookie) - (x->cookie < y->cookie);
}

static void list_closed(const struct connections *cs, struct snapshot_conn *out)
{
	const struct closed_connection *sorted[CONNECTIONS_SLOWEST] = {0};

	for (size_t i = 0; i < cs->slowest_len; i++)
		sorted[i] = &cs->slowest[i];
	qsort(sorted, cs->slowest_len, sizeof(sorted[0]), compare_slow);
	for (size_t i = 0; i < cs->slowest_len; i++)
		out[i] = sorted[i]->figures;
}

/* The copies that are listed, by cookie. */
static int add_pending(void *arg, const struct request *r)
{
	const struct lookup *listed = arg;
	struct connection *copy = lookup__find(listed, r->cookie);

	return copy ? connection__request(copy, r) : 0;
}

/* Fill list with the first n of candidates, pending requests included. */
static int list_open(const struct candidate *open, size_t n,
		     const struct stats_pending *pending, uint64_t now,
		     struct snapshot_conn *list)
{
	struct connection *copy =
		aligned_alloc(POOL_LINE, (n + 1) * sizeof(*copy));
	struct lookup listed = {0};
	size_t made = 0;
	int err = copy ? 0 : -ENOMEM;

	for (; made < n && !err; made++) {
		copy[made] = *open[made].conn;
		histogram__share(&copy[made].duration,
				 &open[made].conn->duration);
		err = lookup__add(&listed, copy[made].cookie, &copy[made]);
	}
	if (!err && pending)
		err = pending->each(pending->ctx, add_pending, &listed);
	for (size_t i = 0; i < made; i++) {
		if (!err)
			connection__figures(&copy[i], now, &list[i]);
		histogram__free(&copy[i].duration);
	}
	lookup__free(&listed);
	free(copy);
	return err;
}

int conn_list__list(const struct connections *cs,
		    const struct stats_pending *pending, uint64_t now,
		    size_t max_open, struct snapshot_conn **out, size_t *len)
{
	size_t n = cs->open.len < max_open ? cs->open.len : max_open;
	struct snapshot_conn *list =
		calloc(n + cs->slowest_len + 1, sizeof(*list));
	struct pending_ends ends = {0};
	struct candidate *open = NULL;
	int err = list ? 0 : -ENOMEM;

	if (!err && pending)
		err = pending->each(pending->ctx, note_end, &ends);
	if (err)
		goto out;
	if (ends.len)
		qsort(ends.list, ends.len, sizeof(*ends.list), compare_cookies);
	open = candidates(cs, &ends);
	err = open ? list_open(open, n, pending, now, list) : -ENOMEM;
	if (err)
		goto out;
	list_closed(cs, list + n);
	*out = list;
	*len = n + cs->slowest_len;
	list = NULL;
out:
	free(open);
	free(ends.list);
	free(list);
	return err;
}
