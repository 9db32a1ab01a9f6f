/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of protocols and the two calls through it. Fed the first bytes
 * of an exchange, yields which protocol it is and what that says about it.
 */
#include "proto/proto.h"

#include "proto/parsers.h"

/* HTTP first: its request line is longer and stricter than an inline Redis
 * command, and both may begin with "GET ". */
const struct proto *const proto__table[] = {&proto_http, &proto_redis,
					    &proto_tls, NULL};

const struct proto *proto__detect(const uint8_t *request, size_t len)
{
	size_t i;

	if (!request || !len)
		return NULL;
	for (i = 0; proto__table[i]; i++) {
		if (proto__table[i]->detect(request, len))
			return proto__table[i];
	}
	return NULL;
}

int proto__parse(const struct proto *p, const struct proto_input *in,
		 struct proto_result *out)
{
	struct proto_input checked = *in;

	/* Parsers rely on: pointer or no length, and total >= length. */
	if (!checked.request)
		checked.request_len = 0;
	if (!checked.response)
		checked.response_len = 0;
	if (!checked.tail)
		checked.tail_len = 0;
	if (checked.request_total < checked.request_len)
		checked.request_total = checked.request_len;
	if (checked.response_total < checked.response_len)
		checked.response_total = checked.response_len;

	*out = (struct proto_result){
		.operations = 1,
		.operations_exact = true,
		.version = "",
	};
	return p->parse(&checked, out);
}
