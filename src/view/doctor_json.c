// SPDX-License-Identifier: GPL-2.0-only
/* What doctor finds, as JSON for scripts; see doctor.h and docs/json.md. */
#include <errno.h>

#include "view/doctor.h"
#include "view/json_value.h"

#define SCHEMA "reqtrace.doctor/1"

static json_t *fact(const void *of, size_t i)
{
	static const char *const states[] = {[DOCTOR_OK] = "ok",
					     [DOCTOR_NOTE] = "note",
					     [DOCTOR_BAD] = "bad"};
	const struct doctor_fact *f = &((const struct doctor *)of)->facts[i];
	struct json_value v = json_value__object();

	json_value__string(&v, "name", f->key);
	json_value__string(&v, "value", f->value);
	json_value__string(&v, "state", states[f->state]);
	return json_value__finish(&v);
}

static json_t *capability(const void *of, size_t i)
{
	const struct doctor_capability *c =
		&((const struct doctor *)of)->capabilities[i];
	struct json_value v = json_value__object();

	json_value__string(&v, "name", c->name);
	json_value__bool(&v, "needed", c->needed);
	json_value__bool(&v, "held", c->held);
	return json_value__finish(&v);
}

static json_t *hook(const void *of, size_t i)
{
	const struct doctor_hook *h = &((const struct doctor *)of)->hooks[i];
	struct json_value v = json_value__object();

	json_value__string(&v, "event", h->event);
	json_value__string(&v, "engine", h->engine);
	json_value__string(&v, "name", h->name);
	json_value__bool(&v, "needed", h->needed);
	json_value__bool(&v, "works", !h->reason);
	json_value__bool(&v, "tried", !h->untried);
	json_value__string(&v, "reason", h->reason);
	return json_value__finish(&v);
}

static json_t *engine(const void *of, size_t i)
{
	const struct doctor_engine *e =
		&((const struct doctor *)of)->engines[i];
	struct json_value v = json_value__object();

	json_value__string(&v, "name", e->name);
	json_value__bool(&v, "works", !e->reason[0]);
	json_value__string(&v, "reason", e->reason);
	return json_value__finish(&v);
}

static json_t *sentence(const void *of, size_t i)
{
	return json_value__text(((const char *const *)of)[i]);
}

static json_t *whole(const struct doctor *d)
{
	struct json_value v = json_value__object();
	size_t lost = 0;

	while (d->lost && d->lost[lost])
		lost++;
	json_value__string(&v, "schema", SCHEMA);
	json_value__string(&v, "version", d->version);
	json_value__bool(&v, "can_trace", d->engine);
	json_value__string(&v, "engine", d->engine);
	json_value__string(&v, "refusal", d->refusal);
	json_value__set(&v, "lost", json_value__array(sentence, d->lost, lost));
	json_value__set(&v, "advice",
			json_value__array(sentence, d->advice, d->advice_len));
	json_value__set(&v, "machine",
			json_value__array(fact, d, d->facts_len));
	json_value__set(&v, "capabilities",
			json_value__array(capability, d, d->capabilities_len));
	json_value__set(&v, "engines",
			json_value__array(engine, d, d->engines_len));
	json_value__set(&v, "hooks", json_value__array(hook, d, d->hooks_len));
	return json_value__finish(&v);
}

int doctor__print_json(const struct doctor *d, FILE *out)
{
	json_t *json = whole(d);
	int err = 0;

	if (!json)
		return -ENOMEM;
	errno = 0;
	if (json_dumpf(json, out, JSON_INDENT(1)) || putc('\n', out) == EOF ||
	    fflush(out) == EOF)
		err = errno ? -errno : -EIO;
	json_decref(json);
	return err;
}
