/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns the distrust of records. Fed the bytes of one record from the ring or
 * from a recording, yields a struct event whose lengths, enums and strings
 * need no further check, or -EBADMSG.
 */
#include "decode/decode.h"

#include <errno.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* The ring reserves whole multiples of 8 bytes. */
#define ALIGNMENT_SLACK 7

/* Two paths of PATH_MAX and room to spare; hooks are far shorter. */
#define TEXT_MAX (16384 + ALIGNMENT_SLACK)

/* What must hold for a kind before its own check looks at its fields. */
struct kind_rule {
	size_t fixed;	 /* bytes of the struct */
	size_t variable; /* bytes that may follow it at most */
	int (*check)(const void *bytes, struct event *ev);
};

static bool peer_ok(const struct rt_peer *peer)
{
	return peer->role <= RT_ROLE_CLIENT &&
	       peer->transport <= RT_TRANSPORT_UNIX;
}

/* BPF reserves one of few sizes, so a record may be longer than its payload,
 * never shorter. */
static bool fits(const struct rt_header *header, size_t fixed, size_t payload)
{
	return payload <= header->size - fixed;
}

static int check_exchange(const void *bytes, struct event *ev)
{
	const struct rt_exchange *ex = bytes;

	if (!peer_ok(&ex->peer) || ex->end < RT_END_NEXT ||
	    ex->end > RT_END_STOP)
		return -EBADMSG;
	if (ex->request_len > RT_REQUEST_CAP ||
	    ex->response_len > RT_RESPONSE_CAP)
		return -EBADMSG;
	if (!fits(&ex->header, sizeof(*ex),
		  (size_t)ex->request_len + ex->response_len))
		return -EBADMSG;
	ev->exchange.ex = ex;
	ev->exchange.request = (const uint8_t *)(ex + 1);
	ev->exchange.response = ev->exchange.request + ex->request_len;
	return 0;
}

static int check_connection(const void *bytes, struct event *ev)
{
	ev->connection = bytes;
	return peer_ok(&ev->connection->peer) ? 0 : -EBADMSG;
}

static int check_data(const void *bytes, struct event *ev)
{
	const struct rt_data *data = bytes;

	if (data->len > RT_DATA_CHUNK ||
	    !fits(&data->header, sizeof(*data), data->len))
		return -EBADMSG;
	ev->data.data = data;
	ev->data.bytes = (const uint8_t *)(data + 1);
	return 0;
}

static int check_process(const void *bytes, struct event *ev)
{
	ev->process = bytes;
	return memchr(ev->process->comm, 0, RT_COMM_LEN) ? 0 : -EBADMSG;
}

static int check_calls(const void *bytes, struct event *ev)
{
	const struct rt_calls *calls = bytes;

	ev->calls = calls;
	if (calls->len > RT_CALLS)
		return -EBADMSG;
	for (uint32_t i = 0; i < calls->len; i++)
		if (calls->call[i].transport > RT_TRANSPORT_UNIX)
			return -EBADMSG;
	return 0;
}

static int check_accept(const void *bytes, struct event *ev)
{
	ev->accept = bytes;
	return 0;
}

static int check_listener(const void *bytes, struct event *ev)
{
	ev->listener = bytes;
	return 0;
}

static int check_threads(const void *bytes, struct event *ev)
{
	ev->threads = bytes;
	return memchr(ev->threads->comm, 0, RT_COMM_LEN) ? 0 : -EBADMSG;
}

/* Split len bytes into exactly n terminated strings. */
static int split_text(const char *text, size_t len, const char **out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *end = memchr(text, 0, len);

		if (!end)
			return -EBADMSG;
		out[i] = text;
		len -= (size_t)(end - text) + 1;
		text = end + 1;
	}
	return len == 0 ? 0 : -EBADMSG;
}

static bool lines_printable(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (!utf8__printable(text, len))
			return false;
		text += len + (text[len] == '\n');
	}
	return true;
}

/* Lines of "key=value", none without a key. */
static bool attributes_ok(const char *text)
{
	if (!lines_printable(text))
		return false;
	while (*text) {
		size_t len = strcspn(text, "\n");
		const char *equals = memchr(text, '=', len);

		if (!equals || equals == text)
			return false;
		text += len + (text[len] == '\n');
	}
	return true;
}

static bool read_number(const char *text, uint64_t *out)
{
	size_t digits = strspn(text, "0123456789");

	/* All numbers of 19 digits fit. */
	if (!digits || digits > 19 || text[digits])
		return false;
	*out = strtoull(text, NULL, 10);
	return true;
}

