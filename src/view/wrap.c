/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paragraphs in a width. Fed with text, yields lines that break between
 * words.
 */
#include <stdarg.h>
#include <string.h>

#include "view/screen.h"
#include "view/text.h"

/* Bytes to the next place where a line may break: not after a figure, so that
 * "1.20 s" and "3 in flight" stay together. */
static size_t unbroken(const char *text)
{
	size_t len = strcspn(text, " ");

	while (len > 0 && text[len] && text[len - 1] >= '0' &&
	       text[len - 1] <= '9')
		len += 1 + strcspn(text + len + 1, " ");
	return len;
}

void text__wrap(const struct text *t, size_t indent, const char *first,
		const char *paragraph)
{
	size_t column = screen__width(first);
	bool line_begins = true;
	char word[512];

	fputs(first, t->out);
	if (first[strspn(first, " ")] && column < indent) {
		fprintf(t->out, "%*s", (int)(indent - column), "");
		column = indent;
	}
	while (*paragraph) {
		size_t len = unbroken(paragraph), width;

		snprintf(word, sizeof(word), "%.*s", (int)len, paragraph);
		paragraph += len + (paragraph[len] == ' ');
		width = screen__width(word);
		if (!line_begins && column + 1 + width > t->width) {
			fprintf(t->out, "\n%*s", (int)indent, "");
			column = indent;
			line_begins = true;
		}
		fprintf(t->out, "%s%s", line_begins ? "" : " ", word);
		column += width + !line_begins;
		line_begins = false;
	}
	putc('\n', t->out);
}

void text__wrapf(const struct text *t, size_t indent, const char *first,
		 const char *format, ...)
{
	char paragraph[2000];
	va_list args;

	va_start(args, format);
	vsnprintf(paragraph, sizeof(paragraph), format, args);
	va_end(args);
	text__wrap(t, indent, first, paragraph);
}
