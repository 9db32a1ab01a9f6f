// SPDX-License-Identifier: GPL-2.0-only
/* See sender.h. */
#include "export/sender.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "export/otlp.h"
#include "export/otlp_client.h"
#include "export/spans.h"

/* Backoff: a random time up to a window, which doubles. */
#define WINDOW_FIRST (1 * NS_PER_S)
#define WINDOW_LAST (30 * NS_PER_S)

/* A batch this old will do, so that scrapes and sends can share one. */
#define BATCH_AGE (1 * NS_PER_S)
#define BATCH_TIMEOUT (5 * NS_PER_S) /* the tracing thread is busy */

#define SPANS_PERIOD (1 * NS_PER_S)
#define SPANS_BATCH_AGE (10 * NS_PER_S) /* for their resources */
#define SPANS_TAKEN 512

/* Beyond what is aimed at, as a single point may be larger. */
#define BODY_MAX (4 * OTLP_MAX_REQUEST)
/* Single items in a round that the collector may find too large, until the
 * rest waits for the next: or each would be a request. */
#define TOO_LARGE_ITEMS 10

/* Of a request, or of a round of them. */
enum verdict {
	VERDICT_GONE,	 /* it was taken, or given up: go on behind it */
	VERDICT_SMALLER, /* again, with fewer items */
	VERDICT_LATER,	 /* not now */
	VERDICT_STOP,	 /* not at all */
};

struct sender;

/* What differs between the signals. */
struct cargo {
	const char *thread;
	/* Get what is to be sent. 1; 0: there is nothing; or negative errno. */
	int (*fetch)(struct sender *s);
	/* A request of it in .body; *items is 0 at the end. 0 or negative
	 * errno. */
	int (*load)(struct sender *s, size_t *items);
	/* That request was taken, or given up. */
	void (*unload)(struct sender *s, size_t items, bool taken);
};

struct sender {
	const struct cargo *cargo;
	const struct export_config *config;
	enum otlp_signal signal;
	struct feed *feed;
	struct spans *spans;
	struct otlp_client *client;
	uint64_t period;
	pthread_t thread;

	/* The thread's own. */
	struct otlp_metrics *otlp;
	struct span *list; /* spans in hand */
	const struct metrics *batch;
	uint64_t made; /* of the metrics in hand */
	struct buffer body;
	size_t max;    /* bytes that the collector takes, as far as is known */
	int too_large; /* single items in this round */
	uint64_t window;     /* of the backoff; 0: all is well */
	uint64_t not_before; /* what the collector asked for */
	bool gave_up;	     /* something, in this round */
	bool refused;	     /* likewise, though it may be taken later */

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	bool finishing, stopped, ended;
	uint64_t deadline;
	bool delivered; /* all that there was at the end */
	struct sender_health health;
};

/* --- metrics ---------------------------------------------------------------
 */

static int metrics_cargo__fetch(struct sender *s)
{
	uint64_t age = s->period / 2 < BATCH_AGE ? s->period / 2 : BATCH_AGE;
	const struct metrics *m = feed__take(s->feed, age, BATCH_TIMEOUT);
	int code;

	if (!m)
		return 0;
	code = otlp_metrics__begin(s->otlp, m);
	s->made = m->made;
	metrics__put(m);
	return code < 0 ? code : 1;
}

static int metrics_cargo__load(struct sender *s, size_t *items)
{
	return otlp_metrics__next(s->otlp, s->max, &s->body, items);
}

static bool sender__pause(struct sender *s, uint64_t until, bool final);

static void metrics_cargo__unload(struct sender *s, size_t items, bool taken)
{
	(void)items;
	if (!taken) {
		otlp_metrics__refused(s->otlp);
		return;
	}
	/* Without it deltas would be counted twice. */
	while (otlp_metrics__delivered(s->otlp) < 0)
		if (sender__pause(s, clock__now() + NS_PER_S, true))
			break;
}

static const struct cargo metrics_cargo = {"otlp-metrics", metrics_cargo__fetch,
					   metrics_cargo__load,
					   metrics_cargo__unload};

