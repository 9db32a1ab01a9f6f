/* SPDX-License-Identifier: GPL-2.0-only */
/* Series of calls, kept apart by the address that was called. */
#include "stats_rig.h"

#include <string.h>

static struct stats *new_by_address(bool on, size_t max)
{
	const struct stats_config config = {.client_address = on,
					    .max_series = max};
	struct stats *s = stats__new(&config);

	assert_non_null(s);
	return s;
}

/* Of a client, to ::N. */
static struct request call_to(uint8_t last)
{
	struct request r = get_request("GET /a");

	r.role = RT_ROLE_CLIENT;
	r.remote_addr[15] = last;
	return r;
}

static struct request call_to_v4(uint8_t last)
{
	struct request r = call_to(last);

	r.remote_addr[10] = r.remote_addr[11] = 0xff;
	r.remote_addr[12] = 10;
	return r;
}

static void each_has_its_own(void **state)
{
	struct stats *s = new_by_address(true, 0);
	const struct request r[] = {call_to(1), call_to(1), call_to_v4(2),
				    call_to_v4(3)};
	struct snapshot *snap;

	(void)state;
	for (int i = 0; i < 4; i++)
		tell(s, &r[i]);
	snap = snap_with(s, &r[3], 1);
	assert_int_equal(snap->series_len, 3);
	assert_string_equal(snap->series[0].server_address, "::1");
	assert_int_equal(snap->series[0].m.exchanges, 2);
	assert_string_equal(snap->series[1].server_address, "10.0.0.2");
	assert_int_equal(snap->series[1].m.exchanges, 1);
	assert_string_equal(snap->series[2].server_address, "10.0.0.3");
	assert_int_equal(snap->series[2].m.exchanges, 2);
	/* Rows add them up. */
	assert_int_equal(snap->rows_len, 1);
	assert_int_equal(snap->rows[0].m.exchanges, 5);
	snapshot__free(snap);
	stats__free(s);
}

static void others_have_none(void **state)
{
	struct stats *s = new_by_address(true, 0);
	struct request served = get_request("GET /a"), local = call_to(0);
	struct snapshot *snap;

	(void)state;
	tell(s, &served);
	served.remote_addr[15] = 7;
	tell(s, &served);
	local.transport = RT_TRANSPORT_UNIX;
	tell(s, &local);
	snap = snap_now(s);
	assert_int_equal(snap->series_len, 2);
	for (int i = 0; i < 2; i++)
		assert_string_equal(snap->series[i].server_address, "");
	snapshot__free(snap);
	stats__free(s);
}

static void off_is_off(void **state)
{
	struct stats *s = new_by_address(false, 0);
	const struct request r[] = {call_to(1), call_to(2)};
	struct snapshot *snap;

	(void)state;
	tell(s, &r[0]);
	tell(s, &r[1]);
	snap = snap_now(s);
	assert_int_equal(snap->series_len, 1);
	assert_string_equal(snap->series[0].server_address, "");
	snapshot__free(snap);
	stats__free(s);
}

/* The rest of many addresses is of no one of them. */
static void the_rest_has_none(void **state)
{
	struct stats *s = new_by_address(true, 2);
	struct snapshot *snap;

	(void)state;
	for (uint8_t i = 1; i <= 5; i++) {
		const struct request r = call_to_v4(i);

		tell(s, &r);
	}
	snap = snap_now(s);
	assert_int_equal(snap->series_len, 3);
	assert_string_equal(find_series(snap, "other", "")->server_address, "");
	assert_int_equal(find_series(snap, "other", "")->m.exchanges, 3);
	snapshot__free(snap);
	stats__free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_own),
		cmocka_unit_test(others_have_none),
		cmocka_unit_test(off_is_off),
		cmocka_unit_test(the_rest_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
