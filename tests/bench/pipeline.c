// SPDX-License-Identifier: GPL-2.0-only
/*
 * What reqtrace itself costs a record, and how much memory it takes: made-up
 * records go the way of the live tracer, from a ring's bytes to histograms.
 *
 *   bench/pipeline [-r ROUNDS] [-n RECORDS] [-j FILE] [-l] [NAME...]
 *
 * Each figure is CPU time of one core, the median of the rounds. Stages are
 * passes that end early: decode, then decode and model, then all of it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "decode/decode.h"
#include "load.h"
#include "model/model.h"
#include "output.h"
#include "pipeline.h"

#define RING (8u << 20) /* bytes, as the tracer's own */
#define ROUNDS_MAX 99
#define LEN(array) (sizeof(array) / sizeof((array)[0]))

enum stage { STAGE_DECODE, STAGE_MODEL, STAGE_ALL, STAGES };

static const struct load_config loads[] = {
	{"redis-1", 1, 1, 0, 0, 1, false, false, false},
	{"redis-1-parts", 1, 1, 0, 0, 1, true, false, false},
	{"redis-1000", 1000, 1, 0, 0, 1, false, false, false},
	{"redis-1000-parts", 1000, 1, 0, 0, 1, true, false, false},
	{"redis-50000", 50000, 1, 0, 0, 1, false, false, false},
	{"redis-50000-parts", 50000, 1, 0, 0, 1, true, false, false},
	{"redis-churn", 1, 1, 0, 0, 1, true, true, false},
	{"http-1000", 1000, 1, 10, 0, 10, false, false, false},
	{"http-1000-parts", 1000, 1, 10, 0, 10, true, false, false},
	{"http-2000-series", 1000, 20, 100, 4, 2000, true, false, false},
	{"http-everything", 50000, 20, 100, 4, 2000, true, false, false},
	{"http-all-idle", 50000, 20, 100, 4, 2000, true, false, true},
};

struct figures {
	double ns[STAGES]; /* a record, this stage alone */
	double rate;	   /* records a second, all stages */
	double tick_ms;	   /* a refresh of a live view: its snapshot */
	double report_ms;  /* the final report, as text and JSON */
	size_t rss, rss_tick, rss_peak, rss_report; /* bytes */
};

struct bench {
	const struct load_config *config;
	unsigned rounds;
	size_t records;
	char *ring;
	FILE *table, *json;
	bool first;
};

static void die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* A line of /proc/self/status, in bytes. */
static size_t status_bytes(const char *name)
{
	char line[128];
	size_t kib = 0;
	FILE *f = fopen("/proc/self/status", "re");

	if (!f)
		die("cannot read /proc/self/status");
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			kib = strtoull(line + strlen(name) + 1, NULL, 10);
	fclose(f);
	return kib * 1024;
}

/* From here on the peak is that of what follows. */
static void reset_peak(void)
{
	FILE *f = fopen("/proc/self/clear_refs", "we");

	if (!f || fputs("5", f) < 0 || fclose(f))
		die("cannot reset the peak of memory");
}

/* --- the stages ----------------------------------------------------- */

static int sink_request(void *ctx, const struct request *r)
{
	*(uint64_t *)ctx += r->end;
	return 0;
}

static int sink_conn(void *ctx, const struct sink_conn *c)
{
	*(uint64_t *)ctx += c->time;
	return 0;
}

static int sink_stream(void *ctx, const struct sink_stream *s)
{
	*(uint64_t *)ctx += s->time;
	return 0;
}

static int sink_process(void *ctx, const struct sink_process *p)
{
	*(uint64_t *)ctx += p->pid;
	return 0;
}

struct passage {
	struct pipeline *pipeline;
	struct output *output;
	struct model *model;
	struct options options;
	uint64_t sum; /* so that no stage is for nothing */
};

static void pass(struct passage *p, enum stage stage, const char *at)
{
	const struct rt_header *head = (const void *)at;
	struct event ev;

	if (stage == STAGE_ALL) {
		if (pipeline__record(p->pipeline, at, head->size))
			die(pipeline__error(p->pipeline)->text);
		return;
	}
	if (decode__record(at, head->size, &ev))
		die("a record is damaged");
	p->sum += ev.header->time;
	if (stage == STAGE_MODEL && model__event(p->model, &ev))
		die("out of memory");
}

