// SPDX-License-Identifier: GPL-2.0-only
/* See recording.h. */
#include "source/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reqtrace/record.h"

#define MAGIC "REQTRACE"
#define BYTE_ORDER_MARK 0x1234
/* Larger than any record: an rt_summary with all its buckets. */
#define RECORD_MAX 65536

struct file_header {
	char magic[8];
	uint32_t version;
	uint16_t order;
	uint16_t pad;
};

struct recording {
	FILE *file;
	int err;
};

static size_t padded(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

/* Only for its owner: records hold the first bytes of requests and answers. */
static FILE *recording__open(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");

	if (fd >= 0 && !file)
		close(fd);
	return file;
}

int recording__create(struct recording **out, const char *path,
		      struct error *err)
{
	struct file_header head = {MAGIC, RT_RECORD_VERSION, BYTE_ORDER_MARK,
				   0};
	struct recording *r = calloc(1, sizeof(*r));
	int code;

	if (!r)
		return error__set(err, -ENOMEM, "out of memory");
	r->file = recording__open(path);
	if (!r->file) {
		code = -errno;
		error__set(err, code,
			   "cannot write the recording %s: %s; choose a file "
			   "that can be written",
			   path, strerror(-code));
		free(r);
		return code;
	}
	if (fwrite(&head, sizeof(head), 1, r->file) != 1)
		r->err = -EIO;
	*out = r;
	return 0;
}

int recording__write(struct recording *r, const void *record)
{
	static const char zero[8];
	uint32_t size = ((const struct rt_header *)record)->size;
	size_t pad = padded(size) - size;

	if (r->err)
		return r->err;
	if (fwrite(record, size, 1, r->file) != 1 ||
	    (pad && fwrite(zero, pad, 1, r->file) != 1))
		r->err = errno ? -errno : -EIO;
	return r->err;
}

void recording__flush(struct recording *r)
{
	if (fflush(r->file) && !r->err)
		r->err = -errno;
}

int recording__close(struct recording *r)
{
	int err;

	if (!r)
		return 0;
	err = r->err;
	if (fclose(r->file) && !err)
		err = -errno;
	free(r);
	return err;
}

static int replay__head(FILE *f, const char *path, struct error *err)
{
	struct file_header head;

	if (fread(&head, sizeof(head), 1, f) != 1 ||
	    memcmp(head.magic, MAGIC, sizeof(head.magic)))
		return error__set(err, -EBADMSG,
				  "%s is not a recording of reqtrace; make one "
				  "with --record FILE",
				  path);
	if (head.order != BYTE_ORDER_MARK)
		return error__set(err, -EBADMSG,
				  "%s was recorded on a machine of the other "
				  "byte order; replay it on one like that",
				  path);
	if (head.version != RT_RECORD_VERSION)
		return error__set(
			err, -EBADMSG,
			"%s has record version %u, this reqtrace reads "
			"%u; replay it with the version that made it",
			path, head.version, RT_RECORD_VERSION);
	return 0;
}

/* One record into buffer: 1, 0 at the end of the file, negative errno. */
static int replay__record(FILE *f, unsigned char *buffer)
{
	struct rt_header *head = (struct rt_header *)buffer;
	size_t n = fread(buffer, 1, sizeof(*head), f), rest;

	if (n == 0)
		return ferror(f) ? -EIO : 0;
	if (n < sizeof(*head) || head->size < sizeof(*head) ||
	    head->size > RECORD_MAX)
		return -EBADMSG;
	rest = padded(head->size) - sizeof(*head);
	if (fread(buffer + sizeof(*head), 1, rest, f) != rest)
		return -EBADMSG;
	return 1;
}

static int replay__records(FILE *f, const char *path, unsigned char *buffer,
			   source_fn fn, void *ctx, struct error *err)
{
	const struct rt_header *head = (const struct rt_header *)buffer;
	int code;

	while ((code = replay__record(f, buffer)) > 0) {
		code = fn(ctx, buffer, head->size);
		if (code < 0)
			return code;
	}
	if (code)
		error__set(err, code,
			   "%s ends in the middle of a record; what is before "
			   "it was replayed",
			   path);
	return code;
}

int recording__replay(const char *path, source_fn fn, void *ctx,
		      struct error *err)
{
	unsigned char *buffer = NULL;
	FILE *f = fopen(path, "rbe");
	int code;

	if (!f) {
		code = -errno;
		return error__set(err, code, "cannot read %s: %s", path,
				  strerror(-code));
	}
	code = replay__head(f, path, err);
	if (code)
		goto out;
	code = -ENOMEM;
	buffer = aligned_alloc(8, RECORD_MAX + 8);
	if (!buffer) {
		error__set(err, code, "out of memory");
		goto out;
	}
	code = replay__records(f, path, buffer, fn, ctx, err);
out:
	free(buffer);
	fclose(f);
	return code;
}
