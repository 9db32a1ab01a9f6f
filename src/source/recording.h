/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recordings: the records of a run in a file, as they were. A file is a
 * 16-byte header (magic, version, byte order) and records, each padded to 8
 * bytes. Reading one feeds the same callback as the live source.
 */
#ifndef REQTRACE_SOURCE_RECORDING_H
#define REQTRACE_SOURCE_RECORDING_H

#include <stddef.h>

#include "base/error.h"
#include "source/source.h"

struct recording;

/* Create or truncate path for writing. 0 or negative errno and err. */
int recording__create(struct recording **out, const char *path,
		      struct error *err);

/* Append a record (its own header.size of bytes). 0 or negative errno. */
int recording__write(struct recording *r, const void *record);

/* Write out what is buffered, so that little is lost if the run is killed. The
 * error is kept for recording__close. */
void recording__flush(struct recording *r);

/* Flush and close; the first error of all writes. Accepts NULL. */
int recording__close(struct recording *r);

/* Feed every record of path to fn. 0, negative errno and err, or what fn
 * returned. A file that ends in the middle of a record is told in err after
 * all whole ones were fed (-EBADMSG). */
int recording__replay(const char *path, source_fn fn, void *ctx,
		      struct error *err);

#endif
