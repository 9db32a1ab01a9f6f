/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the test peers share: the clock, addresses, and the books in which
 * they write what truly happened. Fed by peers, yields JSON on stdout.
 */
#ifndef PEER_H
#define PEER_H

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PEER_FN static inline __attribute__((unused))

/* Individual durations kept; sums and counts go on beyond. */
#define BOOK_MAX 4096
#define BOOK_STATUSES 600

/* Shared between forked workers, so only atomics. Times are ns. */
struct book {
	atomic_ullong connections;
	atomic_ullong requests;	 /* begun */
	atomic_ullong responses; /* sent or received whole */
	atomic_ullong aborted;	 /* given up on purpose */
	atomic_ullong failed;	 /* an I/O error on the way */
	atomic_ullong bytes_in, bytes_out;
	atomic_ullong sum, max;
	atomic_uint entries;
	uint64_t duration[BOOK_MAX];
	uint64_t first_byte[BOOK_MAX];
	atomic_uint status[BOOK_STATUSES];
};

PEER_FN uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

PEER_FN void sleep_ms(long ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

__attribute__((noreturn, format(printf, 1, 2))) PEER_FN void die(
	const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

PEER_FN struct book *book__new(void)
{
	struct book *b = mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (b == MAP_FAILED)
		die("mmap: %m");
	return b;
}

/* duration and first_byte in ns, from the same beginning. */
PEER_FN void book__add(struct book *b, uint64_t duration, uint64_t first_byte)
{
	unsigned int i = atomic_fetch_add(&b->entries, 1);
	unsigned long long max = atomic_load(&b->max);

	if (i < BOOK_MAX) {
		b->duration[i] = duration;
		b->first_byte[i] = first_byte;
	}
	atomic_fetch_add(&b->sum, duration);
	while (duration > max &&
	       !atomic_compare_exchange_weak(&b->max, &max, duration))
		;
}

PEER_FN void book__list(const char *name, const uint64_t *ns, unsigned int len)
{
	printf(", \"%s\": [", name);
	for (unsigned int i = 0; i < len; i++)
		printf("%s%.9f", i ? ", " : "", (double)ns[i] / 1e9);
	putchar(']');
}

/* One line of JSON; event says on what occasion. */
PEER_FN void book__print(struct book *b, const char *event)
{
	unsigned int len = atomic_load(&b->entries);
	const char *comma = "";

	printf("{\"event\": \"%s\", \"connections\": %llu, \"requests\": %llu, "
	       "\"responses\": %llu, \"aborted\": %llu, \"failed\": %llu, "
	       "\"bytes_in\": %llu, \"bytes_out\": %llu, \"entries\": %u, "
	       "\"sum\": %.9f, \"max\": %.9f",
	       event, b->connections, b->requests, b->responses, b->aborted,
	       b->failed, b->bytes_in, b->bytes_out, len, (double)b->sum / 1e9,
	       (double)b->max / 1e9);
	if (len > BOOK_MAX)
		len = BOOK_MAX;
	book__list("durations", b->duration, len);
	book__list("first_bytes", b->first_byte, len);
	printf(", \"status\": {");
	for (int i = 0; i < BOOK_STATUSES; i++) {
		if (!b->status[i])
			continue;
		printf("%s\"%d\": %u", comma, i, b->status[i]);
		comma = ", ";
	}
	printf("}}\n");
	fflush(stdout);
}

struct address {
	struct sockaddr_storage sa;
	socklen_t len;
};

PEER_FN void address__unix(struct address *a, const char *path)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&a->sa;

	if (strlen(path) >= sizeof(un->sun_path))
		die("path too long: %s", path);
	un->sun_family = AF_UNIX;
	strcpy(un->sun_path, path);
	a->len = sizeof(*un);
}

/* "unix:PATH", "HOST:PORT" or "[HOST]:PORT", HOST numeric. */
PEER_FN void address__parse(struct address *a, const char *text)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				 .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	char host[128];
	char *port, *begin = host;

	memset(a, 0, sizeof(*a));
	if (!strncmp(text, "unix:", 5)) {
		address__unix(a, text + 5);
		return;
	}
	snprintf(host, sizeof(host), "%s", text);
	port = strrchr(host, ':');
	if (!port)
		die("no port in %s", text);
	*port++ = '\0';
	if (*begin == '[') {
		begin++;
		port[-2] = '\0';
	}
	if (getaddrinfo(begin, port, &hints, &found))
		die("bad address %s", text);
	memcpy(&a->sa, found->ai_addr, found->ai_addrlen);
	a->len = found->ai_addrlen;
	freeaddrinfo(found);
}

/* A listening socket, and its port (0 for UNIX) in *port. */
PEER_FN int address__listen(const struct address *a, int *port)
{
	struct sockaddr_in6 bound = {0};
	socklen_t len = sizeof(bound);
	int one = 1, zero = 0;
	int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket: %m");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (a->sa.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(fd, (const struct sockaddr *)&a->sa, a->len))
		die("bind: %m");
	if (listen(fd, 4096))
		die("listen: %m");
	*port = 0;
	if (a->sa.ss_family == AF_UNIX)
		return fd;
	if (getsockname(fd, (struct sockaddr *)&bound, &len))
		die("getsockname: %m");
	*port = ntohs(bound.sin6_port); /* same place as sin_port */
	return fd;
}

/* Number after "name=" in a query, or otherwise. */
PEER_FN long query__number(const char *query, const char *name, long otherwise)
{
	size_t len = strlen(name);

	for (const char *at = query; at && *at; at = strchr(at, '&')) {
		if (*at == '&')
			at++;
		if (!strncmp(at, name, len) && at[len] == '=')
			return strtol(at + len + 1, NULL, 10);
	}
	return otherwise;
}

#endif
