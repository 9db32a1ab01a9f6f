/* SPDX-License-Identifier: GPL-2.0-only */
/* See clocks.h. */
#include "view/clocks.h"

static const struct {
	const char *title, *brief;
} titles[RT_CLOCKS] = {
	[RT_CLOCK_CPU] = {"CPU", "CPU"},
	[RT_CLOCK_RUN_QUEUE] = {"RUN QUEUE", "QUEUE"},
	[RT_CLOCK_LOCK] = {"LOCK", "LOCK"},
	[RT_CLOCK_DISK] = {"DISK", "DISK"},
	[RT_CLOCK_NETWORK] = {"NETWORK", "NET"},
	[RT_CLOCK_POLL] = {"POLL", "POLL"},
	[RT_CLOCK_SLEEP] = {"SLEEP", "SLEEP"},
	[RT_CLOCK_PAGE_FAULT] = {"FAULT", "FAULT"},
	[RT_CLOCK_OTHER] = {"OTHER", "OTHER"},
};

const char *clocks__title(enum rt_clock clock)
{
	return titles[clock].title;
}

const char *clocks__brief(enum rt_clock clock)
{
	return titles[clock].brief;
}
