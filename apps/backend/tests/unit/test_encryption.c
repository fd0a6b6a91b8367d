#include "security/encryption.h"

#include "security/data_keys.h"

#include "support_keyrings.h"
#include "test.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const struct seal_place place = { "message.content", { "row-1", "part-2" } };

static void assert_closed(const struct keyring *opener, const struct seal_place *where,
			  struct blob sealed, enum err expected)
{
	const char *plain = "untouched";
	size_t length = 7;

	assert_int_equal(unseal(opener, where, sealed, &arena, &plain, &length), expected);
	assert_string_equal(plain, "untouched");
	assert_int_equal(length, 7);
}

static void assert_corrupt(const struct keyring *opener, const struct seal_place *where,
			   struct blob sealed)
{
	assert_closed(opener, where, sealed, ERR_CORRUPT);
}

static void what_was_sealed_opens(void **state)
{
	static const size_t lengths[] = { 0, 1, 15, 16, 17, 63, 64, 65, 100000 };
	char *text = arena_alloc(&arena, 100000);

	(void)state;
	randombytes_buf(text, 100000);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct blob sealed = seal(keyring, &place, text, lengths[i], &arena);
		const char *plain = NULL;
		size_t length = 1;

		assert_int_equal(sealed.size, lengths[i] + SEAL_OVERHEAD);
		assert_int_equal(unseal(keyring, &place, sealed, &arena, &plain, &length), ERR_OK);
		assert_int_equal(length, lengths[i]);
		assert_memory_equal(plain, text, length);
		assert_int_equal(plain[length], '\0');
	}
}

/*
 * Sealed by another implementation (of draft-irtf-cfrg-xchacha, checked against its vector A.3.1).
 */
static void what_another_program_sealed_opens(void **state)
{
	static const char hex[] = "0100000001404142434445464748494a4b4c4d4e4f5051525354555657"
				  "ca1839864f8ac04a0038981565537327346c52b64a8ef09b810553141fb6";
	unsigned char bytes[64];
	const char *plain;
	size_t size, length;

	(void)state;
	assert_int_equal(sodium_hex2bin(bytes, sizeof(bytes), hex, strlen(hex), NULL, &size, NULL),
			 0);
	assert_int_equal(
		unseal(keyring, &place, (struct blob){ bytes, size }, &arena, &plain, &length),
		ERR_OK);
	assert_string_equal(plain, "attack at dawn");
	assert_int_equal(length, 14);
}

static void the_same_text_never_seals_alike(void **state)
{
	enum { SEALS = 1000, NONCE_AT = 5, NONCE_SIZE = 24 };
	struct blob seals[SEALS];

	(void)state;
	for (size_t i = 0; i < SEALS; i++) {
		seals[i] = seal(keyring, &place, "x", 1, &arena);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal((const char *)seals[i].data + NONCE_AT,
						(const char *)seals[j].data + NONCE_AT, NONCE_SIZE);
	}
}

static void a_seal_opens_only_where_it_stands(void **state)
{
	static const struct seal_place others[] = {
		{ "message.title", { "row-1", "part-2" } },
		{ "message.content", { "row-2", "part-2" } },
		{ "message.content", { "row-1", "part-3" } },
		{ "message.content", { "row-1", NULL } },
		{ "message.conten", { "trow-1", "part-2" } },
		{ "message.content", { "row-1part-2", NULL } },
		{ "message.content", { "row-1p", "art-2" } },
	};
	struct blob sealed = seal(keyring, &place, "secret", 6, &arena);

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_corrupt(keyring, &others[i], sealed);
}

static void a_seal_of_another_installation_does_not_open(void **state)
{
	(void)state;
	assert_corrupt(keyring, &place, seal(other, &place, "secret", 6, &arena));
}

/* Number 0 is none at all. */
static bool is_in_key_number(size_t bit)
{
	return bit >= 8 && bit < 40 && bit != 32;
}

