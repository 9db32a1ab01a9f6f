/* SPDX-License-Identifier: GPL-2.0-only */
/* The sender against a collector, an encoder and a queue of its own making:
 * when it sends what, and what becomes of what is not taken. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "export/otlp.h"
#include "export/otlp_client.h"
#include "export/sender.h"
#include "export/spans.h"

#define MS 1000000ull
#define SECOND (1000 * MS)
#define ITEM 100u /* bytes of an item */
#define SENDS 64

static uint64_t now__ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

/* --- what the sender calls -------------------------------------------------
 */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct {
	/* The collector. */
	struct otlp_reply replies[SENDS]; /* to each request in turn */
	size_t limit;			  /* bytes; 0: none */
	bool hangs;
	atomic_bool stopped;
	/* What came. */
	size_t sends, items_taken;
	uint64_t at[SENDS], batch[SENDS]; /* time; .start of the batch */
	size_t items[SENDS];
	/* The encoder. */
	size_t points, done; /* of the batch */
	uint64_t generation;
	size_t delivered, refused;
	/* The queue. */
	struct span *queue;
	size_t spans_freed;
	atomic_int batches; /* alive */
} w;

struct fake_batch {
	struct metrics m; /* .start: which one it is */
	atomic_int refs;
};

const struct metrics *metrics__get(const struct metrics *m)
{
	atomic_fetch_add(&((struct fake_batch *)m)->refs, 1);
	return m;
}

void metrics__put(const struct metrics *m)
{
	if (m && atomic_fetch_sub(&((struct fake_batch *)m)->refs, 1) == 1) {
		free((void *)m);
		atomic_fetch_sub(&w.batches, 1);
	}
}

struct otlp_metrics *otlp_metrics__new(const struct export_config *config)
{
	(void)config;
	return (struct otlp_metrics *)&w;
}

void otlp_metrics__free(struct otlp_metrics *o)
{
	(void)o;
}

int otlp_metrics__begin(struct otlp_metrics *o, const struct metrics *m)
{
	(void)o;
	w.generation = m->start;
	w.done = 0;
	return 0;
}

static size_t fit(size_t left, size_t max)
{
	size_t n = max / ITEM < left ? max / ITEM : left;

	return n || !left ? n : 1;
}

int otlp_metrics__next(struct otlp_metrics *o, size_t max, struct buffer *out,
		       size_t *points)
{
	(void)o;
	*points = fit(w.points - w.done, max);
	buffer__clear(out);
	buffer__grow(out, *points * ITEM);
	return out->err;
}

int otlp_metrics__delivered(struct otlp_metrics *o)
{
	(void)o;
	w.done += w.items[w.sends - 1];
	w.delivered++;
	return 0;
}

void otlp_metrics__refused(struct otlp_metrics *o)
{
	(void)o;
	w.done += w.items[w.sends - 1];
	w.refused++;
}

int otlp_spans__encode(enum otlp_protocol protocol, const struct span *spans,
		       const struct metrics *m, size_t max, struct buffer *out,
		       size_t *len)
{
	size_t n = 0;

	(void)protocol;
	w.generation = m ? m->start : 0;
	for (; spans; spans = spans->next)
		n++;
	*len = fit(n, max);
	buffer__clear(out);
	buffer__grow(out, *len * ITEM);
	return out->err;
}

void spans__waiting(struct spans *s, size_t *len, size_t *unnamed)
{
	(void)s;
	*len = *unnamed = 0;
	pthread_mutex_lock(&lock);
	for (struct span *span = w.queue; span; span = span->next)
		++*len;
	pthread_mutex_unlock(&lock);
}

struct span *spans__take(struct spans *s, size_t max, uint64_t timeout)
{
	struct span *list, **end = &list;

	(void)s;
	(void)timeout;
	pthread_mutex_lock(&lock);
	list = w.queue;
	while (*end && max--)
		end = &(*end)->next;
	w.queue = *end;
	*end = NULL;
	pthread_mutex_unlock(&lock);
	return list;
}

