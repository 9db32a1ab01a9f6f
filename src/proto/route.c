/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Route templates. Fed one path, yields its template: each segment is kept
 * as a word or replaced by "{id}". Owns the rules for which is which; they
 * err on the side of "{id}", which costs detail, while a word too many costs
 * a series and may be somebody's name.
 */
#include "proto/route.h"

#include <string.h>
#include <strings.h>

#define ID "{id}"
#define REST "/..."
#define REST_LEN (sizeof(REST) - 1)

/* A longer segment is data; names in APIs are not that long. */
#define SEGMENT_MAX 64

/* A token that has letters and digits is a word up to here ("base64"). */
#define TOKEN_LONG 16

/* As many hyphens make a headline ("how-to-write-a-good-parser"), one per
 * article, rather than a name ("terms-and-conditions"). */
#define SLUG_HYPHENS 5

struct text {
	char *data;
	size_t len, size; /* size without the zero byte */
};

/* What a run of letters and digits is made of. */
struct shape {
	size_t digits, letters, upper, lower, hex, vowels;
	size_t turns;	    /* times a letter meets a digit */
	size_t digit_run;   /* longest run of digits */
	size_t digits_lead; /* digits before the first letter */
};

static bool text__put(struct text *t, const void *bytes, size_t len)
{
	if (len > t->size - t->len)
		return false;
	memcpy(t->data + t->len, bytes, len);
	t->len += len;
	return true;
}

/* Locale-free and only ASCII, unlike <ctype.h> on bytes above 0x7f. */
static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_word(uint8_t c)
{
	return is_letter(c) || is_digit(c);
}

static bool is_hex(uint8_t c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool is_separator(uint8_t c)
{
	return c == '.' || c == '-' || c == '_';
}

static struct shape shape__of(const uint8_t *s, size_t len)
{
	struct shape sh = {0};
	size_t i, run = 0;

	for (i = 0; i < len; i++) {
		bool digit = is_digit(s[i]);

		run = digit ? run + 1 : 0;
		if (run > sh.digit_run)
			sh.digit_run = run;
		if (digit && !sh.letters)
			sh.digits_lead++;
		if (i && is_word(s[i]) && is_word(s[i - 1]) &&
		    digit != is_digit(s[i - 1]))
			sh.turns++;
		sh.digits += digit;
		sh.hex += is_hex(s[i]);
		if (!is_letter(s[i]))
			continue;
		sh.letters++;
		sh.upper += s[i] < 'a';
		sh.lower += s[i] >= 'a';
		sh.vowels += !!memchr("aeiouy", s[i] | 0x20, 6);
	}
	return sh;
}

/* Digits from s on, at most max + 1 of them. */
static size_t digits__count(const uint8_t *s, size_t len, size_t max)
{
	size_t n = 0;

	while (n < len && n <= max && is_digit(s[n]))
		n++;
	return n;
}

/* "v1", "v2beta", "v1p1beta1": the names of API versions. */
static bool token__is_version(const uint8_t *s, size_t len)
{
	static const char *const stages[] = {"alpha", "beta", "preview", "rc",
					     "p"};
	size_t i, k, n;

	if (len < 2 || (s[0] | 0x20) != 'v')
		return false;
	n = digits__count(s + 1, len - 1, 3);
	if (!n || n > 3)
		return false;
	for (i = 1 + n; i < len; i += n) {
		for (k = 0; k < sizeof(stages) / sizeof(*stages); k++) {
			n = strlen(stages[k]);
			if (len - i >= n && !memcmp(s + i, stages[k], n))
				break;
		}
		if (k == sizeof(stages) / sizeof(*stages))
			return false;
		i += n;
		n = digits__count(s + i, len - i, 2);
		if (n > 2)
			return false;
	}
	return true;
}

/* "1.1", "v2.0", "3.11.2": two or three small numbers. */
static bool segment__is_version(const uint8_t *s, size_t len)
{
	size_t i = len && (s[0] | 0x20) == 'v', groups = 0, n;

	for (; i < len; i += n) {
		if (groups && s[i++] != '.')
			return false;
		n = digits__count(s + i, len - i, 2);
		if (!n || n > 2 || (n == 2 && s[i] == '0'))
			return false;
		groups++;
	}
	return groups == 2 || groups == 3;
}

/* The length of a UUID (RFC 9562: 8-4-4-4-12) that s begins with, or 0. */
static size_t uuid__length(const uint8_t *s, size_t len)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	const size_t n = sizeof(form) - 1;
	size_t i;

	if (len < n || (len > n && is_word(s[n])))
		return 0;
	for (i = 0; i < n; i++) {
		if (form[i] == 'x' ? !is_hex(s[i]) : s[i] != '-')
			return 0;
	}
	return n;
}

