/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns the names of peers. Fed addresses and what is known of a connection to
 * them, yields one of a bounded number of strings.
 */
#include "model/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

const char peer__other[] = "other";
const char peer__client[] = "client";
const char peer__clients[] = "other clients";

/* "name [IPv6]:65535", with room for a longer name. */
#define LABEL_MAX 128

struct peer {
	struct peer_address {
		uint8_t addr[16];
		uint16_t port;
	} key;
	const struct proto *proto; /* latest that was seen there, or NULL */
	/* Written anew once the protocol is known: whoever has been given it
	 * before then has the better name, too. */
	char label[LABEL_MAX];
	UT_hash_handle hh;
};

/* What most often listens where; only until its protocol is known. So what a
 * parser will find there is called as the parser calls it. */
static const struct service {
	uint16_t port;
	const char *name;
} services[] = {
	{53, "dns"},	    {80, "http"},    {389, "ldap"},
	{443, "tls"},	    {1433, "mssql"}, {1521, "oracle"},
	{2379, "etcd"},	    {3306, "mysql"}, {4222, "nats"},
	{5432, "postgres"}, {5672, "amqp"},  {6379, "redis"},
	{8080, "http"},	    {8443, "tls"},   {9042, "cassandra"},
	{9092, "kafka"},    {9200, "http"},  {11211, "memcached"},
	{27017, "mongodb"},
};

void peers__init(struct peers *ps)
{
	intern__init(&ps->unix_labels, PEERS_UNIX_MAX);
	ps->by_address = NULL;
}

void peers__free(struct peers *ps)
{
	struct peer *p, *next;

	HASH_ITER (hh, ps->by_address, p, next) {
		HASH_DEL(ps->by_address, p);
		free(p);
	}
	intern__free(&ps->unix_labels);
}

/* *out keeps its value when there is no room for another string. */
static int intern_label(struct peers *ps, const char *text, const char **out)
{
	int err = intern__get(&ps->unix_labels, text, strlen(text), out);

	return err == -ENOSPC ? 0 : err;
}

static const char *service_of(uint16_t port)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (services[i].port == port)
			return services[i].name;
	return NULL;
}

static bool is_v4(const uint8_t addr[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(addr, mapped, sizeof(mapped)) == 0;
}

static bool is_loopback(const uint8_t addr[16])
{
	static const uint8_t v6[16] = {[15] = 1};

	if (is_v4(addr))
		return addr[12] == 127;
	return memcmp(addr, v6, sizeof(v6)) == 0;
}

/* "10.0.0.5:80", "[fe80::1]:80" */
static void print_address(const struct peer_address *a, char *to, size_t size)
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (is_v4(a->addr)) {
		inet_ntop(AF_INET, a->addr + 12, text, sizeof(text));
		snprintf(to, size, "%s:%u", text, a->port);
		return;
	}
	inet_ntop(AF_INET6, a->addr, text, sizeof(text));
	snprintf(to, size, "[%s]:%u", text, a->port);
}

static void name_peer(struct peer *p)
{
	const char *name = p->proto ? p->proto->name : service_of(p->key.port);
	char address[INET6_ADDRSTRLEN + sizeof("[]:65535")];

	print_address(&p->key, address, sizeof(address));
	if (!name)
		snprintf(p->label, sizeof(p->label), "%s", address);
	else if (is_loopback(p->key.addr))
		snprintf(p->label, sizeof(p->label), "%s:%u", name,
			 p->key.port);
	else
		snprintf(p->label, sizeof(p->label), "%s %s", name, address);
}

/* 0 and *out, which is NULL when the bound is hit; or -ENOMEM. */
static int peer_get(struct peers *ps, const struct peer_address *key,
		    struct peer **out)
{
	struct peer *p;

	HASH_FIND(hh, ps->by_address, key, sizeof(*key), p);
	*out = p;
	if (p || HASH_COUNT(ps->by_address) >= PEERS_MAX)
		return 0;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->key = *key;
	HASH_ADD(hh, ps->by_address, key, sizeof(p->key), p);
	if (!p->hh.tbl) {
		free(p);
		return -ENOMEM;
	}
	*out = p;
	name_peer(p);
	return 0;
}

static int label_unix(struct peers *ps, const struct connection *c,
		      const char **out)
{
	char label[LABEL_MAX] = "unix";

	if (c && c->proto)
		snprintf(label, sizeof(label), "%s (unix)", c->proto->name);
	return intern_label(ps, label, out);
}

int peers__label(struct peers *ps, const struct rt_call *call,
		 const struct connection *c, const char **out)
{
	struct peer_address key = {.port = call->port};
	struct peer *p;
	int err;

	*out = peer__other;
	/* A client's port says nothing, and there is no end of them. */
	if (c && c->role == RT_ROLE_SERVER) {
		*out = peer__clients;
		return 0;
	}
	if (call->transport == RT_TRANSPORT_UNIX)
		return label_unix(ps, c, out);
	memcpy(key.addr, call->addr, sizeof(key.addr));
	err = peer_get(ps, &key, &p);
	if (err || !p)
		return err;
	if (c && c->proto && c->proto != p->proto) {
		p->proto = c->proto;
		name_peer(p);
	}
	*out = p->label;
	return err;
}
