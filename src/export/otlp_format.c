// SPDX-License-Identifier: GPL-2.0-only
/* See otlp_format.h: what both encodings have in common. */
#include "export/otlp_format.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

void otlp_writer__begin(struct otlp_writer *w, enum otlp_protocol protocol,
			enum otlp_signal signal, struct buffer *out)
{
	*w = (struct otlp_writer){
		.format = protocol == OTLP_HTTP_JSON ? &otlp_json
						     : &otlp_protobuf,
		.out = out,
		.signal = signal,
	};
	buffer__clear(out);
	w->format->begin(w);
}

void otlp_writer__close_metric(struct otlp_writer *w)
{
	if (w->in_metric)
		w->format->metric_end(w);
	w->in_metric = false;
}

void otlp_writer__close_resource(struct otlp_writer *w)
{
	otlp_writer__close_metric(w);
	if (w->in_resource)
		w->format->resource_end(w);
	w->in_resource = false;
}

void otlp_writer__resource(struct otlp_writer *w,
			   const struct metric_attribute *attributes,
			   size_t len)
{
	w->format->resource(w, attributes, len);
	w->in_resource = true;
	w->resources++;
	w->metrics = 0;
	w->items = 0;
}

void otlp_writer__metric(struct otlp_writer *w, const struct metric_info *info,
			 int temporality)
{
	w->format->metric(w, info, temporality);
	w->in_metric = true;
	w->metrics++;
	w->items = 0;
}

void otlp_writer__end(struct otlp_writer *w)
{
	otlp_writer__close_resource(w);
	w->format->end(w);
}

bool otlp_writer__takes_back(struct otlp_writer *w,
			     const struct otlp_writer *before, size_t len,
			     size_t max)
{
	struct buffer *out = w->out;

	w->items++;
	w->total++;
	if (w->total == 1 || out->err == -ENOMEM)
		return false;
	if (!out->err && out->len + w->format->closing <= max &&
	    out->len + w->format->closing <= out->max)
		return false;
	out->err = 0;
	out->len = len;
	*w = *before;
	return true;
}

struct otlp_attribute otlp_attribute__of(const struct metric_attribute *a)
{
	return (struct otlp_attribute){
		.key = a->key,
		.type = a->text	     ? OTLP_TEXT
			: a->is_bool ? OTLP_BOOL
				     : OTLP_INT,
		.text = a->text,
		.number = a->number,
	};
}

bool otlp_attribute__of_span(struct otlp_attribute *out,
			     const struct span_attribute *a)
{
	*out = (struct otlp_attribute){.key = a->key, .text = a->text};
	if (a->text)
		return true;
	if (!isfinite(a->number))
		return false;
	out->type = a->is_double ? OTLP_REAL : OTLP_INT;
	out->real = a->number;
	if (!a->is_double)
		out->number = (int64_t)a->number;
	return true;
}

const char *otlp__safe(struct buffer *b, const char *text, char **copy)
{
	const size_t len = strlen(text);

	*copy = NULL;
	if (utf8__printable(text, len))
		return text;
	*copy = malloc(len + 1);
	if (*copy) {
		utf8__clean(text, len, *copy);
		return *copy;
	}
	if (!b->err)
		b->err = -ENOMEM;
	return "";
}
