// SPDX-License-Identifier: GPL-2.0-only
/* See instances.h. */
#include "stats/instances.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/lines.h"

struct identity *identity__get(struct identity *id)
{
	if (id)
		id->refs++;
	return id;
}

void identity__put(struct instances *is, struct identity *id)
{
	if (!id || --id->refs)
		return;
	HASH_DEL(is->all, id);
	free(id);
}

static struct identity *insert(struct instances *is, const char *key,
			       size_t len)
{
	struct identity *id = calloc(1, sizeof(*id) + len + 1);

	if (!id)
		return NULL;
	memcpy(id->key, key, len);
	HASH_ADD_KEYPTR(hh, is->all, id->key, len, id);
	if (id->hh.tbl)
		return id;
	free(id);
	return NULL;
}

/* As exporters tell services apart: see resource__key. */
struct identity *instances__identity(struct instances *is,
				     const struct snapshot_process *names)
{
	size_t space_len = 0, container_len = 0;
	const char *space =
		lines__value(names->resource, "service.namespace", &space_len);
	const char *container =
		lines__value(names->resource, "container.id", &container_len);
	struct identity *id;
	char *key;
	int len = asprintf(&key, "%s\n%.*s\n%.*s",
			   *names->service ? names->service : names->comm,
			   (int)space_len, space ? space : "",
			   (int)container_len, container ? container : "");

	if (len < 0)
		return NULL;
	HASH_FIND(hh, is->all, key, (size_t)len, id);
	if (!id)
		id = insert(is, key, (size_t)len);
	free(key);
	return identity__get(id);
}

void membership__join(struct instances *is, struct membership *m,
		      struct identity *id, bool lives, uint32_t ancestor)
{
	if (!id->living)
		id->instance = ancestor ? ancestor : ++is->latest;
	id->living += lives;
	*m = (struct membership){id, id->instance, lives};
}

void membership__exit(struct membership *m)
{
	if (m->lives)
		m->identity->living--;
	m->lives = false;
}

void membership__leave(struct instances *is, struct membership *m)
{
	membership__exit(m);
	identity__put(is, m->identity);
	*m = (struct membership){0};
}
