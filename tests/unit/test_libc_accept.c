// SPDX-License-Identifier: GPL-2.0-only
/* Where accept() of a C library returns from its system call: this machine's
 * own library, and files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "source/libc_accept.h"

static const char *libc_path(void)
{
	Dl_info info;

	/* Not accept4(), which the sanitizers put their own before. */
	assert_int_not_equal(dladdr((void *)(uintptr_t)getppid, &info), 0);
	return info.dli_fname;
}

static void jumps_follow_the_call(void **state)
{
	static const uint8_t before[] = {0x0f, 0x05, 0x48, 0x3d,
					 0x00, 0xf0, 0xff, 0xff};
	uint8_t code[sizeof(before) + 1];
	size_t at[LIBC_ACCEPT_MAX], len;
	int fd = open(libc_path(), O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	len = libc_accept__jumps(libc_path(), "accept4", at);
#if defined(__x86_64__) && defined(__GLIBC__)
	assert_true(len >= 1);
#else
	assert_int_equal(len, 0);
#endif
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(
			pread(fd, code, sizeof(code), at[i] - sizeof(before)),
			sizeof(code));
		assert_memory_equal(code, before, sizeof(before));
		assert_int_equal(code[sizeof(before)], 0x77);
	}
	close(fd);
}

static void others_have_none(void **state)
{
	size_t at[LIBC_ACCEPT_MAX];

	(void)state;
	/* A function that calls the kernel, but has another name; none; no
	 * library; no file. */
	assert_int_equal(libc_accept__jumps(libc_path(), "no_such", at), 0);
	assert_int_equal(libc_accept__jumps(libc_path(), "strlen", at), 0);
	assert_int_equal(libc_accept__jumps("/etc/passwd", "accept4", at), 0);
	assert_int_equal(libc_accept__jumps("/nonexistent", "accept4", at), 0);
}

/* The first bytes of the library alone, as many as there are of its headers. */
static void cut_files_have_none(void **state)
{
	char path[] = "/tmp/reqtrace-libc-XXXXXX", head[4096];
	size_t at[LIBC_ACCEPT_MAX];
	int from = open(libc_path(), O_RDONLY | O_CLOEXEC);
	int to = mkstemp(path);

	(void)state;
	assert_true(from >= 0 && to >= 0);
	assert_int_equal(read(from, head, sizeof(head)), sizeof(head));
	for (size_t len = 0; len <= sizeof(head); len += 64) {
		assert_int_equal(ftruncate(to, 0), 0);
		assert_int_equal(pwrite(to, head, len, 0), len);
		assert_int_equal(libc_accept__jumps(path, "accept4", at), 0);
	}
	close(from);
	close(to);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jumps_follow_the_call),
		cmocka_unit_test(others_have_none),
		cmocka_unit_test(cut_files_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
