/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One exchange on one line. Fed with a finished request, yields its text:
 * names are clean, parts below 1 % of the duration are left out, but not
 * what is unattributed.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "view/append.h"
#include "view/breakdown_view.h"
#include "view/peer.h"
#include "view/screen.h"
#include "view/slow_line.h"
#include "view/units.h"

#define SMALL 100 /* below 1/100 of the duration */
#define NAME_LEN 200
#define ITEMS_MAX (PARTS + RT_CALLS)

/* A part, or what of the network went to one peer. */
struct item {
	uint64_t ns;
	int part;
	const struct request_call *call; /* NULL: a part */
};

struct line {
	struct append text;
	const struct request *r;
	uint64_t duration;
	bool utf8;
	struct item item[ITEMS_MAX];
	size_t len;
};

static void add_clean(struct line *l, const char *text)
{
	char clean[NAME_LEN];

	screen__clean(clean, sizeof(clean), text && *text ? text : "-",
		      l->utf8);
	append__text(&l->text, "%s", clean);
}

static void add_time(struct line *l, uint64_t wall)
{
	time_t seconds = (time_t)(wall / 1000000000);
	char text[40] = "";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%FT%T", &tm);
	append__text(&l->text, "%s.%03uZ ", text,
		     (unsigned int)(wall / 1000000 % 1000));
}

static void add_peer(struct line *l)
{
	char peer[PEER_LEN];

	append__text(&l->text, " %s %s",
		     l->r->role == RT_ROLE_CLIENT ? "to" : "from",
		     peer__endpoint(peer, l->r));
}

static bool is_shown(const struct line *l, const struct item *item)
{
	return item->ns > 0 && (item->part == PART_UNATTRIBUTED ||
				item->ns >= l->duration / SMALL);
}

/* Equal ones stay in the order in which they come. */
static void insert(struct line *l, struct item item)
{
	size_t at = l->len;

	if (!is_shown(l, &item))
		return;
	l->len++;
	while (at > 0 && l->item[at - 1].ns < item.ns) {
		l->item[at] = l->item[at - 1];
		at--;
	}
	l->item[at] = item;
}

/* The network is told by peer; what of it is nobody's stays as it is. */
static void collect(struct line *l)
{
	const struct request *r = l->r;
	uint64_t network = r->part[PART_NETWORK];

	for (size_t i = 0; i < r->calls_len && i < RT_CALLS; i++) {
		uint64_t ns = r->calls[i].network;

		if (ns > network)
			ns = network;
		network -= ns;
		insert(l, (struct item){ns, PART_NETWORK, &r->calls[i]});
	}
	for (int part = 0; part < PARTS; part++) {
		uint64_t ns = part == PART_NETWORK ? network : r->part[part];

		insert(l, (struct item){ns, part, NULL});
	}
}

static void add_items(struct line *l)
{
	for (size_t i = 0; i < l->len; i++) {
		const struct item *item = &l->item[i];
		char ns[UNITS_LEN];

		append__text(&l->text, "%s", i ? ", " : ": ");
		append__text(&l->text, "%s ", breakdown_view__name(item->part));
		if (item->call && item->call->own) {
			append__text(&l->text, "own connection ");
		} else if (item->call) {
			add_clean(l, item->call->peer);
			append__text(&l->text, " ");
		}
		append__text(&l->text, "%s",
			     units__duration(ns, item->ns, l->utf8));
	}
}

/* Calls out, however the process waited for them. */
static void add_calls(struct line *l)
{
	const struct request *r = l->r;
	const char *before = "; calls ";

	for (size_t i = 0; i < r->calls_len && i < RT_CALLS; i++) {
		const struct request_call *c = &r->calls[i];
		char time[UNITS_LEN], count[UNITS_LEN];

		if (c->count == 0)
			continue;
		append__text(&l->text, "%s", before);
		add_clean(l, c->peer);
		append__text(&l->text, " x%s %s", units__count(count, c->count),
			     units__duration(time, c->time, l->utf8));
		before = ", ";
	}
}

char *slow_line__text(char *buf, const struct request *r, const char *comm,
		      uint64_t wall, bool watched, bool utf8)
{
	struct line l = {.text = {buf, SLOW_LINE_LEN, 0}, .r = r, .utf8 = utf8};
	char duration[UNITS_LEN];

	buf[0] = '\0';
	l.duration = r->end > r->begin ? r->end - r->begin : 0;
	add_time(&l, wall);
	add_clean(&l, comm);
	append__text(&l.text, " (%u) thread %u", r->pid, r->tid);
	if (r->last_tid && r->last_tid != r->tid)
		append__text(&l.text, "->%u", r->last_tid);
	add_peer(&l);
	append__text(&l.text, " ");
	add_clean(&l,
		  r->operation && *r->operation ? r->operation : r->protocol);
	if (r->status && *r->status) {
		append__text(&l.text, " ");
		add_clean(&l, r->status);
	}
	append__text(&l.text, " %s",
		     units__duration(duration, l.duration, utf8));
	collect(&l);
	add_items(&l);
	if (watched && !r->has_parts)
		append__text(&l.text, " (its threads were not seen)");
	if (r->parts_cut)
		append__text(&l.text, " (cut: they had exceeded it)");
	add_calls(&l);
	return buf;
}

int slow_line__write(const struct request *r, const char *comm, uint64_t wall,
		     bool watched, bool utf8, FILE *out)
{
	char buf[SLOW_LINE_LEN];

	slow_line__text(buf, r, comm, wall, watched, utf8);
	errno = 0;
	if (fputs(buf, out) == EOF || putc('\n', out) == EOF ||
	    fflush(out) == EOF)
		return errno ? -errno : -EIO;
	return 0;
}
