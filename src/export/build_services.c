/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns services and their processes between snapshots; fed the processes of
 * each, says what is counted for whom.
 */
#include "export/build_services.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/build.h"
#include "export/build_resource.h"

void services__init(struct services *ss, const struct export_config *config)
{
	*ss = (struct services){.config = config};
}

static void instance_free(struct services *ss, struct instance *i)
{
	HASH_DEL(ss->instances, i);
	free(i);
}

static void service_free(struct services *ss, struct service *s)
{
	for (struct instance *i = ss->instances; i; i = i->hh.next) {
		if (i->service == s)
			i->service = NULL;
	}
	DL_DELETE(ss->all, s);
	ss->len--;
	arena__free(&s->own);
	free(s->key);
	free(s);
}

void services__free(struct services *ss)
{
	struct instance *i, *next_instance;
	struct member *m, *next;
	struct service *s, *after;

	HASH_ITER (hh, ss->instances, i, next_instance)
		instance_free(ss, i);
	HASH_ITER (hh, ss->members, m, next) {
		HASH_DEL(ss->members, m);
		free(m);
	}
	DL_FOREACH_SAFE(ss->all, s, after)
	service_free(ss, s);
	services__init(ss, ss->config);
}

struct member *services__member(const struct services *ss, uint32_t pid)
{
	struct member *m;

	HASH_FIND(hh, ss->members, &pid, sizeof(pid), m);
	return m;
}

static struct member *member_add(struct services *ss, uint32_t pid)
{
	struct member *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->pid = pid;
	HASH_ADD(hh, ss->members, pid, sizeof(m->pid), m);
	if (m->hh.tbl)
		return m;
	free(m);
	return NULL;
}

static struct instance *find_instance(const struct services *ss,
				      uint32_t number)
{
	struct instance *i;

	HASH_FIND(hh, ss->instances, &number, sizeof(number), i);
	return i;
}

/* An instance is in the snapshot, as one of this service (NULL: not known).
 * What once was there stays there, as its figures are. 0 or -ENOMEM. */
static int see_instance(struct services *ss, uint32_t number, struct service *s)
{
	struct instance *i = find_instance(ss, number);

	if (!i) {
		i = calloc(1, sizeof(*i));
		if (!i)
			return -ENOMEM;
		i->number = number;
		HASH_ADD(hh, ss->instances, number, sizeof(i->number), i);
		if (!i->hh.tbl) {
			free(i);
			return -ENOMEM;
		}
	}
	if (s && (!i->service || service__is_over(i->service)))
		i->service = s;
	i->seen = true;
	if (number > ss->latest_next)
		ss->latest_next = number;
	return 0;
}

/* Takes key over, whatever comes of it. NULL when out of memory. */
static struct service *service_add(struct services *ss, char *key,
				   uint64_t start)
{
	struct service *s = calloc(1, sizeof(*s));

	if (!s) {
		free(key);
		return NULL;
	}
	s->key = key;
	s->start = s->start_next = start;
	s->fresh = true;
	DL_APPEND(ss->all, s);
	ss->len++;
	return s;
}

