// SPDX-License-Identifier: GPL-2.0-only
/* The HTTP server over real sockets, with a feed that has one batch or none. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "export/http_server.h"
#include "fake_metrics.h"
#include "fixed_feed.h"

#include <cmocka.h>

struct rig {
	struct http_server *server;
	struct export_config config;
	struct metrics *large; /* several MB of text */
};

static uint16_t free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static int set_up(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct error err;

	assert_non_null(r);
	r->config.listen_host = "127.0.0.1";
	r->config.listen_port = free_port();
	r->large = fake_metrics__large(500, 3);
	atomic_store(&fixed_batch, fake_metrics__small());
	atomic_store(&fixed_out, 0);
	atomic_store(&fixed_taken, 0);
	if (http_server__listen(&r->server, &r->config, NULL, &err) ||
	    http_server__start(r->server, &err))
		fail_msg("%s", err.text);
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *r = *state;

	http_server__stop(r->server);
	/* No reference is lost or given back twice. */
	assert_int_equal(atomic_load(&fixed_out), 0);
	fake_metrics__free(r->large);
	free(r);
	return 0;
}

/* --- a client ------------------------------------------------------------ */

struct reply {
	char *data; /* head and body, terminated */
	size_t len;
	int status;
	const char *body;
	size_t body_len;
};

static int connect_to(const struct rig *r)
{
	const struct sockaddr_in a = {.sin_family = AF_INET,
				      .sin_port = htons(r->config.listen_port),
				      .sin_addr = {htonl(INADDR_LOOPBACK)}};
	const struct timeval limit = {.tv_sec = 30};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)),
		0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof(a)),
			 0);
	return fd;
}

static void send_all(int fd, const char *text)
{
	const size_t len = strlen(text);

	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
}

/* All until the other side closes. */
static struct reply read_reply(int fd)
{
	struct reply reply = {.data = NULL};
	size_t cap = 0;
	ssize_t got;

	do {
		if (reply.len + 65536 > cap) {
			cap = 2 * cap + 65536 + 1;
			reply.data = realloc(reply.data, cap);
			assert_non_null(reply.data);
		}
		got = recv(fd, reply.data + reply.len, 65536, 0);
		assert_true(got >= 0);
		reply.len += (size_t)got;
	} while (got);
	reply.data[reply.len] = '\0';
	close(fd);
	if (sscanf(reply.data, "HTTP/1.1 %d", &reply.status) != 1)
		reply.status = 0;
	reply.body = strstr(reply.data, "\r\n\r\n");
	if (reply.body) {
		reply.body += 4;
		reply.body_len = reply.len - (size_t)(reply.body - reply.data);
	}
	return reply;
}

/* method: "GET /metrics"; headers: "" or lines that end with \r\n. */
static struct reply ask(const struct rig *r, const char *method,
			const char *headers)
{
	char request[1024];
	int fd = connect_to(r);

	snprintf(request, sizeof(request),
		 "%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
		 "%s\r\n",
		 method, headers);
	send_all(fd, request);
	return read_reply(fd);
}

static struct http_server_health health(const struct rig *r)
{
	struct http_server_health h;

	http_server__health(r->server, &h);
	return h;
}

/* --- tests ------------------------------------------------------------------
 */

