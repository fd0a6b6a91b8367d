#include "websockets/handshake.h"

#include "http/parse.h"
#include "http/request.h"

#include <openssl/sha.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

enum {
	KEY_BYTES = 16,
	KEY_LENGTH = 24, /* in base64 */
};

static const char accept_guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
static const char protocol[] = "webplus";

bool handshake_origin_matches(const char *origin, const char *host)
{
	const char *authority = strstr(origin, "://");

	return authority != NULL && host != NULL && strcasecmp(authority + 3, host) == 0;
}

void handshake_accept_value(const char *key, char value[static ACCEPT_SIZE])
{
	unsigned char text[KEY_LENGTH + sizeof(accept_guid)];
	unsigned char digest[SHA_DIGEST_LENGTH];
	size_t length = strnlen(key, KEY_LENGTH);

	memcpy(text, key, length);
	memcpy(text + length, accept_guid, sizeof(accept_guid) - 1);
	SHA1(text, length + sizeof(accept_guid) - 1, digest);
	sodium_bin2base64(value, ACCEPT_SIZE, digest, sizeof(digest),
			  sodium_base64_VARIANT_ORIGINAL);
}

static bool key_valid(const char *key)
{
	unsigned char bytes[KEY_BYTES];
	size_t size;

	return key != NULL && strlen(key) == KEY_LENGTH &&
	       sodium_base642bin(bytes, sizeof(bytes), key, KEY_LENGTH, NULL, &size, NULL,
				 sodium_base64_VARIANT_ORIGINAL) == 0 &&
	       size == KEY_BYTES;
}

enum err handshake_accept(struct request *request)
{
	const char *key = request_header(request, "sec-websocket-key");
	const char *version = request_header(request, "sec-websocket-version");
	const char *origin = request_header(request, "origin");
	char accept[ACCEPT_SIZE];

	/* RFC 6455, section 4.2.1. A HEAD is routed like a GET, and a proxy that saw it answered by 101 would tunnel. */
	if (strcmp(request->method, "GET") != 0) {
		reply_header(request, "Allow", "GET");
		return request_fail(request, ERR_METHOD, "WebSockets begin with a GET.");
	}
	if (!list_has_word(request_header_list(request, "connection"), "upgrade") ||
	    !list_has_word(request_header_list(request, "upgrade"), "websocket"))
		return request_fail(request, ERR_MALFORMED, "This address takes WebSockets alone.");
	if (version == NULL || strcmp(version, "13") != 0) {
		reply_header(request, "Sec-WebSocket-Version", "13");
		return request_fail(request, ERR_MALFORMED, "Sec-WebSocket-Version must be 13.");
	}
	if (request->query != NULL && request->query->name != NULL)
		return request_fail(request, ERR_MALFORMED,
				    "There is no query here; a token does not belong into it.");
	if (!key_valid(key))
		return request_fail(request, ERR_MALFORMED, "Sec-WebSocket-Key is not valid.");
	if (origin != NULL && !handshake_origin_matches(origin, request_header(request, "host")))
		return request_fail(request, ERR_FORBIDDEN,
				    "Pages of another site may not connect here.");
	handshake_accept_value(key, accept);
	reply_header(request, "Upgrade", "websocket");
	reply_header(request, "Connection", "Upgrade");
	reply_header(request, "Sec-WebSocket-Accept", accept);
	if (list_has_word(request_header_list(request, "sec-websocket-protocol"), protocol))
		reply_header(request, "Sec-WebSocket-Protocol", protocol);
	return ERR_OK;
}
