// SPDX-License-Identifier: GPL-2.0-only
/* Which service a process is, from made-up trees of /proc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "source/attributes.h"
#include "source/service.h"
#include "source/service_argv.h"
#include "source/service_cgroup.h"

#define PID 4711
#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID "0a1b2c3d-0000-4111-8222-0123456789ab"
#define UID_ "0a1b2c3d_0000_4111_8222_0123456789ab"

/* --- attributes ------------------------------------------------------------
 */

static const char *parsed(const char *list)
{
	static struct attributes a;

	return attributes__parse(&a, list) ? a.text : NULL;
}

static void lists_become_lines(void **state)
{
	(void)state;
	assert_string_equal(parsed(""), "");
	assert_string_equal(parsed("a=b"), "a=b");
	assert_string_equal(parsed("a=b,c.d=e f"), "a=b\nc.d=e f");
	assert_string_equal(parsed(" a = b ,\tc=d"), "a=b\nc=d");
	assert_string_equal(parsed("a=b,,c=d,"), "a=b\nc=d");
	assert_string_equal(parsed("a=b=c"), "a=b=c");
	assert_string_equal(parsed("a="), "a=");
	assert_string_equal(parsed("a=1,b=2,a=3"), "b=2\na=3");
	assert_string_equal(parsed("a=1,b=2,c=3,b=4"), "a=1\nc=3\nb=4");
	assert_string_equal(parsed("a=%2C%3d%25,%6b=x"), "a=,=%\nk=x");
	assert_string_equal(parsed("a=%c3%BC"), "a=\xc3\xbc");
	assert_string_equal(parsed("a=x%20%20y"), "a=x  y");
}

static void values_are_cleaned(void **state)
{
	(void)state;
	assert_string_equal(parsed("a=x%0ab=y"), "a=x?b=y");
	assert_string_equal(parsed("a=\x1b[31m"), "a=?[31m");
	assert_string_equal(parsed("a=\xff"), "a=?");
}

static void damaged_lists_are_ignored_whole(void **state)
{
	char list[ATTRIBUTES_VALUE_MAX + 8] = "a=b,c=";

	(void)state;
	assert_null(parsed("a=b,c"));
	assert_null(parsed("a=b,=c"));
	assert_null(parsed("a=b,c=%"));
	assert_null(parsed("a=b,c=%2"));
	assert_null(parsed("a=b,c=%2,d=e"));
	assert_null(parsed("a=b,c=%zz"));
	assert_null(parsed("a=b,c=%00"));
	assert_null(parsed("a=b,%3d=c"));
	assert_null(parsed("a=b,%0a=c"));
	memset(list + 6, 'x', sizeof(list) - 7);
	assert_null(parsed(list));
}

static void attributes_are_bounded(void **state)
{
	char value[ATTRIBUTES_VALUE_MAX + 1], key[8];
	struct attributes a;

	(void)state;
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = 0;
	attributes__init(&a);
	for (int i = 0; i < 8; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		attributes__add(&a, key, value);
	}
	attributes__add(&a, "small", "x");
	assert_true(a.len < ATTRIBUTES_MAX);
	assert_int_equal(a.len, strlen(a.text));
	assert_true(attributes__get(&a, "k2", value, sizeof(value)));
	assert_false(attributes__get(&a, "k3", value, sizeof(value)));
	assert_true(attributes__get(&a, "small", value, sizeof(value)));
	assert_string_equal(value, "x");
}

static void lines_can_be_removed(void **state)
{
	struct attributes a;

	(void)state;
	assert_true(attributes__parse(&a, "aa=1,a=2,b=3"));
	attributes__remove(&a, "a");
	assert_string_equal(a.text, "aa=1\nb=3");
	attributes__remove(&a, "b");
	assert_string_equal(a.text, "aa=1");
	attributes__remove(&a, "nothing");
	attributes__remove(&a, "aa");
	assert_string_equal(a.text, "");
	assert_int_equal(a.len, 0);
	attributes__add(&a, "c", "4");
	attributes__add(&a, "c", "5");
	attributes__add(&a, "d", "");
	assert_string_equal(a.text, "c=4");
}

/* --- cgroups -----------------------------------------------------------------
 */

static struct service_cgroup cgroup(const char *text)
{
	struct service_cgroup c;

	service_cgroup__parse(text, strlen(text), &c);
	return c;
}

