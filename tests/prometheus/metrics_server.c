// SPDX-License-Identifier: GPL-2.0-only
/*
 * Made-up metrics, exported to Prometheus as the program does it:
 *   metrics_server FORMAT           print them: text, openmetrics, protobuf
 *   metrics_server expected         what they are, as JSON
 *   metrics_server listen PORT      serve them until stdin ends
 *   metrics_server cost             time and bytes of a large scrape
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "export/http_server.h"
#include "export/prometheus.h"
#include "fake_metrics.h"
#include "fixed_feed.h"

#define MAX ((size_t)512 << 20)
#define SERIES 2000
#define HISTOGRAMS 12

static const char *const names[] = {"text", "openmetrics", "protobuf"};

static int print(enum prometheus_format format)
{
	struct buffer b;
	int failed;

	buffer__init(&b, MAX);
	prometheus__encode(fake_metrics__small(), format, &b);
	failed = b.err || fwrite(b.data, 1, b.len, stdout) != b.len;
	buffer__free(&b);
	return failed;
}

static void print_point(const struct metric_resource *r,
			const struct metric *metric,
			const struct metric_point *p)
{
	const struct histogram *h = &p->histogram;

	printf("{\"resource\": \"%s\", \"metric\": \"%s\", \"overflow\": %s, "
	       "\"ended\": %s, \"count\": %" PRIu64 ", \"sum\": %" PRIu64
	       ", \"zero\": %" PRIu64 ", \"scale\": %d, \"offset\": %d, "
	       "\"quantiles\": [%.17g, %.17g, %.17g], \"buckets\": [",
	       r->id, metric->info->name, p->overflow ? "true" : "false",
	       p->ended ? "true" : "false", h->count, h->sum, h->zero_count,
	       h->scale, h->offset, histogram__quantile(h, 0.5),
	       histogram__quantile(h, 0.9), histogram__quantile(h, 0.99));
	for (uint32_t i = 0; i < h->len; i++)
		printf("%s%" PRIu64, i ? ", " : "", histogram__bucket(h, i));
	printf("]}");
}

/* All histograms, a list; figures in ns. */
static int print_expected(void)
{
	const struct metrics *m = fake_metrics__small();
	const char *comma = "[";

	for (size_t i = 0; i < m->resources_len; i++) {
		const struct metric_resource *r = &m->resources[i];

		for (size_t k = 0; k < r->metrics_len; k++) {
			const struct metric *metric = &r->metrics[k];

			if (metric->info->kind != METRIC_HISTOGRAM)
				continue;
			for (size_t n = 0; n < metric->points_len; n++) {
				fputs(comma, stdout);
				print_point(r, metric, &metric->points[n]);
				comma = ",\n";
			}
		}
	}
	puts("]");
	return 0;
}

static int serve(const char *port)
{
	struct export_config config = {.listen_host = "127.0.0.1",
				       .listen_port = (uint16_t)atoi(port)};
	struct http_server_health health;
	struct http_server *s;
	struct error err;
	char byte;

	atomic_store(&fixed_batch, fake_metrics__small());
	if (http_server__listen(&s, &config, NULL, &err) ||
	    http_server__start(s, &err)) {
		fprintf(stderr, "metrics_server: %s\n", err.text);
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	http_server__health(s, &health);
	http_server__stop(s);
	printf("%" PRIu64 " scrapes, %" PRIu64 " failures, %" PRIu64 " bytes\n",
	       health.scrapes, health.failures, health.bytes);
	return atomic_load(&fixed_out) != 0;
}

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int cost(void)
{
	struct metrics *m = fake_metrics__large(SERIES, HISTOGRAMS);
	int failed = 0;

	for (int i = 0; i <= PROMETHEUS_PROTOBUF; i++) {
		double before = cpu_ms(), encoded, compressed;
		uLongf gz_len;
		struct buffer b;
		Bytef *gz;

		buffer__init(&b, MAX);
		prometheus__encode(m, (enum prometheus_format)i, &b);
		encoded = cpu_ms() - before;
		gz_len = compressBound(b.len);
		gz = malloc(gz_len);
		before = cpu_ms();
		failed |= b.err || !gz ||
			  compress2(gz, &gz_len, b.data, b.len, 1) != Z_OK;
		compressed = cpu_ms() - before;
		printf("cost: %d series x %d histograms, %s: %.0f ms, %.1f "
		       "MiB; compressed: %.0f ms more, %.1f MiB\n",
		       SERIES, HISTOGRAMS, names[i], encoded,
		       (double)b.len / (1 << 20), compressed,
		       (double)gz_len / (1 << 20));
		free(gz);
		buffer__free(&b);
	}
	fake_metrics__free(m);
	return failed;
}

int main(int argc, char **argv)
{
	for (int i = 0; argc == 2 && i <= PROMETHEUS_PROTOBUF; i++) {
		if (!strcmp(argv[1], names[i]))
			return print((enum prometheus_format)i);
	}
	if (argc == 2 && !strcmp(argv[1], "expected"))
		return print_expected();
	if (argc == 2 && !strcmp(argv[1], "cost"))
		return cost();
	if (argc == 3 && !strcmp(argv[1], "listen"))
		return serve(argv[2]);
	fprintf(stderr,
		"usage: %s text|openmetrics|protobuf|expected|cost|"
		"listen PORT\n",
		argv[0]);
	return 2;
}
