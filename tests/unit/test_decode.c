/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every way in which a record can be wrong is refused, and right ones come
 * out as they went in.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decode/decode.h"

/* One record in memory of exactly its size, so that a read past it is seen. */
static void *record(uint16_t kind, size_t size)
{
	struct rt_header *header = calloc(1, size);

	assert_non_null(header);
	header->kind = kind;
	header->size = size;
	return header;
}

static int decode(const void *rec, struct event *ev)
{
	return decode__record(rec, ((const struct rt_header *)rec)->size, ev);
}

/* Decode, free, and say how it went. */
static int verdict(void *rec)
{
	struct event ev;
	int err = decode(rec, &ev);

	free(rec);
	return err;
}

static struct rt_exchange *exchange(size_t request, size_t response)
{
	struct rt_exchange *ex =
		record(RT_REC_EXCHANGE, sizeof(*ex) + request + response);

	ex->request_len = request;
	ex->response_len = response;
	ex->end = RT_END_NEXT;
	ex->peer.role = RT_ROLE_SERVER;
	return ex;
}

static void exchange_comes_out(void **state)
{
	struct rt_exchange *ex = exchange(3, 2);
	struct event ev;

	(void)state;
	memcpy(ex + 1, "abcde", 5);
	assert_int_equal(decode(ex, &ev), 0);
	assert_int_equal(ev.kind, RT_REC_EXCHANGE);
	assert_ptr_equal(ev.header, ex);
	assert_ptr_equal(ev.exchange.ex, ex);
	assert_memory_equal(ev.exchange.request, "abc", 3);
	assert_memory_equal(ev.exchange.response, "de", 2);
	free(ex);
}

static void exchange_may_be_longer_than_its_payload(void **state)
{
	struct rt_exchange *ex = exchange(RT_REQUEST_CAP, RT_RESPONSE_CAP);

	(void)state;
	ex->request_len = 1;
	ex->response_len = 0;
	assert_int_equal(verdict(ex), 0);
}

static void exchange_fields_are_checked(void **state)
{
	struct rt_exchange *ex;

	(void)state;
	ex = exchange(0, 0);
	ex->end = 0;
	assert_int_equal(verdict(ex), -EBADMSG);
	ex = exchange(0, 0);
	ex->end = RT_END_STOP + 1;
	assert_int_equal(verdict(ex), -EBADMSG);
	ex = exchange(0, 0);
	ex->peer.role = RT_ROLE_CLIENT + 1;
	assert_int_equal(verdict(ex), -EBADMSG);
	ex = exchange(0, 0);
	ex->peer.transport = RT_TRANSPORT_UNIX + 1;
	assert_int_equal(verdict(ex), -EBADMSG);
}

static void exchange_payload_is_checked(void **state)
{
	struct rt_exchange *ex;

	(void)state;
	ex = exchange(4, 4);
	ex->request_len = 5;
	assert_int_equal(verdict(ex), -EBADMSG);
	ex = exchange(4, 4);
	ex->response_len = 5;
	assert_int_equal(verdict(ex), -EBADMSG);
	assert_int_equal(verdict(exchange(RT_REQUEST_CAP + 1, 0)), -EBADMSG);
	assert_int_equal(verdict(exchange(0, RT_RESPONSE_CAP + 1)), -EBADMSG);
	ex = exchange(RT_REQUEST_CAP, RT_RESPONSE_CAP + 1);
	ex->response_len = 0;
	assert_int_equal(verdict(ex), -EBADMSG);
}

static void connection_comes_out(void **state)
{
	struct rt_connection *c = record(RT_REC_CLOSE, sizeof(*c));
	struct event ev;

	(void)state;
	assert_int_equal(decode(c, &ev), 0);
	assert_ptr_equal(ev.connection, c);
	c->peer.role = 3;
	assert_int_equal(decode(c, &ev), -EBADMSG);
	c->header.kind = RT_REC_OPEN;
	assert_int_equal(decode(c, &ev), -EBADMSG);
	c->peer.role = 2;
	assert_int_equal(decode(c, &ev), 0);
	c->peer.transport = 2;
	assert_int_equal(decode(c, &ev), -EBADMSG);
	free(c);
}

static void data_comes_out(void **state)
{
	struct rt_data *d = record(RT_REC_DATA, sizeof(*d) + 4);
	struct event ev;

	(void)state;
	d->len = 4;
	memcpy(d + 1, "wxyz", 4);
	assert_int_equal(decode(d, &ev), 0);
	assert_ptr_equal(ev.data.data, d);
	assert_memory_equal(ev.data.bytes, "wxyz", 4);
	d->len = 5;
	assert_int_equal(decode(d, &ev), -EBADMSG);
	d->len = UINT32_MAX;
	assert_int_equal(decode(d, &ev), -EBADMSG);
	free(d);
	d = record(RT_REC_DATA, sizeof(*d) + RT_DATA_CHUNK + 1);
	d->len = RT_DATA_CHUNK + 1;
	assert_int_equal(verdict(d), -EBADMSG);
}

