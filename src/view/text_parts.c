/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the time went: the report's breakdown of the series that took most of
 * it. Fed with a snapshot's series, yields bars and a table of the parts of
 * each, its calls out, its TCP figures and a diagnosis.
 *
 *   slowest 1 %  98.1 ms  qqqqqqqqqqqqqqqqqqqqqqqqqqqqcccccccccCCCCPPPr
 *                            mean            p50    slowest 1 %
 *   q receive queue  1.01 ms   8 %   300 us   3 %  70.1 ms  71 %
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "view/diagnosis.h"
#include "view/screen.h"
#include "view/text.h"
#include "view/units.h"

#define SERIES_MAX 10
#define CALLS_MAX 5
#define INDENT 15 /* of what follows "  per request  " */
#define BLANK_LABEL "               "
#define NAME_WIDTH 13 /* "receive queue" */
#define CELL_WIDTH 15 /* "  70.1 ms  71 %" */
#define SHARE_WIDTH 7
#define BAR_MAX 60
/* Columns of lines besides the bar, and besides the cells. */
#define BESIDES_BAR 24
#define BESIDES_CELLS (4 + NAME_WIDTH)

static int compare_time(const void *a, const void *b)
{
	const struct snapshot_series *x =
		*(const struct snapshot_series *const *)a;
	const struct snapshot_series *y =
		*(const struct snapshot_series *const *)b;

	if (x->m.duration.sum != y->m.duration.sum)
		return x->m.duration.sum > y->m.duration.sum ? -1 : 1;
	return (x > y) - (x < y); /* as in the snapshot */
}

static bool has_same_title(const struct snapshot_series *a,
			   const struct snapshot_series *b)
{
	return a->pid == b->pid && a->role == b->role &&
	       a->transport == b->transport && a->port == b->port &&
	       strcmp(a->protocol, b->protocol) == 0 &&
	       strcmp(a->operation, b->operation) == 0 &&
	       strcmp(a->status, b->status) == 0;
}

/* "", or what tells a series from those that have its title: " (1.0)",
 * " (1.0, 192.0.2.1)". Such ones are side by side. */
static void tell_apart(char *buf, size_t size, const struct text *t,
		       const struct snapshot_series *s)
{
	const struct snapshot_series *first = t->snap->series;
	const struct snapshot_series *last = first + t->snap->series_len - 1;

	*buf = '\0';
	if ((s > first && has_same_title(s, s - 1)) ||
	    (s < last && has_same_title(s, s + 1)))
		snprintf(buf, size, " (%s%s%s)",
			 *s->version ? s->version : "no version",
			 *s->server_address ? ", " : "", s->server_address);
}

/* GET /users/{id} 200: gunicorn (1201), server, port 8000 */
static void print_title(const struct text *t, const struct snapshot_series *s)
{
	const char *name =
		s->operation && *s->operation ? s->operation : s->protocol;
	char operation[256], status[64], comm[64], port[32], apart[80];

	screen__clean(operation, sizeof(operation), name ? name : "", t->utf8);
	screen__clean(status, sizeof(status), s->status ? s->status : "",
		      t->utf8);
	screen__clean(comm, sizeof(comm), s->comm ? s->comm : "", t->utf8);
	tell_apart(apart, sizeof(apart), t, s);
	if (s->transport == RT_TRANSPORT_UNIX)
		strcpy(port, "UNIX sockets");
	else
		snprintf(port, sizeof(port), "port %u", s->port);
	putc('\n', t->out);
	text__wrapf(t, 4, "", "%s%s%s%s: %s (%u), %s, %s", operation,
		    *status ? " " : "", status, apart, comm, s->pid,
		    *columns__role(s->role) ? columns__role(s->role)
					    : "role unknown",
		    port);
}

