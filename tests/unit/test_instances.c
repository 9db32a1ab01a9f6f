// SPDX-License-Identifier: GPL-2.0-only
/* Statistics and batches together: figures of exited processes that were added
 * up stay with the instance of the service that they were made by. */
#include "stats_rig.h"

#include <stdio.h>
#include <string.h>

#include "build_rig.h"

#define HTTP "http.server.request.duration"
#define OPENED "reqtrace.server.connection.opened"
#define MASTER 7
#define FIRST 1000
#define CROWD 9000
#define OPERATIONS 3

static const char *const operations[OPERATIONS] = {"GET /a", "GET /b",
						   "GET /c"};

struct both {
	struct stats *s;
	struct rig r;
};

static void both__init(struct both *b)
{
	b->s = new_stats(SNAPSHOT_BY_OPERATION, 0, 0);
	rig__init(&b->r, 1);
}

static void both__free(struct both *b)
{
	b->r.snap.series_len = 0; /* the snapshot's, which is gone */
	rig__free(&b->r);
	stats__free(b->s);
}

/* A batch of what statistics have now. */
static const struct metrics *batch(struct both *b)
{
	const struct snapshot mine = b->r.snap;
	struct snapshot *snap = snap_now(b->s);
	const struct metrics *m;

	b->r.snap = *snap;
	b->r.snap.wall_start = RIG_WALL;
	b->r.snap.start = mine.start;
	b->r.snap.now = mine.now;
	m = rig__batch(&b->r);
	snapshot__free(snap);
	return m;
}

static void tell_as(struct both *b, const struct sink_process *p)
{
	struct model_sink sink = stats__sink(b->s);

	assert_int_equal(sink.process(sink.ctx, p), 0);
}

static struct sink_process process(uint32_t pid, uint32_t ppid,
				   const char *service)
{
	return (struct sink_process){.pid = pid,
				     .ppid = ppid,
				     .comm = "worker",
				     .exe = "/bin/worker",
				     .service = service,
				     .resource = ""};
}

/* As the model tells one whose program is not known. */
static struct sink_process nameless(uint32_t pid, const char *comm)
{
	return (struct sink_process){.pid = pid,
				     .ppid = 1,
				     .comm = comm,
				     .exe = "",
				     .service = "",
				     .resource = ""};
}

static void begin(struct both *b, struct sink_process p)
{
	tell_as(b, &p);
}

static void end(struct both *b, struct sink_process p)
{
	p.exited = true;
	p.resource = "";
	tell_as(b, &p);
}

/* A request of each operation, on a connection of its own. */
static void serve(struct both *b, uint32_t pid)
{
	struct sink_conn c = conn_event(SINK_CONN_OPENED, pid);

	c.pid = pid;
	tell_conn(b->s, &c);
	for (size_t i = 0; i < OPERATIONS; i++) {
		struct request r = get_request(operations[i]);

		r.pid = pid;
		r.cookie = pid;
		tell(b->s, &r);
	}
	c.event = SINK_CONN_CLOSED;
	tell_conn(b->s, &c);
}

static void live(struct both *b, struct sink_process p)
{
	begin(b, p);
	serve(b, p.pid);
	end(b, p);
}

/* Make those that have exited be added up, by many of another service. */
static void crowd(struct both *b)
{
	begin(b, process(CROWD, 1, "crowd"));
	for (uint32_t i = 1; i < 800; i++) {
		live(b, process(CROWD + i, CROWD, "crowd"));
		if (i % 400 == 399)
			assert_int_equal(stats__pass(b->s, NOW), 0);
	}
}

static bool is_listed(struct both *b, uint32_t pid)
{
	struct snapshot *snap = snap_now(b->s);
	bool found = false;

	for (size_t i = 0; i < snap->series_len; i++)
		found |= snap->series[i].pid == pid;
	snapshot__free(snap);
	return found;
}

static uint64_t folded(struct both *b)
{
	struct snapshot *snap = snap_now(b->s);
	uint64_t n = counter(snap, "exited_folded");

	assert_int_equal(counter(snap, "series_folded"), 0);
	snapshot__free(snap);
	return n;
}