/* CPU ns for the bytes of a ring; *records counts. */
static double drain(struct passage *p, enum stage stage, const char *ring,
		    size_t used, size_t *records)
{
	double start = cpu_ns();

	for (size_t at = 0; at < used; ++*records) {
		const struct rt_header *head = (const void *)(ring + at);

		at += (head->size + 7) & ~7u;
		pass(p, stage, (const char *)head);
	}
	return cpu_ns() - start;
}

static void passage__open(struct passage *p, const char *json)
{
	const struct model_sink sink = {
		.ctx = &p->sum,
		.request = sink_request,
		.conn = sink_conn,
		.stream = sink_stream,
		.process = sink_process,
	};
	struct error err = {};

	*p = (struct passage){.options = {.mode = OPTIONS_REPLAY,
					  .json = json,
					  .interval = 1000000000}};
	p->model = model__new(&sink);
	if (!p->model || output__open(&p->output, &p->options, &err) ||
	    pipeline__new(&p->pipeline, &p->options, p->output, NULL, &err))
		die(err.text);
}

static void passage__close(struct passage *p)
{
	struct error err = {};

	model__free(p->model);
	if (pipeline__free(p->pipeline, &err))
		die(err.text);
	output__close(p->output);
}

static void mark(struct passage *p, int kind, uint64_t now)
{
	struct rt_mark mark = {{(uint16_t)kind, 0, sizeof(mark), now}};

	if (pipeline__record(p->pipeline, &mark, sizeof(mark)))
		die(pipeline__error(p->pipeline)->text);
}

static void name_host(struct passage *p)
{
	struct {
		struct rt_host host;
		char text[16];
	} rec = {.host = {.header = {RT_REC_HOST, 0, sizeof(rec.host) + 12,
				     1000000000000ull},
			  .cpus = 1,
			  .text_len = 12},
		 .text = "1\0s\0h\0k\0a\0x"};

	if (pipeline__record(p->pipeline, &rec, rec.host.header.size))
		die(pipeline__error(p->pipeline)->text);
}

/* --- a load --------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, unsigned len)
{
	qsort(values, len, sizeof(*values), compare);
	return len % 2 ? values[len / 2]
		       : (values[len / 2 - 1] + values[len / 2]) / 2;
}

/* Median ns a record up to the end of a stage. */
static double run_stage(const struct bench *b, struct passage *p,
			struct load *l, enum stage stage)
{
	double round[ROUNDS_MAX];
	size_t n = 0, used;

	while ((used = load__open(l, b->ring, RING)))
		drain(p, stage, b->ring, used, &n);
	/* Once for all that is made only once. */
	for (n = 0; n < b->config->connections;) {
		used = load__run(l, b->ring, RING);
		drain(p, stage, b->ring, used, &n);
	}
	for (unsigned i = 0; i < b->rounds; i++) {
		double ns = 0;

		for (n = 0; n < b->records;) {
			used = load__run(l, b->ring, RING);
			ns += drain(p, stage, b->ring, used, &n);
		}
		round[i] = ns / (double)n;
	}
	return median(round, b->rounds);
}

static double timed_mark(struct passage *p, int kind, uint64_t now)
{
	double start = cpu_ns();

	mark(p, kind, now);
	return (cpu_ns() - start) / 1e6;
}

static void measure_memory(struct passage *p, const struct load *l,
			   struct figures *f)
{
	f->rss = status_bytes("VmRSS:");
	reset_peak();
	for (int i = 0; i < 3; i++)
		f->tick_ms = timed_mark(p, RT_REC_TICK, load__now(l));
	f->rss_peak = status_bytes("VmHWM:");
	f->rss_tick = status_bytes("VmRSS:");
	f->report_ms = timed_mark(p, RT_REC_END, load__now(l));
	f->rss_report = status_bytes("VmHWM:");
}

static void run(const struct bench *b, struct figures *f)
{
	double total[STAGES];

	for (int stage = 0; stage < STAGES; stage++) {
		struct load *l = load__new(b->config);
		struct passage p;

		if (!l)
			die("out of memory");
		passage__open(&p, "/dev/null");
		name_host(&p);
		total[stage] = run_stage(b, &p, l, stage);
		if (stage == STAGE_ALL)
			measure_memory(&p, l, f);
		passage__close(&p);
		load__free(l);
	}
	f->ns[STAGE_DECODE] = total[STAGE_DECODE];
	f->ns[STAGE_MODEL] = total[STAGE_MODEL] - total[STAGE_DECODE];
	f->ns[STAGE_ALL] = total[STAGE_ALL] - total[STAGE_MODEL];
	f->rate = 1e9 / total[STAGE_ALL];
}

static double mb(size_t bytes)
{
	return (double)bytes / 1e6;
}

