/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures in people's units, always in the same widths. Fed with numbers,
 * yields short strings without padding.
 *
 *   durations  at most 7 columns: 850 ns  12.3 us  1.20 s  16m40s  4d04h
 *   rates      at most 7 columns: 0.50  12.3  123  160,000  1.23M
 *   sizes      at most 8 columns: 512 B  1.23 KiB
 *   shares     at most 7 columns: 100 %  12.3 %  <0.01 %
 *   counts     exact, thousands set apart: 1,600,000
 */
#ifndef REQTRACE_VIEW_UNITS_H
#define REQTRACE_VIEW_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#define UNITS_LEN 32 /* the longest count is 26 characters */

/* Each fills buf[UNITS_LEN] and returns it. */
char *units__duration(char *buf, double ns, bool utf8); /* utf8: a real mu */
char *units__rate(char *buf, double per_second);
char *units__bytes(char *buf, uint64_t bytes);
char *units__share(char *buf, uint64_t part, uint64_t whole);
char *units__count(char *buf, uint64_t count);

#endif
