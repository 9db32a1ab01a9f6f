/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Route templates of hostile paths: any path in; a short path of harmless
 * bytes without long numbers out.
 */
#include "proto_fuzz.h"

#include "proto/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_template(const char *out, size_t len, size_t out_size)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789/{}()$.:_-";
	size_t i, slashes = 0, digits = 0;

	fuzz__check(len == strnlen(out, out_size) && len < out_size);
	if (out_size < ROUTE_MIN)
		return;
	fuzz__check(out[0] == '/' && strspn(out, allowed) == len);
	for (i = 0; i < len; i++) {
		slashes += out[i] == '/';
		digits = out[i] >= '0' && out[i] <= '9' ? digits + 1 : 0;
		fuzz__check(digits < 4);
	}
	fuzz__check(slashes <= ROUTE_SEGMENTS + 1);
	fuzz__check(!strstr(out, "//") && !strstr(out, "{id}{id}"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t sizes[] = {1, 4, 5, 9, 40, 120};
	char full[120], *out;
	uint8_t *path;
	size_t i, len;

	path = fuzz__copy(data, size);
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		out = malloc(sizes[i]);
		fuzz__check(out);
		len = route__template(path, size, true, out, sizes[i]);
		check_template(out, len, sizes[i]);
		len = route__template(path, size, false, out, sizes[i]);
		check_template(out, len, sizes[i]);
		free(out);
	}
	/* What a query says changes nothing. */
	len = route__template(path, size, false, full, sizeof(full));
	free(path);
	path = malloc(size + 2);
	fuzz__check(path);
	if (size)
		memcpy(path, data, size);
	memcpy(path + size, "?9", 2);
	out = malloc(sizeof(full));
	fuzz__check(out);
	fuzz__check(route__template(path, size + 2, true, out, sizeof(full)) ==
		    len);
	fuzz__check(!strcmp(out, full));
	free(out);
	free(path);
	return 0;
}
