/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a file descriptor of a task to the file and the socket behind it. No
 * lock protects these ways, so what they find is only good for reading by
 * probes: bare addresses, which the kernel takes for no argument of a helper.
 */
#ifndef REQTRACE_BPF_FILE_H
#define REQTRACE_BPF_FILE_H

#include "core.h"

/* include/uapi/linux/stat.h */
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFREG 0100000
#define S_IFBLK 0060000

/* The file, or NULL. */
static __always_inline struct file *file__of(struct task_struct *task, u64 fd)
{
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file *file = NULL, **array;

	if (!fdt || fd >= BPF_CORE_READ(fdt, max_fds))
		return NULL;
	array = BPF_CORE_READ(fdt, fd);
	bpf_probe_read_kernel(&file, sizeof(file), array + fd);
	return file;
}

static __always_inline bool file__is_socket(struct file *file)
{
	return (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) == S_IFSOCK;
}

/* The struct socket of a file that is one. */
static __always_inline struct socket *file__socket(struct file *file)
{
	return BPF_CORE_READ(file, private_data);
}

/* The address of its struct sock, or 0. */
static __always_inline u64 file__sock(struct file *file)
{
	struct socket *socket = file__socket(file);

	return socket ? (u64)BPF_CORE_READ(socket, sk) : 0;
}

#endif
