/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one way through: a record from any source is recorded if wanted,
 * decoded, and given to the model, which feeds the statistics; marks in the
 * stream make snapshots, which go to the output.
 */
#ifndef REQTRACE_PIPELINE_H
#define REQTRACE_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "export/exporter.h"
#include "options.h"
#include "output.h"

struct pipeline;

/* output and exporter (NULL: nothing is exported) stay the caller's. 0 and
 * *out, or negative errno and err. */
int pipeline__new(struct pipeline **out, const struct options *options,
		  struct output *output, struct exporter *exporter,
		  struct error *err);

/* Close the recording and free all. 0, or the recording's first write error
 * and err. Accepts NULL. */
int pipeline__free(struct pipeline *p, struct error *err);

/* A source_fn; ctx is the pipeline. Of many connections the latest few records
 * wait for those after them, for pipeline__flush, or for a record that is not
 * of a connection, such as a mark. 0 or negative errno, maybe of an earlier
 * record.
 */
int pipeline__record(void *ctx, const void *record, size_t size);

/* Nothing follows soon: take the records that wait. 0 or negative errno. */
int pipeline__flush(struct pipeline *p);

/* The source ended without RT_REC_END (a recording that is cut): give the final
 * report, as of the latest record. Nothing if it was given, or if there was
 * nothing at all. 0 or negative errno. */
int pipeline__end(struct pipeline *p);
bool pipeline__ended(const struct pipeline *p);

/* No exchange that is shorter (ns) is printed at present; UINT64_MAX: none. */
uint64_t pipeline__slow_threshold(const struct pipeline *p);

/* The sentence of the last failure of pipeline__record. */
const struct error *pipeline__error(const struct pipeline *p);

/* Other rows from now on: the next that were kept; redraws the live view. */
int pipeline__next_by(struct pipeline *p);

#endif
