/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the threads of each process spent their time, also outside exchanges.
 * Fed with a snapshot's threads, yields a table, or a paragraph a name where
 * a table does not fit.
 *
 *                 LIVING CPU TIME   CPU RUN QUEUE  POLL
 *   gunicorn (1201)
 *     gunicorn         4   1.20 s  30 %      <1 %  69 %
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "view/breakdown_view.h"
#include "view/clocks.h"
#include "view/screen.h"
#include "view/text.h"
#include "view/units.h"

#define PROCESSES_MAX 10
#define NAMES_MAX 8
#define NAME_LEN 64
#define NAME_INDENT 4
#define COUNT_WIDTH 7 /* " LIVING", "  ENDED" */
#define TIME_WIDTH 9  /* " CPU TIME" */
#define SHARE_LEN 12

struct process {
	const struct snapshot_threads *threads; /* names of them */
	size_t names;
	uint64_t cpu;
};

/* A line: threads of one name, or of all that found no line. */
struct row {
	struct snapshot_threads sum;
	uint64_t whole; /* ns, of all clocks */
	char name[NAME_LEN];
};

struct threads_table {
	const struct text *t;
	const struct process *process;
	size_t len;
	size_t name_width;
	bool ended;		/* some thread has */
	bool column[RT_CLOCKS]; /* there is something in it */
};

static int compare_cpu(const void *a, const void *b)
{
	const struct process *x = a, *y = b;

	if (x->cpu != y->cpu)
		return x->cpu > y->cpu ? -1 : 1;
	return (x->threads > y->threads) - (x->threads < y->threads);
}

/* One for each process, the busiest first; NULL when out of memory. */
static struct process *collect(const struct snapshot *snap, size_t *len)
{
	struct process *list = calloc(snap->threads_len + 1, sizeof(*list));

	*len = 0;
	for (size_t i = 0; list && i < snap->threads_len; i++) {
		const struct snapshot_threads *from = &snap->threads[i];

		if (*len == 0 || list[*len - 1].threads->pid != from->pid)
			list[(*len)++].threads = from;
		list[*len - 1].names++;
		list[*len - 1].cpu += from->clock[RT_CLOCK_CPU];
	}
	if (list)
		qsort(list, *len, sizeof(*list), compare_cpu);
	return list;
}

static size_t rows_of(const struct process *p)
{
	return p->names < NAMES_MAX ? p->names : NAMES_MAX;
}

static void add(struct row *r, const struct snapshot_threads *from)
{
	r->sum.living += from->living;
	r->sum.ended += from->ended;
	for (int i = 0; i < RT_CLOCKS; i++) {
		r->sum.clock[i] += from->clock[i];
		r->whole += from->clock[i];
	}
}

static void make_row(struct row *r, const struct process *p, size_t i,
		     bool utf8)
{
	size_t end = i + 1;

	*r = (struct row){.whole = 0};
	if (i + 1 == NAMES_MAX && p->names > NAMES_MAX) {
		end = p->names;
		snprintf(r->name, sizeof(r->name), "(%zu others)", end - i);
	} else {
		const char *name = p->threads[i].name;

		screen__clean(r->name, sizeof(r->name),
			      name && *name ? name : "-", utf8);
	}
	while (i < end)
		add(r, &p->threads[i++]);
}

static void measure_rows(struct threads_table *table)
{
	struct row row;

	for (size_t i = 0; i < table->len; i++) {
		const struct process *p = &table->process[i];

		for (size_t k = 0; k < rows_of(p); k++) {
			size_t width;

			make_row(&row, p, k, table->t->utf8);
			width = screen__width(row.name);
			if (width > table->name_width)
				table->name_width = width;
			if (row.sum.ended)
				table->ended = true;
			for (int c = 0; c < RT_CLOCKS; c++)
				table->column[c] |= row.sum.clock[c] > 0;
		}
	}
}

static int clock_width(int clock)
{
	int title = (int)strlen(clocks__title(clock));

	return 1 + (title > 5 ? title : 5); /* "100 %" */
}

static bool fits(const struct threads_table *table)
{
	size_t width = NAME_INDENT + table->name_width + COUNT_WIDTH +
		       TIME_WIDTH + (table->ended ? COUNT_WIDTH : 0);

	for (int c = 0; c < RT_CLOCKS; c++)
		width += table->column[c] ? clock_width(c) : 0;
	return width <= table->t->width;
}

