// SPDX-License-Identifier: GPL-2.0-only
/* See pairs.h. */
#include "export/pairs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BLANK " \t"

void pairs__free(struct pairs *p)
{
	for (size_t i = 0; i < p->len; i++)
		free(p->list[i]);
	free(p->list);
	memset(p, 0, sizeof(*p));
}

static char **pairs__find(const struct pairs *p, const char *key, bool nocase)
{
	for (size_t i = 0; i < p->len; i += 2)
		if (!(nocase ? strcasecmp : strcmp)(p->list[i], key))
			return &p->list[i];
	return NULL;
}

int pairs__set(struct pairs *p, const char *key, const char *value, bool nocase)
{
	char **at = pairs__find(p, key, nocase), **list;
	char *k, *v = strdup(value);

	if (!v)
		return -ENOMEM;
	if (at) {
		free(at[1]);
		at[1] = v;
		return 0;
	}
	k = strdup(key);
	list = k ? reallocarray(p->list, p->len + 3, sizeof(*list)) : NULL;
	if (!list) {
		free(k);
		free(v);
		return -ENOMEM;
	}
	p->list = list;
	list[p->len] = k;
	list[p->len + 1] = v;
	list[p->len + 2] = NULL;
	p->len += 2;
	return 0;
}

char *pairs__take(struct pairs *p, const char *key)
{
	char **at = pairs__find(p, key, false), *value;

	if (!at)
		return NULL;
	value = at[1];
	free(at[0]);
	memmove(at, at + 2,
		(size_t)(p->list + p->len + 1 - (at + 2)) * sizeof(*at));
	p->len -= 2;
	return value;
}

/* Without blanks around it, in place. */
static char *text__trim(char *text)
{
	size_t len;

	text += strspn(text, BLANK);
	len = strlen(text);
	while (len && strchr(BLANK, text[len - 1]))
		text[--len] = '\0';
	return text;
}

static int hex__digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %41 is A, in place. False at a % without two digits, or a zero byte. */
static bool text__percent_decode(char *text)
{
	char *out = text;

	for (const char *p = text; *p; p++) {
		int high, low;

		if (*p != '%') {
			*out++ = *p;
			continue;
		}
		high = hex__digit(p[1]);
		low = high < 0 ? -1 : hex__digit(p[2]);
		if (low < 0 || !(high | low))
			return false;
		*out++ = (char)(high << 4 | low);
		p += 2;
	}
	*out = '\0';
	return true;
}

int pairs__decode(struct pairs *p, const char *text, bool nocase)
{
	char *copy = strdup(text), *rest = copy, *item;
	int code = copy ? 0 : -ENOMEM;

	while (!code && (item = strsep(&rest, ","))) {
		char *key, *value;

		item = text__trim(item);
		if (!*item)
			continue;
		value = strchr(item, '=');
		if (!value) {
			code = -EINVAL;
			break;
		}
		*value++ = '\0';
		key = text__trim(item);
		value = text__trim(value);
		if (!*key || !text__percent_decode(key) ||
		    !text__percent_decode(value))
			code = -EINVAL;
		else
			code = pairs__set(p, key, value, nocase);
	}
	free(copy);
	return code;
}
