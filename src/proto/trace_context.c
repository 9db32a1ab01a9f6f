/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * traceparent: text in, identifiers out.
 *
 *   00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
 *   version, trace-id, parent-id, trace-flags
 */
#include "proto/trace_context.h"

#include <string.h>

enum {
	AT_TRACE = 3,
	AT_PARENT = 36,
	AT_FLAGS = 53,
	LENGTH = 55, /* of version 00; later ones have it in front */
	SAMPLED = 0x01,
};

/* HEXDIGLC: lower case only. */
static int digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool bytes__parse(uint8_t *out, size_t len, const uint8_t *text)
{
	for (size_t i = 0; i < len; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
	while (len && !bytes[len - 1])
		len--;
	return !len;
}

bool trace_context__parse(struct span value, struct proto_trace *out)
{
	struct proto_trace t = {.known = true};
	const uint8_t *text = value.data;
	uint8_t version;

	if (value.len < LENGTH || !bytes__parse(&version, 1, text) ||
	    version == 0xff)
		return false;
	/* Section 3.2.4: what a later version adds stands behind a dash. */
	if (value.len > LENGTH && (version == 0 || text[LENGTH] != '-'))
		return false;
	if (text[AT_TRACE - 1] != '-' || text[AT_PARENT - 1] != '-' ||
	    text[AT_FLAGS - 1] != '-')
		return false;
	if (!bytes__parse(t.trace_id, sizeof(t.trace_id), text + AT_TRACE) ||
	    !bytes__parse(t.parent_id, sizeof(t.parent_id), text + AT_PARENT) ||
	    !bytes__parse(&t.flags, 1, text + AT_FLAGS))
		return false;
	if (is_zero(t.trace_id, sizeof(t.trace_id)) ||
	    is_zero(t.parent_id, sizeof(t.parent_id)))
		return false;
	/* Of a later version only this one has a meaning that is known. */
	if (version)
		t.flags &= SAMPLED;
	*out = t;
	return true;
}
