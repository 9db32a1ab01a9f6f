/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns the strings of operations and statuses. Fed what parsers found, yields
 * one of a bounded number of strings for each role and port.
 */
#include "model/operations.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

const char operations__none[] = "";
const char operations__other[] = "other";

enum use_kind { USE_OPERATION, USE_FOLD, USE_STATUS, USE_KINDS };

static const uint32_t use_max[USE_KINDS] = {
	[USE_OPERATION] = OPERATIONS_PER_PORT,
	[USE_FOLD] = OPERATIONS_FOLDS_PER_PORT,
	[USE_STATUS] = OPERATIONS_STATUSES_PER_PORT,
};

struct operations_port {
	uint32_t key; /* role << 16 | port */
	uint32_t used[USE_KINDS];
	UT_hash_handle hh;
};

/* One string that one port uses. */
struct operations_use {
	struct use_key {
		const char *text; /* interned */
		uint32_t port;	  /* operations_port.key */
		uint32_t kind;	  /* enum use_kind */
	} key;
	UT_hash_handle hh;
};

void operations__init(struct operations *ops)
{
	intern__init(&ops->strings, OPERATIONS_TOTAL);
	ops->ports = NULL;
	ops->uses = NULL;
	memset(ops->recent, 0, sizeof(ops->recent));
}

void operations__free(struct operations *ops)
{
	struct operations_port *port, *next_port;
	struct operations_use *use, *next_use;

	HASH_ITER (hh, ops->ports, port, next_port) {
		HASH_DEL(ops->ports, port);
		free(port);
	}
	HASH_ITER (hh, ops->uses, use, next_use) {
		HASH_DEL(ops->uses, use);
		free(use);
	}
	intern__free(&ops->strings);
}

static struct operations_port *port_get(struct operations *ops, uint32_t key)
{
	struct operations_port *port;

	HASH_FIND(hh, ops->ports, &key, sizeof(key), port);
	if (port)
		return port;
	port = calloc(1, sizeof(*port));
	if (!port)
		return NULL;
	port->key = key;
	HASH_ADD(hh, ops->ports, key, sizeof(port->key), port);
	if (port->hh.tbl)
		return port;
	free(port);
	return NULL;
}

static int use_add(struct operations *ops, const struct use_key *key)
{
	struct operations_use *use = calloc(1, sizeof(*use));

	if (!use)
		return -ENOMEM;
	use->key = *key;
	HASH_ADD(hh, ops->uses, key, sizeof(use->key), use);
	if (use->hh.tbl)
		return 0;
	free(use);
	return -ENOMEM;
}

/* Where a use that was found is remembered: of all that fall to a place, the
 * latest. Neither ports nor uses are ever forgotten. */
static struct operations_recent *recent_at(struct operations *ops,
					   const struct use_key *key,
					   size_t len)
{
	uint32_t hash = hash__bytes(key->text, len) ^
			key->port * UINT32_C(0x9e3779b1) ^ key->kind;

	return &ops->recent[hash % OPERATIONS_RECENT];
}

static bool is_recent(const struct operations_recent *recent,
		      const struct use_key *key)
{
	return recent->text && recent->port == key->port &&
	       recent->kind == key->kind &&
	       strcmp(recent->text, key->text) == 0;
}

/* May this port use one more string of a kind? */
static bool has_room(const struct operations *ops,
		     const struct operations_port *port, enum use_kind kind)
{
	return port->used[kind] < use_max[kind] &&
	       HASH_COUNT(ops->uses) < OPERATIONS_TOTAL;
}

/* 0 and *out; -ENOSPC when a bound forbids text; -ENOMEM. */
static int use_look_up(struct operations *ops, uint32_t port_key,
		       enum use_kind kind, const char *text, size_t len,
		       const char **out)
{
	struct use_key key = {.port = port_key, .kind = kind};
	struct operations_use *use;
	struct operations_port *port;
	int err;

	port = port_get(ops, port_key);
	if (!port)
		return -ENOMEM;
	/* What finds no room must not take that of other ports. */
	if (!has_room(ops, port, kind) &&
	    !intern__find(&ops->strings, text, len))
		return -ENOSPC;
	err = intern__get(&ops->strings, text, len, &key.text);
	if (err)
		return err;
	HASH_FIND(hh, ops->uses, &key, sizeof(key), use);
	if (!use) {
		if (!has_room(ops, port, kind))
			return -ENOSPC;
		err = use_add(ops, &key);
		if (err)
			return err;
		port->used[kind]++;
	}
	*out = key.text;
	return 0;
}

/* The same; most are asked for again soon. */
static int use_get(struct operations *ops, uint32_t port_key,
		   enum use_kind kind, const char *text, size_t len,
		   const char **out)
{
	const struct use_key key = {text, port_key, kind};
	struct operations_recent *recent = recent_at(ops, &key, len);
	int err;

	if (is_recent(recent, &key)) {
		*out = recent->text;
		return 0;
	}
	err = use_look_up(ops, port_key, kind, text, len, out);
	/* Text that was made safe to show is another one: rare, not worth it.
	 */
	if (!err && strcmp(*out, text) == 0)
		*recent = (struct operations_recent){*out, port_key, kind};
	return err;
}

/* "GET /a/b" -> "GET other", so that methods stay apart. */
static int fold(struct operations *ops, uint32_t port, const char *text,
		const char **out)
{
	const char *space = strchr(text, ' ');
	size_t word = space ? (size_t)(space - text) + 1 : 0;
	char *folded;
	int err;

	*out = operations__other;
	if (!space)
		return 0;
	folded = malloc(word + sizeof(operations__other));
	if (!folded)
		return -ENOMEM;
	memcpy(folded, text, word);
	memcpy(folded + word, operations__other, sizeof(operations__other));
	err = use_get(ops, port, USE_FOLD, folded, strlen(folded), out);
	free(folded);
	return err == -ENOSPC ? 0 : err;
}

static uint32_t port_key(enum rt_role role, uint16_t port)
{
	return (uint32_t)role << 16 | port;
}

int operations__operation(struct operations *ops, enum rt_role role,
			  uint16_t port, const char *text, const char **out)
{
	uint32_t key = port_key(role, port);
	int err;

	*out = operations__none;
	if (!text[0])
		return 0;
	err = use_get(ops, key, USE_OPERATION, text, strlen(text), out);
	return err == -ENOSPC ? fold(ops, key, text, out) : err;
}

int operations__status(struct operations *ops, enum rt_role role, uint16_t port,
		       const char *text, const char **out)
{
	int err;

	*out = operations__none;
	if (!text[0])
		return 0;
	err = use_get(ops, port_key(role, port), USE_STATUS, text, strlen(text),
		      out);
	if (err != -ENOSPC)
		return err;
	*out = operations__other;
	return 0;
}