/* --- spans -----------------------------------------------------------------
 */

static int spans_cargo__fetch(struct sender *s)
{
	size_t waiting, unnamed;

	spans__waiting(s->spans, &waiting, &unnamed);
	if (!s->list && !waiting)
		return 0;
	/* A new batch knows processes that the last one did not. */
	metrics__put(s->batch);
	s->batch = feed__take(s->feed, unnamed ? 0 : SPANS_BATCH_AGE,
			      BATCH_TIMEOUT);
	if (!s->list)
		s->list = spans__take(s->spans, SPANS_TAKEN, 0);
	return s->list ? 1 : 0;
}

static int spans_cargo__load(struct sender *s, size_t *items)
{
	*items = 0;
	if (!s->list)
		return 0;
	return otlp_spans__encode(s->config->otlp[OTLP_TRACES].protocol,
				  s->list, s->batch, s->max, &s->body, items);
}

static void spans_cargo__unload(struct sender *s, size_t items, bool taken)
{
	(void)taken;
	while (items-- && s->list) {
		struct span *next = s->list->next;

		span__free(s->list);
		s->list = next;
	}
}

static const struct cargo spans_cargo = {"otlp-traces", spans_cargo__fetch,
					 spans_cargo__load,
					 spans_cargo__unload};

/* --- sending ---------------------------------------------------------------
 */

/* Wait until a time; true if there is an earlier reason to go on: the end, or,
 * when that has begun (final), its deadline. */
static bool sender__pause(struct sender *s, uint64_t until, bool final)
{
	struct timespec t = {until / NS_PER_S, until % NS_PER_S};
	const bool *reason = final ? &s->stopped : &s->finishing;
	bool came;

	pthread_mutex_lock(&s->lock);
	while (!*reason && !pthread_cond_timedwait(&s->changed, &s->lock, &t))
		;
	came = *reason;
	pthread_mutex_unlock(&s->lock);
	return came;
}

/* Under the lock. */
static void health__add(struct sender_health *h, const struct otlp_reply *r,
			size_t items, uint64_t ns)
{
	uint64_t rejected = r->rejected < items ? r->rejected : items;

	h->bytes += r->sent_bytes;
	h->send_ns += ns;
	h->err = r->err;
	h->taken = r->outcome == OTLP_TAKEN;
	if (r->outcome == OTLP_TAKEN) {
		h->requests++;
		h->items += items - rejected;
		h->rejected += rejected;
		h->last_taken = clock__ns(CLOCK_REALTIME);
		return;
	}
	h->failures++;
	if (r->outcome == OTLP_REFUSED ||
	    (r->outcome == OTLP_TOO_LARGE && items == 1))
		h->refused += items;
}

/* A failure of our own, such as -ENOMEM. */
static void health__fail(struct sender *s, int code)
{
	pthread_mutex_lock(&s->lock);
	s->health.failures++;
	s->health.taken = false;
	error__set(&s->health.err, code, "cannot make a request: %s",
		   strerror(-code));
	pthread_mutex_unlock(&s->lock);
}

static enum verdict sender__too_large(struct sender *s, size_t items)
{
	if (items > 1) {
		s->max = s->body.len / 2;
		return VERDICT_SMALLER;
	}
	s->gave_up = true;
	return ++s->too_large < TOO_LARGE_ITEMS ? VERDICT_GONE : VERDICT_LATER;
}

/* Send .body, in which there are so many items. */
static enum verdict sender__post(struct sender *s, size_t items, bool *taken)
{
	struct otlp_reply reply;
	uint64_t began = clock__now(), deadline;

