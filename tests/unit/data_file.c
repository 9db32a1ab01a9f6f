/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reader of test data. Fed a path, yields the cases in it with their escapes
 * resolved; see data_file.h for the format.
 */
#include "data_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	struct data_file *file;
	int line;
};

static _Noreturn void __attribute__((format(printf, 2, 3)))
reader__fail(const struct reader *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "%s:%d: ", r->file->path, r->line);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static void *grow(const struct reader *r, void *old, size_t size)
{
	void *new = realloc(old, size);

	if (!new)
		reader__fail(r, "out of memory");
	return new;
}

static int hex_digit(const struct reader *r, char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	if (!at)
		reader__fail(r, "\\x wants two digits of 0-9a-f");
	return (int)(at - digits);
}

/* Resolve the escapes of text in place; returns the number of bytes. */
static size_t unescape(const struct reader *r, char *text)
{
	char *in = text, *out = text;

	while (*in) {
		if (*in != '\\') {
			*out++ = *in++;
			continue;
		}
		switch (in[1]) {
		case 'r':
			*out++ = '\r';
			break;
		case 'n':
			*out++ = '\n';
			break;
		case 't':
			*out++ = '\t';
			break;
		case '0':
			*out++ = '\0';
			break;
		case '\\':
			*out++ = '\\';
			break;
		case 'x':
			*out++ = (char)(hex_digit(r, in[2]) << 4 |
					hex_digit(r, in[3]));
			in += 2;
			break;
		default:
			reader__fail(r, "unknown escape \\%c", in[1]);
		}
		in += 2;
	}
	return out - text;
}

static void reader__begin_case(struct reader *r, const char *name)
{
	struct data_file *f = r->file;
	struct data_case *c;

	f->cases = grow(r, f->cases, (f->cases_len + 1) * sizeof(*f->cases));
	c = &f->cases[f->cases_len++];
	*c = (struct data_case){.name = strdup(name), .line = r->line};
	if (!c->name)
		reader__fail(r, "out of memory");
}

static struct data_field *reader__field(struct reader *r, const char *key)
{
	struct data_case *c;
	struct data_field *field;
	size_t i;

	if (!r->file->cases_len)
		reader__fail(r, "\"%s\" before the first case", key);
	c = &r->file->cases[r->file->cases_len - 1];
	for (i = 0; i < c->fields_len; i++) {
		if (!strcmp(c->fields[i].key, key))
			return &c->fields[i];
	}
	c->fields =
		grow(r, c->fields, (c->fields_len + 1) * sizeof(*c->fields));
	field = &c->fields[c->fields_len++];
	*field = (struct data_field){.key = strdup(key)};
	if (!field->key)
		reader__fail(r, "out of memory");
	return field;
}

static void reader__append(struct reader *r, struct data_field *field,
			   const char *bytes, size_t len, unsigned long times)
{
	if (times > 1000000 || len > 1000000)
		reader__fail(r, "too much");
	field->value = grow(r, field->value, field->len + len * times + 1);
	while (times--) {
		memcpy(field->value + field->len, bytes, len);
		field->len += len;
	}
	field->value[field->len] = '\0';
}

static void reader__line(struct reader *r, char *line)
{
	char *colon, *value, *star;
	unsigned long times = 1;

	line[strcspn(line, "\n")] = '\0';
	if (!*line || *line == '#')
		return;
	colon = strchr(line, ':');
	if (!colon)
		reader__fail(r, "no colon");
	*colon = '\0';
	value = colon + 1 + (colon[1] == ' ');
	if (!strcmp(line, "case")) {
		reader__begin_case(r, value);
		return;
	}
	star = strchr(line, '*');
	if (star) {
		*star = '\0';
		times = strtoul(star + 1, NULL, 10);
	}
	reader__append(r, reader__field(r, line), value, unescape(r, value),
		       times);
}

struct data_file *data_file__load(const char *path)
{
	struct reader r = {.file = calloc(1, sizeof(*r.file))};
	char *line = NULL;
	size_t size = 0;
	FILE *in;

	if (!r.file)
		abort();
	r.file->path = path;
	in = fopen(path, "r");
	if (!in)
		reader__fail(&r, "%s", strerror(errno));
	while (getline(&line, &size, in) >= 0) {
		r.line++;
		reader__line(&r, line);
	}
	if (ferror(in) || !r.file->cases_len)
		reader__fail(&r, "no cases");
	free(line);
	fclose(in);
	return r.file;
}

void data_file__free(struct data_file *f)
{
	size_t i, k;

	if (!f)
		return;
	for (i = 0; i < f->cases_len; i++) {
		for (k = 0; k < f->cases[i].fields_len; k++) {
			free(f->cases[i].fields[k].key);
			free(f->cases[i].fields[k].value);
		}
		free(f->cases[i].fields);
		free(f->cases[i].name);
	}
	free(f->cases);
	free(f);
}

const struct data_field *data_case__find(const struct data_case *c,
					 const char *key)
{
	size_t i;

	for (i = 0; i < c->fields_len; i++) {
		if (!strcmp(c->fields[i].key, key))
			return &c->fields[i];
	}
	return NULL;
}

const char *data_case__text(const struct data_case *c, const char *key,
			    const char *otherwise)
{
	const struct data_field *field = data_case__find(c, key);

	return field ? (const char *)field->value : otherwise;
}

uint64_t data_case__number(const struct data_case *c, const char *key,
			   uint64_t otherwise)
{
	const char *text = data_case__text(c, key, NULL);
	char *end;
	uint64_t n;

	if (!text)
		return otherwise;
	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno || end == text || *end) {
		fprintf(stderr, "case \"%s\", line %d: %s: not a number\n",
			c->name, c->line, key);
		exit(1);
	}
	return n;
}
