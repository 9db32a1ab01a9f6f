// SPDX-License-Identifier: GPL-2.0-only
/*
 * The HTTP server: owns its socket, libmicrohttpd's thread, and the encoded
 * answers of the latest batch, which all scrapes share. Only that thread
 * touches them; what other threads see is atomic.
 */
#include "export/http_server.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buffer.h"
#include "export/http_accept.h"
#include "export/prometheus.h"

#define SECOND 1000000000ull
#define MAX_AGE (1 * SECOND) /* of a batch */
#define WAIT (5 * SECOND)    /* for one */

#define MAX_CONNECTIONS 64
#define IDLE_SECONDS 10		/* of a connection, reading or writing */
#define CONNECTION_MEMORY 32768 /* of request line and headers */

/* The text of 12 histograms of 2,000 series each is a bit less. */
#define MAX_ANSWER ((size_t)128 << 20)
/* Of all answers that somebody still reads. */
#define MAX_HELD (2 * MAX_ANSWER)

#define FORMATS (PROMETHEUS_PROTOBUF + 1)

struct http_server {
	int fd;			   /* listens; of the daemon once it runs */
	struct MHD_Daemon *daemon; /* NULL: not started */
	struct feed *feed;
	/* Of the batch made at .made: by format, plain and compressed. */
	struct MHD_Response *cached[FORMATS][2];
	size_t cached_len[FORMATS][2];
	uint64_t made, time;
	atomic_size_t held; /* bytes of answers not freed yet */
	atomic_uint_fast64_t scrapes, failures, bytes;
};

/* What libmicrohttpd frees when the last reader is done. */
struct answer {
	struct buffer body;
	struct http_server *server;
};

static void free_answer(void *cls)
{
	struct answer *a = cls;

	atomic_fetch_sub(&a->server->held, a->body.cap);
	buffer__free(&a->body);
	free(a);
}

static void drop_cached(struct http_server *s)
{
	for (size_t i = 0; i < FORMATS; i++) {
		for (size_t k = 0; k < 2; k++) {
			if (s->cached[i][k])
				MHD_destroy_response(s->cached[i][k]);
			s->cached[i][k] = NULL;
		}
	}
}

/* --- small answers ------------------------------------------------------ */

