/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is said of a service: its identity and the attributes of its resource.
 */
#ifndef REQTRACE_EXPORT_BUILD_RESOURCE_H
#define REQTRACE_EXPORT_BUILD_RESOURCE_H

#include "export/build_services.h"

/* Text that is equal for the processes of one service: name, namespace and
 * container. Free it; NULL when out of memory. */
char *resource__key(const struct export_config *config,
		    const struct snapshot_process *p);

/* Set id and attributes of a service that began with this process (NULL: its
 * process is not known). 0 or -ENOMEM (not set). */
int resource__describe(struct service *s, const struct export_config *config,
		       const struct snapshot *snap,
		       const struct snapshot_process *leader);
/* Likewise of reqtrace itself. */
int resource__describe_self(struct service *s,
			    const struct export_config *config,
			    const struct snapshot *snap);

#endif