static const struct snapshot_process *find_process(const struct snapshot *snap,
						   uint32_t pid)
{
	size_t lo = 0, hi = snap->processes_len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (snap->processes[mid].pid < pid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < snap->processes_len && snap->processes[lo].pid == pid
		       ? &snap->processes[lo]
		       : NULL;
}

/* Move a process to a service, or out of all (NULL). */
static void member_join(struct member *m, struct service *s)
{
	if (m->service)
		m->service->members--;
	m->service = s;
	if (s) {
		s->members++;
		s->living += !m->exited;
	}
}

/* Who began a process: its nearest ancestor of the same key, so that a daemon
 * that forks and leaves is one service. */
static struct service *of_ancestor(const struct services *ss,
				   const struct snapshot *snap, uint32_t pid,
				   const char *key)
{
	const struct snapshot_process *p = find_process(snap, pid);

	/* Ids are used again: parents might be a circle. */
	for (int depth = 0; p && p->ppid && depth < 64; depth++) {
		const struct member *m = services__member(ss, p->ppid);

		if (m && m->service && !strcmp(m->service->key, key))
			return m->service;
		p = find_process(snap, p->ppid);
	}
	return NULL;
}

/* Where others of its instance are, even if all of those have exited since. */
static struct service *of_instance(const struct services *ss, uint32_t number,
				   const char *key)
{
	const struct instance *i = number ? find_instance(ss, number) : NULL;
	struct service *s = i ? i->service : NULL;

	return s && !service__is_over(s) && !strcmp(s->key, key) ? s : NULL;
}

static struct service *living_of_key(const struct services *ss, const char *key)
{
	struct service *s;

	DL_FOREACH(ss->all, s)
	{
		if ((s->living || s->fresh) && !strcmp(s->key, key))
			return s;
	}
	return NULL;
}

/* Find or make the service of a process that has none. */
static int place(struct services *ss, const struct snapshot *snap,
		 const struct snapshot_process *p, struct member *m,
		 uint64_t start)
{
	char *key = resource__key(ss->config, p);
	struct service *s;

	if (!key)
		return -ENOMEM;
	s = of_instance(ss, p->instance, key);
	if (!s)
		s = living_of_key(ss, key);
	if (!s)
		s = of_ancestor(ss, snap, p->pid, key);
	if (s)
		free(key);
	else
		s = service_add(ss, key, start);
	if (!s)
		return -ENOMEM;
	member_join(m, s);
	return 0;
}

/* Whether it is known what a process is; of one that has just begun, or become
 * another program, that comes within a second. Else its figures would be told
 * under one name, and then under another. */
static bool is_known(const struct snapshot_process *p)
{
	return p->exited || p->service[0] || p->exe[0];
}

/* Whether a process, that once had a service, belongs there no more: it became
 * another program. -ENOMEM. */
static int has_changed(const struct services *ss,
		       const struct snapshot_process *p, const struct member *m)
{
	char *key = resource__key(ss->config, p);
	int changed;

	if (!key)
		return -ENOMEM;
	changed = strcmp(key, m->service->key) != 0;
	free(key);
	return changed;
}

/* Those that are known: who lives still, who is what it was. */
static int update_known(struct services *ss, const struct snapshot *snap)
{
	for (size_t i = 0; i < snap->processes_len; i++) {
		const struct snapshot_process *p = &snap->processes[i];
		struct member *m = services__member(ss, p->pid);
		int changed;

		if (!m)
			continue;
		m->seen = true;
		/* The id of one that exited was given to another one. */
		if (m->exited && !p->exited)
			member_join(m, NULL);
		m->exited = p->exited;
		if (!m->service)
			continue;
		changed = m->exited || !is_known(p) ? 0 : has_changed(ss, p, m);
		if (changed < 0)
			return changed;
		if (changed)
			member_join(m, NULL);
		else
			m->service->living += !m->exited;
	}
	return 0;
}

static void forget_unseen(struct services *ss)
{
	struct member *m, *next;

	HASH_ITER (hh, ss->members, m, next) {
		if (m->seen)
			continue;
		member_join(m, NULL);
		HASH_DEL(ss->members, m);
		free(m);
	}
}

static void begin(struct services *ss)
{
	struct instance *i, *next_instance;
	struct member *m, *next;
	struct service *s;

	HASH_ITER (hh, ss->instances, i, next_instance)
		i->seen = false;
	HASH_ITER (hh, ss->members, m, next)
		m->seen = false;
	DL_FOREACH(ss->all, s)
	{
		s->living = 0;
		s->fresh = false;
		s->full_next = s->full;
		s->start_next = s->start;
	}
	/* These have no process, and no end. */
	if (ss->self)
		ss->self->living = 1;
	if (ss->unknown)
		ss->unknown->living = 1;
}

static int add_new(struct services *ss, const struct snapshot *snap,
		   uint64_t start)
{
	for (size_t i = 0; i < snap->processes_len; i++) {
		const struct snapshot_process *p = &snap->processes[i];
		struct member *m = services__member(ss, p->pid);
		int err;

		if (!m) {
			m = member_add(ss, p->pid);
			if (!m)
				return -ENOMEM;
			m->exited = p->exited;
			m->seen = true;
		}
		if (m->service || !is_known(p) || (m->placed && m->exited))
			continue;
		m->placed = true;
		err = place(ss, snap, p, m, start);
		if (err)
			return err;
	}
	return 0;
}

/* Which service each instance is of. */
static int see_instances(struct services *ss, const struct snapshot *snap)
{
	int err = 0;

	ss->latest_next = ss->latest;
	for (size_t i = 0; i < snap->processes_len && !err; i++) {
		const struct snapshot_process *p = &snap->processes[i];

		if (p->instance)
			err = see_instance(
				ss, p->instance,
				services__member(ss, p->pid)->service);
	}
	return err;
}

/* The process that a new service began with. */
static const struct snapshot_process *leader_of(const struct services *ss,
						const struct snapshot *snap,
						const struct service *s)
{
	const struct snapshot_process *leader = NULL;

	for (size_t i = 0; i < snap->processes_len; i++) {
		const struct snapshot_process *p = &snap->processes[i];

		if (services__member(ss, p->pid)->service == s &&
		    (!leader || p->started < leader->started))
			leader = p;
	}
	return leader;
}

static int describe_new(struct services *ss, const struct snapshot *snap)
{
	struct service *s;

	DL_FOREACH(ss->all, s)
	{
		int err;

		if (s->attributes || s == ss->self || s == ss->unknown)
			continue;
		err = resource__describe(s, ss->config, snap,
					 leader_of(ss, snap, s));
		if (err)
			return err;
	}
	return 0;
}

/* One that no process is of. *at: where it is kept. */
static int add_own(struct services *ss, const struct snapshot *snap,
		   struct service **at, bool self, uint64_t start)
{
	struct service *s;
	char *key;
	int err;

	if (*at)
		return 0;
	key = strdup("");
	s = key ? service_add(ss, key, start) : NULL;
	if (!s)
		return -ENOMEM;
	err = self ? resource__describe_self(s, ss->config, snap)
		   : resource__describe(s, ss->config, snap, NULL);
	if (err) {
		service_free(ss, s);
		return err;
	}
	s->living = 1;
	*at = s;
	return 0;
}

/* Where something that lives, or not, has come to: *exited and *over, at the
 * time now. */
static void grow_old(bool lives, uint64_t now, uint64_t delivered,
		     uint64_t *exited, uint64_t *over)
{
	if (lives)
		*exited = *over = 0;
	else if (!*exited)
		*exited = now;
	else if (!*over && now >= *exited + BUILD_LINGER_NS &&
		 delivered >= *exited + BUILD_LINGER_NS)
		*over = now;
}

/* Who is over: those that nobody waits for, or, of too many, the oldest. */
static void find_over(struct services *ss, uint64_t now, uint64_t delivered)
{
	struct member *m, *next;
	struct service *s;
	size_t exited = 0;

	HASH_ITER (hh, ss->members, m, next)
		grow_old(!m->exited, now, delivered, &m->since, &m->over);
	DL_FOREACH(ss->all, s)
	{
		grow_old(s->living != 0, now, delivered, &s->exited, &s->over);
		exited += s->exited != 0;
	}
	DL_FOREACH(ss->all, s)
	{
		if (exited <= BUILD_MAX_EXITED)
			break;
		if (!s->exited)
			continue;
		s->over = s->over ? s->over : now;
		exited--;
	}
}

int services__update(struct services *ss, const struct snapshot *snap,
		     uint64_t start, uint64_t delivered)
{
	int err;

	begin(ss);
	err = update_known(ss, snap);
	if (err)
		return err;
	forget_unseen(ss);
	err = add_new(ss, snap, start);
	if (!err)
		err = see_instances(ss, snap);
	if (!err)
		err = describe_new(ss, snap);
	if (!err)
		err = add_own(ss, snap, &ss->self, true, snap->wall_start);
	if (!err)
		find_over(ss, snap->now, delivered);
	return err;
}

int services__of(struct services *ss, const struct snapshot *snap, uint32_t pid,
		 uint64_t start, struct service **out)
{
	const struct member *m = services__member(ss, pid);
	int err;

	if (!m) {
		err = add_own(ss, snap, &ss->unknown, false, start);
		*out = err ? NULL : ss->unknown;
		return err;
	}
	*out = m->service;
	if (!m->service || service__is_over(m->service) ||
	    (ss->config->per_process && member__is_over(m)))
		*out = NULL;
	return 0;
}

/* The living service of that name, if there is one, and one only. */
static struct service *living_of_name(const struct services *ss,
				      const char *name)
{
	struct service *s, *found = NULL;
	size_t len = strlen(name);

	DL_FOREACH(ss->all, s)
	{
		if (!s->living || strncmp(s->key, name, len) != 0 ||
		    s->key[len] != '\n')
			continue;
		if (found)
			return NULL;
		found = s;
	}
	return found;
}

/*
 * The service of figures whose instance was in no snapshot with a process: it
 * lived too short, or has long been over. All are of one service if it was
 * configured. Else those that nobody knew more of than their name are what goes
 * on under that name; the rest was told when it ended.
 */
static struct service *of_no_instance(const struct services *ss,
				      const struct folded *f)
{
	if (ss->config->service)
		return living_of_name(ss, ss->config->service);
	if (f->instance || f->service[0])
		return NULL;
	return living_of_name(ss, f->comm);
}

/* Figures that found no room are of no instance, and were never told. */
static bool found_no_room(const struct folded *f)
{
	return !f->instance && !f->service[0] && !strcmp(f->comm, "other");
}

int services__of_folded(struct services *ss, const struct snapshot *snap,
			const struct folded *f, uint64_t start,
			struct service **out)
{
	const struct instance *i = find_instance(ss, f->instance);
	struct service *s = i ? i->service : NULL;
	int err = 0;

	*out = NULL;
	if (found_no_room(f))
		return services__of(ss, snap, 0, start, out);
	if (!i && (!f->instance || f->instance > ss->latest))
		s = of_no_instance(ss, f);
	if (f->instance)
		err = see_instance(ss, f->instance, s);
	/* A process that is told by itself has ended by itself. */
	if (!err && s && !service__is_over(s) && !ss->config->per_process)
		*out = s;
	return err;
}

static int by_id(const void *a, const void *b)
{
	const struct service *const *x = a, *const *y = b;

	return strcmp((*x)->id, (*y)->id);
}

struct service **services__sorted(struct services *ss)
{
	struct service **list = calloc(ss->len, sizeof(struct service *)), *s;
	size_t len = 0;

	if (!list)
		return NULL;
	DL_FOREACH(ss->all, s)
	list[len++] = s;
	qsort(list, len, sizeof(struct service *), by_id);
	for (size_t i = 0; i < len; i++)
		list[i]->rank = (uint32_t)i;
	return list;
}

void services__commit(struct services *ss, uint64_t delivered)
{
	struct instance *i, *next_instance;
	struct member *m, *next;
	struct service *s, *after;
	size_t exited = 0;

	ss->latest = ss->latest_next;
	HASH_ITER (hh, ss->instances, i, next_instance) {
		if (!i->seen)
			instance_free(ss, i);
	}
	HASH_ITER (hh, ss->members, m, next) {
		if (m->service && service__is_over(m->service))
			member_join(m, NULL);
	}
	DL_FOREACH(ss->all, s)
	{
		s->full = s->full_next;
		s->start = s->start_next;
		exited += s->exited != 0;
	}
	DL_FOREACH_SAFE(ss->all, s, after)
	{
		if (!service__is_over(s))
			continue;
		if (s->over <= delivered || exited > BUILD_MAX_EXITED) {
			service_free(ss, s);
			exited--;
		}
	}
}
