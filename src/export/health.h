/* SPDX-License-Identifier: GPL-2.0-only */
/* How exporting goes, as rows for the batch: fed with the figures of the
 * threads, yields metrics of reqtrace itself. */
#ifndef REQTRACE_EXPORT_HEALTH_H
#define REQTRACE_EXPORT_HEALTH_H

#include "export/build.h"
#include "export/http_server.h"
#include "export/sender.h"
#include "export/spans.h"

struct health {
	bool sends[OTLP_SIGNALS]; /* else of the signal there is nothing */
	struct sender_health sender[OTLP_SIGNALS];
	bool has_spans;
	struct spans_health spans;
	bool serves;
	struct http_server_health server;
};

#define HEALTH_ROWS 32 /* at most */

/* How many rows; they point to static attributes. */
size_t health__rows(const struct health *h, struct build_health *rows);

#endif
