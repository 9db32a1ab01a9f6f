/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The contract between the BPF programs, userspace and recordings: one struct
 * per record kind, fixed-width, no implicit padding. A recording is a file of
 * these records, so a change here changes RT_RECORD_VERSION.
 *
 * All times are CLOCK_MONOTONIC nanoseconds (bpf_ktime_get_ns); 0 means "not
 * known" or "did not happen". Addresses are in network byte order, IPv4 as
 * v4-mapped IPv6; ports are in host byte order.
 */
#ifndef REQTRACE_RECORD_H
#define REQTRACE_RECORD_H

#include "limits.h"

#ifndef __bpf__
#include <stdint.h>
typedef uint8_t rt_u8;
typedef uint16_t rt_u16;
typedef uint32_t rt_u32;
typedef uint64_t rt_u64;
#else
typedef __u8 rt_u8;
typedef __u16 rt_u16;
typedef __u32 rt_u32;
typedef __u64 rt_u64;
#endif

#define RT_RECORD_VERSION 2

enum rt_record_kind {
	/* Written by the BPF programs. */
	RT_REC_EXCHANGE = 1, /* struct rt_exchange + payload */
	RT_REC_OPEN = 2,     /* struct rt_connection: now established */
	RT_REC_CLOSE = 3,    /* struct rt_connection: now gone */
	RT_REC_DATA = 4, /* struct rt_data: request bytes past RT_REQUEST_CAP */
	RT_REC_FORK = 5, /* struct rt_process */
	RT_REC_EXEC = 6, /* struct rt_process */
	RT_REC_EXIT = 7, /* struct rt_process */
	RT_REC_CALLS = 8,     /* struct rt_calls: before its RT_REC_EXCHANGE */
	RT_REC_ACCEPT = 9,    /* struct rt_accept */
	RT_REC_LISTENER = 10, /* struct rt_listener: as of now */

	/* Written by the live source in userspace, so that a recording holds
	 * everything that a report is made of. */
	RT_REC_HOST = 64,     /* struct rt_host */
	RT_REC_PROC = 65,     /* struct rt_proc_info: names from /proc */
	RT_REC_COUNTERS = 66, /* struct rt_counters: totals so far */
	RT_REC_SUMMARY = 67,  /* struct rt_summary: totals so far of one key */
	RT_REC_TICK = 68,     /* struct rt_mark: refresh the view */
	RT_REC_REPORT = 69,   /* struct rt_mark: full report asked for */
	RT_REC_COST = 70,     /* struct rt_cost */
	RT_REC_END = 71,      /* struct rt_mark: tracing stopped */
	RT_REC_THREADS = 72,  /* struct rt_threads: totals so far of one key */
	RT_REC_EXPORT = 73,   /* struct rt_mark: figures are exported */
};

struct rt_header {
	rt_u16 kind;  /* enum rt_record_kind */
	rt_u16 flags; /* per kind */
	rt_u32 size;  /* of the whole record with this header */
	rt_u64 time;  /* when the record was made */
};

enum rt_role { RT_ROLE_UNKNOWN = 0, RT_ROLE_SERVER = 1, RT_ROLE_CLIENT = 2 };
enum rt_transport { RT_TRANSPORT_TCP = 0, RT_TRANSPORT_UNIX = 1 };

/* struct rt_peer.flags */
enum rt_peer_flag {
	/* Was open before tracing reached it. */
	RT_PEER_JOINED = 0x1,
	/* Its RT_REC_OPEN did not fit the ring and is counted in
	 * rt_summary.opened. */
	RT_PEER_OPEN_SUMMARISED = 0x2,
};

/* Who talks to whom; in every record of a connection, so that each record can
 * be understood alone. */
