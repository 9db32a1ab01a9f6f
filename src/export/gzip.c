// SPDX-License-Identifier: GPL-2.0-only
/* See gzip.h. */
#include "export/gzip.h"

#include <errno.h>
#include <zlib.h>

#define WINDOW_GZIP (15 + 16) /* zlib.h: 32 KiB, with a gzip header */
#define MEMORY 8	      /* zlib.h: the default */

void gzip__add(struct buffer *out, const void *bytes, size_t len)
{
	z_stream z = {0};
	size_t room, before = out->len;

	if (out->err)
		return;
	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_GZIP,
			 MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
		out->err = -ENOMEM;
		return;
	}
	room = deflateBound(&z, len);
	z.next_out = buffer__grow(out, room);
	z.avail_out = room;
	z.next_in = (Bytef *)bytes;
	z.avail_in = len;
	/* One call does it: that is what the bound means. */
	if (z.next_out && deflate(&z, Z_FINISH) == Z_STREAM_END)
		out->len = before + z.total_out;
	else if (!out->err)
		out->err = -EFBIG;
	deflateEnd(&z);
}
