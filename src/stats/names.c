/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names that statistics give: owns the fixed ones, is fed addresses, yields
 * their text.
 */
#include "stats/names.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

const char name_none[] = "";
const char name_other[] = "other";
const char name_summarised[] = "(summarised)";

static const char name_tcp[] = "tcp";
static const char name_unix[] = "unix";

const char *names__transport(enum rt_transport transport)
{
	return transport == RT_TRANSPORT_UNIX ? name_unix : name_tcp;
}

/* Text of an address; true if it is IPv6 and no v4-mapped one. */
static bool format(char text[INET6_ADDRSTRLEN], const uint8_t addr[16])
{
	struct in6_addr in6;

	memcpy(&in6, addr, sizeof(in6));
	if (IN6_IS_ADDR_V4MAPPED(&in6)) {
		inet_ntop(AF_INET, addr + 12, text, INET6_ADDRSTRLEN);
		return false;
	}
	inet_ntop(AF_INET6, addr, text, INET6_ADDRSTRLEN);
	return true;
}

void names__address(char *buf, size_t size, enum rt_transport transport,
		    const uint8_t addr[16])
{
	char text[INET6_ADDRSTRLEN];

	if (transport == RT_TRANSPORT_UNIX) {
		snprintf(buf, size, "%s", name_unix);
		return;
	}
	format(text, addr);
	snprintf(buf, size, "%s", text);
}

void names__endpoint(char *buf, size_t size, enum rt_transport transport,
		     const uint8_t addr[16], uint16_t port)
{
	char text[INET6_ADDRSTRLEN];

	if (transport == RT_TRANSPORT_UNIX)
		snprintf(buf, size, "%s", name_unix);
	else if (format(text, addr))
		snprintf(buf, size, "[%s]:%u", text, port);
	else
		snprintf(buf, size, "%s:%u", text, port);
}