struct rt_peer {
	rt_u64 cookie;	      /* socket cookie: the connection's identity */
	rt_u64 established;   /* 0 when RT_PEER_JOINED */
	rt_u8 local_addr[16]; /* all zero for UNIX */
	rt_u8 remote_addr[16];
	rt_u16 local_port; /* 0 for UNIX */
	rt_u16 remote_port;
	rt_u8 role;	 /* enum rt_role */
	rt_u8 transport; /* enum rt_transport */
	rt_u8 flags;	 /* RT_PEER_* */
	rt_u8 pad;
	rt_u32 owner;	   /* tgid that listens or connected; 0 unknown */
	rt_u32 remote_pid; /* UNIX: tgid of the peer if known, else 0 */
};

/* What ended an exchange: struct rt_exchange.end */
enum rt_end {
	RT_END_NEXT = 1,  /* the next request began */
	RT_END_CLOSE = 2, /* the connection closed in order */
	RT_END_RESET = 3, /* reset: by the peer, or a time-out */
	RT_END_IDLE = 4,  /* not ended: reported because it is idle */
	RT_END_STOP = 5,  /* not ended: tracing stops */
};

/* struct rt_exchange.header.flags */
enum rt_exchange_flag {
	/* May come again with the same seq: the later record replaces it. */
	RT_EX_PROVISIONAL = 0x0001,
	/* Not a byte of response was seen. With RT_END_IDLE it is only made
	 * known as in flight: it counts by a later record of its number, or in
	 * a summary. */
	RT_EX_NO_RESPONSE = 0x0002,
	/* The peer's FIN came before any byte of the response: it aborted, or
	 * half-closed. */
	RT_EX_PEER_CLOSED_FIRST = 0x0004,
	/* Reset while sent bytes were not acknowledged. */
	RT_EX_UNACKED = 0x0008,
	/* This side closed first. */
	RT_EX_LOCAL_CLOSED = 0x0010,
	/* Payload not readable: io_uring, a 32-bit task, splice, a fault. */
	RT_EX_REQUEST_UNREADABLE = 0x0020,
	RT_EX_RESPONSE_UNREADABLE = 0x0040,
	/* tail[] holds the end of the latest send. */
	RT_EX_TAIL = 0x0080,
	/* An RT_REC_DATA did not fit the ring. */
	RT_EX_DATA_LOST = 0x0100,
	/* The request exceeded RT_DATA_MAX. */
	RT_EX_DATA_CUT = 0x0200,
	/* The end was inferred from the socket: the send was seen only after
	 * the next receive. */
	RT_EX_REORDERED = 0x0400,
	/* A send failed with EPIPE or ECONNRESET; a receive likewise. */
	RT_EX_SEND_FAILED = 0x0800,
	RT_EX_RECV_FAILED = 0x1000,
	/* .clock and what follows it were kept. */
	RT_EX_PARTS = 0x2000,
	/* Longer than the threshold that userspace set (rt_slow_ns). */
	RT_EX_SLOW = 0x4000,
	/* How much of the CPU time was this exchange's own is not known. */
	RT_EX_CPU_UNSPLIT = 0x8000,
};

/*
 * What a thread can be doing: at each moment exactly one of these, so that
 * the clocks of a thread always add up to the time that has passed. Order is
 * contract for recordings.
 */
enum rt_clock {
	RT_CLOCK_CPU,	     /* running */
	RT_CLOCK_RUN_QUEUE,  /* runnable, waiting for a CPU */
	RT_CLOCK_LOCK,	     /* blocked in futex */
	RT_CLOCK_DISK,	     /* on block I/O or a regular file */
	RT_CLOCK_NETWORK,    /* in a receive, send or connect on a socket */
	RT_CLOCK_POLL,	     /* in epoll, poll, select, io_uring wait, accept */
	RT_CLOCK_SLEEP,	     /* in nanosleep and the like */
	RT_CLOCK_PAGE_FAULT, /* in a fault, not in a system call */
	RT_CLOCK_OTHER,	     /* pipes, child wait, and the rest */
	RT_CLOCKS,
};

