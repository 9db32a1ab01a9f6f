/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Telling userspace: exchanges and connections as records, or as counts and
 * durations when the ring is full. Global functions in report.bpf.c, so that
 * the verifier looks at each once and not again for every caller.
 */
#ifndef REQTRACE_BPF_REPORT_H
#define REQTRACE_BPF_REPORT_H

#include "conn.h"

static __always_inline u32 report__size(const struct rt_exchange *ex)
{
	u32 size = sizeof(*ex) + ex->request_len + ex->response_len;

	return size < sizeof(*ex) + CONN_PAYLOAD ? size
						 : sizeof(*ex) + CONN_PAYLOAD;
}

/*
 * Report the open exchange, once: whoever clears the state does. If it was
 * shown as provisional and nothing came since, that report stands.
 * end: enum rt_end; flags: RT_EX_* to add. Always 0.
 */
int report__exchange(struct conn *c, u32 end, u32 flags, u64 now);

/* Report that a connection opened or closed (RT_REC_OPEN, RT_REC_CLOSE), with
 * RT_CONN_* flags. Always 0. */
int report__connection(struct conn *c, u32 kind, u64 now, u32 flags);

#endif