static uint32_t instance_of(struct both *b, uint32_t pid)
{
	struct snapshot *snap = snap_now(b->s);
	uint32_t instance = 0;
	bool found = false;

	for (size_t i = 0; i < snap->processes_len; i++) {
		if (snap->processes[i].pid != pid)
			continue;
		instance = snap->processes[i].instance;
		found = true;
	}
	assert_true(found);
	snapshot__free(snap);
	return instance;
}

static const struct metric_resource *only(const struct metrics *m,
					  const char *service)
{
	const struct metric_resource *r;

	assert_int_equal(rig__resources(m, service, &r), 1);
	return r;
}

static size_t resources(const struct metrics *m, const char *service)
{
	const struct metric_resource *r;

	return rig__resources(m, service, &r);
}

/* Exactly what so many processes did, since the service began. */
static void check(const struct metric_resource *r, uint64_t processes,
		  uint64_t start)
{
	const struct metric metric = rig__metric(r, HTTP);

	assert_int_equal(rig__count(r, HTTP), OPERATIONS * processes);
	assert_int_equal(rig__sum(r, OPENED), processes);
	assert_int_equal(metric.points_len, OPERATIONS);
	for (size_t i = 0; i < metric.points_len; i++) {
		assert_false(metric.points[i].ended);
		assert_int_equal(metric.points[i].start, start);
	}
}

/* --- numbers -------------------------------------------------------------- */

static void those_that_live_are_one(void **state)
{
	struct sink_process web = process(10, 1, "web");
	uint32_t first, jobs;
	struct both b;

	(void)state;
	both__init(&b);
	begin(&b, web);
	begin(&b, process(11, 1, "web"));
	begin(&b, process(12, 1, "jobs"));
	first = instance_of(&b, 10);
	jobs = instance_of(&b, 12);
	assert_int_not_equal(first, 0);
	assert_int_equal(instance_of(&b, 11), first);
	assert_int_not_equal(jobs, 0);
	assert_int_not_equal(jobs, first);
	end(&b, web);
	begin(&b, process(13, 1, "web"));
	assert_int_equal(instance_of(&b, 13), first);
	/* All of it ends, and it begins again; with an id that was used. */
	end(&b, process(11, 1, "web"));
	end(&b, process(13, 1, "web"));
	begin(&b, web);
	assert_true(instance_of(&b, 10) > jobs);
	both__free(&b);
}

static void a_child_of_it_goes_on(void **state)
{
	struct sink_process shell = process(11, 10, "sh"), other;
	uint32_t first;
	struct both b;

	(void)state;
	both__init(&b);
	begin(&b, process(10, 1, "web"));
	first = instance_of(&b, 10);
	end(&b, process(10, 1, "web"));
	/* Its grandchild, through another program. */
	begin(&b, shell);
	begin(&b, process(12, 11, "web"));
	assert_int_not_equal(instance_of(&b, 11), first);
	assert_int_equal(instance_of(&b, 12), first);
	end(&b, process(12, 11, "web"));
	/* Not a child. */
	other = process(13, 1, "web");
	begin(&b, other);
	assert_true(instance_of(&b, 13) > instance_of(&b, 11));
	/* Parents in a circle. */
	begin(&b, process(20, 21, "a"));
	begin(&b, process(21, 20, "b"));
	begin(&b, process(22, 21, "c"));
	assert_true(instance_of(&b, 22) > instance_of(&b, 21));
	both__free(&b);
}

static void a_program_has_none_until_it_is_known(void **state)
{
	uint32_t web;
	struct both b;

	(void)state;
	both__init(&b);
	begin(&b, process(10, 1, "web"));
	web = instance_of(&b, 10);
	begin(&b, nameless(10, "worker"));
	assert_int_equal(instance_of(&b, 10), 0);
	/* The same program again: alone, but nothing has ended. */
	begin(&b, process(10, 1, "web"));
	assert_int_equal(instance_of(&b, 10), web);
	begin(&b, nameless(10, "jobs"));
	begin(&b, process(10, 1, "jobs"));
	assert_true(instance_of(&b, 10) > web);
	begin(&b, process(11, 1, "web"));
	assert_true(instance_of(&b, 11) > instance_of(&b, 10));
	/* One that exits before that is none's. */
	begin(&b, process(12, 11, "web"));
	begin(&b, nameless(12, "ls"));
	serve(&b, 12);
	end(&b, nameless(12, "ls"));
	assert_int_equal(instance_of(&b, 12), 0);
	both__free(&b);
}

