/* SPDX-License-Identifier: GPL-2.0-only */
/* The feed: who gets which batch and when, and that none is lost or leaks.
 * Batches are counted by references of its own making. */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "export/feed.h"

#define MS 1000000ull
#define SECOND (1000 * MS)

struct fake {
	struct metrics m;
	atomic_int refs;
};

static atomic_int alive; /* batches that are not freed */

const struct metrics *metrics__get(const struct metrics *m)
{
	atomic_fetch_add(&((struct fake *)m)->refs, 1);
	return m;
}

void metrics__put(const struct metrics *m)
{
	if (m && atomic_fetch_sub(&((struct fake *)m)->refs, 1) == 1) {
		free((void *)m);
		atomic_fetch_sub(&alive, 1);
	}
}

static uint64_t now__ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static const struct metrics *batch(uint64_t age)
{
	struct fake *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->m.made = now__ns() - age;
	atomic_init(&f->refs, 1);
	atomic_fetch_add(&alive, 1);
	return &f->m;
}

static bool asked(const struct feed *f, int ms)
{
	struct pollfd p = {feed__fd(f), POLLIN, 0};

	return poll(&p, 1, ms) == 1;
}

static struct feed *new_feed(void)
{
	struct feed *f = NULL;

	assert_int_equal(feed__new(&f), 0);
	return f;
}

static void a_fresh_batch_serves_many(void **state)
{
	struct feed *f = new_feed();
	const struct metrics *m = batch(0), *a, *b;

	(void)state;
	feed__publish(f, m);
	a = feed__take(f, SECOND, 0);
	b = feed__take(f, SECOND, 0);
	assert_ptr_equal(a, m);
	assert_ptr_equal(b, m);
	assert_false(asked(f, 0));
	feed__free(f);
	assert_int_equal(atomic_load(&alive), 1);
	metrics__put(a);
	metrics__put(b);
	assert_int_equal(atomic_load(&alive), 0);
}

static void an_old_batch_is_asked_anew(void **state)
{
	struct feed *f = new_feed();
	uint64_t began = now__ns();

	(void)state;
	assert_null(feed__take(f, SECOND, 0));
	feed__publish(f, batch(2 * SECOND));
	assert_false(asked(f, 0));
	assert_null(feed__take(f, SECOND, 50 * MS));
	assert_true(now__ns() - began >= 50 * MS);
	assert_true(asked(f, 0));
	/* Who comes too late to get one leaves the wish for the next. */
	feed__publish(f, batch(0));
	assert_false(asked(f, 0));
	feed__free(f);
	assert_int_equal(atomic_load(&alive), 0);
}

static void once_closed_the_last_one_serves(void **state)
{
	struct feed *f = new_feed();
	const struct metrics *m = batch(60 * SECOND), *got;

	(void)state;
	feed__publish(f, m);
	feed__close(f);
	got = feed__take(f, 0, 10 * SECOND);
	assert_ptr_equal(got, m);
	metrics__put(got);
	feed__free(f);
	f = new_feed();
	feed__close(f);
	assert_null(feed__take(f, 0, 10 * SECOND));
	feed__free(f);
	assert_int_equal(atomic_load(&alive), 0);
}

#define TAKERS 4
#define TURNS 500

static void *take_all(void *arg)
{
	struct feed *f = arg;
	const struct metrics *m;
	uint64_t latest = 0, got = 0;

	/* NULL comes only with the end, as the timeout is far away. */
	while ((m = feed__take(f, 0, 60 * SECOND)) && !m->final) {
		if (m->made < latest)
			return NULL;
		latest = m->made;
		got++;
		metrics__put(m);
	}
	metrics__put(m);
	return m && got ? f : NULL;
}

/* Nobody waits for ever, whatever comes between asking and answering. */
static void many_take_while_one_publishes(void **state)
{
	struct feed *f = new_feed();
	pthread_t threads[TAKERS];
	struct metrics *last;
	void *well;

	(void)state;
	for (int i = 0; i < TAKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_all, f),
				 0);
	for (int i = 0; i < TURNS; i++) {
		assert_true(asked(f, 10000));
		feed__publish(f, batch(0));
	}
	last = (struct metrics *)batch(0);
	last->final = true;
	feed__publish(f, last);
	feed__close(f);
	for (int i = 0; i < TAKERS; i++) {
		assert_int_equal(pthread_join(threads[i], &well), 0);
		assert_ptr_equal(well, f);
	}
	feed__free(f);
	assert_int_equal(atomic_load(&alive), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_batch_serves_many),
		cmocka_unit_test(an_old_batch_is_asked_anew),
		cmocka_unit_test(once_closed_the_last_one_serves),
		cmocka_unit_test(many_take_while_one_publishes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
