/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which engine is taken for which kernel, and what is lost by it
 * (source/plan.h). The kernel is made up here: these functions stand in for
 * those of source/hook.h and source/kernel_types.h.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "source/hook.h"
#include "source/kernel_types.h"
#include "source/permissions.h"
#include "source/plan.h"

#define MISSING_MAX 16
#define SWITCH_ID 1
#define ACCEPT_ID 2
#define TASK_FROM_PID_ID 3

/* What the kernel does not have, by the beginning of its name. */
static struct {
	const char *name[MISSING_MAX];
	int err[MISSING_MAX];
	size_t len;
	int switch_params, accept_params;
	bool preempts;
	bool no_task_from_pid, not_admin;
	bool state_first; /* prev_state before the threads */
	char tried[4096]; /* names, each behind a comma */
} kernel;

static int new_kernel(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.switch_params = 5;
	kernel.accept_params = 2;
	return 0;
}

static void without(const char *name, int err)
{
	assert_true(kernel.len < MISSING_MAX);
	kernel.name[kernel.len] = name;
	kernel.err[kernel.len++] = err;
}

static void without_sock(void)
{
	without("tp_btf/sock_recv_length", -ESRCH);
	without("tp_btf/sock_send_length", -ESRCH);
	without("tp_btf/sk_data_ready", -ESRCH);
}

static void without_trampolines(void)
{
	without("fexit/", -EPERM);
	without("fentry/", -EPERM);
}

int hook__try(const char *name, bool attach, const char **reason)
{
	(void)attach;
	assert_true(strlen(kernel.tried) + strlen(name) + 2 <
		    sizeof(kernel.tried));
	strcat(strcat(kernel.tried, ","), name);
	*reason = NULL;
	for (size_t i = 0; i < kernel.len; i++)
		if (!strncmp(name, kernel.name[i], strlen(kernel.name[i]))) {
			*reason = "it is not there";
			return kernel.err[i];
		}
	return 0;
}

int hook__try_together(const char *const *names, size_t len)
{
	const char *reason;
	int err = 0;

	for (size_t i = 0; !err && i < len; i++)
		err = hook__try(names[i], true, &reason);
	return err;
}

int kernel_types__function(const char *name)
{
	if (!strcmp(name, "bpf_task_from_pid") && !kernel.no_task_from_pid)
		return TASK_FROM_PID_ID;
	return strcmp(name, "inet_csk_accept") == 0 ? ACCEPT_ID : -ESRCH;
}

int kernel_types__tracepoint(const char *name)
{
	return strcmp(name, "sched_switch") == 0 ? SWITCH_ID : -ESRCH;
}

int kernel_types__params(int id)
{
	return id == SWITCH_ID	 ? kernel.switch_params
	       : id == ACCEPT_ID ? kernel.accept_params
				 : -ESRCH;
}

bool kernel_types__param_is_pointer(int id, int param)
{
	assert_int_equal(id, SWITCH_ID);
	return param == 0 || (kernel.state_first ? param == 3 || param == 4
						 : param == 2 || param == 3);
}

bool kernel_types__preempt_tracepoints(void)
{
	return kernel.preempts;
}

bool permissions__admin(void)
{
	return !kernel.not_admin;
}

void kernel_types__free(void)
{
}

/* --- helpers ------------------------------------------------------------- */

static bool has(const char *const *list, const char *what)
{
	for (; *list; list++)
		if (strstr(*list, what))
			return true;
	return false;
}

static size_t count(const char *const *list)
{
	size_t n = 0;

	while (list[n])
		n++;
	return n;
}

static struct plan chosen(enum engine wanted, bool parts)
{
	struct error err = {};
	struct plan p;
	int code = plan__choose(wanted, parts, &p, &err);

	if (code)
		fail_msg("%d: %s", code, err.text);
	assert_string_equal(err.text, "");
	return p;
}

/* The sentence; it names the kernel and what is in words. */
static void refused(enum engine wanted, bool parts, const char *const *words)
{
	struct error err = {};
	struct plan p;

	assert_int_equal(plan__choose(wanted, parts, &p, &err), -ENOTSUP);
	for (; *words; words++)
		if (!strstr(err.text, *words))
			fail_msg("no '%s' in: %s", *words, err.text);
}