static void namespaces_and_containers_are_apart(void **state)
{
	static const char *const resources_of[] = {
		"", "container.id=a", "container.id=b",
		"service.namespace=n\ncontainer.id=a", "other=a"};
	uint32_t instance[5];
	struct both b;

	(void)state;
	both__init(&b);
	for (uint32_t i = 0; i < 5; i++) {
		struct sink_process p = process(10 + i, 1, "web");

		p.resource = resources_of[i];
		begin(&b, p);
		instance[i] = instance_of(&b, 10 + i);
		for (uint32_t k = 0; k < i && i < 4; k++)
			assert_int_not_equal(instance[i], instance[k]);
	}
	assert_int_equal(instance[4], instance[0]);
	both__free(&b);
}

/* --- totals --------------------------------------------------------------- */

/* Workers one after the other, of a master that stays, or the next one there
 * before the one before leaves. */
static void replace_workers(bool master)
{
	uint64_t start = 0;
	struct both b;

	both__init(&b);
	if (master)
		begin(&b, process(MASTER, 1, "web"));
	for (uint32_t i = 0; i < 3000; i++) {
		struct sink_process p = process(FIRST + i, MASTER, "web");
		const struct metric_resource *web;

		begin(&b, p);
		serve(&b, p.pid);
		if (i && !master)
			end(&b, process(p.pid - 1, MASTER, "web"));
		else if (master)
			end(&b, p);
		if (i % 20 == 19)
			assert_int_equal(stats__pass(b.s, NOW + i), 0);
		if (i % 50 != 49)
			continue;
		web = only(batch(&b), "web");
		if (!start)
			start = rig__metric(web, HTTP).points[0].start;
		check(web, i + 1, start);
		assert_int_equal(resources(b.r.last, "unknown_service"), 0);
	}
	assert_true(folded(&b) > 2000);
	both__free(&b);
}

static void workers_of_a_master_add_up(void **state)
{
	(void)state;
	replace_workers(true);
}

static void workers_that_follow_each_other_add_up(void **state)
{
	(void)state;
	replace_workers(false);
}

/* All that one instance did is folded; the next one has none of it. */
static void a_restart_begins_at_nothing(void **state)
{
	const struct metric_resource *web;
	uint64_t before;
	struct both b;
	char id[64];

	(void)state;
	both__init(&b);
	for (uint32_t i = 0; i < 3; i++)
		begin(&b, process(MASTER + i, 1, "web"));
	for (uint32_t i = 0; i < 3; i++)
		serve(&b, MASTER + i);
	web = only(batch(&b), "web");
	check(web, 3, RIG_WALL);
	strcpy(id, web->id);
	for (uint32_t i = 0; i < 3; i++)
		end(&b, process(MASTER + i, 1, "web"));
	crowd(&b);
	assert_false(is_listed(&b, MASTER));
	/* The last that is told of it, and that it has ended. */
	check(only(batch(&b), "web"), 3, RIG_WALL);
	only(batch(&b), "web");
	assert_int_equal(resources(batch(&b), "web"), 0);

	before = b.r.last->time;
	begin(&b, process(5000, 1, "web"));
	assert_int_equal(resources(batch(&b), "web"), 0);
	serve(&b, 5000);
	web = only(batch(&b), "web");
	check(web, 1, before);
	assert_string_not_equal(web->id, id);
	assert_int_equal(resources(b.r.last, "unknown_service"), 0);
	both__free(&b);
}

