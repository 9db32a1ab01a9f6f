/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names that statistics give themselves, where no request gave one. Each is
 * one object, so that its address can be part of a key.
 */
#ifndef REQTRACE_STATS_NAMES_H
#define REQTRACE_STATS_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "model/request.h"

extern const char name_none[];	     /* "" */
extern const char name_other[];	     /* what found no room of its own */
extern const char name_summarised[]; /* what lost its operation */

/* "tcp" or "unix": the protocol of what no parser knew. */
const char *names__transport(enum rt_transport transport);

/* "127.0.0.1", "::1" or "unix" into buf: addr as in struct request. */
void names__address(char *buf, size_t size, enum rt_transport transport,
		    const uint8_t addr[16]);

/* "127.0.0.1:8080", "[::1]:80" or "unix" into buf. */
void names__endpoint(char *buf, size_t size, enum rt_transport transport,
		     const uint8_t addr[16], uint16_t port);

#endif
