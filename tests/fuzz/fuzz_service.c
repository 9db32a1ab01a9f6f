/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libFuzzer target of what is found out about a process: any cgroup file, any
 * arguments, any environment. What comes out is bounded and safe to show.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "source/attributes.h"
#include "source/service.h"
#include "source/service_argv.h"
#include "source/service_cgroup.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_text(const char *text, size_t max)
{
	size_t len = strlen(text);

	if (len > max || !utf8__printable(text, len))
		abort();
}

static void check_cgroup(const char *text, size_t len)
{
	struct service_cgroup c;

	service_cgroup__parse(text, len, &c);
	check_text(c.container, sizeof(c.container) - 1);
	check_text(c.pod_uid, sizeof(c.pod_uid) - 1);
	check_text(c.unit, sizeof(c.unit) - 1);
	check_text(c.machine, sizeof(c.machine) - 1);
	if (c.container[0] && strlen(c.container) != 64)
		abort();
}

static void check_argv(const char *text, size_t len)
{
	static const char *const exes[] = {"python3", "java", "node", "perl",
					   "php",     "bash", "nginx"};
	char name[SERVICE_ARGV_NAME_MAX + 1];

	for (size_t i = 0; i < sizeof(exes) / sizeof(exes[0]); i++) {
		service_argv__name(exes[i], text, len, name);
		check_text(name, SERVICE_ARGV_NAME_MAX);
	}
}

/* Every line is "key=value" and is found again by its key. */
static void check_attributes(const char *list)
{
	char key[ATTRIBUTES_MAX], value[ATTRIBUTES_MAX];
	struct attributes a;

	attributes__parse(&a, list);
	if (a.len != strlen(a.text) || a.len >= sizeof(a.text))
		abort();
	while (a.len) {
		size_t len = strcspn(a.text, "\n"), before = a.len;
		const char *equals = memchr(a.text, '=', len);

		if (!equals || equals == a.text ||
		    !utf8__printable(a.text, len))
			abort();
		memcpy(key, a.text, equals - a.text);
		key[equals - a.text] = 0;
		if (!attributes__get(&a, key, value, sizeof(value)))
			abort();
		if (strlen(value) != len - (equals - a.text) - 1)
			abort();
		attributes__remove(&a, key);
		if (a.len >= before || a.len != strlen(a.text))
			abort();
	}
}

static void check_environ(const char *text, size_t len)
{
	const char *list = service__variable(text, len, "R");

	if (list)
		check_attributes(list);
}

/* The first byte says what the rest is; memory of exactly its size, so that a
 * read past it is seen. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, bytes + 1, size - 1);
	text[size - 1] = 0;
	switch (bytes[0] % 4) {
	case 0:
		check_attributes(text);
		break;
	case 1:
		text = realloc(text, size > 1 ? size - 1 : 1);
		check_cgroup(text, size - 1);
		break;
	case 2:
		text = realloc(text, size > 1 ? size - 1 : 1);
		check_argv(text, size - 1);
		break;
	default:
		check_environ(text, size);
	}
	free(text);
	return 0;
}