static const char *share(char *buf, uint64_t part, uint64_t whole)
{
	double percent = whole ? 100.0 * part / whole : 0;

	if (part == 0)
		strcpy(buf, "-");
	else if (percent < 0.5)
		strcpy(buf, "<1 %");
	else
		snprintf(buf, SHARE_LEN, "%.0f %%", percent);
	return buf;
}

static void print_titles(const struct threads_table *table)
{
	FILE *out = table->t->out;

	fprintf(out, "%*s%*s", (int)(NAME_INDENT + table->name_width), "",
		COUNT_WIDTH, "LIVING");
	if (table->ended)
		fprintf(out, "%*s", COUNT_WIDTH, "ENDED");
	fprintf(out, "%*s", TIME_WIDTH, "CPU TIME");
	for (int c = 0; c < RT_CLOCKS; c++) {
		if (table->column[c])
			fprintf(out, "%*s", clock_width(c), clocks__title(c));
	}
	putc('\n', out);
}

static void print_line(const struct threads_table *table, const struct row *r)
{
	FILE *out = table->t->out;
	char name[NAME_LEN * 4], cpu[UNITS_LEN], cell[UNITS_LEN * 4];

	units__duration(cpu, r->sum.clock[RT_CLOCK_CPU], table->t->utf8);
	fprintf(out, "%*s%s%*u", NAME_INDENT, "",
		screen__pad(name, sizeof(name), r->name, table->name_width,
			    false, table->t->utf8),
		COUNT_WIDTH, r->sum.living);
	if (table->ended)
		fprintf(out, "%*u", COUNT_WIDTH, r->sum.ended);
	fputs(screen__pad(cell, sizeof(cell), cpu, TIME_WIDTH, true,
			  table->t->utf8),
	      out);
	for (int c = 0; c < RT_CLOCKS; c++) {
		char text[SHARE_LEN];

		if (table->column[c])
			fprintf(out, "%*s", clock_width(c),
				share(text, r->sum.clock[c], r->whole));
	}
	putc('\n', out);
}

static void print_paragraph(const struct threads_table *table,
			    const struct row *r)
{
	char note[400], cpu[UNITS_LEN], ended[32] = "";
	size_t used;

	if (r->sum.ended)
		snprintf(ended, sizeof(ended), ", %u ended", r->sum.ended);
	used = snprintf(note, sizeof(note), "%s: %u living%s; CPU time %s",
			r->name, r->sum.living, ended,
			units__duration(cpu, r->sum.clock[RT_CLOCK_CPU],
					table->t->utf8));
	for (int c = 0; c < RT_CLOCKS; c++) {
		char text[SHARE_LEN];

		if (r->sum.clock[c])
			used += snprintf(
				note + used, sizeof(note) - used, ", %s %s",
				breakdown_view__name(part__of_clock(c)),
				share(text, r->sum.clock[c], r->whole));
	}
	text__wrap(table->t, NAME_INDENT + 2, "    ", note);
}

static void print_process(const struct threads_table *table,
			  const struct process *p, bool as_table)
{
	struct row row;
	char comm[64];

	screen__clean(comm, sizeof(comm),
		      p->threads->comm ? p->threads->comm : "", table->t->utf8);
	text__wrapf(table->t, 4, "  ", "%s (%u)", comm, p->threads->pid);
	for (size_t i = 0; i < rows_of(p); i++) {
		make_row(&row, p, i, table->t->utf8);
		if (as_table)
			print_line(table, &row);
		else
			print_paragraph(table, &row);
	}
}

int text__threads(const struct text *t)
{
	struct threads_table table = {.t = t};
	size_t len;
	struct process *list = collect(t->snap, &len);
	bool as_table;

	if (!list)
		return -ENOMEM;
	table.process = list;
	table.len = len < PROCESSES_MAX ? len : PROCESSES_MAX;
	measure_rows(&table);
	as_table = fits(&table);
	if (len > 0) {
		putc('\n', t->out);
		text__wrap(t, 2, "",
			   "Threads (how they spent the time they were "
			   "traced)");
	}
	if (len > 0 && as_table)
		print_titles(&table);
	for (size_t i = 0; i < table.len; i++)
		print_process(&table, &list[i], as_table);
	if (len > table.len)
		fprintf(t->out, "  ... and %zu more (--json has all)\n",
			len - table.len);
	free(list);
	return 0;
}