	pthread_mutex_lock(&s->lock);
	deadline = s->finishing ? s->deadline : 0;
	pthread_mutex_unlock(&s->lock);
	otlp_client__send(s->client, &s->body, deadline, &reply);
	*taken = reply.outcome == OTLP_TAKEN;
	if (reply.outcome == OTLP_STOPPED)
		return VERDICT_STOP;
	pthread_mutex_lock(&s->lock);
	health__add(&s->health, &reply, items, clock__now() - began);
	pthread_mutex_unlock(&s->lock);
	switch (reply.outcome) {
	case OTLP_TAKEN:
		return VERDICT_GONE;
	case OTLP_TOO_LARGE:
		return sender__too_large(s, items);
	case OTLP_REFUSED:
		s->gave_up = s->refused = true;
		return VERDICT_GONE;
	default:
		s->not_before = clock__now() + reply.retry_after;
		return VERDICT_LATER;
	}
}

/* Send all that was fetched, request by request. */
static enum verdict sender__send_all(struct sender *s)
{
	enum verdict verdict;
	size_t items;
	bool taken;
	int code;

	for (;;) {
		code = s->cargo->load(s, &items);
		if (code < 0) {
			health__fail(s, code);
			return VERDICT_LATER;
		}
		if (!items)
			return VERDICT_GONE;
		verdict = sender__post(s, items, &taken);
		if (verdict == VERDICT_GONE)
			s->cargo->unload(s, items, taken);
		else if (verdict != VERDICT_SMALLER)
			return verdict;
	}
}

/* Fetch and send. *any: there was something. */
static enum verdict sender__round(struct sender *s, bool *any)
{
	enum verdict verdict;
	int code = s->cargo->fetch(s);

	s->gave_up = s->refused = false;
	s->too_large = 0;
	s->not_before = 0;
	*any = code > 0;
	if (code < 0) {
		health__fail(s, code);
		return VERDICT_LATER;
	}
	if (!code)
		return VERDICT_GONE;
	verdict = sender__send_all(s);
	/* What has exited is told until it was taken: a collector that answers
	 * 500, or what is in front of it 404, may do so for a while. */
	if (verdict == VERDICT_GONE && !s->refused) {
		pthread_mutex_lock(&s->lock);
		s->health.delivered = s->made;
		pthread_mutex_unlock(&s->lock);
	}
	/* A collector's limit may have been raised: try so in an hour or so. */
	if (verdict == VERDICT_GONE && !s->gave_up) {
		s->max += s->max / 64 + 1;
		s->max = s->max < OTLP_MAX_REQUEST ? s->max : OTLP_MAX_REQUEST;
	}
	return verdict;
}

/* When to try again after a failure: never before the collector said. */
static uint64_t sender__again(struct sender *s)
{
	uint64_t at;

	s->window = s->window ? 2 * s->window : WINDOW_FIRST;
	s->window = s->window < WINDOW_LAST ? s->window : WINDOW_LAST;
	at = clock__now() + s->window / 1024 * (arc4random() % 1024 + 1);
	return at > s->not_before ? at : s->not_before;
}

/* Tracing has ended: until all is there, or the deadline comes. */
static bool sender__flush(struct sender *s)
{
	bool all = true, any;

	s->window = 0;
	for (;;) {
		enum verdict verdict = sender__round(s, &any);
		uint64_t at;

		if (verdict == VERDICT_STOP)
			return false;
		if (verdict == VERDICT_GONE) {
			all &= !s->gave_up;
			/* Metrics: the batch is the last. */
			if (!any || s->signal == OTLP_METRICS)
				return all;
			continue;
		}
		at = sender__again(s);
		/* s->deadline does not change any more. */
		if (at >= s->deadline || sender__pause(s, at, true))
			return false;
	}
}

/* What the program has to be tracing in time, sending has not. */
static void thread__lower_priority(void)
{
	id_t self = gettid();

	/* Towards 0 this cannot fail. */
	if (getpriority(PRIO_PROCESS, self) < 0)
		setpriority(PRIO_PROCESS, self, 0);
}