#define REFUSED(wanted, parts, ...)                                            \
	refused(wanted, parts, (const char *const[]){__VA_ARGS__, NULL})

/* --- tests --------------------------------------------------------------- */

static void sock_comes_first(void **state)
{
	struct plan p = chosen(ENGINE_AUTO, true);

	(void)state;
	assert_int_equal(p.engine, ENGINE_SOCK);
	assert_true(has(p.hooks, "tp_btf/sock_recv_length"));
	assert_true(has(p.hooks, "tp_btf/sched_switch"));
	assert_true(has(p.hooks, "iter/task_file"));
	assert_true(p.accept_fexit && !p.accept_probe);
	assert_true(has(p.hooks, "fexit/inet_csk_accept"));
	assert_false(has(p.hooks, "uretprobe"));
	assert_false(has(p.hooks, "helper/"));
	assert_false(has(p.hooks, "kfunc/"));
	assert_true(p.task_from_pid);
	assert_int_equal(count(p.lost), 0);
}

/* libbpf lists the types of modules when the kernel itself lacks a function. */
static void modules_need_admin(void **state)
{
	struct error err = {};
	struct plan p;

	(void)state;
	kernel.not_admin = true;
	chosen(ENGINE_AUTO, true);
	chosen(ENGINE_AUTO, false);
	kernel.no_task_from_pid = true;
	assert_int_equal(plan__choose(ENGINE_AUTO, true, &p, &err), -EPERM);
	assert_non_null(strstr(err.text, "needs CAP_SYS_ADMIN as well"));
	kernel.not_admin = false;
	chosen(ENGINE_AUTO, true);
}

static void later_engines_are_not_tried(void **state)
{
	(void)state;
	chosen(ENGINE_AUTO, true);
	assert_null(strstr(kernel.tried, "fexit/inet_recvmsg"));
	assert_null(strstr(kernel.tried, "tp_btf/sys_exit"));
	assert_non_null(strstr(kernel.tried, "tp_btf/sk_data_ready"));
}

static void without_parts_the_scheduler_is_left_alone(void **state)
{
	struct plan p = chosen(ENGINE_AUTO, false);

	(void)state;
	assert_null(strstr(kernel.tried, "tp_btf/sched_switch"));
	assert_false(has(p.hooks, "sched_switch"));
	assert_true(has(p.hooks, "tp_btf/sched_process_fork"));
	assert_false(p.task_from_pid);
}

static void fexit_is_next(void **state)
{
	struct plan p;

	(void)state;
	without("tp_btf/sk_data_ready", -ESRCH);
	p = chosen(ENGINE_AUTO, true);
	assert_int_equal(p.engine, ENGINE_FEXIT);
	assert_true(has(p.hooks, "fexit/inet_recvmsg"));
	assert_true(has(p.hooks, "fentry/sock_def_readable"));
	/* Those of sock that do work are not used. */
	assert_false(has(p.hooks, "tp_btf/sock_recv_length"));
	assert_true(p.inet6 && p.sendpage && p.accept_fexit);
	assert_int_equal(count(p.lost), 0);
}

static void syscall_is_last_and_says_what_is_lost(void **state)
{
	struct plan p;

	(void)state;
	without_sock();
	without_trampolines();
	p = chosen(ENGINE_AUTO, true);
	assert_int_equal(p.engine, ENGINE_SYSCALL);
	assert_true(has(p.hooks, "tp_btf/sys_exit"));
	assert_false(has(p.hooks, "fexit/"));
	assert_false(has(p.hooks, "uretprobe/"));
	assert_false(p.accept_fexit || p.accept_probe || p.sendpage || p.inet6);
	assert_true(has(p.lost, "Durations start at the read"));
	assert_true(has(p.lost, "io_uring"));
	assert_true(has(p.lost, "32-bit"));
	assert_int_equal(count(p.lost), 4);
}

static void accepts_are_seen_by_what_there_is(void **state)
{
	struct plan p;

	(void)state;
	without_trampolines();
	p = chosen(ENGINE_AUTO, true);
	assert_int_equal(p.engine, ENGINE_SOCK);
	assert_true(p.accept_probe && !p.accept_fexit);
	assert_true(has(p.hooks, "uretprobe/libc:accept4"));
	assert_true(has(p.lost, "not of static and Go programs"));
	assert_int_equal(count(p.lost), 1);

	without("uretprobe/", -EACCES);
	p = chosen(ENGINE_AUTO, true);
	assert_false(p.accept_probe || p.accept_fexit);
	assert_true(has(p.lost, "accept queue is not known"));
	assert_int_equal(count(p.lost), 1);
}

