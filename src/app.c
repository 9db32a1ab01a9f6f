// SPDX-License-Identifier: GPL-2.0-only
/* See app.h. */
#include "app.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "command.h"
#include "doctor.h"
#include "export/exporter.h"
#include "output.h"
#include "pipeline.h"
#include "source/permissions.h"
#include "source/procfs.h"
#include "source/recording.h"
#include "source/tracer.h"
#include "stats/histogram.h"

#define NS_PER_MS 1000000ull

/* Between two looks at the ring, so that it is a tenth full at each: at once as
 * short as that asks for when it fills, twice as long at most when it does not.
 * A look at an empty ring costs some 10 us. */
#define DRAIN_MIN (2 * NS_PER_MS)
#define DRAIN_MAX (32 * NS_PER_MS)
#define DRAIN_FULL 10 /* percent of the ring in one drain */
#define DRAIN_BUSY 20
#define DRAIN_IDLE 4

#define NICENESS (-10)

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

enum { EXIT_TRACED = 0, EXIT_FAILED = 1 };

struct app {
	const struct options *options;
	struct output *output;
	struct exporter *exporter; /* NULL: nothing is exported */
	struct pipeline *pipeline;
	struct tracer *tracer;
	struct loop *loop;
	struct command command;
	uint64_t drain; /* present period */
	int drain_timer;
	bool targets_gone; /* as of the last drain */
	struct error err;
};

/* A failure whose sentence is in the pipeline, or else in general words. */
static int app__failed(struct app *a, int code)
{
	const struct error *err = pipeline__error(a->pipeline);

	return error__set(&a->err, code, "%s",
			  err->text[0] ? err->text : strerror(-code));
}

/* A late failure: the run's if there was none before, else both are told. */
static int app__also(struct app *a, int code, int end, const struct error *late)
{
	if (end && !code)
		a->err = *late;
	else if (end)
		fprintf(stderr, "reqtrace: %s\n", late->text);
	return code ? code : end;
}

/* --- callbacks of the loop ----------------------------------------- */

/* The kernel wakes us for what is slow, and for nothing else. */
static void app__set_slow(struct app *a)
{
	uint64_t ns = pipeline__slow_threshold(a->pipeline);

	tracer__set_slow(a->tracer, ns == UINT64_MAX ? 0 : ns);
}

/* Take all that is in the ring: how full it was, in percent. */
static int app__take(struct app *a)
{
	int full = tracer__drain(a->tracer);
	int code = full < 0 ? full : pipeline__flush(a->pipeline);

	return code < 0 ? code : full;
}

/* The ring has something that must not wait for the next drain. */
static int app__ready(void *ctx, uint64_t fd)
{
	struct app *a = ctx;
	int full = app__take(a);

	(void)fd;
	return full < 0 ? app__failed(a, full) : 0;
}

static int app__drain(void *ctx, uint64_t times)
{
	struct app *a = ctx;
	int full = app__take(a);
	uint64_t next = a->drain;

	(void)times;
	if (full < 0)
		return app__failed(a, full);
	app__set_slow(a);
	if (full > DRAIN_BUSY)
		next = next * DRAIN_FULL / (uint64_t)full;
	else if (full < DRAIN_IDLE)
		next *= 2;
	next = next < DRAIN_MIN ? DRAIN_MIN : next;
	next = next > DRAIN_MAX ? DRAIN_MAX : next;
	if (next != a->drain) {
		a->drain = next;
		loop__retime(a->loop, a->drain_timer, next);
	}
	/* One look later: a process tells that it exits before it closes its
	 * connections (do_exit() in kernel/exit.c). */
	if (a->targets_gone)
		loop__stop(a->loop);
	a->targets_gone = !tracer__has_targets(a->tracer);
	return 0;
}

static int app__mark(struct app *a, enum rt_record_kind kind)
{
	int code = tracer__mark(a->tracer, kind);

	return code < 0 ? app__failed(a, code) : 0;
}

/* Whether figures arrive, when that changes; not across the live view, which
 * has the terminal. */
static void app__tell_news(struct app *a)
{
	struct error news;

	if (!a->exporter || !exporter__news(a->exporter, &news))
		return;
	if (!output__live(a->output) || !isatty(STDERR_FILENO))
		fprintf(stderr, "reqtrace: %s\n", news.text);
}

static int app__tick(void *ctx, uint64_t times)
{
	(void)times;
	app__tell_news(ctx);
	return app__mark(ctx, RT_REC_TICK);
}

static int app__tidy(void *ctx, uint64_t times)
{
	struct app *a = ctx;
	int code = tracer__tidy(a->tracer);

	(void)times;
	return code < 0 ? app__failed(a, code) : 0;
}

