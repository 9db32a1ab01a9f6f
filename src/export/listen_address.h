/* SPDX-License-Identifier: GPL-2.0-only */
/* What --listen takes: text in, a numeric address and a port out. */
#ifndef REQTRACE_EXPORT_LISTEN_ADDRESS_H
#define REQTRACE_EXPORT_LISTEN_ADDRESS_H

#include <stdint.h>

/* The port is that of OpenTelemetry's own Prometheus exporter. */
#define LISTEN_ADDRESS_HOST "127.0.0.1"
#define LISTEN_ADDRESS_PORT 9464

/* Host and port of ADDR:PORT, [ADDR]:PORT, ADDR, :PORT or PORT; *host is the
 * caller's. 0 or -EINVAL, also when out of memory. */
int listen_address__parse(const char *text, char **host, uint16_t *port);

#endif
