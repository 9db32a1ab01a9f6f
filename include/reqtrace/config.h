/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What userspace tells the BPF programs before they are loaded; constant from
 * then on, so that the verifier removes the branches that are not taken.
 */
#ifndef REQTRACE_CONFIG_H
#define REQTRACE_CONFIG_H

#include "record.h"

struct rt_config {
	rt_u32 self;	    /* tgid of reqtrace: never traced */
	rt_u32 all;	    /* every process is a target */
	rt_u32 server_only; /* only connections that a process accepts */
	rt_u32 port;	    /* only this port; 0: every port */
	rt_u32 by_comm;	    /* processes that take the name comm are targets */
	rt_u32 parts;	    /* the scheduler programs are loaded */
	rt_u32 by_cookie;   /* all connections are kept by their cookie */
	/* What this kernel has: see source/plan.h. */
	rt_u32 task_from_pid;
	rt_u32 switch_tells_state;
	rt_u32 twins;	    /* programs that do what others were skipped for */
	rt_u32 sweep_files; /* what is open is found by the targets' files */
	rt_u8 comm[RT_COMM_LEN];
};

#endif
