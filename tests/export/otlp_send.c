/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sends a request as reqtrace does, for faults_test.py:
 *   otlp_send FILE [TIMES [STOP_MS]]
 * FILE holds the message; where to and how, the environment says
 * (OTEL_EXPORTER_OTLP_*). With STOP_MS another thread calls it off after so
 * long. Prints a line of JSON per request, with the memory in use after it.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "export/otlp_client.h"

#define NS_PER_S 1000000000ull

static const char *const outcomes[] = {
	[OTLP_TAKEN] = "taken",		[OTLP_RETRY] = "retry",
	[OTLP_TOO_LARGE] = "too large", [OTLP_REFUSED] = "refused",
	[OTLP_STOPPED] = "stopped",
};

static const char *get(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

static void warn(void *ctx, const char *sentence)
{
	(void)ctx;
	fprintf(stderr, "otlp_send: warning: %s\n", sentence);
}

/* kB of the process that are in memory at most, so far. */
static long memory(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	long kb = -1;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %ld kB", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void send_one(struct otlp_client *c, const struct buffer *body)
{
	struct otlp_reply reply;
	double began = seconds();
	json_t *line;

	otlp_client__send(c, body, 0, &reply);
	line = json_pack("{s:s,s:f,s:I,s:I,s:s,s:f,s:I}", "outcome",
			 outcomes[reply.outcome], "retry_after",
			 (double)reply.retry_after / NS_PER_S, "rejected",
			 (json_int_t)reply.rejected, "sent_bytes",
			 (json_int_t)reply.sent_bytes, "error", reply.err.text,
			 "seconds", seconds() - began, "rss_kb",
			 (json_int_t)memory());
	if (!line)
		exit(1);
	json_dumpf(line, stdout, 0);
	putchar('\n');
	fflush(stdout);
	json_decref(line);
}

static int read_file(struct buffer *b, const char *path)
{
	FILE *f = fopen(path, "rb");
	char block[4096];
	size_t n;

	if (!f)
		return -1;
	while ((n = fread(block, 1, sizeof(block), f)))
		buffer__add(b, block, n);
	fclose(f);
	return b->err;
}

struct stop {
	struct otlp_client *client;
	unsigned ms;
};

static void *stop_later(void *arg)
{
	struct stop *s = arg;

	usleep(s->ms * 1000);
	otlp_client__stop(s->client);
	return NULL;
}

int main(int argc, char **argv)
{
	const struct export_environment env = {get, warn, NULL};
	const struct export_options options = {.metrics = true};
	int times = argc > 2 ? atoi(argv[2]) : 1;
	struct export_config config;
	struct error err = {""};
	struct buffer body;
	struct stop stop = {0};
	pthread_t thread;

	buffer__init(&body, 64u << 20);
	if (argc < 2 || read_file(&body, argv[1]) ||
	    export_config__resolve(&config, &options, &env, &err) ||
	    otlp_client__new(&stop.client, OTLP_METRICS,
			     &config.otlp[OTLP_METRICS], &err)) {
		fprintf(stderr, "otlp_send: %s\n", err.text);
		return 1;
	}
	if (argc > 3) {
		stop.ms = strtoul(argv[3], NULL, 10);
		if (pthread_create(&thread, NULL, stop_later, &stop))
			return 1;
	}
	while (times--)
		send_one(stop.client, &body);
	if (argc > 3)
		pthread_join(thread, NULL);
	otlp_client__free(stop.client);
	export_config__free(&config);
	buffer__free(&body);
	return 0;
}
