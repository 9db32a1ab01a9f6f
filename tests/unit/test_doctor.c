/* SPDX-License-Identifier: GPL-2.0-only */
/* What doctor's findings look like (view/doctor.h). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "view/doctor.h"
#include "view_golden.h"

/* A kernel of which the engine syscall is the only one that works. */
static const char *const lost[] = {
	"Durations start at the read: the time that a request waits in its "
	"socket is not seen",
	NULL};

static const struct doctor works = {
	.version = "0.1.0",
	.facts = {{"kernel", "Kernel", DOCTOR_OK, "5.15.0"},
		  {"seccomp", "Seccomp", DOCTOR_NOTE, "a filter"},
		  {"lockdown", "Lockdown", DOCTOR_OK, "integrity"}},
	.facts_len = 3,
	.capabilities = {{"CAP_BPF", "to load programs", true, true},
			 {"CAP_SYS_PTRACE",
			  "to tell the executables of other users' processes",
			  false, false}},
	.capabilities_len = 2,
	.hooks = {{"moved", "Bytes received and sent", "sock",
		   "tp_btf/sock_recv_length",
		   "this kernel has no such tracepoint", NULL, true, false},
		  {"moved", "Bytes received and sent", "fexit",
		   "fexit/unix_stream_recvmsg",
		   "this kernel forbids trampolines (EPERM)", NULL, true,
		   false},
		  {"moved", "Bytes received and sent", "fexit",
		   "fexit/inet_sendpage", "this kernel has no such function",
		   NULL, false, false},
		  {"moved", "Bytes received and sent", "syscall",
		   "tp_btf/sys_exit", NULL, NULL, true, false},
		  {"threads", "Where the time goes", "all",
		   "kfunc/bpf_task_from_pid",
		   "this kernel has no such function", "The last wait", false,
		   false}},
	.hooks_len = 5,
	.engines = {{"sock",
		     "tp_btf/sock_recv_length: this kernel has no such "
		     "tracepoint",
		     false},
		    {"syscall", "", false}},
	.engines_len = 2,
	.engine = "syscall",
	.lost = lost,
	.advice = {"Linux 6.3 and newer have the tracepoints of the engine "
		   "sock"},
	.advice_len = 1,
};

static const struct doctor refuses = {
	.version = "0.1.0",
	.facts = {{"btf", "Types (BTF)", DOCTOR_BAD, "none"}},
	.facts_len = 1,
	.capabilities = {{"CAP_BPF", "to load programs", true, false}},
	.capabilities_len = 1,
	.hooks = {{"moved", "Bytes received and sent", "sock",
		   "tp_btf/sock_recv_length", "needs CAP_BPF", NULL, true,
		   true}},
	.hooks_len = 1,
	.engines = {{"sock", "needs CAP_BPF", true}},
	.engines_len = 1,
	.refusal = "tracing needs CAP_BPF, which this user does not have",
};

/* Owned. style NULL: JSON. */
static char *printed(const struct doctor *d, const struct view_style *style)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(style ? doctor__print(d, style, out)
			       : doctor__print_json(d, out),
			 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void golden(const struct doctor *d, const struct view_style *style,
		   const char *name)
{
	char *text = printed(d, style);

	view_golden__equal(text, name);
	free(text);
}

static void text_is_as_it_was(void **state)
{
	static const struct view_style wide = {.width = 80};
	static const struct view_style narrow = {.width = 50};

	(void)state;
	golden(&works, &wide, "doctor.txt");
	golden(&works, &narrow, "doctor-narrow.txt");
	golden(&refuses, &wide, "doctor-refuses.txt");
}

static void lines_fit_the_width(void **state)
{
	static const struct view_style style = {.width = 60};
	char *text = printed(&works, &style), *save = NULL;

	(void)state;
	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		assert_in_range(strlen(line), 1, 60);
	free(text);
}

static void json_is_as_it_was(void **state)
{
	(void)state;
	golden(&works, NULL, "doctor-json.txt");
	golden(&refuses, NULL, "doctor-refuses-json.txt");
}

static void failures_to_write_are_told(void **state)
{
	static const struct view_style style = {.width = 80};
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	assert_int_equal(doctor__print(&works, &style, full), -ENOSPC);
	fclose(full);
	full = fopen("/dev/full", "w");
	assert_non_null(full);
	assert_int_equal(doctor__print_json(&works, full), -ENOSPC);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_as_it_was),
		cmocka_unit_test(lines_fit_the_width),
		cmocka_unit_test(json_is_as_it_was),
		cmocka_unit_test(failures_to_write_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
