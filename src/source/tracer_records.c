// SPDX-License-Identifier: GPL-2.0-only
/* See tracer_records.h. */
#include "source/tracer_records.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "source/procfs.h"
#include "source/service.h"

void tracer_records__head(struct rt_header *head, int kind, size_t size)
{
	head->kind = kind;
	head->flags = 0;
	head->size = size;
	head->time = clock__ns(CLOCK_MONOTONIC);
}

/* Append a string with its zero byte at *len of a buffer of size. */
static void text__add(char *text, size_t size, size_t *len, const char *s)
{
	int n = snprintf(text + *len, size - *len, "%s", s);

	*len += (size_t)n < size - *len ? (size_t)n + 1 : size - *len;
}

/* Likewise a list as one string. */
static void text__join(char *text, size_t size, size_t *len,
		       const char *const *list, char separator)
{
	for (size_t i = 0; list[i]; i++) {
		text__add(text, size, len, list[i]);
		if (list[i + 1] && *len < size)
			text[*len - 1] = separator;
	}
	if (!list[0])
		text__add(text, size, len, "");
}

int tracer_records__host(const char *version, const char *engine,
			 const char *const *hooks, const char *const *lost,
			 uint64_t interval, source_fn fn, void *ctx)
{
	struct {
		struct rt_host host;
		char text[8192]; /* 64 hooks, 8 sentences and some names */
	} rec = {};
	struct utsname name;
	size_t len = 0;

	if (uname(&name))
		return -errno;
	text__add(rec.text, sizeof(rec.text), &len, version);
	text__add(rec.text, sizeof(rec.text), &len, engine);
	text__add(rec.text, sizeof(rec.text), &len, name.nodename);
	text__add(rec.text, sizeof(rec.text), &len, name.release);
	text__add(rec.text, sizeof(rec.text), &len, name.machine);
	text__join(rec.text, sizeof(rec.text), &len, hooks, ',');
	text__join(rec.text, sizeof(rec.text), &len, lost, '\n');
	tracer_records__head(&rec.host.header, RT_REC_HOST,
			     sizeof(rec.host) + len);
	rec.host.wall_start = clock__ns(CLOCK_REALTIME);
	rec.host.interval = interval;
	rec.host.cpus = sysconf(_SC_NPROCESSORS_ONLN);
	rec.host.text_len = len;
	return fn(ctx, &rec, rec.host.header.size);
}

/* CLOCK_REALTIME ns, 0 when not known. */
static uint64_t started(uint32_t tgid)
{
	uint64_t since_boot = service__started("/proc", tgid);

	if (!since_boot)
		return 0;
	return clock__ns(CLOCK_REALTIME) - clock__ns(CLOCK_BOOTTIME) +
	       since_boot;
}

int tracer_records__process(uint32_t tgid, bool target,
			    const struct service *as, source_fn fn, void *ctx)
{
	struct {
		struct rt_proc_info info;
		char text[3 * PATH_MAX]; /* a path, less than another two */
	} rec = {};
	struct procfs_process p;
	char digits[24];
	size_t len = 0;
	int err = procfs__read(tgid, &p);

	if (err)
		return err;
	text__add(rec.text, sizeof(rec.text), &len, p.exe);
	text__add(rec.text, sizeof(rec.text), &len, as->name ? as->name : "");
	text__add(rec.text, sizeof(rec.text), &len,
		  as->resource ? as->resource : "");
	snprintf(digits, sizeof(digits), "%" PRIu64, started(tgid));
	text__add(rec.text, sizeof(rec.text), &len, digits);
	tracer_records__head(&rec.info.header, RT_REC_PROC,
			     sizeof(rec.info) + len);
	rec.info.tgid = tgid;
	rec.info.ppid = p.ppid;
	memcpy(rec.info.comm, p.comm, sizeof(rec.info.comm));
	rec.info.target = target;
	rec.info.text_len = len;
	return fn(ctx, &rec, rec.info.header.size);
}

int tracer_records__counters(int map_fd, struct rt_counters *out)
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t *values;
	int err = 0;

	if (cpus < 0)
		return cpus;
	values = calloc(cpus, sizeof(*values));
	if (!values)
		return -ENOMEM;
	memset(out, 0, sizeof(*out));
	tracer_records__head(&out->header, RT_REC_COUNTERS, sizeof(*out));
	for (uint32_t key = 0; !err && key < RT_COUNTERS; key++) {
		err = bpf_map_lookup_elem(map_fd, &key, values);
		for (int cpu = 0; !err && cpu < cpus; cpu++)
			out->value[key] += values[cpu];
	}
	free(values);
	return err;
}

int tracer_records__summaries(int map_fd, source_fn fn, void *ctx)
{
	struct rt_summary rec = {};
	struct rt_summary_key *prev = NULL;
	int err;

	while (!bpf_map_get_next_key(map_fd, prev, &rec.key)) {
		prev = &rec.key;
		if (bpf_map_lookup_elem(map_fd, &rec.key, &rec.value))
			continue;
		tracer_records__head(&rec.header, RT_REC_SUMMARY, sizeof(rec));
		err = fn(ctx, &rec, sizeof(rec));
		if (err < 0)
			return err;
	}
	return 0;
}

static uint64_t resident_bytes(void)
{
	unsigned long long total, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%llu %llu", &total, &resident) != 2)
		resident = 0;
	fclose(f);
	return resident * sysconf(_SC_PAGESIZE);
}

static uint64_t timeval__ns(struct timeval t)
{
	return t.tv_sec * NS_PER_S + t.tv_usec * 1000ull;
}

static bool statistics_on(void)
{
	FILE *f = fopen("/proc/sys/kernel/bpf_stats_enabled", "re");
	int on = 0;

	if (!f)
		return false;
	if (fscanf(f, "%d", &on) != 1)
		on = 0;
	fclose(f);
	return on != 0;
}

int tracer_records__cost(const struct bpf_object *obj, source_fn fn, void *ctx)
{
	struct rt_cost rec = {};
	struct bpf_program *prog;
	struct rusage usage;

	tracer_records__head(&rec.header, RT_REC_COST, sizeof(rec));
	bpf_object__for_each_program(prog, obj)
	{
		struct bpf_prog_info info = {};
		uint32_t len = sizeof(info);

		if (bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			continue;
		rec.bpf_ns += info.run_time_ns;
		rec.bpf_runs += info.run_cnt;
	}
	rec.bpf_known = statistics_on();
	if (!getrusage(RUSAGE_SELF, &usage))
		rec.user_ns = timeval__ns(usage.ru_utime) +
			      timeval__ns(usage.ru_stime);
	rec.rss_bytes = resident_bytes();
	return fn(ctx, &rec, sizeof(rec));
}