static void process_name_is_terminated(void **state)
{
	static const uint16_t kinds[] = {RT_REC_FORK, RT_REC_EXEC, RT_REC_EXIT};
	struct event ev;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct rt_process *p = record(kinds[i], sizeof(*p));

		memset(p->comm, 'x', RT_COMM_LEN - 1);
		assert_int_equal(decode(p, &ev), 0);
		assert_ptr_equal(ev.process, p);
		p->comm[RT_COMM_LEN - 1] = 'x';
		assert_int_equal(decode(p, &ev), -EBADMSG);
		free(p);
	}
}

static struct rt_proc_info *proc(const char *text, size_t len)
{
	struct rt_proc_info *p = record(RT_REC_PROC, sizeof(*p) + len);

	p->text_len = len;
	memcpy(p + 1, text, len);
	return p;
}

static void proc_text_comes_out(void **state)
{
	struct rt_proc_info *p = proc("/bin/x\0web", 11);
	struct event ev;

	(void)state;
	assert_int_equal(decode(p, &ev), 0);
	assert_ptr_equal(ev.proc.info, p);
	assert_string_equal(ev.proc.exe, "/bin/x");
	assert_string_equal(ev.proc.service, "web");
	assert_string_equal(ev.proc.resource, "");
	assert_int_equal(ev.proc.started, 0);
	memset(p->comm, 'x', RT_COMM_LEN);
	assert_int_equal(verdict(p), -EBADMSG);
	assert_int_equal(verdict(proc("\0", 2)), 0);
}

static void proc_attributes_come_out(void **state)
{
	static const char text[] = "/x\0web\0a=b\nc==\0"
				   "123456789012345678";
	struct rt_proc_info *p = proc(text, sizeof(text));
	struct event ev;

	(void)state;
	assert_int_equal(decode(p, &ev), 0);
	assert_string_equal(ev.proc.service, "web");
	assert_string_equal(ev.proc.resource, "a=b\nc==");
	assert_int_equal(ev.proc.started, 123456789012345678);
	free(p);
}

static void proc_attributes_are_checked(void **state)
{
	static const char *const wrong[] = {
		"a\0b\0c\0"
		"1",
		"a\0b\0=c\0"
		"1",
		"a\0b\0x=1\nc\0"
		"1",
		"a\0b\0x=\x1b\0"
		"1",
		"a\0b\0\nx=1\0"
		"1",
		"a\0b\0x=1\0"
		"1x",
		"a\0b\0x=1\0"
		"-1",
		"a\0b\0x=1\0",
	};
	static const size_t len[] = {8, 9, 12, 10, 11, 11, 11, 9};

	(void)state;
	assert_int_equal(verdict(proc("a\0b\0x=1\0"
				      "1",
				      10)),
			 0);
	assert_int_equal(verdict(proc("a\0b\0\0"
				      "0",
				      7)),
			 0);
	assert_int_equal(verdict(proc("a\0b\0x=1\0"
				      "1\0",
				      11)),
			 -EBADMSG);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(verdict(proc(wrong[i], len[i])), -EBADMSG);
}

static void proc_text_is_checked(void **state)
{
	struct rt_proc_info *p;

	(void)state;
	assert_int_equal(verdict(proc("", 0)), -EBADMSG);
	assert_int_equal(verdict(proc("a", 2)), -EBADMSG);
	assert_int_equal(verdict(proc("a\0b", 3)), -EBADMSG);
	assert_int_equal(verdict(proc("a\0b\0c", 6)), -EBADMSG);
	p = proc("a\0b", 4);
	p->text_len = 5;
	assert_int_equal(verdict(p), -EBADMSG);
	p = proc("a\0b", 4);
	p->text_len = UINT32_MAX;
	assert_int_equal(verdict(p), -EBADMSG);
	p = calloc(1, 1 << 20);
	assert_non_null(p);
	p->header.kind = RT_REC_PROC;
	p->header.size = 1 << 20;
	p->text_len = 2;
	assert_int_equal(verdict(p), -EBADMSG);
}

#define HOST                                                                   \
	"0.1\0sock\0box\0"                                                     \
	"6.18\0x86_64\0a,b"

static struct rt_host *host(const char *text, size_t len)
{
	struct rt_host *h = record(RT_REC_HOST, sizeof(*h) + len);

	h->text_len = len;
	memcpy(h + 1, text, len);
	return h;
}

