/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line, checked: what to trace, for how long, and what to show. */
#ifndef REQTRACE_OPTIONS_H
#define REQTRACE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options_export.h"
#include "source/plan.h"
#include "stats/snapshot.h"

#define OPTIONS_MAX_PIDS 1024

enum options_mode { OPTIONS_TRACE, OPTIONS_REPLAY, OPTIONS_DOCTOR };

struct options {
	enum options_mode mode;
	uint32_t pids[OPTIONS_MAX_PIDS];
	size_t pids_len;
	char **command;	  /* NULL, or the arguments after -- */
	const char *comm; /* NULL, or a process name */
	bool all;
	uint16_t port;	    /* 0: every port */
	uint64_t duration;  /* ns; 0: until Ctrl-C */
	uint64_t interval;  /* ns; 0: not given */
	const char *json;   /* NULL, a file, or "-" */
	const char *record; /* NULL or a file */
	const char *replay; /* the recording, in OPTIONS_REPLAY */
	enum snapshot_by by;
	enum engine engine;
	size_t ring_bytes;
	bool no_parts;
	bool verify;
	uint64_t slow;		      /* ns; 0: not given as a time */
	double slow_quantile;	      /* 0.99 for p99; 0: not given so */
	size_t top;		      /* slowest exchanges in the report */
	struct options_export export; /* .config is the result */
};

/* Parse argv. On wrong usage prints a sentence and ends the program with
 * status 2; on --help and --version with 0. */
void options__parse(struct options *o, int argc, char **argv);

#endif
