// SPDX-License-Identifier: GPL-2.0-only
/* See pipeline.h. */
#include "pipeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ahead.h"
#include "decode/decode.h"
#include "model/model.h"
#include "source/recording.h"
#include "stats/stats.h"

#define MAX_HOOKS 64
#define MAX_LOST 8

/* Of slow exchanges when spans of them are wanted and --slow does not say. */
#define SPANS_QUANTILE 0.99

/* With fewer connections, all of them stay in the caches by themselves. */
#define MANY_CONNECTIONS 4096

struct pipeline {
	const struct options *options;
	struct output *output;
	struct exporter *exporter; /* NULL: none */
	struct recording *recording;
	struct stats *stats;
	struct model *model;
	struct ahead ahead;
	struct stats_facts facts;
	char *host;		      /* copy of the HOST record's text */
	const char *hooks[MAX_HOOKS]; /* into host */
	const char *lost[MAX_LOST];   /* likewise */
	uint64_t now;		      /* time of the latest mark */
	uint64_t latest;	      /* time of the latest record */
	bool ended;	     /* the last mark came: the report is out */
	enum snapshot_by by; /* present rows */
	struct error err;
};

/* An exchange that is slow: told as it happens. */
static int pipeline__slow(void *ctx, const struct request *r, const char *comm)
{
	struct pipeline *p = ctx;
	uint64_t since = r->begin - p->facts.start;

	return output__slow(p->output, r, comm, p->facts.wall_start + since,
			    &p->err);
}

/* Are slow exchanges told, or are those that are pending nobody's business? */
static bool pipeline__tells_slow(const struct options *options)
{
	return options->slow || options->slow_quantile > 0;
}

static int pipeline__settled(void *ctx, const struct request *r, bool slow)
{
	struct pipeline *p = ctx;

	return exporter__request(p->exporter, r, slow);
}

static struct stats_config pipeline__stats(struct pipeline *p)
{
	const struct options *options = p->options;
	struct stats_config config = {
		.by = options->by,
		.top = options->top,
		.verify = options->verify,
		.slow_ns = options->slow,
		.slow_quantile = options->slow_quantile,
		.client_address = p->exporter != NULL,
	};

	if (pipeline__tells_slow(options)) {
		config.slow = pipeline__slow;
		config.slow_ctx = p;
	}
	if (p->exporter && options->export.config.otlp[OTLP_TRACES].on) {
		config.settled = pipeline__settled;
		config.settled_ctx = p;
		if (!config.slow)
			config.slow_quantile = SPANS_QUANTILE;
	}
	return config;
}

int pipeline__new(struct pipeline **out, const struct options *options,
		  struct output *output, struct exporter *exporter,
		  struct error *err)
{
	struct pipeline *p = calloc(1, sizeof(*p));
	struct stats_config config;
	struct model_sink sink;
	int code;

	if (!p)
		return error__set(err, -ENOMEM, "out of memory");
	p->options = options;
	p->output = output;
	p->exporter = exporter;
	p->by = options->by;
	if (options->record) {
		code = recording__create(&p->recording, options->record, err);
		if (code)
			goto fail;
	}
	code = -ENOMEM;
	config = pipeline__stats(p);
	p->stats = stats__new(&config);
	if (!p->stats)
		goto fail;
	sink = stats__sink(p->stats);
	p->model = model__new(&sink);
	if (!p->model)
		goto fail;
	*out = p;
	return 0;
fail:
	pipeline__free(p, NULL);
	if (code == -ENOMEM)
		error__set(err, code, "out of memory");
	return code;
}

int pipeline__free(struct pipeline *p, struct error *err)
{
	int code;

	if (!p)
		return 0;
	code = recording__close(p->recording);
	if (code)
		error__set(err, code, "the recording %s is not whole: %s",
			   p->options->record, strerror(-code));
	model__free(p->model);
	stats__free(p->stats);
	free(p->host);
	free(p);
	return code;
}

const struct error *pipeline__error(const struct pipeline *p)
{
	return &p->err;
}

static char *text__append(char **at, const char *s)
{
	char *start = *at;

	*at = stpcpy(start, s) + 1;
	return start;
}

/* Cut text at each separator, in place; how many pieces there are. */
static size_t text__split(char *text, char separator, const char **out,
			  size_t max)
{
	size_t len = 0;

	for (char *next; text && *text && len < max; text = next) {
		next = strchr(text, separator);
		if (next)
			*next++ = 0;
		out[len++] = text;
	}
	return len;
}

