/* SPDX-License-Identifier: GPL-2.0-only */
/* Exemplars: of which series, how many, and which give way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/exemplars.h"

static const char http[] = "http", get[] = "GET /", ok[] = "200", v1[] = "1.1";

static struct request request_of(uint32_t pid)
{
	return (struct request){.pid = pid,
				.role = RT_ROLE_SERVER,
				.port = 80,
				.protocol = http,
				.operation = get,
				.status = ok,
				.version = v1};
}

static struct snapshot_series series_of(const struct request *r)
{
	return (struct snapshot_series){.pid = r->pid,
					.role = r->role,
					.transport = r->transport,
					.port = r->port,
					.protocol = r->protocol,
					.operation = r->operation,
					.status = r->status,
					.version = r->version};
}

static void add(struct exemplars *e, const struct request *r, uint64_t time)
{
	const struct metric_exemplar x = {.value = 10 * time, .time = time};

	assert_int_equal(exemplars__add(e, r, &x), 0);
}

static size_t of(const struct exemplars *e, const struct request *r,
		 const struct metric_exemplar **out)
{
	const struct snapshot_series s = series_of(r);

	return exemplars__of(e, &s, out);
}

static void test_latest_of_a_series(void **state)
{
	struct exemplars *e = exemplars__new();
	struct request r = request_of(1);
	const struct metric_exemplar *x;

	(void)state;
	assert_non_null(e);
	assert_int_equal(of(e, &r, &x), 0);
	assert_null(x);
	add(e, &r, 20);
	add(e, &r, 10); /* out of order */
	add(e, &r, 15);
	assert_int_equal(of(e, &r, &x), 3);
	assert_true(x[0].time == 10 && x[1].time == 15 && x[2].time == 20);
	for (uint64_t i = 0; i < EXEMPLARS_KEPT; i++)
		add(e, &r, 30 + i);
	add(e, &r, 5); /* older than all */
	assert_int_equal(of(e, &r, &x), EXEMPLARS_KEPT);
	for (uint64_t i = 0; i < EXEMPLARS_KEPT; i++) {
		assert_true(x[i].time == 30 + i);
		assert_true(x[i].value == 10 * x[i].time);
	}
	exemplars__free(e);
}

/* One key after the other differs. */
static void test_series_are_apart(void **state)
{
	struct exemplars *e = exemplars__new();
	struct request r = request_of(1), other[8];
	const struct metric_exemplar *x;

	(void)state;
	assert_non_null(e);
	add(e, &r, 1);
	for (int i = 0; i < 8; i++)
		other[i] = r;
	other[0].pid = 2;
	other[1].role = RT_ROLE_CLIENT;
	other[2].transport = RT_TRANSPORT_UNIX;
	other[3].port = 81;
	other[4].protocol = "redis";
	other[5].operation = "GET /b";
	other[6].status = "500";
	other[7].version = "1.0";
	for (int i = 0; i < 8; i++)
		assert_int_equal(of(e, &other[i], &x), 0);
	for (int i = 0; i < 8; i++)
		add(e, &other[i], (uint64_t)i + 2);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(of(e, &other[i], &x), 1);
		assert_true(x->time == (uint64_t)i + 2);
	}
	assert_int_equal(of(e, &r, &x), 1);
	exemplars__free(e);
}

static void test_oldest_series_makes_room(void **state)
{
	struct exemplars *e = exemplars__new();
	const struct metric_exemplar *x;
	struct request r;

	(void)state;
	assert_non_null(e);
	for (uint32_t pid = 1; pid <= EXEMPLARS_SERIES; pid++) {
		r = request_of(pid);
		add(e, &r, pid);
	}
	r = request_of(1); /* so that the second is the oldest */
	add(e, &r, 5000);
	r = request_of(EXEMPLARS_SERIES + 1);
	add(e, &r, 5001);
	assert_int_equal(of(e, &r, &x), 1);
	r = request_of(1);
	assert_int_equal(of(e, &r, &x), 2);
	r = request_of(2);
	assert_int_equal(of(e, &r, &x), 0);
	r = request_of(3);
	assert_int_equal(of(e, &r, &x), 1);
	exemplars__free(e);
}

static void test_free_of_none(void **state)
{
	(void)state;
	exemplars__free(NULL);
	exemplars__free(exemplars__new());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_latest_of_a_series),
		cmocka_unit_test(test_series_are_apart),
		cmocka_unit_test(test_oldest_series_makes_room),
		cmocka_unit_test(test_free_of_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
