/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures in people's units: see units.h for the widths. Fed with numbers,
 * yields short strings. Rounding never yields a fourth digit: what would
 * round to 1000 of a unit becomes 1.00 of the next.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "view/units.h"

#define NEXT_UNIT 999.5 /* from here on, three digits round up to 1000 */

/* 0 <= value < NEXT_UNIT with three significant digits. */
static void three_digits(char *buf, double value, const char *unit)
{
	int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

	snprintf(buf, UNITS_LEN, "%.*f%s", decimals, value, unit);
}

/* From ten minutes on: two units, the lower one in two digits. */
static void long_duration(char *buf, double seconds)
{
	uint64_t s =
		seconds < 1e12 ? (uint64_t)(seconds + 0.5) : 1000000000000ull;
	unsigned long long min = s / 60, hours = s / 3600, days = s / 86400;

	if (hours == 0)
		snprintf(buf, UNITS_LEN, "%llum%02llus", min,
			 (unsigned long long)s % 60);
	else if (hours < 100)
		snprintf(buf, UNITS_LEN, "%lluh%02llum", hours, min % 60);
	else if (days < 1000)
		snprintf(buf, UNITS_LEN, "%llud%02lluh", days, hours % 24);
	else
		snprintf(buf, UNITS_LEN, "%llud", days);
}

char *units__duration(char *buf, double ns, bool utf8)
{
	const char *const unit[] = {utf8 ? " µs" : " us", " ms"};

	if (!(ns > 0))
		ns = 0;
	if (ns < NEXT_UNIT) {
		snprintf(buf, UNITS_LEN, "%.0f ns", ns);
		return buf;
	}
	for (int i = 0; i < 2; i++) {
		ns /= 1000;
		if (ns < NEXT_UNIT) {
			three_digits(buf, ns, unit[i]);
			return buf;
		}
	}
	ns /= 1000;
	if (ns < 599.5)
		three_digits(buf, ns, " s");
	else
		long_duration(buf, ns);
	return buf;
}

char *units__rate(char *buf, double per_second)
{
	if (!(per_second > 0))
		strcpy(buf, "0");
	else if (per_second < 0.005)
		strcpy(buf, "<0.01");
	else if (per_second < NEXT_UNIT)
		three_digits(buf, per_second, "");
	else if (per_second < 999999.5)
		units__count(buf, (uint64_t)(per_second + 0.5));
	else if (per_second < NEXT_UNIT * 1e6)
		three_digits(buf, per_second / 1e6, "M");
	else
		three_digits(buf, fmin(per_second / 1e9, 999), "G");
	return buf;
}

char *units__bytes(char *buf, uint64_t bytes)
{
	static const char *const unit[] = {" KiB", " MiB", " GiB", " TiB",
					   " PiB"};
	double value = bytes;
	int i = -1;

	if (bytes < 1024) {
		snprintf(buf, UNITS_LEN, "%u B", (unsigned int)bytes);
		return buf;
	}
	do {
		value /= 1024;
		i++;
	} while (value >= NEXT_UNIT && i < 4);
	if (value < NEXT_UNIT)
		three_digits(buf, value, unit[i]);
	else
		snprintf(buf, UNITS_LEN, "%.0f%s", value, unit[i]);
	return buf;
}

char *units__share(char *buf, uint64_t part, uint64_t whole)
{
	double percent = whole ? 100.0 * part / whole : 0;

	if (part == 0)
		strcpy(buf, "0 %");
	else if (part == whole)
		strcpy(buf, "100 %");
	else if (percent < 0.005)
		strcpy(buf, "<0.01 %");
	else if (percent >= 99.95)
		strcpy(buf, ">99.9 %");
	else
		three_digits(buf, percent, " %");
	return buf;
}

char *units__count(char *buf, uint64_t count)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu",
			   (unsigned long long)count);
	char *to = buf;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return buf;
}
