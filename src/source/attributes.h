/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bounded list of resource attributes as text, a "key=value" a line. What is
 * put in is made safe to show (base/utf8.h); what finds no room is left out.
 */
#ifndef REQTRACE_SOURCE_ATTRIBUTES_H
#define REQTRACE_SOURCE_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>

/* All of them; a key; a value. */
#define ATTRIBUTES_MAX 4096
#define ATTRIBUTES_KEY_MAX 128
#define ATTRIBUTES_VALUE_MAX 1024

struct attributes {
	size_t len;
	char text[ATTRIBUTES_MAX]; /* terminated; its last line has no \n */
};

void attributes__init(struct attributes *a);

/* Copy the value of key to out (size bytes, cut) and say if there is one. */
bool attributes__get(const struct attributes *a, const char *key, char *out,
		     size_t size);

/* Add unless the key is there, or the value is empty. */
void attributes__add(struct attributes *a, const char *key, const char *value);
void attributes__remove(struct attributes *a, const char *key);

/*
 * Set *a to what OTEL_RESOURCE_ATTRIBUTES says: "key=value,key=value", with %
 * escapes (OpenTelemetry's specification, "Resource SDK"). Of equal keys the
 * last one counts. A damaged list is worth nothing: false, and *a is empty.
 */
bool attributes__parse(struct attributes *a, const char *list);

#endif