/*
 * One exchange. "recv" and "send" are this process's own calls, so for the
 * server role recv is the request and send the response, for the client role
 * the other way round:
 *
 *   server:  arrive -> first_recv .. last_recv -> first_send .. last_send
 *   client:  first_send .. last_send -> arrive -> first_recv .. last_recv
 *
 * Followed by request_len bytes of request, then response_len of response.
 */
struct rt_exchange {
	struct rt_header header;
	struct rt_peer peer;
	rt_u64 arrive;	   /* first byte readable in the socket */
	rt_u64 first_recv; /* the receive (or peek) that returned it */
	rt_u64 last_recv;
	rt_u64 first_send; /* the call returned */
	rt_u64 last_send;
	rt_u64 ended; /* RT_END_*: when; peer's FIN when aborted */
	rt_u64 bytes_in;
	rt_u64 bytes_out;
	rt_u32 seq;  /* number of the exchange on its connection */
	rt_u32 tgid; /* process and thread that began it */
	rt_u32 tid;
	rt_u32 last_tgid; /* process and thread that finished it */
	rt_u32 last_tid;
	rt_u32 recvs; /* receive and send calls that moved bytes */
	rt_u32 sends;
	rt_u16 request_len;
	rt_u16 response_len;
	rt_u8 end; /* enum rt_end */
	rt_u8 pad[7];
	rt_u8 tail[RT_TAIL_CAP]; /* right-aligned: tail[7] is the last byte */

	/* What the handling thread did between the first receive (server) or
	 * send (client) and the last byte of the answer, or .ended when there
	 * was none. Valid with RT_EX_PARTS. */
	rt_u64 clock[RT_CLOCKS]; /* ns */
	rt_u64 own_cpu; /* of clock[RT_CLOCK_CPU]: while this exchange was the
			 * one that the thread had touched last */
	rt_u64 handoff; /* between the clocks of two threads that handled it */
	rt_u64 queued;	/* client: the answer was there and not read; taken out
			 * of the clocks */
	/* Client: the exchange of this process in whose service it was made,
	 * 0 if none is known. */
	rt_u64 parent_cookie;
	rt_u32 parent_seq;
	/* TCP, from the socket when the exchange ended. */
	rt_u32 rtt_us;	    /* smoothed round-trip time; 0: not known */
	rt_u32 retransmits; /* segments, since it began */
	rt_u32 unsure;	    /* RT_UNSURE_* */
};

/* struct rt_exchange.unsure */
enum rt_unsure {
	/* Its thread took bytes of several exchanges before it went on with
	 * any: whose the calls out are that it made then is not known. */
	RT_UNSURE_CALLS = 0x1,
};

/* struct rt_connection.header.flags */
enum rt_connection_flag {
	/* Closed by a reset or time-out. */
	RT_CONN_RESET = 0x1,
	/* UNIX: closing was noticed afterwards. */
	RT_CONN_INFERRED = 0x2,
	/* What came after a provisional report did not fit the ring. */
	RT_CONN_AMEND_LOST = 0x4,
};

struct rt_connection {
	struct rt_header header; /* .time: when it opened or closed */
	struct rt_peer peer;
	rt_u32 tgid; /* last process seen using it, else owner */
	rt_u32 pad;
	rt_u64 bytes_in; /* totals while traced */
	rt_u64 bytes_out;
};

/* More of a request: len bytes that start offset bytes after its first. */
struct rt_data {
	struct rt_header header;
	rt_u64 cookie;
	rt_u32 seq;
	rt_u32 offset;
	rt_u32 len;
	rt_u32 pad;
};

struct rt_process {
	struct rt_header header;
	rt_u32 tgid;
	rt_u32 ppid;
	rt_u8 comm[RT_COMM_LEN];
};

/* What an exchange of the server role had to do with one peer: calls out
 * made in its service, and time blocked on sockets. */
struct rt_call {
	rt_u64 cookie;	/* a connection to that peer; 0: not known. That of the
			 * exchange itself: its own connection. */
	rt_u64 network; /* ns, of clock[RT_CLOCK_NETWORK] */
	rt_u64 time;	/* ns, from the first byte sent to the last received */
	rt_u32 count;	/* calls */
	rt_u16 port;	/* of the peer; 0 for UNIX */
	rt_u8 transport;
	rt_u8 rest; /* 1: not one peer, but all that found no room */
	rt_u8 addr[16];
};

