// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two text formats:
 *
 *   # HELP http_server_request_duration_seconds Duration of requests.
 *   # TYPE http_server_request_duration_seconds histogram
 *   http_server_request_duration_seconds_bucket{job="shop",le="0.5"} 3
 *
 * They differ in escaping, in counters, whose family OpenMetrics names without
 * _total, in numbers of le, and in exemplars. OpenMetrics' _created is left
 * out: Prometheus would keep each as a series.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/prometheus_write.h"

struct le {
	char text[40]; /* `le="0.5"} ` */
	size_t len;
};

struct writer {
	bool openmetrics;
	const struct metrics *m;
	struct buffer *out;
	/* Of the family at hand. */
	const struct prometheus_family *family;
	struct prometheus_ladder ladder;
	struct le le[PROMETHEUS_LADDER_MAX + 1];
	/* Of the point at hand: `name_bucket{job="shop",` to copy from. */
	struct buffer *labels;
};

/* Both formats escape values alike; quotes in HELP only OpenMetrics. */
static void add_escaped(struct buffer *out, const char *text, bool quotes)
{
	while (*text) {
		const size_t plain = strcspn(text, quotes ? "\\\n\"" : "\\\n");

		buffer__add(out, text, plain);
		text += plain;
		if (*text)
			buffer__text(out, *text == '\n'	 ? "\\n"
					  : *text == '"' ? "\\\""
							 : "\\\\");
		text += *text != '\0';
	}
}

static void label_begin(struct prometheus_sink *s, const char *name)
{
	buffer__text(s->out, name);
	buffer__text(s->out, "=\"");
}

static void label_value(struct prometheus_sink *s, const char *text)
{
	add_escaped(s->out, text, true);
}

static void label_end(struct prometheus_sink *s)
{
	buffer__text(s->out, "\",");
}

static struct prometheus_sink sink_into(struct buffer *out)
{
	return (struct prometheus_sink){
		.begin = label_begin,
		.value = label_value,
		.end = label_end,
		.out = out,
	};
}