static void host_text_comes_out(void **state)
{
	struct rt_host *h = host(HOST, sizeof(HOST));
	struct event ev;

	(void)state;
	assert_int_equal(decode(h, &ev), 0);
	assert_ptr_equal(ev.host.host, h);
	assert_string_equal(ev.host.version, "0.1");
	assert_string_equal(ev.host.engine, "sock");
	assert_string_equal(ev.host.name, "box");
	assert_string_equal(ev.host.kernel, "6.18");
	assert_string_equal(ev.host.arch, "x86_64");
	assert_string_equal(ev.host.hooks, "a,b");
	assert_string_equal(ev.host.lost, "");
	free(h);
}

static void host_text_may_say_what_is_not_seen(void **state)
{
	static const char text[] = HOST "\0one thing\nand another";
	struct rt_host *h = host(text, sizeof(text));
	struct event ev;

	(void)state;
	assert_int_equal(decode(h, &ev), 0);
	assert_string_equal(ev.host.hooks, "a,b");
	assert_string_equal(ev.host.lost, "one thing\nand another");
	free(h);
	assert_int_equal(verdict(host(text, sizeof(text) - 1)), -EBADMSG);
}

static void host_text_is_checked(void **state)
{
	(void)state;
	assert_int_equal(verdict(host(HOST, sizeof(HOST) - 1)), -EBADMSG);
	assert_int_equal(verdict(host(HOST "\0l\0more", sizeof(HOST) + 7)),
			 -EBADMSG);
	assert_int_equal(verdict(host(HOST "\0a\nb\x1b[2J", sizeof(HOST) + 8)),
			 -EBADMSG);
	assert_int_equal(verdict(host(HOST "\0\n\n", sizeof(HOST) + 3)), 0);
	assert_int_equal(verdict(host("1\0s\0\x1b[2J\0k\0a\0h", 15)), -EBADMSG);
	assert_int_equal(verdict(host("1\0s\0\xff\0k\0a\0h", 12)), -EBADMSG);
	assert_int_equal(verdict(host("\0\0\0\0\0", 6)), 0);
}

struct fixed_kind {
	uint16_t kind;
	size_t size;
};

static const struct fixed_kind fixed[] = {
	{RT_REC_OPEN, sizeof(struct rt_connection)},
	{RT_REC_CLOSE, sizeof(struct rt_connection)},
	{RT_REC_FORK, sizeof(struct rt_process)},
	{RT_REC_EXEC, sizeof(struct rt_process)},
	{RT_REC_EXIT, sizeof(struct rt_process)},
	{RT_REC_CALLS, sizeof(struct rt_calls)},
	{RT_REC_ACCEPT, sizeof(struct rt_accept)},
	{RT_REC_LISTENER, sizeof(struct rt_listener)},
	{RT_REC_THREADS, sizeof(struct rt_threads)},
	{RT_REC_COUNTERS, sizeof(struct rt_counters)},
	{RT_REC_SUMMARY, sizeof(struct rt_summary)},
	{RT_REC_TICK, sizeof(struct rt_mark)},
	{RT_REC_REPORT, sizeof(struct rt_mark)},
	{RT_REC_COST, sizeof(struct rt_cost)},
	{RT_REC_END, sizeof(struct rt_mark)},
	{RT_REC_EXPORT, sizeof(struct rt_mark)},
};

static void fixed_kinds_have_one_size(void **state)
{
	struct event ev;

	(void)state;
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		void *rec = record(fixed[i].kind, fixed[i].size);

		assert_int_equal(decode(rec, &ev), 0);
		assert_int_equal(ev.kind, fixed[i].kind);
		free(rec);
		if (fixed[i].size > sizeof(struct rt_header))
			assert_int_equal(verdict(record(fixed[i].kind,
							fixed[i].size - 8)),
					 -EBADMSG);
		assert_int_equal(
			verdict(record(fixed[i].kind, fixed[i].size + 8)),
			-EBADMSG);
	}
}

static void totals_come_out(void **state)
{
	struct rt_counters *n = record(RT_REC_COUNTERS, sizeof(*n));
	struct rt_summary *s = record(RT_REC_SUMMARY, sizeof(*s));
	struct rt_cost *c = record(RT_REC_COST, sizeof(*c));
	struct event ev;

	(void)state;
	assert_int_equal(decode(n, &ev), 0);
	assert_ptr_equal(ev.counters, n);
	assert_int_equal(decode(c, &ev), 0);
	assert_ptr_equal(ev.cost, c);
	assert_int_equal(decode(s, &ev), 0);
	assert_ptr_equal(ev.summary, s);
	s->key.role = 3;
	assert_int_equal(decode(s, &ev), -EBADMSG);
	s->key.role = 1;
	s->key.transport = 2;
	assert_int_equal(decode(s, &ev), -EBADMSG);
	free(n);
	free(c);
	free(s);
}

