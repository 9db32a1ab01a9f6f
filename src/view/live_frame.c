/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A snapshot as the live view shows it. Fed with a snapshot, yields texts.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "view/live_frame.h"
#include "view/notes.h"
#include "view/screen.h"
#include "view/units.h"

/* The next piece of the title line. */
static void piece(struct live_frame *f, int i, int priority, const char *format,
		  ...) __attribute__((format(printf, 4, 5)));

static void piece(struct live_frame *f, int i, int priority, const char *format,
		  ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(f->title[i].text, sizeof(f->title[i].text), format, args);
	va_end(args);
	f->title[i].priority = priority;
}

static void fill_title(struct live_frame *f, const struct snapshot *snap,
		       bool utf8)
{
	char target[200], engine[32], time[UNITS_LEN], count[UNITS_LEN];
	char rate[UNITS_LEN];

	notes__target(target, sizeof(target), snap, utf8);
	screen__clean(engine, sizeof(engine), snap->engine ? snap->engine : "",
		      utf8);
	piece(f, 0, 0, "%s", target);
	piece(f, 1, 2, "%s",
	      units__duration(time, snap->now - snap->start, utf8));
	piece(f, 2, 4, "engine %s%s", engine,
	      snap->not_seen_len ? " (limits: ?)" : "");
	piece(f, 3, 3, "%s exchanges", units__count(count, snap->exchanges));
	piece(f, 4, 1, "%s/s", units__rate(rate, notes__rate(snap)));
}

/* Streams are not in the table: say that they are there. */
static void add_streams(char *buf, size_t size, const struct snapshot *snap)
{
	uint64_t streams = 0, active = 0;
	char all[UNITS_LEN], now[UNITS_LEN];
	size_t used = strlen(buf);

	for (size_t i = 0; i < snap->streams_len; i++) {
		streams += snap->streams[i].streams;
		active += snap->streams[i].active;
	}
	if (streams > 0)
		snprintf(buf + used, size - used, ", %s streams (%s active)",
			 units__count(all, streams), units__count(now, active));
}

static void fill_scope(struct live_frame *f, const struct snapshot *snap,
		       bool utf8)
{
	char interval[UNITS_LEN], active[UNITS_LEN], listed[UNITS_LEN];
	uint64_t open = 0;

	units__duration(interval, snap->interval, utf8);
	units__count(active, notes__active(snap));
	if (snap->by != SNAPSHOT_BY_CONNECTION) {
		snprintf(f->scope, sizeof(f->scope),
			 "by %s; rates: %s%s; percentiles: since the start; "
			 "%s connections",
			 columns__by(snap->by),
			 snap->interval ? "last " : "whole time",
			 snap->interval ? interval : "", active);
	} else {
		for (size_t i = 0; i < snap->conns_len; i++)
			open += snap->conns[i].open;
		snprintf(f->scope, sizeof(f->scope),
			 "by connection; %s of %s open, and the slowest "
			 "closed; figures of each connection",
			 units__count(listed, open),
			 units__count(active, snap->conns_open_total));
	}
	add_streams(f->scope, sizeof(f->scope), snap);
}

int live_frame__build(struct live_frame *f, const struct snapshot *snap,
		      bool utf8)
{
	struct live_details details;
	struct table table;
	int err = live_details__build(&details, snap, utf8);

	if (err)
		return err;
	err = table__build(&table, snap, false, utf8);
	if (err) {
		live_details__free(&details);
		return err;
	}
	live_frame__free(f);
	f->table = table;
	f->details = details;
	f->by = snap->by;
	fill_title(f, snap, utf8);
	fill_scope(f, snap, utf8);
	notes__missed(f->missed, sizeof(f->missed), snap);
	notes__nothing(f->nothing, sizeof(f->nothing), snap);
	notes__not_seen(f->not_seen, sizeof(f->not_seen), snap, utf8);
	return 0;
}

void live_frame__free(struct live_frame *f)
{
	table__free(&f->table);
	live_details__free(&f->details);
}
