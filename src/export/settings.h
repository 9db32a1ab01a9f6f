/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What can be set, by an option or a variable, and how its value is read.
 * Knows nothing of which one wins: config.c does.
 */
#ifndef REQTRACE_EXPORT_SETTINGS_H
#define REQTRACE_EXPORT_SETTINGS_H

#include <stdbool.h>

#include "export/config.h"

/* A value and where it is from, which says how it is read. */
enum place { PLACE_OPTION, PLACE_SIGNAL, PLACE_GENERAL, PLACES };

struct given {
	enum place place;
	char name[80]; /* of the option or variable */
	const char *value;
};

struct setting {
	const char *option;   /* NULL: there is none */
	const char *variable; /* behind OTEL_EXPORTER_OTLP_[METRICS_], or whole
			       * where .whole */
	bool whole;
	const char *takes; /* ends the sentence "NAME takes ..." */
	bool secret;	   /* the value appears nowhere */
	int (*parse)(const struct given *g, void *out); /* 0, or -EINVAL,
							 * -ENOMEM */
};

struct endpoint {
	enum otlp_protocol protocol;
	enum otlp_signal signal;
	bool insecure;
	char *url;
};

extern const struct setting set_protocol, set_endpoint, set_insecure,
	set_headers, set_timeout, set_gzip, set_ca, set_cert, set_key,
	set_interval, set_delta, set_histogram, set_service, set_resource,
	set_rate, set_disabled;

/* Names that make a message what it is: not for users to set. */
bool header__is_ours(const char *name);

/* Whether that can be a header which users may set (RFC 9110, 5.1 and 5.5); no
 * line breaks, above all. */
bool header__is_valid(const char *name, const char *value);

#endif
