/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures of a group of exchanges: owns their histograms, is fed requests and
 * kernel summaries, yields sums of groups.
 */
#include "stats/measure.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stats/measure_calls.h"

/*
 * There are 13 parts, and most series have many of them: at the scale of the
 * durations they would take most of the memory. A bucket spans 4.4 % over four
 * octaves (1 ms to 16 ms), 9 % over eight, 19 % over sixteen.
 */
#define PART_SCALE 4
#define PART_BUCKETS 64
_Static_assert(PART_BUCKETS >= HISTOGRAM_LEN_MIN, "scaled down no further");

/* Leave what m owns to whoever copied it. */
static void disown(struct measure *m)
{
	histogram__init(&m->duration, RT_HIST_SCALE);
	histogram__init(&m->time_to_first_byte, RT_HIST_SCALE);
	for (int i = 0; i < PARTS; i++)
		histogram__init_bounded(&m->part[i], PART_SCALE, PART_BUCKETS);
	breakdown__init(&m->breakdown);
	histogram__init(&m->rtt, RT_HIST_SCALE);
	m->calls = NULL;
	m->calls_len = 0;
}

void measure__init(struct measure *m)
{
	*m = (struct measure){0};
	disown(m);
}

void measure__free(struct measure *m)
{
	histogram__free(&m->duration);
	histogram__free(&m->time_to_first_byte);
	for (int i = 0; i < PARTS; i++)
		histogram__free(&m->part[i]);
	breakdown__free(&m->breakdown);
	histogram__free(&m->rtt);
	measure_calls__free(m);
}

uint64_t measure__duration(const struct request *r)
{
	return r->end > r->begin ? r->end - r->begin : 0;
}

/* Of a part that nobody looked for, 0 would be a claim. */
static bool is_known(const struct request *r, enum part part)
{
	if (part == PART_RECEIVE_QUEUE)
		return r->has_arrival;
	return r->has_parts || part == PART_UNATTRIBUTED;
}

static int add_parts(struct measure *m, const struct request *r)
{
	uint64_t n = r->operations;
	int err = 0;

	for (int i = 0; i < PARTS && !err; i++) {
		if (r->part[i] && is_known(r, i))
			err = histogram__add(&m->part[i], r->part[i], n);
	}
	return err;
}

/* Operations of which a part is known, be it 0. */
static uint64_t known_operations(const struct measure *m, enum part part)
{
	if (part == PART_RECEIVE_QUEUE)
		return m->arrival_operations;
	return part == PART_UNATTRIBUTED ? m->told_operations
					 : m->parts_operations;
}

void measure__count_zeros(struct measure *m)
{
	for (int i = 0; i < PARTS; i++) {
		uint64_t known = known_operations(m, i);

		if (known > m->part[i].count)
			histogram__add_zero(&m->part[i],
					    known - m->part[i].count);
	}
}

static int add_times(struct measure *m, const struct request *r)
{
	uint64_t duration = measure__duration(r), n = r->operations;
	int err = histogram__add(&m->duration, duration, n);

	if (!err && r->has_first_byte)
		err = histogram__add(&m->time_to_first_byte,
				     r->time_to_first_byte, n);
	if (!err)
		err = add_parts(m, r);
	return err ? err : breakdown__add(&m->breakdown, duration, r->part, n);
}

static int add_calls(struct measure *m, const struct request *r)
{
	bool folded = false;
	int err = 0;

	for (size_t i = 0; i < r->calls_len && !err; i++) {
		const struct request_call *c = &r->calls[i];
		const struct measure_call call = {
			.peer = c->peer,
			.own = c->own,
			.count = c->count,
			.time = c->time,
			.network = c->network * r->operations,
		};

		err = measure_calls__add(m, &call, &folded);
	}
	m->calls_folded += folded;
	return err;
}

int measure__add(struct measure *m, const struct request *r)
{
	int err;

	m->exchanges++;
	m->operations += r->operations;
	if (r->error != REQUEST_OK) {
		m->errors += r->failed;
		m->errors_by[r->error] += r->failed;
	}
	m->bytes_in += r->bytes_in;
	m->bytes_out += r->bytes_out;
	m->with_arrival += r->has_arrival;
	m->with_parts += r->has_parts;
	m->arrival_operations += r->has_arrival ? r->operations : 0;
	m->parts_operations += r->has_parts ? r->operations : 0;
	m->told_operations += r->operations;
	m->calls_known += r->has_parts && r->calls_known;
	m->retransmits += r->retransmits;
	if (r->end > m->last)
		m->last = r->end;
	err = add_times(m, r);
	if (!err && r->rtt)
		err = histogram__add(&m->rtt, r->rtt, 1);
	return err ? err : add_calls(m, r);
}

