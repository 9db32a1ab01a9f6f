/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The text report and the plain periodic table. Fed with a snapshot, yields
 * plain text without escape codes, made in memory and written at once, so
 * that a write that fails is known by its errno.
 */
#include <errno.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "view/notes.h"
#include "view/screen.h"
#include "view/text.h"
#include "view/units.h"

#define DEFAULT_WIDTH 80
#define REPORT_ROWS_MAX 60
#define INTERVAL_ROWS_MAX 20
#define STREAMS_MAX 20

bool view__utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static void clean(const struct text *t, char *buf, size_t size, const char *s)
{
	screen__clean(buf, size, s ? s : "", t->utf8);
}

/* UTC, so that a recording replayed elsewhere gives the same report. */
static void wall_time(char *buf, size_t size, uint64_t ns, const char *format)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || strftime(buf, size, format, &tm) == 0)
		buf[0] = '\0';
}

static void print_header(const struct text *t)
{
	const struct snapshot *snap = t->snap;
	char target[256], version[64], host[80], kernel[80], arch[32];
	char engine[32], start[40], seconds[UNITS_LEN];

	notes__target(target, sizeof(target), snap, t->utf8);
	clean(t, version, sizeof(version), snap->version);
	clean(t, host, sizeof(host), snap->host);
	clean(t, kernel, sizeof(kernel), snap->kernel);
	clean(t, arch, sizeof(arch), snap->arch);
	clean(t, engine, sizeof(engine), snap->engine);
	wall_time(start, sizeof(start), snap->wall_start, "%F %T UTC");
	text__wrapf(t, 2, "", "reqtrace %s: %s", version, target);
	text__wrapf(t, 2, "", "%s from %s, engine %s; %s, Linux %s %s, %u %s",
		    units__duration(seconds, snap->now - snap->start, t->utf8),
		    start, engine, host, kernel, arch, snap->cpus,
		    snap->cpus == 1 ? "CPU" : "CPUs");
}

static void print_streams(const struct text *t)
{
	const struct snapshot *snap = t->snap;

	if (snap->streams_len)
		fputs("\nStreams (not among the durations above)\n", t->out);
	for (size_t i = 0; i < snap->streams_len && i < STREAMS_MAX; i++) {
		const struct snapshot_stream *s = &snap->streams[i];
		char comm[64], protocol[32], operation[256], total[UNITS_LEN];
		char active[UNITS_LEN], in[UNITS_LEN], out[UNITS_LEN];
		char life[UNITS_LEN], p50[64] = "";

		clean(t, comm, sizeof(comm), s->comm);
		clean(t, protocol, sizeof(protocol), s->protocol);
		clean(t, operation, sizeof(operation), s->operation);
		if (s->duration.count)
			snprintf(p50, sizeof(p50), ", ended ones p50 %s",
				 units__duration(
					 life,
					 histogram__quantile(&s->duration, 0.5),
					 t->utf8));
		text__wrapf(t, 4, "  ",
			    "%s (%u), port %u, %s %s: %s, %s active; %s in, "
			    "%s out%s",
			    comm, s->pid, s->port, protocol, operation,
			    units__count(total, s->streams),
			    units__count(active, s->active),
			    units__bytes(in, s->bytes_in),
			    units__bytes(out, s->bytes_out), p50);
	}
	if (snap->streams_len > STREAMS_MAX)
		fprintf(t->out, "  ... and %zu more (--json has all)\n",
			snap->streams_len - STREAMS_MAX);
}

static void print_definitions(const struct text *t)
{
	static const enum rt_role roles[] = {RT_ROLE_SERVER, RT_ROLE_CLIENT,
					     RT_ROLE_UNKNOWN};
	char note[400];

	if (t->snap->exchanges == 0)
		return;
	fputs("\nDurations\n", t->out);
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		notes__definition(note, sizeof(note), t->snap, roles[i]);
		if (note[0])
			text__wrap(t, 2, "  ", note);
	}
	if (t->snap->operations > t->snap->exchanges)
		text__wrap(t, 2, "  ",
			   "Operations of one pipelined exchange each count "
			   "at its whole duration.");
}

