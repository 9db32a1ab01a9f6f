// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of families and labels, by OpenTelemetry's "Prometheus and OpenMetrics
 * Compatibility". Is fed OpenTelemetry's names, units and attributes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/prometheus_write.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* What is not allowed becomes '_', several in a row become one; cut off at
 * size. colon: whether ':' is allowed, as in names of metrics. */
static void sanitise(const char *name, bool colon, char *out, size_t size)
{
	size_t len = 0;

	if (is_digit(*name)) {
		snprintf(out, size, "key_");
		len = strlen(out);
	}
	for (; *name && len + 1 < size; name++) {
		const bool good = is_letter(*name) || is_digit(*name) ||
				  (colon && *name == ':');

		if (good || !len || out[len - 1] != '_')
			out[len++] = good ? *name : '_';
	}
	out[len] = '\0';
}

/* The word for a unit; "" for what has none, such as {request}. */
static const char *unit_word(const struct metric_info *info)
{
	static const struct {
		const char *unit, *word;
	} words[] = {
		{"s", "seconds"}, {"ms", "milliseconds"}, {"By", "bytes"},
		{"%", "percent"}, {"Cel", "celsius"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(info->unit, words[i].unit))
			return words[i].word;
	}
	if (!strcmp(info->unit, "1") && info->kind == METRIC_GAUGE)
		return "ratio";
	return "";
}

static bool ends_with(const char *text, const char *end)
{
	const size_t text_len = strlen(text), len = strlen(end);

	return text_len >= len && !strcmp(text + text_len - len, end);
}

static void set_name(struct prometheus_family *f)
{
	const size_t room = sizeof(f->name) - 1;
	char suffix[32];
	size_t len;

	f->unit = unit_word(f->info);
	sanitise(f->info->name, true, f->name, sizeof(f->name));
	/* It comes last, behind the unit. */
	if (f->info->kind == METRIC_COUNTER && ends_with(f->name, "_total"))
		f->name[strlen(f->name) - strlen("_total")] = '\0';
	if (!*f->unit)
		return;
	snprintf(suffix, sizeof(suffix), "_%s", f->unit);
	len = strlen(f->name);
	if (!ends_with(f->name, suffix) && len + strlen(suffix) <= room)
		memcpy(f->name + len, suffix, strlen(suffix) + 1);
}

static bool is_known(const struct prometheus_family *families, size_t len,
		     const struct metric_info *info)
{
	for (size_t i = 0; i < len; i++) {
		if (families[i].info == info)
			return true;
	}
	return false;
}

int prometheus__families(const struct metrics *m,
			 struct prometheus_family **out, size_t *len)
{
	struct prometheus_family *all = NULL, *more;
	size_t n = 0;

	for (size_t i = 0; i < m->resources_len; i++) {
		const struct metric_resource *r = &m->resources[i];

		for (size_t k = 0; k < r->metrics_len; k++) {
			if (is_known(all, n, r->metrics[k].info))
				continue;
			more = realloc(all, (n + 1) * sizeof(*all));
			if (!more) {
				free(all);
				return -ENOMEM;
			}
			all = more;
			all[n].info = r->metrics[k].info;
			set_name(&all[n++]);
		}
	}
	*out = all;
	*len = n;
	return 0;
}

const struct metric *prometheus__find(const struct metric_resource *r,
				      const struct metric_info *info)
{
	for (size_t k = 0; k < r->metrics_len; k++) {
		if (r->metrics[k].info == info)
			return &r->metrics[k];
	}
	return NULL;
}

size_t prometheus__shown(const struct metrics *m,
			 const struct metric_info *info)
{
	size_t shown = 0;

	for (size_t i = 0; i < m->resources_len; i++) {
		const struct metric *metric =
			prometheus__find(&m->resources[i], info);

		for (size_t k = 0; metric && k < metric->points_len; k++)
			shown += prometheus__is_shown(&metric->points[k]);
	}
	return shown;
}

/* --- labels ------------------------------------------------------------ */

#define LABEL_MAX 256 /* bytes of a label's name */

static const char *find_text(const struct metric_resource *r, const char *key)
{
	for (size_t i = 0; i < r->attributes_len; i++) {
		if (!strcmp(r->attributes[i].key, key))
			return r->attributes[i].text;
	}
	return NULL;
}

static void add_label(struct prometheus_sink *s, const char *name,
		      const char *value)
{
	s->begin(s, name);
	s->value(s, value);
	s->end(s);
}

void prometheus__resource_labels(const struct metric_resource *r,
				 struct prometheus_sink *s)
{
	const char *name = find_text(r, "service.name");
	const char *namespace = find_text(r, "service.namespace");

	if (name) {
		s->begin(s, "job");
		if (namespace && *namespace) {
			s->value(s, namespace);
			s->value(s, "/");
		}
		s->value(s, name);
		s->end(s);
	}
	add_label(s, "instance", r->id);
}

/* Names that mean something else already. */
static bool is_taken(const char *name)
{
	return !strcmp(name, "job") || !strcmp(name, "instance") ||
	       !strcmp(name, "le");
}

static void label_name(const char *key, char *name)
{
	sanitise(key, false, name, LABEL_MAX);
	if (is_taken(name)) {
		char plain[LABEL_MAX];

		memcpy(plain, name, sizeof(plain));
		snprintf(name, LABEL_MAX, "exported_%.*s", LABEL_MAX - 10,
			 plain);
	}
}

static void add_value(const struct metric_attribute *a,
		      struct prometheus_sink *s)
{
	char number[24];

	if (a->text) {
		s->value(s, a->text);
		return;
	}
	if (a->is_bool) {
		s->value(s, a->number ? "true" : "false");
		return;
	}
	snprintf(number, sizeof(number), "%" PRId64, a->number);
	s->value(s, number);
}

typedef bool skip_fn(const char *key);

static bool same_label(const char *name, const char *key)
{
	char other[LABEL_MAX];

	label_name(key, other);
	return !strcmp(name, other);
}

/* Several keys may come to one name: one label then has the values of all, in
 * the order of the keys. */
static void attribute_labels(const struct metric_attribute *a, size_t len,
			     skip_fn *skip, struct prometheus_sink *s)
{
	char name[LABEL_MAX];

	for (size_t i = 0; i < len; i++) {
		bool said = false;

		if (skip(a[i].key))
			continue;
		label_name(a[i].key, name);
		for (size_t k = 0; k < i && !said; k++)
			said = !skip(a[k].key) && same_label(name, a[k].key);
		if (said)
			continue;
		s->begin(s, name);
		add_value(&a[i], s);
		for (size_t k = i + 1; k < len; k++) {
			if (skip(a[k].key) || !same_label(name, a[k].key))
				continue;
			s->value(s, ";");
			add_value(&a[k], s);
		}
		s->end(s);
	}
}

static bool is_identity(const char *key)
{
	return !strcmp(key, "service.name") ||
	       !strcmp(key, "service.namespace") ||
	       !strcmp(key, "service.instance.id");
}

static bool is_none(const char *key)
{
	(void)key;
	return false;
}

void prometheus__info_labels(const struct metric_resource *r,
			     struct prometheus_sink *s)
{
	attribute_labels(r->attributes, r->attributes_len, is_identity, s);
}

void prometheus__point_labels(const struct metric_point *p,
			      struct prometheus_sink *s)
{
	attribute_labels(p->attributes, p->attributes_len, is_none, s);
}
