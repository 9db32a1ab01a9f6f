/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures of a group of exchanges: owns their histograms, is fed requests and
 * kernel summaries, yields sums of groups.
 */
#include "stats/measure.h"

#include <errno.h>

void measure__init(struct measure *m)
{
	*m = (struct measure){0};
	histogram__init(&m->duration, RT_HIST_SCALE);
	histogram__init(&m->time_to_first_byte, RT_HIST_SCALE);
	for (int i = 0; i < PARTS; i++)
		histogram__init(&m->part[i], RT_HIST_SCALE);
}

void measure__free(struct measure *m)
{
	histogram__free(&m->duration);
	histogram__free(&m->time_to_first_byte);
	for (int i = 0; i < PARTS; i++)
		histogram__free(&m->part[i]);
}

uint64_t measure__duration(const struct request *r)
{
	return r->end > r->begin ? r->end - r->begin : 0;
}

static int add_times(struct measure *m, const struct request *r)
{
	uint64_t duration = measure__duration(r), n = r->operations;
	int err = histogram__add(&m->duration, duration, n);

	if (!err && r->has_first_byte)
		err = histogram__add(&m->time_to_first_byte,
				     r->time_to_first_byte, n);
	for (int i = 0; i < PARTS && !err; i++)
		if (i != PART_RECEIVE_QUEUE || r->has_arrival)
			err = histogram__add(&m->part[i], r->part[i], n);
	return err;
}

int measure__add(struct measure *m, const struct request *r)
{
	m->exchanges++;
	m->operations += r->operations;
	if (r->error != REQUEST_OK) {
		m->errors += r->failed;
		m->errors_by[r->error] += r->failed;
	}
	m->bytes_in += r->bytes_in;
	m->bytes_out += r->bytes_out;
	m->with_arrival += r->has_arrival;
	if (r->end > m->last)
		m->last = r->end;
	return add_times(m, r);
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

int measure__merge(struct measure *into, const struct measure *from)
{
	into->exchanges += from->exchanges;
	into->operations += from->operations;
	into->errors += from->errors;
	for (int i = 0; i < REQUEST_ERRORS; i++)
		into->errors_by[i] += from->errors_by[i];
	into->bytes_in += from->bytes_in;
	into->bytes_out += from->bytes_out;
	into->recent += from->recent;
	into->with_arrival += from->with_arrival;
	if (from->last > into->last)
		into->last = from->last;
	if (histogram__merge(&into->duration, &from->duration) ||
	    histogram__merge(&into->time_to_first_byte,
			     &from->time_to_first_byte))
		return -ENOMEM;
	for (int i = 0; i < PARTS; i++)
		if (histogram__merge(&into->part[i], &from->part[i]))
			return -ENOMEM;
	return 0;
}

int measure__copy(struct measure *to, const struct measure *from)
{
	measure__init(to);
	if (!measure__merge(to, from))
		return 0;
	measure__free(to);
	measure__init(to);
	return -ENOMEM;
}

void measure__move(struct measure *to, struct measure *from)
{
	*to = *from;
	histogram__init(&from->duration, RT_HIST_SCALE);
	histogram__init(&from->time_to_first_byte, RT_HIST_SCALE);
	for (int i = 0; i < PARTS; i++)
		histogram__init(&from->part[i], RT_HIST_SCALE);
}
