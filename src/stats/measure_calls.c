/* SPDX-License-Identifier: GPL-2.0-only */
/* See measure_calls.h. */
#include "stats/measure_calls.h"

#include <errno.h>
#include <stdlib.h>

#include "stats/names.h"
#include "stats/order.h"

static bool is_same(const struct measure_call *a, const struct measure_call *b)
{
	if (a->own || b->own)
		return a->own && b->own;
	return order__strings(a->peer, b->peer) == 0;
}

static bool is_other(const struct measure_call *call)
{
	return !call->own && order__strings(call->peer, name_other) == 0;
}

/* Index of the entry, or calls_len. */
static size_t find(const struct measure *m, const struct measure_call *call)
{
	size_t i = 0;

	while (i < m->calls_len && !is_same(&m->calls[i], call))
		i++;
	return i;
}

/* How many entries stand for one peer each. */
static size_t count_peers(const struct measure *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->calls_len; i++)
		n += !m->calls[i].own && !is_other(&m->calls[i]);
	return n;
}

static int append(struct measure *m, const struct measure_call *call)
{
	struct measure_call *grown =
		realloc(m->calls, (m->calls_len + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	m->calls = grown;
	m->calls[m->calls_len++] =
		(struct measure_call){.peer = call->peer, .own = call->own};
	return 0;
}

/* Entry i has grown: put it before those that took less time. */
static void sort_in(struct measure *m, size_t i)
{
	const struct measure_call call = m->calls[i];

	for (; i > 0 && m->calls[i - 1].time < call.time; i--)
		m->calls[i] = m->calls[i - 1];
	m->calls[i] = call;
}

int measure_calls__add(struct measure *m, const struct measure_call *add,
		       bool *folded)
{
	struct measure_call call = *add;
	size_t i = find(m, &call);

	if (i == m->calls_len && !call.own && count_peers(m) >= CALLS_PEERS) {
		call.peer = name_other;
		i = find(m, &call);
	}
	if (i == m->calls_len && append(m, &call))
		return -ENOMEM;
	*folded |= is_other(&call);
	m->calls[i].count += call.count;
	m->calls[i].time += call.time;
	m->calls[i].network += call.network;
	sort_in(m, i);
	return 0;
}

void measure_calls__free(struct measure *m)
{
	free(m->calls);
	m->calls = NULL;
	m->calls_len = 0;
}