/*   slowest 1 %  70.1 ms  qqqqqqqqCCCC */
static void print_bars(const struct text *t, const struct breakdown_view *v)
{
	size_t width = t->width - BESIDES_BAR;
	char bar[BAR_MAX * 4 + 1], duration[UNITS_LEN], cell[UNITS_LEN * 4];

	if (width > BAR_MAX)
		width = BAR_MAX;
	for (int of = 0; of < BREAKDOWN_OFS; of++) {
		if (!(v->slice[of].count > 0))
			continue;
		units__duration(duration, v->slice[of].duration, t->utf8);
		breakdown_view__bar(bar, sizeof(bar), v, of, width, t->utf8);
		fprintf(t->out, "  %-11s  %s%s%s\n", breakdown_view__of(of),
			screen__pad(cell, sizeof(cell), duration, 7, true,
				    t->utf8),
			*bar ? "  " : "", bar);
	}
}

/* Whether there is room for times, not only for shares. */
static bool has_times(const struct text *t)
{
	return t->width >= BESIDES_CELLS + BREAKDOWN_OFS * CELL_WIDTH;
}

static void print_titles(const struct text *t, const struct breakdown_view *v)
{
	static const char *const brief[BREAKDOWN_OFS] = {
		[BREAKDOWN_MEAN] = "mean",
		[BREAKDOWN_P50] = "p50",
		[BREAKDOWN_SLOWEST] = "slow",
	};

	fprintf(t->out, "%*s", BESIDES_CELLS, "");
	for (int of = 0; of < BREAKDOWN_OFS; of++) {
		if (!(v->slice[of].count > 0))
			continue;
		if (has_times(t))
			fprintf(t->out, "%*s", CELL_WIDTH,
				breakdown_view__of(of));
		else
			fprintf(t->out, "%*s", SHARE_WIDTH, brief[of]);
	}
	putc('\n', t->out);
}

/* "  70.1 ms  71 %", or the share alone; as wide if there is nothing. */
static void cell_text(char *buf, size_t size, const struct text *t,
		      const struct breakdown_view *v, size_t item,
		      enum breakdown_of of)
{
	double ns = v->item[item].ns[of];
	double percent = breakdown_view__share(v, item, of) * 100;
	char duration[UNITS_LEN], share[16] = "<1 %", text[64] = "-";

	if (percent >= 0.5)
		snprintf(share, sizeof(share), "%.0f %%", percent);
	if (ns > 0)
		snprintf(text, sizeof(text), "%s %5s",
			 has_times(t) ? units__duration(duration, ns, t->utf8)
				      : "",
			 share);
	screen__pad(buf, size, text, has_times(t) ? CELL_WIDTH : SHARE_WIDTH,
		    true, t->utf8);
}

static void print_table(const struct text *t, const struct breakdown_view *v)
{
	print_titles(t, v);
	for (size_t i = 0; i < v->len; i++) {
		int part = v->item[i].part;

		fprintf(t->out, "  %s %-*s",
			breakdown_view__glyph(part, t->utf8), NAME_WIDTH,
			breakdown_view__name(part));
		for (int of = 0; of < BREAKDOWN_OFS; of++) {
			char cell[CELL_WIDTH * 4 + 1];

			if (!(v->slice[of].count > 0))
				continue;
			cell_text(cell, sizeof(cell), t, v, i, of);
			fputs(cell, t->out);
		}
		putc('\n', t->out);
	}
}

/* "2.00 calls of 400 us each, 780 us of network"; "" if there is nothing. */
static void call_text(char *buf, size_t size, const struct text *t,
		      const struct measure *m, const struct measure_call *c)
{
	double exchanges = (double)m->calls_known;
	double operations = (double)m->operations;
	char rate[UNITS_LEN], each[UNITS_LEN], network[UNITS_LEN];
	int used = 0;

	buf[0] = '\0';
	if (c->count > 0)
		used = snprintf(buf, size, "%s calls of %s each",
				units__rate(rate, c->count / exchanges),
				units__duration(each,
						(double)c->time / c->count,
						t->utf8));
	if (c->network > 0)
		snprintf(buf + used, size - used, "%s%s of network",
			 used ? ", " : "",
			 units__duration(network, c->network / operations,
					 t->utf8));
}