/* Keep what the HOST record says beyond the record's life. */
static int pipeline__host(struct pipeline *p, const struct event *ev)
{
	const struct rt_host *host = ev->host.host;
	char *at;

	free(p->host);
	p->host = at = malloc(host->text_len + 8);
	if (!at)
		return -ENOMEM;
	p->facts.version = text__append(&at, ev->host.version);
	p->facts.engine = text__append(&at, ev->host.engine);
	p->facts.host = text__append(&at, ev->host.name);
	p->facts.kernel = text__append(&at, ev->host.kernel);
	p->facts.arch = text__append(&at, ev->host.arch);
	p->facts.hooks_len = text__split(text__append(&at, ev->host.hooks), ',',
					 p->hooks, MAX_HOOKS);
	p->facts.hooks = p->hooks;
	p->facts.lost_len = text__split(text__append(&at, ev->host.lost), '\n',
					p->lost, MAX_LOST);
	p->facts.lost = p->lost;
	p->facts.cpus = host->cpus;
	p->facts.wall_start = host->wall_start;
	p->facts.start = host->header.time;
	p->now = host->header.time;
	return 0;
}

static void pipeline__cost(struct pipeline *p, const struct rt_cost *cost)
{
	p->facts.bpf_known = cost->bpf_known;
	p->facts.bpf_ns = cost->bpf_ns;
	p->facts.bpf_runs = cost->bpf_runs;
	p->facts.user_ns = cost->user_ns;
	p->facts.rss_bytes = cost->rss_bytes;
}

static int pipeline__pending(void *ctx, model_pending_fn fn, void *arg)
{
	return model__each_pending(ctx, fn, arg);
}

static int pipeline__in_flight(void *ctx, model_in_flight_fn fn, void *arg)
{
	return model__each_in_flight(ctx, fn, arg);
}

struct whole_only {
	model_pending_fn fn;
	void *arg;
};

static int pipeline__if_whole(void *arg, const struct request *r)
{
	const struct whole_only *only = arg;

	return r->is_whole ? only->fn(only->arg, r) : 0;
}

/* Those that will settle as they are: exported totals never fall, and what may
 * still grow would move from one bucket to another. */
static int pipeline__whole(void *ctx, model_pending_fn fn, void *arg)
{
	struct whole_only only = {fn, arg};

	return model__each_pending(ctx, pipeline__if_whole, &only);
}

static int pipeline__snapshot(struct pipeline *p, enum rt_record_kind kind,
			      struct snapshot **out)
{
	const struct stats_pending pending = {
		.each = kind == RT_REC_EXPORT ? pipeline__whole
					      : pipeline__pending,
		.each_in_flight = pipeline__in_flight,
		.ctx = p->model,
	};
	const struct model_totals totals = model__totals(p->model);

	p->facts.in_flight = totals.in_flight;
	p->facts.unreadable = totals.unreadable;
	p->facts.uncounted = totals.uncounted;
	p->facts.forgotten = totals.forgotten;
	p->facts.unanswered = totals.unanswered;
	p->facts.calls_dropped = totals.calls_dropped;
	return stats__snapshot(p->stats, &p->facts, &pending, p->now,
			       kind == RT_REC_TICK, kind == RT_REC_END, out);
}

/* Is this mark for nobody? Where intervals are shown, or what is pending may be
 * told as slow, it is not. */
static bool pipeline__is_unseen(const struct pipeline *p,
				enum rt_record_kind kind)
{
	return kind == RT_REC_TICK && !output__shows_intervals(p->output) &&
	       !pipeline__tells_slow(p->options);
}

/* When tracing ends, both are tried. */
static int pipeline__show(struct pipeline *p, enum rt_record_kind kind,
			  const struct snapshot *snap)
{
	int code = 0, exported = 0;

	if (kind == RT_REC_TICK)
		code = output__interval(p->output, snap, &p->err);
	else if (kind != RT_REC_EXPORT)
		code = output__report(p->output, snap, &p->err);
	if (p->exporter && (kind == RT_REC_EXPORT || kind == RT_REC_END))
		exported = exporter__show(p->exporter, snap);
	return code ? code : exported;
}

