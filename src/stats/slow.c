/* SPDX-License-Identifier: GPL-2.0-only */
/* See slow.h: owns what was told while pending. */
#include "stats/slow.h"

#include <errno.h>
#include <stdlib.h>

void slow__init(struct slow *s, const struct stats_config *config,
		const struct processes *processes)
{
	*s = (struct slow){.ns = UINT64_MAX, .max_told = SLOW_TOLD};
	if (!config->slow && !config->settled)
		return;
	if (config->slow_ns)
		s->ns = config->slow_ns;
	s->quantile = config->slow_quantile;
	s->tell = config->slow;
	s->ctx = config->slow_ctx;
	s->settled = config->settled;
	s->settled_ctx = config->settled_ctx;
	s->processes = processes;
}

static void forget(struct slow *s, struct slow_told *told)
{
	HASH_DEL(s->told, told);
	free(told);
}

void slow__free(struct slow *s)
{
	struct slow_told *told, *next;

	HASH_ITER (hh, s->told, told, next)
		forget(s, told);
}

static struct slow_told *find(const struct slow *s, uint64_t cookie)
{
	struct slow_told *told;

	HASH_FIND(hh, s->told, &cookie, sizeof(cookie), told);
	return told;
}

static bool is_slow(const struct slow *s, const struct request *r,
		    const struct group *g)
{
	uint64_t duration = measure__duration(r);

	return duration >= s->ns || (g && duration > g->slow.over);
}

/* An exchange that went on in another record has a new number, and keeps its
 * begin. */
static bool is_same(const struct slow_told *told, const struct request *r)
{
	return told->seq == r->seq || told->begin == r->begin;
}

/* r settles: whether it was told before. What was told of an exchange before r
 * is of one that made no request (a stream, a goodbye). */
static bool was_told(struct slow *s, const struct request *r)
{
	struct slow_told *told = s->told ? find(s, r->cookie) : NULL;
	bool same;

	if (!told)
		return false;
	same = is_same(told, r);
	if (same || (int32_t)(r->seq - told->seq) > 0)
		forget(s, told);
	return same;
}

/* In whole ns: longer than the quantile is longer than its floor. */
static void renew(const struct slow *s, struct group *g)
{
	if (g->m.operations < g->slow.due)
		return;
	g->slow.over =
		(uint64_t)histogram__quantile(&g->m.duration, s->quantile);
	g->slow.due = g->m.operations + GROUP_SLOW_OPERATIONS;
}

static int tell(const struct slow *s, const struct request *r)
{
	return s->tell(s->ctx, r, process_list__comm(s->processes, r->pid));
}

static int pass_on(const struct slow *s, const struct request *r, bool slow)
{
	return s->settled ? s->settled(s->settled_ctx, r, slow) : 0;
}

int slow__settled(struct slow *s, const struct request *r, struct group *g)
{
	bool slow;
	int err = 0;

	if (!s->tell && !s->settled)
		return 0;
	if (r->is_call)
		return pass_on(s, r, false);
	/* By what the series was before r came. */
	slow = is_slow(s, r, g);
	if (s->quantile > 0)
		renew(s, g);
	if (!was_told(s, r) && slow && s->tell)
		err = tell(s, r);
	return err ? err : pass_on(s, r, slow);
}

/* 0, -ENOSPC or -ENOMEM. */
static int remember(struct slow *s, const struct request *r)
{
	struct slow_told *told = find(s, r->cookie);

	if (!told) {
		if (HASH_COUNT(s->told) >= s->max_told)
			return -ENOSPC;
		told = malloc(sizeof(*told));
		if (!told)
			return -ENOMEM;
		told->cookie = r->cookie;
		HASH_ADD(hh, s->told, cookie, sizeof(told->cookie), told);
		if (!told->hh.tbl) {
			free(told);
			return -ENOMEM;
		}
	}
	told->begin = r->begin;
	told->seq = r->seq;
	return 0;
}

int slow__pending(struct slow *s, const struct request *r,
		  const struct group *g)
{
	const struct slow_told *told;
	int err;

	if (!s->tell || r->is_call || !is_slow(s, r, g))
		return 0;
	told = find(s, r->cookie);
	if (told && is_same(told, r))
		return 0;
	err = remember(s, r);
	if (err)
		return err == -ENOSPC ? 0 : err;
	return tell(s, r);
}

int slow__last(const struct slow *s, const struct request *r,
	       const struct group *g)
{
	return pass_on(s, r, !r->is_call && is_slow(s, r, g));
}

void slow__closed(struct slow *s, uint64_t cookie)
{
	struct slow_told *told = s->told ? find(s, cookie) : NULL;

	if (told)
		forget(s, told);
}

uint64_t slow__threshold(const struct slow *s, const struct groups *series)
{
	uint64_t least = s->ns;

	for (const struct group *g = series->all; g; g = g->hh.next)
		if (g->slow.over < least)
			least = g->slow.over;
	return least;
}
