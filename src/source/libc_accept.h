/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where in a C library's accept() the result of the system call is known: at
 * the conditional jump right behind it,
 *
 *   0f 05                syscall
 *   48 3d 00 f0 ff ff    cmp $-4096,%rax
 *   77 xx                ja  error          <- here
 *
 * The kernel emulates a jump that is probed. The first instruction of these
 * functions it must execute out of line, with a single step and two traps; a
 * return probe there cost 23 us an accept in a virtual machine, this 0.1-0.8.
 */
#ifndef REQTRACE_SOURCE_LIBC_ACCEPT_H
#define REQTRACE_SOURCE_LIBC_ACCEPT_H

#include <stddef.h>

#define LIBC_ACCEPT_MAX 4

/* The file offsets of these jumps in a function of the ELF file at path; there
 * is one for programs with threads and one for others. Returns how many are in
 * out; 0 if there are none, such as on another architecture. */
size_t libc_accept__jumps(const char *path, const char *function,
			  size_t out[LIBC_ACCEPT_MAX]);

#endif
