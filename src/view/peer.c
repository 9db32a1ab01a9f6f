/* SPDX-License-Identifier: GPL-2.0-only */
/* See peer.h. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "view/peer.h"

char *peer__endpoint(char *buf, const struct request *r)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct in6_addr in6;

	memcpy(&in6, r->remote_addr, sizeof(in6));
	if (r->transport == RT_TRANSPORT_UNIX) {
		snprintf(buf, PEER_LEN, "unix");
	} else if (IN6_IS_ADDR_V4MAPPED(&in6)) {
		inet_ntop(AF_INET, r->remote_addr + 12, text, sizeof(text));
		snprintf(buf, PEER_LEN, "%s:%u", text, r->remote_port);
	} else {
		inet_ntop(AF_INET6, &in6, text, sizeof(text));
		snprintf(buf, PEER_LEN, "[%s]:%u", text, r->remote_port);
	}
	return buf;
}
