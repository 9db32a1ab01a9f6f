/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The report's sections, one for each process, role and port. Fed with a
 * snapshot's series and port figures, yields connections, statuses and a
 * histogram of all durations, the busiest first.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "view/notes.h"
#include "view/screen.h"
#include "view/text.h"
#include "view/units.h"

/* A pre-fork server has a section for each worker: enough to compare them,
 * not so many that the report cannot be read. */
#define SECTIONS_MAX 20
#define HISTOGRAMS_MAX 8
#define STATUSES_MAX 12
#define INDENT 15 /* of what follows "  connections  " */

struct section {
	uint32_t pid;
	enum rt_role role;
	enum rt_transport transport;
	uint16_t port;
	const char *comm;
	uint64_t operations;
	const struct snapshot_port *figures; /* NULL: none */
};

struct status {
	const char *name;
	uint64_t operations;
};

static int compare_key(const void *a, const void *b)
{
	const struct section *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (x->role != y->role)
		return x->role < y->role ? -1 : 1;
	if (x->transport != y->transport)
		return x->transport < y->transport ? -1 : 1;
	return (x->port > y->port) - (x->port < y->port);
}

static int compare_operations(const void *a, const void *b)
{
	const struct section *x = a, *y = b;

	if (x->operations != y->operations)
		return x->operations > y->operations ? -1 : 1;
	return compare_key(a, b);
}