void span__free(struct span *s)
{
	free(s);
	w.spans_freed++;
}

int otlp_client__new(struct otlp_client **out, enum otlp_signal signal,
		     const struct otlp_target *target, struct error *err)
{
	(void)signal;
	(void)target;
	(void)err;
	*out = (struct otlp_client *)&w;
	return 0;
}

void otlp_client__free(struct otlp_client *c)
{
	(void)c;
}

void otlp_client__send(struct otlp_client *c, const struct buffer *body,
		       uint64_t deadline, struct otlp_reply *reply)
{
	(void)c;
	(void)deadline;
	while (w.hangs && !atomic_load(&w.stopped))
		usleep(1000);
	memset(reply, 0, sizeof(*reply));
	pthread_mutex_lock(&lock);
	assert_true(w.sends < SENDS);
	*reply = w.replies[w.sends];
	if (reply->outcome == OTLP_TAKEN && w.limit && body->len > w.limit)
		reply->outcome = OTLP_TOO_LARGE;
	if (atomic_load(&w.stopped))
		reply->outcome = OTLP_STOPPED;
	reply->sent_bytes = body->len;
	w.at[w.sends] = now__ns();
	w.batch[w.sends] = w.generation;
	w.items[w.sends] = body->len / ITEM;
	if (reply->outcome == OTLP_TAKEN)
		w.items_taken += body->len / ITEM;
	w.sends++;
	pthread_mutex_unlock(&lock);
}

void otlp_client__stop(struct otlp_client *c)
{
	(void)c;
	atomic_store(&w.stopped, true);
}

/* --- the thread that traces ------------------------------------------------
 */

struct rig {
	struct export_config config;
	struct feed *feed;
	struct sender *sender;
	pthread_t thread;
	atomic_bool done;
};

static const struct metrics *new_batch(void)
{
	static uint64_t number;
	struct fake_batch *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->m.start = ++number;
	b->m.made = now__ns();
	atomic_init(&b->refs, 1);
	atomic_fetch_add(&w.batches, 1);
	return &b->m;
}

static void *trace(void *arg)
{
	struct rig *r = arg;
	struct pollfd p = {feed__fd(r->feed), POLLIN, 0};

	while (!atomic_load(&r->done))
		if (poll(&p, 1, 5) == 1)
			feed__publish(r->feed, new_batch());
	feed__publish(r->feed, new_batch());
	feed__close(r->feed);
	return NULL;
}

static void begin(struct rig *r, enum otlp_signal signal)
{
	memset(r, 0, sizeof(*r));
	r->config.interval = 100 * MS;
	assert_int_equal(feed__new(&r->feed), 0);
	assert_int_equal(pthread_create(&r->thread, NULL, trace, r), 0);
	assert_int_equal(sender__start(&r->sender, signal, &r->config, r->feed,
				       NULL, NULL),
			 0);
}

static int end(struct rig *r, uint64_t time, struct sender_health *h)
{
	struct error err = {""};
	int code;

	atomic_store(&r->done, true);
	pthread_join(r->thread, NULL);
	code = sender__finish(r->sender, now__ns() + time, h, &err);
	assert_int_equal(!code, !err.text[0]);
	feed__free(r->feed);
	assert_int_equal(atomic_load(&w.batches), 0);
	return code;
}

static void wait_for_sends(size_t n)
{
	uint64_t until = now__ns() + 20 * SECOND;
	size_t sends;

	do {
		usleep(2000);
		pthread_mutex_lock(&lock);
		sends = w.sends;
		pthread_mutex_unlock(&lock);
		assert_true(now__ns() < until);
	} while (sends < n);
}

static int forget(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	w.points = 4;
	return 0;
}

/* --- tests -----------------------------------------------------------------
 */

