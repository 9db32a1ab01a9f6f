// SPDX-License-Identifier: GPL-2.0-only
/* Histograms as Prometheus counts them, see prometheus_write.h: cumulative
 * counts at few boundaries, which are exact, and the exemplars between them. */
#include <string.h>

#include "export/prometheus_write.h"

/* What a request is judged by has a boundary every factor of 2, from 15 us to
 * 64 s; parts, of which there are many, every factor of 4, from 15 us to 16 s:
 * a page of all that the series bounds allow is to fit a scrape. What lasts as
 * long as a client likes, from 1 ms to 17 minutes. */
static const struct prometheus_ladder fine = {-16, 1, 23};
static const struct prometheus_ladder coarse = {-16, 2, 11};
static const struct prometheus_ladder lasting = {-10, 2, 11};

struct prometheus_ladder prometheus__ladder(const struct metric_info *info)
{
	static const struct {
		const char *name;
		const struct prometheus_ladder *ladder;
	} others[] = {
		{"http.server.request.duration", &fine},
		{"http.client.request.duration", &fine},
		{"db.client.operation.duration", &fine},
		{"reqtrace.db.server.operation.duration", &fine},
		{"reqtrace.server.exchange.duration", &fine},
		{"reqtrace.client.exchange.duration", &fine},
		{"reqtrace.server.stream.duration", &lasting},
		{"reqtrace.client.stream.duration", &lasting},
		{"reqtrace.server.connection.duration", &lasting},
		{"reqtrace.client.connection.duration", &lasting},
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!strcmp(info->name, others[i].name))
			return *others[i].ladder;
	}
	return coarse;
}

/* Bucket i of scale s ends at 2^((i + 1) / 2^s), so those below i = e * 2^s
 * hold what is no more than 2^e. */
void prometheus__cumulate(const struct prometheus_ladder *l,
			  const struct histogram *h, uint64_t *counts)
{
	uint64_t sum = h->zero_count;
	int index = h->offset;
	const int end = h->offset + (int)h->len;

	for (size_t i = 0; i < l->len; i++) {
		const int limit = prometheus__exponent(l, i) * (1 << h->scale);

		for (; index < end && index < limit; index++)
			sum += histogram__bucket(h,
						 (uint32_t)(index - h->offset));
		counts[i] = sum;
	}
	counts[l->len] = h->count;
}

void prometheus__exemplars(const struct prometheus_ladder *l,
			   const struct metric_point *p,
			   const struct metric_exemplar **latest)
{
	for (size_t i = 0; i <= l->len; i++)
		latest[i] = NULL;
	for (size_t k = 0; k < p->exemplars_len; k++) {
		const struct metric_exemplar *x = &p->exemplars[k];
		size_t i = 0;

		while (x->value && i < l->len &&
		       histogram__index(x->value, 0) >=
			       prometheus__exponent(l, i))
			i++;
		latest[i] = x;
	}
}

void prometheus__hex(const uint8_t *bytes, size_t len, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*text++ = digits[bytes[i] >> 4];
		*text++ = digits[bytes[i] & 15];
	}
	*text = '\0';
}
