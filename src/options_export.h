/* SPDX-License-Identifier: GPL-2.0-only */
/* The options of the export: a parser that is a child of options.c's. */
#ifndef REQTRACE_OPTIONS_EXPORT_H
#define REQTRACE_OPTIONS_EXPORT_H

#include <argp.h>

#include "export/config.h"

/* Input of the parser. */
struct options_export {
	struct export_options given;
	struct export_config config; /* when all is parsed */
};

extern const struct argp options_export__argp;

/* Whether any option of the export was given. */
bool options_export__given(const struct options_export *x);

#endif
