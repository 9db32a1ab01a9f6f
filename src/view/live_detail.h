/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the live view's panel shows of each row, and of the threads. Fed with
 * a snapshot (not used after live_details__build), yields figures and text.
 *
 * Memory: about 1.2 KB a row.
 */
#ifndef REQTRACE_VIEW_LIVE_DETAIL_H
#define REQTRACE_VIEW_LIVE_DETAIL_H

#include "view/breakdown_view.h"

#define LIVE_NAME_LEN 64

/* Calls out of a row's exchanges to one peer. */
struct live_call {
	char peer[LIVE_NAME_LEN]; /* clean */
	double per_exchange;
	double mean;	/* ns a call; 0: there was none */
	double network; /* ns blocked on it, of the mean's PART_NETWORK */
};

struct live_detail {
	uint64_t id; /* equal for equal keys, in each snapshot */
	uint32_t pid;
	bool known; /* .parts is valid */
	struct breakdown_view parts;
	char title[200];	 /* clean */
	char *diagnosis;	 /* owned; NULL: none */
	struct live_call *calls; /* owned */
	size_t calls_len;
};

struct live_threads {
	uint32_t pid;
	uint32_t living, ended;
	char name[LIVE_NAME_LEN]; /* clean */
	double share[RT_CLOCKS];  /* of their time, 0..1 */
};

struct live_details {
	size_t rows; /* as of the table */
	struct live_detail *row;
	size_t threads_len;
	struct live_threads *threads;
};

/* 0 or -ENOMEM (d is empty then). */
int live_details__build(struct live_details *d, const struct snapshot *snap,
			bool utf8);
void live_details__free(struct live_details *d); /* accepts a zeroed d */

#endif
