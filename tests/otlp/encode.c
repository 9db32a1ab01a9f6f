/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes a request with made-up figures to standard output, for
 * tests/otlp/compare.py:
 *	encode metrics|traces protobuf|json [delta] [explicit]
 * With "delta" it is the second of two batches, of which the first has been
 * delivered. With "time" in place of a format it tells what encoding costs.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "export/otlp.h"
#include "fake_batch.h"

static bool has(char **arguments, const char *word)
{
	for (; *arguments; arguments++) {
		if (!strcmp(*arguments, word))
			return true;
	}
	return false;
}

static int deliver(struct otlp_metrics *o, const struct metrics *m,
		   struct buffer *out, size_t *points)
{
	int err = otlp_metrics__begin(o, m);

	if (!err)
		err = otlp_metrics__next(o, OTLP_MAX_REQUEST, out, points);
	if (!err)
		err = otlp_metrics__delivered(o);
	return err;
}

static int encode_metrics(const struct export_config *config,
			  struct buffer *out)
{
	struct otlp_metrics *o = otlp_metrics__new(config);
	struct metrics *first = fake_batch__random(1, 2, 3, 0);
	struct metrics *m = config->delta ? fake_batch__random(1, 2, 3, 3)
					  : fake_batch__all();
	size_t points;
	int err = o ? 0 : -1;

	if (!err && config->delta)
		err = deliver(o, first, out, &points);
	if (!err)
		err = deliver(o, m, out, &points);
	otlp_metrics__free(o);
	fake_batch__free(first);
	fake_batch__free(m);
	return err;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int print_cost(const struct export_config *config, struct buffer *out)
{
	struct otlp_metrics *o = otlp_metrics__new(config);
	struct metrics *m = fake_batch__random(7, 4, 800, 20);
	size_t points = 0, bytes = 0, n;
	double begun = now();
	int err = o ? otlp_metrics__begin(o, m) : -1;

	while (!err) {
		err = otlp_metrics__next(o, OTLP_MAX_REQUEST, out, &n);
		if (err || !n)
			break;
		points += n;
		bytes += out->len;
		err = otlp_metrics__delivered(o);
	}
	begun = now() - begun;
	if (points)
		printf("%zu points, %.0f ns and %.0f bytes a point\n", points,
		       begun / (double)points, (double)bytes / (double)points);
	otlp_metrics__free(o);
	fake_batch__free(m);
	return err;
}

int main(int argc, char **argv)
{
	struct export_config config = {.delta = has(argv, "delta"),
				       .explicit_buckets =
					       has(argv, "explicit")};
	struct metrics *m = fake_batch__all();
	enum otlp_protocol protocol =
		has(argv, "json") ? OTLP_HTTP_JSON : OTLP_HTTP_PROTOBUF;
	struct buffer out;
	size_t len;
	int err;

	(void)argc;
	config.otlp[OTLP_METRICS].protocol = protocol;
	buffer__init(&out, OTLP_MAX_REQUEST);
	if (has(argv, "time"))
		err = print_cost(&config, &out);
	else if (has(argv, "traces"))
		err = otlp_spans__encode(protocol, fake_batch__spans(), m,
					 OTLP_MAX_REQUEST, &out, &len);
	else
		err = encode_metrics(&config, &out);
	if (!err && !has(argv, "time"))
		fwrite(out.data, 1, out.len, stdout);
	fake_batch__free(m);
	buffer__free(&out);
	return err ? 1 : 0;
}
