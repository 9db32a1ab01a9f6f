// SPDX-License-Identifier: GPL-2.0-only
/* See options.h. */
#include "options.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "view/columns.h"

#define NS_PER_S 1e9
#define MAX_SECONDS (10 * 365 * 86400.0)
#define MAX_PID (1 << 22) /* PID_MAX_LIMIT, include/linux/threads.h */
#define MAX_RING (1u << 30)
#define DEFAULT_RING (8u << 20)
#define MAX_TOP 1000
#define DEFAULT_TOP 10
#define USAGE_STATUS 2

const char *argp_program_version = "reqtrace " REQTRACE_VERSION;

static const char doc[] =
	"Shows how long the requests of running, unmodified services take: per "
	"process, port, protocol and operation; live, and as a report at the "
	"end."
	"\v"
	"Examples:\n"
	"  reqtrace -p 1234                  live view of a process and its "
	"children\n"
	"  reqtrace -p 1234 -d 30 --json r.json   30 seconds, report as JSON\n"
	"  reqtrace --port 8000              whoever serves port 8000\n"
	"  reqtrace -- ./server --port 8000  from its first instruction\n"
	"\n"
	"Environment of --otlp, which options override; each also as "
	"OTEL_EXPORTER_OTLP_METRICS_* and OTEL_EXPORTER_OTLP_TRACES_*:\n"
	"  OTEL_EXPORTER_OTLP_ENDPOINT, _PROTOCOL, _HEADERS, _TIMEOUT (ms),\n"
	"  _COMPRESSION, _CERTIFICATE, _CLIENT_CERTIFICATE, _CLIENT_KEY,\n"
	"  _INSECURE\n"
	"and OTEL_METRIC_EXPORT_INTERVAL (ms), OTEL_RESOURCE_ATTRIBUTES,\n"
	"  OTEL_SERVICE_NAME, OTEL_SDK_DISABLED,\n"
	"  OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE,\n"
	"  OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION.\n"
	"\n"
	"SIGUSR1 prints a full report and goes on tracing.\n"
	"Exit status: 0 ended well, 1 could not trace, the run failed or the "
	"last figures could not be exported, 2 wrong usage.";

static const char args_doc[] = "-p PID[,PID...]\n"
			       "-- COMMAND [ARG...]\n"
			       "--port N | --comm NAME | --all\n"
			       "replay FILE [--by WHAT] [--json FILE] "
			       "[-i SECS] [--slow TIME] [--top N] [--verify]\n"
			       "doctor [--json FILE] [--engine NAME]";

enum {
	KEY_PORT = 256,
	KEY_COMM,
	KEY_ALL,
	KEY_JSON,
	KEY_ENGINE,
	KEY_BY,
	KEY_RECORD,
	KEY_RING,
	KEY_SLOW,
	KEY_TOP,
	KEY_VERIFY,
	KEY_NO_PARTS,
};

static const struct argp_option list[] = {
	{0, 0, 0, 0, "What to trace:", 1},
	{"pid", 'p', "PID[,PID...]", 0,
	 "these processes and their children, present and to come", 0},
	{"port", KEY_PORT, "N", 0,
	 "only connections of port N (local as server, remote as client); "
	 "alone: "
	 "of whoever serves it",
	 0},
	{"comm", KEY_COMM, "NAME", 0,
	 "processes of this name (as in ps -o comm), present and to come", 0},
	{"all", KEY_ALL, 0, 0, "every process", 0},
	{0, 0, 0, 0, "How long, and what to show:", 2},
	{"duration", 'd', "SECS", 0, "stop after SECS", 0},
	{"interval", 'i', "SECS", 0,
	 "refresh each SECS (default 1 on a terminal; none otherwise, nor with "
	 "--slow or COMMAND)",
	 0},
	{"by", KEY_BY, "WHAT", 0,
	 "rows by operation (default), port, process, thread, peer or "
	 "connection",
	 0},
	{"json", KEY_JSON, "FILE", 0, "final report as JSON; - for stdout", 0},
	{"slow", KEY_SLOW, "TIME", 0,
	 "print each exchange that takes TIME or longer, such as 100ms, as it "
	 "happens; or a percentile from p50 to below p100, such as p99: those "
	 "that are slower than the 99th percentile of their like",
	 0},
	{"top", KEY_TOP, "N", 0,
	 "how many of the slowest exchanges the report lists (default 10)", 0},
	{0, 0, 0, 0, "Recording and engine:", 3},
	{"record", KEY_RECORD, "FILE", 0,
	 "keep the raw records for reqtrace replay FILE", 0},
	{"engine", KEY_ENGINE, "NAME", 0,
	 "which hooks of the kernel to use: sock, fexit, syscall, or the first "
	 "of these that works: auto (default); reqtrace doctor tells",
	 0},
	{"ring", KEY_RING, "BYTES", 0,
	 "size of the ring buffer: a power of two, 4096 to 1 GiB (default 8 "
	 "MiB)",
	 0},
	{"no-parts", KEY_NO_PARTS, 0, 0,
	 "only how long exchanges take, not where the time goes: no hooks in "
	 "the scheduler",
	 0},
	{"verify", KEY_VERIFY, 0, 0,
	 "count the exchanges whose clocks came to more than the duration, or "
	 "whose parts do not add up to it",
	 0},
	{0},
};

