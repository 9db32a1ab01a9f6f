// SPDX-License-Identifier: GPL-2.0-only
/* See otlp_client.h. */
#include "export/otlp_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "export/endpoint.h"
#include "export/gzip.h"
#include "export/otlp_answer.h"

#define NS_PER_MS 1000000ull
#define MAX_BODY (64u << 20)
#define POLL_MS 1000
#define GRPC_PREFIX 5
#define GRPC_MAX_TIMEOUT 99999999 /* eight digits */

struct otlp_client {
	const struct otlp_target *target;
	CURL *easy; /* kept with its connection from request to request */
	CURLM *multi;
	atomic_bool stopped;
	char *shown;	      /* the URL without secrets */
	struct buffer packed; /* the body as it is sent, where it differs */
	struct otlp_answer answer;
	char failure[CURL_ERROR_SIZE]; /* of libcurl */
};

/* --- callbacks of libcurl -------------------------------------------------
 * A return that is not len aborts the transfer. */

static size_t client__header(char *line, size_t size, size_t len, void *ctx)
{
	struct otlp_client *c = ctx;

	(void)size;
	return otlp_answer__header(&c->answer, line, len) ? len : 0;
}

static size_t client__body(char *bytes, size_t size, size_t len, void *ctx)
{
	struct otlp_client *c = ctx;

	(void)size;
	return otlp_answer__body(&c->answer, bytes, len) ? len : 0;
}

/* --- set-up ----------------------------------------------------------------
 */

static CURLcode global_code;

static void global__init(void)
{
	global_code = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int client__check_file(const char *path, const char *what,
			      struct error *err)
{
	int code;

	if (!path || access(path, R_OK) == 0)
		return 0;
	code = -errno;
	return error__set(err, code, "cannot read the %s %s: %s", what, path,
			  strerror(-code));
}

/* What can be known to fail before it is tried. */
static int client__check(const struct otlp_target *t, struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
	int code;

	pthread_once(&once, global__init);
	if (global_code)
		return error__set(err, -EIO, "libcurl cannot start: %s",
				  curl_easy_strerror(global_code));
	if (t->protocol == OTLP_GRPC && !(v->features & CURL_VERSION_HTTP2))
		return error__set(err, -ENOTSUP,
				  "gRPC needs HTTP/2, which this libcurl (%s) "
				  "does not have: use --otlp-protocol "
				  "http/protobuf",
				  v->version);
	if (!strncmp(t->url, "https", 5) && !(v->features & CURL_VERSION_SSL))
		return error__set(err, -ENOTSUP,
				  "this libcurl (%s) has no TLS: use http://",
				  v->version);
	code = client__check_file(t->ca_file, "CA certificates", err);
	if (!code)
		code = client__check_file(t->cert_file, "certificate", err);
	if (!code)
		code = client__check_file(t->key_file, "private key", err);
	return code;
}

static int headers__add(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (!longer)
		return -ENOMEM;
	*list = longer;
	return 0;
}

/* A user's header; libcurl takes "Name: " for its removal, "Name;" for an empty
 * one. */
static int headers__add_given(struct curl_slist **list, const char *line)
{
	const char *colon = strchr(line, ':');
	char *empty;
	int code;

	if (colon[1] && colon[2])
		return headers__add(list, line);
	if (asprintf(&empty, "%.*s;", (int)(colon - line), line) < 0)
		return -ENOMEM;
	code = headers__add(list, empty);
	free(empty);
	return code;
}

/* How long grpc-timeout lets the server work, in its words. */
static int headers__add_timeout(struct curl_slist **list, uint64_t ms)
{
	char line[64];

	if (!ms)
		return 0;
	if (ms <= GRPC_MAX_TIMEOUT)
		snprintf(line, sizeof(line), "grpc-timeout: %" PRIu64 "m", ms);
	else
		snprintf(line, sizeof(line), "grpc-timeout: %" PRIu64 "S",
			 ms / 1000);
	return headers__add(list, line);
}

/* The headers of a request; *list is the caller's, whatever is returned. */
static int client__headers(const struct otlp_client *c, uint64_t ms,
			   struct curl_slist **list)
{
	static const char *const types[] = {
		[OTLP_HTTP_PROTOBUF] = "Content-Type: application/x-protobuf",
		[OTLP_HTTP_JSON] = "Content-Type: application/json",
		[OTLP_GRPC] = "Content-Type: application/grpc",
	};
	const struct otlp_target *t = c->target;
	int code = headers__add(list, types[t->protocol]);

	/* No 100 Continue: an answer too much, a second where none comes. */
	if (!code)
		code = headers__add(list, "Expect:");
	if (!code && t->protocol == OTLP_GRPC)
		code = headers__add(list, "TE: trailers");
	if (!code && t->protocol == OTLP_GRPC)
		code = headers__add_timeout(list, ms);
	if (!code && t->gzip)
		code = headers__add(list, t->protocol == OTLP_GRPC
						  ? "grpc-encoding: gzip"
						  : "Content-Encoding: gzip");
	for (char **line = t->headers; !code && line && *line; line++)
		code = headers__add_given(list, *line);
	return code;
}

/* libcurl up to 7.88 begins HTTP/2 anew on a connection that it uses again
 * without TLS, and so fails (mended in 8.0.0). */
static bool client__must_reconnect(bool plain_grpc)
{
	return plain_grpc &&
	       curl_version_info(CURLVERSION_NOW)->version_num < 0x080000;
}

#define SET(option, value)                                                     \
	(code = code ? code : curl_easy_setopt(c->easy, option, value))

static CURLcode client__set_tls(struct otlp_client *c)
{
	const struct otlp_target *t = c->target;
	CURLcode code = CURLE_OK;

	if (t->ca_file) {
		SET(CURLOPT_CAINFO, t->ca_file);
		/* Or the system's are trusted as well. */
		SET(CURLOPT_CAPATH, NULL);
	}
	if (t->cert_file) {
		SET(CURLOPT_SSLCERT, t->cert_file);
		SET(CURLOPT_SSLKEY, t->key_file ? t->key_file : t->cert_file);
		/* Or OpenSSL asks for one on the terminal. */
		SET(CURLOPT_KEYPASSWD, "");
	}
	return code;
}

/* What is the same for all requests. */
static CURLcode client__set(struct otlp_client *c)
{
	const struct otlp_target *t = c->target;
	bool grpc = t->protocol == OTLP_GRPC;
	bool tls = !strncmp(t->url, "https", 5);
	long version = CURL_HTTP_VERSION_1_1;
	CURLcode code = CURLE_OK;

	if (grpc)
		version = tls ? CURL_HTTP_VERSION_2TLS
			      : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
	SET(CURLOPT_URL, t->url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_HTTP_VERSION, version);
	SET(CURLOPT_FORBID_REUSE,
	    client__must_reconnect(grpc && !tls) ? 1L : 0L);
	SET(CURLOPT_HTTPPROXYTUNNEL, grpc ? 1L : 0L);
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_USERAGENT, "reqtrace/" REQTRACE_VERSION);
	SET(CURLOPT_POST, 1L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_HEADERFUNCTION, client__header);
	SET(CURLOPT_HEADERDATA, c);
	SET(CURLOPT_WRITEFUNCTION, client__body);
	SET(CURLOPT_WRITEDATA, c);
	SET(CURLOPT_ERRORBUFFER, c->failure);
	if (!code)
		code = client__set_tls(c);
	return code;
}

