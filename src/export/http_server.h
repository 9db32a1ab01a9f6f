/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Serves /metrics and /healthz by libmicrohttpd, in a thread of its own. Fed
 * from the feed; a batch serves every scrape of the same second.
 */
#ifndef REQTRACE_EXPORT_HTTP_SERVER_H
#define REQTRACE_EXPORT_HTTP_SERVER_H

#include <stdint.h>

#include "base/error.h"
#include "export/config.h"
#include "export/feed.h"

struct http_server;

struct http_server_health {
	uint64_t scrapes;  /* answered with metrics */
	uint64_t failures; /* not */
	uint64_t bytes;	   /* of answers */
};

/* Listen at config's address, which may need rights that are dropped later;
 * nobody is answered yet. feed must outlive it. 0 and *out, or negative errno
 * and err. */
int http_server__listen(struct http_server **out,
			const struct export_config *config, struct feed *feed,
			struct error *err);

/* Answer, in a thread that has the rights that the caller has now. Once. 0, or
 * -ENOMEM and err. */
int http_server__start(struct http_server *s, struct error *err);
void http_server__stop(struct http_server *s); /* accepts NULL */
void http_server__health(struct http_server *s, struct http_server_health *out);

#endif