static void print_not_seen(const struct text *t)
{
	char engine[32], note[256];

	clean(t, engine, sizeof(engine), t->snap->engine);
	for (size_t i = 0; i < t->snap->not_seen_len; i++) {
		clean(t, note, sizeof(note), t->snap->not_seen[i]);
		text__wrapf(t, 6, "  ", "engine %s: %s.", engine, note);
	}
}

/* How much of the time of exchanges the parts account for. */
static void print_attributed(const struct text *t)
{
	const struct snapshot *snap = t->snap;
	uint64_t whole = snap->attributed + snap->unattributed;
	char share[UNITS_LEN], sums[UNITS_LEN], violations[UNITS_LEN];

	if (whole > 0)
		text__wrapf(t, 6, "  ",
			    "unattributed %s of the time of exchanges",
			    units__share(share, snap->unattributed, whole));
	if (snap->verified)
		text__wrapf(
			t, 6, "  ",
			"verify: %s exchanges added up again, %s %s",
			units__count(sums, snap->exchanges - snap->summarised),
			units__count(violations, snap->violations),
			snap->violations == 1 ? "violation" : "violations");
}

static void print_coverage(const struct text *t)
{
	const struct snapshot *snap = t->snap;
	char exchanges[UNITS_LEN], operations[UNITS_LEN], flight[UNITS_LEN];
	char summarised[UNITS_LEN], lost[UNITS_LEN], midway[UNITS_LEN];

	putc('\n', t->out);
	text__wrapf(t, 2, "Coverage: ",
		    "%s exchanges (%s operations), %s summarised, %s lost, "
		    "%s joined midway, %s in flight",
		    units__count(exchanges, snap->exchanges),
		    units__count(operations, snap->operations),
		    units__count(summarised, snap->summarised),
		    units__count(lost, snap->lost),
		    units__count(midway, notes__counter(snap, "joined_midway")),
		    units__count(flight, snap->in_flight));
	print_attributed(t);
	print_not_seen(t);
	for (size_t i = 0; i < snap->counters_len; i++) {
		const struct snapshot_counter *c = &snap->counters[i];
		char count[UNITS_LEN];

		if (c->value)
			text__wrapf(t, 6, "  ", "%s %s: %s", c->name,
				    units__count(count, c->value), c->reason);
	}
}

static void print_cost(const struct text *t)
{
	const struct snapshot *snap = t->snap;
	char user[UNITS_LEN], share[UNITS_LEN], rss[UNITS_LEN];
	char bpf[UNITS_LEN], each[UNITS_LEN], note[160];

	if (!snap->bpf_known)
		snprintf(note, sizeof(note),
			 "BPF run time not measured (its statistics are off)");
	else if (!snap->exchanges)
		snprintf(note, sizeof(note), "BPF %s",
			 units__duration(bpf, snap->bpf_ns, t->utf8));
	else
		snprintf(note, sizeof(note), "BPF %s, %s an exchange",
			 units__duration(bpf, snap->bpf_ns, t->utf8),
			 units__duration(each,
					 (double)snap->bpf_ns / snap->exchanges,
					 t->utf8));
	text__wrapf(t, 2, "Cost: ",
		    "reqtrace used %s of CPU (%s of one CPU) and %s of memory; "
		    "%s",
		    units__duration(user, snap->user_ns, t->utf8),
		    units__share(share, snap->user_ns, snap->now - snap->start),
		    units__bytes(rss, snap->rss_bytes), note);
}

static void print_nothing(const struct text *t)
{
	char note[400];

	notes__nothing(note, sizeof(note), t->snap);
	if (note[0]) {
		putc('\n', t->out);
		text__wrap(t, 0, "", note);
	}
}

