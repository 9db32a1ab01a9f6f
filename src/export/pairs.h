/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lists of keys with values, as environment variables of OpenTelemetry have
 * them: "key1=value1,key2=value2", values percent-encoded, as in W3C Baggage
 * but without metadata behind semicolons.
 */
#ifndef REQTRACE_EXPORT_PAIRS_H
#define REQTRACE_EXPORT_PAIRS_H

#include <stdbool.h>
#include <stddef.h>

struct pairs {
	char **list; /* key, value, key, value, ..., NULL; owned. NULL: empty */
	size_t len;  /* strings, without the NULL */
};

void pairs__free(struct pairs *p); /* accepts a zeroed one */

/* key has value from now on; keys that differ in case are one with nocase.
 * 0 or -ENOMEM. */
int pairs__set(struct pairs *p, const char *key, const char *value,
	       bool nocase);

/* Set all that text has; later ones win. 0; -EINVAL if it is no such list (p is
 * then partly filled); -ENOMEM. */
int pairs__decode(struct pairs *p, const char *text, bool nocase);

/* Take the value of a key out; the caller's. NULL: there is none. */
char *pairs__take(struct pairs *p, const char *key);

#endif
