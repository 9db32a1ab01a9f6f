/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The entries of the table in proto.c, each owned by the file it is named
 * after. For src/proto/ and its tests only.
 */
#ifndef REQTRACE_PROTO_PARSERS_H
#define REQTRACE_PROTO_PARSERS_H

#include "proto/proto.h"

extern const struct proto proto_http;
extern const struct proto proto_redis;
extern const struct proto proto_tls;

#endif
