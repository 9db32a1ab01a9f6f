/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The slowest exchanges of the run. Fed with a snapshot's list, yields the
 * lines of --slow, wrapped at the width.
 */
#include "view/screen.h"
#include "view/slow_line.h"
#include "view/text.h"

void text__slowest(const struct text *t)
{
	char line[SLOW_LINE_LEN];

	if (t->snap->slowest_len > 0)
		fputs("\nSlowest exchanges (UTC)\n", t->out);
	for (size_t i = 0; i < t->snap->slowest_len; i++) {
		const struct snapshot_slow *s = &t->snap->slowest[i];

		slow_line__text(line, &s->request, s->comm, s->wall,
				t->snap->threads_len > 0, t->utf8);
		text__wrap(t, 6, "  ", line);
	}
}
