/* SPDX-License-Identifier: GPL-2.0-only */
/* reqtrace doctor: what the source finds about this machine, to the views. */
#ifndef REQTRACE_DOCTOR_H
#define REQTRACE_DOCTOR_H

#include "base/error.h"
#include "options.h"

/* 0 if this machine can be traced. Negative errno if not, err empty: it is in
 * what was printed; or if that could not be written, with err. */
int doctor__run(const struct options *options, struct error *err);

#endif