static void *sender__main(void *arg)
{
	struct sender *s = arg;
	uint64_t next = clock__now() + s->period;
	bool any, delivered;

	thread__lower_priority();
	while (!sender__pause(s, next, false)) {
		switch (sender__round(s, &any)) {
		case VERDICT_GONE:
			s->window = 0;
			next += s->period;
			/* Those that were missed are not made up for. */
			if (next < clock__now())
				next = clock__now() + s->period;
			break;
		case VERDICT_STOP:
			goto end;
		default:
			next = sender__again(s);
		}
	}
end:
	delivered = sender__flush(s);
	pthread_mutex_lock(&s->lock);
	s->delivered = delivered;
	s->ended = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* --- from outside ----------------------------------------------------------
 */

static int sender__init_lock(struct sender *s)
{
	pthread_condattr_t attr;
	int code = -pthread_mutex_init(&s->lock, NULL);

	if (code)
		return code;
	code = -pthread_condattr_init(&attr);
	if (!code) {
		pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
		code = -pthread_cond_init(&s->changed, &attr);
		pthread_condattr_destroy(&attr);
	}
	if (code)
		pthread_mutex_destroy(&s->lock);
	return code;
}

/* The locks excepted. */
static void sender__free(struct sender *s)
{
	while (s->list)
		spans_cargo__unload(s, 1, false);
	metrics__put(s->batch);
	otlp_metrics__free(s->otlp);
	otlp_client__free(s->client);
	buffer__free(&s->body);
	free(s);
}

/* Signals are for the thread that traces, which reads them from a signalfd. */
static int sender__start_thread(struct sender *s)
{
	sigset_t all, before;
	int code;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = -pthread_create(&s->thread, NULL, sender__main, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!code)
		pthread_setname_np(s->thread, s->cargo->thread);
	return code;
}

int sender__start(struct sender **out, enum otlp_signal signal,
		  const struct export_config *config, struct feed *feed,
		  struct spans *spans, struct error *err)
{
	struct sender *s = calloc(1, sizeof(*s));
	int code = -ENOMEM;

	if (!s)
		goto failed;
	s->signal = signal;
	s->cargo = signal == OTLP_METRICS ? &metrics_cargo : &spans_cargo;
	s->period = signal == OTLP_METRICS ? config->interval : SPANS_PERIOD;
	s->config = config;
	s->feed = feed;
	s->spans = spans;
	s->max = OTLP_MAX_REQUEST;
	buffer__init(&s->body, BODY_MAX);
	code = otlp_client__new(&s->client, signal, &config->otlp[signal], err);
	if (code) {
		sender__free(s);
		return code;
	}
	code = -ENOMEM;
	if (signal == OTLP_METRICS) {
		s->otlp = otlp_metrics__new(config);
		if (!s->otlp)
			goto failed;
	}
	code = sender__init_lock(s);
	if (code)
		goto failed;
	code = sender__start_thread(s);
	if (code) {
		pthread_cond_destroy(&s->changed);
		pthread_mutex_destroy(&s->lock);
		goto failed;
	}
	*out = s;
	return 0;

failed:
	if (s)
		sender__free(s);
	return error__set(err, code, "the export cannot start: %s",
			  strerror(-code));
}

int sender__finish(struct sender *s, uint64_t deadline,
		   struct sender_health *last, struct error *err)
{
	struct timespec t = {deadline / NS_PER_S, deadline % NS_PER_S};
	int code = 0;

	if (!s)
		return 0;
	pthread_mutex_lock(&s->lock);
	s->finishing = true;
	s->deadline = deadline;
	pthread_cond_broadcast(&s->changed);
	while (!s->ended && !pthread_cond_timedwait(&s->changed, &s->lock, &t))
		;
	s->stopped = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	otlp_client__stop(s->client);
	pthread_join(s->thread, NULL);
	if (last)
		*last = s->health;
	if (!s->delivered)
		code = error__set(err, -EIO, "%s",
				  s->health.err.text[0]
					  ? s->health.err.text
					  : "the collector did not answer in "
					    "time");
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	sender__free(s);
	return code;
}

void sender__health(struct sender *s, struct sender_health *out)
{
	pthread_mutex_lock(&s->lock);
	*out = s->health;
	pthread_mutex_unlock(&s->lock);
}