/* Nobody gets batches for a while, and it begins again meanwhile. */
static void what_nobody_got_is_told_though_folded(void **state)
{
	const struct metric_resource *web;
	struct both b;
	char id[64];

	(void)state;
	both__init(&b);
	begin(&b, process(MASTER, 1, "web"));
	serve(&b, MASTER);
	b.r.delivered = 0;
	web = only(batch(&b), "web");
	strcpy(id, web->id);
	/* Of this one no batch had figures. */
	live(&b, process(MASTER + 1, MASTER, "web"));
	end(&b, process(MASTER, 1, "web"));
	crowd(&b);
	assert_false(is_listed(&b, MASTER));
	assert_false(is_listed(&b, MASTER + 1));
	for (int i = 0; i < 10; i++)
		check(only(batch(&b), "web"), 2, RIG_WALL);
	begin(&b, process(5000, 1, "web"));
	serve(&b, 5000);
	assert_int_equal(rig__resources(batch(&b), "web", &web), 2);
	for (size_t i = 0; i < b.r.last->resources_len; i++) {
		web = &b.r.last->resources[i];
		if (strcmp(rig__value(web, "service.name"), "web") != 0)
			continue;
		assert_int_equal(rig__count(web, HTTP),
				 strcmp(web->id, id) ? OPERATIONS
						     : 2 * OPERATIONS);
	}
	/* It has arrived. */
	b.r.delivered = UINT64_MAX;
	batch(&b);
	batch(&b);
	web = only(batch(&b), "web");
	assert_string_not_equal(web->id, id);
	assert_int_equal(rig__count(web, HTTP), OPERATIONS);
	both__free(&b);
}

static struct sink_process in_container(uint32_t pid, bool second)
{
	struct sink_process p = process(pid, MASTER + second, "web");

	p.resource = second ? "container.id=b" : "container.id=a";
	return p;
}

static void containers_stay_apart(void **state)
{
	struct both b;

	(void)state;
	both__init(&b);
	begin(&b, in_container(MASTER, false));
	begin(&b, in_container(MASTER + 1, true));
	for (uint32_t i = 0; i < 2000; i++) {
		uint64_t done[2] = {(i + 1) - (i + 1) / 4, (i + 1) / 4};

		live(&b, in_container(FIRST + i, i % 4 == 3));
		if (i % 20 == 19)
			assert_int_equal(stats__pass(b.s, NOW + i), 0);
		if (i % 50 != 49)
			continue;
		assert_int_equal(resources(batch(&b), "web"), 2);
		assert_int_equal(resources(b.r.last, "unknown_service"), 0);
		for (size_t k = 0; k < b.r.last->resources_len; k++) {
			const struct metric_resource *r =
				&b.r.last->resources[k];
			const char *id = rig__value(r, "container.id");

			if (id)
				check(r, done[id[0] - 'a'], RIG_WALL);
		}
	}
	assert_true(folded(&b) > 1000);
	both__free(&b);
}

/* One name for all is one service, of whatever instances. */
static void one_name_for_all_adds_up(void **state)
{
	static char name[] = "all";
	char names[200][16];
	struct both b;

	(void)state;
	for (uint32_t i = 0; i < 200; i++)
		snprintf(names[i], sizeof(names[i]), "job%u", i);
	both__init(&b);
	b.r.config.service = name;
	begin(&b, process(MASTER, 1, "web"));
	for (uint32_t i = 0; i < 3000; i++) {
		live(&b, process(FIRST + i, MASTER, names[i % 200]));
		if (i % 20 == 19)
			assert_int_equal(stats__pass(b.s, NOW + i), 0);
		if (i % 50 == 49)
			check(only(batch(&b), "all"), i + 1, RIG_WALL);
	}
	assert_int_equal(resources(b.r.last, "unknown_service"), 0);
	both__free(&b);
}

/* Too short for anybody to look at. */
static void what_was_never_known_is_of_no_instance(void **state)
{
	struct snapshot *snap;
	uint64_t n = 0;
	struct both b;

	(void)state;
	both__init(&b);
	begin(&b, process(MASTER, 1, "web"));
	serve(&b, MASTER);
	for (uint32_t i = 0; i < 1000; i++) {
		live(&b, nameless(FIRST + i, "ls"));
		if (i % 20 == 19)
			assert_int_equal(stats__pass(b.s, NOW + i), 0);
	}
	snap = snap_now(b.s);
	for (size_t i = 0; i < snap->series_len; i++) {
		if (snap->series[i].pid == MASTER)
			continue;
		assert_int_equal(snap->series[i].instance, 0);
		assert_string_equal(snap->series[i].comm, "ls");
		n += snap->series[i].m.operations;
	}
	assert_int_equal(n, 1000 * OPERATIONS);
	assert_int_equal(snap->ports[0].instance, 0);
	snapshot__free(snap);
	/* They are what goes on under that name, if anything does. */
	check(only(batch(&b), "web"), 1, RIG_WALL);
	assert_int_equal(resources(b.r.last, "unknown_service"), 0);
	batch(&b);
	assert_int_equal(resources(batch(&b), "ls"), 0);
	begin(&b, process(5000, 1, "ls"));
	assert_int_equal(rig__count(only(batch(&b), "ls"), HTTP),
			 folded(&b) * OPERATIONS);
	both__free(&b);
}