int otlp_client__new(struct otlp_client **out, enum otlp_signal signal,
		     const struct otlp_target *target, struct error *err)
{
	struct otlp_client *c;
	CURLcode set;
	int code = client__check(target, err);

	/* The URL says which signal it is. */
	(void)signal;
	if (code)
		return code;
	c = calloc(1, sizeof(*c));
	if (!c)
		goto no_memory;
	c->target = target;
	atomic_init(&c->stopped, false);
	buffer__init(&c->packed, MAX_BODY);
	otlp_answer__init(&c->answer, target->protocol);
	c->shown = endpoint__show(target->url);
	c->easy = curl_easy_init();
	c->multi = curl_multi_init();
	if (!c->shown || !c->easy || !c->multi)
		goto no_memory;
	set = client__set(c);
	if (set) {
		code = error__set(err, -EINVAL, "%s: %s", c->shown,
				  curl_easy_strerror(set));
		otlp_client__free(c);
		return code;
	}
	*out = c;
	return 0;

no_memory:
	otlp_client__free(c);
	return error__set(err, -ENOMEM, "no memory for the export");
}

void otlp_client__free(struct otlp_client *c)
{
	if (!c)
		return;
	curl_easy_cleanup(c->easy);
	curl_multi_cleanup(c->multi);
	otlp_answer__free(&c->answer);
	buffer__free(&c->packed);
	free(c->shown);
	free(c);
}

/* --- one request -----------------------------------------------------------
 */

/* The body as it goes out: compressed, in a gRPC frame, or as it is.
 *   01 00 00 12 34 | message      compressed? length, big-endian
 */
static int client__pack(struct otlp_client *c, const struct buffer *body,
			const void **bytes, size_t *len)
{
	const struct otlp_target *t = c->target;
	struct buffer *p = &c->packed;
	size_t prefix = t->protocol == OTLP_GRPC ? GRPC_PREFIX : 0, n;

	*bytes = body->data;
	*len = body->len;
	if (!prefix && !t->gzip)
		return 0;
	buffer__clear(p);
	if (prefix)
		buffer__grow(p, prefix);
	if (t->gzip)
		gzip__add(p, body->data, body->len);
	else
		buffer__add(p, body->data, body->len);
	if (p->err)
		return p->err;
	n = p->len - prefix;
	if (prefix) {
		p->data[0] = t->gzip;
		p->data[1] = n >> 24;
		p->data[2] = n >> 16;
		p->data[3] = n >> 8;
		p->data[4] = n;
	}
	*bytes = p->data;
	*len = p->len;
	return 0;
}

