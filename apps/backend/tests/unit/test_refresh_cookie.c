/* The value of the refresh cookie: what was sealed opens, and nothing else does. */
#include "security/refresh_cookie.h"

#include "support_keyrings.h"
#include "test.h"

#include <string.h>

#define TOKEN "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define USER "01890a5d-ac96-774b-bcce-b302099a8057"
#define SESSION "01890a5d-ac96-774b-bcce-b302099a8058"

static const struct claims claims = { .user_id = USER, .session_id = SESSION };

static void what_was_sealed_opens(void **state)
{
	const char *cookie = refresh_cookie_seal(keyring, TOKEN, &claims, &arena);
	struct claims got;

	(void)state;
	assert_true(refresh_cookie_open(keyring, cookie, &got));
	assert_string_equal(got.user_id, USER);
	assert_string_equal(got.session_id, SESSION);
	assert_string_equal(refresh_cookie_token(cookie, &arena), TOKEN);
	assert_false(refresh_cookie_open(other, cookie, &got));
}

static void one_that_was_touched_anywhere_does_not(void **state)
{
	char *cookie = arena_strdup(&arena, refresh_cookie_seal(keyring, TOKEN, &claims, &arena));
	struct claims got;

	(void)state;
	for (size_t i = 0; cookie[i]; i++) {
		char was = cookie[i];

		cookie[i] = was == '0' ? '1' : '0';
		assert_false(refresh_cookie_open(keyring, cookie, &got));
		cookie[i] = was;
	}
	for (size_t i = 0; cookie[i]; i++)
		assert_false(refresh_cookie_open(keyring, cookie + i + 1, &got));
	for (size_t length = strlen(cookie); length > 0; length--) {
		cookie[length - 1] = '\0';
		assert_false(refresh_cookie_open(keyring, cookie, &got));
	}
}

static void a_token_alone_is_that_token_and_nobodys(void **state)
{
	char text[5000];
	struct claims got;

	(void)state;
	assert_string_equal(refresh_cookie_token(TOKEN, &arena), TOKEN);
	assert_false(refresh_cookie_open(keyring, TOKEN, &got));
	assert_string_equal(refresh_cookie_token("", &arena), "");
	assert_false(refresh_cookie_open(keyring, "", &got));
	memset(text, '.', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(refresh_cookie_open(keyring, text, &got));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_sealed_opens, keyrings_set_up,
						keyrings_tear_down),
		cmocka_unit_test_setup_teardown(one_that_was_touched_anywhere_does_not,
						keyrings_set_up, keyrings_tear_down),
		cmocka_unit_test_setup_teardown(a_token_alone_is_that_token_and_nobodys,
						keyrings_set_up, keyrings_tear_down),
	};

	return RUN_TESTS(tests);
}
