// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trace requests: from a list of spans to bytes. Spans that follow each other
 * and are of one resource share its headers.
 */
#include "export/otlp.h"

#include <stdlib.h>
#include <string.h>

#include "export/otlp_format.h"

static int compare_id(const void *id, const void *resource)
{
	return strcmp(id, ((const struct metric_resource *)resource)->id);
}

/* By what is known of it: all, its id, or not even that. */
static void open_resource(struct otlp_writer *w, const struct metrics *m,
			  const char *id)
{
	const struct metric_attribute unknown[] = {
		{.key = "service.name", .text = "unknown_service"},
		{.key = "service.instance.id", .text = id},
	};
	const struct metric_resource *r = NULL;

	if (m && m->resources_len && id)
		r = bsearch(id, m->resources, m->resources_len, sizeof(*r),
			    compare_id);
	if (r)
		otlp_writer__resource(w, r->attributes, r->attributes_len);
	else
		otlp_writer__resource(w, unknown, id ? 2 : 1);
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* False: it is for the next request, or there was a failure. */
static bool write_span(struct otlp_writer *w, const struct span *s,
		       const struct metrics *m, size_t max)
{
	const struct otlp_writer before = *w;
	const size_t len = w->out->len;

	if (!w->in_resource)
		open_resource(w, m, s->resource_id);
	w->format->span(w, s);
	return !otlp_writer__takes_back(w, &before, len, max) && !w->out->err;
}

int otlp_spans__encode(enum otlp_protocol protocol, const struct span *spans,
		       const struct metrics *m, size_t max, struct buffer *out,
		       size_t *len)
{
	const struct span *last = NULL;
	struct otlp_writer w;

	*len = 0;
	otlp_writer__begin(&w, protocol, OTLP_TRACES, out);
	for (const struct span *s = spans; s; last = s, s = s->next) {
		if (last && !is_same(last->resource_id, s->resource_id))
			otlp_writer__close_resource(&w);
		if (!write_span(&w, s, m, max))
			break;
	}
	otlp_writer__end(&w);
	if (out->err)
		return out->err;
	*len = w.total;
	if (!w.total)
		buffer__clear(out);
	return 0;
}