static void print(const struct bench *b, const struct figures *f)
{
	double all = 1e9 / f->rate;

	fprintf(b->table,
		"%-18s %6u %6u %6.0f %6.0f %6.0f %6.0f %9.0f %7.1f %7.1f %7.1f "
		"%7.1f %7.1f\n",
		b->config->name, b->config->connections, b->config->series,
		f->ns[STAGE_DECODE], f->ns[STAGE_MODEL], f->ns[STAGE_ALL], all,
		f->rate, mb(f->rss), mb(f->rss_peak), mb(f->rss_report),
		f->tick_ms, f->report_ms);
	fflush(b->table);
	if (!b->json)
		return;
	fprintf(b->json,
		"%s\n  {\"load\": \"%s\", \"connections\": %u, \"series\": %u, "
		"\"parts\": %s, \"decode_ns\": %.1f, \"model_ns\": %.1f, "
		"\"stats_ns\": %.1f, \"record_ns\": %.1f, "
		"\"records_per_second\": %.0f, \"rss_bytes\": %zu, "
		"\"rss_tick_peak_bytes\": %zu, \"rss_report_peak_bytes\": %zu, "
		"\"tick_ms\": %.2f, \"report_ms\": %.2f}",
		b->first ? "" : ",", b->config->name, b->config->connections,
		b->config->series, b->config->parts ? "true" : "false",
		f->ns[STAGE_DECODE], f->ns[STAGE_MODEL], f->ns[STAGE_ALL], all,
		f->rate, f->rss, f->rss_peak, f->rss_report, f->tick_ms,
		f->report_ms);
}

/* Memory that one load leaves to malloc is no other's. */
static void run_apart(struct bench *b)
{
	struct figures f = {};
	int fds[2];
	pid_t pid;

	if (pipe(fds))
		die(strerror(errno));
	pid = fork();
	if (pid < 0)
		die(strerror(errno));
	if (!pid) {
		run(b, &f);
		_exit(write(fds[1], &f, sizeof(f)) != sizeof(f));
	}
	close(fds[1]);
	if (read(fds[0], &f, sizeof(f)) != sizeof(f))
		die("a load failed");
	close(fds[0]);
	print(b, &f);
	b->first = false;
}

static bool is_wanted(const char *name, char **names, int len)
{
	for (int i = 0; i < len; i++)
		if (!strcmp(name, names[i]))
			return true;
	return !len;
}

static void check_names(char **names, int len)
{
	for (int i = 0; i < len; i++) {
		size_t k = 0;

		while (k < LEN(loads) && strcmp(loads[k].name, names[i]) != 0)
			k++;
		if (k == LEN(loads))
			die("no such load; -l lists them");
	}
}

static void list_loads(void)
{
	for (size_t i = 0; i < LEN(loads); i++)
		puts(loads[i].name);
	exit(0);
}

/* Reports go to standard output, so that is the null device and the table has
 * a copy of what it was. */
static FILE *take_stdout(void)
{
	FILE *table = fdopen(dup(STDOUT_FILENO), "w");

	if (!table || !freopen("/dev/null", "w", stdout))
		die(strerror(errno));
	return table;
}

static void read_arguments(struct bench *b, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "r:n:j:l")) != -1) {
		if (c == 'r')
			b->rounds = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'n')
			b->records = strtoull(optarg, NULL, 10);
		else if (c == 'j')
			b->json = fopen(optarg, "we");
		else if (c == 'l')
			list_loads();
		else
			exit(2);
		if (c == 'j' && !b->json)
			die(strerror(errno));
	}
	if (!b->rounds || b->rounds > ROUNDS_MAX || !b->records)
		die("1 to 99 rounds, of one record or more");
	check_names(argv + optind, argc - optind);
}

int main(int argc, char **argv)
{
	struct bench b = {.rounds = 7, .records = 300000, .first = true};

	read_arguments(&b, argc, argv);
	b.table = take_stdout();
	b.ring = aligned_alloc(8, RING);
	if (!b.ring)
		die("out of memory");
	fprintf(b.table,
		"load                conns series decode  model  stats all/ns "
		"records/s  rss/MB  +tick +report tick/ms report/ms\n");
	if (b.json)
		fputs("[", b.json);
	for (size_t i = 0; i < LEN(loads); i++) {
		b.config = &loads[i];
		if (is_wanted(loads[i].name, argv + optind, argc - optind))
			run_apart(&b);
	}
	if (b.json && (fputs("\n]\n", b.json) < 0 || fclose(b.json)))
		die("cannot write the figures");
	return 0;
}