static void print_table_title(const struct text *t)
{
	const struct snapshot *snap = t->snap;
	char listed[UNITS_LEN], total[UNITS_LEN];
	uint64_t open = 0;

	if (snap->by != SNAPSHOT_BY_CONNECTION) {
		fprintf(t->out, "\nBy %s, rates over the whole time\n",
			columns__by(snap->by));
		return;
	}
	for (size_t i = 0; i < snap->conns_len; i++)
		open += snap->conns[i].open;
	text__wrapf(t, 2, "\nBy connection: ",
		    "%s of %s open ones, and %s slowest of the closed ones",
		    units__count(listed, open),
		    units__count(total, snap->conns_open_total),
		    snap->conns_len > open ? "the" : "no");
}

static int report_body(const struct text *t)
{
	int err = 0;

	print_header(t);
	print_nothing(t);
	if (columns__rows(t->snap) > 0) {
		print_table_title(t);
		err = text__table(t, REPORT_ROWS_MAX);
	}
	if (!err)
		err = text__ports(t);
	if (err)
		return err;
	err = text__parts(t);
	if (err)
		return err;
	text__slowest(t);
	err = text__threads(t);
	if (err)
		return err;
	print_streams(t);
	print_definitions(t);
	print_coverage(t);
	print_cost(t);
	return 0;
}

/*
 *   11:12:46 UTC  160,000 ops/s, 50 connections, 3 in flight
 */
static int interval_body(const struct text *t)
{
	const struct snapshot *snap = t->snap;
	char at[24], rate[UNITS_LEN], active[UNITS_LEN], flight[UNITS_LEN];
	char note[400];

	wall_time(at, sizeof(at), snap->wall_start + snap->now - snap->start,
		  "%T UTC");
	text__wrapf(t, 2, "",
		    "%s  %s operations/s, %s connections, %s in flight", at,
		    units__rate(rate, notes__rate(snap)),
		    units__count(active, notes__active(snap)),
		    units__count(flight, snap->in_flight));
	notes__missed(note, sizeof(note), snap);
	if (note[0])
		text__wrap(t, 2, "  coverage: ", note);
	notes__nothing(note, sizeof(note), snap);
	if (note[0])
		text__wrap(t, 2, "  ", note);
	if (columns__rows(snap) > 0) {
		int err = text__brief_table(t, INTERVAL_ROWS_MAX);

		if (err)
			return err;
	}
	putc('\n', t->out);
	return 0;
}

static int hand_on(FILE *out, const char *text, size_t len)
{
	errno = 0;
	if (fwrite(text, 1, len, out) != len || fflush(out) == EOF)
		return errno ? -errno : -EIO;
	return ferror(out) ? -EIO : 0;
}

static int write_with(int (*body)(const struct text *),
		      const struct snapshot *snap,
		      const struct view_style *style, FILE *out)
{
	struct text t = {.snap = snap,
			 .width = style->width ? style->width : DEFAULT_WIDTH,
			 .utf8 = style->utf8};
	char *text = NULL;
	size_t len = 0;
	int err;

	if (t.width < TEXT_MIN_WIDTH)
		t.width = TEXT_MIN_WIDTH;
	t.out = open_memstream(&text, &len);
	if (!t.out)
		return -ENOMEM;
	err = body(&t);
	if (ferror(t.out))
		err = -ENOMEM;
	if (fclose(t.out) == EOF)
		err = -ENOMEM;
	if (!err)
		err = hand_on(out, text, len);
	free(text);
	return err;
}

static int report(const struct snapshot *snap, const struct view_style *style,
		  FILE *out)
{
	return write_with(report_body, snap, style, out);
}

static int interval(const struct snapshot *snap, const struct view_style *style,
		    FILE *out)
{
	return write_with(interval_body, snap, style, out);
}

const struct view_format view_text = {
	.name = "text",
	.report = report,
	.interval = interval,
};
