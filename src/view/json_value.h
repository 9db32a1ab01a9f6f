/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The values that the JSON report is made of: a cover over jansson that
 * remembers failure, so that a builder checks once, and the values that occur
 * in several places (endpoints, histograms). Times go in as ns and
 * come out as seconds.
 */
#ifndef REQTRACE_VIEW_JSON_VALUE_H
#define REQTRACE_VIEW_JSON_VALUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "stats/snapshot.h"

/* Significant digits of reals: all that a double holds for certain, so that
 * 0.1 is written 0.1; exact to the ns up to 10^6 s, wall clock to 10 us. */
#define JSON_VALUE_DIGITS 15

/* An object under construction. */
struct json_value {
	json_t *object;
	bool failed; /* something did not fit into memory */
};

struct json_value json_value__object(void);
/* The object, owned by the caller; NULL when out of memory. */
json_t *json_value__finish(struct json_value *v);

/* A key that is there already stays as it is. Takes value; NULL fails. */
void json_value__set(struct json_value *v, const char *key, json_t *value);
void json_value__count(struct json_value *v, const char *key, uint64_t count);
void json_value__time(struct json_value *v, const char *key, double ns);
void json_value__bool(struct json_value *v, const char *key, bool truth);
void json_value__string(struct json_value *v, const char *key,
			const char *text);
void json_value__histogram(struct json_value *v, const char *key,
			   const struct histogram *h);

/* pid, comm, role, transport */
void json_value__endpoint(struct json_value *v, uint32_t pid, const char *comm,
			  enum rt_role role, enum rt_transport transport);

/* [make(of, 0), ...] of len elements; NULL when one is, or out of memory. */
json_t *json_value__array(json_t *(*make)(const void *of, size_t i),
			  const void *of, size_t len);

/* A string; bytes that are no UTF-8 become U+FFFD; NULL becomes "". */
json_t *json_value__text(const char *text);

#endif