/* file: the token is part of a name with an extension, where builds put
 * short hashes of mixed case. */
static bool token__is_id(const uint8_t *s, size_t len, bool file)
{
	struct shape sh = shape__of(s, len);

	if (token__is_version(s, len))
		return false;
	if (!sh.letters || sh.digit_run >= 4 || sh.digits_lead >= 3)
		return true;
	if (sh.digits && sh.hex == len && len >= 8)
		return true;
	if (sh.turns >= 4 && len >= 6)
		return true;
	/* English has a vowel in every third letter, base64 in every fifth. */
	if (len >= TOKEN_LONG && (sh.digits >= 2 || sh.vowels * 5 < len))
		return true;
	return file && len >= 8 && sh.digits && sh.upper && sh.lower;
}

/* base64url in one piece, where "-" and "_" are digits too. */
static bool segment__is_token(const uint8_t *s, size_t len)
{
	struct shape sh = shape__of(s, len);

	if (len < TOKEN_LONG || memchr(s, '.', len))
		return false;
	return sh.turns >= 4 ||
	       (len >= 20 && sh.turns >= 3 && sh.upper && sh.lower);
}

static bool segment__is_slug(const uint8_t *s, size_t len)
{
	size_t i, hyphens = 0;

	for (i = 0; i < len; i++) {
		i += uuid__length(s + i, len - i);
		hyphens += i < len && s[i] == '-';
	}
	return hyphens >= SLUG_HYPHENS;
}

/* "shop.example.com": what looks like an extension is a top-level domain. */
static bool segment__is_host(const uint8_t *s, size_t len)
{
	static const char *const domains[] = {".com", ".org", ".net", ".edu",
					      ".gov"};
	size_t i, n;

	for (i = 0; i < sizeof(domains) / sizeof(*domains); i++) {
		n = strlen(domains[i]);
		if (len > n &&
		    !strncasecmp((const char *)s + len - n, domains[i], n))
			return true;
	}
	return false;
}

static bool segment__is_plain(const uint8_t *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (!is_word(s[i]) && !is_separator(s[i]))
			return false;
	}
	return true;
}

static bool segment__has_extension(const uint8_t *s, size_t len)
{
	const uint8_t *dot = memrchr(s, '.', len);

	return dot && dot > s && dot + 1 < s + len && is_letter(dot[1]);
}

/* "main.8d3f2a1c.js" becomes "main.{id}.js", "2026-11-20" becomes "{id}":
 * neighbours that are both identifiers are one. */
static bool segment__put_tokens(struct text *t, const uint8_t *s, size_t len)
{
	bool file = segment__has_extension(s, len), after_id = false, id;
	size_t i = 0, start, gap;

	while (i < len) {
		start = i;
		while (i < len && is_separator(s[i]))
			i++;
		gap = i - start;
		if (i == len)
			return text__put(t, s + start, gap);
		start = i;
		i += uuid__length(s + i, len - i);
		id = i > start;
		while (i < len && is_word(s[i]))
			i++;
		id = id || token__is_id(s + start, i - start, file);
		if (id && after_id && gap == 1)
			continue;
		if (!text__put(t, s + start - gap, gap) ||
		    !(id ? text__put(t, ID, strlen(ID))
			 : text__put(t, s + start, i - start)))
			return false;
		after_id = id;
	}
	return true;
}

