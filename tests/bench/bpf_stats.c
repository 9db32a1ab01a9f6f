// SPDX-License-Identifier: GPL-2.0-only
/*
 * Yields the kernel's run-time statistics of all BPF programs as one line of
 * JSON: name, runs, nanoseconds. They are kept while kernel.bpf_stats_enabled
 * is set.
 */
#include <bpf/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	const char *comma = "";
	__u32 id = 0;

	printf("[");
	while (!bpf_prog_get_next_id(id, &id)) {
		struct bpf_prog_info info;
		__u32 len = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		memset(&info, 0, sizeof(info));
		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &len) && info.run_cnt) {
			printf("%s{\"name\": \"%s\", \"runs\": %llu, "
			       "\"ns\": %llu}",
			       comma, info.name, info.run_cnt,
			       info.run_time_ns);
			comma = ", ";
		}
		close(fd);
	}
	printf("]\n");
	return 0;
}
