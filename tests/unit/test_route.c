/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Route templates: paths as services have them, and paths that try to get
 * through.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/route.h"

static const struct {
	const char *path, *expected;
} paths[] = {
	/* words stay */
	{"/", "/"},
	{"/users", "/users"},
	{"/users/", "/users/"},
	{"/api/v1/users", "/api/v1/users"},
	{"/api/v1beta1/users", "/api/v1beta1/users"},
	{"/v1p1beta1/speech", "/v1p1beta1/speech"},
	{"/api/v2alpha/x", "/api/v2alpha/x"},
	{"/api/1.1/statuses", "/api/1.1/statuses"},
	{"/docs/3.11.2/library", "/docs/3.11.2/library"},
	{"/v2.0/me", "/v2.0/me"},
	{"/oauth2/token", "/oauth2/token"},
	{"/k8s/i18n/s3/e2e/mp3", "/k8s/i18n/s3/e2e/mp3"},
	{"/sha256", "/sha256"},
	{"/utf8/base64", "/utf8/base64"},
	{"/2fa/verify", "/2fa/verify"},
	{"/terms-and-conditions", "/terms-and-conditions"},
	{"/get_user_by_email_address", "/get_user_by_email_address"},
	{"/get_user_by_oauth2_token", "/get_user_by_oauth2_token"},
	{"/getUserByEmailAddress", "/getUserByEmailAddress"},
	{"/internationalization", "/internationalization"},
	{"/twirp/acme.shop.Orders/ListOrders",
	 "/twirp/acme.shop.Orders/ListOrders"},
	{"/en-US/products", "/en-US/products"},
	{"/.well-known/openid-configuration",
	 "/.well-known/openid-configuration"},
	{"/_next/static", "/_next/static"},
	{"/__webpack_hmr", "/__webpack_hmr"},
	{"/health/live", "/health/live"},
	{"/facade/deadbeef", "/facade/deadbeef"},
	{"/odata/$metadata", "/odata/$metadata"},
	{"/GET/CamelCase", "/GET/CamelCase"},
	{"/../../etc/passwd", "/../../etc/passwd"},

	/* numbers */
	{"/users/42", "/users/{id}"},
	{"/users/42/", "/users/{id}/"},
	{"/users/42/orders/7", "/users/{id}/orders/{id}"},
	{"/users/0", "/users/{id}"},
	{"/page-2", "/page-{id}"},
	{"/order_12345/items", "/order_{id}/items"},
	{"/order-12345-b", "/order-{id}-b"},
	{"/user12345", "/{id}"},
	{"/tt0111161", "/{id}"},
	{"/123abc", "/{id}"},
	{"/item/-5", "/item/-{id}"},
	{"/geo/52.5200/13.4050", "/geo/{id}/{id}"},
	{"/ip/10.0.0.1", "/ip/{id}"},
	{"/ip/192.168.1.17", "/ip/{id}"},

	/* UUIDs, hashes, tokens */
	{"/u/550e8400-e29b-41d4-a716-446655440000", "/u/{id}"},
	{"/u/550E8400-E29B-41D4-A716-446655440000/x", "/u/{id}/x"},
	{"/u/abcdefab-cdef-abcd-efab-cdefabcdefab", "/u/{id}"},
	{"/f/report-550e8400-e29b-41d4-a716-446655440000.pdf",
	 "/f/report-{id}.pdf"},
	{"/o/507f1f77bcf86cd799439011", "/o/{id}"},
	{"/c/3f2a9c1b", "/c/{id}"},
	{"/c/3f2a9c1", "/c/{id}"},
	{"/c/da39a3ee5e6b4b0d3255bfef95601890afd80709", "/c/{id}"},
	{"/b/sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4",
	 "/b/sha256:{id}"},
	{"/b/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	 "/b/{id}"},
	{"/ulid/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/ulid/{id}"},
	{"/ksuid/0ujtsYcgvSTl8PAuAdqWYSMnLOv", "/ksuid/{id}"},
	{"/nano/V1StGXR8_Z5jdHi6B-myT", "/nano/{id}"},
	{"/jwt/"
	 "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n",
	 "/jwt/{id}"},
	{"/w/dQw4w9WgXcQ", "/w/{id}"},
	{"/stripe/cus_9s6X", "/stripe/cus_9s6X"},
	{"/stripe/cus_9s6XKzkNRiz8i3", "/stripe/{id}"},
	{"/asin/B07XJ8C8F5", "/asin/{id}"},
	{"/r/xkqzvbnmwrtplkjhgf", "/r/{id}"},
	{"/eth/0x52908400098527886E0F7030069857D2E4169EE7", "/eth/{id}"},
	{"/verify/aGVsbG8gd29ybGQ=", "/verify/{id}"},

	/* dates */
	{"/log/2026-11-20", "/log/{id}"},
	{"/log/20261120", "/log/{id}"},
	{"/2026/11/20/title", "/{id}/{id}/{id}/title"},
	{"/log/2026-11-20T10:00:00Z", "/log/{id}"},
	{"/log/20261120T100000Z", "/log/{id}"},
	{"/log/20.11.2026", "/log/{id}"},

	/* file names */
	{"/index.html", "/index.html"},
	{"/favicon.ico", "/favicon.ico"},
	{"/robots.txt", "/robots.txt"},
	{"/wp-login.php", "/wp-login.php"},
	{"/favicon-32x32.png", "/favicon-32x32.png"},
	{"/fonts/inter.woff2", "/fonts/inter.woff2"},
	{"/app.3f2a9c1b.js", "/app.{id}.js"},
	{"/static/main.8d3f2a.chunk.css", "/static/main.{id}.chunk.css"},
	{"/static/2.c1f2b3d4.chunk.js", "/static/{id}.chunk.js"},
	{"/assets/index-BX2kT9qa.js", "/assets/index-{id}.js"},
	{"/assets/index-Dk3mNoPq.js", "/assets/index-{id}.js"},
	{"/js/jquery-3.6.0.min.js", "/js/jquery-{id}.min.js"},
	{"/up/IMG_20261120_1234.jpg", "/up/IMG_{id}.jpg"},
	{"/404.html", "/{id}.html"},

	/* people and foreign text */
	{"/users/john@example.com", "/users/{id}"},
	{"/users/john%40example.com", "/users/{id}"},
	{"/@alice", "/{id}"},
	{"/~bob/", "/{id}/"},
	{"/domains/shop.example.com", "/domains/{id}"},
	{"/caf%C3%A9", "/{id}"},
	{"/caf\xc3\xa9", "/{id}"},
	{"/a%20b/c", "/{id}/c"},
	{"/%2e%2e/x", "/{id}/x"},
	{"/tel/+4930123456", "/tel/{id}"},
	{"/list/a,b,c", "/list/{id}"},
	{"/k=v/x", "/{id}/x"},
	{"/<script>alert(1)</script>", "/{id}/{id}"},
	{"/\x1b[31m", "/{id}"},
	{"/{id}", "/{id}"},
	{"/a b", "/{id}"},
	{"/blog/how-to-write-a-good-parser-in-c", "/blog/{id}"},

	/* parameters, verbs, keys */
	{"/a;jsessionid=SECRET/b", "/a/b"},
	{"/;x=SECRET", "/"},
	{"/v1/jobs/42:cancel", "/v1/jobs/{id}:cancel"},
	{"/v1/jobs/nightly:run", "/v1/jobs/nightly:run"},
	{"/user:42", "/user:{id}"},
	{"/mac/00:1b:44:11:3a:b7", "/mac/{id}"},
	{"/odata/Orders(10248)/Lines", "/odata/Orders({id})/Lines"},
	{"/odata/Users('bob')", "/odata/Users({id})"},
	{"/odata/Top()", "/odata/Top()"},

	/* what is dropped */
	{"/a?b=/c/d", "/a"},
	{"/a/?b", "/a/"},
	{"/?b", "/"},
	{"?b", "/"},
	{"/a#b", "/a"},
	{"//a///b//", "/a/b/"},
	{"", "/"},
	{"no-slash", "/"},

	/* bounds */
	{"/1/2/3/4/5/6/7/8", "/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}"},
	{"/a/b/c/d/e/f/g/h/", "/a/b/c/d/e/f/g/h/"},
	{"/a/b/c/d/e/f/g/h/i", "/a/b/c/d/e/f/g/h/..."},
	{"/a/b/c/d/e/f/g/h/i/j/", "/a/b/c/d/e/f/g/h/..."},
	{"/one-name-that-is-longer/another_name_that_is_even_longer_than_that"
	 "/and_one_more_name_that_does_not_fit_in_what_is_left_over",
	 "/one-name-that-is-longer/another_name_that_is_even_longer_than_that"
	 "/..."},
};

static void templates(void **state)
{
	char out[120];
	size_t i, len, failed = 0;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		len = route__template((const uint8_t *)paths[i].path,
				      strlen(paths[i].path), false, out,
				      sizeof(out));
		assert_int_equal(len, strlen(out));
		if (!strcmp(out, paths[i].expected))
			continue;
		print_error("%s: %s, expected %s\n", paths[i].path, out,
			    paths[i].expected);
		failed++;
	}
	assert_int_equal(failed, 0);
}

