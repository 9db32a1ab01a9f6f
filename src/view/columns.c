/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The columns that the tables share. Fed with a row of a snapshot, yields
 * cells: text that is ready for a screen, and a number to sort by.
 */
#include <stdio.h>
#include <string.h>

#include "view/columns.h"
#include "view/screen.h"
#include "view/units.h"

static void fill_text(const struct column_source *src, struct cell *cell,
		      const char *text)
{
	screen__clean(cell->text, sizeof(cell->text), text ? text : "",
		      src->utf8);
}

static void fill_count(struct cell *cell, uint64_t count)
{
	cell->number = count;
	units__count(cell->text, count);
}

static void fill_bytes(struct cell *cell, uint64_t bytes)
{
	cell->number = bytes;
	units__bytes(cell->text, bytes);
}

/* known: whether there is a value at all; sorts below all values if not. */
static void fill_time(const struct column_source *src, struct cell *cell,
		      double ns, bool known)
{
	cell->number = known ? ns : -1;
	if (known)
		units__duration(cell->text, ns, src->utf8);
	else
		strcpy(cell->text, "-");
}

static void fill_port(struct cell *cell, enum rt_transport transport,
		      uint16_t port)
{
	cell->number = port;
	if (transport == RT_TRANSPORT_UNIX)
		strcpy(cell->text, "unix");
	else
		snprintf(cell->text, sizeof(cell->text), "%u", port);
}

/* Rows of exchanges. */

static void row_process(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_row *row = src->row;

	fill_text(src, cell, row->comm);
}

static void row_pid(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_row *row = src->row;

	cell->number = row->pid;
	if (row->pid)
		snprintf(cell->text, sizeof(cell->text), "%u", row->pid);
}

static void row_tid(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_row *row = src->row;

	cell->number = row->tid;
	if (row->tid)
		snprintf(cell->text, sizeof(cell->text), "%u", row->tid);
}

static void row_role(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_row *row = src->row;

	fill_text(src, cell, columns__role(row->role));
}

static void row_port(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_row *row = src->row;

	if (row->has_port)
		fill_port(cell, row->transport, row->port);
}

static void row_peer(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_row *row = src->row;

	fill_text(src, cell, row->peer);
}

static void row_protocol(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_row *row = src->row;

	fill_text(src, cell, row->protocol);
}

static void row_operation(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_row *row = src->row;

	fill_text(src, cell, row->operation);
}

static void row_operations(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_row *row = src->row;

	fill_count(cell, row->m.operations);
}

static void row_rate(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_row *row = src->row;
	const struct snapshot *snap = src->snap;
	bool whole = src->whole || snap->interval == 0;
	uint64_t ns = whole ? snap->now - snap->start : snap->interval;
	uint64_t operations = whole ? row->m.operations : row->m.recent;

	cell->number = ns ? operations * 1e9 / ns : 0;
	units__rate(cell->text, cell->number);
}

static void row_errors(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_row *row = src->row;

	fill_count(cell, row->m.errors);
}

static void row_min(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_row *row = src->row;
	const struct histogram *h = &row->m.duration;

	fill_time(src, cell, h->min, h->count > 0);
}

static void row_mean(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_row *row = src->row;
	const struct histogram *h = &row->m.duration;

	fill_time(src, cell, histogram__mean(h), h->count > 0);
}

static void row_quantile(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_row *row = src->row;
	const struct histogram *h = &row->m.duration;

	fill_time(src, cell, histogram__quantile(h, src->column->quantile),
		  h->count > 0);
}

static void row_max(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_row *row = src->row;
	const struct histogram *h = &row->m.duration;

	fill_time(src, cell, h->max, h->count > 0);
}

static void row_active(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_row *row = src->row;

	fill_count(cell, row->active);
}

static void row_in(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_row *row = src->row;

	fill_bytes(cell, row->m.bytes_in);
}

static void row_out(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_row *row = src->row;

	fill_bytes(cell, row->m.bytes_out);
}

/* Rows of connections. */

static void conn_process(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_conn *conn = src->row;

	fill_text(src, cell, conn->comm);
}