static int app__stop(void *ctx, uint64_t value)
{
	struct app *a = ctx;

	(void)value;
	loop__stop(a->loop);
	return 0;
}

static int app__report(void *ctx, uint64_t signo)
{
	(void)signo;
	return app__mark(ctx, RT_REC_REPORT);
}

/* Somebody waits for figures: a collector's time has come, or a scrape. */
static int app__export(void *ctx, uint64_t fd)
{
	(void)fd;
	return app__mark(ctx, RT_REC_EXPORT);
}

static int app__resize(void *ctx, uint64_t signo)
{
	struct app *a = ctx;

	(void)signo;
	live__resize(output__live(a->output));
	return 0;
}

static int app__key(void *ctx, uint64_t fd)
{
	struct app *a = ctx;
	int code = 0;

	(void)fd;
	while (!code) {
		switch (live__key(output__live(a->output))) {
		case LIVE_NONE:
			return 0;
		case LIVE_QUIT:
			loop__stop(a->loop);
			return 0;
		case LIVE_NEXT_BY:
			code = pipeline__next_by(a->pipeline);
			break;
		case LIVE_HANDLED:
			break;
		}
	}
	return app__failed(a, code);
}

/* --- starting -------------------------------------------------------- */

/* Each pid must be a process that can be traced. */
static int app__check_pids(struct app *a)
{
	struct procfs_process p;
	int code;

	for (size_t i = 0; i < a->options->pids_len; i++) {
		uint32_t pid = a->options->pids[i];

		code = procfs__read(pid, &p);
		if (code)
			return error__set(
				&a->err, code,
				"there is no process %" PRIu32
				"; if it runs in "
				"a container, give its id on the host (see ps "
				"on the host)",
				pid);
		if (p.tgid != pid)
			return error__set(&a->err, -EINVAL,
					  "%" PRIu32 " is a thread of process "
					  "%" PRIu32 "; use -p %" PRIu32,
					  pid, p.tgid, p.tgid);
		if (pid == (uint32_t)getpid())
			return error__set(&a->err, -EINVAL,
					  "reqtrace cannot trace itself");
	}
	return 0;
}

static int app__open_tracer(struct app *a)
{
	const struct options *o = a->options;
	uint32_t child = a->command.pid;
	struct tracer_config config = {
		.pids = o->pids,
		.pids_len = o->pids_len,
		.comm = o->comm,
		.all = o->all,
		.parts = !o->no_parts,
		.engine = o->engine,
		.port = o->port,
		.ring_bytes = o->ring_bytes,
		.interval = o->interval ?: NS_PER_S,
		.version = REQTRACE_VERSION,
		.boundaries = histogram__boundaries(),
	};

	if (child) {
		config.pids = &child;
		config.pids_len = 1;
	} else if (!o->pids_len && !o->comm && !o->all) {
		/* --port alone: whoever serves it. */
		config.all = true;
		config.server_only = true;
	}
	return tracer__open(&a->tracer, &config, pipeline__record, a->pipeline,
			    &a->err);
}

static int app__watch(struct app *a)
{
	const struct options *o = a->options;
	uint64_t interval = o->interval ?: NS_PER_S;
	int code;

	a->drain = DRAIN_MAX / 4;
	a->drain_timer = loop__timer(a->loop, a->drain, app__drain, a);
	code = a->drain_timer < 0 ? a->drain_timer : 0;
	if (!code)
		code = loop__timer(a->loop, interval, app__tick, a);
	/* Closed connections take room until then, whatever is shown when. */
	if (code >= 0 && interval > NS_PER_S)
		code = loop__timer(a->loop, NS_PER_S, app__tidy, a);
	if (code >= 0)
		code = loop__notified(a->loop, tracer__fd(a->tracer),
				      app__ready, a);
	if (code >= 0 && a->exporter)
		code = loop__fd(a->loop, exporter__fd(a->exporter), app__export,
				a);
	if (code >= 0 && o->duration)
		code = loop__timer(a->loop, o->duration, app__stop, a);
	if (code >= 0 && output__live(a->output))
		code = loop__signal(a->loop, SIGWINCH, app__resize, a);
	if (code >= 0 && output__live(a->output))
		code = loop__fd(a->loop, STDIN_FILENO, app__key, a);
	return code < 0
		       ? error__set(&a->err, code, "cannot wait for events: %s",
				    strerror(-code))
		       : 0;
}

/* The ring must be drained in time even if the load takes every CPU; without
 * the right to it, larger rings help. */
static void app__hurry(void)
{
	if (setpriority(PRIO_PROCESS, 0, NICENESS))
		errno = 0;
}

