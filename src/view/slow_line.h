/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One exchange on one line: when, who, what, how long, and its parts in order
 * of size. Fed with a finished request, yields plain text for people and grep.
 *
 *   2026-09-21T14:13:20.250Z gunicorn (1201) thread 1203 from 192.0.2.1:40000
 *   GET /users/{id} 200 98.2 ms: receive queue 70.1 ms, cpu 12.0 ms, ...
 */
#ifndef REQTRACE_VIEW_SLOW_LINE_H
#define REQTRACE_VIEW_SLOW_LINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "model/request.h"

/* Never reached: names are cut at 200 bytes, and there are at most 2 * RT_CALLS
 * of peers. */
#define SLOW_LINE_LEN 4096

/* comm: of the process; wall: CLOCK_REALTIME ns of r->begin; watched: threads
 * are, so that the line says where its own were not seen. The line without its
 * end into buf[SLOW_LINE_LEN]. Returns buf. */
char *slow_line__text(char *buf, const struct request *r, const char *comm,
		      uint64_t wall, bool watched, bool utf8);

/* Write the line to out and flush it. 0 or the negative errno of the write. */
int slow_line__write(const struct request *r, const char *comm, uint64_t wall,
		     bool watched, bool utf8, FILE *out);

#endif
