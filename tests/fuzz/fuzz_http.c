/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTTP/1.x from hostile peers: any two sides of an exchange in, sound results
 * out.
 */
#include "proto/parsers.h"
#include "proto_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz__run(&proto_http, data, size);
	return 0;
}