/* Milliseconds from now that a request may take; 0: as long as it wants. */
static uint64_t client__time(const struct otlp_client *c, uint64_t deadline)
{
	uint64_t now = clock__now(), ns = c->target->timeout;

	if (deadline) {
		uint64_t left = deadline > now ? deadline - now : 1;

		ns = ns && ns < left ? ns : left;
	}
	return (ns + NS_PER_MS - 1) / NS_PER_MS;
}

/* Until the transfer is done or stopped. */
static CURLcode client__perform(struct otlp_client *c)
{
	CURLcode result = CURLE_ABORTED_BY_CALLBACK;
	int running = 1, left;
	CURLMsg *message;

	if (curl_multi_add_handle(c->multi, c->easy))
		return CURLE_FAILED_INIT;
	while (!atomic_load(&c->stopped)) {
		if (curl_multi_perform(c->multi, &running) || !running)
			break;
		if (curl_multi_poll(c->multi, NULL, 0, POLL_MS, NULL))
			break;
	}
	message = curl_multi_info_read(c->multi, &left);
	if (message && message->msg == CURLMSG_DONE)
		result = message->data.result;
	else
		/* Do not wait for a resolver that hangs. */
		curl_easy_setopt(c->easy, CURLOPT_QUICK_EXIT, 1L);
	curl_multi_remove_handle(c->multi, c->easy);
	return result;
}

static CURLcode client__request(struct otlp_client *c, const void *bytes,
				size_t len, uint64_t deadline)
{
	struct curl_slist *headers = NULL;
	uint64_t ms = client__time(c, deadline);
	CURLcode code = CURLE_OK;
	curl_off_t retry_after = 0;

	if (client__headers(c, ms, &headers))
		code = CURLE_OUT_OF_MEMORY;
	SET(CURLOPT_HTTPHEADER, headers);
	SET(CURLOPT_POSTFIELDS, bytes);
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
	SET(CURLOPT_TIMEOUT_MS, (long)ms);
	c->failure[0] = '\0';
	if (!code)
		code = client__perform(c);
	curl_easy_getinfo(c->easy, CURLINFO_RETRY_AFTER, &retry_after);
	if (retry_after > 0)
		c->answer.retry_after =
			retry_after < (curl_off_t)(INT64_MAX / NS_PER_S)
				? (uint64_t)retry_after * NS_PER_S
				: INT64_MAX;
	curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	return code;
}

/* Whether an answer that broke off says enough to be judged. */
static bool client__is_answered(const struct otlp_client *c, CURLcode code)
{
	const struct otlp_answer *a = &c->answer;

	return !code || a->long_body || a->grpc_status > 0 || a->status >= 300;
}

/* What a user can do about a failure of libcurl; "" if there is nothing. */
static const char *client__advice(const struct otlp_client *c, CURLcode code)
{
	bool grpc = c->target->protocol == OTLP_GRPC;

	switch (code) {
	case CURLE_COULDNT_CONNECT:
		return "; is a collector listening there?";
	case CURLE_SSL_CONNECT_ERROR:
		return "; does this port speak TLS? If not, use http://";
	case CURLE_PEER_FAILED_VERIFICATION:
		return "; --otlp-ca names the certificates to trust";
	case CURLE_SSL_CACERT_BADFILE:
		return "; --otlp-ca takes certificates in PEM form";
	case CURLE_GOT_NOTHING:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return grpc ? "; does this port speak gRPC (usually 4317), and "
			      "without TLS if the address is http://?"
			    : "";
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return grpc ? ""
			    : "; is this port for gRPC? Then use "
			      "--otlp-protocol grpc; for HTTP it is usually "
			      "4318";
	default:
		return "";
	}
}

static void client__judge(struct otlp_client *c, CURLcode code,
			  struct otlp_reply *reply)
{
	struct error err;

	if (code && atomic_load(&c->stopped)) {
		reply->outcome = OTLP_STOPPED;
		return;
	}
	if (client__is_answered(c, code)) {
		otlp_answer__judge(&c->answer, reply);
		err = reply->err;
	} else {
		reply->outcome = OTLP_RETRY;
		error__set(&err, 0, "%s%s",
			   c->failure[0] ? c->failure
					 : curl_easy_strerror(code),
			   client__advice(c, code));
	}
	if (err.text[0])
		error__set(&reply->err, 0, "%.200s: %.300s", c->shown,
			   err.text);
}

void otlp_client__send(struct otlp_client *c, const struct buffer *body,
		       uint64_t deadline, struct otlp_reply *reply)
{
	const void *bytes;
	size_t len;
	int code;

	memset(reply, 0, sizeof(*reply));
	reply->outcome = OTLP_STOPPED;
	if (atomic_load(&c->stopped))
		return;
	otlp_answer__reset(&c->answer);
	code = client__pack(c, body, &bytes, &len);
	if (code) {
		reply->outcome = OTLP_RETRY;
		error__set(&reply->err, 0, "a request of %zu bytes: %s",
			   body->len, strerror(-code));
		return;
	}
	reply->sent_bytes = len;
	client__judge(c, client__request(c, bytes, len, deadline), reply);
}

void otlp_client__stop(struct otlp_client *c)
{
	atomic_store(&c->stopped, true);
	curl_multi_wakeup(c->multi);
}