static void what_was_asked_for_is_taken_or_refused(void **state)
{
	(void)state;
	assert_int_equal(chosen(ENGINE_SYSCALL, true).engine, ENGINE_SYSCALL);
	assert_int_equal(chosen(ENGINE_FEXIT, true).engine, ENGINE_FEXIT);
	without_trampolines();
	REFUSED(ENGINE_FEXIT, true, "engine fexit", "fexit/inet_recvmsg",
		"it is not there", "--engine auto");
	without_sock();
	REFUSED(ENGINE_SOCK, true, "engine sock", "tp_btf/sock_recv_length");
}

static void nothing_works(void **state)
{
	(void)state;
	without_sock();
	without_trampolines();
	without("tp_btf/sys_exit", -ESRCH);
	REFUSED(ENGINE_AUTO, true, "no engine works",
		"sock needs tp_btf/sock_recv_length",
		"fexit needs fexit/inet_recvmsg",
		"syscall needs tp_btf/sys_exit", "reqtrace doctor");
}

static void an_old_kernel_is_told_all_that_it_lacks(void **state)
{
	(void)state;
	without("helper/bpf_sk_storage_get", -EINVAL);
	without("helper/bpf_task_pt_regs", -EINVAL);
	REFUSED(ENGINE_AUTO, true, "lacks bpf_sk_storage_get, bpf_task_pt_regs",
		"it is not there", "newer");
	REFUSED(ENGINE_SYSCALL, false, "bpf_sk_storage_get");
}

static void what_all_engines_need(void **state)
{
	(void)state;
	without("iter/task_file", -ESRCH);
	REFUSED(ENGINE_AUTO, true, "iter/task_file", "reqtrace doctor");
}

static void without_iterators_over_maps_files_are_swept(void **state)
{
	struct plan p = chosen(ENGINE_AUTO, true);

	(void)state;
	assert_false(p.sweep_files || has(p.lost, "io_uring"));
	assert_true(has(p.hooks, "iter/bpf_sk_storage_map"));
	assert_true(has(p.hooks, "iter/bpf_map_elem"));
	assert_null(strstr(kernel.tried, "iter/bpf_map,"));

	/* One of the two alone is of no use. */
	without("iter/bpf_map_elem", -EPERM);
	p = chosen(ENGINE_AUTO, true);
	assert_int_equal(p.engine, ENGINE_SOCK);
	assert_true(p.sweep_files && has(p.lost, "io_uring"));
	assert_int_equal(count(p.lost), 1);
	assert_true(has(p.hooks, "iter/bpf_map"));
	assert_false(has(p.hooks, "iter/bpf_map_elem"));
	assert_false(has(p.hooks, "iter/bpf_sk_storage_map"));

	without("iter/bpf_map", -EPERM);
	REFUSED(ENGINE_AUTO, true, "iter/bpf_map does not work");
}

static void parts_need_the_scheduler(void **state)
{
	(void)state;
	without("tp_btf/sched_waking", -ESRCH);
	REFUSED(ENGINE_AUTO, true, "tp_btf/sched_waking", "--no-parts");
	assert_int_equal(chosen(ENGINE_AUTO, false).engine, ENGINE_SOCK);
}

static void a_kernel_function_may_be_missing(void **state)
{
	struct plan p;

	(void)state;
	without("kfunc/", -ESRCH);
	p = chosen(ENGINE_AUTO, true);
	assert_false(p.task_from_pid);
	assert_true(has(p.lost, "last wait"));
	assert_int_equal(count(chosen(ENGINE_AUTO, false).lost), 0);
}

static void arguments_of_sched_switch(void **state)
{
	(void)state;
	assert_true(chosen(ENGINE_AUTO, true).switch_tells_state);
	kernel.switch_params = 4;
	assert_false(chosen(ENGINE_AUTO, true).switch_tells_state);
	kernel.switch_params = 5;
	kernel.state_first = true;
	REFUSED(ENGINE_AUTO, true, "tp_btf/sched_switch", "order",
		"--no-parts");
	chosen(ENGINE_AUTO, false);
}

