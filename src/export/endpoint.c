// SPDX-License-Identifier: GPL-2.0-only
/* See endpoint.h. */
#include "export/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const http_paths[OTLP_SIGNALS] = {
	[OTLP_METRICS] = "/v1/metrics",
	[OTLP_TRACES] = "/v1/traces",
};

/* opentelemetry-proto, collector/{metrics,trace}/v1/ */
static const char *const grpc_paths[OTLP_SIGNALS] = {
	[OTLP_METRICS] = "/opentelemetry.proto.collector.metrics.v1."
			 "MetricsService/Export",
	[OTLP_TRACES] = "/opentelemetry.proto.collector.trace.v1."
			"TraceService/Export",
};

/* Pieces of a URL, which point into it:
 *   https://user:pass@[::1]:4318/some/path?query
 *           ^authority          ^path     ^query
 */
struct url {
	const char *scheme; /* static; NULL: none was given */
	const char *authority;
	size_t authority_len;
	const char *path;
	size_t path_len;
	const char *query; /* with its "?"; "" if there is none */
};

/* What follows a host: nothing, or a port. */
static bool url__is_port(const char *text, size_t len)
{
	unsigned long port = 0;

	if (!len)
		return true;
	if (text[0] != ':' || len < 2 || len > 6)
		return false;
	for (size_t i = 1; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		port = port * 10 + (unsigned)(text[i] - '0');
	}
	return port >= 1 && port <= 65535;
}

/* [user[:password]@]host[:port], the host being a name or [an IPv6 address]. */
static bool url__is_authority(const char *text, size_t len)
{
	const char *at = memrchr(text, '@', len), *end;

	if (at) {
		len -= (size_t)(at + 1 - text);
		text = at + 1;
	}
	if (len && text[0] == '[') {
		end = memchr(text, ']', len);
		end = end && end > text + 1 ? end + 1 : NULL;
	} else {
		end = memchr(text, ':', len);
		end = end ? end : text + len;
		end = end > text ? end : NULL;
	}
	return end && url__is_port(end, len - (size_t)(end - text));
}

static int url__parse(struct url *u, const char *text)
{
	const char *sep = strstr(text, "://");

	memset(u, 0, sizeof(*u));
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '#' ||
		    *p == '\\')
			return -EINVAL;
	if (sep && !strncasecmp(text, "http://", 7))
		u->scheme = "http";
	else if (sep && !strncasecmp(text, "https://", 8))
		u->scheme = "https";
	else if (sep)
		return -EINVAL;
	u->authority = sep ? sep + 3 : text;
	u->authority_len = strcspn(u->authority, "/?");
	u->path = u->authority + u->authority_len;
	u->path_len = strcspn(u->path, "?");
	u->query = u->path + u->path_len;
	return url__is_authority(u->authority, u->authority_len) ? 0 : -EINVAL;
}

/* Cut the path of any signal from the end of a path. */
static size_t url__without_signal(const char *path, size_t len)
{
	for (int i = 0; i < OTLP_SIGNALS; i++) {
		size_t n = strlen(http_paths[i]);

		if (len >= n && !memcmp(path + len - n, http_paths[i], n))
			return len - n;
	}
	return len;
}

int endpoint__url(const char *given, enum endpoint_kind kind,
		  enum otlp_protocol protocol, enum otlp_signal signal,
		  bool insecure, char **out)
{
	const char *append = kind == ENDPOINT_WHOLE ? "" : http_paths[signal];
	struct url u;
	int code = url__parse(&u, given);

	if (code < 0)
		return code;
	if (protocol == OTLP_GRPC) {
		if (!u.scheme)
			u.scheme = insecure ? "http" : "https";
		u.path_len = 0;
		u.query = "";
		append = grpc_paths[signal];
	} else if (!u.scheme) {
		return -EINVAL;
	}
	if (kind == ENDPOINT_OPTION)
		u.path_len = url__without_signal(u.path, u.path_len);
	if (*append && u.path_len && u.path[u.path_len - 1] == '/')
		u.path_len--;
	if (!*append && !u.path_len)
		append = "/";
	if (asprintf(out, "%s://%.*s%.*s%s%s", u.scheme, (int)u.authority_len,
		     u.authority, (int)u.path_len, u.path, append,
		     u.query) < 0) {
		*out = NULL;
		return -ENOMEM;
	}
	return 0;
}

char *endpoint__show(const char *url)
{
	const char *sep = strstr(url, "://");
	const char *rest = sep ? sep + 3 : url;
	size_t scheme = (size_t)(rest - url);
	const char *at = strrchr(rest, '@');
	char *shown;

	if (at)
		rest = at + 1;
	if (asprintf(&shown, "%.*s%.*s", (int)scheme, url,
		     (int)strcspn(rest, "?#"), rest) < 0)
		return NULL;
	return shown;
}
