// SPDX-License-Identifier: GPL-2.0-only
/* What doctor finds, as text for people; see doctor.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "view/doctor.h"
#include "view/text.h"

#define DEFAULT_WIDTH 80

/*
 *   Lockdown          integrity
 */
static void print_facts(const struct text *t, const struct doctor *d)
{
	static const char *const marks[] = {
		[DOCTOR_OK] = "", [DOCTOR_NOTE] = "", [DOCTOR_BAD] = "! "};
	char first[64];

	fputs("\nMachine\n", t->out);
	for (size_t i = 0; i < d->facts_len; i++) {
		const struct doctor_fact *f = &d->facts[i];

		snprintf(first, sizeof(first), "  %-17s ", f->name);
		text__wrapf(t, 20, first, "%s%s", marks[f->state], f->value);
	}
}

static void print_capabilities(const struct text *t, const struct doctor *d)
{
	char first[16];

	fputs("\nCapabilities\n", t->out);
	for (size_t i = 0; i < d->capabilities_len; i++) {
		const struct doctor_capability *c = &d->capabilities[i];

		snprintf(first, sizeof(first), "  %-4s",
			 c->held     ? "yes"
			 : c->needed ? "NO"
				     : "no");
		text__wrapf(t, 6, first, "%s %s", c->name, c->use);
	}
}

static const char *mark(const struct doctor_hook *h)
{
	if (!h->reason)
		return "yes";
	if (h->untried)
		return "?";
	return h->needed || h->lost ? "no" : "-";
}

/*
 *   Bytes received and sent
 *     yes  sock     tp_btf/sock_recv_length
 *     no   fexit    fexit/inet_recvmsg: this kernel forbids trampolines
 */
static void print_hooks(const struct text *t, const struct doctor *d)
{
	const char *title = "";
	char first[32];

	fputs("\nHooks (-: not there, and not missed)\n", t->out);
	for (size_t i = 0; i < d->hooks_len; i++) {
		const struct doctor_hook *h = &d->hooks[i];

		if (strcmp(title, h->title) != 0)
			text__wrapf(t, 4, "  ", "%s", h->title);
		title = h->title;
		snprintf(first, sizeof(first), "    %-4s %-8s ", mark(h),
			 h->engine);
		text__wrapf(t, 18, first, "%s%s%s", h->name,
			    h->reason ? ": " : "", h->reason ?: "");
	}
}

static void print_engines(const struct text *t, const struct doctor *d)
{
	char first[32];

	fputs("\nEngines\n", t->out);
	for (size_t i = 0; i < d->engines_len; i++) {
		const struct doctor_engine *e = &d->engines[i];

		snprintf(first, sizeof(first), "  %-8s ", e->name);
		if (e->reason[0])
			text__wrapf(t, 11, first, "%s: %s",
				    e->untried ? "not tried" : "does not work",
				    e->reason);
		else
			text__wrapf(t, 11, first, "works%s",
				    d->engine && !strcmp(d->engine, e->name)
					    ? ", and is taken"
					    : "");
	}
}

static void print_verdict(const struct text *t, const struct doctor *d)
{
	if (!d->engine) {
		fputs("\nVerdict\n", t->out);
		text__wrapf(t, 4, "  ", "%s.", d->refusal);
	} else if (d->lost && d->lost[0]) {
		fprintf(t->out, "\nNot seen by the engine %s\n", d->engine);
		for (size_t i = 0; d->lost[i]; i++)
			text__wrapf(t, 4, "  ", "%s.", d->lost[i]);
	}
	if (d->advice_len)
		fputs("\nWhat to do\n", t->out);
	for (size_t i = 0; i < d->advice_len; i++)
		text__wrapf(t, 4, "  ", "%s.", d->advice[i]);
}

int doctor__print(const struct doctor *d, const struct view_style *style,
		  FILE *out)
{
	struct text t = {.width = style->width ?: DEFAULT_WIDTH,
			 .utf8 = style->utf8,
			 .out = out};

	if (t.width < TEXT_MIN_WIDTH)
		t.width = TEXT_MIN_WIDTH;
	errno = 0;
	fprintf(out, "reqtrace %s doctor\n", d->version);
	print_facts(&t, d);
	print_capabilities(&t, d);
	print_hooks(&t, d);
	print_engines(&t, d);
	print_verdict(&t, d);
	if (fflush(out) == EOF || ferror(out))
		return errno ? -errno : -EIO;
	return 0;
}
