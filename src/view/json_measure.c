/* SPDX-License-Identifier: GPL-2.0-only */
/* See json_measure.h. */
#include "view/json_measure.h"
#include "view/diagnosis.h"

static const char *starts_at(enum rt_role role, const struct measure *m)
{
	if (role == RT_ROLE_CLIENT)
		return "send";
	if (m->with_arrival == m->exchanges)
		return "arrival";
	return m->with_arrival ? "mixed" : "read";
}

static json_t *errors_by(const struct measure *m)
{
	static const char *const kind[REQUEST_ERRORS] = {
		[REQUEST_ERROR_STATUS] = "status",
		[REQUEST_ERROR_PEER_ABORT] = "peer_abort",
		[REQUEST_ERROR_LOCAL_ABORT] = "local_abort",
		[REQUEST_ERROR_RESET] = "reset",
	};
	struct json_value v = json_value__object();

	for (int i = REQUEST_OK + 1; i < REQUEST_ERRORS; i++)
		json_value__count(&v, kind[i], m->errors_by[i]);
	return json_value__finish(&v);
}

static json_t *parts(const struct measure *m)
{
	struct json_value v = json_value__object();

	for (int i = 0; i < PARTS; i++)
		json_value__histogram(&v, part__name(i), &m->part[i]);
	return json_value__finish(&v);
}

/* share: of the operations, where it was asked for; 0: not a key of it. */
static json_t *slice(const struct breakdown_slice *s, double share)
{
	struct json_value v = json_value__object();
	struct json_value means = json_value__object();

	if (share > 0)
		json_value__set(&v, "share", json_real(share));
	json_value__set(&v, "count", json_real(s->count));
	json_value__time(&v, "duration", s->duration);
	for (int i = 0; i < PARTS; i++)
		json_value__time(&means, part__name(i), s->part[i]);
	json_value__set(&v, "parts", json_value__finish(&means));
	return json_value__finish(&v);
}

static json_t *breakdown(const struct measure *m)
{
	struct json_value v = json_value__object();
	struct breakdown_slice s;

	breakdown__mean(&m->breakdown, &s);
	json_value__set(&v, "mean", slice(&s, 0));
	breakdown__around(&m->breakdown, 0.5, &s);
	json_value__set(&v, "p50", slice(&s, 0));
	breakdown__slowest(&m->breakdown, BREAKDOWN_SLOWEST_SHARE, &s);
	json_value__set(&v, "slowest", slice(&s, BREAKDOWN_SLOWEST_SHARE));
	return json_value__finish(&v);
}

void json_measure__call(struct json_value *v, const char *peer, bool own,
			uint64_t calls, uint64_t time, uint64_t network)
{
	json_value__string(v, "peer", peer);
	json_value__bool(v, "own", own);
	json_value__count(v, "calls", calls);
	json_value__time(v, "seconds", time);
	if (calls)
		json_value__time(v, "mean", (double)time / calls);
	else
		json_value__set(v, "mean", json_null());
	json_value__time(v, "network_seconds", network);
}

static json_t *call(const void *of, size_t i)
{
	const struct measure *m = of;
	const struct measure_call *c = &m->calls[i];
	struct json_value v = json_value__object();

	json_measure__call(&v, c->peer, c->own, c->count, c->time, c->network);
	json_value__set(&v, "per_exchange",
			m->calls_known
				? json_real((double)c->count / m->calls_known)
				: json_null());
	return json_value__finish(&v);
}

static json_t *tcp(const struct measure *m)
{
	struct json_value v = json_value__object();

	if (m->rtt.count)
		json_value__histogram(&v, "rtt", &m->rtt);
	else
		json_value__set(&v, "rtt", json_null());
	json_value__count(&v, "retransmits", m->retransmits);
	return json_value__finish(&v);
}

static json_t *diagnosis(enum rt_role role, const struct measure *m)
{
	struct breakdown_view view;
	char sentence[DIAGNOSIS_LEN] = "";

	if (breakdown_view__make(&view, m))
		diagnosis__sentence(sentence, &view, m, role, true);
	return sentence[0] ? json_value__text(sentence) : json_null();
}

void json_measure__set(struct json_value *v, enum rt_role role,
		       const struct measure *m)
{
	json_value__count(v, "exchanges", m->exchanges);
	json_value__count(v, "operations", m->operations);
	json_value__count(v, "errors", m->errors);
	json_value__set(v, "errors_by", errors_by(m));
	json_value__count(v, "bytes_in", m->bytes_in);
	json_value__count(v, "bytes_out", m->bytes_out);
	json_value__string(v, "starts_at", starts_at(role, m));
	json_value__histogram(v, "duration", &m->duration);
	json_value__histogram(v, "time_to_first_byte", &m->time_to_first_byte);
	json_value__set(v, "parts", parts(m));
	json_value__set(v, "breakdown",
			m->with_parts ? breakdown(m) : json_null());
	json_value__count(v, "calls_known", m->calls_known);
	json_value__set(v, "calls", json_value__array(call, m, m->calls_len));
	json_value__set(v, "tcp", tcp(m));
	json_value__set(v, "diagnosis", diagnosis(role, m));
}