static enum MHD_Result send_text(struct MHD_Connection *c, unsigned status,
				 const char *type, const char *text)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(
		strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	if (!r)
		return MHD_NO;
	if (MHD_add_response_header(r, "Content-Type", type) != MHD_YES ||
	    (status == MHD_HTTP_METHOD_NOT_ALLOWED &&
	     MHD_add_response_header(r, "Allow", "GET, HEAD") != MHD_YES)) {
		MHD_destroy_response(r);
		return MHD_NO;
	}
	result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result send_sentence(struct MHD_Connection *c, unsigned status,
				     const char *text)
{
	return send_text(c, status, "text/plain; charset=utf-8", text);
}

static enum MHD_Result fail(struct http_server *s, struct MHD_Connection *c,
			    unsigned status, const char *text)
{
	atomic_fetch_add(&s->failures, 1);
	return send_sentence(c, status, text);
}

/* --- scrapes ---------------------------------------------------------------
 */

/* Compress in place. Level 1: text of this kind shrinks to a thirtieth by it
 * already. */
static void compress_body(struct buffer *body)
{
	struct buffer plain = *body;
	z_stream z = {.next_in = plain.data, .avail_in = (uInt)plain.len};
	uint8_t chunk[16384];
	int status;

	buffer__init(body, plain.max);
	if (deflateInit2(&z, 1, Z_DEFLATED, MAX_WBITS + 16, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK) {
		body->err = -ENOMEM;
		buffer__free(&plain);
		return;
	}
	do {
		z.next_out = chunk;
		z.avail_out = sizeof(chunk);
		status = deflate(&z, Z_FINISH);
		buffer__add(body, chunk, sizeof(chunk) - z.avail_out);
	} while (status == Z_OK && !body->err);
	deflateEnd(&z);
	buffer__free(&plain);
}

static struct MHD_Response *make_response(struct http_server *s,
					  struct answer *a,
					  enum prometheus_format format,
					  bool gzip)
{
	struct MHD_Response *r;

	atomic_fetch_add(&s->held, a->body.cap);
	r = MHD_create_response_from_buffer_with_free_callback_cls(
		a->body.len, a->body.data, free_answer, a);
	if (!r) {
		free_answer(a);
		return NULL;
	}
	if (MHD_add_response_header(r, "Content-Type",
				    prometheus__content_type(format)) ==
		    MHD_YES &&
	    MHD_add_response_header(r, "Vary", "Accept, Accept-Encoding") ==
		    MHD_YES &&
	    (!gzip ||
	     MHD_add_response_header(r, "Content-Encoding", "gzip") == MHD_YES))
		return r;
	MHD_destroy_response(r);
	return NULL;
}

/* 0 and *out, which is the caller's, or -ENOMEM or -EFBIG. */
static int encode(struct http_server *s, const struct metrics *m,
		  enum prometheus_format format, bool gzip,
		  struct MHD_Response **out)
{
	struct answer *a = malloc(sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	a->server = s;
	buffer__init(&a->body, MAX_ANSWER);
	prometheus__encode(m, format, &a->body);
	if (gzip && !a->body.err)
		compress_body(&a->body);
	err = a->body.err;
	if (err) {
		buffer__free(&a->body);
		free(a);
		return err;
	}
	s->cached_len[format][gzip] = a->body.len;
	*out = make_response(s, a, format, gzip);
	return *out ? 0 : -ENOMEM;
}

static bool wants_gzip(struct MHD_Connection *c)
{
	const char *at = MHD_lookup_connection_value(c, MHD_HEADER_KIND,
						     "Accept-Encoding");
	struct http_accept a;

	while (at && http_accept__next(&at, &a)) {
		if (http_accept__is(&a, "gzip"))
			return a.q > 0;
	}
	return false;
}

/* The batch's answer in place of those of the one before. */
static int find_response(struct http_server *s, const struct metrics *m,
			 enum prometheus_format format, bool gzip,
			 struct MHD_Response **out)
{
	struct MHD_Response **cached = &s->cached[format][gzip];
	int err = 0;

	if (m->made != s->made || m->time != s->time)
		drop_cached(s);
	s->made = m->made;
	s->time = m->time;
	if (!*cached && atomic_load(&s->held) > MAX_HELD)
		return -EBUSY;
	if (!*cached)
		err = encode(s, m, format, gzip, cached);
	*out = *cached;
	return err;
}

static enum MHD_Result scrape(struct http_server *s, struct MHD_Connection *c,
			      bool head)
{
	const bool gzip = wants_gzip(c);
	const enum prometheus_format format = prometheus__negotiate(
		MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Accept"));
	const struct metrics *m = feed__take(s->feed, MAX_AGE, WAIT);
	struct MHD_Response *r = NULL;
	enum MHD_Result result;
	int err;

	if (!m)
		return fail(s, c, MHD_HTTP_SERVICE_UNAVAILABLE,
			    "No metrics could be had: tracing has not begun, "
			    "or is behind.\n");
	err = find_response(s, m, format, gzip, &r);
	metrics__put(m);
	if (err == -EBUSY)
		return fail(s, c, MHD_HTTP_SERVICE_UNAVAILABLE,
			    "Too many answers are still being read.\n");
	if (err == -EFBIG)
		return fail(s, c, MHD_HTTP_INTERNAL_SERVER_ERROR,
			    "The metrics are more than 128 MiB in this format: "
			    "trace fewer processes, or scrape native "
			    "histograms.\n");
	if (err)
		return fail(s, c, MHD_HTTP_INTERNAL_SERVER_ERROR,
			    "Out of memory.\n");
	result = MHD_queue_response(c, MHD_HTTP_OK, r);
	atomic_fetch_add(result == MHD_YES ? &s->scrapes : &s->failures, 1);
	if (result == MHD_YES && !head)
		atomic_fetch_add(&s->bytes, s->cached_len[format][gzip]);
	return result;
}

static enum MHD_Result answer(struct http_server *s, struct MHD_Connection *c,
			      const char *path, const char *method)
{
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return send_sentence(c, MHD_HTTP_METHOD_NOT_ALLOWED,
				     "Only GET and HEAD.\n");
	if (!strcmp(path, "/metrics"))
		return scrape(s, c, !strcmp(method, "HEAD"));
	if (!strcmp(path, "/healthz"))
		return send_sentence(c, MHD_HTTP_OK, "ok\n");
	if (!strcmp(path, "/"))
		return send_text(c, MHD_HTTP_OK, "text/html; charset=utf-8",
				 "<!DOCTYPE html><title>reqtrace</title>"
				 "<p>reqtrace: <a href=\"/metrics\">metrics</a>"
				 "\n");
	return send_sentence(c, MHD_HTTP_NOT_FOUND,
			     "There is nothing here but /metrics and "
			     "/healthz.\n");
}

/* Called when the head of a request is there, for each piece of its body, and
 * at its end, which is when it is answered. *seen tells the first call. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *c,
				  const char *path, const char *method,
				  const char *version, const char *upload,
				  size_t *upload_len, void **seen)
{
	struct http_server *s = cls;

	(void)version;
	(void)upload;
	if (!*seen) {
		*seen = s;
		return MHD_YES;
	}
	if (*upload_len) {
		*upload_len = 0;
		return MHD_YES;
	}
	return answer(s, c, path, method);
}

/* libmicrohttpd's notes on clients that go away or talk nonsense are no news
 * to the user; what goes wrong with our own answers is counted. */
static void no_log(void *cls, const char *format, va_list args)
{
	(void)cls;
	(void)format;
	(void)args;
}

/* --- start and stop ----------------------------------------------------- */

static int try_listen(const struct addrinfo *a)
{
	const int one = 1;
	int err, fd = socket(a->ai_family,
			     SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    (a->ai_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one))) ||
	    bind(fd, a->ai_addr, a->ai_addrlen) || listen(fd, SOMAXCONN)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/* A listening socket at the first address of the host that works, or negative
 * errno and err. */
static int open_socket(const char *host, uint16_t port, struct error *err)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *list;
	int fd = -EADDRNOTAVAIL, status;
	char service[8];

	snprintf(service, sizeof(service), "%u", port);
	status = getaddrinfo(host, service, &hints, &list);
	if (status)
		return error__set(err, -EADDRNOTAVAIL,
				  "--listen: \"%s\" is no address: %s", host,
				  gai_strerror(status));
	for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
		fd = try_listen(a);
	freeaddrinfo(list);
	if (fd == -EADDRINUSE)
		return error__set(err, fd,
				  "--listen: port %u of %s is in use; is "
				  "another reqtrace running? Choose another "
				  "port",
				  port, host);
	if (fd < 0)
		return error__set(err, fd,
				  "--listen: cannot listen at %s:%u: "
				  "%s",
				  host, port, strerror(-fd));
	return fd;
}

/* The thread inherits that all signals are blocked: they are for others. */
static struct MHD_Daemon *start_daemon(struct http_server *s)
{
	struct MHD_Daemon *daemon;
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	daemon = MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG, 0, NULL,
		NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, no_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, s->fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_MEMORY, MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return daemon;
}

static int cannot_start(struct error *err)
{
	return error__set(err, -ENOMEM,
			  "--listen: cannot start the HTTP server");
}

int http_server__listen(struct http_server **out,
			const struct export_config *config, struct feed *feed,
			struct error *err)
{
	struct http_server *s = calloc(1, sizeof(*s));
	int fd;

	if (!s)
		return cannot_start(err);
	fd = open_socket(config->listen_host, config->listen_port, err);
	if (fd < 0) {
		free(s);
		return fd;
	}
	s->fd = fd;
	s->feed = feed;
	*out = s;
	return 0;
}

int http_server__start(struct http_server *s, struct error *err)
{
	s->daemon = start_daemon(s);
	return s->daemon ? 0 : cannot_start(err);
}

/* Waits for a scrape that waits for a batch: close the feed first. */
void http_server__stop(struct http_server *s)
{
	if (!s)
		return;
	if (s->daemon)
		MHD_stop_daemon(s->daemon); /* closes .fd */
	else
		close(s->fd);
	drop_cached(s);
	free(s);
}

void http_server__health(struct http_server *s, struct http_server_health *out)
{
	out->scrapes = atomic_load(&s->scrapes);
	out->failures = atomic_load(&s->failures);
	out->bytes = atomic_load(&s->bytes);
}