static void each_interval_has_fresh_totals(void **state)
{
	struct sender_health h;
	struct rig r;

	(void)state;
	begin(&r, OTLP_METRICS);
	wait_for_sends(3);
	assert_int_equal(end(&r, 5 * SECOND, &h), 0);
	for (size_t i = 1; i < w.sends; i++)
		assert_true(w.batch[i] > w.batch[i - 1]);
	assert_true(w.at[2] - w.at[0] >= 180 * MS);
	assert_int_equal(h.requests, w.sends);
	assert_int_equal(h.items, 4 * w.sends);
	assert_int_equal(h.bytes, 4 * ITEM * w.sends);
	assert_int_equal(h.failures, 0);
	assert_true(h.last_taken > 0);
}

static void a_retry_has_a_fresh_batch_and_is_not_too_soon(void **state)
{
	struct sender_health h;
	struct rig r;

	(void)state;
	w.replies[0].outcome = OTLP_RETRY;
	w.replies[0].retry_after = 1200 * MS;
	begin(&r, OTLP_METRICS);
	wait_for_sends(2);
	assert_int_equal(end(&r, 5 * SECOND, &h), 0);
	assert_true(w.at[1] - w.at[0] >= 1200 * MS);
	assert_true(w.at[1] - w.at[0] <= 10 * SECOND);
	assert_true(w.batch[1] > w.batch[0]);
	assert_int_equal(h.failures, 1);
	assert_int_equal(h.refused, 0);
}

static void what_is_too_large_is_halved(void **state)
{
	struct sender_health h;
	struct rig r;

	(void)state;
	w.limit = 2 * ITEM + 50;
	w.points = 9;
	begin(&r, OTLP_METRICS);
	assert_int_equal(end(&r, 5 * SECOND, &h), 0);
	/* 9 points, then 4, then 2, of the last batch or the one before. */
	assert_int_equal(w.items[0], 9);
	assert_int_equal(w.items[1], 4);
	assert_int_equal(w.items[2], 2);
	assert_int_equal(w.items_taken, 9);
	assert_int_equal(h.failures, 2);
	assert_int_equal(h.refused, 0);
}

static void a_single_item_too_large_is_given_up(void **state)
{
	struct sender_health h;
	struct rig r;

	(void)state;
	w.limit = 1;
	w.points = 3;
	begin(&r, OTLP_METRICS);
	assert_int_equal(end(&r, 5 * SECOND, &h), -EIO);
	assert_int_equal(w.refused, 3);
	assert_int_equal(h.refused, 3);
	assert_int_equal(h.items, 0);
}

static void what_is_refused_is_counted_and_passed(void **state)
{
	struct sender_health h;
	struct rig r;

	(void)state;
	w.replies[0].outcome = OTLP_REFUSED;
	w.replies[1].rejected = 3;
	w.replies[2].rejected = 1000;
	begin(&r, OTLP_METRICS);
	wait_for_sends(3);
	end(&r, 5 * SECOND, &h);
	assert_int_equal(w.refused, 1);
	assert_int_equal(h.refused, 4);
	assert_int_equal(h.rejected, 3 + 4);
	assert_int_equal(h.items, 1 + 4 * (w.sends - 3));
}

/* Whoever has exited is told again until a whole batch was taken. */
static void what_is_refused_was_not_delivered(void **state)
{
	struct sender_health h;
	struct rig r;

	w.limit = 2 * ITEM;
	/* Each batch is two requests, the first of which is refused. */
	for (int i = 1; i < SENDS; i += 2)
		w.replies[i].outcome = OTLP_REFUSED;
	begin(&r, OTLP_METRICS);
	wait_for_sends(5);
	end(&r, 5 * SECOND, &h);
	assert_true(h.refused > 0);
	assert_true(h.items > 0);
	assert_int_equal(h.delivered, 0);

	forget(state);
	w.replies[0].outcome = OTLP_REFUSED;
	begin(&r, OTLP_METRICS);
	wait_for_sends(2);
	assert_int_equal(end(&r, 5 * SECOND, &h), 0);
	assert_true(h.delivered > 0);
}

