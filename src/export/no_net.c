// SPDX-License-Identifier: GPL-2.0-only
/* See net.h. The options refuse what would call these, so that all but
 * net__missing only keep the linker content. */
#include "export/net.h"

#include <errno.h>
#include <string.h>

#include "export/http_server.h"
#include "export/otlp_client.h"

static const char missing[] = "this build has no export, because it is linked "
			      "statically; use the one that is linked "
			      "dynamically (make, not make static)";

const char *net__missing(void)
{
	return missing;
}

int otlp_client__new(struct otlp_client **out, enum otlp_signal signal,
		     const struct otlp_target *target, struct error *err)
{
	(void)signal;
	(void)target;
	*out = NULL;
	return error__set(err, -ENOTSUP, "%s", missing);
}

void otlp_client__free(struct otlp_client *c)
{
	(void)c;
}

void otlp_client__send(struct otlp_client *c, const struct buffer *body,
		       uint64_t deadline, struct otlp_reply *reply)
{
	(void)c;
	(void)body;
	(void)deadline;
	memset(reply, 0, sizeof(*reply));
	reply->outcome = OTLP_REFUSED;
	error__set(&reply->err, 0, "%s", missing);
}

void otlp_client__stop(struct otlp_client *c)
{
	(void)c;
}

int http_server__listen(struct http_server **out,
			const struct export_config *config, struct feed *feed,
			struct error *err)
{
	(void)config;
	(void)feed;
	*out = NULL;
	return error__set(err, -ENOTSUP, "%s", missing);
}

int http_server__start(struct http_server *s, struct error *err)
{
	(void)s;
	return error__set(err, -ENOTSUP, "%s", missing);
}

void http_server__stop(struct http_server *s)
{
	(void)s;
}

void http_server__health(struct http_server *s, struct http_server_health *out)
{
	(void)s;
	memset(out, 0, sizeof(*out));
}
