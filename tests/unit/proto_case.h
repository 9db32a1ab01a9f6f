/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs data files of exchanges (tests/data/http, tests/data/redis) through
 * the table of protocols.
 *
 * Fields in: request, response, tail; request_total and response_total (by
 * default their lengths). Fields out: result (ok; EBADMSG: detected, then
 * refused; undetected: neither; remains: parsed though not detected),
 * operation, status, operations, exact, errors, kind, stream, framing,
 * partial. Those that are left out must be as for an ordinary exchange, in
 * this order: ok, "", "", 1, yes, 0, exchange, "", unknown, no. And trace
 * ("TRACE-ID PARENT-ID FLAGS", otherwise ""), and version, which is compared
 * where it is named.
 */
#ifndef REQTRACE_TESTS_PROTO_CASE_H
#define REQTRACE_TESTS_PROTO_CASE_H

#include "data_file.h"
#include "proto/proto.h"

/* Detect and parse each case and compare all that comes out. Fails the
 * running cmocka test, after naming each case that differs, and when the
 * file holds fewer than at_least cases. */
void proto_case__run_file(const struct proto *p, const char *path,
			  size_t at_least);

/* Parse each case cut at every byte of the request, of the response and of
 * the tail, both as "not sent yet" and as "not captured": whatever comes out
 * must be sound, and never more operations than the whole holds. */
void proto_case__run_prefixes(const struct proto *p, const char *path);

#endif
