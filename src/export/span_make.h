/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a span says of one exchange: name, kind, status, attributes and events,
 * by OpenTelemetry's semantic conventions (docs/traces.md). Its place in a
 * trace is given by spans.c.
 */
#ifndef REQTRACE_EXPORT_SPAN_MAKE_H
#define REQTRACE_EXPORT_SPAN_MAKE_H

#include "export/spans.h"
#include "model/request.h"

/* What is kept of a request until its span is made. Strings are interned. */
struct span_facts {
	uint64_t begin, end; /* monotonic ns */
	uint64_t time_to_first_byte;
	uint64_t operations, bytes_in, bytes_out, rtt, retransmits;
	uint64_t part[PARTS];
	const char *protocol, *operation, *status, *version;
	uint32_t pid, tid, last_tid;
	enum rt_role role;
	enum rt_transport transport;
	enum request_error error;
	uint16_t port;
	uint8_t remote_addr[16];
	struct request_trace trace;
	bool has_first_byte, has_arrival, parts_cut;
};

void span_facts__of(const struct request *r, struct span_facts *out);

/* wall as in spans.h. NULL when out of memory. */
struct span *span__make(const struct span_facts *f, uint64_t wall);

/* One more attribute; text is copied. 0 or -ENOMEM. */
int span__add_text(struct span *s, const char *key, const char *text);
void span__add_number(struct span *s, const char *key, uint64_t number);

#endif
