// SPDX-License-Identifier: GPL-2.0-only
/* See lines.h. */
#include "base/lines.h"

#include <string.h>

const char *lines__value(const char *text, const char *key, size_t *len)
{
	size_t key_len = strlen(key);

	while (text && *text) {
		size_t line = strcspn(text, "\n");

		if (line > key_len && text[key_len] == '=' &&
		    !memcmp(text, key, key_len)) {
			*len = line - key_len - 1;
			return text + key_len + 1;
		}
		text += line + (text[line] == '\n');
	}
	return NULL;
}