static void containers_are_found(void **state)
{
	static const char *const texts[] = {
		"0::/system.slice/docker-" ID ".scope\n",
		"12:memory:/docker/" ID "\n0::/\n",
		"0::/machine.slice/libpod-" ID ".scope/container\n",
		"0::/machine.slice/libpod-" ID ".scope\n",
		"0::/../" ID,
		"1:name=systemd:/docker/" OTHER "/docker/" ID "\n",
		"5:cpu,cpuacct:/kubepods/besteffort/pod" UID "/" ID "\n",
		"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable"
		"-pod" UID_ ".slice/cri-containerd-" ID ".scope\n",
		"0::/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" ID
		".scope/x\n",
		"0::/kubepods-besteffort-pod" UID_ ".slice:cri-containerd:" ID,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct service_cgroup c = cgroup(texts[i]);

		assert_string_equal(c.container, ID);
		assert_string_equal(c.pod_uid, i < 6 ? "" : UID);
		assert_string_equal(c.unit, "");
		assert_string_equal(c.machine, "");
	}
}

static void what_is_no_container_is_none(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n",
		"0::/\n",
		"0::/user.slice/user-1000.slice/session-3.scope\n",
		"0::/docker/0123456789abcdef\n",
		"0::/x" ID "\n",
		"0::/" ID "0\n",
		"0::/docker-" ID "g.scope\n",
		"0::/machine.slice/libpod-conmon-" ID ".scope\n",
		"4:memory:/process_api/0123456789abcdef0123456789abcdef\n",
		ID,
		"0:" ID,
		"0::/kubepods/pod" UID "0/x\n",
		"0::/kubepods/podium/x\n",
		"0::/kubepods/xpod" UID "/x\n",
		"0::/user.slice/user-1000.slice/user@1000.service/init.scope",
		"0::/system.slice/cron.service\n",
		"0::/system.slice/ssh.service\n",
		"0::/system.slice/run-u17.service\n",
		"4:memory:/system.slice/nginx.service\n0::/\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct service_cgroup c = cgroup(texts[i]);

		assert_string_equal(c.container, "");
		assert_string_equal(c.pod_uid, "");
		assert_string_equal(c.unit, "");
		assert_string_equal(c.machine, "");
	}
}

static void static_pods_have_short_uids(void **state)
{
	(void)state;
	assert_string_equal(
		cgroup("0::/kubepods/pod0123456789abcdef0123456789abcdef/" ID)
			.pod_uid,
		"0123456789abcdef0123456789abcdef");
}

static void units_are_found(void **state)
{
	(void)state;
	assert_string_equal(cgroup("0::/system.slice/nginx.service\n").unit,
			    "nginx");
	assert_string_equal(
		cgroup("1:name=systemd:/system.slice/nginx.service\n").unit,
		"nginx");
	assert_string_equal(
		cgroup("0::/system.slice/a\\x2db@c\\x2dd.service/sub\n").unit,
		"a-b@c-d");
	assert_string_equal(
		cgroup("0::/system.slice/echo@7-::1:7-::1:40000.service").unit,
		"echo");
	assert_string_equal(cgroup("0::/a/echo@7-4711-0.service").unit, "echo");
	assert_string_equal(cgroup("0::/a/postgresql@15-main.service").unit,
			    "postgresql@15-main");
	assert_string_equal(cgroup("0::/a/shop@2.service").unit, "shop@2");
	assert_string_equal(cgroup("0::/x/\\x\\x2\\xzz\\x1b.service").unit,
			    "\\x\\x2\\xzz?");
	assert_string_equal(
		cgroup("0::/user.slice/user@7.service/app.slice/shop.service")
			.unit,
		"shop");
	/* Of the container, not of what runs it; of what runs in it. */
	assert_string_equal(
		cgroup("0::/system.slice/runner.service/docker/" ID).unit, "");
	assert_string_equal(
		cgroup("0::/docker/" ID "/system.slice/nginx.service").unit,
		"nginx");
}

static void machines_are_found(void **state)
{
	(void)state;
	assert_string_equal(cgroup("0::/lxc.payload.web1/x\n").machine, "web1");
	assert_string_equal(cgroup("3:cpu:/lxc/web1\n").machine, "web1");
	assert_string_equal(
		cgroup("0::/machine.slice/machine-a\\x2db.scope/payload\n")
			.machine,
		"a-b");
	assert_string_equal(
		cgroup("0::/machine.slice/machine-qemu\\x2d1.scope").machine,
		"");
}

