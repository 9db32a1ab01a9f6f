/* SPDX-License-Identifier: GPL-2.0-only */
/* See live_detail.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/columns.h"
#include "view/diagnosis.h"
#include "view/live_detail.h"
#include "view/screen.h"

/* FNV-1a, 64 bits, over the keys of a row one after the other. */
#define HASH_START 0xcbf29ce484222325ull
#define HASH_PRIME 0x100000001b3ull

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = (hash ^ (unsigned char)*text) * HASH_PRIME;
	return hash * HASH_PRIME; /* so that "ab", "c" is not "a", "bc" */
}

static uint64_t hash_number(uint64_t hash, uint64_t number)
{
	return hash_text(hash ^ number, "");
}

static uint64_t row_id(const struct snapshot_row *r)
{
	uint64_t hash = HASH_START;

	hash = hash_number(hash, r->pid);
	hash = hash_number(hash, r->role);
	hash = hash_number(hash, r->transport);
	hash = hash_number(hash, r->port);
	hash = hash_number(hash, r->tid);
	hash = hash_text(hash, r->peer);
	hash = hash_text(hash, r->protocol);
	return hash_text(hash, r->operation);
}

static uint64_t conn_id(const struct snapshot_conn *c)
{
	uint64_t hash = HASH_START;

	hash = hash_number(hash, c->pid);
	hash = hash_text(hash, c->local);
	return hash_text(hash, c->remote);
}

/* One more piece of a title, clean. */
static void __attribute__((format(printf, 3, 4)))
add_piece(char *title, bool utf8, const char *format, ...)
{
	char raw[CELL_LEN], clean[CELL_LEN];
	size_t used = strlen(title);
	va_list args;

	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	screen__clean(clean, sizeof(clean), raw, utf8);
	snprintf(title + used, sizeof(((struct live_detail *)0)->title) - used,
		 "%s%s", used ? ", " : "", clean);
}

/* "GET /users/{id}, gunicorn (1201), server 8000" */
static void fill_title(struct live_detail *d, const struct snapshot_row *r,
		       bool utf8)
{
	const char *role = columns__role(r->role);

	d->title[0] = '\0';
	if (r->operation && *r->operation)
		add_piece(d->title, utf8, "%s", r->operation);
	if (r->peer[0])
		add_piece(d->title, utf8, "peer %s", r->peer);
	if (r->tid)
		add_piece(d->title, utf8, "thread %u", r->tid);
	if (r->comm)
		add_piece(d->title, utf8, "%s (%u)", r->comm, r->pid);
	if (r->has_port && r->transport == RT_TRANSPORT_UNIX)
		add_piece(d->title, utf8, "%s unix", role);
	else if (r->has_port)
		add_piece(d->title, utf8, "%s %u", role, r->port);
	else if (*role)
		add_piece(d->title, utf8, "%s", role);
}

static int fill_calls(struct live_detail *d, const struct measure *m, bool utf8)
{
	if (m->calls_len == 0 || m->exchanges == 0 || m->operations == 0)
		return 0;
	d->calls = calloc(m->calls_len, sizeof(*d->calls));
	if (!d->calls)
		return -ENOMEM;
	d->calls_len = m->calls_len;
	for (size_t i = 0; i < m->calls_len; i++) {
		const struct measure_call *from = &m->calls[i];
		struct live_call *to = &d->calls[i];

		screen__clean(to->peer, sizeof(to->peer),
			      from->peer ? from->peer : "", utf8);
		if (m->calls_known)
			to->per_exchange = (double)from->count / m->calls_known;
		if (from->count)
			to->mean = (double)from->time / from->count;
		to->network = (double)from->network / m->operations;
	}
	return 0;
}

static int fill_row(struct live_detail *d, const struct snapshot_row *r,
		    bool utf8)
{
	char sentence[DIAGNOSIS_LEN];

	d->id = row_id(r);
	d->pid = r->pid;
	fill_title(d, r, utf8);
	d->known = breakdown_view__make(&d->parts, &r->m);
	if (!d->known)
		return 0;
	diagnosis__sentence(sentence, &d->parts, &r->m, r->role, utf8);
	if (sentence[0]) {
		d->diagnosis = strdup(sentence);
		if (!d->diagnosis)
			return -ENOMEM;
	}
	return fill_calls(d, &r->m, utf8);
}

static void fill_threads(struct live_threads *to,
			 const struct snapshot_threads *from, bool utf8)
{
	double sum = 0;

	to->pid = from->pid;
	to->living = from->living;
	to->ended = from->ended;
	screen__clean(to->name, sizeof(to->name), from->name ? from->name : "",
		      utf8);
	for (int i = 0; i < RT_CLOCKS; i++)
		sum += from->clock[i];
	for (int i = 0; i < RT_CLOCKS; i++)
		to->share[i] = sum > 0 ? from->clock[i] / sum : 0;
}

int live_details__build(struct live_details *d, const struct snapshot *snap,
			bool utf8)
{
	int err = 0;

	*d = (struct live_details){.rows = columns__rows(snap),
				   .threads_len = snap->threads_len};
	d->row = calloc(d->rows + 1, sizeof(*d->row));
	d->threads = calloc(d->threads_len + 1, sizeof(*d->threads));
	if (!d->row || !d->threads)
		err = -ENOMEM;
	for (size_t i = 0; !err && i < d->rows; i++) {
		if (snap->by == SNAPSHOT_BY_CONNECTION)
			d->row[i] = (struct live_detail){
				.id = conn_id(&snap->conns[i]),
				.pid = snap->conns[i].pid};
		else
			err = fill_row(&d->row[i], &snap->rows[i], utf8);
	}
	for (size_t i = 0; !err && i < d->threads_len; i++)
		fill_threads(&d->threads[i], &snap->threads[i], utf8);
	if (err)
		live_details__free(d);
	return err;
}

void live_details__free(struct live_details *d)
{
	for (size_t i = 0; d->row && i < d->rows; i++) {
		free(d->row[i].diagnosis);
		free(d->row[i].calls);
	}
	free(d->row);
	free(d->threads);
	*d = (struct live_details){0};
}
