/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What program an interpreter runs, by its arguments. Nothing else of these
 * is kept or shown.
 */
#ifndef REQTRACE_SOURCE_SERVICE_ARGV_H
#define REQTRACE_SOURCE_SERVICE_ARGV_H

#include <stddef.h>

#define SERVICE_ARGV_NAME_MAX 64

/*
 * exe: path of the executable; argv: the text of /proc/PID/cmdline. out gets
 * the name, safe to show: of the script without its suffix, of the module, main
 * class or archive; of the application that a Python web server was told to
 * serve. That of the interpreter when there is none. "" when exe is no
 * interpreter that is known.
 */
void service_argv__name(const char *exe, const char *argv, size_t len,
			char out[SERVICE_ARGV_NAME_MAX + 1]);

#endif
