// SPDX-License-Identifier: GPL-2.0-only
/* See iter.h. */
#include "source/iter.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define BUFFER (16 * ITER_RECORD_MAX)

int iter__attach(struct bpf_program *prog, struct bpf_map *map,
		 struct bpf_link **link)
{
	union bpf_iter_link_info info = {};
	LIBBPF_OPTS(bpf_iter_attach_opts, opts);

	if (map) {
		info.map.map_fd = bpf_map__fd(map);
		opts.link_info = &info;
		opts.link_info_len = sizeof(info);
	}
	*link = bpf_program__attach_iter(prog, &opts);
	return *link ? 0 : -errno;
}

/* Hand on the whole records in the buffer; *len is what is left of one. */
static int take(const struct iter_run *run, char *buffer, size_t *len)
{
	size_t at = 0;
	int err = 0;

	if (!run->each) {
		*len = 0;
		return 0;
	}
	for (; !err && *len - at >= run->size; at += run->size)
		err = run->each(run->ctx, buffer + at);
	memmove(buffer, buffer + at, *len - at);
	*len -= at;
	return err;
}

int iter__run(struct bpf_link *link, const struct iter_run *run)
{
	_Alignas(8) char buffer[BUFFER];
	int fd = bpf_iter_create(bpf_link__fd(link)), err = 0;
	size_t len = 0;
	ssize_t n = 1;

	if (fd < 0)
		return fd;
	while (!err && n) {
		n = read(fd, buffer + len, sizeof(buffer) - len);
		/* EAGAIN: a million objects without output (bpf_seq_read()). */
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			err = -errno;
		if (n > 0) {
			len += n;
			err = take(run, buffer, &len);
		}
		if (!err && run->pause)
			err = run->pause(run->ctx);
	}
	close(fd);
	return err;
}
