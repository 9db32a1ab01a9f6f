// SPDX-License-Identifier: GPL-2.0-only
/* See ahead.h. */
#include "ahead.h"

#include <string.h>

/* What is read of a record that nobody has checked yet. */
_Static_assert(offsetof(struct rt_exchange, peer.cookie) ==
		       offsetof(struct rt_connection, peer.cookie),
	       "cookies of all kinds are in one place");

void ahead__put(struct ahead *a, const void *record, size_t size)
{
	struct ahead_record *to = ahead__at(a, a->len++);

	to->size = size;
	memcpy(to->bytes, record, size);
	memcpy(&to->cookie,
	       to->bytes + offsetof(struct rt_connection, peer.cookie),
	       sizeof(to->cookie));
}

const struct ahead_record *ahead__take(struct ahead *a)
{
	const struct ahead_record *oldest = ahead__at(a, 0);

	if (!a->len)
		return NULL;
	a->first = (a->first + 1) % AHEAD_RECORDS;
	a->len--;
	return oldest;
}