/* Up to the last byte of the answer, of the exchange with the same cookie and
 * seq; replaces what came before for it. */
struct rt_calls {
	struct rt_header header;
	rt_u64 cookie;
	rt_u32 seq;
	rt_u32 len; /* of call[] */
	struct rt_call call[RT_CALLS];
};

/* A connection came out of its accept queue. */
struct rt_accept {
	struct rt_header header; /* .time: when accept() returned */
	rt_u64 cookie;
	rt_u32 tgid;
	rt_u32 tid;
};

struct rt_listener {
	struct rt_header header;
	rt_u64 cookie;
	rt_u32 tgid;	  /* that listens */
	rt_u32 depth;	  /* of the accept queue now */
	rt_u32 max_depth; /* highest that was seen */
	rt_u32 limit;
	rt_u16 port;
	rt_u8 pad[6];
};

/* How the threads of one name in a process spent their time while traced. */
struct rt_threads {
	struct rt_header header;
	rt_u32 tgid;
	rt_u32 living;
	rt_u32 ended;
	rt_u32 pad;
	rt_u8 comm[RT_COMM_LEN]; /* of the threads */
	rt_u64 clock[RT_CLOCKS]; /* ns, sums */
};

/* A process as userspace found it; text of text_len bytes in all:
 * "exe\0service\0resource\0started\0". resource has attributes, a "key=value"
 * a line; started is CLOCK_REALTIME ns in decimal digits, 0 when not known.
 * Older recordings have only the first two. */
struct rt_proc_info {
	struct rt_header header;
	rt_u32 tgid;
	rt_u32 ppid;
	rt_u8 comm[RT_COMM_LEN];
	rt_u32 target; /* 1: named by the user, 0: descendant */
	rt_u32 text_len;
};

/* text: "version\0engine\0host\0kernel\0arch\0hooks\0lost\0". hooks are
 * separated by commas, lost by newlines: sentences about what this engine does
 * not see. Recordings of version 0.1.0 have no lost. */
struct rt_host {
	struct rt_header header; /* .time: tracing started */
	rt_u64 wall_start;	 /* CLOCK_REALTIME ns at header.time */
	rt_u64 interval;	 /* refresh, ns; 0: none */
	rt_u32 cpus;
	rt_u32 text_len;
};

/*
 * Every way to miss something, and every bound hit. Order is contract for
 * recordings; add at the end, with a line in docs/counters.md.
 */
enum rt_counter {
	RT_COUNT_SUMMARISED, /* exchanges: ring full, in rt_summary */
	RT_COUNT_LOST,	     /* exchanges: ring full and no summary slot */
	RT_COUNT_AMEND_LOST, /* exchanges: later bytes not added, ring full */
	RT_COUNT_CONN_SUMMARISED, /* opens/closes: ring full, in rt_summary */
	RT_COUNT_CONN_LOST,	  /* opens/closes: ring full, no slot */
	RT_COUNT_DATA_LOST,	  /* RT_REC_DATA: ring full */
	RT_COUNT_PROCESS_LOST,	  /* fork/exec/exit records: ring full */
	RT_COUNT_JOINED,	  /* connections open before tracing started */
	RT_COUNT_JOINED_MIDWAY,	  /* of these: in the middle of an exchange */
	RT_COUNT_UNSOLICITED,	  /* sends (server) or receives (client) that
				   * belong to no exchange */
	RT_COUNT_NO_STORAGE,	  /* events: no memory for connection state */
	RT_COUNT_UNIX_FULL,    /* events: RT_MAX_HASHED connections exceeded */
	RT_COUNT_PROCESS_FULL, /* processes: RT_MAX_PROCESSES exceeded */
	RT_COUNT_NO_ARRIVAL,   /* exchanges (server): arrival unknown,
				* duration starts at the receive */
	RT_COUNT_REORDERED,    /* exchanges: see RT_EX_REORDERED */
	RT_COUNT_SPLICED,      /* reads by splice, whose time was not seen */
	RT_COUNT_THREADS_FULL, /* threads: RT_MAX_THREADS, or no memory */
	RT_COUNT_CPU_UNSPLIT,  /* exchanges: see RT_EX_CPU_UNSPLIT */
	RT_COUNT_HANDED_OVER,  /* exchanges: finished by another thread, and
				* who woke it for that was not seen */
	RT_COUNT_CALLS_FULL,   /* calls out: no room for their exchange */
	RT_COUNT_CALLS_SHARED, /* calls out: of which of several exchanges,
				* is not known */
	RT_COUNT_CALLS_LOST,   /* RT_REC_CALLS: ring full */
	RT_COUNT_ACCEPT_LOST,  /* RT_REC_ACCEPT: ring full */
	RT_COUNT_SKIPPED,      /* receives and sends: the kernel ran no
				* program for them; counted by userspace */
	RT_COUNTERS,	       /* how many there are */
};

