/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The protobuf writer against bytes worked out by hand from the encoding's
 * specification (export/protobuf.h). What it makes of whole messages is checked
 * by protoc in tests/otlp.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "export/protobuf.h"

#define EXPECT(b, ...)                                                         \
	do {                                                                   \
		static const uint8_t expected[] = {__VA_ARGS__};               \
		assert_int_equal((b)->err, 0);                                 \
		assert_int_equal((b)->len, sizeof(expected));                  \
		assert_memory_equal((b)->data, expected, sizeof(expected));    \
		buffer__clear(b);                                              \
	} while (0)

static void varints(void **state)
{
	struct buffer b;

	(void)state;
	buffer__init(&b, 100);
	protobuf__varint(&b, 1, 0);
	EXPECT(&b, 0x08, 0x00);
	protobuf__varint(&b, 1, 127);
	EXPECT(&b, 0x08, 0x7f);
	protobuf__varint(&b, 15, 128);
	EXPECT(&b, 0x78, 0x80, 0x01);
	protobuf__varint(&b, 16, 300);
	EXPECT(&b, 0x80, 0x01, 0xac, 0x02);
	protobuf__varint(&b, 2, UINT64_MAX);
	EXPECT(&b, 0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	       0x01);
	protobuf__int(&b, 3, -1);
	EXPECT(&b, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	       0x01);
	protobuf__sint(&b, 1, -1);
	protobuf__sint(&b, 1, 1);
	protobuf__sint(&b, 1, -65);
	EXPECT(&b, 0x08, 0x01, 0x08, 0x02, 0x08, 0x81, 0x01);
	protobuf__sint(&b, 1, INT64_MIN);
	EXPECT(&b, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	       0x01);
	protobuf__sint(&b, 1, INT64_MAX);
	EXPECT(&b, 0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	       0x01);
	/* The highest field there may be. */
	protobuf__varint(&b, (1u << 29) - 1, 1);
	EXPECT(&b, 0xf8, 0xff, 0xff, 0xff, 0x0f, 0x01);
	buffer__free(&b);
}

static void fixed_widths(void **state)
{
	struct buffer b;

	(void)state;
	buffer__init(&b, 100);
	protobuf__fixed32(&b, 16, 0x01020304);
	EXPECT(&b, 0x85, 0x01, 4, 3, 2, 1);
	protobuf__fixed64(&b, 2, 0x0102030405060708);
	EXPECT(&b, 0x11, 8, 7, 6, 5, 4, 3, 2, 1);
	protobuf__double(&b, 5, 1.5);
	EXPECT(&b, 0x29, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f);
	buffer__free(&b);
}

static void texts_and_packed_fields(void **state)
{
	struct buffer b;
	size_t packed;

	(void)state;
	buffer__init(&b, 100);
	protobuf__text(&b, 2, "testing");
	EXPECT(&b, 0x12, 0x07, 't', 'e', 's', 't', 'i', 'n', 'g');
	protobuf__bytes(&b, 2, "", 0);
	EXPECT(&b, 0x12, 0x00);
	packed = protobuf__begin(&b, 6);
	protobuf__put_varint(&b, 3);
	protobuf__put_varint(&b, 270);
	protobuf__put_varint(&b, 86942);
	protobuf__end(&b, packed);
	EXPECT(&b, 0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05);
	packed = protobuf__begin(&b, 1);
	protobuf__put_sint(&b, -2);
	protobuf__put_fixed64(&b, 1);
	protobuf__put_double(&b, -2);
	protobuf__end(&b, packed);
	EXPECT(&b, 0x0a, 0x11, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	       0xc0);
	buffer__free(&b);
}

/* Lengths around those where the length takes a byte more, two levels deep and
 * without a tag. */
static void lengths_are_as_short_as_can_be(void **state)
{
	static const size_t lens[] = {0,   1,	125,   126,   127,
				      128, 129, 16380, 16383, 16384};
	struct buffer b;

	(void)state;
	buffer__init(&b, 20000);
	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		const size_t len = lens[i];
		const size_t n = len < 128 ? 1 : len < 16384 ? 2 : 3;
		const size_t in = 1 + n + len;
		const size_t m = in < 128 ? 1 : in < 16384 ? 2 : 3;
		size_t outer, inner;

		buffer__clear(&b);
		buffer__text(&b, "<");
		outer = protobuf__begin(&b, 0);
		inner = protobuf__begin(&b, 3);
		for (size_t k = 0; k < len; k++)
			buffer__text(&b, k ? "." : "[");
		protobuf__end(&b, inner);
		protobuf__end(&b, outer);
		buffer__text(&b, ">");
		assert_int_equal(b.err, 0);
		assert_int_equal(b.len, 1 + m + in + 1);
		assert_int_equal(b.data[1] & 0x7f, in & 0x7f);
		assert_int_equal(b.data[1 + m], 0x1a);
		assert_int_equal(b.data[2 + m] & 0x7f, len & 0x7f);
		assert_int_equal(b.data[2 + m] >> 7, n > 1);
		if (n > 1)
			assert_int_equal(b.data[3 + m] & 0x7f, len >> 7 & 0x7f);
		assert_int_equal(b.data[2 + m + n], len ? '[' : '>');
		assert_int_equal(b.data[b.len - 1], '>');
	}
	buffer__free(&b);
}

/* Wherever the bound is, the failure is told and nothing is written past it. */
static void bound_is_told(void **state)
{
	size_t whole = 0;

	(void)state;
	for (size_t max = 400; max-- > 0;) {
		struct buffer b;
		size_t outer, inner;

		buffer__init(&b, max);
		outer = protobuf__begin(&b, 1);
		protobuf__double(&b, 1, 2.5);
		inner = protobuf__begin(&b, 2);
		for (int i = 0; i < 20; i++)
			protobuf__text(&b, 3, "twelve bytes");
		protobuf__end(&b, inner);
		protobuf__end(&b, outer);
		if (!b.err)
			whole = b.len;
		assert_int_equal(b.err, max < whole ? -EFBIG : 0);
		assert_true(b.len <= max);
		buffer__free(&b);
	}
	assert_int_equal(whole, 20 * 14 + 3 + 9 + 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(varints),
		cmocka_unit_test(fixed_widths),
		cmocka_unit_test(texts_and_packed_fields),
		cmocka_unit_test(lengths_are_as_short_as_can_be),
		cmocka_unit_test(bound_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
