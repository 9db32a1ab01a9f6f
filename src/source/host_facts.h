/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of this machine decides whether tracing works, as facts for people.
 * Fed by /proc, /sys and uname().
 */
#ifndef REQTRACE_SOURCE_HOST_FACTS_H
#define REQTRACE_SOURCE_HOST_FACTS_H

#include <stdbool.h>

#define HOST_FACT_LEN 256

struct host_facts {
	char kernel[HOST_FACT_LEN];   /* release */
	char machine[HOST_FACT_LEN];  /* "x86_64" */
	bool types;		      /* has BTF that can be read */
	char lockdown[HOST_FACT_LEN]; /* "none", "integrity", ...; "" if the
				       * kernel has no lockdown */
	int seccomp;		      /* mode of this process; 0: no filter */
	bool container;		      /* looks like one */
	bool pid_namespace;	      /* processes have other ids on the host */
	int unprivileged_bpf;	      /* kernel.unprivileged_bpf_disabled; -1:
				       * not known */
};

void host_facts__read(struct host_facts *out);

#endif
