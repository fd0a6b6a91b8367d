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

static void finds_words_in_lists(void **state)
{
	(void)state;
	assert_true(handshake_has_word("a, B ,\tc", "b"));
	assert_true(handshake_has_word(",,c", "C"));
	assert_false(handshake_has_word("ab, bc", "b"));
	assert_false(handshake_has_word("", "b"));
	assert_false(handshake_has_word(NULL, "b"));
}

static void assert_token(const char *name, const char *value, const char *expected)
{
	struct fake fake;
	const char *token;

	fake_init(&fake);
	set(&fake, name, value);
	token = handshake_token(&fake.request);
	if (expected == NULL)
		assert_null(token);
	else
		assert_string_equal(token, expected);
	fake_finish(&fake);
}

static void finds_the_token_in_either_place(void **state)
{
	struct fake fake;

	(void)state;
	assert_token("authorization", "Bearer a.b.c", "a.b.c");
	assert_token("authorization", "Basic eDp5", NULL);
	assert_token("sec-websocket-protocol", "webplus, bearer.a.b.c", "a.b.c");
	assert_token("sec-websocket-protocol", "bearer.", NULL);
	assert_token("sec-websocket-protocol", "webplus", NULL);
	fake_init(&fake);
	set(&fake, "sec-websocket-protocol", "webplus, bearer.x");
	assert_int_equal(handshake_accept(&fake.request), ERR_OK);
	assert_non_null(
		strstr(fake.request.reply.headers.data, "Sec-WebSocket-Protocol: webplus\r\n"));
	fake_finish(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_as_rfc_6455_says),
		cmocka_unit_test(refuses_what_is_no_upgrade),
		cmocka_unit_test(takes_pages_of_its_own_site_alone),
		cmocka_unit_test(finds_words_in_lists),
		cmocka_unit_test(finds_the_token_in_either_place),
	};

	return RUN_TESTS(tests);
}
