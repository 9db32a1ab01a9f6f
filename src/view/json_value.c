/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The values that the JSON report is made of. Fed with figures in ns, yields
 * jansson objects in seconds, keys in the order in which they were set.
 */
#include <stdlib.h>

#include "view/json_value.h"
#include "view/screen.h"

struct json_value json_value__object(void)
{
	struct json_value v = {.object = json_object()};

	v.failed = !v.object;
	return v;
}

json_t *json_value__finish(struct json_value *v)
{
	json_t *object = v->object;

	v->object = NULL;
	if (v->failed) {
		json_decref(object);
		return NULL;
	}
	return object;
}

void json_value__set(struct json_value *v, const char *key, json_t *value)
{
	if (json_object_get(v->object, key)) {
		json_decref(value);
		return;
	}
	if (json_object_set_new(v->object, key, value) < 0)
		v->failed = true;
}

void json_value__count(struct json_value *v, const char *key, uint64_t count)
{
	/* JSON's integers, as most readers have them, end at 2^63 - 1. */
	if (count > INT64_MAX)
		count = INT64_MAX;
	json_value__set(v, key, json_integer((json_int_t)count));
}

void json_value__time(struct json_value *v, const char *key, double ns)
{
	json_value__set(v, key, json_real(ns / 1e9));
}

void json_value__bool(struct json_value *v, const char *key, bool truth)
{
	json_value__set(v, key, json_boolean(truth));
}

json_t *json_value__text(const char *text)
{
	char *repaired;
	json_t *value = json_string(text ? text : "");

	if (value)
		return value;
	repaired = screen__repair(text);
	value = repaired ? json_string(repaired) : NULL;
	free(repaired);
	return value;
}

void json_value__string(struct json_value *v, const char *key, const char *text)
{
	json_value__set(v, key, json_value__text(text));
}

/* What an empty histogram does not have is null, not 0: nothing took 0 s. */
static void known_time(struct json_value *v, const char *key, double ns,
		       bool known)
{
	if (known)
		json_value__time(v, key, ns);
	else
		json_value__set(v, key, json_null());
}

static json_t *buckets(const struct histogram *h)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < h->len; i++) {
		if (json_array_append_new(
			    array, json_integer((json_int_t)histogram__bucket(
					   h, i)))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

void json_value__histogram(struct json_value *to, const char *key,
			   const struct histogram *h)
{
	static const struct {
		const char *key;
		double quantile;
	} percentiles[] = {
		{"p50", 0.5},  {"p90", 0.9},	{"p95", 0.95},
		{"p99", 0.99}, {"p999", 0.999},
	};
	struct json_value v = json_value__object();
	bool known = h->count > 0;

	json_value__count(&v, "count", h->count);
	json_value__time(&v, "sum", h->sum);
	known_time(&v, "min", h->min, known);
	known_time(&v, "max", h->max, known);
	known_time(&v, "mean", histogram__mean(h), known);
	for (size_t i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]);
	     i++)
		known_time(&v, percentiles[i].key,
			   histogram__quantile(h, percentiles[i].quantile),
			   known);
	json_value__set(&v, "scale", json_integer(h->scale));
	json_value__count(&v, "zero_count", h->zero_count);
	json_value__set(&v, "offset", json_integer(h->offset));
	json_value__set(&v, "buckets", buckets(h));
	json_value__set(to, key, json_value__finish(&v));
}

void json_value__endpoint(struct json_value *v, uint32_t pid, const char *comm,
			  enum rt_role role, enum rt_transport transport)
{
	json_value__count(v, "pid", pid);
	json_value__string(v, "comm", comm);
	json_value__string(v, "role",
			   role == RT_ROLE_SERVER   ? "server"
			   : role == RT_ROLE_CLIENT ? "client"
						    : "unknown");
	json_value__string(v, "transport",
			   transport == RT_TRANSPORT_UNIX ? "unix" : "tcp");
}

json_t *json_value__array(json_t *(*make)(const void *of, size_t i),
			  const void *of, size_t len)
{
	json_t *array = json_array();

	for (size_t i = 0; i < len; i++) {
		if (json_array_append_new(array, make(of, i))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}
