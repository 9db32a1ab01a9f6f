/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A sink that checks what must always hold of what the model tells, whatever
 * the records were.
 */
#ifndef REQTRACE_TESTS_MODEL_CHECK_H
#define REQTRACE_TESTS_MODEL_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "model/sink.h"

#define COOKIES 8

/* Records whose parts are known to the checker: one bit each, and one more for
 * all the others. */
#define RECORDS 31
/* Those of one request that are tried together at most. */
#define RECORDS_TRIED 10

struct life {
	bool open, accepted, streaming;
	uint32_t pid;
};

struct record {
	uint64_t cookie;
	uint32_t seq;
	uint64_t part[PARTS]; /* but the receive queue */
	bool fault;
};

struct checker {
	struct life life[COOKIES];
	uint64_t requests;
	struct record record[RECORDS];
	unsigned records;
};

#define MUST(what)                                                             \
	do {                                                                   \
		if (!(what)) {                                                 \
			fprintf(stderr, "%s:%d: %s\n", __func__, __LINE__,     \
				#what);                                        \
			abort();                                               \
		}                                                              \
	} while (0)

static void check_text(const char *text)
{
	MUST(text);
	MUST(utf8__printable(text, strlen(text)));
}

static uint64_t saturated(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

/* The model adds up the retransmits of what makes one request, so a bit each
 * tells which records those were. The sum is wider, so that the last bit may be
 * added to itself. */
static void checker__remember(struct checker *checker, struct rt_exchange *ex)
{
	bool unsplit = ex->header.flags & RT_EX_CPU_UNSPLIT;
	uint64_t cpu = ex->clock[RT_CLOCK_CPU], own = ex->own_cpu;
	struct record *rec;

	ex->retransmits = 1u << checker->records;
	if (checker->records == RECORDS)
		return;
	rec = &checker->record[checker->records++];
	rec->cookie = ex->peer.cookie;
	rec->seq = ex->seq;
	if (!(ex->header.flags & RT_EX_PARTS))
		return;
	rec->fault = !unsplit && own > cpu;
	rec->part[PART_CPU] = unsplit ? 0 : rec->fault ? cpu : own;
	rec->part[PART_CPU_OTHER] = unsplit || rec->fault ? 0 : cpu - own;
	rec->part[PART_UNATTRIBUTED] = unsplit ? cpu : 0;
	rec->part[PART_HANDOFF] = ex->handoff;
	for (int i = RT_CLOCK_RUN_QUEUE; i < RT_CLOCKS; i++)
		rec->part[PART_RUN_QUEUE + i - RT_CLOCK_RUN_QUEUE] =
			ex->clock[i];
}

/* Some record of r has a bit, and is of the same exchange as rec. */
static bool is_of(const struct checker *checker, const struct request *r,
		  const struct record *rec)
{
	for (unsigned i = 0; i < checker->records; i++) {
		const struct record *its = &checker->record[i];

		if (r->retransmits >> i & 1 && its->cookie == rec->cookie &&
		    its->seq == rec->seq)
			return true;
	}
	return false;
}

/* Records that r may be made of: those that are joined in it, and other ones of
 * the same exchanges. An answer that was whole keeps the parts that it had. */
static size_t candidates(const struct checker *checker, const struct request *r,
			 const struct record **out)
{
	size_t n = 0;

	for (unsigned i = 0; i < checker->records; i++)
		if (is_of(checker, r, &checker->record[i]))
			out[n++] = &checker->record[i];
	return n;
}

/* No exchange has two records in set. */
static bool is_one_each(const struct record *const *rec, size_t n, uint32_t set)
{
	for (size_t k = 0; k < n; k++)
		for (size_t j = 0; set >> k & 1 && j < k; j++)
			if (set >> j & 1 && rec[j]->seq == rec[k]->seq)
				return false;
	return true;
}

static bool is_sum(const struct record *const *rec, size_t n, uint32_t set,
		   const uint64_t part[PARTS])
{
	uint64_t sum[PARTS] = {0};

	for (size_t k = 0; k < n; k++)
		for (int i = PART_CPU; set >> k & 1 && i < PARTS; i++)
			sum[i] = saturated(sum[i], rec[k]->part[i]);
	return sum[PART_UNATTRIBUTED] <= part[PART_UNATTRIBUTED] &&
	       memcmp(&sum[PART_CPU], &part[PART_CPU],
		      (PART_UNATTRIBUTED - PART_CPU) * sizeof(sum[0])) == 0;
}

/* Some of rec[0..n), one of an exchange, add up to part. */
static bool adds_up(const struct record *const *rec, size_t n,
		    const uint64_t part[PARTS])
{
	for (uint32_t set = 0; set < 1u << n; set++)
		if (is_one_each(rec, n, set) && is_sum(rec, n, set, part))
			return true;
	return false;
}

static bool may_be_cut(const struct record *const *rec, size_t n,
		       const struct request *r)
{
	uint64_t sum = r->part[PART_RECEIVE_QUEUE];

	if (sum == r->end - r->begin)
		return true;
	for (size_t k = 0; k < n; k++) {
		if (rec[k]->fault)
			return true;
		for (int i = PART_CPU; i < PARTS; i++)
			sum = saturated(sum, rec[k]->part[i]);
	}
	return sum > r->end - r->begin;
}

/* They sum to the duration, and are what the records said unless cut. */
static void check_parts(const struct checker *checker, const struct request *r)
{
	const struct record *rec[RECORDS];
	uint64_t left = r->end - r->begin;
	size_t n;

	for (int i = 0; i < PARTS; i++) {
		MUST(r->part[i] <= left);
		left -= r->part[i];
	}
	MUST(left == 0);
	MUST(r->has_parts || !r->parts_cut);
	for (int i = PART_CPU; !r->has_parts && i < PART_UNATTRIBUTED; i++)
		MUST(r->part[i] == 0);
	MUST(r->retransmits != 0);
	if (!r->has_parts || r->retransmits >> RECORDS)
		return;
	n = candidates(checker, r, rec);
	if (r->parts_cut)
		MUST(may_be_cut(rec, n, r));
	else if (n <= RECORDS_TRIED)
		MUST(adds_up(rec, n, r->part));
}

static void check_calls(const struct request *r)
{
	uint64_t network = r->part[PART_NETWORK], before = UINT64_MAX;

	MUST(r->calls_len <= RT_CALLS);
	for (size_t i = 0; i < r->calls_len; i++) {
		const struct request_call *call = &r->calls[i];
		uint64_t weight = saturated(call->time, call->network);

		check_text(call->peer);
		MUST(call->own == (strcmp(call->peer, "client") == 0));
		MUST(call->network <= network);
		network -= call->network;
		MUST(weight <= before);
		before = weight;
		for (size_t k = 0; k < i; k++)
			MUST(strcmp(r->calls[k].peer, call->peer) != 0);
	}
}

static void check_request(const struct checker *checker,
			  const struct request *r)
{
	uint64_t duration = r->end - r->begin;

	MUST(r->end >= r->begin);
	MUST(r->time_to_first_byte <= duration);
	MUST(r->operations >= 1);
	MUST(r->failed <= r->operations);
	MUST((r->failed == 0) == (r->error == REQUEST_OK));
	MUST(r->error < REQUEST_ERRORS);
	MUST(r->role == RT_ROLE_SERVER || r->role == RT_ROLE_CLIENT);
	MUST(r->protocol[0]);
	check_text(r->protocol);
	check_text(r->operation);
	check_text(r->status);
	check_text(r->version);
	check_parts(checker, r);
	check_calls(r);
}

static int on_request(void *ctx, const struct request *r)
{
	((struct checker *)ctx)->requests++;
	check_request(ctx, r);
	return 0;
}

static int on_conn(void *ctx, const struct sink_conn *c)
{
	struct life *life = &((struct checker *)ctx)->life[c->cookie];

	switch (c->event) {
	case SINK_CONN_OPENED:
	case SINK_CONN_JOINED:
		MUST(!life->open);
		MUST(c->joined == (c->event == SINK_CONN_JOINED));
		life->open = true;
		life->accepted = false;
		break;
	case SINK_CONN_MOVED:
		MUST(life->open);
		MUST(c->old_pid == life->pid && c->pid != c->old_pid);
		break;
	case SINK_CONN_ACCEPTED:
		MUST(life->open && !life->accepted);
		MUST(c->role != RT_ROLE_UNKNOWN && !c->joined);
		MUST(c->established + c->accept_queue == c->time ||
		     c->accept_queue == 0);
		life->accepted = true;
		return 0;
	case SINK_CONN_CLOSED:
		MUST(life->open);
		MUST(c->pid == life->pid);
		life->open = false;
		break;
	}
	life->pid = c->pid;
	return 0;
}

static int on_stream(void *ctx, const struct sink_stream *s)
{
	struct life *life = &((struct checker *)ctx)->life[s->cookie];

	check_text(s->protocol);
	check_text(s->operation);
	MUST(life->streaming == (s->event != SINK_STREAM_BEGIN));
	life->streaming = s->event != SINK_STREAM_END;
	return 0;
}

static int on_process(void *ctx, const struct sink_process *p)
{
	(void)ctx;
	check_text(p->comm);
	check_text(p->exe);
	check_text(p->service);
	return 0;
}

static int on_listener(void *ctx, const struct sink_listener *l)
{
	(void)ctx;
	MUST(l->pid <= 3);
	return 0;
}

static int on_threads(void *ctx, const struct sink_threads *t)
{
	(void)ctx;
	check_text(t->name);
	return 0;
}

static int on_summary(void *ctx, const char *comm,
		      const struct rt_summary *summary)
{
	(void)ctx;
	(void)summary;
	check_text(comm);
	return 0;
}

#endif