/* strtod takes hexadecimal as well, which people do not mean. */
static double parse__decimal(const char *arg, char **end)
{
	size_t digits = strspn(arg, " \t+-0123456789");

	if (arg[digits] == 'x' || arg[digits] == 'X') {
		*end = (char *)arg;
		return 0;
	}
	return strtod(arg, end);
}

static double parse__seconds(const char *arg, const char *what,
			     struct argp_state *state)
{
	char *end;
	double s = parse__decimal(arg, &end);

	if (end == arg || *end || !isfinite(s) || s < 0.01 || s > MAX_SECONDS)
		argp_error(
			state,
			"%s takes a number of seconds from 0.01 on, not '%s'",
			what, arg);
	return s;
}

static unsigned long parse__number(const char *arg, unsigned long min,
				   unsigned long max, const char *what,
				   struct argp_state *state)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(arg, &end, 10);
	if (errno || end == arg || *end || *arg == '-' || *arg == '+' ||
	    n < min || n > max)
		argp_error(state,
			   "%s must be a number from %lu to %lu, not '%s'",
			   what, min, max, arg);
	return n;
}

/* A time with its unit, in ns; 0 if it is none. The micro sign has a twin, the
 * Greek letter, which many keyboards and programs have instead. */
static uint64_t parse__time(const char *arg)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {{"s", 1e9},
		     {"ms", 1e6},
		     {"us", 1e3},
		     {"\u00b5s", 1e3},
		     {"\u03bcs", 1e3}};
	char *end;
	double n = parse__decimal(arg, &end);

	if (end == arg || !isfinite(n) || n <= 0 || n > MAX_SECONDS)
		return 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(end, units[i].name) && n * units[i].ns >= 1)
			return n * units[i].ns;
	return 0;
}

/* 100ms, or p99. */
static void parse__slow(struct options *o, const char *arg,
			struct argp_state *state)
{
	char *end;
	double p;

	o->slow = 0;
	o->slow_quantile = 0;
	if (*arg == 'p') {
		p = parse__decimal(arg + 1, &end);
		if (end != arg + 1 && !*end && p >= 50 && p < 100) {
			o->slow_quantile = p / 100;
			return;
		}
	} else {
		o->slow = parse__time(arg);
	}
	if (!o->slow)
		argp_error(state,
			   "--slow takes a time with its unit, such as 100ms "
			   "or 1.5s, or a percentile from p50 to below p100, "
			   "such as p99, not '%s'",
			   arg);
}

static void parse__pids(struct options *o, char *arg, struct argp_state *state)
{
	char *item;
	uint32_t pid;

	while ((item = strsep(&arg, ","))) {
		pid = parse__number(item, 1, MAX_PID, "a process id", state);
		if (o->pids_len == OPTIONS_MAX_PIDS)
			argp_error(state, "-p takes %d process ids at most",
				   OPTIONS_MAX_PIDS);
		o->pids[o->pids_len++] = pid;
	}
}

static enum snapshot_by parse__by(const char *arg, struct argp_state *state)
{
	for (int i = 0; i < SNAPSHOT_BYS; i++)
		if (!strcmp(arg, columns__by(i)))
			return i;
	argp_error(state,
		   "--by takes operation, port, process, thread, peer or "
		   "connection, not '%s'",
		   arg);
	return SNAPSHOT_BY_OPERATION;
}

static size_t parse__ring(const char *arg, struct argp_state *state)
{
	size_t n = parse__number(arg, sysconf(_SC_PAGESIZE), MAX_RING,
				 "the ring's size", state);

	if (n & (n - 1))
		argp_error(state,
			   "the ring's size must be a power of two, not "
			   "'%s'",
			   arg);
	return n;
}

static enum engine parse__engine(const char *arg, struct argp_state *state)
{
	enum engine engine = engine__of(arg);

	if (engine == ENGINES)
		argp_error(state,
			   "--engine takes auto, sock, fexit or syscall, not "
			   "'%s'",
			   arg);
	return engine;
}