static int compare_status(const void *a, const void *b)
{
	const struct status *x = a, *y = b;

	if (x->operations != y->operations)
		return x->operations > y->operations ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Whether it has an accept queue to tell of: who accepts need not serve. */
static bool accepts(const struct snapshot_port *p)
{
	return p->listens || p->accept_queue.count > 0;
}

/* Beside what was used, connections that only stayed open are of no interest:
 * an event loop has a pair of UNIX sockets to wake itself. */
static bool idle(const struct section *s)
{
	return !s->operations && s->figures && !s->figures->opened &&
	       !s->figures->closed && !accepts(s->figures);
}

static size_t without_idle(struct section *s, size_t len)
{
	size_t out = 0;

	for (size_t i = 0; i < len; i++) {
		if (!idle(&s[i]))
			s[out++] = s[i];
	}
	return out;
}

/* Merge neighbours with the same key; returns how many remain. */
static size_t merge_equal(struct section *s, size_t len)
{
	size_t out = 0;

	qsort(s, len, sizeof(*s), compare_key);
	for (size_t i = 0; i < len; i++) {
		if (out > 0 && compare_key(&s[out - 1], &s[i]) == 0) {
			s[out - 1].operations += s[i].operations;
			if (s[i].figures)
				s[out - 1].figures = s[i].figures;
		} else {
			s[out++] = s[i];
		}
	}
	return out;
}

static struct section *collect(const struct snapshot *snap, size_t *len)
{
	size_t max = snap->series_len + snap->ports_len, n = 0;
	struct section *s = calloc(max + 1, sizeof(*s));

	if (!s)
		return NULL;
	for (size_t i = 0; i < snap->series_len; i++) {
		const struct snapshot_series *from = &snap->series[i];

		s[n++] = (struct section){
			from->pid,  from->role, from->transport,
			from->port, from->comm, from->m.operations,
			NULL};
	}
	for (size_t i = 0; i < snap->ports_len; i++) {
		const struct snapshot_port *from = &snap->ports[i];

		s[n++] = (struct section){
			from->pid,  from->role, from->transport,
			from->port, from->comm, 0,
			from};
	}
	*len = merge_equal(s, n);
	if (snap->exchanges)
		*len = without_idle(s, *len);
	qsort(s, *len, sizeof(*s), compare_operations);
	return s;
}

static bool belongs(const struct section *s, const struct snapshot_series *of)
{
	return s->pid == of->pid && s->role == of->role &&
	       s->transport == of->transport && s->port == of->port;
}

static void print_title(const struct text *t, const struct section *s)
{
	char comm[64], port[32];

	screen__clean(comm, sizeof(comm), s->comm ? s->comm : "", t->utf8);
	if (s->transport == RT_TRANSPORT_UNIX)
		strcpy(port, "UNIX sockets");
	else
		snprintf(port, sizeof(port), "port %u", s->port);
	text__wrapf(t, 2, "", "%s (%u), %s, %s", comm, s->pid,
		    s->role == RT_ROLE_SERVER	? "server"
		    : s->role == RT_ROLE_CLIENT ? "client"
						: "role unknown",
		    port);
}

static void print_connections(const struct text *t,
			      const struct snapshot_port *p)
{
	char opened[UNITS_LEN], closed[UNITS_LEN], active[UNITS_LEN];
	char joined[UNITS_LEN], rate[UNITS_LEN], life[UNITS_LEN];
	double seconds = (t->snap->now - t->snap->start) / 1e9;
	char before[64] = "", lifetime[80] = "";

	/* All that it accepts is another process's to serve. */
	if (accepts(p) && !p->opened && !p->closed && !p->active)
		return;
	if (p->joined)
		snprintf(before, sizeof(before), ", %s joined (open before)",
			 units__count(joined, p->joined));
	if (p->lifetime.count)
		snprintf(lifetime, sizeof(lifetime), "; lifetime p50 %s",
			 units__duration(life,
					 histogram__quantile(&p->lifetime, 0.5),
					 t->utf8));
	text__wrapf(t, INDENT, "  connections",
		    "%s opened (%s/s)%s, %s closed, %s active%s",
		    units__count(opened, p->opened),
		    units__rate(rate, seconds > 0 ? p->opened / seconds : 0),
		    before, units__count(closed, p->closed),
		    units__count(active, p->active), lifetime);
}

/* "of 98 of 99 connections": of how many it is known how long they waited.
 * Those that other processes serve are not among what this one has opened. */
static char *accepted_text(char *buf, size_t size,
			   const struct snapshot_port *p)
{
	uint64_t known = p->accept_queue.count, all = p->opened;
	char count[UNITS_LEN], of[UNITS_LEN];

	if (known < all)
		snprintf(buf, size, "of %s of %s connections",
			 units__count(count, known), units__count(of, all));
	else
		snprintf(buf, size, "of %s connection%s",
			 units__count(count, known), known == 1 ? "" : "s");
	return buf;
}

/* How long connections waited to be accepted, and how many do. */
static void print_accepting(const struct text *t, const struct snapshot_port *p)
{
	char p50[UNITS_LEN], p99[UNITS_LEN], max[UNITS_LEN], of[100];
	char times[220] = "", depth[120] = "";

	if (p->accept_queue.count)
		snprintf(times, sizeof(times), "p50 %s, p99 %s, max %s, %s",
			 units__duration(
				 p50,
				 histogram__quantile(&p->accept_queue, 0.5),
				 t->utf8),
			 units__duration(
				 p99,
				 histogram__quantile(&p->accept_queue, 0.99),
				 t->utf8),
			 units__duration(max, p->accept_queue.max, t->utf8),
			 accepted_text(of, sizeof(of), p));
	if (p->listens)
		snprintf(depth, sizeof(depth), "holds %u of %u, at most %u",
			 p->backlog, p->backlog_limit, p->backlog_max);
	if (*times || *depth)
		text__wrapf(t, INDENT, "  accept queue", "%s%s%s", times,
			    *times && *depth ? "; " : "", depth);
}

/* Statuses of a section, each once, most frequent first. */
static size_t collect_statuses(const struct snapshot *snap,
			       const struct section *s, struct status *to)
{
	size_t len = 0;

	for (size_t i = 0; i < snap->series_len; i++) {
		const struct snapshot_series *from = &snap->series[i];
		size_t k = 0;

		if (!belongs(s, from) || !from->status || !from->status[0])
			continue;
		while (k < len && strcmp(to[k].name, from->status) != 0)
			k++;
		if (k == len)
			to[len++] = (struct status){from->status, 0};
		to[k].operations += from->m.operations;
	}
	qsort(to, len, sizeof(*to), compare_status);
	return len;
}

static int print_statuses(const struct text *t, const struct section *s)
{
	struct status *status =
		calloc(t->snap->series_len + 1, sizeof(*status));
	char note[1500];
	size_t used = 0, len;

	if (!status)
		return -ENOMEM;
	len = collect_statuses(t->snap, s, status);
	for (size_t i = 0; i < len && i < STATUSES_MAX; i++) {
		char name[64], count[UNITS_LEN], share[UNITS_LEN];

		screen__clean(name, sizeof(name), status[i].name, t->utf8);
		used += snprintf(note + used, sizeof(note) - used,
				 "%s%s: %s (%s)", used ? ", " : "", name,
				 units__count(count, status[i].operations),
				 units__share(share, status[i].operations,
					      s->operations));
	}
	if (len > STATUSES_MAX)
		snprintf(note + used, sizeof(note) - used, ", and %zu more",
			 len - STATUSES_MAX);
	if (len > 0)
		text__wrap(t, INDENT, "  status", note);
	free(status);
	return 0;
}

static void print_errors(const struct text *t, const struct section *s)
{
	uint64_t by[REQUEST_ERRORS] = {0};
	char note[200];

	for (size_t i = 0; i < t->snap->series_len; i++) {
		for (int k = 0; k < REQUEST_ERRORS; k++) {
			if (belongs(s, &t->snap->series[i]))
				by[k] += t->snap->series[i].m.errors_by[k];
		}
	}
	text__errors(note, sizeof(note), by);
	if (note[0])
		text__wrap(t, INDENT, "  errors", note);
}

/* All of a section's durations, or of one of their parts; in a is the offset
 * in struct measure. To be freed also on error. */
static int merge(const struct text *t, const struct section *s, size_t in,
		 struct histogram *all)
{
	int err = 0;

	histogram__init(all, RT_HIST_SCALE);
	for (size_t i = 0; !err && i < t->snap->series_len; i++) {
		const struct snapshot_series *from = &t->snap->series[i];

		if (belongs(s, from))
			err = histogram__merge(
				all,
				(const void *)((const char *)&from->m + in));
	}
	return err;
}

/* How long bytes lay in the socket: what a busy process shows first. */
static int print_waiting(const struct text *t, const struct section *s)
{
	struct histogram queue, all;
	char p50[UNITS_LEN], p99[UNITS_LEN], max[UNITS_LEN], of[100] = "";
	char share[UNITS_LEN], known[UNITS_LEN];
	int err, err_all;

	err = merge(t, s, offsetof(struct measure, part[PART_RECEIVE_QUEUE]),
		    &queue);
	err_all = merge(t, s, offsetof(struct measure, duration), &all);
	if (queue.count == all.count)
		snprintf(of, sizeof(of), "%s of all durations",
			 units__share(share, queue.sum, all.sum));
	else
		snprintf(of, sizeof(of), "known of %s operations",
			 units__count(known, queue.count));
	if (!err && !err_all && queue.count > 0)
		text__wrapf(
			t, INDENT, "  waiting",
			"in the receive queue: p50 %s, p99 %s, max %s; %s",
			units__duration(p50, histogram__quantile(&queue, 0.5),
					t->utf8),
			units__duration(p99, histogram__quantile(&queue, 0.99),
					t->utf8),
			units__duration(max, queue.max, t->utf8), of);
	histogram__free(&queue);
	histogram__free(&all);
	return err ? err : err_all;
}

static int print_histogram(const struct text *t, const struct section *s)
{
	struct histogram all;
	char count[UNITS_LEN];
	int err = merge(t, s, offsetof(struct measure, duration), &all);

	if (!err && all.count > 0) {
		text__wrapf(t, INDENT, "  durations", "of %s operations",
			    units__count(count, all.count));
		text__bars(t, &all);
	}
	histogram__free(&all);
	return err;
}

int text__ports(const struct text *t)
{
	size_t len, shown, i;
	int err = 0;
	struct section *s = collect(t->snap, &len);

	if (!s)
		return -ENOMEM;
	shown = len < SECTIONS_MAX ? len : SECTIONS_MAX;
	for (i = 0; !err && i < shown; i++) {
		putc('\n', t->out);
		print_title(t, &s[i]);
		if (s[i].figures) {
			print_connections(t, s[i].figures);
			print_accepting(t, s[i].figures);
		}
		err = print_statuses(t, &s[i]);
		print_errors(t, &s[i]);
		if (!err)
			err = print_waiting(t, &s[i]);
		if (!err && i < HISTOGRAMS_MAX)
			err = print_histogram(t, &s[i]);
	}
	if (len > shown)
		fprintf(t->out, "\n... and %zu more ports (--json has all)\n",
			len - shown);
	free(s);
	return err;
}
