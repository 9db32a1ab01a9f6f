/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Test data as text: a file of cases, a case of named fields, a field of
 * bytes. For every unit test that reads tests/data/.
 *
 *	# a comment
 *	case: three commands in one receive
 *	request: *1\r\n$4\r\nPING\r\n
 *	request*2: PING\r\n
 *	operations: 3
 *
 * A case begins with "case:" and ends at the next one. A field that is given
 * again, or with "*N", is appended to. Values know \r \n \t \0 \\ \xHH; one
 * space after the colon is not part of them.
 */
#ifndef REQTRACE_TESTS_DATA_FILE_H
#define REQTRACE_TESTS_DATA_FILE_H

#include <stddef.h>
#include <stdint.h>

struct data_field {
	char *key;
	uint8_t *value; /* a zero byte follows it */
	size_t len;
};

struct data_case {
	char *name;
	int line;
	struct data_field *fields;
	size_t fields_len;
};

struct data_file {
	const char *path; /* the caller's */
	struct data_case *cases;
	size_t cases_len;
};

/* Read the file. On any mistake in it, say where on stderr and exit(1): a
 * test without its data must not pass. */
struct data_file *data_file__load(const char *path);
void data_file__free(struct data_file *f); /* accepts NULL */

/* The field, or NULL. */
const struct data_field *data_case__find(const struct data_case *c,
					 const char *key);

/* Its text, or otherwise. */
const char *data_case__text(const struct data_case *c, const char *key,
			    const char *otherwise);

/* Its number (decimal, or hexadecimal after 0x), or otherwise. */
uint64_t data_case__number(const struct data_case *c, const char *key,
			   uint64_t otherwise);

#endif
