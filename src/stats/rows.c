/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines of tables: owns nothing, is fed copies of groups with port figures
 * and names, yields sorted rows and series.
 */
#include "stats/rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/names.h"
#include "stats/order.h"

/* Order of groups; equal ones belong to the same row of *by. Series are
 * ordered further by status and more, so that every grouping is a run of them.
 */
static int compare_groups(const void *a, const void *b, void *arg)
{
	const struct group_key *x = &(*(const struct group *const *)a)->key;
	const struct group_key *y = &(*(const struct group *const *)b)->key;
	enum snapshot_by by = *(const enum snapshot_by *)arg;
	int order = ORDER(process__rank(x->pid), process__rank(y->pid));

	if (!order)
		order = ORDER(x->role, y->role);
	if (order || by == SNAPSHOT_BY_PROCESS)
		return order;
	if (by == SNAPSHOT_BY_THREAD) {
		order = ORDER(x->kind, y->kind);
		return order ? order : ORDER(x->tid, y->tid);
	}
	order = ORDER(x->transport, y->transport);
	if (!order)
		order = ORDER(x->port, y->port);
	if (order || by == SNAPSHOT_BY_PORT)
		return order;
	if (by == SNAPSHOT_BY_PEER) {
		order = ORDER(x->kind, y->kind);
		return order ? order
			     : memcmp(x->peer, y->peer, sizeof(x->peer));
	}
	order = order__strings(x->protocol, y->protocol);
	return order ? order : order__strings(x->operation, y->operation);
}

static int compare_series(const void *a, const void *b, void *arg)
{
	const struct group_key *x = &(*(const struct group *const *)a)->key;
	const struct group_key *y = &(*(const struct group *const *)b)->key;
	int order = compare_groups(a, b, arg);

	if (!order)
		order = order__strings(x->status, y->status);
	if (!order)
		order = order__strings(x->version, y->version);
	if (!order)
		order = memcmp(x->peer, y->peer, sizeof(x->peer));
	/* Of equal names, as a request may be called like a folded one. */
	return order ? order : ORDER(x->kind, y->kind);
}

void rows__count_peers(struct groups *copy, const struct connections *cs)
{
	const struct connection *c;
	size_t at = 0;

	while ((c = lookup__next(&cs->open, &at))) {
		struct group_key key = groups__peer_key(
			c->pid, c->role, c->transport, c->port, c->remote_addr);
		struct group *g = groups__find(copy, &key);

		if (g)
			g->active++;
	}
}

