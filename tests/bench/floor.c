// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads and attaches the programs of floor.bpf.c and holds them until a
 * signal comes: floor OBJECT [--sched]. Says "attached" when they are.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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

static void floor__hold(const sigset_t *end)
{
	int signo;

	puts("attached");
	fflush(stdout);
	sigwait(end, &signo);
}

int main(int argc, char **argv)
{
	struct bpf_link *links[MAX_PROGRAMS] = {};
	struct bpf_object *obj;
	sigset_t end;
	int err;

	if (argc < 2 || argc > 3 || (argc == 3 && strcmp(argv[2], "--sched"))) {
		fprintf(stderr, "usage: floor OBJECT [--sched]\n");
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
	err = floor__load(obj, argc == 3);
	if (!err)
		err = floor__attach(obj, links);
	if (!err)
		floor__hold(&end);
	else
		fprintf(stderr, "floor: %s\n", strerror(-err));
	for (int i = 0; i < MAX_PROGRAMS; i++)
		bpf_link__destroy(links[i]);
	bpf_object__close(obj);
	return err ? 1 : 0;
}
