/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model on a bench: records in (through the decoder, from memory that is
 * gone right after), calls of the sink out, kept for inspection.
 */
#ifndef REQTRACE_TESTS_MODEL_RIG_H
#define REQTRACE_TESTS_MODEL_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/model.h"

/* What most tests say. */
#define GET "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
#define OK2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
#define PARTIAL "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nhi"

/* A server's plain exchange, from 1000 to 1900. */
#define TIMES                                                                  \
	.arrive = 1000, .first_recv = 1100, .last_recv = 1200,                 \
	.first_send = 1700, .last_send = 1900

enum call_kind {
	CALL_REQUEST,
	CALL_CONN,
	CALL_STREAM,
	CALL_PROCESS,
	CALL_LISTENER,
	CALL_THREADS,
	CALL_SUMMARY
};

struct call {
	enum call_kind kind;
	union {
		struct request request;
		struct sink_conn conn;
		struct sink_stream stream;
		struct sink_process process;
		struct sink_listener listener;
		struct sink_threads threads;
		const char *comm; /* of a summary */
	};
};

struct rig {
	struct model *m;
	struct call *calls;
	size_t len, cap;
	size_t read; /* next call that rig_next looks at */
	int refuse;  /* what the sink returns */
};

/* cmocka set-up and tear-down; *state is the rig. */
int rig_setup(void **state);
int rig_teardown(void **state);

/* The defaults make a request to a server: cookie 7, port 80, process 100. */
struct ex {
	uint64_t cookie;
	uint32_t seq, tgid, last_tgid, last_tid;
	uint16_t flags;
	uint8_t end;  /* default RT_END_NEXT */
	uint8_t role; /* default server */
	bool unknown_role;
	uint8_t transport, peer_flags;
	uint16_t port;
	uint64_t arrive, first_recv, last_recv, first_send, last_send, ended;
	uint64_t bytes_in, bytes_out; /* default: of the strings */
	const char *in, *out; /* received, sent; the head is what fits */
	const char *tail;
	uint64_t time;
	uint64_t clock[RT_CLOCKS], own_cpu, handoff, queued;
	uint64_t parent;
	uint32_t parent_seq;
	uint32_t rtt_us, retransmits, unsure;
};

int rig_try_exchange(struct rig *rig, const struct ex *ex);
void rig_exchange_(struct rig *rig, const struct ex *ex);
#define rig_exchange(rig, ...) rig_exchange_(rig, &(struct ex){__VA_ARGS__})

struct conn {
	uint64_t cookie;
	uint16_t flags;
	uint8_t role, transport, peer_flags;
	bool unknown_role;
	uint16_t port;
	uint32_t tgid;
	uint64_t time, established;
	uint64_t bytes_in, bytes_out;
};

void rig_conn_(struct rig *rig, uint16_t kind, const struct conn *conn);
#define rig_open(rig, ...)                                                     \
	rig_conn_(rig, RT_REC_OPEN, &(struct conn){__VA_ARGS__})
#define rig_close(rig, ...)                                                    \
	rig_conn_(rig, RT_REC_CLOSE, &(struct conn){__VA_ARGS__})

/* What exchange seq of cookie had to do with len peers. */
void rig_calls(struct rig *rig, uint64_t cookie, uint32_t seq, size_t len,
	       const struct rt_call *call);
/* As in records: text is an address of either family. */
void rig_address(uint8_t addr[16], const char *text);
void rig_accept(struct rig *rig, uint64_t cookie, uint32_t pid, uint64_t time);
void rig_listener(struct rig *rig, const struct rt_listener *listener);
void rig_threads(struct rig *rig, const struct rt_threads *threads);

/* Request bytes from offset on. */
void rig_data(struct rig *rig, uint32_t seq, uint32_t offset, const char *bytes,
	      size_t len);
void rig_process(struct rig *rig, uint16_t kind, uint32_t pid, uint32_t ppid,
		 const char *comm);
void rig_proc(struct rig *rig, uint32_t pid, uint32_t ppid, const char *comm,
	      const char *exe, const char *service);
void rig_proc_resource(struct rig *rig, uint32_t pid, uint32_t ppid,
		       const char *comm, const char *exe, const char *service,
		       const char *resource, const char *started);
void rig_summary(struct rig *rig, uint32_t pid);
void rig_mark(struct rig *rig, uint16_t kind, uint64_t time);

/* The next call of this kind; fails the test when there is none. */
const struct call *rig_next(struct rig *rig, enum call_kind kind);
/* How many calls of this kind come after what was read. */
size_t rig_left(const struct rig *rig, enum call_kind kind);

const struct request *rig_request(struct rig *rig);
const struct sink_conn *rig_conn_event(struct rig *rig,
				       enum sink_conn_event event);
const struct sink_stream *rig_stream(struct rig *rig,
				     enum sink_stream_event event);
/* The only pending request; fails the test when there is another number. */
const struct request *rig_pending(struct rig *rig);
size_t rig_pending_len(struct rig *rig);

#endif