static void conn_pid(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_conn *conn = src->row;

	cell->number = conn->pid;
	snprintf(cell->text, sizeof(cell->text), "%u", conn->pid);
}

static void conn_role(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_conn *conn = src->row;

	fill_text(src, cell, columns__role(conn->role));
}

static void conn_port(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_conn *conn = src->row;

	fill_port(cell, conn->transport, conn->port);
}

static void conn_protocol(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_conn *conn = src->row;

	fill_text(src, cell, conn->protocol);
}

static void conn_peer(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_conn *conn = src->row;

	fill_text(src, cell, conn->remote);
}

static void conn_state(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_conn *conn = src->row;

	fill_text(src, cell, conn->open ? "open" : "closed");
}

/* Of a joined connection only the lower bound is known: ">12.3 s". */
static void conn_age(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_conn *conn = src->row;
	char age[UNITS_LEN];

	units__duration(age, conn->age, src->utf8);
	cell->number = conn->age;
	snprintf(cell->text, sizeof(cell->text), "%s%s",
		 conn->joined ? ">" : "", age);
}

static void conn_exchanges(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_conn *conn = src->row;

	fill_count(cell, conn->exchanges);
}

static void conn_p50(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_conn *conn = src->row;

	fill_time(src, cell, conn->p50, conn->exchanges > 0);
}

static void conn_p99(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_conn *conn = src->row;

	fill_time(src, cell, conn->p99, conn->exchanges > 0);
}

static void conn_max(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_conn *conn = src->row;

	fill_time(src, cell, conn->max, conn->exchanges > 0);
}

static void conn_in(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_conn *conn = src->row;

	fill_bytes(cell, conn->bytes_in);
}

static void conn_out(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_conn *conn = src->row;

	fill_bytes(cell, conn->bytes_out);
}

static void conn_idle(const struct column_source *src, struct cell *cell)
{
	const struct snapshot_conn *conn = src->row;

	fill_time(src, cell, conn->idle, conn->open);
}

/* A column's place among the priorities: what identifies a row and its tail
 * latency stay longest, what can be had from the report goes first. */
static const struct column row_columns[] = {
	{"PROCESS", "name of the process", row_process, .min = 7, .max = 15,
	 .priority = 3, .collapsible = true, .names = true},
	{"PID", "its process id", row_pid, .priority = 4, .number = true,
	 .collapsible = true},
	{"TID", "thread that read the request", row_tid, .priority = 2,
	 .number = true},
	{"ROLE", "server: requests served; client: calls made", row_role,
	 .min = 6, .priority = 14, .collapsible = true},
	{"PORT", "local port of a server, remote port of a client", row_port,
	 .priority = 6, .number = true, .collapsible = true, .names = true},
	{"PEER", "address of the other side", row_peer, .min = 9, .comfort = 21,
	 .max = 45, .priority = 1, .names = true},
	{"PROTO", "protocol recognised from the first bytes", row_protocol,
	 .min = 5, .max = 10, .priority = 40, .collapsible = true,
	 .names = true},
	{"OPERATION", "what was asked", row_operation, .min = 6, .comfort = 20,
	 .max = 60, .names = true},
	{"OPS", "operations since the start", row_operations, .priority = 30,
	 .number = true},
	{"RATE/s", "operations a second", row_rate, .priority = 5,
	 .number = true},
	{"ERR", "operations that failed: 5xx, error replies, aborts, resets",
	 row_errors, .priority = 15, .number = true},
	{"MIN", "shortest duration", row_min, .priority = 90, .number = true,
	 .second_line = true},
	{"MEAN", "mean duration", row_mean, .priority = 80, .number = true,
	 .second_line = true},
	{"P50", "half of the operations were faster", row_quantile, 0.5,
	 .priority = 8, .number = true, .second_line = true},
	{"P90", "9 in 10 were faster", row_quantile, 0.9, .priority = 70,
	 .number = true, .second_line = true},
	{"P95", "19 in 20 were faster", row_quantile, 0.95, .priority = 16,
	 .number = true, .second_line = true},
	{"P99", "99 in 100 were faster", row_quantile, 0.99, .priority = 1,
	 .number = true, .second_line = true},
	{"P99.9", "999 in 1000 were faster", row_quantile, 0.999,
	 .priority = 75, .number = true, .second_line = true},
	{"MAX", "longest duration", row_max, .priority = 12, .number = true,
	 .second_line = true},
	{"CONNS", "connections open now on the row's port", row_active,
	 .priority = 35, .number = true, .spare = true},
	{"IN", "bytes received", row_in, .priority = 100, .number = true,
	 .report_only = true, .spare = true},
	{"OUT", "bytes sent", row_out, .priority = 100, .number = true,
	 .report_only = true, .spare = true},
};