static void print_calls(const struct text *t, const struct measure *m)
{
	const char *label = "  per request";
	char known[UNITS_LEN], all[UNITS_LEN];
	size_t more = 0, shown = 0;

	for (size_t i = 0; i < m->calls_len; i++) {
		const struct measure_call *c = &m->calls[i];
		char peer[80], what[160];

		call_text(what, sizeof(what), t, m, c);
		if (!*what)
			continue;
		if (shown == CALLS_MAX) {
			more++;
			continue;
		}
		screen__clean(peer, sizeof(peer), c->peer ? c->peer : "",
			      t->utf8);
		text__wrapf(t, INDENT, shown++ ? BLANK_LABEL : label, "%s: %s",
			    c->own ? "own connection" : peer, what);
	}
	if (more > 0)
		text__wrapf(t, INDENT, BLANK_LABEL, "... and %zu more", more);
	if (m->calls_len > 0 && m->calls_known < m->with_parts)
		text__wrapf(t, INDENT, shown ? BLANK_LABEL : label,
			    "known of %s of %s; the others did not have their "
			    "thread to themselves, or it is not known which "
			    "thread had them",
			    units__count(known, m->calls_known),
			    units__count(all, m->with_parts));
}

static void print_tcp(const struct text *t, const struct measure *m)
{
	char p50[UNITS_LEN], p99[UNITS_LEN], again[UNITS_LEN];

	units__count(again, m->retransmits);
	if (m->rtt.count > 0)
		text__wrapf(
			t, INDENT, "  tcp",
			"round trip p50 %s, p99 %s; %s %s sent again",
			units__duration(p50, histogram__quantile(&m->rtt, 0.5),
					t->utf8),
			units__duration(p99, histogram__quantile(&m->rtt, 0.99),
					t->utf8),
			again, m->retransmits == 1 ? "segment" : "segments");
	else if (m->retransmits > 0)
		text__wrapf(t, INDENT, "  tcp", "%s %s sent again", again,
			    m->retransmits == 1 ? "segment" : "segments");
}

static void print_series(const struct text *t, const struct snapshot_series *s,
			 const struct breakdown_view *v)
{
	char sentence[DIAGNOSIS_LEN];

	print_title(t, s);
	print_bars(t, v);
	print_table(t, v);
	print_calls(t, &s->m);
	print_tcp(t, &s->m);
	diagnosis__sentence(sentence, v, &s->m, s->role, t->utf8);
	if (*sentence)
		text__wrap(t, INDENT, "  diagnosis", sentence);
}

/* Without the clocks of threads there is nothing to tell: said once. */
static void print_none(const struct text *t)
{
	if (t->snap->exchanges == 0)
		return;
	putc('\n', t->out);
	text__wrap(t, 2, "",
		   t->snap->threads_len
			   ? "Where the time went: not known, the threads of "
			     "no exchange were seen from its begin to its end."
			   : "Where the time went: not known, as the time of "
			     "threads was not traced (--no-parts).");
}

static void print_heading(const struct text *t)
{
	fputs("\nWhere the time went (most of it first)\n", t->out);
	text__wrap(t, 2, "  ",
		   "Means of all exchanges, of those around the median "
		   "duration, and of the slowest 1 %. The parts add up to the "
		   "duration.");
}

static void print_all(const struct text *t,
		      const struct snapshot_series *const *list, size_t len)
{
	struct breakdown_view v;
	size_t shown = 0, more = 0;

	for (size_t i = 0; i < len; i++) {
		if (!breakdown_view__make(&v, &list[i]->m))
			continue;
		if (shown == SERIES_MAX) {
			more++;
			continue;
		}
		if (shown++ == 0)
			print_heading(t);
		print_series(t, list[i], &v);
	}
	if (more > 0)
		fprintf(t->out, "\n... and %zu more series (--json has all)\n",
			more);
	if (shown == 0)
		print_none(t);
}

int text__parts(const struct text *t)
{
	size_t len = t->snap->series_len;
	const struct snapshot_series **list = calloc(len + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++)
		list[i] = &t->snap->series[i];
	qsort(list, len, sizeof(*list), compare_time);
	print_all(t, list, len);
	free(list);
	return 0;
}
