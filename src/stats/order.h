/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the orders of the lists in snapshots are made of: -1, 0 or 1 (strings:
 * any sign) for one field, and the first of several that decides.
 */
#ifndef REQTRACE_STATS_ORDER_H
#define REQTRACE_STATS_ORDER_H

#include <stddef.h>
#include <string.h>

/* As numbers order; swap the two to descend. */
#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

/* Interned strings are mostly the same pointer when they are equal. */
static inline int order__strings(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a, b);
}

static inline int order__decide(const int *orders, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (orders[i])
			return orders[i];
	return 0;
}

/* ORDER_BY(ORDER(x->pid, y->pid), ORDER(x->port, y->port)): most important
 * first. */
#define ORDER_BY(...)                                                          \
	order__decide((const int[]){__VA_ARGS__},                              \
		      sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

#endif