static int check_proc(const void *bytes, struct event *ev)
{
	const struct rt_proc_info *info = bytes;
	const char *text = (const char *)(info + 1), *part[4];

	if (!memchr(info->comm, 0, RT_COMM_LEN) ||
	    !fits(&info->header, sizeof(*info), info->text_len))
		return -EBADMSG;
	if (split_text(text, info->text_len, part, 4)) {
		part[2] = "";
		part[3] = "0";
		if (split_text(text, info->text_len, part, 2))
			return -EBADMSG;
	}
	if (!attributes_ok(part[2]) || !read_number(part[3], &ev->proc.started))
		return -EBADMSG;
	ev->proc.info = info;
	ev->proc.exe = part[0];
	ev->proc.service = part[1];
	ev->proc.resource = part[2];
	return 0;
}

/* These strings reach the output as they are, nobody interns them. */
static int check_host(const void *bytes, struct event *ev)
{
	const struct rt_host *host = bytes;
	const char *text = (const char *)(host + 1), *part[7];

	if (!fits(&host->header, sizeof(*host), host->text_len))
		return -EBADMSG;
	if (split_text(text, host->text_len, part, 7)) {
		part[6] = "";
		if (split_text(text, host->text_len, part, 6))
			return -EBADMSG;
	}
	for (size_t i = 0; i < 6; i++) {
		if (!utf8__printable(part[i], strlen(part[i])))
			return -EBADMSG;
	}
	if (!lines_printable(part[6]))
		return -EBADMSG;
	ev->host.host = host;
	ev->host.version = part[0];
	ev->host.engine = part[1];
	ev->host.name = part[2];
	ev->host.kernel = part[3];
	ev->host.arch = part[4];
	ev->host.hooks = part[5];
	ev->host.lost = part[6];
	return 0;
}

static int check_counters(const void *bytes, struct event *ev)
{
	ev->counters = bytes;
	return 0;
}

static int check_summary(const void *bytes, struct event *ev)
{
	const struct rt_summary_key *key;

	ev->summary = bytes;
	key = &ev->summary->key;
	return key->role <= RT_ROLE_CLIENT &&
			       key->transport <= RT_TRANSPORT_UNIX
		       ? 0
		       : -EBADMSG;
}

static int check_cost(const void *bytes, struct event *ev)
{
	ev->cost = bytes;
	return 0;
}

static int check_mark(const void *bytes, struct event *ev)
{
	ev->header = bytes;
	return 0;
}

static const struct kind_rule rules[] = {
	[RT_REC_EXCHANGE] = {sizeof(struct rt_exchange),
			     RT_REQUEST_CAP + RT_RESPONSE_CAP, check_exchange},
	[RT_REC_OPEN] = {sizeof(struct rt_connection), 0, check_connection},
	[RT_REC_CLOSE] = {sizeof(struct rt_connection), 0, check_connection},
	[RT_REC_DATA] = {sizeof(struct rt_data), RT_DATA_CHUNK, check_data},
	[RT_REC_FORK] = {sizeof(struct rt_process), 0, check_process},
	[RT_REC_EXEC] = {sizeof(struct rt_process), 0, check_process},
	[RT_REC_EXIT] = {sizeof(struct rt_process), 0, check_process},
	[RT_REC_CALLS] = {sizeof(struct rt_calls), 0, check_calls},
	[RT_REC_ACCEPT] = {sizeof(struct rt_accept), 0, check_accept},
	[RT_REC_LISTENER] = {sizeof(struct rt_listener), 0, check_listener},
	[RT_REC_THREADS] = {sizeof(struct rt_threads), 0, check_threads},
	[RT_REC_HOST] = {sizeof(struct rt_host), TEXT_MAX, check_host},
	[RT_REC_PROC] = {sizeof(struct rt_proc_info), TEXT_MAX, check_proc},
	[RT_REC_COUNTERS] = {sizeof(struct rt_counters), 0, check_counters},
	[RT_REC_SUMMARY] = {sizeof(struct rt_summary), 0, check_summary},
	[RT_REC_TICK] = {sizeof(struct rt_mark), 0, check_mark},
	[RT_REC_REPORT] = {sizeof(struct rt_mark), 0, check_mark},
	[RT_REC_COST] = {sizeof(struct rt_cost), 0, check_cost},
	[RT_REC_END] = {sizeof(struct rt_mark), 0, check_mark},
	[RT_REC_EXPORT] = {sizeof(struct rt_mark), 0, check_mark},
};

int decode__record(const void *bytes, size_t size, struct event *ev)
{
	const struct rt_header *header = bytes;
	const struct kind_rule *rule;

	if ((uintptr_t)bytes % alignof(struct rt_exchange) != 0)
		return -EINVAL;
	if (size < sizeof(*header) || header->size > size ||
	    size - header->size > ALIGNMENT_SLACK)
		return -EBADMSG;
	if (header->kind >= sizeof(rules) / sizeof(rules[0]))
		return -EBADMSG;
	rule = &rules[header->kind];
	if (!rule->check || header->size < rule->fixed ||
	    header->size - rule->fixed > rule->variable)
		return -EBADMSG;
	memset(ev, 0, sizeof(*ev));
	ev->kind = header->kind;
	ev->header = header;
	return rule->check(bytes, ev);
}
