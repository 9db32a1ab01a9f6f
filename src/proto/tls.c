/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TLS that the service does itself. Fed both sides of one exchange, yields
 * whether it belongs to the handshake or carries encrypted data: the first
 * record of each side says so in clear. Nothing is decrypted, so what was
 * asked, how often and how it went stay unknown.
 */
#include <errno.h>
#include <string.h>

#include "proto/parsers.h"

#define HANDSHAKE "handshake"
#define ENCRYPTED "(encrypted)"

/* RFC 8446 section 5.1, ContentType */
enum record_type {
	RECORD_CHANGE_CIPHER_SPEC = 0x14,
	RECORD_ALERT = 0x15,
	RECORD_HANDSHAKE = 0x16,
	RECORD_APPLICATION_DATA = 0x17,
};

/* type | version, major and minor | length, big-endian | fragment */
#define RECORD_HEADER_LEN 5
#define RECORD_MAX ((1 << 14) + 256) /* RFC 8446 section 5.2 */

#define VERSION_MAJOR 3
#define VERSION_MINOR_MAX 4 /* TLS 1.3, which writes 1 or 3 here */
#define VERSION_MINOR_TLS12 3

#define CLIENT_HELLO 1 /* RFC 8446 section 4, HandshakeType */

/* RFC 8446 section 6: level and description. In 1.3, encrypted alerts are
 * application data, with the real type and a tag of 16 bytes (section 5.2). */
#define ALERT_LEN 2
#define ALERT_LEN_HIDDEN (ALERT_LEN + 1 + 16)

static uint32_t record__len(const uint8_t *header)
{
	return (uint32_t)header[3] << 8 | header[4];
}

static bool tls__detect(const uint8_t *request, size_t len)
{
	uint32_t record_len;

	/* Many servers receive the header alone, and the rest after it. */
	if (len < RECORD_HEADER_LEN || request[1] != VERSION_MAJOR)
		return false;
	record_len = record__len(request);
	/* An empty record may exist, but begins nothing. */
	if (!record_len || record_len > RECORD_MAX)
		return false;
	if (request[0] == RECORD_HANDSHAKE)
		return request[2] <= VERSION_MINOR_MAX &&
		       (len == RECORD_HEADER_LEN ||
			request[RECORD_HEADER_LEN] == CLIENT_HELLO);
	/* A connection that was open before tracing began. */
	return request[0] == RECORD_APPLICATION_DATA &&
	       request[2] == VERSION_MINOR_TLS12;
}

/* Do these bytes begin with the header of a record, as far as they tell? */
static bool record__is_sound(const uint8_t *data, size_t len)
{
	return len >= 2 && data[0] >= RECORD_CHANGE_CIPHER_SPEC &&
	       data[0] <= RECORD_APPLICATION_DATA && data[1] == VERSION_MAJOR;
}

/* TLS 1.3 hides the client's Finished in application data. It is told by the
 * change_cipher_spec before it (RFC 8446 appendix D.4):
 *   14 03 03 00 01 01 | 17 03 03 ... */
static bool is_handshake(const struct proto_input *in)
{
	if (in->request[0] != RECORD_APPLICATION_DATA)
		return true;
	/* Tracing began within the handshake, or the server asks for another
	 * one (RFC 5246 section 7.4.1.1). */
	return record__is_sound(in->response, in->response_len) &&
	       (in->response[0] == RECORD_CHANGE_CIPHER_SPEC ||
		in->response[0] == RECORD_HANDSHAKE);
}

/* An encrypted alert alone, without an answer, is the end of a connection
 * (close_notify) and no exchange. In clear it is a handshake that failed. */
static bool is_goodbye(const struct proto_input *in)
{
	uint32_t len;

	if (in->response_total || in->request_len < RECORD_HEADER_LEN)
		return false;
	len = record__len(in->request);
	if (in->request_total != RECORD_HEADER_LEN + len)
		return false;
	if (in->request[0] == RECORD_ALERT)
		return len > ALERT_LEN;
	return in->request[0] == RECORD_APPLICATION_DATA &&
	       len == ALERT_LEN_HIDDEN;
}

static int tls__parse(const struct proto_input *in, struct proto_result *out)
{
	if (!record__is_sound(in->request, in->request_len) || is_goodbye(in))
		return -EBADMSG;
	if (is_handshake(in))
		memcpy(out->operation, HANDSHAKE, sizeof(HANDSHAKE));
	else
		memcpy(out->operation, ENCRYPTED, sizeof(ENCRYPTED));
	return 0;
}

const struct proto proto_tls = {
	.name = "tls",
	.detect = tls__detect,
	.parse = tls__parse,
};
