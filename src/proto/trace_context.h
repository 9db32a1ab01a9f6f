/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The value of the header traceparent: W3C Trace Context, section 3.2. For
 * parsers of protocols that carry it.
 */
#ifndef REQTRACE_PROTO_TRACE_CONTEXT_H
#define REQTRACE_PROTO_TRACE_CONTEXT_H

#include "proto/proto.h"
#include "proto/view.h"

/* Fill *out, and return true, if value is sound; else leave it alone. */
bool trace_context__parse(struct span value, struct proto_trace *out);

#endif