static void pages(void **state)
{
	static const struct {
		const char *method;
		int status;
		const char *type, *body;
	} cases[] = {
		{"GET /healthz", 200, "text/plain; charset=utf-8", "ok\n"},
		{"GET /", 200, "text/html; charset=utf-8", "href=\"/metrics\""},
		{"GET /nothing", 404, "text/plain; charset=utf-8", "/metrics"},
		{"GET /metrics/", 404, "text/plain; charset=utf-8", "/metrics"},
		{"GET /metrics?a=b", 200,
		 "text/plain; version=0.0.4; charset=utf-8", "# TYPE"},
		{"POST /metrics", 405, "Allow: GET, HEAD", "Only GET"},
		{"DELETE /", 405, "Allow: GET, HEAD", "Only GET"},
		{"OPTIONS /healthz", 405, "Allow: GET, HEAD", "Only GET"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reply reply = ask(*state, cases[i].method, "");

		if (reply.status != cases[i].status ||
		    !strstr(reply.data, cases[i].type) ||
		    !strstr(reply.body, cases[i].body))
			fail_msg("%s: %s", cases[i].method, reply.data);
		free(reply.data);
	}
	assert_int_equal(health(*state).scrapes, 1);
}

static void body_of_a_request_is_passed_over(void **state)
{
	struct reply reply;
	int fd = connect_to(*state);

	send_all(fd, "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close"
		     "\r\nContent-Length: 5\r\n\r\nhello");
	reply = read_reply(fd);
	assert_int_equal(reply.status, 200);
	free(reply.data);
}

static void head_has_no_body(void **state)
{
	struct reply whole = ask(*state, "GET /metrics", "");
	struct reply head = ask(*state, "HEAD /metrics", "");
	char length[64];

	snprintf(length, sizeof(length), "Content-Length: %zu\r\n",
		 whole.body_len);
	assert_int_equal(head.status, 200);
	assert_int_equal(head.body_len, 0);
	assert_non_null(strstr(head.data, length));
	assert_int_equal(health(*state).scrapes, 2);
	assert_int_equal(health(*state).bytes, whole.body_len);
	free(whole.data);
	free(head.data);
}

static void format_is_negotiated(void **state)
{
	struct reply reply = ask(*state, "GET /metrics",
				 "Accept: application/openmetrics-text\r\n");

	assert_non_null(strstr(reply.data, "application/openmetrics-text; "
					   "version=1.0.0; charset=utf-8\r\n"));
	assert_string_equal(reply.data + reply.len - 6, "# EOF\n");
	free(reply.data);
}

static void gzip_when_asked(void **state)
{
	struct reply plain = ask(*state, "GET /metrics",
				 "Accept-Encoding: gzip;q=0, br\r\n");
	struct reply reply =
		ask(*state, "GET /metrics", "Accept-Encoding: br, gzip\r\n");
	char *out = malloc(plain.body_len + 1);
	z_stream z = {.next_in = (Bytef *)reply.body,
		      .avail_in = (uInt)reply.body_len,
		      .next_out = (Bytef *)out,
		      .avail_out = (uInt)plain.body_len + 1};

	assert_null(strstr(plain.data, "Content-Encoding"));
	assert_non_null(strstr(reply.data, "Content-Encoding: gzip\r\n"));
	assert_true(reply.body_len < plain.body_len / 2);
	assert_int_equal(inflateInit2(&z, MAX_WBITS + 16), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.total_out, plain.body_len);
	assert_memory_equal(out, plain.body, plain.body_len);
	inflateEnd(&z);
	free(out);
	free(plain.data);
	free(reply.data);
}

static void no_batch_is_503(void **state)
{
	struct reply reply;

	atomic_store(&fixed_batch, NULL);
	reply = ask(*state, "GET /metrics", "");
	assert_int_equal(reply.status, 503);
	assert_non_null(strstr(reply.body, "No metrics could be had"));
	assert_int_equal(health(*state).failures, 1);
	assert_int_equal(health(*state).scrapes, 0);
	free(reply.data);
	reply = ask(*state, "GET /healthz", "");
	assert_int_equal(reply.status, 200);
	free(reply.data);
}

static void too_much_is_500(void **state)
{
	struct rig *r = *state;
	struct metrics *huge = fake_metrics__large(6000, 12);
	struct reply reply;

	atomic_store(&fixed_batch, huge);
	reply = ask(r, "GET /metrics", "Accept: text/plain\r\n");
	assert_int_equal(reply.status, 500);
	assert_non_null(strstr(reply.body, "more than 128 MiB"));
	assert_int_equal(health(r).failures, 1);
	free(reply.data);
	fake_metrics__free(huge);
}

static void a_new_batch_is_encoded_anew(void **state)
{
	struct rig *r = *state;
	struct reply a = ask(r, "GET /metrics", ""), b;

	r->large->made = 2;
	atomic_store(&fixed_batch, r->large);
	b = ask(r, "GET /metrics", "");
	assert_true(b.body_len > 100 * a.body_len);
	free(a.data);
	free(b.data);
}

static void garbage(void **state)
{
	static const char *const requests[] = {
		"\x16\x03\x01\x02\r\n\r\n",
		"GET\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
		"GET /metrics HTTP/9.9\r\n\r\n",
		"\r\n\r\n\r\n\r\nnonsense\r\n\r\n",
	};
	struct reply reply;

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		int fd = connect_to(*state);
		char bytes[512];

		send_all(fd, requests[i]);
		shutdown(fd, SHUT_WR);
		/* An error or none, but an end. */
		while (recv(fd, bytes, sizeof(bytes), 0) > 0)
			;
		close(fd);
	}
	reply = ask(*state, "GET /metrics", "");
	assert_int_equal(reply.status, 200);
	free(reply.data);
}