static bool segment__put_plain(struct text *t, const uint8_t *s, size_t len)
{
	/* "$metadata", "$batch": OData's own resources */
	if (len > 1 && s[0] == '$' && is_letter(s[1])) {
		if (!text__put(t, s, 1))
			return false;
		s++;
		len--;
	}
	if (segment__is_version(s, len))
		return text__put(t, s, len);
	if (!len || !segment__is_plain(s, len) || segment__is_token(s, len) ||
	    segment__is_slug(s, len) || segment__is_host(s, len))
		return text__put(t, ID, strlen(ID));
	return segment__put_tokens(t, s, len);
}

/* One segment without its parameters (RFC 3986 section 3.3), not empty. */
static bool segment__put(struct text *t, const uint8_t *s, size_t len)
{
	const uint8_t *mark;

	if (len > SEGMENT_MAX)
		return text__put(t, ID, strlen(ID));
	/* "42:cancel": a custom verb. More colons: an address or a time. */
	mark = memchr(s, ':', len);
	if (mark && mark > s && mark + 1 < s + len &&
	    !memchr(mark + 1, ':', s + len - mark - 1))
		return segment__put_plain(t, s, mark - s) &&
		       text__put(t, ":", 1) &&
		       segment__put_plain(t, mark + 1, s + len - mark - 1);
	/* "Orders(10248)": a key in OData */
	mark = memchr(s, '(', len);
	if (mark && mark > s && s[len - 1] == ')')
		return segment__put_plain(t, s, mark - s) &&
		       (mark + 2 == s + len
				? text__put(t, "()", 2)
				: text__put(t, "(" ID ")", strlen("(" ID ")")));
	return segment__put_plain(t, s, len);
}

/* Add "/" and the segment if that leaves room for REST. */
static bool text__put_segment(struct text *t, const uint8_t *s, size_t len)
{
	char name[2 * SEGMENT_MAX];
	struct text part = {.data = name, .size = sizeof(name)};

	if (!segment__put(&part, s, len)) {
		part.len = 0;
		text__put(&part, ID, strlen(ID));
	}
	if (t->len + 1 + part.len + REST_LEN > t->size)
		return false;
	return text__put(t, "/", 1) && text__put(t, name, part.len);
}

/* The path without query and fragment, and when it is cut without what
 * follows its last slash. */
static size_t path__length(const uint8_t *path, size_t len, bool *cut)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (path[i] == '?' || path[i] == '#') {
			*cut = false;
			return i;
		}
	}
	while (*cut && len && path[len - 1] != '/')
		len--;
	return len;
}

size_t route__template(const uint8_t *path, size_t len, bool cut, char *out,
		       size_t out_size)
{
	struct text t = {.data = out, .size = out_size ? out_size - 1 : 0};
	size_t i = 0, start, name, kept = 0;
	const uint8_t *semicolon;
	bool folded = false;

	if (out_size < ROUTE_MIN)
		goto out;
	len = path__length(path, len, &cut);
	if (len && path[0] != '/')
		len = 0;
	while (i < len && !folded) {
		start = ++i;
		while (i < len && path[i] != '/')
			i++;
		semicolon = memchr(path + start, ';', i - start);
		name = semicolon ? (size_t)(semicolon - path) - start
				 : i - start;
		if (!name)
			continue;
		folded = kept++ == ROUTE_SEGMENTS ||
			 !text__put_segment(&t, path + start, name);
	}
	if (folded || cut)
		text__put(&t, REST, REST_LEN);
	else if (!t.len || path[len - 1] == '/')
		text__put(&t, "/", 1);
out:
	if (out_size)
		out[t.len] = '\0';
	return t.len;
}