static const struct column conn_columns[] = {
	{"PROCESS", "name of the process", conn_process, .min = 7, .max = 15,
	 .priority = 20, .collapsible = true, .names = true},
	{"PID", "its process id", conn_pid, .priority = 22, .number = true,
	 .collapsible = true},
	{"ROLE", "server: the peer connected; client: the process did",
	 conn_role, .min = 6, .priority = 30, .collapsible = true},
	{"PORT", "local port of a server, remote port of a client", conn_port,
	 .priority = 18, .number = true, .collapsible = true, .names = true},
	{"PROTO", "protocol recognised from the first bytes", conn_protocol,
	 .min = 5, .max = 10, .priority = 40, .collapsible = true,
	 .names = true},
	{"PEER", "address of the other side", conn_peer, .min = 11,
	 .comfort = 21, .max = 52, .names = true},
	{"STATE", "open now, or closed", conn_state, .min = 4, .priority = 9,
	 .collapsible = true},
	{"AGE", "since it opened; '>' when it was open before tracing",
	 conn_age, .priority = 6, .number = true},
	{"EXCH", "exchanges on it", conn_exchanges, .priority = 8,
	 .number = true},
	{"P50", "half of its exchanges were faster", conn_p50, .priority = 10,
	 .number = true, .second_line = true},
	{"P99", "99 in 100 of its exchanges were faster", conn_p99,
	 .priority = 1, .number = true, .second_line = true},
	{"MAX", "its slowest exchange", conn_max, .priority = 12,
	 .number = true, .second_line = true},
	{"IN", "bytes received", conn_in, .priority = 15, .number = true,
	 .second_line = true},
	{"OUT", "bytes sent", conn_out, .priority = 16, .number = true,
	 .second_line = true},
	{"IDLE", "since its last activity", conn_idle, .priority = 13,
	 .number = true, .second_line = true},
};

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
_Static_assert(ARRAY_LEN(row_columns) <= COLUMNS_MAX, "raise COLUMNS_MAX");
_Static_assert(ARRAY_LEN(conn_columns) <= COLUMNS_MAX, "raise COLUMNS_MAX");

const struct column *columns__of(enum snapshot_by by, size_t *len)
{
	if (by == SNAPSHOT_BY_CONNECTION) {
		*len = ARRAY_LEN(conn_columns);
		return conn_columns;
	}
	*len = ARRAY_LEN(row_columns);
	return row_columns;
}

const void *columns__row(const struct snapshot *snap, size_t i)
{
	if (snap->by == SNAPSHOT_BY_CONNECTION)
		return &snap->conns[i];
	return &snap->rows[i];
}

size_t columns__rows(const struct snapshot *snap)
{
	return snap->by == SNAPSHOT_BY_CONNECTION ? snap->conns_len
						  : snap->rows_len;
}

const char *columns__role(enum rt_role role)
{
	return role == RT_ROLE_SERVER	? "server"
	       : role == RT_ROLE_CLIENT ? "client"
					: "";
}

const char *columns__by(enum snapshot_by by)
{
	static const char *const name[SNAPSHOT_BYS] = {
		[SNAPSHOT_BY_OPERATION] = "operation",
		[SNAPSHOT_BY_PORT] = "port",
		[SNAPSHOT_BY_PROCESS] = "process",
		[SNAPSHOT_BY_THREAD] = "thread",
		[SNAPSHOT_BY_PEER] = "peer",
		[SNAPSHOT_BY_CONNECTION] = "connection",
	};

	return name[by];
}
