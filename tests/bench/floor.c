// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads and attaches the programs of floor.bpf.c, or those of
 * floor_helpers.bpf.c for a process, and holds them until a signal comes:
 * floor OBJECT [--sched | --pid PID]. Says "attached" when they are.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_PROGRAMS 16

static int floor__attach(struct bpf_object *obj, struct bpf_link **links)
{
	struct bpf_program *prog;
	int n = 0;

	bpf_object__for_each_program(prog, obj)
	{
		if (!bpf_program__autoload(prog))
			continue;
		if (n == MAX_PROGRAMS)
			return -E2BIG;
		links[n] = bpf_program__attach(prog);
		if (!links[n])
			return -errno;
		n++;
	}
	return 0;
}

static int floor__load(struct bpf_object *obj, bool sched)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj)
	{
		if (!sched && strstr(bpf_program__name(prog), "_sched_"))
			bpf_program__set_autoload(prog, false);
	}
	return bpf_object__load(obj);
}

/* The only variable that one of the objects has: whose sockets. */
static int floor__target(struct bpf_object *obj, const char *pid)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj, ".rodata");
	unsigned target = atoi(pid);

	if (!map || bpf_map__value_size(map) != sizeof(target))
		return -EINVAL;
	return bpf_map__set_initial_value(map, &target, sizeof(target));
}

static int drop(void *ctx, void *data, size_t len)
{
	(void)ctx;
	(void)data;
	(void)len;
	return 0;
}

/* Until a signal comes, with the ring read as often as reqtrace would. */
static int floor__hold(struct bpf_object *obj, const sigset_t *end)
{
	const struct timespec pause = {.tv_nsec = 2000000};
	int fd = bpf_object__find_map_fd_by_name(obj, "ring"), signo;
	struct ring_buffer *ring = NULL;

	if (fd >= 0) {
		ring = ring_buffer__new(fd, drop, NULL, NULL);
		if (!ring)
			return -errno;
	}
	puts("attached");
	fflush(stdout);
	if (!ring)
		sigwait(end, &signo);
	while (ring && sigtimedwait(end, NULL, &pause) < 0)
		ring_buffer__consume(ring);
	ring_buffer__free(ring);
	return 0;
}

int main(int argc, char **argv)
{
	struct bpf_link *links[MAX_PROGRAMS] = {};
	bool sched = argc == 3 && !strcmp(argv[2], "--sched");
	bool of_one = argc == 4 && !strcmp(argv[2], "--pid");
	struct bpf_object *obj;
	sigset_t end;
	int err = 0;

	if (argc != 2 && !sched && !of_one) {
		fprintf(stderr, "usage: floor OBJECT [--sched | --pid PID]\n");
		return 2;
	}
	sigemptyset(&end);
	sigaddset(&end, SIGINT);
	sigaddset(&end, SIGTERM);
	sigprocmask(SIG_BLOCK, &end, NULL);
	obj = bpf_object__open_file(argv[1], NULL);
	if (!obj) {
		fprintf(stderr, "floor: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	if (of_one)
		err = floor__target(obj, argv[3]);
	if (!err)
		err = floor__load(obj, sched);
	if (!err)
		err = floor__attach(obj, links);
	if (!err)
		err = floor__hold(obj, &end);
	if (err)
		fprintf(stderr, "floor: %s\n", strerror(-err));
	for (int i = 0; i < MAX_PROGRAMS; i++)
		bpf_link__destroy(links[i]);
	bpf_object__close(obj);
	return err ? 1 : 0;
}
