// SPDX-License-Identifier: GPL-2.0-only
/* See net.h. */
#include "export/net.h"

#include <stddef.h>

const char *net__missing(void)
{
	return NULL;
}