static void port_in_use(void **state)
{
	struct rig *r = *state;
	struct http_server *second = NULL;
	struct error err = {""};
	char port[16];

	assert_int_equal(http_server__listen(&second, &r->config, NULL, &err),
			 -EADDRINUSE);
	assert_null(second);
	snprintf(port, sizeof(port), "port %u ", r->config.listen_port);
	assert_non_null(strstr(err.text, port));
	assert_non_null(strstr(err.text, "in use"));
}

/* As when attaching fails after it. */
static void never_started(void **state)
{
	struct export_config config = {.listen_host = "127.0.0.1",
				       .listen_port = free_port()};
	struct error err = {""};

	(void)state;
	for (int i = 0; i < 2; i++) { /* the port is free again */
		struct http_server *s = NULL;

		assert_int_equal(http_server__listen(&s, &config, NULL, &err),
				 0);
		http_server__stop(s);
	}
}

static void no_such_address(void **state)
{
	struct export_config config = {.listen_port = free_port()};
	struct http_server *s = NULL;
	struct error err = {""};

	(void)state;
	config.listen_host = "192.0.2.1"; /* of nobody */
	assert_int_equal(http_server__listen(&s, &config, NULL, &err),
			 -EADDRNOTAVAIL);
	assert_non_null(strstr(err.text, "192.0.2.1"));
	config.listen_host = "300.1.1.1.";
	assert_int_equal(http_server__listen(&s, &config, NULL, &err),
			 -EADDRNOTAVAIL);
	assert_non_null(strstr(err.text, "300.1.1.1."));
	assert_null(s);
}

struct client {
	pthread_t thread;
	struct rig *rig;
	size_t len; /* of the body, of all answers the same */
	bool same;
};

static void *scrape_often(void *arg)
{
	struct client *c = arg;

	c->same = true;
	for (int i = 0; i < 20; i++) {
		struct reply reply = ask(c->rig, "GET /metrics", "");

		if (!i)
			c->len = reply.body_len;
		c->same &= reply.status == 200 && reply.body_len == c->len;
		free(reply.data);
	}
	return NULL;
}

static void many_at_once(void **state)
{
	struct client clients[16];

	for (size_t i = 0; i < 16; i++) {
		clients[i].rig = *state;
		assert_int_equal(pthread_create(&clients[i].thread, NULL,
						scrape_often, &clients[i]),
				 0);
	}
	for (size_t i = 0; i < 16; i++) {
		pthread_join(clients[i].thread, NULL);
		assert_true(clients[i].same);
		assert_int_equal(clients[i].len, clients[0].len);
	}
	assert_int_equal(health(*state).scrapes, 16 * 20);
	assert_int_equal(health(*state).failures, 0);
	assert_int_equal(health(*state).bytes, 16 * 20 * clients[0].len);
}

/* Who does not read holds up nobody, and then gets all of it. */
static void slow_reader(void **state)
{
	struct rig *r = *state;
	struct reply reply;
	int slow[8];

	atomic_store(&fixed_batch, r->large);
	for (size_t i = 0; i < 8; i++) {
		slow[i] = connect_to(r);
		send_all(slow[i], "GET /metrics HTTP/1.1\r\nHost: a\r\n"
				  "Connection: close\r\n\r\n");
	}
	reply = ask(r, "GET /metrics", "");
	assert_int_equal(reply.status, 200);
	assert_true(reply.body_len > 1 << 20);
	for (size_t i = 0; i < 8; i++) {
		struct reply late = read_reply(slow[i]);

		assert_int_equal(late.body_len, reply.body_len);
		assert_memory_equal(late.body, reply.body, reply.body_len);
		free(late.data);
	}
	free(reply.data);
}