/* What is no option: a command behind --, or replay FILE. */
static void parse__argument(struct options *o, char *arg,
			    struct argp_state *state)
{
	if (o->mode == OPTIONS_REPLAY) {
		if (o->replay)
			argp_error(state, "replay takes one recording");
		o->replay = arg;
	} else if (o->mode == OPTIONS_DOCTOR) {
		argp_error(state, "doctor takes no '%s'", arg);
	} else if (state->quoted) {
		o->command = state->argv + state->next - 1;
		state->next = state->argc;
	} else if (!strcmp(arg, "replay")) {
		o->mode = OPTIONS_REPLAY;
	} else if (!strcmp(arg, "doctor")) {
		o->mode = OPTIONS_DOCTOR;
	} else if (state->next > 1 &&
		   !strcmp(state->argv[state->next - 2], "--otlp")) {
		argp_error(state,
			   "--otlp takes a URL such as http://localhost:4318 "
			   "(one without http:// only for gRPC, as --otlp=%s), "
			   "not '%s'",
			   arg, arg);
	} else {
		argp_error(state,
			   "'%s' is not understood; put -- before a command to "
			   "start, -p before a process id",
			   arg);
	}
}

/* What only tracing takes. */
static bool parse__traces(const struct options *o)
{
	return o->pids_len || o->command || o->comm || o->all || o->port ||
	       o->record || o->duration || o->no_parts ||
	       options_export__given(&o->export);
}

static void parse__check_replay(const struct options *o,
				struct argp_state *state)
{
	if (!o->replay)
		argp_error(state, "replay takes a recording: a file made with "
				  "--record");
	if (parse__traces(o))
		argp_error(state,
			   "replay takes only -i, --by, --json, --slow, "
			   "--top and --verify: the rest is as recorded");
}

/* Combinations that make no sense. */
static void parse__check(const struct options *o, struct argp_state *state)
{
	int targets = !!o->pids_len + !!o->command + !!o->comm + o->all;

	if (o->mode == OPTIONS_REPLAY) {
		parse__check_replay(o, state);
		return;
	}
	if (o->mode == OPTIONS_DOCTOR) {
		if (parse__traces(o) || o->interval || o->slow ||
		    o->slow_quantile > 0 || o->verify)
			argp_error(state,
				   "doctor takes only --json and --engine");
		return;
	}
	if (o->verify && o->no_parts)
		argp_error(state, "--verify adds up the parts that --no-parts "
				  "leaves out: give one of them");
	if (targets > 1)
		argp_error(state, "-p, --comm, --all and a command exclude one "
				  "another");
	if (!targets && !o->port)
		argp_error(state, "nothing to trace: give -p PID, --port N, "
				  "--comm NAME, --all, or -- COMMAND");
	if (o->comm && (!o->comm[0] || strlen(o->comm) >= RT_COMM_LEN))
		argp_error(state, "a process name has 1 to %d characters",
			   RT_COMM_LEN - 1);
}

static error_t parse__option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->export;
		break;
	case 'p':
		parse__pids(o, arg, state);
		break;
	case 'd':
		o->duration = parse__seconds(arg, "-d", state) * NS_PER_S;
		break;
	case 'i':
		o->interval = parse__seconds(arg, "-i", state) * NS_PER_S;
		break;
	case KEY_PORT:
		o->port = parse__number(arg, 1, 65535, "a port", state);
		break;
	case KEY_COMM:
		o->comm = arg;
		break;
	case KEY_ALL:
		o->all = true;
		break;
	case KEY_BY:
		o->by = parse__by(arg, state);
		break;
	case KEY_JSON:
		o->json = arg;
		break;
	case KEY_RECORD:
		o->record = arg;
		break;
	case KEY_ENGINE:
		o->engine = parse__engine(arg, state);
		break;
	case KEY_SLOW:
		parse__slow(o, arg, state);
		break;
	case KEY_TOP:
		o->top = parse__number(arg, 0, MAX_TOP, "--top", state);
		break;
	case KEY_VERIFY:
		o->verify = true;
		break;
	case KEY_NO_PARTS:
		o->no_parts = true;
		break;
	case KEY_RING:
		o->ring_bytes = parse__ring(arg, state);
		break;
	case ARGP_KEY_ARG:
		parse__argument(o, arg, state);
		break;
	case ARGP_KEY_END:
		parse__check(o, state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void options__parse(struct options *o, int argc, char **argv)
{
	static const struct argp_child children[] = {
		{&options_export__argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {list,	   parse__option, args_doc, doc,
					 children, NULL,	  NULL};

	memset(o, 0, sizeof(*o));
	o->ring_bytes = DEFAULT_RING;
	o->top = DEFAULT_TOP;
	argp_err_exit_status = USAGE_STATUS;
	/* In order, or what stands before -- would be started with what is
	 * behind it. */
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, o);
}