/* printf's share of a scrape would be most of it. */
static void add_number(struct buffer *out, uint64_t n)
{
	char text[20];
	size_t at = sizeof(text);

	do {
		text[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	buffer__add(out, text + at, sizeof(text) - at);
}

/* Nanoseconds as seconds, all digits: 1500000000 is 1.5. */
static void add_seconds(struct buffer *out, uint64_t ns)
{
	char digits[10];
	int len = 9;

	add_number(out, ns / 1000000000);
	snprintf(digits, sizeof(digits), "%09u", (unsigned)(ns % 1000000000));
	while (len && digits[len - 1] == '0')
		len--;
	if (len) {
		buffer__text(out, ".");
		buffer__add(out, digits, (size_t)len);
	}
}

/* The fewest digits that give the same number again. */
static void shortest(double value, char *text, size_t size)
{
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(text, size, "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			return;
	}
}

static void set_ladder(struct writer *w)
{
	w->ladder = prometheus__ladder(w->family->info);
	for (size_t i = 0; i <= w->ladder.len; i++) {
		struct le *le = &w->le[i];
		char number[28] = "+Inf";

		if (i < w->ladder.len) {
			shortest(ldexp(1, prometheus__exponent(&w->ladder, i)),
				 number, sizeof(number));
			/* OpenMetrics writes all as floating point. */
			if (w->openmetrics && !strpbrk(number, ".e"))
				strcat(number, ".0");
		}
		le->len = (size_t)snprintf(le->text, sizeof(le->text),
					   "le=\"%s\"} ", number);
	}
}

static const char *type_name(const struct metric_info *info)
{
	switch (info->kind) {
	case METRIC_HISTOGRAM:
		return "histogram";
	case METRIC_COUNTER:
		return "counter";
	default:
		return "gauge";
	}
}

static const char *counter_suffix(const struct metric_info *info)
{
	return info->kind == METRIC_COUNTER ? "_total" : "";
}

static void add_head(struct writer *w)
{
	const struct prometheus_family *f = w->family;
	const char *suffix = w->openmetrics ? "" : counter_suffix(f->info);
	struct buffer *out = w->out;

	buffer__format(out, "# HELP %s%s ", f->name, suffix);
	add_escaped(out, f->info->description, w->openmetrics);
	buffer__format(out, "\n# TYPE %s%s %s\n", f->name, suffix,
		       type_name(f->info));
	if (w->openmetrics && *f->unit)
		buffer__format(out, "# UNIT %s %s\n", f->name, f->unit);
}

static void add_exemplar(struct buffer *out, const struct metric_exemplar *x)
{
	char trace[2 * sizeof(x->trace_id) + 1];
	char span[2 * sizeof(x->span_id) + 1];

	prometheus__hex(x->trace_id, sizeof(x->trace_id), trace);
	prometheus__hex(x->span_id, sizeof(x->span_id), span);
	buffer__format(out, " # {trace_id=\"%s\",span_id=\"%s\"} ", trace,
		       span);
	add_seconds(out, x->value);
	buffer__text(out, " ");
	add_seconds(out, x->time);
}

/* "name_sum{labels} ": the labels are never empty and end with a comma. */
static void add_sample(struct writer *w, const char *suffix)
{
	buffer__text(w->out, w->family->name);
	buffer__text(w->out, suffix);
	buffer__text(w->out, "{");
	buffer__add(w->out, w->labels->data, w->labels->len - 1);
	buffer__text(w->out, "} ");
}

static void add_histogram(struct writer *w, const struct metric_point *p)
{
	const struct metric_exemplar *latest[PROMETHEUS_LADDER_MAX + 1];
	uint64_t counts[PROMETHEUS_LADDER_MAX + 1];
	struct buffer *out = w->out;

	prometheus__cumulate(&w->ladder, &p->histogram, counts);
	prometheus__exemplars(&w->ladder, p, latest);
	for (size_t i = 0; i <= w->ladder.len; i++) {
		buffer__text(out, w->family->name);
		buffer__text(out, "_bucket{");
		buffer__add(out, w->labels->data, w->labels->len);
		buffer__add(out, w->le[i].text, w->le[i].len);
		add_number(out, counts[i]);
		if (w->openmetrics && latest[i])
			add_exemplar(out, latest[i]);
		buffer__text(out, "\n");
	}
	add_sample(w, "_sum");
	add_seconds(out, p->histogram.sum);
	buffer__text(out, "\n");
	add_sample(w, "_count");
	add_number(out, p->histogram.count);
	buffer__text(out, "\n");
}

static void add_point(struct writer *w, const struct metric_resource *r,
		      const struct metric_point *p)
{
	struct prometheus_sink sink = sink_into(w->labels);

	buffer__clear(w->labels);
	prometheus__resource_labels(r, &sink);
	prometheus__point_labels(p, &sink);
	if (w->labels->err) {
		if (!w->out->err)
			w->out->err = w->labels->err;
		return;
	}
	if (w->family->info->kind == METRIC_HISTOGRAM) {
		add_histogram(w, p);
		return;
	}
	add_sample(w, counter_suffix(w->family->info));
	if (w->family->info->in_seconds)
		add_seconds(w->out, p->value);
	else
		add_number(w->out, p->value);
	buffer__text(w->out, "\n");
}

static void add_family(struct writer *w)
{
	if (!prometheus__shown(w->m, w->family->info))
		return;
	add_head(w);
	if (w->family->info->kind == METRIC_HISTOGRAM)
		set_ladder(w);
	for (size_t i = 0; i < w->m->resources_len; i++) {
		const struct metric_resource *r = &w->m->resources[i];
		const struct metric *metric =
			prometheus__find(r, w->family->info);

		for (size_t k = 0; metric && k < metric->points_len; k++) {
			if (w->out->err)
				return;
			if (prometheus__is_shown(&metric->points[k]))
				add_point(w, r, &metric->points[k]);
		}
	}
}

static void add_target_info(struct writer *w)
{
	struct prometheus_sink sink = sink_into(w->out);
	struct buffer *out = w->out;

	if (!w->m->resources_len)
		return;
	if (w->openmetrics)
		buffer__text(out, "# HELP target Target metadata\n"
				  "# TYPE target info\n");
	else
		buffer__text(out, "# HELP target_info Target metadata\n"
				  "# TYPE target_info gauge\n");
	for (size_t i = 0; i < w->m->resources_len && !out->err; i++) {
		buffer__text(out, "target_info{");
		prometheus__resource_labels(&w->m->resources[i], &sink);
		prometheus__info_labels(&w->m->resources[i], &sink);
		if (!out->err)
			out->len--; /* the last comma */
		buffer__text(out, "} 1\n");
	}
}

void prometheus__write_text(const struct metrics *m,
			    const struct prometheus_family *families,
			    size_t len, bool openmetrics, struct buffer *out)
{
	struct writer w = {.openmetrics = openmetrics, .m = m, .out = out};
	struct buffer labels;

	buffer__init(&labels, out->max);
	w.labels = &labels;
	add_target_info(&w);
	for (size_t i = 0; i < len && !out->err; i++) {
		w.family = &families[i];
		add_family(&w);
	}
	if (openmetrics)
		buffer__text(out, "# EOF\n");
	buffer__free(&labels);
}
