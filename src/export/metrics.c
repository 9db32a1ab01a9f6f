/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns batches of metrics as long as somebody has a reference; knows the order
 * of attributes.
 */
#include "export/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "export/batch.h"

/* m is the first member, and was never const where it was made. */
static struct batch *batch_of(const struct metrics *m)
{
	_Static_assert(offsetof(struct batch, m) == 0, "one is the other");
	return (struct batch *)m;
}

struct batch *batch__new(void)
{
	struct batch *b = calloc(1, sizeof(*b));

	if (b)
		b->refs = 1;
	return b;
}

const struct metrics *metrics__get(const struct metrics *m)
{
	__atomic_add_fetch(&batch_of(m)->refs, 1, __ATOMIC_RELAXED);
	return m;
}

void metrics__put(const struct metrics *m)
{
	struct batch *b = batch_of(m);

	/* Whoever frees sees all that the others did before they put. */
	if (!b || __atomic_sub_fetch(&b->refs, 1, __ATOMIC_ACQ_REL))
		return;
	arena__free(&b->arena);
	free(b);
}

static int compare_texts(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a, b);
}

/* Numbers before text. */
static int compare_values(const struct metric_attribute *a,
			  const struct metric_attribute *b)
{
	if (a->text && b->text)
		return compare_texts(a->text, b->text);
	if (a->text || b->text)
		return a->text ? 1 : -1;
	if (a->is_bool != b->is_bool)
		return a->is_bool ? 1 : -1;
	return (a->number > b->number) - (a->number < b->number);
}

int metrics__compare_attributes(const struct metric_attribute *a, size_t a_len,
				const struct metric_attribute *b, size_t b_len)
{
	if (a == b && a_len == b_len)
		return 0;
	for (size_t i = 0; i < a_len && i < b_len; i++) {
		int order = compare_texts(a[i].key, b[i].key);

		if (!order)
			order = compare_values(&a[i], &b[i]);
		if (order)
			return order;
	}
	return (a_len > b_len) - (a_len < b_len);
}
