/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread that sends one signal to a collector for as long as tracing lasts:
 * when, how often again, and the figures of reqtrace's own health. The state is
 * kept elsewhere (totals in the batches, spans in their queue), so that nothing
 * is stored here while a collector is away.
 */
#ifndef REQTRACE_EXPORT_SENDER_H
#define REQTRACE_EXPORT_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "export/config.h"
#include "export/feed.h"

struct spans;
struct sender;

/* How sending goes, since the start; read from any thread. */
struct sender_health {
	uint64_t requests; /* that the collector took */
	uint64_t failures; /* attempts that it did not take, or never got */
	uint64_t items;	   /* points or spans that it took */
	uint64_t rejected; /* points or spans that it rejected */
	uint64_t refused;  /* points or spans of requests that were given up */
	uint64_t bytes;	   /* sent, of bodies, failures included */
	uint64_t last_taken; /* CLOCK_REALTIME ns; 0: never */
	uint64_t delivered;  /* metrics: .made of the latest batch of which
			      * nothing is left to send and no request was
			      * refused; 0: none */
	uint64_t send_ns;    /* time that attempts took, sum */
	struct error err;    /* of the last attempt; "" when it went well */
	bool taken;	     /* it was taken: err is a warning */
};

/* Start the thread. spans is NULL for metrics. All must outlive it. 0 and *out,
 * or negative errno and err. */
int sender__start(struct sender **out, enum otlp_signal signal,
		  const struct export_config *config, struct feed *feed,
		  struct spans *spans, struct error *err);

/* Tracing has ended and the feed is closed: send what there is once more until
 * deadline (CLOCK_MONOTONIC ns), end the thread, free. *last, if not NULL, is
 * how it went in all. 0 if everything was delivered, else negative errno and
 * err. Accepts NULL. */
int sender__finish(struct sender *s, uint64_t deadline,
		   struct sender_health *last, struct error *err);

void sender__health(struct sender *s, struct sender_health *out);

#endif
