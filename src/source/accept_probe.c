// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owns the probes. Fed with processes; the programs that they run yield
 * records in the ring.
 */
#include "source/accept_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/libc_accept.h"

#define PATH_LEN (PATH_MAX + 32)

/* Processes that are looked at again, and how often: a program that was just
 * started maps its library a few milliseconds later. */
#define LATER_MAX 64
#define TRIES 3

/* A machine full of containers has some ten versions of a few libraries; a
 * process that maps ever new files must not have us hold them all. */
#define FILES_MAX 64

struct probe {
	dev_t dev;
	ino_t ino;
	struct bpf_link *link[2 * LIBC_ACCEPT_MAX]; /* accept() and accept4() */
	size_t links; /* 0: it has no such function */
	struct probe *next;
};

struct accept_probe {
	struct bpf_program *prog;
	struct probe *all;
	size_t len;
	struct {
		uint32_t pid;
		int tries;
	} later[LATER_MAX];
	size_t later_len;
};

struct accept_probe *accept_probe__new(struct bpf_program *prog)
{
	struct accept_probe *p = calloc(1, sizeof(*p));

	if (p)
		p->prog = prog;
	return p;
}

void accept_probe__free(struct accept_probe *p)
{
	struct probe *next;

	if (!p)
		return;
	for (struct probe *one = p->all; one; one = next) {
		next = one->next;
		for (size_t i = 0; i < one->links; i++)
			bpf_link__destroy(one->link[i]);
		free(one);
	}
	free(p);
}

/* A mapped file that may be a C library: libc.so.6, libc-2.31.so,
 * ld-musl-x86_64.so.1; older glibc has accept() in libpthread, too. */
static int is_libc(const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	return !strncmp(name, "libc.so", 7) || !strncmp(name, "libc-", 5) ||
	       !strncmp(name, "libpthread", 10) ||
	       !strncmp(name, "ld-musl", 7) || !strncmp(name, "libc.musl", 9);
}

/* In every process that maps the file: the program leaves at once if it is not
 * traced. jump: where the result is known; 0: when the function returns. */
static void probe__attach(struct probe *one, struct bpf_program *prog,
			  const char *path, const char *function, size_t jump)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts);
	struct bpf_link *link;

	if (!jump) {
		opts.func_name = function;
		opts.retprobe = true;
	}
	link = bpf_program__attach_uprobe_opts(prog, -1, path, jump, &opts);
	if (link)
		one->link[one->links++] = link;
}

static void probe__function(struct probe *one, struct bpf_program *prog,
			    const char *path, const char *function)
{
	size_t jump[LIBC_ACCEPT_MAX];
	size_t jumps = libc_accept__jumps(path, function, jump);

	if (!jumps)
		probe__attach(one, prog, path, function, 0);
	for (size_t i = 0; i < jumps; i++)
		probe__attach(one, prog, path, function, jump[i]);
}

/* 0 or -ENOMEM. */
static int probe__add(struct accept_probe *p, const char *path,
		      const struct stat *st, struct probe **out)
{
	struct probe *one = calloc(1, sizeof(*one));

	if (!one)
		return -ENOMEM;
	one->dev = st->st_dev;
	one->ino = st->st_ino;
	probe__function(one, p->prog, path, "accept");
	probe__function(one, p->prog, path, "accept4");
	one->next = p->all;
	p->all = one;
	p->len++;
	*out = one;
	return 0;
}

static struct probe *probe__find(const struct accept_probe *p,
				 const struct stat *st)
{
	struct probe *one = p->all;

	while (one && (one->dev != st->st_dev || one->ino != st->st_ino))
		one = one->next;
	return one;
}

/* fd: of the file, which is not open for anything. 0, or -ENOENT if it has none
 * of the functions. */
static int probe__fd(struct accept_probe *p, int fd)
{
	struct probe *one;
	struct stat st;
	char path[64];
	int err;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	one = probe__find(p, &st);
	if (!one) {
		if (p->len == FILES_MAX)
			return -ENOSPC;
		/* Whatever the process does to its path meanwhile. */
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		err = probe__add(p, path, &st, &one);
		if (err)
			return err;
	}
	return one->links ? 0 : -ENOENT;
}

/*
 * path: as seen from the root of the process. It is the process that says what
 * is there: a pipe would block whoever opens it, and a device may do anything,
 * so it is looked at before it is opened.
 */
static int probe__file(struct accept_probe *p, uint32_t pid, const char *path)
{
	char full[PATH_LEN];
	int fd, err;

	snprintf(full, sizeof(full), "/proc/%" PRIu32 "/root%s", pid, path);
	fd = open(full, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = probe__fd(p, fd);
	close(fd);
	return err;
}

/* The path that a line of /proc/PID/maps ends with; NULL: no file.
 *   7f..-7f.. r-xp 00028000 08:01 1234    /lib/x86_64-linux-gnu/libc.so.6 */
static char *mapped_file(char *line)
{
	char *path = strchr(line, '/');

	if (!path || !strstr(line, " r-xp "))
		return NULL;
	path[strcspn(path, "\n")] = '\0';
	return path;
}

/* How many libraries of pid are probed. */
static int probe__process(struct accept_probe *p, uint32_t pid)
{
	char name[64], line[PATH_LEN + 128], *path;
	int found = 0;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%" PRIu32 "/maps", pid);
	f = fopen(name, "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		path = mapped_file(line);
		if (path && is_libc(path) && !probe__file(p, pid, path))
			found++;
	}
	fclose(f);
	return found;
}

void accept_probe__process(struct accept_probe *p, uint32_t pid)
{
	if (probe__process(p, pid) || p->later_len == LATER_MAX)
		return;
	p->later[p->later_len].pid = pid;
	p->later[p->later_len++].tries = 0;
}

void accept_probe__retry(struct accept_probe *p)
{
	size_t left = 0;

	for (size_t i = 0; i < p->later_len; i++) {
		if (probe__process(p, p->later[i].pid) ||
		    ++p->later[i].tries == TRIES)
			continue;
		p->later[left++] = p->later[i];
	}
	p->later_len = left;
}