/* --- arguments ---------------------------------------------------------------
 */

/* Blanks in line stand for the ends of arguments. */
static const char *program(const char *exe, const char *line)
{
	static char out[SERVICE_ARGV_NAME_MAX + 1];
	size_t len = strlen(line) + 1;
	char *argv = malloc(len);

	assert_non_null(argv);
	for (size_t i = 0; i < len; i++)
		argv[i] = line[i] == ' ' ? 0 : line[i];
	service_argv__name(exe, argv, len, out);
	free(argv);
	return out;
}

static void interpreters_are_called_by_what_they_run(void **state)
{
	static const struct {
		const char *exe, *line, *name;
	} runs[] = {
		{"/usr/bin/python3.11", "python3 /srv/shop.py --secret=x",
		 "shop"},
		{"/usr/bin/python3.11", "python3 -u -W ignore shop.py", "shop"},
		{"/usr/bin/python3.11", "python3 -m shop.api --port 1",
		 "shop.api"},
		{"/usr/bin/python3.11", "python3 -c secret shop.py", "python"},
		{"/usr/bin/python3.11", "python3", "python"},
		{"/usr/bin/python3.11", "", "python"},
		{"/usr/bin/node", "node --inspect -r x server.js", "server"},
		{"/usr/bin/nodejs", "node -e secret", "node"},
		{"/usr/bin/ruby3.1", "ruby -I lib bin/shop", "shop"},
		{"/usr/bin/perl", "perl -w shop.pl", "shop"},
		{"/usr/bin/php8.2", "php -S 0.0.0.0:80 -t www router.php",
		 "router"},
		{"/usr/bin/php8.2", "php -f shop.php", "shop"},
		{"/usr/lib/jvm/bin/java",
		 "java -Xmx1g -jar /opt/shop-1.2.3.jar --x", "shop"},
		{"/usr/lib/jvm/bin/java",
		 "java -cp a.jar:b.jar com.example.ShopApplication s",
		 "ShopApplication"},
		{"/usr/lib/jvm/bin/java", "java -m shop/com.example.Shop",
		 "Shop"},
		{"/usr/bin/dotnet", "dotnet Shop.dll", "Shop"},
		{"/usr/bin/bash", "bash -e run.sh", "run"},
		{"/usr/bin/bash", "bash -c secret", "bash"},
		{"/usr/bin/python3.11",
		 "python3 /usr/bin/gunicorn -b 127.0.0.1:80 shop.wsgi:app",
		 "shop"},
		{"/usr/bin/python3.11",
		 "python3 /usr/bin/gunicorn -k a.Worker orders.web",
		 "orders.web"},
		{"/usr/bin/python3.11", "python3 -m uvicorn main:app --port 1",
		 "uvicorn"},
		{"/usr/bin/python3.11", "python3 /usr/bin/uvicorn a.b:make()",
		 "a.b"},
		{"/usr/bin/python3.11", "python3 /usr/bin/gunicorn",
		 "gunicorn"},
		{"/usr/sbin/nginx", "nginx -g x", ""},
		{"/usr/sbin/php-fpm8.2", "php-fpm8.2 x", ""},
		{"/usr/bin/pythonista", "pythonista x.py", ""},
		{"", "python3 x.py", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		assert_string_equal(program(runs[i].exe, runs[i].line),
				    runs[i].name);
}

static void titles_are_understood(void **state)
{
	static const char master[] = "gunicorn: master [shop.wsgi:app]\0\0\0";
	static const char other[] = "celery: worker\0";
	char out[SERVICE_ARGV_NAME_MAX + 1];

	(void)state;
	service_argv__name("/usr/bin/python3", master, sizeof(master), out);
	assert_string_equal(out, "shop");
	service_argv__name("/usr/bin/python3", other, sizeof(other), out);
	assert_string_equal(out, "celery");
}

static void arguments_are_bounded_and_cleaned(void **state)
{
	char argv[400] = "python3", out[SERVICE_ARGV_NAME_MAX + 1];

	(void)state;
	memset(argv + 8, 'x', 300);
	service_argv__name("/usr/bin/python3", argv, 309, out);
	assert_int_equal(strlen(out), SERVICE_ARGV_NAME_MAX);
	/* Without its end it was cut: who knows what it is. */
	service_argv__name("/usr/bin/python3", argv, 308, out);
	assert_string_equal(out, "python");
	memcpy(argv + 8, "\x1b[2J\xff.py", 9);
	service_argv__name("/usr/bin/python3", argv, 17, out);
	assert_string_equal(out, "?[2J?");
}

/* --- whole trees
 * --------------------------------------------------------------- */

static char root[64];

static int make_root(void **state)
{
	(void)state;
	strcpy(root, "/tmp/reqtrace-service-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_root(void **state)
{
	(void)state;
	return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void put(int pid, const char *file, const char *bytes, size_t len)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%d", root, pid);
	assert_true(!mkdir(path, 0700) || errno == EEXIST);
	snprintf(path, sizeof(path), "%s/%d/%s", root, pid, file);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static void put_uts(int pid, const char *namespace)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%d", root, pid);
	assert_true(!mkdir(path, 0700) || errno == EEXIST);
	snprintf(path, sizeof(path), "%s/%d/ns", root, pid);
	assert_true(!mkdir(path, 0700) || errno == EEXIST);
	snprintf(path, sizeof(path), "%s/%d/ns/uts", root, pid);
	unlink(path);
	assert_int_equal(symlink(namespace, path), 0);
}

#define PUT(file, text) put(PID, file, text, sizeof(text) - 1)

static void expect(const char *comm, const char *exe, const char *name,
		   const char *resource)
{
	struct service s, copy;

	assert_int_equal(service__read(root, PID, comm, exe, &s), 0);
	assert_string_equal(s.name, name);
	assert_string_equal(s.resource, resource);
	assert_int_equal(service__copy(&copy, &s), 0);
	assert_string_equal(copy.name, name);
	assert_string_equal(copy.resource, resource);
	service__free(&s);
	service__free(&copy);
	assert_null(s.name);
}

static void unknown_ones_have_their_own_name(void **state)
{
	(void)state;
	expect("redis-server", "/usr/bin/redis-check-rdb", "redis-server", "");
	expect("prometheus-node", "/usr/bin/prometheus-node-exporter",
	       "prometheus-node-exporter", "");
	expect("gunicorn: maste", "/usr/bin/x", "gunicorn", "");
	expect("a\xff\x1b", "", "a??", "");
	expect("", "", "", "");
}

static void sources_have_their_order(void **state)
{
	(void)state;
	PUT("cmdline", "python3\0shop.py\0");
	expect("python3", "/usr/bin/python3", "shop", "");
	PUT("cgroup", "0::/system.slice/web.service\n");
	expect("python3", "/usr/bin/python3", "web", "");
	PUT("cgroup", "0::/lxc.payload.box/system.slice\n");
	expect("python3", "/usr/bin/python3", "box", "container.name=box");
	PUT("environ", "A=b\0OTEL_RESOURCE_ATTRIBUTES=service.version=2,"
		       "service.name=named,container.name=mine\0");
	expect("python3", "/usr/bin/python3", "named",
	       "service.version=2\ncontainer.name=mine");
	PUT("environ", "OTEL_RESOURCE_ATTRIBUTES=service.name=named,x=%\0"
		       "OTEL_SERVICE_NAME=told\0");
	expect("python3", "/usr/bin/python3", "told", "container.name=box");
	PUT("environ", "OTEL_SERVICE_NAME=\0");
	expect("python3", "/usr/bin/python3", "box", "container.name=box");
	/* Cut, or part of another one's name. */
	PUT("environ", "XOTEL_SERVICE_NAME=a\0OTEL_SERVICE_NAMES=b\0"
		       "OTEL_SERVICE_NAME=cut");
	expect("python3", "/usr/bin/python3", "box", "container.name=box");
}

static void pods_are_described(void **state)
{
	(void)state;
	PUT("cgroup", "0::/kubepods/besteffort/pod" UID "/" ID "\n");
	PUT("environ", "HOSTNAME=shop-7d9f8b6c5-x2x7k\0POD_NAMESPACE=prod\0"
		       "SECRET=s\0");
	put_uts(PID, "uts:[2]");
	put_uts(1, "uts:[1]");
	expect("x", "/x", "shop",
	       "k8s.namespace.name=prod\nk8s.pod.name=shop-7d9f8b6c5-x2x7k\n"
	       "container.id=" ID "\nk8s.pod.uid=" UID);
}

static void pods_that_share_the_hosts_name_have_none(void **state)
{
	(void)state;
	PUT("cgroup", "0::/kubepods/besteffort/pod" UID "/" ID "\n");
	PUT("environ", "HOSTNAME=node1\0");
	put_uts(PID, "uts:[1]");
	put_uts(1, "uts:[1]");
	expect("x", "/x", "x", "container.id=" ID "\nk8s.pod.uid=" UID);
}

static void workloads_are_told_by_their_pods(void **state)
{
	static const char *const pods[][2] = {
		{"shop-x2x7k", "shop"},
		{"shop-0", "shop"},
		{"shop-api-12", "shop-api"},
		{"shop", "shop"},
		{"web-shop-abcde", "web-shop-abcde"},
		{"shop-api-7d9f8b6c5-x2x7k", "shop-api"},
		{"shop-28391040-x2x7k", "shop"},
		{"shop-2024-x2x7k", "shop-2024"},
		{"x2x7k", "x2x7k"},
		{"-0", "-0"},
	};
	char text[128];

	(void)state;
	PUT("cgroup", "0::/kubepods/pod" UID "/x\n");
	for (size_t i = 0; i < sizeof(pods) / sizeof(pods[0]); i++) {
		int len =
			snprintf(text, sizeof(text), "POD_NAME=%s", pods[i][0]);
		char resource[192];

		put(PID, "environ", text, len + 1);
		snprintf(resource, sizeof(resource),
			 "k8s.pod.name=%s\nk8s.pod.uid=" UID, pods[i][0]);
		expect("x", "/x", pods[i][1], resource);
	}
	PUT("environ", "POD_NAME=a-0\0CONTAINER_NAME=main\0");
	expect("x", "/x", "main",
	       "k8s.pod.name=a-0\nk8s.container.name=main\nk8s.pod.uid=" UID);
}

static void hosts_variables_are_not_read(void **state)
{
	(void)state;
	PUT("cgroup", "0::/system.slice/docker-" ID ".scope\n");
	PUT("environ", "HOSTNAME=h\0POD_NAME=p\0NODE_NAME=n\0");
	expect("x", "/x", "x", "container.id=" ID);
}

static void long_files_are_cut(void **state)
{
	size_t len = SERVICE_READ_MAX + 4096;
	char *text = calloc(1, len);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', len);
	strcpy(text, "OTEL_SERVICE_NAME=near");
	strcpy(text + SERVICE_READ_MAX, "\0OTEL_RESOURCE_ATTRIBUTES=a=b");
	put(PID, "environ", text, len);
	put(PID, "cmdline", text, len);
	put(PID, "cgroup", text, len);
	expect("x", "/usr/bin/python3", "near", "");
	free(text);
}

static void starts_are_read(void **state)
{
	long hz = sysconf(_SC_CLK_TCK);
	uint64_t tick = 1000000000ull / hz;

	(void)state;
	assert_int_equal(service__started(root, PID), 0);
	PUT("stat", "4711 (a) b) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 "
		    "123456 9 9\n");
	assert_int_equal(service__started(root, PID), 123456 * tick);
	PUT("stat", "4711 (a) S 1 1 1");
	assert_int_equal(service__started(root, PID), 0);
	PUT("stat", "");
	assert_int_equal(service__started(root, PID), 0);
}

#define TREE(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_become_lines),
		cmocka_unit_test(values_are_cleaned),
		cmocka_unit_test(damaged_lists_are_ignored_whole),
		cmocka_unit_test(attributes_are_bounded),
		cmocka_unit_test(lines_can_be_removed),
		cmocka_unit_test(containers_are_found),
		cmocka_unit_test(what_is_no_container_is_none),
		cmocka_unit_test(static_pods_have_short_uids),
		cmocka_unit_test(units_are_found),
		cmocka_unit_test(machines_are_found),
		cmocka_unit_test(interpreters_are_called_by_what_they_run),
		cmocka_unit_test(titles_are_understood),
		cmocka_unit_test(arguments_are_bounded_and_cleaned),
		TREE(unknown_ones_have_their_own_name),
		TREE(sources_have_their_order),
		TREE(pods_are_described),
		TREE(pods_that_share_the_hosts_name_have_none),
		TREE(workloads_are_told_by_their_pods),
		TREE(hosts_variables_are_not_read),
		TREE(long_files_are_cut),
		TREE(starts_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