/* A mark in the stream: show. */
static int pipeline__mark(struct pipeline *p, enum rt_record_kind kind)
{
	struct snapshot *snap;
	int code;

	if (p->recording)
		recording__flush(p->recording);
	if (kind == RT_REC_EXPORT && !p->exporter) /* replayed */
		return 0;
	if (pipeline__is_unseen(p, kind))
		return stats__pass(p->stats, p->now);
	code = pipeline__snapshot(p, kind, &snap);
	if (code) /* a slow line that cannot be written has told so */
		return p->err.text[0]
			       ? code
			       : error__set(&p->err, code, "out of memory");
	code = pipeline__show(p, kind, snap);
	snapshot__free(snap);
	return code;
}

static int pipeline__event(struct pipeline *p, const struct event *ev)
{
	switch (ev->kind) {
	case RT_REC_HOST:
		return pipeline__host(p, ev);
	case RT_REC_COUNTERS:
		memcpy(p->facts.counter, ev->counters->value,
		       sizeof(p->facts.counter));
		return 0;
	case RT_REC_COST:
		pipeline__cost(p, ev->cost);
		return 0;
	case RT_REC_TICK:
	case RT_REC_REPORT:
	case RT_REC_EXPORT:
	case RT_REC_END:
		p->now = ev->header->time;
		p->ended |= ev->kind == RT_REC_END;
		return pipeline__mark(p, ev->kind);
	default:
		return model__event(p->model, ev);
	}
}

static int pipeline__take(struct pipeline *p, const void *record, size_t size)
{
	struct event ev;
	int code;

	code = decode__record(record, size, &ev);
	if (code)
		return error__set(
			&p->err, code,
			"a record is damaged; if it comes from a file, "
			"record it again, else this is a fault of "
			"reqtrace: please report it");
	/* A recording that cannot be written must not end the tracing: its
	 * error is told at the end. */
	if (p->recording)
		recording__write(p->recording, record);
	if (ev.header->time > p->latest)
		p->latest = ev.header->time;
	code = pipeline__event(p, &ev);
	if (code && !p->err.text[0])
		error__set(&p->err, code, "cannot go on: %s", strerror(-code));
	return code;
}

static int pipeline__take_oldest(struct pipeline *p)
{
	const struct ahead_record *r = ahead__take(&p->ahead);

	return r ? pipeline__take(p, r->bytes, r->size) : 0;
}

/* Look for its connection half way, when the place in the table is there. */
static int pipeline__take_later(struct pipeline *p, const void *record,
				size_t size)
{
	struct ahead *a = &p->ahead;

	ahead__put(a, record, size);
	model__expect_table(p->model, ahead__at(a, a->len - 1)->cookie);
	if (a->len > AHEAD_RECORDS / 2)
		model__expect(
			p->model,
			ahead__at(a, a->len - 1 - AHEAD_RECORDS / 2)->cookie);
	return a->len == AHEAD_RECORDS ? pipeline__take_oldest(p) : 0;
}

int pipeline__flush(struct pipeline *p)
{
	int code = 0;

	while (p->ahead.len && !code)
		code = pipeline__take_oldest(p);
	return code;
}

int pipeline__record(void *ctx, const void *record, size_t size)
{
	struct pipeline *p = ctx;
	int code;

	if (ahead__takes(record, size) &&
	    model__connections(p->model) > MANY_CONNECTIONS)
		return pipeline__take_later(p, record, size);
	code = pipeline__flush(p);
	return code ? code : pipeline__take(p, record, size);
}

uint64_t pipeline__slow_threshold(const struct pipeline *p)
{
	/* Spans can wait. */
	return pipeline__tells_slow(p->options)
		       ? stats__slow_threshold(p->stats)
		       : UINT64_MAX;
}

bool pipeline__ended(const struct pipeline *p)
{
	return p->ended;
}

int pipeline__end(struct pipeline *p)
{
	int code = pipeline__flush(p);

	if (code || p->ended || !p->facts.start)
		return code;
	p->now = p->latest;
	return pipeline__mark(p, RT_REC_END);
}

int pipeline__next_by(struct pipeline *p)
{
	struct live *live = output__live(p->output);
	enum snapshot_by by = p->options->by;
	struct snapshot *snap;
	int code;

	/* Thread and peer rows exist only if asked for: skip what is not. */
	do {
		p->by = (p->by + 1) % SNAPSHOT_BYS;
		code = stats__set_by(p->stats, p->by);
	} while (code == -ENOTSUP && p->by != by);
	if (code || !live)
		return code;
	code = pipeline__flush(p);
	if (!code)
		code = pipeline__snapshot(p, RT_REC_REPORT, &snap);
	if (!code) {
		code = live__draw(live, snap);
		snapshot__free(snap);
	}
	return code;
}
