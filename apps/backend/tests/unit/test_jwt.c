#include "security/jwt.h"

#include "support_keyrings.h"
#include "test.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USER "01890a5d-ac96-774b-bcce-b302099a8057"
#define SESSION "01890a5d-ac96-774b-bcce-b302099a8058"
#define HEAD "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define CLAIMS                                                                                     \
	"{\"exp\":1795449635,\"iat\":1795448735,\"iss\":\"webplus\",\"sid\":\"" SESSION            \
	"\",\"sub\":\"" USER "\"}"

/* Inside the life of the tokens above. */
static const struct timestamp now = { INT64_C(1795449000000) };

static const struct claims claims = {
	.user_id = USER,
	.session_id = SESSION,
	.issued = { INT64_C(1795448735000) },
	.expires = { INT64_C(1795449635000) },
};

static char *base64(const void *data, size_t length)
{
	size_t size = sodium_base64_encoded_len(length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);

	return sodium_bin2base64(arena_alloc(&arena, size), size, data, length,
				 sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* A token of these texts, rightly signed with HMAC-SHA-256 under `key`. */
static const char *forge(const char *head, const char *payload, const uint8_t *key)
{
	unsigned char signature[crypto_auth_hmacsha256_BYTES];
	char *signed_part = arena_printf(&arena, "%s.%s", base64(head, strlen(head)),
					 base64(payload, strlen(payload)));
	crypto_auth_hmacsha256_state hmac;

	crypto_auth_hmacsha256_init(&hmac, key, KEY_SIZE);
	crypto_auth_hmacsha256_update(&hmac, (const unsigned char *)signed_part,
				      strlen(signed_part));
	crypto_auth_hmacsha256_final(&hmac, signature);
	return arena_printf(&arena, "%s.%s", signed_part, base64(signature, sizeof(signature)));
}

static const char *forge_claims(const char *payload)
{
	return forge(HEAD, payload, keyring_key(keyring, KEY_ACCESS_TOKEN));
}

static void assert_accepted(const char *token)
{
	struct claims found = { 0 };

	assert_int_equal(jwt_verify(keyring, token, now, &found), ERR_OK);
	assert_string_equal(found.user_id, USER);
	assert_string_equal(found.session_id, SESSION);
	assert_int_equal(found.issued.ms, claims.issued.ms);
	assert_int_equal(found.expires.ms, claims.expires.ms);
}

static void assert_refused_at(const char *token, struct timestamp when)
{
	struct claims found = { .user_id = "untouched" };

	if (jwt_verify(keyring, token, when, &found) != ERR_UNAUTHENTICATED)
		fail_msg("accepted: %s", token);
	assert_string_equal(found.user_id, "untouched");
}

static void assert_refused(const char *token)
{
	assert_refused_at(token, now);
}

static void what_was_signed_verifies(void **state)
{
	const char *token = jwt_sign(keyring, &claims, &arena);

	(void)state;
	assert_non_null(token);
	assert_true(strlen(token) < JWT_LENGTH_MAX);
	assert_accepted(token);
}

/* Signed with Python's hmac, and with the members of the head in either order. */
static void what_another_program_signed_verifies(void **state)
{
	(void)state;
	assert_accepted(
		"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
		"eyJleHAiOjE3OTU0NDk2MzUsImlhdCI6MTc5NTQ0ODczNSwiaXNzIjoid2VicGx1cyIsInNpZCI6I"
		"jAxODkwYTVkLWFjOTYtNzc0Yi1iY2NlLWIzMDIwOTlhODA1OCIsInN1YiI6IjAxODkwYTVkLWFjOT"
		"YtNzc0Yi1iY2NlLWIzMDIwOTlhODA1NyJ9."
		"VWMsLb0Cvf7yhJJByStxyMmZW_4Oh5XftVI2uK66NeA");
	assert_accepted(
		"eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9."
		"eyJleHAiOjE3OTU0NDk2MzUsImlhdCI6MTc5NTQ0ODczNSwiaXNzIjoid2VicGx1cyIsInNpZCI6I"
		"jAxODkwYTVkLWFjOTYtNzc0Yi1iY2NlLWIzMDIwOTlhODA1OCIsInN1YiI6IjAxODkwYTVkLWFjOT"
		"YtNzc0Yi1iY2NlLWIzMDIwOTlhODA1NyJ9."
		"pUb8Dl6kvN409QjP3zbeVHGaQQVqlKDxi5v_LsqstJ8");
	/* Guards the refusals below: the forger itself makes good tokens. */
	assert_accepted(forge_claims(CLAIMS));
}

static void it_expires_to_the_second(void **state)
{
	const char *token = jwt_sign(keyring, &claims, &arena);
	struct claims found;

	(void)state;
	assert_int_equal(
		jwt_verify(keyring, token, (struct timestamp){ claims.expires.ms - 1 }, &found),
		ERR_OK);
	assert_refused_at(token, claims.expires);
	assert_refused_at(token, (struct timestamp){ claims.expires.ms + 1 });
}

static void another_key_is_refused(void **state)
{
	(void)state;
	assert_refused(jwt_sign(other, &claims, &arena));
	assert_refused(forge(HEAD, CLAIMS, keyring_key(keyring, KEY_REFRESH_TOKEN)));
}

static void an_unsigned_token_is_refused(void **state)
{
	static const char *const heads[] = {
		"{\"alg\":\"none\",\"typ\":\"JWT\"}",
		"{\"alg\":\"None\"}",
		"{\"alg\":\"NONE\"}",
		"{\"alg\":\"nOnE\"}",
		"{\"alg\":\"\"}",
		"{\"typ\":\"JWT\"}",
		"{}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		const char *head = base64(heads[i], strlen(heads[i]));
		const char *payload = base64(CLAIMS, strlen(CLAIMS));

		assert_refused(arena_printf(&arena, "%s.%s.", head, payload));
		assert_refused(arena_printf(&arena, "%s.%s", head, payload));
		assert_refused(forge(heads[i], CLAIMS, keyring_key(keyring, KEY_ACCESS_TOKEN)));
	}
}

static void another_algorithm_is_refused_even_if_rightly_signed(void **state)
{
	static const char head[] = "{\"alg\":\"HS512\",\"typ\":\"JWT\"}";
	unsigned char signature[crypto_auth_hmacsha512_BYTES];
	const char *signed_part = arena_printf(&arena, "%s.%s", base64(head, strlen(head)),
					       base64(CLAIMS, strlen(CLAIMS)));

	(void)state;
	crypto_auth_hmacsha512(signature, (const unsigned char *)signed_part, strlen(signed_part),
			       keyring_key(keyring, KEY_ACCESS_TOKEN));
	assert_refused(
		arena_printf(&arena, "%s.%s", signed_part, base64(signature, sizeof(signature))));
	assert_refused(
		forge("{\"alg\":\"RS256\"}", CLAIMS, keyring_key(keyring, KEY_ACCESS_TOKEN)));
}

static void no_character_may_change(void **state)
{
	const char *token = jwt_sign(keyring, &claims, &arena);
	char *changed = arena_strdup(&arena, token);
	size_t length = strlen(token);

	(void)state;
	/* The last character carries two bits that mean nothing, so it may have spellings. */
	for (size_t i = 0; i + 1 < length; i++) {
		changed[i] = token[i] == 'A' ? 'B' : 'A';
		assert_refused(changed);
		changed[i] = token[i];
	}
	for (size_t i = 0; i < length; i++)
		assert_refused(arena_strndup(&arena, token, i));
}

static void altered_claims_are_refused(void **state)
{
	const char *token = jwt_sign(keyring, &claims, &arena);
	const char *head_end = strchr(token, '.'), *payload_end = strrchr(token, '.');
	const char *payload =
		"{\"exp\":1995449635,\"iat\":1795448735,\"iss\":\"webplus\",\"sid\":\"" SESSION
		"\",\"sub\":\"" USER "\"}";

	(void)state;
	assert_refused(arena_printf(&arena, "%.*s.%s%s", (int)(head_end - token), token,
				    base64(payload, strlen(payload)), payload_end));
}

static void a_claim_that_is_missing_or_of_another_kind_is_refused(void **state)
{
#define EXP "\"exp\":1795449635"
#define IAT "\"iat\":1795448735"
#define ISS "\"iss\":\"webplus\""
#define SID "\"sid\":\"" SESSION "\""
#define SUB "\"sub\":\"" USER "\""
	static const char *const payloads[] = {
		"{" IAT "," ISS "," SID "," SUB "}",
		"{" EXP "," ISS "," SID "," SUB "}",
		"{" EXP "," IAT "," SID "," SUB "}",
		"{" EXP "," IAT "," ISS "," SUB "}",
		"{" EXP "," IAT "," ISS "," SID "}",
		"{}",
		"[]",
		"null",
		"",
		"{\"exp\":\"1795449635\"," IAT "," ISS "," SID "," SUB "}",
		"{\"exp\":null," IAT "," ISS "," SID "," SUB "}",
		"{\"exp\":true," IAT "," ISS "," SID "," SUB "}",
		"{\"exp\":-1," IAT "," ISS "," SID "," SUB "}",
		"{\"exp\":9223372036854775807," IAT "," ISS "," SID "," SUB "}",
		"{" EXP ",\"iat\":\"now\"," ISS "," SID "," SUB "}",
		"{" EXP "," IAT ",\"iss\":\"elsewhere\"," SID "," SUB "}",
		"{" EXP "," IAT ",\"iss\":[\"webplus\"]," SID "," SUB "}",
		"{" EXP "," IAT "," ISS ",\"sid\":\"1\"," SUB "}",
		"{" EXP "," IAT "," ISS "," SID ",\"sub\":\"" USER "0\"}",
		"{" EXP "," IAT "," ISS "," SID ",\"sub\":5}",
	};

	(void)state;
	assert_accepted(forge_claims("{" EXP "," IAT "," ISS "," SID "," SUB "}"));
	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++)
		assert_refused(forge_claims(payloads[i]));
}

static void garbage_is_refused(void **state)
{
	char long_one[JWT_LENGTH_MAX + 2];

	(void)state;
	assert_refused("");
	assert_refused(".");
	assert_refused("..");
	assert_refused("...");
	assert_refused("a.b.c");
	assert_refused("\xff\xfe.\x01.\x02");
	memset(long_one, 'a', sizeof(long_one));
	long_one[sizeof(long_one) - 1] = '\0';
	assert_refused(long_one);
}

static void a_longer_token_than_any_of_ours_is_refused(void **state)
{
	char *payload = arena_alloc(&arena, 2000);
	size_t length = strlen(CLAIMS) - 1;

	(void)state;
	memcpy(payload, CLAIMS, length);
	memset(payload + length, ' ', 1000);
	payload[length + 1000] = '}';
	assert_refused(forge_claims(payload));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_signed_verifies),
		cmocka_unit_test(what_another_program_signed_verifies),
		cmocka_unit_test(it_expires_to_the_second),
		cmocka_unit_test(another_key_is_refused),
		cmocka_unit_test(an_unsigned_token_is_refused),
		cmocka_unit_test(another_algorithm_is_refused_even_if_rightly_signed),
		cmocka_unit_test(no_character_may_change),
		cmocka_unit_test(altered_claims_are_refused),
		cmocka_unit_test(a_claim_that_is_missing_or_of_another_kind_is_refused),
		cmocka_unit_test(garbage_is_refused),
		cmocka_unit_test(a_longer_token_than_any_of_ours_is_refused),
	};

	return cmocka_run_group_tests(tests, keyrings_set_up, keyrings_tear_down);
}
