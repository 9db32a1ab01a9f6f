/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libFuzzer target of the decoder: any bytes, and everything that an accepted
 * record promises is used.
 */
#include <stdlib.h>
#include <string.h>

#include "decode/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static volatile size_t used;

static void use(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < len; i++)
		used += p[i];
}

static void use_text(const char *text)
{
	used += strlen(text);
}

static void use_event(const struct event *ev)
{
	switch (ev->kind) {
	case RT_REC_EXCHANGE:
		use(ev->exchange.ex, sizeof(*ev->exchange.ex));
		use(ev->exchange.request, ev->exchange.ex->request_len);
		use(ev->exchange.response, ev->exchange.ex->response_len);
		break;
	case RT_REC_OPEN:
	case RT_REC_CLOSE:
		use(ev->connection, sizeof(*ev->connection));
		break;
	case RT_REC_DATA:
		use(ev->data.bytes, ev->data.data->len);
		break;
	case RT_REC_FORK:
	case RT_REC_EXEC:
	case RT_REC_EXIT:
		use_text((const char *)ev->process->comm);
		break;
	case RT_REC_CALLS:
		use(ev->calls->call,
		    ev->calls->len * sizeof(ev->calls->call[0]));
		break;
	case RT_REC_ACCEPT:
		use(ev->accept, sizeof(*ev->accept));
		break;
	case RT_REC_LISTENER:
		use(ev->listener, sizeof(*ev->listener));
		break;
	case RT_REC_THREADS:
		use_text((const char *)ev->threads->comm);
		use(ev->threads->clock, sizeof(ev->threads->clock));
		break;
	case RT_REC_PROC:
		use_text((const char *)ev->proc.info->comm);
		use_text(ev->proc.exe);
		use_text(ev->proc.service);
		use_text(ev->proc.resource);
		used += ev->proc.started;
		break;
	case RT_REC_HOST:
		use_text(ev->host.version);
		use_text(ev->host.engine);
		use_text(ev->host.name);
		use_text(ev->host.kernel);
		use_text(ev->host.arch);
		use_text(ev->host.hooks);
		break;
	case RT_REC_COUNTERS:
		use(ev->counters, sizeof(*ev->counters));
		break;
	case RT_REC_SUMMARY:
		use(ev->summary, sizeof(*ev->summary));
		break;
	case RT_REC_COST:
		use(ev->cost, sizeof(*ev->cost));
		break;
	default:
		use(ev->header, sizeof(*ev->header));
	}
}

/* Memory of exactly the input's size: a read past it is seen. The second try
 * states the true size, which a fuzzer would be long in finding. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	void *rec = malloc(size ? size : 1);
	struct event ev;

	if (!rec)
		return 0;
	if (size)
		memcpy(rec, bytes, size);
	if (decode__record(rec, size, &ev) == 0)
		use_event(&ev);
	if (size >= sizeof(struct rt_header)) {
		((struct rt_header *)rec)->size = size;
		if (decode__record(rec, size, &ev) == 0)
			use_event(&ev);
	}
	free(rec);
	return 0;
}