static size_t rss_kib(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%*u %lu", &pages), 1);
	fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* The sanitizer keeps for a while what is freed; it looks for leaks itself. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RSS_MAY_GROW true
#endif
#endif
#ifndef RSS_MAY_GROW
#define RSS_MAY_GROW false
#endif

/* Of one connection, until so many answers have ended. */
static void scrape_keeping(int fd, struct rig *r, int times)
{
	char bytes[65536];

	for (int i = 0; i < times; i++) {
		size_t len = 0, whole = 0;

		if (i % 100 == 0)
			r->large->made++; /* a new batch: encoded anew */
		send_all(fd, "GET /metrics HTTP/1.1\r\nHost: a\r\n"
			     "Accept-Encoding: gzip\r\n\r\n");
		do {
			ssize_t got = recv(fd, bytes + len,
					   sizeof(bytes) - 1 - len, 0);
			char *body, *length;

			assert_true(got > 0);
			len += (size_t)got;
			bytes[len] = '\0';
			body = strstr(bytes, "\r\n\r\n");
			length = strstr(bytes, "Content-Length: ");
			if (body && length)
				whole = (size_t)(body + 4 - bytes) +
					strtoul(length + 16, NULL, 10);
			assert_true(whole < sizeof(bytes));
		} while (!whole || len < whole);
		assert_int_equal(len, whole);
	}
}

static void memory_stays(void **state)
{
	struct rig *r = *state;
	struct metrics *some = r->large;
	int fd = connect_to(r);
	size_t before;

	r->large = fake_metrics__large(20, 3);
	fake_metrics__free(some);
	atomic_store(&fixed_batch, r->large);
	scrape_keeping(fd, r, 1000);
	before = rss_kib();
	scrape_keeping(fd, r, 10000);
	close(fd);
	print_message("RSS: %zu KiB, after 10,000 scrapes %zu KiB\n", before,
		      rss_kib());
	assert_true(RSS_MAY_GROW || rss_kib() <= before + 1024);
	assert_int_equal(health(r).scrapes, 11000);
}

/* Answers that nobody reads are bounded: there comes an end to new ones, and
 * when their readers have gone, it goes on. */
static void unread_answers_are_bounded(void **state)
{
	struct rig *r = *state;
	struct metrics *before = r->large;
	struct reply reply;
	size_t n = 0;
	int slow[20];

	r->large = fake_metrics__large(2000, 5);
	fake_metrics__free(before);
	atomic_store(&fixed_batch, r->large);
	for (; n < 20 && !health(r).failures; n++) {
		char byte;

		r->large->made++;
		slow[n] = connect_to(r);
		send_all(slow[n], "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
		assert_int_equal(recv(slow[n], &byte, 1, 0), 1);
	}
	assert_in_range(n, 3, 19);
	for (size_t i = 0; i < n; i++)
		close(slow[i]);
	do {
		reply = ask(r, "HEAD /metrics", "");
		free(reply.data);
	} while (reply.status == 503);
	assert_int_equal(reply.status, 200);
}

static volatile sig_atomic_t handled_by;
static pthread_t main_thread;

static void on_signal(int number)
{
	(void)number;
	handled_by = pthread_equal(pthread_self(), main_thread) ? 1 : 2;
}

/* Blocked here, a signal to the process would go to the server's thread if
 * that took any. */
static void signals_are_for_others(void **state)
{
	const struct sigaction action = {.sa_handler = on_signal};
	struct sigaction old;
	struct reply reply;
	sigset_t one, before;

	main_thread = pthread_self();
	handled_by = 0;
	assert_int_equal(sigaction(SIGUSR2, &action, &old), 0);
	sigemptyset(&one);
	sigaddset(&one, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &one, &before);
	kill(getpid(), SIGUSR2);
	reply = ask(*state, "GET /healthz", "");
	free(reply.data);
	assert_int_equal(handled_by, 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(handled_by, 1);
	sigaction(SIGUSR2, &old, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pages),
		TEST(body_of_a_request_is_passed_over),
		TEST(head_has_no_body),
		TEST(format_is_negotiated),
		TEST(gzip_when_asked),
		TEST(no_batch_is_503),
		TEST(too_much_is_500),
		TEST(a_new_batch_is_encoded_anew),
		TEST(garbage),
		TEST(port_in_use),
		TEST(never_started),
		TEST(no_such_address),
		TEST(many_at_once),
		TEST(slow_reader),
		TEST(unread_answers_are_bounded),
		TEST(memory_stays),
		TEST(signals_are_for_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
