/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What building a batch of metrics costs the thread that traces: 2,000 series
 * of a service, each with all of its parts, in one process and in eight. Prints
 * milliseconds of CPU time, and memory of a batch.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "export/batch.h"
#include "export/build.h"
#include "stats/measure.h"

#define SERIES 2000
#define ROUNDS 20

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void must(int err)
{
	if (err) {
		fprintf(stderr, "batch: %s\n", strerror(-err));
		exit(1);
	}
}

/* Latencies over two decades, in some 40 buckets. */
static void fill(struct measure *m)
{
	for (uint64_t i = 0; i < 200; i++) {
		uint64_t ns = 300000 + i * i * 700;

		must(histogram__add(&m->duration, ns, 1 + i));
		must(histogram__add(&m->time_to_first_byte, ns / 2, 1 + i));
		for (int k = 0; k < PARTS; k++)
			must(histogram__add(&m->part[k], ns / (k + 2), 1 + i));
	}
	m->bytes_in = m->bytes_out = 1000;
}

static void measure_batches(uint32_t workers)
{
	struct export_config config = {0};
	struct build *b = build__new(&config);
	struct snapshot_series *series = calloc(SERIES, sizeof(*series));
	char(*operation)[40] = calloc(SERIES, sizeof(*operation));
	struct snapshot_process process[8];
	struct snapshot snap = {.host = "bench",
				.processes = process,
				.processes_len = workers,
				.series = series,
				.series_len = SERIES};
	uint64_t best = UINT64_MAX, all = 0;
	size_t used = 0, points = 0;

	if (!b || !series || !operation)
		must(-12);
	for (uint32_t i = 0; i < workers; i++)
		process[i] = (struct snapshot_process){.pid = 10 + i,
						       .comm = "service"};
	for (uint32_t i = 0; i < SERIES; i++) {
		uint32_t path = i % (SERIES / workers);

		sprintf(operation[i], "GET /api/v1/things/%c%c%c/{id}",
			'a' + path % 26, 'a' + path / 26 % 26,
			'a' + path / 676);
		series[i] = (struct snapshot_series){
			.pid = 10 + i / (SERIES / workers),
			.role = RT_ROLE_SERVER,
			.port = 80,
			.protocol = "http",
			.operation = operation[i],
			.status = "200",
			.version = "1.1"};
		measure__init(&series[i].m);
		fill(&series[i].m);
	}
	for (int i = 0; i < ROUNDS; i++) {
		const struct build_facts facts = {
			.time = snap.now + 1000000000,
			.delivered = UINT64_MAX,
		};
		const struct metrics *m;
		uint64_t begin = now_ns(), took;

		snap.now += 1000000000;
		must(build__metrics(b, &snap, &facts, &m));
		took = now_ns() - begin;
		all += took;
		best = took < best ? took : best;
		used = ((const struct batch *)m)->arena.used;
		points = 0;
		for (size_t k = 0; k < m->resources_len; k++) {
			for (size_t j = 0; j < m->resources[k].metrics_len; j++)
				points += m->resources[k].metrics[j].points_len;
		}
		metrics__put(m);
	}
	printf("%u series of %u processes: %zu points, %.1f ms (best), "
	       "%.1f ms (mean), %.1f MB\n",
	       SERIES, workers, points, (double)best / 1e6,
	       (double)all / ROUNDS / 1e6, (double)used / 1e6);
	for (uint32_t i = 0; i < SERIES; i++)
		measure__free(&series[i].m);
	build__free(b);
	free(series);
	free(operation);
}

int main(void)
{
	measure_batches(1);
	measure_batches(8);
	return 0;
}
