/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Every bound of reqtrace that both sides must agree on, with its reason.
 * A bound that is hit has a counter in enum rt_counter (record.h).
 */
#ifndef REQTRACE_LIMITS_H
#define REQTRACE_LIMITS_H

/* First bytes of a request kept with the connection: method, path and the
 * usual headers of a service call; a Redis command with its key. More of a
 * request travels in RT_REC_DATA records when it is longer than this. */
#define RT_REQUEST_CAP 256

/* First bytes of a response: status line and the headers that say how it is
 * framed (content-length, transfer-encoding, content-type). */
#define RT_RESPONSE_CAP 256

/* Last bytes of the response's latest send: enough for the terminating
 * chunk of RFC 9112 section 7.1, "0\r\n\r\n". */
#define RT_TAIL_CAP 8

/* Payload of one RT_REC_DATA record, and what one exchange may send of them:
 * Redis reads at most 16 KiB at a time, so pipelines are counted whole. */
#define RT_DATA_CHUNK 4096
#define RT_DATA_MAX 16384

/* Records of it per exchange: a request that comes a byte at a time would
 * else send one for each. */
#define RT_DATA_RECORDS 16

/* Processes that can be traced at once, and processes with sockets that can
 * be summarised when the ring is full. */
#define RT_MAX_PROCESSES 65536
#define RT_MAX_SUMMARIES 4096

/* Bits that tell most processes from traced ones, by the low bits of their
 * ids; a power of two. */
#define RT_TARGET_BITS 65536

/* UNIX connections, and with the syscall engine all of them: else TCP state
 * lives in the socket and needs no bound. */
#define RT_MAX_HASHED 65536

/* Threads whose time is kept; each takes about 1.5 KB. */
#define RT_MAX_THREADS 65536

/* Exchanges at once whose own CPU time is kept, by the low bits of their
 * connection's cookie (cookies are given out in order); a power of two. */
#define RT_MAX_ACCOUNTS 65536

/* Connections whose exchanges make calls out, and peers that are told apart
 * in one exchange, the last one standing for all others. */
#define RT_MAX_CALLERS 16384
#define RT_CALLS 6

/* Histogram: base-2 exponential at scale 5 (2^(1/32) a bucket, so a value is
 * within 1.1 % of its bucket's geometric middle), from 2^-30 s (0.93 ns) to
 * 2^12 s (68 min). */
#define RT_HIST_SCALE 5
#define RT_HIST_MIN_EXP (-30)
#define RT_HIST_MAX_EXP 12
#define RT_HIST_BUCKETS ((RT_HIST_MAX_EXP - RT_HIST_MIN_EXP) << RT_HIST_SCALE)

/* Table of the buckets' upper boundaries in the BPF programs: a power of two,
 * the rest filled with RT_BOUNDARY_NEVER. */
#define RT_BOUNDARIES 2048
#define RT_BOUNDARY_NEVER (~0ull >> 1)

/* Length of a task's name with its zero byte (TASK_COMM_LEN). */
#define RT_COMM_LEN 16

#endif
