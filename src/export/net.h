/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether this build can send and serve. A static binary cannot: libcurl and
 * libmicrohttpd need libraries of which Debian has no archives. There no_net.c
 * stands for net.c, otlp_client.c and http_server.c (Makefile).
 */
#ifndef REQTRACE_EXPORT_NET_H
#define REQTRACE_EXPORT_NET_H

/* Why it cannot, in a sentence; NULL: it can. */
const char *net__missing(void);

#endif
