/* SPDX-License-Identifier: GPL-2.0-only */
/* See exporter.h: owns the parts, and what is known of how sending goes. */
#include "export/exporter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "export/exemplars.h"
#include "export/feed.h"
#include "export/health.h"
#include "export/http_server.h"
#include "export/sender.h"
#include "export/spans.h"

/* What may be spent on delivering the last figures. */
#define FLUSH_NS (5 * NS_PER_S)

/* How sending goes. */
enum news { NEWS_GOOD, NEWS_WARNING, NEWS_BAD };

static const char *const signal_names[] = {
	[OTLP_METRICS] = "metrics",
	[OTLP_TRACES] = "spans",
};

struct exporter {
	const struct export_config *config; /* not owned */
	struct build *build;
	struct exemplars *exemplars; /* NULL without spans */
	struct spans *spans;	     /* likewise */
	struct feed *feed;
	struct sender *sender[OTLP_SIGNALS];
	struct http_server *server;
	enum news told[OTLP_SIGNALS];
};

static const char *resource_of(void *ctx, uint32_t pid)
{
	const struct exporter *e = ctx;

	return build__resource_id(e->build, pid);
}

static int open_spans(struct exporter *e)
{
	if (!e->config->otlp[OTLP_TRACES].on)
		return 0;
	e->exemplars = exemplars__new();
	if (!e->exemplars)
		return -ENOMEM;
	e->spans = spans__new(e->config->spans_per_second, e->exemplars);
	if (!e->spans)
		return -ENOMEM;
	spans__set_resources(e->spans, resource_of, e);
	return 0;
}

int exporter__new(struct exporter **out, const struct export_config *config,
		  struct error *err)
{
	struct exporter *e = calloc(1, sizeof(*e));
	int code = -ENOMEM;

	if (!e)
		goto fail;
	e->config = config;
	e->build = build__new(config);
	if (!e->build)
		goto fail;
	code = feed__new(&e->feed);
	if (!code)
		code = open_spans(e);
	if (code)
		goto fail;
	if (config->listen_host) {
		code = http_server__listen(&e->server, config, e->feed, err);
		if (code) {
			exporter__free(e);
			return code;
		}
	}
	*out = e;
	return 0;
fail:
	exporter__free(e);
	return error__set(err, code, "cannot export: %s", strerror(-code));
}

/* Ends threads that still run, without waiting for what they send. */
void exporter__free(struct exporter *e)
{
	if (!e)
		return;
	feed__close(e->feed);
	if (e->spans)
		spans__close(e->spans);
	for (int i = 0; i < OTLP_SIGNALS; i++)
		sender__finish(e->sender[i], clock__now(), NULL, NULL);
	http_server__stop(e->server);
	feed__free(e->feed);
	spans__free(e->spans);
	exemplars__free(e->exemplars);
	build__free(e->build);
	free(e);
}

int exporter__start(struct exporter *e, struct error *err)
{
	int code = 0;

	if (e->server)
		code = http_server__start(e->server, err);
	for (int i = 0; !code && i < OTLP_SIGNALS; i++)
		if (e->config->otlp[i].on)
			code = sender__start(
				&e->sender[i], i, e->config, e->feed,
				i == OTLP_TRACES ? e->spans : NULL, err);
	return code;
}

int exporter__fd(const struct exporter *e)
{
	return feed__fd(e->feed);
}

static void read_health(const struct exporter *e, struct health *h)
{
	memset(h, 0, sizeof(*h));
	for (int i = 0; i < OTLP_SIGNALS; i++)
		if (e->sender[i]) {
			h->sends[i] = true;
			sender__health(e->sender[i], &h->sender[i]);
		}
	if (e->spans) {
		h->has_spans = true;
		spans__health(e->spans, &h->spans);
	}
	if (e->server) {
		h->serves = true;
		http_server__health(e->server, &h->server);
	}
}

int exporter__show(struct exporter *e, const struct snapshot *snap)
{
	struct build_health rows[HEALTH_ROWS];
	struct build_facts facts = {
		/* Of now, and not counted from the start: the clock may have
		 * been set since. */
		.time = clock__ns(CLOCK_REALTIME),
		.delivered = UINT64_MAX,
		.exemplars = e->exemplars,
		.health = rows,
	};
	const struct metrics *m;
	struct health h;
	int code;

	read_health(e, &h);
	facts.health_len = health__rows(&h, rows);
	if (h.sends[OTLP_METRICS])
		facts.delivered = h.sender[OTLP_METRICS].delivered;
	code = build__metrics(e->build, snap, &facts, &m);
	if (code)
		return code;
	if (e->spans)
		code = spans__name(e->spans);
	feed__publish(e->feed, m);
	return code;
}

int exporter__request(struct exporter *e, const struct request *r, bool slow)
{
	return spans__request(e->spans, r, slow,
			      clock__ns(CLOCK_REALTIME) - clock__now());
}

static enum news news_of(const struct sender_health *h)
{
	if (!h->err.text[0])
		return NEWS_GOOD;
	return h->taken ? NEWS_WARNING : NEWS_BAD;
}

bool exporter__news(struct exporter *e, struct error *news)
{
	for (int i = 0; i < OTLP_SIGNALS; i++) {
		struct sender_health h;
		enum news is;

		if (!e->sender[i])
			continue;
		sender__health(e->sender[i], &h);
		is = news_of(&h);
		if (is == e->told[i])
			continue;
		e->told[i] = is;
		if (is == NEWS_GOOD)
			error__set(news, 0, "%s arrive again", signal_names[i]);
		else
			error__set(news, 0, "%s %s %.400s", signal_names[i],
				   is == NEWS_BAD ? "do not arrive:"
						  : "arrive, but",
				   h.err.text);
		return true;
	}
	return false;
}

int exporter__finish(struct exporter *e, struct error *err)
{
	uint64_t deadline = clock__now() + FLUSH_NS;
	struct error why;
	int code = 0;

	feed__close(e->feed);
	if (e->spans)
		spans__close(e->spans);
	for (int i = 0; i < OTLP_SIGNALS; i++) {
		int end = sender__finish(e->sender[i], deadline, NULL, &why);

		e->sender[i] = NULL;
		if (end && !code)
			code = error__set(err, end,
					  "the last %s did not arrive: %.400s",
					  signal_names[i], why.text);
	}
	return code;
}
