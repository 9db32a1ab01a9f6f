/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text of unknown origin on a screen of columns. Fed with any bytes, yields
 * text that cannot move the cursor and whose width is known.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "view/screen.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define INVALID UINT32_MAX

/* One character at s (not at its end): its bytes, and *cp, which is INVALID
 * for a byte that begins no well-formed sequence (RFC 3629 section 4). */
static size_t decode(const char *s, uint32_t *cp)
{
	const unsigned char *u = (const unsigned char *)s;
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = u[0] < 0x80   ? 1
		     : u[0] < 0xc0 ? 0
		     : u[0] < 0xe0 ? 2
		     : u[0] < 0xf0 ? 3
		     : u[0] < 0xf8 ? 4
				   : 0;
	uint32_t value;

	*cp = INVALID;
	if (len == 0)
		return 1;
	value = len == 1 ? u[0] : u[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 1;
		value = value << 6 | (u[i] & 0x3f);
	}
	if (value < lowest[len] || value > 0x10ffff ||
	    (value >= 0xd800 && value < 0xe000))
		return 1;
	*cp = value;
	return len;
}

/* Characters that a terminal obeys instead of showing: C0, C1, and those that
 * change the direction of the text or hide themselves in it. */
static bool is_harmful(uint32_t cp)
{
	return cp == INVALID || cp < 0x20 || (cp >= 0x7f && cp < 0xa0) ||
	       (cp >= 0x200b && cp <= 0x200f) ||
	       (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2060 && cp <= 0x206f) || cp == 0xfeff ||
	       (cp >= 0xfff9 && cp <= 0xfffb) || cp >= 0xe0000;
}

void screen__clean(char *dst, size_t size, const char *src, bool utf8)
{
	size_t used = 0;

	while (*src) {
		uint32_t cp;
		size_t len = decode(src, &cp);
		const char *from = src;

		src += len;
		if (is_harmful(cp) || (cp >= 0x80 && !utf8) ||
		    (cp >= 0x80 && used == 0 && wcwidth((wchar_t)cp) == 0)) {
			from = utf8 ? REPLACEMENT : "?";
			len = strlen(from);
		}
		if (used + len >= size)
			break;
		memcpy(dst + used, from, len);
		used += len;
	}
	dst[used] = '\0';
}

char *screen__repair(const char *src)
{
	char *copy = malloc(strlen(src) * strlen(REPLACEMENT) + 1);
	char *to = copy;

	if (!copy)
		return NULL;
	while (*src) {
		uint32_t cp;
		size_t len = decode(src, &cp);
		const char *from = cp == INVALID ? REPLACEMENT : src;
		size_t n = cp == INVALID ? strlen(REPLACEMENT) : len;

		memcpy(to, from, n);
		to += n;
		src += len;
	}
	*to = '\0';
	return copy;
}

/* Characters that this locale does not know (wcwidth < 0) take one column. */
static size_t columns_of(uint32_t cp)
{
	int width = cp < 0x80 || cp == INVALID ? 1 : wcwidth((wchar_t)cp);

	return width < 0 ? 1 : (size_t)width;
}

size_t screen__fit(const char *text, size_t columns, size_t *used)
{
	size_t bytes = 0, taken = 0;

	while (text[bytes]) {
		uint32_t cp;
		size_t len = decode(text + bytes, &cp);
		size_t width = columns_of(cp);

		if (taken + width > columns)
			break;
		taken += width;
		bytes += len;
	}
	if (used)
		*used = taken;
	return bytes;
}

size_t screen__width(const char *text)
{
	size_t used;

	screen__fit(text, SIZE_MAX, &used);
	return used;
}

char *screen__pad(char *buf, size_t size, const char *text, size_t columns,
		  bool right, bool utf8)
{
	size_t used;
	size_t bytes = screen__fit(text, columns, &used);
	const char *cut = "";
	int pad;

	if (text[bytes] && columns > 0) {
		bytes = screen__fit(text, columns - 1, &used);
		cut = utf8 ? "…" : "~";
		used++;
	}
	pad = (int)(columns - used);
	snprintf(buf, size, "%*s%.*s%s%*s", right ? pad : 0, "", (int)bytes,
		 text, cut, right ? 0 : pad, "");
	return buf;
}