/* A terminal that goes away ends the run well, too. */
static const struct {
	int signo;
	loop_fn fn;
} signals[] = {
	{SIGINT, app__stop},
	{SIGTERM, app__stop},
	{SIGHUP, app__stop},
	{SIGUSR1, app__report},
};

/* From here on Ctrl-C ends the run well. */
static int app__catch_signals(struct app *a)
{
	int code = loop__new(&a->loop);

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; !code && i < LEN(signals); i++)
		code = loop__signal(a->loop, signals[i].signo, signals[i].fn,
				    a);
	return code ? error__set(&a->err, code, "cannot catch signals: %s",
				 strerror(-code))
		    : 0;
}

static int app__start(struct app *a)
{
	uint64_t begin = clock__now();
	int code = app__open_tracer(a);

	if (code)
		return code;
	app__hurry();
	code = permissions__drop(tracer__probes(a->tracer), a->command.pid,
				 &a->err);
	/* Its threads have what is left of the rights. */
	if (!code && a->exporter)
		code = exporter__start(a->exporter, &a->err);
	/* The last of what can fail: a command that ran for a moment cannot be
	 * taken back. */
	if (!code && a->command.pid)
		code = command__start(&a->command, a->options->command[0],
				      &a->err);
	if (code)
		return code;
	output__show(a->output);
	if (!output__live(a->output) || !isatty(STDERR_FILENO))
		fprintf(stderr,
			"reqtrace: attached in %" PRIu64 " ms (engine %s); "
			"Ctrl-C ends it with a report\n",
			(uint64_t)((clock__now() - begin) / NS_PER_MS),
			tracer__engine(a->tracer));
	if (a->options->comm && !tracer__targets(a->tracer))
		fprintf(stderr,
			"reqtrace: no process is named '%s' yet; waiting for "
			"one\n",
			a->options->comm);
	return app__watch(a);
}

/* --- running --------------------------------------------------------- */

static int app__trace(struct app *a)
{
	struct error late = {};
	int code, end;

	code = app__check_pids(a);
	if (!code && a->options->command)
		code = command__prepare(&a->command, a->options->command,
					&a->err);
	if (!code)
		code = app__catch_signals(a);
	if (!code)
		code = app__start(a);
	if (code)
		return code;
	/* A failure while running still ends with the report, and with what was
	 * to be exported. */
	code = loop__run(a->loop);
	end = app__mark(a, RT_REC_END);
	code = code ? code : end;
	if (a->exporter) {
		end = exporter__finish(a->exporter, &late);
		code = app__also(a, code, end, &late);
	}
	return code;
}

static int app__replay(struct app *a)
{
	const char *path = a->options->replay;
	int code =
		recording__replay(path, pipeline__record, a->pipeline, &a->err);
	int end;

	if (code && !a->err.text[0])
		app__failed(a, code);
	if (pipeline__ended(a->pipeline))
		return code;
	/* What there is of it, and that it is not all. */
	end = pipeline__end(a->pipeline);
	if (end)
		return code ? code : app__failed(a, end);
	return code ? code
		    : error__set(&a->err, -EBADMSG,
				 "%s is not whole: its recording was cut off "
				 "before the end of tracing",
				 path);
}

/* Free everything. */
static int app__close(struct app *a, int code)
{
	struct error late = {};
	int end;

	/* The report is out: a late Ctrl-C must not change the exit status. */
	for (size_t i = 0; i < LEN(signals); i++)
		signal(signals[i].signo, SIG_IGN);
	tracer__close(a->tracer);
	command__end(&a->command);
	output__close(a->output);
	loop__free(a->loop);
	exporter__free(a->exporter);
	end = pipeline__free(a->pipeline, &late);
	return app__also(a, code, end, &late);
}

static int app__doctor(const struct options *options)
{
	struct error err = {};
	int code = doctor__run(options, &err);

	if (err.text[0])
		fprintf(stderr, "reqtrace: %s\n", err.text);
	return code ? EXIT_FAILED : EXIT_TRACED;
}

int app__run(const struct options *options)
{
	struct app a = {.options = options};
	int code;

	if (options->mode == OPTIONS_DOCTOR)
		return app__doctor(options);

	code = output__open(&a.output, options, &a.err);
	if (!code && export_config__is_on(&options->export.config))
		code = exporter__new(&a.exporter, &options->export.config,
				     &a.err);
	if (!code)
		code = pipeline__new(&a.pipeline, options, a.output, a.exporter,
				     &a.err);
	if (!code)
		code = options->mode == OPTIONS_REPLAY ? app__replay(&a)
						       : app__trace(&a);
	code = app__close(&a, code);
	if (!code)
		return EXIT_TRACED;
	fprintf(stderr, "reqtrace: %s\n", a.err.text);
	return EXIT_FAILED;
}