/* --per-process: what has ended does not come again as another point. */
static void processes_end_by_themselves(void **state)
{
	struct both b;

	(void)state;
	both__init(&b);
	b.r.config.per_process = true;
	begin(&b, process(MASTER, 1, "web"));
	serve(&b, MASTER);
	live(&b, process(MASTER + 1, MASTER, "web"));
	assert_int_equal(rig__count(only(batch(&b), "web"), HTTP),
			 2 * OPERATIONS);
	batch(&b);
	crowd(&b);
	assert_false(is_listed(&b, MASTER + 1));
	assert_int_equal(rig__count(only(batch(&b), "web"), HTTP), OPERATIONS);
	both__free(&b);
}

/* --- memory --------------------------------------------------------------- */

/* One that is started again and again, beside one that stays. */
static void restarts_are_bounded(void **state)
{
	uint64_t most = 0, all = 0;
	struct snapshot *snap;
	struct both b;

	(void)state;
	both__init(&b);
	begin(&b, process(MASTER, 1, "web"));
	serve(&b, MASTER);
	live(&b, process(MASTER + 1, MASTER, "web"));
	for (uint32_t i = 0; i < 5000; i++) {
		live(&b, process(FIRST + i, 1, "backup"));
		if (i % 20 != 19)
			continue;
		assert_int_equal(stats__pass(b.s, NOW + i), 0);
		if (i % 100 != 99)
			continue;
		check(only(batch(&b), "web"), 2, RIG_WALL);
		assert_int_equal(resources(b.r.last, "unknown_service"), 0);
	}
	assert_false(is_listed(&b, MASTER + 1));
	snap = snap_now(b.s);
	for (size_t i = 0; i < snap->series_len; i++) {
		all += snap->series[i].m.operations;
		if (!snap->series[i].instance &&
		    snap->series[i].m.operations > most)
			most = snap->series[i].m.operations;
	}
	assert_int_equal(all, 5002 * OPERATIONS);
	assert_true(most > 4000);
	assert_true(snap->series_len < 1100);
	assert_int_equal(counter(snap, "series_folded"), 0);
	snapshot__free(snap);
	/* Nobody inherits that, neither of its name nor of its comm. */
	for (int i = 0; i < 3; i++)
		batch(&b);
	assert_int_equal(resources(b.r.last, "backup"), 0);
	begin(&b, process(FIRST + 5000, 1, "backup"));
	begin(&b, process(FIRST + 5001, 1, "worker"));
	assert_int_equal(resources(batch(&b), "backup"), 0);
	assert_int_equal(resources(b.r.last, "worker"), 0);
	check(only(b.r.last, "web"), 2, RIG_WALL);
	both__free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_that_live_are_one),
		cmocka_unit_test(a_child_of_it_goes_on),
		cmocka_unit_test(a_program_has_none_until_it_is_known),
		cmocka_unit_test(namespaces_and_containers_are_apart),
		cmocka_unit_test(workers_of_a_master_add_up),
		cmocka_unit_test(workers_that_follow_each_other_add_up),
		cmocka_unit_test(a_restart_begins_at_nothing),
		cmocka_unit_test(what_nobody_got_is_told_though_folded),
		cmocka_unit_test(containers_stay_apart),
		cmocka_unit_test(one_name_for_all_adds_up),
		cmocka_unit_test(what_was_never_known_is_of_no_instance),
		cmocka_unit_test(processes_end_by_themselves),
		cmocka_unit_test(restarts_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
