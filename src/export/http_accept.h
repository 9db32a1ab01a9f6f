/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lists of Accept and Accept-Encoding headers, element by element
 * (RFC 9110, 12.5): "text/plain; version=0.0.4; q=0.5, gzip".
 */
#ifndef REQTRACE_EXPORT_HTTP_ACCEPT_H
#define REQTRACE_EXPORT_HTTP_ACCEPT_H

#include <stdbool.h>
#include <stddef.h>

/* All within the header's value. */
struct http_accept {
	const char *name; /* "text/plain", not terminated */
	size_t name_len;
	const char *params; /* what is behind it: " version=0.0.4; q=0.5" */
	size_t params_len;
	unsigned q; /* thousandths, 0..1000; 1000 where there is none */
};

/* The element at *at, which then points behind it; false at the end. Empty
 * ones are passed over; a q that is no number is 0. */
bool http_accept__next(const char **at, struct http_accept *a);

bool http_accept__is(const struct http_accept *a, const char *name);

/* Whether the parameter has the value; also, if there is no such parameter,
 * whether it may be missing. */
bool http_accept__param(const struct http_accept *a, const char *key,
			const char *value, bool may_miss);

#endif