int measure__set_summary(struct measure *m, const struct rt_summary *summary)
{
	const struct rt_summary_value *v = &summary->value;
	struct histogram duration;
	int err;

	histogram__init(&duration, RT_HIST_SCALE);
	err = histogram__add_summary(&duration, v->bucket, v->zero, v->sum,
				     v->min, v->max);
	if (err)
		return err;
	measure__free(m);
	if (v->exchanges != m->exchanges)
		m->last = summary->header.time;
	m->exchanges = v->exchanges;
	m->operations = v->exchanges;
	m->errors = v->errors;
	m->bytes_in = v->bytes_in;
	m->bytes_out = v->bytes_out;
	m->duration = duration;
	return 0;
}

int measure__merge_whole(struct measure *into, const struct measure *from)
{
	bool folded = false; /* a report's concern, no exchange's */

	into->exchanges += from->exchanges;
	into->operations += from->operations;
	into->errors += from->errors;
	for (int i = 0; i < REQUEST_ERRORS; i++)
		into->errors_by[i] += from->errors_by[i];
	into->bytes_in += from->bytes_in;
	into->bytes_out += from->bytes_out;
	into->recent += from->recent;
	into->with_arrival += from->with_arrival;
	into->with_parts += from->with_parts;
	into->calls_known += from->calls_known;
	into->calls_folded += from->calls_folded;
	into->retransmits += from->retransmits;
	if (from->last > into->last)
		into->last = from->last;
	if (histogram__merge(&into->duration, &from->duration) ||
	    histogram__merge(&into->time_to_first_byte,
			     &from->time_to_first_byte) ||
	    breakdown__merge(&into->breakdown, &from->breakdown) ||
	    histogram__merge(&into->rtt, &from->rtt))
		return -ENOMEM;
	for (size_t i = 0; i < from->calls_len; i++)
		if (measure_calls__add(into, &from->calls[i], &folded))
			return -ENOMEM;
	return 0;
}

int measure__merge(struct measure *into, const struct measure *from)
{
	int err = measure__merge_whole(into, from);

	into->arrival_operations += from->arrival_operations;
	into->parts_operations += from->parts_operations;
	into->told_operations += from->told_operations;
	for (int i = 0; i < PARTS && !err; i++)
		err = histogram__merge(&into->part[i], &from->part[i]);
	return err;
}

static int copy_calls(struct measure *to, const struct measure *from)
{
	to->calls = NULL;
	to->calls_len = 0;
	if (!from->calls_len)
		return 0;
	to->calls = malloc(from->calls_len * sizeof(*to->calls));
	if (!to->calls)
		return -ENOMEM;
	memcpy(to->calls, from->calls, from->calls_len * sizeof(*to->calls));
	to->calls_len = from->calls_len;
	return 0;
}

int measure__share_whole(struct measure *to, const struct measure *from)
{
	*to = *from;
	disown(to);
	to->arrival_operations = 0;
	to->parts_operations = 0;
	to->told_operations = 0;
	if (copy_calls(to, from))
		return -ENOMEM;
	histogram__share(&to->duration, &from->duration);
	histogram__share(&to->time_to_first_byte, &from->time_to_first_byte);
	breakdown__share(&to->breakdown, &from->breakdown);
	histogram__share(&to->rtt, &from->rtt);
	return 0;
}

int measure__share(struct measure *to, const struct measure *from)
{
	int err = measure__share_whole(to, from);

	if (err)
		return err;
	to->arrival_operations = from->arrival_operations;
	to->parts_operations = from->parts_operations;
	to->told_operations = from->told_operations;
	for (int i = 0; i < PARTS; i++)
		histogram__share(&to->part[i], &from->part[i]);
	return 0;
}

void measure__move(struct measure *to, struct measure *from)
{
	*to = *from;
	disown(from);
}
