/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a group of exchanges takes as long as it does, in one sentence. Fed
 * with its figures, says what they say of its threads and no more.
 */
#ifndef REQTRACE_VIEW_DIAGNOSIS_H
#define REQTRACE_VIEW_DIAGNOSIS_H

#include "view/breakdown_view.h"

#define DIAGNOSIS_LEN 400

/* "71 % of the slow end is receive queue: ..." into buf[DIAGNOSIS_LEN]: clean,
 * without a full stop; "" where no part is large enough to speak of. v is made
 * of m. Returns buf. */
char *diagnosis__sentence(char *buf, const struct breakdown_view *v,
			  const struct measure *m, enum rt_role role,
			  bool utf8);

#endif
