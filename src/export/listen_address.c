// SPDX-License-Identifier: GPL-2.0-only
/* See listen_address.h. */
#include "export/listen_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A port in decimal; 0 if it is none. */
static uint16_t listen__port(const char *text)
{
	unsigned long n;

	if (!*text || strlen(text) > 5 || text[strspn(text, "0123456789")])
		return 0;
	n = strtoul(text, NULL, 10);
	return n <= 65535 ? n : 0;
}

/* The numeric address that a text of len bytes means, the caller's; NULL: it
 * is none, or no memory. */
static char *listen__host(const char *text, size_t len)
{
	struct in6_addr ip;
	int family = AF_INET;
	char *host;

	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		family = AF_INET6;
		text++;
		len -= 2;
	} else if (!len || (len == 9 && !strncmp(text, "localhost", len))) {
		text = LISTEN_ADDRESS_HOST;
		len = strlen(text);
	}
	host = strndup(text, len);
	if (host && inet_pton(family, host, &ip) == 1)
		return host;
	free(host);
	return NULL;
}

int listen_address__parse(const char *text, char **host, uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	size_t len;

	*port = listen__port(text);
	if (*port) {
		len = 0;
	} else if (colon && text[strlen(text) - 1] != ']') {
		*port = listen__port(colon + 1);
		len = (size_t)(colon - text);
	} else {
		*port = LISTEN_ADDRESS_PORT;
		len = strlen(text);
	}
	*host = *port && *text ? listen__host(text, len) : NULL;
	return *host ? 0 : -EINVAL;
}
