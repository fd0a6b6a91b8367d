#include "test.h"

#include "http/request.h"
#include "websockets/handshake.h"

#include <string.h>

enum { HEADERS_MAX = 8 };

/* A request that has these headers, and no more of a request than the handshake reads. */
struct fake {
	struct request request;
	struct text_pair headers[HEADERS_MAX + 1];
};

static const struct text_pair good[] = {
	{ "host", "example.org" },
	{ "connection", "keep-alive, Upgrade" },
	{ "upgrade", "WebSocket" },
	{ "sec-websocket-version", "13" },
	{ "sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==" },
	{ NULL, NULL },
};

static void fake_init(struct fake *fake)
{
	memset(fake, 0, sizeof(*fake));
	arena_init(&fake->request.arena);
	buf_init(&fake->request.reply.headers, 4096);
	memcpy(fake->headers, good, sizeof(good));
	fake->request.headers = fake->headers;
	fake->request.method = "GET";
}

static void fake_finish(struct fake *fake)
{
	buf_finish(&fake->request.reply.headers);
	arena_finish(&fake->request.arena);
}

/* Replaces a header, or adds it; NULL leaves it out. */
static void set(struct fake *fake, const char *name, const char *value)
{
	struct text_pair *pair = fake->headers;

	while (pair->name != NULL && strcmp(pair->name, name) != 0)
		pair++;
	pair->name = value == NULL ? "x-left-out" : name;
	pair->value = value == NULL ? "" : value;
}

static enum err accept_with(const char *name, const char *value)
{
	struct fake fake;
	enum err err;

	fake_init(&fake);
	set(&fake, name, value);
	err = handshake_accept(&fake.request);
	fake_finish(&fake);
	return err;
}

static void answers_as_rfc_6455_says(void **state)
{
	char value[ACCEPT_SIZE];
	struct fake fake;

	(void)state;
	handshake_accept_value("dGhlIHNhbXBsZSBub25jZQ==", value);
	assert_string_equal(value, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); /* section 1.3 */
	fake_init(&fake);
	assert_int_equal(handshake_accept(&fake.request), ERR_OK);
	assert_non_null(strstr(fake.request.reply.headers.data,
			       "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
	assert_null(strstr(fake.request.reply.headers.data, "Sec-WebSocket-Protocol"));
	fake_finish(&fake);
}

static void refuses_what_is_no_upgrade(void **state)
{
	static const struct text_pair wrong[] = {
		{ "connection", "keep-alive" },
		{ "connection", "upgraded" },
		{ "connection", NULL },
		{ "upgrade", "h2c" },
		{ "upgrade", NULL },
		{ "sec-websocket-version", "8" },
		{ "sec-websocket-version", NULL },
		{ "sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ" },
		{ "sec-websocket-key", "dGhlIHNhbXBsZSBub25j!Q==" },
		{ "sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAAAA" },
		{ "sec-websocket-key", "" },
		{ "sec-websocket-key", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(accept_with(wrong[i].name, wrong[i].value), ERR_MALFORMED);
}

/* RFC 6455, section 4.2.1. A proxy that passes a 101 on becomes a tunnel: only what is one may answer so. */
static void refuses_what_is_no_get(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake);
	fake.request.method = "HEAD";
	assert_int_equal(handshake_accept(&fake.request), ERR_METHOD);
	assert_string_equal(fake.request.reply.headers.data, "Allow: GET\r\n");
	fake_finish(&fake);
}

static void takes_pages_of_its_own_site_alone(void **state)
{
	(void)state;
	assert_int_equal(accept_with("origin", "https://example.org"), ERR_OK);
	assert_int_equal(accept_with("origin", "http://EXAMPLE.org"), ERR_OK);
	assert_int_equal(accept_with("origin", "https://example.org.evil.example"), ERR_FORBIDDEN);
	assert_int_equal(accept_with("origin", "https://example.org:8080"), ERR_FORBIDDEN);
	assert_int_equal(accept_with("origin", "example.org"), ERR_FORBIDDEN);
	assert_int_equal(accept_with("origin", "null"), ERR_FORBIDDEN);
	assert_int_equal(accept_with("origin", ""), ERR_FORBIDDEN);
	assert_true(handshake_origin_matches("http://[::1]:8080", "[::1]:8080"));
}

static void takes_nothing_from_the_address(void **state)
{
	static const struct text_pair query[] = { { "token", "x" }, { NULL, NULL } };
	struct fake fake;

	(void)state;
	fake_init(&fake);
	fake.request.query = query;
	assert_int_equal(handshake_accept(&fake.request), ERR_MALFORMED);
	fake.request.query = query + 1;
	assert_int_equal(handshake_accept(&fake.request), ERR_OK);
	fake_finish(&fake);
}

static void answers_the_protocol_and_never_the_token(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake);
	set(&fake, "sec-websocket-protocol", "bearer.x, webplus");
	assert_int_equal(handshake_accept(&fake.request), ERR_OK);
	assert_non_null(
		strstr(fake.request.reply.headers.data, "Sec-WebSocket-Protocol: webplus\r\n"));
	assert_null(strstr(fake.request.reply.headers.data, "bearer"));
	fake_finish(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_as_rfc_6455_says),
		cmocka_unit_test(refuses_what_is_no_upgrade),
		cmocka_unit_test(refuses_what_is_no_get),
		cmocka_unit_test(takes_pages_of_its_own_site_alone),
		cmocka_unit_test(takes_nothing_from_the_address),
		cmocka_unit_test(answers_the_protocol_and_never_the_token),
	};

	return RUN_TESTS(tests);
}
