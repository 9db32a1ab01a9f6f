/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTTP/1.x: data files of exchanges in, results compared; every one of them
 * cut at every byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "proto/parsers.h"
#include "proto_case.h"

#define DIR "tests/data/http/"

static void requests(void **state)
{
	(void)state;
	proto_case__run_file(&proto_http, DIR "requests.txt", 40);
	proto_case__run_prefixes(&proto_http, DIR "requests.txt");
}

static void headers(void **state)
{
	(void)state;
	proto_case__run_file(&proto_http, DIR "headers.txt", 40);
	proto_case__run_prefixes(&proto_http, DIR "headers.txt");
}

static void responses(void **state)
{
	(void)state;
	proto_case__run_file(&proto_http, DIR "responses.txt", 50);
	proto_case__run_prefixes(&proto_http, DIR "responses.txt");
}

static void pipelining(void **state)
{
	(void)state;
	proto_case__run_file(&proto_http, DIR "pipelining.txt", 20);
	proto_case__run_prefixes(&proto_http, DIR "pipelining.txt");
}

static void hostile(void **state)
{
	(void)state;
	proto_case__run_file(&proto_http, DIR "hostile.txt", 40);
	proto_case__run_prefixes(&proto_http, DIR "hostile.txt");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),  cmocka_unit_test(headers),
		cmocka_unit_test(responses), cmocka_unit_test(pipelining),
		cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
