/* SPDX-License-Identifier: GPL-2.0-only */
/* Wires the stages together and runs them; the only place that logs errors. */
#ifndef REQTRACE_APP_H
#define REQTRACE_APP_H

#include "options.h"

/* Trace or replay as the options say. Returns the exit status. */
int app__run(const struct options *options);

#endif
