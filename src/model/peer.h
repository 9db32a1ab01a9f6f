/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of the peers that calls out go to, bounded in number:
 *
 *   redis:6379               on this machine
 *   redis 10.0.0.5:6379      elsewhere
 *   10.0.0.5:7777            neither the protocol nor the port tells more
 *   redis (unix), unix
 */
#ifndef REQTRACE_MODEL_PEER_H
#define REQTRACE_MODEL_PEER_H

#include "base/intern.h"
#include "model/connection.h"

/* Addresses that have a name of their own: more than any table shows, and
 * less than a crawler calls. */
#define PEERS_MAX 1024
/* Names of UNIX sockets: one a protocol. */
#define PEERS_UNIX_MAX 64

extern const char peer__other[];   /* "other": past a bound */
extern const char peer__client[];  /* "client": the exchange's own */
extern const char peer__clients[]; /* "other clients" */

struct peers {
	struct intern unix_labels;
	struct peer *by_address;
};

void peers__init(struct peers *ps);
void peers__free(struct peers *ps);

/* The name of the peer of call, which is not the exchange's own; c is a
 * connection to it, or NULL. Lives as long as ps; its text changes once, when
 * the protocol becomes known. 0 or -ENOMEM. */
int peers__label(struct peers *ps, const struct rt_call *call,
		 const struct connection *c, const char **out);

#endif
