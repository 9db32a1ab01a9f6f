// SPDX-License-Identifier: GPL-2.0-only
/* See http_accept.h. Nothing is copied: names and values are compared where
 * they are. */
#include "export/http_accept.h"

#include <string.h>
#include <strings.h>

struct text {
	const char *at;
	size_t len;
};

static struct text trim(const char *at, size_t len)
{
	while (len && (*at == ' ' || *at == '\t')) {
		at++;
		len--;
	}
	while (len && (at[len - 1] == ' ' || at[len - 1] == '\t'))
		len--;
	return (struct text){at, len};
}

static bool same(struct text t, const char *word)
{
	return t.len == strlen(word) && !strncasecmp(t.at, word, t.len);
}

/* Bytes before the separator, which does not count within quotes. */
static size_t until(const char *at, size_t len, char separator)
{
	bool quoted = false;
	size_t i = 0;

	for (; i < len; i++) {
		if (at[i] == '"')
			quoted = !quoted;
		else if (quoted && at[i] == '\\' && i + 1 < len)
			i++;
		else if (!quoted && at[i] == separator)
			break;
	}
	return i;
}

/* The value of a parameter, without its quotes; .at is NULL if it is not
 * there. */
static struct text find_param(const struct http_accept *a, const char *key)
{
	const char *at = a->params, *end = at + a->params_len;

	while (at < end) {
		const size_t len = until(at, (size_t)(end - at), ';');
		const size_t name_len = until(at, len, '=');
		struct text value;

		if (name_len < len && same(trim(at, name_len), key)) {
			value = trim(at + name_len + 1, len - name_len - 1);
			if (value.len >= 2 && value.at[0] == '"' &&
			    value.at[value.len - 1] == '"') {
				value.at++;
				value.len -= 2;
			}
			return value;
		}
		at += len + 1;
	}
	return (struct text){NULL, 0};
}

/* "0.75" is 750: a 0 or 1, and up to three digits. */
static unsigned parse_q(struct text t)
{
	unsigned q, weight = 100;

	if (!t.at)
		return 1000;
	if (!t.len || (t.at[0] != '0' && t.at[0] != '1'))
		return 0;
	q = t.at[0] == '1' ? 1000 : 0;
	if (t.len > 1 && t.at[1] != '.')
		return 0;
	for (size_t i = 2; i < t.len; i++, weight /= 10) {
		if (t.at[i] < '0' || t.at[i] > '9')
			return 0;
		q += (unsigned)(t.at[i] - '0') * weight;
	}
	return q > 1000 ? 1000 : q;
}

bool http_accept__next(const char **at, struct http_accept *a)
{
	while (**at) {
		const char *start = *at;
		const size_t len = until(start, strlen(start), ',');
		const size_t name_len = until(start, len, ';');
		const struct text name = trim(start, name_len);

		*at = start + len + (start[len] == ',');
		if (!name.len)
			continue;
		a->name = name.at;
		a->name_len = name.len;
		a->params = start + name_len + (name_len < len);
		a->params_len = len - name_len - (name_len < len);
		a->q = parse_q(find_param(a, "q"));
		return true;
	}
	return false;
}

bool http_accept__is(const struct http_accept *a, const char *name)
{
	return same((struct text){a->name, a->name_len}, name);
}

bool http_accept__param(const struct http_accept *a, const char *key,
			const char *value, bool may_miss)
{
	const struct text found = find_param(a, key);

	return found.at ? same(found, value) : may_miss;
}