/* Index of the first port of a process or of a later one. */
static size_t first_port(const struct snapshot_port *ports, size_t len,
			 uint32_t pid)
{
	size_t lo = 0, hi = len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (process__rank(ports[mid].pid) < process__rank(pid))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static uint64_t active_at(const struct snapshot_row *row,
			  const struct snapshot_port *ports, size_t len)
{
	uint64_t active = 0;

	for (size_t i = first_port(ports, len, row->pid);
	     i < len && ports[i].pid == row->pid; i++) {
		if (ports[i].role != row->role)
			continue;
		if (!row->has_port || (ports[i].transport == row->transport &&
				       ports[i].port == row->port))
			active += ports[i].active;
	}
	return active;
}

static void name_peer(struct snapshot_row *row, const struct group_key *key)
{
	if (key->kind == GROUP_PLAIN)
		names__address(row->peer, sizeof(row->peer), key->transport,
			       key->peer);
	else
		snprintf(row->peer, sizeof(row->peer), "%s", row->operation);
}

/* What rows by thread and peer are called that stand for no one of them. */
static const char *name_kind(const struct group_key *key)
{
	if (key->kind == GROUP_PLAIN)
		return NULL;
	return key->kind == GROUP_SUMMARISED ? name_summarised : name_other;
}

/* The keys of a row as by has them, from one of its groups. */
static void set_keys(struct snapshot_row *row, const struct group_key *key,
		     enum snapshot_by by)
{
	row->pid = key->pid;
	row->role = key->role;
	if (by == SNAPSHOT_BY_OPERATION || by == SNAPSHOT_BY_PORT ||
	    by == SNAPSHOT_BY_PEER) {
		row->transport = key->transport;
		row->port = key->port;
		row->has_port = key->kind != GROUP_REST;
	}
	if (by == SNAPSHOT_BY_OPERATION) {
		row->protocol = key->protocol;
		row->operation = key->operation;
	}
	if (by == SNAPSHOT_BY_THREAD || by == SNAPSHOT_BY_PEER)
		row->operation = name_kind(key);
	if (by == SNAPSHOT_BY_THREAD)
		row->tid = key->tid;
	if (by == SNAPSHOT_BY_PEER)
		name_peer(row, key);
}

static int compare_optional(const char *a, const char *b)
{
	return order__strings(a ? a : name_none, b ? b : name_none);
}

static int compare_rows(const void *a, const void *b)
{
	const struct snapshot_row *x = a, *y = b;

	return ORDER_BY(ORDER(y->m.operations, x->m.operations),
			ORDER(x->pid, y->pid), ORDER(x->role, y->role),
			ORDER(x->transport, y->transport),
			ORDER(x->port, y->port),
			compare_optional(x->protocol, y->protocol),
			compare_optional(x->operation, y->operation),
			ORDER(x->tid, y->tid), strcmp(x->peer, y->peer));
}

static bool is_kept(enum snapshot_by by)
{
	return by == SNAPSHOT_BY_THREAD || by == SNAPSHOT_BY_PEER;
}

/* The first group of a row. Reports have no histograms of parts of rows that
 * are sums of series, and these outlive the row. */
static int begin_row(struct snapshot_row *row, struct group *g,
		     enum snapshot_by by)
{
	row->active = g->active;
	set_keys(row, &g->key, by);
	if (!is_kept(by))
		return measure__share_whole(&row->m, &g->m);
	measure__move(&row->m, &g->m);
	return 0;
}

static int add_group(struct snapshot_row *row, const struct group *g,
		     enum snapshot_by by)
{
	row->active += g->active;
	if (is_kept(by))
		return measure__merge(&row->m, &g->m);
	return measure__merge_whole(&row->m, &g->m);
}

/* Merge runs of equal groups into rows (zeroed, enough of them). */
static int merge(struct group *const *sorted, size_t groups_len,
		 enum snapshot_by by, struct snapshot_row *rows, size_t *len)
{
	for (size_t i = 0; i < groups_len; i++) {
		bool begins = i == 0 ||
			      compare_groups(&sorted[i - 1], &sorted[i], &by);
		int err;

		if (begins)
			err = begin_row(&rows[(*len)++], sorted[i], by);
		else
			err = add_group(&rows[*len - 1], sorted[i], by);
		if (err)
			return err;
	}
	return 0;
}

int rows__build(struct groups *groups, enum snapshot_by by,
		const struct snapshot_port *ports, size_t ports_len,
		const struct processes *processes, struct snapshot_row **out,
		size_t *len)
{
	size_t groups_len = HASH_COUNT(groups->all), n = 0;
	struct group **sorted = groups__sorted(groups, compare_groups, &by);
	struct snapshot_row *rows = calloc(groups_len + 1, sizeof(*rows));
	int err = -ENOMEM;

	if (!sorted || !rows)
		goto err;
	err = merge(sorted, groups_len, by, rows, &n);
	if (err)
		goto err;
	for (size_t i = 0; i < n; i++) {
		rows[i].comm = process_list__comm(processes, rows[i].pid);
		if (by != SNAPSHOT_BY_PEER)
			rows[i].active = active_at(&rows[i], ports, ports_len);
		rows[i].pid = process__shown(rows[i].pid);
	}
	qsort(rows, n, sizeof(*rows), compare_rows);
	free(sorted);
	*out = rows;
	*len = n;
	return 0;
err:
	while (n--)
		measure__free(&rows[n].m);
	free(rows);
	free(sorted);
	return err;
}

/* Those of UNIX sockets and of what stands for many have none. */
static void name_server(struct snapshot_series *s, const struct group_key *key)
{
	static const uint8_t none[sizeof(key->peer)];

	if (memcmp(key->peer, none, sizeof(none)) != 0)
		names__address(s->server_address, sizeof(s->server_address),
			       key->transport, key->peer);
}

int rows__take_series(struct groups *copy, const struct processes *processes,
		      struct snapshot_series **out, size_t *len)
{
	enum snapshot_by by = SNAPSHOT_BY_OPERATION;
	size_t n = HASH_COUNT(copy->all);
	struct group **sorted = groups__sorted(copy, compare_series, &by);
	struct snapshot_series *list = calloc(n + 1, sizeof(*list));

	if (!sorted || !list) {
		free(sorted);
		free(list);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		const struct group_key *key = &sorted[i]->key;

		list[i].pid = process__shown(key->pid);
		list[i].comm = process_list__comm(processes, key->pid);
		list[i].service = process_list__service(processes, key->pid);
		list[i].instance = process_list__instance(processes, key->pid);
		list[i].role = key->role;
		list[i].transport = key->transport;
		list[i].port = key->port;
		list[i].protocol = key->protocol;
		list[i].operation = key->operation;
		list[i].status = key->status;
		list[i].version = key->version;
		name_server(&list[i], key);
		measure__move(&list[i].m, &sorted[i]->m);
	}
	free(sorted);
	*out = list;
	*len = n;
	return 0;
}
