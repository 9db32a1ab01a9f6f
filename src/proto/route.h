/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Route templates: a path of any length and content in, a short name that
 * many paths share out. Bounds what a path can put into reports.
 */
#ifndef REQTRACE_PROTO_ROUTE_H
#define REQTRACE_PROTO_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Segments that are kept; the rest of a deeper path becomes "...". */
#define ROUTE_SEGMENTS 8

/* Smallest out_size of route__template: room for "/..." and the zero byte. */
#define ROUTE_MIN 5

/*
 * Write the template of path to out, terminated, and return its length.
 *
 * path is a path in origin form with or without query and fragment, which
 * are dropped; anything else is taken as "/". cut says that path goes on
 * past len: its last segment is then not used. Identifiers (numbers, UUIDs,
 * hashes, dates, tokens, addresses, encoded or foreign text) become "{id}";
 * words, versions and file names stay. What does not fit becomes "/...".
 * The template holds only letters, digits and "/{}()$.:_-".
 */
size_t route__template(const uint8_t *path, size_t len, bool cut, char *out,
		       size_t out_size);

#endif
