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

/* An open connection with its requests that no sink was told. */
struct candidate {
	const struct connection *conn;
	const struct request *const *pending;
	size_t pending_len;
	uint64_t last;
};

static uint64_t since(uint64_t then, uint64_t now)
{
	return now > then ? now - then : 0;
}

static uint64_t quantile(const struct histogram *h, double q)
{
	return (uint64_t)llround(histogram__quantile(h, q));
}

/* All that connection__request does, to a copy. */
static int apply(struct connection *copy, const struct request *const *pending,
		 size_t pending_len)
{
	int err = 0;

	for (size_t i = 0; i < pending_len && !err; i++)
		err = connection__request(copy, pending[i]);
	return err;
}

static void describe(const struct connection *conn, uint64_t now,
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

int connection__figures(const struct connection *conn, uint64_t now,
			const struct request *const *pending,
			size_t pending_len, struct snapshot_conn *out)
{
	struct connection copy = *conn;
	int err;

	if (!pending_len) {
		describe(conn, now, out);
		return 0;
	}
	err = histogram__copy(&copy.duration, &conn->duration);
	if (err)
		return err;
	err = apply(&copy, pending, pending_len);
	if (!err)
		describe(&copy, now, out);
	histogram__free(&copy.duration);
	return err;
}

static int compare_pending(const void *a, const void *b)
{
	const struct request *x = *(const struct request *const *)a;
	const struct request *y = *(const struct request *const *)b;

	if (x->cookie != y->cookie)
		return x->cookie < y->cookie ? -1 : 1;
	return (x > y) - (x < y); /* both lead into one array */
}

static const struct request **sort_pending(const struct request *pending,
					   size_t len)
{
	const struct request **sorted = malloc((len + 1) * sizeof(*sorted));

	if (!sorted)
		return NULL;
	for (size_t i = 0; i < len; i++)
		sorted[i] = &pending[i];
	qsort(sorted, len, sizeof(*sorted), compare_pending);
	return sorted;
}

/* Point *c at the pending requests of its connection. */
static void attach(struct candidate *c, const struct request *const *sorted,
		   size_t len)
{
	size_t lo = 0, hi = len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (sorted[mid]->cookie < c->conn->cookie)
			lo = mid + 1;
		else
			hi = mid;
	}
	c->pending = sorted + lo;
	for (; lo < len && sorted[lo]->cookie == c->conn->cookie; lo++) {
		c->pending_len++;
		if (sorted[lo]->end > c->last)
			c->last = sorted[lo]->end;
	}
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

static struct candidate *candidates(const struct connections *cs,
				    const struct request *const *sorted,
				    size_t len)
{
	struct candidate *list =
		calloc(HASH_COUNT(cs->open) + 1, sizeof(*list));
	size_t n = 0;

	if (!list)
		return NULL;
	for (const struct connection *c = cs->open; c; c = c->hh.next) {
		list[n].conn = c;
		list[n].last = c->last;
		attach(&list[n++], sorted, len);
	}
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

int conn_list__list(const struct connections *cs, const struct request *pending,
		    size_t pending_len, uint64_t now, size_t max_open,
		    struct snapshot_conn **out, size_t *len)
{
	size_t n = HASH_COUNT(cs->open) < max_open ? HASH_COUNT(cs->open)
						   : max_open;
	struct snapshot_conn *list =
		calloc(n + cs->slowest_len + 1, sizeof(*list));
	const struct request **sorted = sort_pending(pending, pending_len);
	struct candidate *open = NULL;
	int err = -ENOMEM;

	if (!list || !sorted)
		goto out;
	open = candidates(cs, sorted, pending_len);
	if (!open)
		goto out;
	for (size_t i = 0; i < n; i++) {
		err = connection__figures(open[i].conn, now, open[i].pending,
					  open[i].pending_len, &list[i]);
		if (err)
			goto out;
	}
	list_closed(cs, list + n);
	*out = list;
	*len = n + cs->slowest_len;
	list = NULL;
	err = 0;
out:
	free(open);
	free(sorted);
	free(list);
	return err;
}
