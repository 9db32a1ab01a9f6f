/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Raw bytes to checked records. All distrust of the ring and of recordings
 * lives here: after decode__record every length, enum and string is sound.
 */
#ifndef REQTRACE_DECODE_DECODE_H
#define REQTRACE_DECODE_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "reqtrace/record.h"

/* A checked record; pointers lead into the caller's bytes (unaligned input
 * is refused, see decode__record). */
struct event {
	enum rt_record_kind kind;
	const struct rt_header *header;
	union {
		struct {
			const struct rt_exchange *ex;
			const uint8_t *request;	 /* ex->request_len bytes */
			const uint8_t *response; /* ex->response_len bytes */
		} exchange;
		const struct rt_connection *connection;
		struct {
			const struct rt_data *data;
			const uint8_t *bytes; /* data->len bytes */
		} data;
		const struct rt_process *process; /* comm is terminated */
		const struct rt_calls *calls;	  /* len <= RT_CALLS */
		const struct rt_accept *accept;
		const struct rt_listener *listener;
		const struct rt_threads *threads; /* comm is terminated */
		struct {
			const struct rt_proc_info *info;
			const char *exe, *service;
			const char *resource; /* "key=value" lines; "" in
					       * old recordings */
			uint64_t started;     /* CLOCK_REALTIME ns, or 0 */
		} proc;
		struct {
			const struct rt_host *host;
			const char *version, *engine, *name, *kernel, *arch;
			const char *hooks; /* comma-separated */
			const char *lost;  /* lines; "" in old recordings */
		} host;
		const struct rt_counters *counters;
		const struct rt_summary *summary;
		const struct rt_cost *cost;
	};
};

/* Check one record of size bytes at bytes (8-byte aligned). Trailing bytes
 * past header.size are allowed up to 7 (ring alignment) and ignored.
 * Returns 0 and *ev, or -EBADMSG, or -EINVAL when bytes is not aligned. */
int decode__record(const void *bytes, size_t size, struct event *ev);

#endif
