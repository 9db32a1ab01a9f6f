/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bounds of operations: owns paths by the thousand, is fed what the model
 * names them.
 */
/* clang-format off: cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* clang-format on */
#include <cmocka.h>

#include "model/operations.h"

static const char *operation(struct operations *ops, uint16_t port,
			     const char *text)
{
	const char *out = NULL;

	assert_int_equal(
		operations__operation(ops, RT_ROLE_SERVER, port, text, &out),
		0);
	return out;
}

/* A port that has used up its own room takes none of what all ports share. */
static void many_operations_leave_room_to_others(void **state)
{
	struct operations ops;
	char path[32];

	(void)state;
	operations__init(&ops);
	for (int i = 0; i < OPERATIONS_TOTAL + 10; i++) {
		snprintf(path, sizeof(path), "GET /%d", i);
		operation(&ops, 80, path);
	}
	assert_string_equal(operation(&ops, 80, "GET /7"), "GET /7");
	assert_string_equal(operation(&ops, 80, "GET /300"), "GET other");
	assert_string_equal(operation(&ops, 81, "GET /health"), "GET /health");
	operations__free(&ops);
}

/* Bounds are a port's own: what another one uses may be used here. */
static void full_port_does_not_borrow(void **state)
{
	struct operations ops;
	char path[32];

	(void)state;
	operations__init(&ops);
	operation(&ops, 81, "GET /shared");
	for (int i = 0; i < OPERATIONS_PER_PORT; i++) {
		snprintf(path, sizeof(path), "GET /%d", i);
		operation(&ops, 80, path);
	}
	assert_string_equal(operation(&ops, 80, "GET /shared"), "GET other");
	assert_string_equal(operation(&ops, 81, "GET /shared"), "GET /shared");
	operations__free(&ops);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_operations_leave_room_to_others),
		cmocka_unit_test(full_port_does_not_borrow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
