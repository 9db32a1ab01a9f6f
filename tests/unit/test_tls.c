/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TLS: data files of exchanges in, results compared; every one of them cut at
 * every byte. All first bytes that a record may have, and all that it may not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "proto/parsers.h"
#include "proto_case.h"

#define DIR "tests/data/tls/"

static void records(void **state)
{
	(void)state;
	proto_case__run_file(&proto_tls, DIR "records.txt", 25);
	proto_case__run_prefixes(&proto_tls, DIR "records.txt");
}

static void hostile(void **state)
{
	(void)state;
	proto_case__run_file(&proto_tls, DIR "hostile.txt", 20);
	proto_case__run_prefixes(&proto_tls, DIR "hostile.txt");
}

/* Of all types and major versions, who is taken and as what. */
static void every_type_and_version(void **state)
{
	uint8_t request[] = {0, 0, 3, 0, 100, 1};
	struct proto_input in = {
		.request = request,
		.request_len = sizeof(request),
		.request_total = 205,
	};
	struct proto_result out;
	int type, major;

	(void)state;
	for (type = 0; type < 256; type++) {
		for (major = 0; major < 256; major++) {
			bool sound = major == 3 && type >= 0x14 && type <= 0x17;

			request[0] = (uint8_t)type;
			request[1] = (uint8_t)major;
			assert_int_equal(
				proto_tls.detect(request, sizeof(request)),
				sound && type >= 0x16);
			assert_int_equal(proto__parse(&proto_tls, &in, &out),
					 sound ? 0 : -EBADMSG);
			if (sound)
				assert_string_equal(out.operation,
						    type == 0x17 ? "(encrypted)"
								 : "handshake");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records),
		cmocka_unit_test(hostile),
		cmocka_unit_test(every_type_and_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
