/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All metrics. OpenTelemetry's own are named as its semantic conventions have
 * them; what nobody else measures begins with "reqtrace.".
 */
#include "export/metric_table.h"

#define HISTOGRAM(metric, what)                                                \
	{                                                                      \
		.name = metric, .unit = "s", .kind = METRIC_HISTOGRAM,         \
		.in_seconds = true, .description = what,                       \
	}
#define COUNTER(metric, units, what)                                           \
	{                                                                      \
		.name = metric, .unit = units, .kind = METRIC_COUNTER,         \
		.description = what,                                           \
	}
#define SECONDS(metric, what)                                                  \
	{                                                                      \
		.name = metric, .unit = "s", .kind = METRIC_COUNTER,           \
		.in_seconds = true, .description = what,                       \
	}
#define UP_DOWN(metric, units, what)                                           \
	{                                                                      \
		.name = metric, .unit = units, .kind = METRIC_UP_DOWN,         \
		.description = what,                                           \
	}
#define GAUGE(metric, units, what)                                             \
	{                                                                      \
		.name = metric, .unit = units, .kind = METRIC_GAUGE,           \
		.description = what,                                           \
	}

/* clang-format off */
const struct metric_info metric_table[METRIC_IDS] = {
	[METRIC_HTTP_SERVER_DURATION] = HISTOGRAM(
		"http.server.request.duration",
		"Duration of HTTP server requests, from the arrival of the "
		"first byte to the last byte of the response."),
	[METRIC_HTTP_SERVER_ACTIVE] = UP_DOWN(
		"http.server.active_requests", "{request}",
		"HTTP requests that are being served now."),
	[METRIC_HTTP_CLIENT_DURATION] = HISTOGRAM(
		"http.client.request.duration",
		"Duration of HTTP client requests, from the first byte sent "
		"to the last byte of the response."),
	[METRIC_DB_CLIENT_DURATION] = HISTOGRAM(
		"db.client.operation.duration",
		"Duration of database client operations."),
	[METRIC_DB_SERVER_DURATION] = HISTOGRAM(
		"reqtrace.db.server.operation.duration",
		"Duration of operations of a traced database."),
	[METRIC_SERVER_EXCHANGE_DURATION] = HISTOGRAM(
		"reqtrace.server.exchange.duration",
		"Duration of exchanges served whose protocol is not known."),
	[METRIC_CLIENT_EXCHANGE_DURATION] = HISTOGRAM(
		"reqtrace.client.exchange.duration",
		"Duration of calls out whose protocol is not known."),
	[METRIC_SERVER_EXCHANGE_ACTIVE] = UP_DOWN(
		"reqtrace.server.exchange.active", "{exchange}",
		"Exchanges of other protocols than HTTP that are being "
		"served now."),

	[METRIC_TIME_TO_FIRST_BYTE] = HISTOGRAM(
		"reqtrace.server.request.time_to_first_byte",
		"Time from the arrival of a request to the first byte of its "
		"response."),
	[METRIC_RECEIVE_QUEUE] = HISTOGRAM(
		"reqtrace.server.request.receive_queue.wait_time",
		"Time that a request waited in its socket before the service "
		"read it."),
	[METRIC_CPU] = HISTOGRAM(
		"reqtrace.server.request.cpu.duration",
		"Time on a CPU of the threads that handled a request."),
	[METRIC_RUN_QUEUE] = HISTOGRAM(
		"reqtrace.server.request.run_queue.wait_time",
		"Time that the threads that handled a request were runnable "
		"and waited for a CPU."),
	[METRIC_OFFCPU] = HISTOGRAM(
		"reqtrace.server.request.offcpu.duration",
		"Time of a request that is neither on a CPU nor in a queue, by "
		"cause."),
	[METRIC_SERVER_IO] = COUNTER(
		"reqtrace.server.request.io", "By",
		"Bytes of requests received and of responses sent."),
	[METRIC_CLIENT_IO] = COUNTER(
		"reqtrace.client.request.io", "By",
		"Bytes of requests sent and of responses received."),

	[METRIC_SERVER_STREAM_OPENED] = COUNTER(
		"reqtrace.server.stream.opened", "{stream}",
		"Streams (server-sent events, WebSocket) that began."),
	[METRIC_SERVER_STREAM_ACTIVE] = UP_DOWN(
		"reqtrace.server.stream.active", "{stream}",
		"Streams that are open now."),
	[METRIC_SERVER_STREAM_DURATION] = HISTOGRAM(
		"reqtrace.server.stream.duration",
		"Duration of streams that have ended."),
	[METRIC_SERVER_STREAM_IO] = COUNTER(
		"reqtrace.server.stream.io", "By", "Bytes of streams."),
	[METRIC_CLIENT_STREAM_OPENED] = COUNTER(
		"reqtrace.client.stream.opened", "{stream}",
		"Streams (server-sent events, WebSocket) that began, of calls "
		"out."),
	[METRIC_CLIENT_STREAM_ACTIVE] = UP_DOWN(
		"reqtrace.client.stream.active", "{stream}",
		"Streams that are open now, of calls out."),
	[METRIC_CLIENT_STREAM_DURATION] = HISTOGRAM(
		"reqtrace.client.stream.duration",
		"Duration of streams that have ended, of calls out."),
	[METRIC_CLIENT_STREAM_IO] = COUNTER(
		"reqtrace.client.stream.io", "By",
		"Bytes of streams, of calls out."),

	[METRIC_ACCEPT_QUEUE] = HISTOGRAM(
		"reqtrace.server.connection.accept_queue.wait_time",
		"Time from the establishment of a connection until the "
		"service accepted it."),
	[METRIC_ACCEPT_QUEUE_LENGTH] = GAUGE(
		"reqtrace.server.connection.accept_queue.length",
		"{connection}", "Connections that wait to be accepted."),
	[METRIC_ACCEPT_QUEUE_LIMIT] = GAUGE(
		"reqtrace.server.connection.accept_queue.limit",
		"{connection}", "Connections that may wait to be accepted."),
	[METRIC_SERVER_CONN_OPENED] = COUNTER(
		"reqtrace.server.connection.opened", "{connection}",
		"Connections accepted since tracing began."),
	[METRIC_SERVER_CONN_ACTIVE] = UP_DOWN(
		"reqtrace.server.connection.active", "{connection}",
		"Accepted connections that are open now."),
	[METRIC_SERVER_CONN_DURATION] = HISTOGRAM(
		"reqtrace.server.connection.duration",
		"Lifetime of accepted connections that have been closed."),
	[METRIC_CLIENT_CONN_OPENED] = COUNTER(
		"reqtrace.client.connection.opened", "{connection}",
		"Connections to others opened since tracing began."),
	[METRIC_CLIENT_CONN_ACTIVE] = UP_DOWN(
		"reqtrace.client.connection.active", "{connection}",
		"Connections to others that are open now."),
	[METRIC_CLIENT_CONN_DURATION] = HISTOGRAM(
		"reqtrace.client.connection.duration",
		"Lifetime of connections to others that have been closed."),

	[METRIC_COVERAGE_EXCHANGES] = COUNTER(
		"reqtrace.coverage.exchanges", "{exchange}",
		"Exchanges that were counted."),
	[METRIC_COVERAGE_EVENTS] = COUNTER(
		"reqtrace.coverage.events", "{event}",
		"What was missed or cut short, by reason."),
	[METRIC_PROCESS_CPU] = SECONDS(
		"process.cpu.time", "CPU time of reqtrace itself."),
	[METRIC_PROCESS_MEMORY] = UP_DOWN(
		"process.memory.usage", "By",
		"Physical memory of reqtrace itself."),
	[METRIC_BPF_TIME] = SECONDS(
		"reqtrace.bpf.time",
		"CPU time of reqtrace's programs in the kernel, if the kernel "
		"counts it."),

	[METRIC_EXPORTER_REQUESTS] = COUNTER(
		"reqtrace.exporter.requests", "{request}",
		"Requests that the collector took."),
	[METRIC_EXPORTER_FAILURES] = COUNTER(
		"reqtrace.exporter.failures", "{request}",
		"Requests that the collector did not take or never got, and "
		"scrapes that were not answered."),
	[METRIC_EXPORTER_ITEMS] = COUNTER(
		"reqtrace.exporter.items", "{item}",
		"Data points or spans that the collector took."),
	[METRIC_EXPORTER_REJECTED] = COUNTER(
		"reqtrace.exporter.rejected", "{item}",
		"Data points or spans that the collector rejected."),
	[METRIC_EXPORTER_REFUSED] = COUNTER(
		"reqtrace.exporter.refused", "{item}",
		"Data points or spans of requests that were given up."),
	[METRIC_EXPORTER_BYTES] = COUNTER(
		"reqtrace.exporter.bytes", "By",
		"Bytes sent, failures included."),
	[METRIC_EXPORTER_TIME] = SECONDS(
		"reqtrace.exporter.time",
		"Time that attempts to send took."),
	[METRIC_EXPORTER_SCRAPES] = COUNTER(
		"reqtrace.exporter.scrapes", "{scrape}",
		"Scrapes that were answered."),
	[METRIC_SPANS_MADE] = COUNTER(
		"reqtrace.exporter.spans.made", "{span}",
		"Spans that were made of slow exchanges and their calls out."),
	[METRIC_SPANS_LIMITED] = COUNTER(
		"reqtrace.exporter.spans.limited", "{exchange}",
		"Slow exchanges without a span: too many in a second."),
	[METRIC_SPANS_UNSAMPLED] = COUNTER(
		"reqtrace.exporter.spans.unsampled", "{exchange}",
		"Slow exchanges without a span: their caller does not sample "
		"them."),
	[METRIC_SPANS_DROPPED] = COUNTER(
		"reqtrace.exporter.spans.dropped", "{span}",
		"Spans that were dropped: too many waited to be sent."),
	[METRIC_SPANS_CALLS_DROPPED] = COUNTER(
		"reqtrace.exporter.spans.calls_dropped", "{call}",
		"Calls out that became no span: too many waited for their "
		"exchange."),
};
/* clang-format on */
