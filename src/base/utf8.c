/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns the rule of which characters may be shown. Fed bytes of any origin,
 * yields text that neither a terminal nor a JSON writer can be harmed with.
 */
#include "base/utf8.h"

#include <stdint.h>

/* Length of the sequence that lead begins, 0 when none begins with it. */
static size_t sequence_length(uint8_t lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	if (lead >= 0xf0 && lead <= 0xf4)
		return 4;
	return 0;
}

static bool is_valid(uint32_t c, size_t n)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

	if (c < least[n] || c > 0x10ffff)
		return false;
	return c < 0xd800 || c > 0xdfff;
}

static bool is_safe(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return false;
	/* Marks, embeddings, overrides and isolates of UAX 9, and the line
	 * and paragraph separators, which some terminals obey. */
	if (c == 0x61c || c == 0x200e || c == 0x200f)
		return false;
	if (c >= 0x2028 && c <= 0x202e)
		return false;
	return c < 0x2066 || c > 0x2069;
}

/* Bytes of the safe character at p, 0 when there is none. */
static size_t safe_character(const uint8_t *p, size_t len)
{
	size_t n = sequence_length(p[0]);
	uint32_t c;

	if (n == 0 || n > len)
		return 0;
	c = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	return is_valid(c, n) && is_safe(c) ? n : 0;
}

bool utf8__printable(const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = safe_character((const uint8_t *)text + i, len - i);

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

void utf8__clean(const char *text, size_t len, char *out)
{
	for (size_t i = 0; i < len;) {
		size_t n = safe_character((const uint8_t *)text + i, len - i);

		if (n == 0)
			out[i++] = '?';
		for (; n > 0; n--, i++)
			out[i] = text[i];
	}
	out[len] = '\0';
}
