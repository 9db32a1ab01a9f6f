/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One sentence from the parts of a group of exchanges. Fed with its figures,
 * yields the part that matters, its share, and what the part means; nothing
 * where no part stands out.
 */
#include <stdio.h>

#include "view/append.h"
#include "view/diagnosis.h"
#include "view/screen.h"
#include "view/units.h"

#define LARGE 0.4 /* of the duration: a part to speak of */
#define TAIL 1.5  /* times p50: there is a slow end to explain */
/* One TCP segment in so many exchanges: a tenth of the slowest 1 % may be due
 * to them. */
#define RESENT_FROM 1000

struct diagnosis {
	struct append text;
	const struct breakdown_view *v;
	const struct measure *m;
	enum rt_role role;
	bool utf8;
};

static const char *peer(const struct diagnosis *d, char *buf, size_t size,
			const struct measure_call *call)
{
	screen__clean(buf, size, call->peer ? call->peer : "", d->utf8);
	return buf;
}

/* Who most of the time blocked on sockets went to; NULL: to no single one. */
static const struct measure_call *most_of_network(const struct measure *m)
{
	const struct measure_call *most = NULL;
	uint64_t sum = 0;

	for (size_t i = 0; i < m->calls_len; i++) {
		sum += m->calls[i].network;
		if (!most || m->calls[i].network > most->network)
			most = &m->calls[i];
	}
	return most && most->network > sum / 2 ? most : NULL;
}

static void say_network(struct diagnosis *d)
{
	const struct measure_call *most = most_of_network(d->m);
	char name[80];

	if (d->role == RT_ROLE_CLIENT) {
		append__text(&d->text, ": its thread waited on sockets, most "
				       "often for the answer");
		return;
	}
	if (!most) {
		append__text(&d->text, ": its thread waited on sockets");
		return;
	}
	/* Peers are known of all exchanges together only. */
	append__text(&d->text, d->v->main == BREAKDOWN_MEAN
				       ? ", most of it "
				       : ", most of it (in the mean) ");
	if (most->own)
		append__text(
			&d->text,
			"the client's own connection: slow to send or to take");
	else
		append__text(&d->text, "%s", peer(d, name, sizeof(name), most));
}

/* The peer that the calls out of these exchanges wait for the longest. */
static const struct measure_call *most_of_calls(const struct measure *m)
{
	const struct measure_call *most = NULL;

	for (size_t i = 0; i < m->calls_len; i++) {
		const struct measure_call *c = &m->calls[i];

		if (c->count > 0 && !c->own && (!most || c->time > most->time))
			most = c;
	}
	return most;
}

static void say_poll(struct diagnosis *d)
{
	const struct measure_call *most = most_of_calls(d->m);
	char name[80], each[UNITS_LEN];

	append__text(&d->text, ": its thread waited for events");
	if (most)
		append__text(&d->text, "; the answer of %s takes %s",
			     peer(d, name, sizeof(name), most),
			     units__duration(each,
					     (double)most->time / most->count,
					     d->utf8));
}

/* Of threads only what they did is known: on an event loop the exchange is one
 * of several that this held up, and need not be the one that caused it. */
static void say_meaning(struct diagnosis *d, const struct breakdown_item *item)
{
	static const char *const meaning[PARTS] = {
		[PART_CPU] = "its thread computed",
		[PART_CPU_OTHER] =
			"its thread ran for other requests meanwhile",
		[PART_LOCK] = "its thread waited for another one",
		[PART_DISK] = "its thread waited for files or block devices",
		[PART_SLEEP] = "its thread slept",
		[PART_PAGE_FAULT] = "its thread waited for pages of memory",
		[PART_OTHER_BLOCKED] =
			"its thread waited for pipes, child processes and the "
			"like",
		[PART_HANDOFF] = "it waited for a free worker, or for the "
				 "hand-over between threads",
	};
	char wait[UNITS_LEN];

	switch (item->part) {
	case PART_RECEIVE_QUEUE:
		append__text(&d->text, ": %s",
			     d->role == RT_ROLE_CLIENT
				     ? "the answer was there and not read"
				     : "the event loop, or every worker, was "
				       "busy with other things");
		break;
	case PART_RUN_QUEUE:
		units__duration(wait, item->ns[d->v->main], d->utf8);
		append__text(
			&d->text,
			", %s of waiting for a CPU: more runnable threads than "
			"CPUs to run them",
			wait);
		break;
	case PART_NETWORK:
		say_network(d);
		break;
	case PART_POLL:
		say_poll(d);
		break;
	default:
		append__text(&d->text, ": %s", meaning[item->part]);
	}
}

/* TCP had to send again while something waited for the network. */
static void say_resent(struct diagnosis *d, int part)
{
	const struct measure *m = d->m;
	bool waits = part == PART_NETWORK ||
		     (part == PART_POLL && d->role == RT_ROLE_CLIENT);
	char count[UNITS_LEN];

	if (waits && m->retransmits > 0 &&
	    m->retransmits >= m->exchanges / RESENT_FROM)
		append__text(&d->text, "; TCP sent %s %s again",
			     units__count(count, m->retransmits),
			     m->retransmits == 1 ? "segment" : "segments");
}

/* What made the slow end slower than p50: the item that grew most, if that is
 * a large part of the growth; else SIZE_MAX. */
static size_t grown(const struct breakdown_view *v, double *share)
{
	double slow = v->slice[BREAKDOWN_SLOWEST].duration;
	double p50 = v->slice[BREAKDOWN_P50].duration;
	size_t most = SIZE_MAX;
	double by = 0, sum = 0;

	if (v->main != BREAKDOWN_SLOWEST || !(slow >= TAIL * p50))
		return SIZE_MAX;
	for (size_t i = 0; i < v->len; i++) {
		const double *ns = v->item[i].ns;
		double more = ns[BREAKDOWN_SLOWEST] - ns[BREAKDOWN_P50];

		if (more > 0)
			sum += more;
		if (more > by) {
			by = more;
			most = i;
		}
	}
	*share = sum > 0 ? by / sum : 0;
	return *share >= LARGE ? most : SIZE_MAX;
}

/* A part that something can be said of. */
static bool is_named(const struct breakdown_item *item)
{
	return item->part != PART_UNATTRIBUTED && item->part != BREAKDOWN_REST;
}

char *diagnosis__sentence(char *buf, const struct breakdown_view *v,
			  const struct measure *m, enum rt_role role, bool utf8)
{
	struct diagnosis d = {.text = {buf, DIAGNOSIS_LEN, 0},
			      .v = v,
			      .m = m,
			      .role = role,
			      .utf8 = utf8};
	double share = breakdown_view__share(v, 0, v->main), growth = 0;
	size_t cause = grown(v, &growth);
	const struct breakdown_item *item = &v->item[0];

	buf[0] = '\0';
	if (v->len == 0 || share < LARGE || !is_named(item))
		return buf;
	if (cause != SIZE_MAX && cause != 0) {
		item = &v->item[cause];
		if (!is_named(item))
			return buf;
		append__text(&d.text,
			     "%.0f %% of what the slow end adds to p50 "
			     "is %s",
			     growth * 100, breakdown_view__name(item->part));
	} else {
		append__text(&d.text, "%.0f %% of the %s is %s", share * 100,
			     v->main == BREAKDOWN_SLOWEST ? "slow end" : "mean",
			     breakdown_view__name(item->part));
	}
	say_meaning(&d, item);
	say_resent(&d, item->part);
	return buf;
}
