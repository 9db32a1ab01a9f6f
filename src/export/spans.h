/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spans of slow exchanges: owns a bounded queue of them from the thread that
 * traces to the one that sends, the rate limit, and what was dropped. Fed with
 * settled requests; yields spans in the order of their ends, and exemplars.
 */
#ifndef REQTRACE_EXPORT_SPANS_H
#define REQTRACE_EXPORT_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "export/metrics.h"

struct request;

enum span_kind { SPAN_SERVER = 2, SPAN_CLIENT = 3 }; /* trace.proto's */

struct span_attribute {
	const char *key; /* static */
	char *text;	 /* owned; NULL: a number */
	double number;	 /* a double if .is_double, else a whole number */
	bool is_double;
};

struct span_event {
	const char *name; /* static */
	uint64_t time;	  /* CLOCK_REALTIME ns */
};

#define SPAN_ATTRIBUTES 40
#define SPAN_EVENTS 8

struct span {
	uint8_t trace_id[16];
	uint8_t span_id[8];
	uint8_t parent_id[8]; /* all zero: a root */
	uint32_t flags;	      /* W3C trace flags, and trace.proto's bits that
			       * say whether the parent is remote */
	char *name;	      /* owned */
	enum span_kind kind;
	uint64_t begin, end; /* CLOCK_REALTIME ns */
	bool failed;	     /* status: error */
	uint32_t pid;	     /* whose resource it belongs to */
	struct span_attribute attributes[SPAN_ATTRIBUTES];
	size_t attributes_len;
	struct span_event events[SPAN_EVENTS]; /* by time */
	size_t events_len;
	char *resource_id; /* service.instance.id, owned; NULL: not known */
	bool named;	   /* .resource_id is as well known as it will be */
	struct span *next;
};

void span__free(struct span *s); /* one, not those after it; accepts NULL */

/* Spans that wait to be sent, calls out that wait for the exchange that made
 * them, and such calls that become children of one span. */
#define SPANS_QUEUE 2048
#define SPANS_CALLS 4096
#define SPANS_CHILDREN 32

struct spans;
struct exemplars;

struct spans_health {
	uint64_t made;	    /* spans that were put into the queue */
	uint64_t limited;   /* slow exchanges without one: the rate limit */
	uint64_t unsampled; /* likewise: their caller does not sample */
	uint64_t dropped;   /* spans: the queue was full, the oldest gave way */
	uint64_t calls_dropped; /* calls out: no room until their exchange came
				 */
};

/* At most per_second spans of slow exchanges a second (their children do not
 * count). exemplars must outlive it. NULL when out of memory. */
struct spans *spans__new(double per_second, struct exemplars *exemplars);
void spans__free(struct spans *s); /* accepts NULL */

/* --- the thread that traces ------------------------------------------ */

/* A settled request: one that is slow gets a span, one that is a call out
 * (is_call) may become a child of another's. wall: CLOCK_REALTIME minus
 * CLOCK_MONOTONIC, ns. Where a request is not sampled by its caller, nothing is
 * made of it. To be told of every settled request, as one that is not slow lets
 * go of the calls that wait for it. 0, -ENOMEM, or what getrandom answered. */
int spans__request(struct spans *s, const struct request *r, bool slow,
		   uint64_t wall);

/* The resources of spans made from now on: fn returns service.instance.id of a
 * process, or NULL, as of one that is in no batch yet: then it is asked again
 * by spans__name. */
void spans__set_resources(struct spans *s,
			  const char *(*fn)(void *ctx, uint32_t pid),
			  void *ctx);

/* A batch has been built: fn knows the processes of all spans so far. 0 or
 * -ENOMEM. */
int spans__name(struct spans *s);

/* --- the thread that sends --------------------------------------------- */

/* Spans in the queue, and how many of them wait for spans__name. */
void spans__waiting(struct spans *s, size_t *len, size_t *unnamed);

/* Take up to max spans, by their ends: a list, the caller's; none that waits
 * for spans__name, nor what is behind it, unless spans__close was called. NULL:
 * there are none, and none came within timeout ns, or spans__close was called.
 */
struct span *spans__take(struct spans *s, size_t max, uint64_t timeout);

/* From any thread: whoever waits in spans__take waits no longer. */
void spans__close(struct spans *s);
void spans__health(struct spans *s, struct spans_health *out);

#endif