static void arguments_of_accept(void **state)
{
	(void)state;
	assert_true(chosen(ENGINE_AUTO, true).accept_two_args);
	kernel.accept_params = 4;
	assert_false(chosen(ENGINE_AUTO, true).accept_two_args);
}

static void functions_that_newer_kernels_do_not_have(void **state)
{
	struct plan p;

	(void)state;
	without("fexit/inet_sendpage", -ESRCH);
	without("fexit/unix_stream_sendpage", -ESRCH);
	p = chosen(ENGINE_FEXIT, true);
	assert_false(p.sendpage || has(p.hooks, "sendpage"));
	assert_int_equal(count(p.lost), 0);
}

static void ipv6_as_a_module(void **state)
{
	bool used = access("/proc/net/if_inet6", F_OK) == 0;
	struct plan p;

	(void)state;
	without("fexit/inet6_", -ESRCH);
	p = chosen(ENGINE_FEXIT, true);
	assert_false(p.inet6);
	/* Once, though two functions are missing; not where there is none. */
	assert_int_equal(count(p.lost), used ? 1 : 0);
	assert_int_equal(has(p.lost, "IPv6"), used);
}

static void the_table_is_tried_whole(void **state)
{
	size_t len, failed = 0;
	const struct plan_hook *table;

	(void)state;
	without_trampolines();
	table = plan__table(&len);
	for (size_t i = 0; i < len; i++) {
		bool trampoline = !strncmp(table[i].name, "fexit/", 6) ||
				  !strncmp(table[i].name, "fentry/", 7);

		assert_non_null(strstr(kernel.tried, table[i].name));
		assert_int_equal(table[i].err, trampoline ? -EPERM : 0);
		assert_int_equal(!table[i].reason, !table[i].err);
		failed += trampoline;
	}
	assert_in_range(len, 30, PLAN_HOOKS_MAX);
	assert_int_equal(failed, 10);
}

static void engines_have_names(void **state)
{
	(void)state;
	for (int e = 0; e < ENGINES; e++)
		assert_int_equal(engine__of(engine__name(e)), e);
	assert_int_equal(engine__of("magic"), ENGINES);
	assert_int_equal(engine__of(""), ENGINES);
}

#define TEST(name) cmocka_unit_test_setup(name, new_kernel)

/* Linux 7.0: what was skipped for a preempted program is done by its twin. */
static void preempted_programs_have_twins(void **state)
{
	struct error err = {};
	struct plan p;

	(void)state;
	assert_int_equal(plan__choose(ENGINE_SOCK, true, &p, &err), 0);
	assert_false(p.twins);
	kernel.preempts = true;
	assert_int_equal(plan__choose(ENGINE_SOCK, true, &p, &err), 0);
	assert_true(p.twins);
	assert_int_equal(plan__choose(ENGINE_SYSCALL, true, &p, &err), 0);
	assert_true(p.twins);
	/* Trampolines have none: what they miss is counted. */
	assert_int_equal(plan__choose(ENGINE_FEXIT, true, &p, &err), 0);
	assert_false(p.twins);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sock_comes_first),
		TEST(modules_need_admin),
		TEST(later_engines_are_not_tried),
		TEST(without_parts_the_scheduler_is_left_alone),
		TEST(fexit_is_next),
		TEST(syscall_is_last_and_says_what_is_lost),
		TEST(accepts_are_seen_by_what_there_is),
		TEST(what_was_asked_for_is_taken_or_refused),
		TEST(nothing_works),
		TEST(an_old_kernel_is_told_all_that_it_lacks),
		TEST(what_all_engines_need),
		TEST(without_iterators_over_maps_files_are_swept),
		TEST(parts_need_the_scheduler),
		TEST(a_kernel_function_may_be_missing),
		TEST(arguments_of_sched_switch),
		TEST(arguments_of_accept),
		TEST(functions_that_newer_kernels_do_not_have),
		TEST(ipv6_as_a_module),
		TEST(the_table_is_tried_whole),
		TEST(engines_have_names),
		TEST(preempted_programs_have_twins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
