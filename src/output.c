// SPDX-License-Identifier: GPL-2.0-only
/* See output.h. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "view/slow_line.h"

struct output {
	const struct options *options;
	FILE *json;	   /* NULL, a file, or stdout */
	struct live *live; /* NULL: plain text */
	struct view_style style;
};

static bool json__on_stdout(const struct options *options)
{
	return options->json && !strcmp(options->json, "-");
}

static const char *json__name(const struct options *options)
{
	return json__on_stdout(options) ? "to stdout" : options->json;
}

/*
 * A standard stream that the caller closed must not become whatever is opened
 * next: a report would be written into a recording. In its place comes what
 * can be neither read nor written, so that a report still fails.
 */
static void output__occupy(void)
{
	int fd;

	do
		fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

size_t output__width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return 0;
	return size.ws_col;
}

static int output__open_json(struct output *o, struct error *err)
{
	const char *path = o->options->json;
	int code;

	if (!path)
		return 0;
	/* What is there stays until there is a report. */
	o->json = json__on_stdout(o->options) ? stdout : fopen(path, "ae");
	if (o->json)
		return 0;
	code = -errno;
	return error__set(err, code,
			  "cannot write the report %s: %s; choose a file that "
			  "can be written",
			  path, strerror(-code));
}

int output__open(struct output **out, const struct options *options,
		 struct error *err)
{
	struct output *o = calloc(1, sizeof(*o));
	int code;

	if (!o)
		return error__set(err, -ENOMEM, "out of memory");
	output__occupy();
	o->options = options;
	o->style.utf8 = view__utf8();
	code = output__open_json(o, err);
	if (code) {
		free(o);
		return code;
	}
	*out = o;
	return 0;
}

static bool output__slow_lines(const struct output *o)
{
	return o->options->slow || o->options->slow_quantile > 0;
}

void output__show(struct output *o)
{
	int code;

	/* A command of ours writes to the same terminal, and so do lines of
	 * slow exchanges. */
	if (o->options->mode != OPTIONS_TRACE || o->options->command ||
	    output__slow_lines(o) || json__on_stdout(o->options) ||
	    !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		return;
	code = live__new(stdin, stdout, &o->live);
	if (code == -ENOTSUP)
		fprintf(stderr,
			"reqtrace: no live view on a terminal of type "
			"'%s'; plain tables instead\n",
			getenv("TERM") ? getenv("TERM") : "");
}

void output__close(struct output *o)
{
	if (!o)
		return;
	live__free(o->live);
	if (o->json && o->json != stdout)
		fclose(o->json);
	free(o);
}

struct live *output__live(struct output *o)
{
	return o->live;
}

/* Plain tables: when asked for, or instead of a live view. */
static bool output__plain(const struct output *o)
{
	if (json__on_stdout(o->options) || o->live)
		return false;
	return o->options->interval ||
	       (o->options->mode == OPTIONS_TRACE && !o->options->command &&
		!output__slow_lines(o) && isatty(STDOUT_FILENO));
}

bool output__shows_intervals(const struct output *o)
{
	return o->live || output__plain(o);
}

int output__interval(struct output *o, const struct snapshot *snap,
		     struct error *err)
{
	int code = 0;

	o->style.width = output__width();
	if (o->live)
		code = live__draw(o->live, snap);
	else if (output__plain(o))
		code = view_text.interval(snap, &o->style, stdout);
	return code ? error__set(err, code, "cannot write to stdout: %s",
				 strerror(-code))
		    : 0;
}

int output__slow(struct output *o, const struct request *r, const char *comm,
		 uint64_t wall, struct error *err)
{
	/* A JSON report has standard output for itself. */
	FILE *out = json__on_stdout(o->options) ? stderr : stdout;
	int code = slow_line__write(r, comm, wall, !o->options->no_parts,
				    o->style.utf8, out);

	return code ? error__set(err, code, "cannot write a slow exchange: %s",
				 strerror(-code))
		    : 0;
}

static int report__json(struct output *o, const struct snapshot *snap,
			struct error *err)
{
	int code;

	if (!o->json)
		return 0;
	if (o->json != stdout) { /* a later report replaces an earlier one */
		rewind(o->json);
		if (ftruncate(fileno(o->json), 0) && errno != EINVAL)
			return error__set(
				err, -errno, "cannot write the report %s: %s",
				json__name(o->options), strerror(errno));
	}
	code = view_json.report(snap, &o->style, o->json);
	return code ? error__set(err, code, "cannot write the report %s: %s",
				 json__name(o->options), strerror(-code))
		    : 0;
}

static int report__text(struct output *o, const struct snapshot *snap,
			struct error *err)
{
	int code;

	if (json__on_stdout(o->options))
		return 0;
	o->style.width = output__width();
	code = view_text.report(snap, &o->style, stdout);
	return code ? error__set(err, code,
				 "cannot write the report to stdout: %s",
				 strerror(-code))
		    : 0;
}

int output__report(struct output *o, const struct snapshot *snap,
		   struct error *err)
{
	int code, json;

	if (snap->final) {
		live__free(o->live);
		o->live = NULL;
	}
	/* While the live view has the terminal, a text report would tear it:
	 * SIGUSR1 then only writes the JSON. */
	code = o->live ? 0 : report__text(o, snap, err);
	json = report__json(o, snap, code ? NULL : err);
	return code ? code : json;
}