struct rt_counters {
	struct rt_header header;
	rt_u64 value[RT_COUNTERS];
};

/* Exchanges that found the ring full. One per key; totals since the start. */
struct rt_summary_key {
	rt_u32 tgid;
	rt_u16 port; /* local (server) or remote (client) */
	rt_u8 role;
	rt_u8 transport;
};

struct rt_summary_value {
	rt_u64 exchanges;
	rt_u64 errors; /* of these: no response, or reset */
	rt_u64 bytes_in;
	rt_u64 bytes_out;
	rt_u64 sum; /* of durations, ns */
	rt_u64 min; /* ns; meaningless when exchanges is 0 */
	rt_u64 max;
	rt_u64 opened;
	rt_u64 closed;
	rt_u64 zero;			/* durations of 0 ns */
	rt_u32 bucket[RT_HIST_BUCKETS]; /* index as in stats/histogram.h */
};

struct rt_summary {
	struct rt_header header;
	struct rt_summary_key key;
	struct rt_summary_value value;
};

struct rt_mark {
	struct rt_header header;
};

struct rt_cost {
	struct rt_header header;
	rt_u64 bpf_ns; /* run-time of all programs */
	rt_u64 bpf_runs;
	rt_u64 user_ns; /* CPU time of reqtrace, user and system */
	rt_u64 rss_bytes;
	rt_u32 bpf_known; /* 0: run-time statistics were off */
	rt_u32 pad;
};

#define RT_ASSERT_SIZE(type, size)                                             \
	_Static_assert(sizeof(struct type) == (size), #type " has padding")
RT_ASSERT_SIZE(rt_header, 16);
RT_ASSERT_SIZE(rt_peer, 64);
RT_ASSERT_SIZE(rt_exchange, 312);
RT_ASSERT_SIZE(rt_connection, 104);
RT_ASSERT_SIZE(rt_data, 40);
RT_ASSERT_SIZE(rt_process, 40);
RT_ASSERT_SIZE(rt_call, 48);
RT_ASSERT_SIZE(rt_calls, 32 + 48 * RT_CALLS);
RT_ASSERT_SIZE(rt_accept, 32);
RT_ASSERT_SIZE(rt_listener, 48);
RT_ASSERT_SIZE(rt_threads, 48 + 8 * RT_CLOCKS);
RT_ASSERT_SIZE(rt_proc_info, 48);
RT_ASSERT_SIZE(rt_host, 40);
RT_ASSERT_SIZE(rt_counters, 16 + 8 * RT_COUNTERS);
RT_ASSERT_SIZE(rt_summary_key, 8);
RT_ASSERT_SIZE(rt_summary, 16 + 8 + 80 + 4 * RT_HIST_BUCKETS);
RT_ASSERT_SIZE(rt_cost, 56);

#endif