static void kinds_are_checked(void **state)
{
	static const uint16_t bad[] = {0, RT_REC_LISTENER + 1, 63,
				       RT_REC_EXPORT + 1, UINT16_MAX};
	/* Of each size that some kind has. */
	static const size_t sizes[] = {
		sizeof(struct rt_mark),	    sizeof(struct rt_accept),
		sizeof(struct rt_listener), sizeof(struct rt_threads),
		sizeof(struct rt_calls),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (size_t n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++)
			assert_int_equal(verdict(record(bad[i], sizes[n])),
					 -EBADMSG);
}

static void calls_come_out(void **state)
{
	struct rt_calls *calls = record(RT_REC_CALLS, sizeof(*calls));
	struct event ev;

	(void)state;
	calls->len = RT_CALLS;
	calls->call[RT_CALLS - 1].transport = RT_TRANSPORT_UNIX;
	assert_int_equal(decode(calls, &ev), 0);
	assert_ptr_equal(ev.calls, calls);
	calls->call[RT_CALLS - 1].transport = RT_TRANSPORT_UNIX + 1;
	assert_int_equal(decode(calls, &ev), -EBADMSG);
	/* Past len, nothing is looked at. */
	calls->len = RT_CALLS - 1;
	assert_int_equal(decode(calls, &ev), 0);
	calls->call[RT_CALLS - 1].transport = 0;
	calls->len = RT_CALLS + 1;
	assert_int_equal(decode(calls, &ev), -EBADMSG);
	calls->len = UINT32_MAX;
	assert_int_equal(verdict(calls), -EBADMSG);
}

static void queues_come_out(void **state)
{
	struct rt_listener *l = record(RT_REC_LISTENER, sizeof(*l));
	struct rt_accept *a = record(RT_REC_ACCEPT, sizeof(*a));
	struct event ev;

	(void)state;
	assert_int_equal(decode(l, &ev), 0);
	assert_ptr_equal(ev.listener, l);
	assert_int_equal(decode(a, &ev), 0);
	assert_ptr_equal(ev.accept, a);
	free(a);
	free(l);
}

static void thread_name_is_terminated(void **state)
{
	struct rt_threads *t = record(RT_REC_THREADS, sizeof(*t));
	struct event ev;

	(void)state;
	memset(t->comm, 'x', RT_COMM_LEN - 1);
	assert_int_equal(decode(t, &ev), 0);
	assert_ptr_equal(ev.threads, t);
	t->comm[RT_COMM_LEN - 1] = 'x';
	assert_int_equal(verdict(t), -EBADMSG);
}

static void sizes_are_checked(void **state)
{
	struct rt_mark *mark = record(RT_REC_TICK, 64);
	struct event ev;

	(void)state;
	mark->header.size = 16;
	assert_int_equal(decode__record(mark, 0, &ev), -EBADMSG);
	assert_int_equal(decode__record(mark, 15, &ev), -EBADMSG);
	assert_int_equal(decode__record(mark, 16, &ev), 0);
	assert_int_equal(decode__record(mark, 23, &ev), 0);
	assert_int_equal(decode__record(mark, 24, &ev), -EBADMSG);
	mark->header.size = 17;
	assert_int_equal(decode__record(mark, 16, &ev), -EBADMSG);
	mark->header.size = 0;
	assert_int_equal(decode__record(mark, 16, &ev), -EBADMSG);
	free(mark);
}

static void alignment_is_checked(void **state)
{
	char *bytes = calloc(1, 32);
	struct event ev;

	(void)state;
	assert_non_null(bytes);
	for (int i = 1; i < 8; i++)
		assert_int_equal(decode__record(bytes + i, 16, &ev), -EINVAL);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exchange_comes_out),
		cmocka_unit_test(exchange_may_be_longer_than_its_payload),
		cmocka_unit_test(exchange_fields_are_checked),
		cmocka_unit_test(exchange_payload_is_checked),
		cmocka_unit_test(connection_comes_out),
		cmocka_unit_test(data_comes_out),
		cmocka_unit_test(process_name_is_terminated),
		cmocka_unit_test(proc_text_comes_out),
		cmocka_unit_test(proc_attributes_come_out),
		cmocka_unit_test(proc_attributes_are_checked),
		cmocka_unit_test(proc_text_is_checked),
		cmocka_unit_test(host_text_comes_out),
		cmocka_unit_test(host_text_may_say_what_is_not_seen),
		cmocka_unit_test(host_text_is_checked),
		cmocka_unit_test(fixed_kinds_have_one_size),
		cmocka_unit_test(totals_come_out),
		cmocka_unit_test(calls_come_out),
		cmocka_unit_test(queues_come_out),
		cmocka_unit_test(thread_name_is_terminated),
		cmocka_unit_test(kinds_are_checked),
		cmocka_unit_test(sizes_are_checked),
		cmocka_unit_test(alignment_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
