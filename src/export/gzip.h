/* SPDX-License-Identifier: GPL-2.0-only */
/* Compresses whole messages. */
#ifndef REQTRACE_EXPORT_GZIP_H
#define REQTRACE_EXPORT_GZIP_H

#include <stddef.h>

#include "base/buffer.h"

/* Add len bytes, as a gzip file, to out; its failure is out's. */
void gzip__add(struct buffer *out, const void *bytes, size_t len);

#endif
