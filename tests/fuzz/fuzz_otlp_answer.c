/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answers of hostile collectors: a byte that says which protocol, header lines,
 * an empty line, a body. Whatever comes, there is an outcome, with a sentence
 * that can be shown.
 */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "export/otlp_answer.h"

#define LONGEST_DELAY (86400ull * 1000000000)

static void check(const struct otlp_reply *r)
{
	if (r->outcome >= OTLP_STOPPED || r->retry_after > LONGEST_DELAY ||
	    r->rejected > INT64_MAX || (r->rejected && r->outcome) ||
	    (r->outcome && !r->err.text[0]) ||
	    !utf8__printable(r->err.text, strlen(r->err.text)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data + 1;
	struct otlp_answer a;
	struct otlp_reply r;

	if (!size--)
		return 0;
	otlp_answer__init(&a, data[0] % 3);
	while (size && *at != '\n') {
		const char *end = memchr(at, '\n', size);
		size_t len = end ? (size_t)(end + 1 - at) : size;

		if (!otlp_answer__header(&a, at, len))
			break;
		at += len;
		size -= len;
	}
	otlp_answer__body(&a, at, size);
	memset(&r, 0, sizeof(r));
	otlp_answer__judge(&a, &r);
	check(&r);
	otlp_answer__free(&a);
	return 0;
}