static void no_bit_may_change(void **state)
{
	struct blob sealed = seal(keyring, &place, "secret", 6, &arena);
	unsigned char *bytes = arena_alloc(&arena, sealed.size);

	(void)state;
	memcpy(bytes, sealed.data, sealed.size);
	for (size_t bit = 0; bit < sealed.size * 8; bit++) {
		bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_closed(keyring, &place, (struct blob){ bytes, sealed.size },
			      is_in_key_number(bit) ? ERR_KEY_MISSING : ERR_CORRUPT);
		bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
}

static void no_byte_may_be_missing_or_added(void **state)
{
	struct blob sealed = seal(keyring, &place, "secret", 6, &arena);

	(void)state;
	for (size_t size = 0; size < sealed.size; size++) {
		/* A copy of exactly that size, so that the sanitizer sees a read past its end. */
		char *cut = malloc(size + (size == 0));

		assert_non_null(cut);
		memcpy(cut, sealed.data, size);
		assert_corrupt(keyring, &place, (struct blob){ cut, size });
		free(cut);
	}
	{
		char *longer = arena_alloc(&arena, sealed.size + 1);

		memcpy(longer, sealed.data, sealed.size);
		assert_corrupt(keyring, &place, (struct blob){ longer, sealed.size + 1 });
	}
}

static void a_long_key_of_a_row_is_no_matter(void **state)
{
	char name[600];
	struct seal_place long_place = { "message.content", { name, NULL } };
	struct blob sealed;
	const char *plain;
	size_t length;

	(void)state;
	memset(name, 'k', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	sealed = seal(keyring, &long_place, "secret", 6, &arena);
	assert_int_equal(unseal(keyring, &long_place, sealed, &arena, &plain, &length), ERR_OK);
	assert_string_equal(plain, "secret");
	name[sizeof(name) - 2] = 'l';
	assert_corrupt(keyring, &long_place, sealed);
}

static void a_lookup_hash_is_of_the_field_the_value_and_the_installation(void **state)
{
	uint8_t hash[LOOKUP_SIZE], again[LOOKUP_SIZE];
	char text[2 * LOOKUP_SIZE + 1];

	(void)state;
	lookup_hash(keyring, "user.email", "a@example.org", hash);
	sodium_bin2hex(text, sizeof(text), hash, sizeof(hash));
	/* Computed with Python's hashlib.blake2b: stored hashes must be found for ever. */
	assert_string_equal(text,
			    "c144cf817048d3020a277a1b2aabd9af2e6c7ef6b97d427df4bd46e9600da5a6");
	lookup_hash(keyring, "user.email", "b@example.org", again);
	assert_memory_not_equal(hash, again, LOOKUP_SIZE);
	lookup_hash(keyring, "user.emaila", "@example.org", again);
	assert_memory_not_equal(hash, again, LOOKUP_SIZE);
	lookup_hash(other, "user.email", "a@example.org", again);
	assert_memory_not_equal(hash, again, LOOKUP_SIZE);
}

static void a_lookup_hash_of_several_values_knows_where_each_ends(void **state)
{
	const char *values[] = { "ab", "c" }, *others[] = { "a", "bc" };
	uint8_t hash[LOOKUP_SIZE], again[LOOKUP_SIZE];

	(void)state;
	lookup_hash_all(keyring, "f", values, 2, hash);
	lookup_hash_all(keyring, "f", values, 2, again);
	assert_memory_equal(hash, again, LOOKUP_SIZE);
	lookup_hash_all(keyring, "f", others, 2, again);
	assert_memory_not_equal(hash, again, LOOKUP_SIZE);
	lookup_hash_all(other, "f", values, 2, again);
	assert_memory_not_equal(hash, again, LOOKUP_SIZE);
	lookup_hash_all(keyring, "f", values, 1, hash);
	lookup_hash(keyring, "f", "ab", again);
	assert_memory_equal(hash, again, LOOKUP_SIZE);
}

/* ---- Data keys ---- */

static struct blob wrapped_key(const struct keyring *wrapper, uint32_t number)
{
	uint8_t *wrapped = arena_alloc(&arena, WRAPPED_KEY_SIZE);

	data_key_make(keyring_data_keys(wrapper), number, wrapped);
	return (struct blob){ wrapped, WRAPPED_KEY_SIZE };
}

static void the_newest_key_seals_and_all_open(void **state)
{
	struct data_keys *keys = keyring_data_keys(keyring);
	struct blob before = seal(keyring, &place, "old", 3, &arena), after;
	const char *plain;
	size_t length;

	(void)state;
	assert_int_equal(data_key_learn(keys, 2, wrapped_key(keyring, 2)), ERR_OK);
	after = seal(keyring, &place, "new", 3, &arena);
	assert_int_equal(seal_key_number(before), 1);
	assert_int_equal(seal_key_number(after), 2);
	assert_int_equal(unseal(keyring, &place, before, &arena, &plain, &length), ERR_OK);
	assert_string_equal(plain, "old");
	assert_int_equal(unseal(keyring, &place, after, &arena, &plain, &length), ERR_OK);
	assert_string_equal(plain, "new");
	assert_closed(other, &place, after, ERR_KEY_MISSING);
}

static void a_key_opens_under_its_number_and_master_alone(void **state)
{
	struct data_keys *keys = keyring_data_keys(keyring);
	struct blob second = wrapped_key(keyring, 2);
	struct blob cut = { second.data, second.size - 1 };

	(void)state;
	assert_int_equal(data_key_learn(keys, 2, wrapped_key(other, 2)), ERR_CORRUPT);
	assert_int_equal(data_key_learn(keys, 2, wrapped_key(keyring, 3)), ERR_CORRUPT);
	assert_int_equal(data_key_learn(keys, 2, cut), ERR_CORRUPT);
	assert_int_equal(data_key_learn(keys, 3, wrapped_key(keyring, 3)),
			 ERR_CORRUPT); /* 2 comes first */
	assert_int_equal(data_keys_newest(keys), 1);
	assert_int_equal(data_key_learn(keys, 2, second), ERR_OK);
	assert_int_equal(data_key_learn(keys, 2, cut), ERR_OK); /* known */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, keyrings_set_up, keyrings_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_sealed_opens),
		TEST(what_another_program_sealed_opens),
		TEST(the_same_text_never_seals_alike),
		TEST(a_seal_opens_only_where_it_stands),
		TEST(a_seal_of_another_installation_does_not_open),
		TEST(no_bit_may_change),
		TEST(no_byte_may_be_missing_or_added),
		TEST(a_long_key_of_a_row_is_no_matter),
		TEST(a_lookup_hash_is_of_the_field_the_value_and_the_installation),
		TEST(a_lookup_hash_of_several_values_knows_where_each_ends),
		TEST(the_newest_key_seals_and_all_open),
		TEST(a_key_opens_under_its_number_and_master_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
