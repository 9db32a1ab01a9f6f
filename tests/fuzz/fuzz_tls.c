/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TLS from hostile peers: any two sides of an exchange in, sound results out.
 * What the first byte of the request says beyond doubt must come out too.
 */
#include "proto/parsers.h"
#include "proto_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All that this parser ever says, whatever the bytes. */
static void check_result(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz__copy(data, size);
	/* Answered, so that it is an exchange. */
	struct proto_input in = {
		.request = copy, .request_len = size, .response_total = 1};
	struct proto_result out;
	bool detected = proto_tls.detect(copy, size);

	if (!proto__parse(&proto_tls, &in, &out)) {
		fuzz__check(!strcmp(out.operation, *copy == 0x17
							   ? "(encrypted)"
							   : "handshake"));
		fuzz__check(out.operations == 1 && out.operations_exact);
		fuzz__check(!out.errors && !out.request_partial);
		fuzz__check(out.kind == PROTO_EXCHANGE && !*out.status);
		fuzz__check(out.framing == PROTO_FRAMING_UNKNOWN);
	} else {
		fuzz__check(!detected);
	}
	/* No other parser may be sure of the same bytes. */
	fuzz__check(!detected || proto__detect(copy, size) == &proto_tls);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_result(data, size);
	fuzz__run(&proto_tls, data, size);
	return 0;
}
