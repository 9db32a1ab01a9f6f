/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hand-made snapshots for the tests of the views: every kind of figure, names
 * that are long, wide or hostile, and none of it measured.
 */
#ifndef TESTS_UNIT_FAKE_SNAPSHOT_H
#define TESTS_UNIT_FAKE_SNAPSHOT_H

#include "stats/snapshot.h"

enum fake_kind {
	FAKE_EMPTY,	  /* tracing started, nothing seen */
	FAKE_REDIS,	  /* one process, one port, pipelining, no errors */
	FAKE_WEB,	  /* master and workers, both roles, errors, streams */
	FAKE_CONNECTIONS, /* FAKE_WEB by connection */
	FAKE_PEERS,	  /* FAKE_REDIS by peer */
	FAKE_PARTS,	  /* where the time of exchanges and threads went */
	FAKE_KINDS,
};

/* tick: seconds of load so far, at least 1; interval: as of a live view.
 * Aborts when out of memory. */
struct snapshot *fake_snapshot__new(enum fake_kind kind, unsigned int tick,
				    bool interval);
void fake_snapshot__free(struct snapshot *snap);

#endif