/* What the collector says of a request that it takes is a warning. */
static void what_is_taken_is_no_failure(void **state)
{
	struct sender_health h;
	struct rig r;

	(void)state;
	for (int i = 0; i < SENDS; i++)
		error__set(&w.replies[i].err, 0, "use the other port");
	w.replies[0].outcome = OTLP_RETRY;
	w.replies[0].retry_after = SECOND;
	begin(&r, OTLP_METRICS);
	do {
		usleep(2000);
		sender__health(r.sender, &h);
	} while (!h.failures);
	assert_string_equal(h.err.text, "use the other port");
	assert_false(h.taken);
	assert_int_equal(end(&r, 5 * SECOND, &h), 0);
	assert_string_equal(h.err.text, "use the other port");
	assert_true(h.taken);
}

static void the_end_has_a_deadline(void **state)
{
	struct sender_health h;
	struct rig r;
	uint64_t began;

	(void)state;
	w.hangs = true;
	begin(&r, OTLP_METRICS);
	usleep(200000);
	began = now__ns();
	assert_int_equal(end(&r, 300 * MS, &h), -EIO);
	assert_true(now__ns() - began >= 250 * MS);
	assert_true(now__ns() - began < 5 * SECOND);
}

static void a_far_retry_is_not_waited_for_at_the_end(void **state)
{
	struct sender_health h;
	struct rig r;
	uint64_t began = now__ns();

	(void)state;
	for (int i = 0; i < SENDS; i++) {
		w.replies[i].outcome = OTLP_RETRY;
		w.replies[i].retry_after = 3600 * SECOND;
	}
	begin(&r, OTLP_METRICS);
	assert_int_equal(end(&r, 30 * SECOND, &h), -EIO);
	assert_true(now__ns() - began < 20 * SECOND);
	assert_int_equal(w.delivered, 0);
}

static void add_spans(size_t n)
{
	pthread_mutex_lock(&lock);
	while (n--) {
		struct span *s = calloc(1, sizeof(*s));

		assert_non_null(s);
		s->next = w.queue;
		w.queue = s;
	}
	pthread_mutex_unlock(&lock);
}

static void spans_are_kept_until_they_are_taken(void **state)
{
	struct sender_health h;
	struct rig r;

	(void)state;
	w.limit = 300 * ITEM;
	w.replies[0].outcome = OTLP_RETRY;
	add_spans(1200);
	begin(&r, OTLP_TRACES);
	wait_for_sends(1);
	add_spans(10);
	assert_int_equal(end(&r, 20 * SECOND, &h), 0);
	/* What was to be retried came again, before the rest. */
	assert_int_equal(w.items[0], 512);
	assert_int_equal(w.items[1], 512);
	assert_int_equal(w.items_taken, 1210);
	assert_int_equal(w.spans_freed, 1210);
	assert_int_equal(h.items, 1210);
	assert_true(w.batch[w.sends - 1] > 0);
}

static void spans_in_hand_are_freed_at_the_end(void **state)
{
	struct sender_health h;
	struct rig r;

	(void)state;
	w.hangs = true;
	add_spans(5);
	begin(&r, OTLP_TRACES);
	assert_int_equal(end(&r, 100 * MS, &h), -EIO);
	assert_int_equal(w.spans_freed, 5);
	assert_int_equal(h.items, 0);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup(fn, forget)
	const struct CMUnitTest tests[] = {
		TEST(each_interval_has_fresh_totals),
		TEST(a_retry_has_a_fresh_batch_and_is_not_too_soon),
		TEST(what_is_too_large_is_halved),
		TEST(a_single_item_too_large_is_given_up),
		TEST(what_is_refused_is_counted_and_passed),
		TEST(what_is_refused_was_not_delivered),
		TEST(what_is_taken_is_no_failure),
		TEST(the_end_has_a_deadline),
		TEST(a_far_retry_is_not_waited_for_at_the_end),
		TEST(spans_are_kept_until_they_are_taken),
		TEST(spans_in_hand_are_freed_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
