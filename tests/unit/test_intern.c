/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interned strings: one address for equal ones, a bound, and text that is
 * safe to show (base/intern.h, base/utf8.h).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/intern.h"
#include "base/utf8.h"

static void equal_strings_have_one_address(void **state)
{
	struct intern in;
	const char *a, *b, *c;

	(void)state;
	intern__init(&in, 10);
	assert_int_equal(intern__get(&in, "one+", 3, &a), 0);
	assert_int_equal(intern__get(&in, "one", 3, &b), 0);
	assert_int_equal(intern__get(&in, "two", 3, &c), 0);
	assert_ptr_equal(a, b);
	assert_string_equal(a, "one");
	assert_string_equal(c, "two");
	intern__free(&in);
}

static void bound_refuses_only_new_strings(void **state)
{
	struct intern in;
	const char *out, *kept = "kept";

	(void)state;
	intern__init(&in, 1);
	assert_int_equal(intern__get(&in, "one", 3, &out), 0);
	assert_int_equal(intern__get(&in, "two", 3, &kept), -ENOSPC);
	assert_string_equal(kept, "kept");
	assert_int_equal(intern__get(&in, "one", 3, &out), 0);
	intern__free(&in);
}

static void unsafe_strings_are_cleaned_once(void **state)
{
	struct intern in;
	const char *a, *b;

	(void)state;
	intern__init(&in, 1);
	assert_int_equal(intern__get(&in, "a\x1b", 2, &a), 0);
	assert_int_equal(intern__get(&in, "a\x07", 2, &b), 0);
	assert_string_equal(a, "a?");
	assert_ptr_equal(a, b);
	intern__free(&in);
}

struct text_case {
	const char *text;
	const char *clean;
};

static void text_is_made_safe(void **state)
{
	static const struct text_case cases[] = {
		{"", ""},
		{"plain ~", "plain ~"},
		{"tab\tline\n", "tab?line?"},
		{"\x7f", "?"},
		{"\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9"},
		{"\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7"},
		{"\xc2\x9b", "??"},	      /* C1: CSI */
		{"\xc2\xa0", "\xc2\xa0"},     /* first after C1 */
		{"\xc0\x80", "??"},	      /* overlong */
		{"\xe0\x9f\xbf", "???"},      /* overlong */
		{"\xf0\x8f\xbf\xbf", "????"}, /* overlong */
		{"\xed\xa0\x80", "???"},      /* surrogate */
		{"\xf4\x90\x80\x80", "????"}, /* past U+10FFFF */
		{"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
		{"\xe2\x80\xae", "???"}, /* right-to-left override */
		{"\xe2\x81\xa6", "???"}, /* isolate */
		{"\xe2\x80\xa8", "???"}, /* line separator */
		{"\xd8\x9c", "??"},	 /* Arabic letter mark */
		{"\xe2\x82", "??"},	 /* cut */
		{"\xe2(\xac", "?(?"},
		{"\x80", "?"},
	};
	char out[16];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct text_case *c = &cases[i];
		size_t len = strlen(c->text);

		utf8__clean(c->text, len, out);
		assert_string_equal(out, c->clean);
		assert_int_equal(utf8__printable(c->text, len),
				 strcmp(c->text, c->clean) == 0);
		assert_true(utf8__printable(out, len));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_strings_have_one_address),
		cmocka_unit_test(bound_refuses_only_new_strings),
		cmocka_unit_test(unsafe_strings_are_cleaned_once),
		cmocka_unit_test(text_is_made_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
