// SPDX-License-Identifier: GPL-2.0-only
/* See attributes.h. Owns nothing but the text. */
#include "source/attributes.h"

#include <ctype.h>
#include <string.h>

#include "base/utf8.h"

void attributes__init(struct attributes *a)
{
	a->len = 0;
	a->text[0] = 0;
}

/* The line of key and its length, or NULL. */
static char *find(const struct attributes *a, const char *key, size_t *len)
{
	size_t key_len = strlen(key);
	const char *line = a->text;

	while (*line) {
		*len = strcspn(line, "\n");
		if (*len > key_len && line[key_len] == '=' &&
		    !memcmp(line, key, key_len))
			return (char *)line;
		line += *len + (line[*len] == '\n');
	}
	return NULL;
}

bool attributes__get(const struct attributes *a, const char *key, char *out,
		     size_t size)
{
	size_t len, skip = strlen(key) + 1;
	const char *line = find(a, key, &len);

	if (!line)
		return false;
	len -= skip;
	if (len >= size)
		len = size - 1;
	/* Again, as the cut may be in the middle of a character. */
	utf8__clean(line + skip, len, out);
	return true;
}

void attributes__remove(struct attributes *a, const char *key)
{
	size_t len, at;
	const char *line = find(a, key, &len);

	if (!line)
		return;
	at = line - a->text;
	/* With the newline behind it, or, of the last one, before it. */
	if (a->text[at + len] == '\n')
		len++;
	else if (at > 0) {
		at--;
		len++;
	}
	memmove(a->text + at, a->text + at + len, a->len - at - len + 1);
	a->len -= len;
}

static void append(struct attributes *a, const char *key, const char *value)
{
	size_t key_len = strlen(key), value_len = strlen(value);
	size_t need = (a->len > 0) + key_len + 1 + value_len;
	char *to = a->text + a->len;

	if (need >= sizeof(a->text) - a->len)
		return;
	if (a->len)
		*to++ = '\n';
	utf8__clean(key, key_len, to);
	to += key_len;
	*to++ = '=';
	utf8__clean(value, value_len, to);
	a->len += need;
}

void attributes__add(struct attributes *a, const char *key, const char *value)
{
	size_t len;

	if (*value && !find(a, key, &len))
		append(a, key, value);
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decode len bytes without the blanks around them. False for what is too long
 * for out, or no escape; a zero byte is none that a string could have. */
static bool decode(const char *text, size_t len, char *out, size_t size)
{
	size_t n = 0;

	for (; len && isblank((unsigned char)*text); len--)
		text++;
	while (len && isblank((unsigned char)text[len - 1]))
		len--;
	for (size_t i = 0; i < len; i++) {
		int c = (unsigned char)text[i];

		if (c == '%') {
			int high = i + 2 < len ? hex(text[i + 1]) : -1;
			int low = high < 0 ? -1 : hex(text[i + 2]);

			c = low < 0 ? 0 : high << 4 | low;
			i += 2;
		}
		if (!c || n + 1 >= size)
			return false;
		out[n++] = (char)c;
	}
	out[n] = 0;
	return true;
}

/* One "key=value" of len bytes; nothing at all is no fault. */
static bool parse_one(struct attributes *a, const char *text, size_t len)
{
	char key[ATTRIBUTES_KEY_MAX + 1], value[ATTRIBUTES_VALUE_MAX + 1];
	const char *equals = memchr(text, '=', len);
	size_t key_len = equals ? (size_t)(equals - text) : len;

	if (!decode(text, key_len, key, sizeof(key)))
		return false;
	if (!equals)
		return !*key;
	if (!*key || strchr(key, '=') ||
	    !decode(equals + 1, len - key_len - 1, value, sizeof(value)))
		return false;
	/* Cleaned, it must still be the key that is looked for later. */
	if (!utf8__printable(key, strlen(key)))
		return false;
	attributes__remove(a, key);
	append(a, key, value);
	return true;
}

bool attributes__parse(struct attributes *a, const char *list)
{
	attributes__init(a);
	for (;;) {
		size_t len = strcspn(list, ",");

		if (!parse_one(a, list, len)) {
			attributes__init(a);
			return false;
		}
		if (!list[len])
			return true;
		list += len + 1;
	}
}
