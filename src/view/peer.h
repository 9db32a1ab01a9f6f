/* SPDX-License-Identifier: GPL-2.0-only */
/* The other side of a finished request, as text. */
#ifndef REQTRACE_VIEW_PEER_H
#define REQTRACE_VIEW_PEER_H

#include "model/request.h"

#define PEER_LEN 64

/* "192.0.2.1:40000", "[2001:db8::1]:40000" or "unix" into buf[PEER_LEN].
 * Returns buf. */
char *peer__endpoint(char *buf, const struct request *r);

#endif