static void cut_paths(void **state)
{
	static const struct {
		const char *path, *expected;
	} cases[] = {
		{"/users/12", "/users/..."},
		{"/users/", "/users/..."},
		{"/use", "/..."},
		{"/", "/..."},
		{"", "/..."},
		{"/users?a", "/users"},
		{"/users/12#", "/users/{id}"},
		{"/a;b", "/..."},
		{"/1/2/3/4/5/6/7/8/9/1",
		 "/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/..."},
	};
	char out[120];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		route__template((const uint8_t *)cases[i].path,
				strlen(cases[i].path), true, out, sizeof(out));
		assert_string_equal(out, cases[i].expected);
	}
}

/* Any size of out: terminated, within bounds, and no half of a segment. */
static void small_outputs(void **state)
{
	static const char path[] = "/abc/42/defg";
	char *out;
	size_t size, len;

	(void)state;
	for (size = 0; size < 32; size++) {
		out = malloc(size ? size : 1);
		assert_non_null(out);
		len = route__template((const uint8_t *)path, strlen(path),
				      false, out, size);
		if (size < ROUTE_MIN)
			assert_int_equal(len, 0);
		else if (size < 1 + 4 + 4)
			assert_string_equal(out, "/...");
		else if (size < 1 + 4 + 5 + 4)
			assert_string_equal(out, "/abc/...");
		else if (size < 1 + 4 + 5 + 5 + 4)
			assert_string_equal(out, "/abc/{id}/...");
		else
			assert_string_equal(out, "/abc/{id}/defg");
		if (size)
			assert_int_equal(strlen(out), len);
		free(out);
	}
}

/* Every single byte in the middle of a segment: only those of names pass. */
static void bytes_that_pass(void **state)
{
	char path[] = "/ab?cd", out[32], expected[32];
	int c;

	(void)state;
	for (c = 0; c < 256; c++) {
		path[3] = (char)c;
		route__template((const uint8_t *)path, sizeof(path) - 1, false,
				out, sizeof(out));
		if (c == '?' || c == '#' || c == ';')
			snprintf(expected, sizeof(expected), "/ab");
		else if (c && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM"
				     "NOPQRSTUVWXYZ0123456789._-:/",
				     c))
			snprintf(expected, sizeof(expected), "/ab%ccd", c);
		else
			snprintf(expected, sizeof(expected), "/{id}");
		assert_string_equal(out, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates),
		cmocka_unit_test(cut_paths),
		cmocka_unit_test(small_outputs),
		cmocka_unit_test(bytes_that_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
