// SPDX-License-Identifier: GPL-2.0-only
/* See procfs.h. */
#include "source/procfs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* PROC_PID_INIT_INO, include/linux/proc_ns.h */
#define INITIAL_PID_NAMESPACE 0xEFFFFFFCu

static void line__number(const char *line, const char *key, uint32_t *out)
{
	size_t len = strlen(key);

	if (!strncmp(line, key, len))
		*out = strtoul(line + len, NULL, 10);
}

/* Name, Tgid and PPid of /proc/PID/status. */
static int read__status(struct procfs_process *p)
{
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/status", p->pid);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? -ESRCH : -errno;
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "Name:\t", 6)) {
			line[strcspn(line, "\n")] = 0;
			snprintf(p->comm, sizeof(p->comm), "%.15s", line + 6);
		}
		line__number(line, "Tgid:\t", &p->tgid);
		line__number(line, "PPid:\t", &p->ppid);
	}
	fclose(f);
	return p->tgid ? 0 : -ESRCH;
}

int procfs__read(uint32_t pid, struct procfs_process *out)
{
	char path[64];
	ssize_t n;
	int err;

	memset(out, 0, sizeof(*out));
	out->pid = pid;
	err = read__status(out);
	if (err)
		return err;
	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	n = readlink(path, out->exe, sizeof(out->exe) - 1);
	out->exe[n > 0 ? n : 0] = 0;
	return 0;
}

int procfs__each(int (*fn)(void *ctx, const struct procfs_process *p),
		 void *ctx)
{
	struct procfs_process p;
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		memset(&p, 0, sizeof(p));
		p.pid = strtoul(entry->d_name, NULL, 10);
		if (!read__status(&p))
			err = fn(ctx, &p);
	}
	closedir(dir);
	return err;
}

bool procfs__initial_pid_namespace(void)
{
	struct stat st;

	return !stat("/proc/self/ns/pid", &st) &&
	       st.st_ino == INITIAL_PID_NAMESPACE;
}
