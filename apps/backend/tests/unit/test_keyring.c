#include "security/keyring.h"

#include "test.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The bytes 0 to 31. */
static const char master[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

static char folder[] = "/tmp/test_keyring.XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/master.key", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static int remove_file(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static void write_file(const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fchmod(fileno(file), mode), 0);
	fclose(file);
}

static struct keyring *open_text(const char *text)
{
	struct keyring *keyring = NULL;
	const char *reason = NULL;

	assert_int_equal(keyring_open(text, NULL, &keyring, &reason), ERR_OK);
	return keyring;
}

static void assert_refused(const char *text, enum err expected, const char *words)
{
	struct keyring *keyring = NULL;
	const char *reason = NULL;

	assert_int_equal(keyring_open(text, path, &keyring, &reason), expected);
	assert_null(keyring);
	assert_non_null(reason);
	if (strstr(reason, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", reason, words);
}

/*
 * Computed with Python's hashlib.blake2b: whatever was stored under these keys must stay readable.
 */
static void derived_keys_never_change(void **state)
{
	static const char *const expected[] = {
		[KEY_DATA] = "939b00a244b2b5af271c22a757627b9ec19465eb14de0d80f37ef8ba3a9c7187",
		[KEY_LOOKUP] = "38c671e10d55ba8d56de98aab3599339da130061f7619c008f787350e9566c3d",
		[KEY_ACCESS_TOKEN] =
			"7a9d8c319afae459a41efe8fdcdd056f653a9420cab75ad853787cc3ac672ba5",
		[KEY_REFRESH_TOKEN] =
			"11a7b88a9ed1fa5b75529a628b82b5cabba6fe57cb52da7bbd45c8a488451217",
		[KEY_FINGERPRINT] =
			"6ba6eab121799a2f565a852ba0cfe6ba13c92542ebdb26fb9580287a19d1dc8c",
		[KEY_AUDIT] = "92db97f3249525c1d131216a83dfbf3af83d774d66e7f27ac077e72363d81a66",
		[KEY_API_KEY] = "b09645e9ebb00dc383157e4329bb520097f4c777e0d510983ffa019ece919bab",
		[KEY_INVITATION] =
			"28cfe476b6872ac2d1e9ded07e3ab2f52ac2b863f5d095640298c54aaa219ac4",
		[KEY_REFRESH_CHAIN] =
			"ab7dca2ba94efb68af4d5a8d09672588ee0054fd9443a7ffab3eb55821508095",
		[KEY_WRAPPING] = "00d80708eb18d2076d905d5eb25b563bf879cdfcc6fb2a141c56ee7319c6f5e6",
		[KEY_SIGN_IN] = "3596e9e48fff5c3d29e4e4b23914121e9b2ba2f6f0c2ea0080b939616ec753c1",
		[KEY_REFRESH_COOKIE] =
			"cf661450d7fa78d270a09ae3255fe452b11aae8727b6b325119d39ae5fb92c3e",
		[KEY_RATE_LIMIT] =
			"10dfb4650c228917e55198e8353caf07622be8ae2cbb415e3e0fb75d08f05cfe",
		[KEY_DEVICE] = "60abec26d1fd2a0ffe5386a1abcbb58f24b1fc2b7b323553cdaf3687a74fa990",
	};
	struct keyring *keyring = open_text(master);
	char fingerprint[KEY_FINGERPRINT_SIZE], text[2 * KEY_SIZE + 1];

	(void)state;
	for (unsigned purpose = KEY_DATA; purpose <= KEY_DEVICE; purpose++) {
		if (!expected[purpose]) /* a number that is not used any more */
			continue;
		sodium_bin2hex(text, sizeof(text), keyring_key(keyring, purpose), KEY_SIZE);
		assert_string_equal(text, expected[purpose]);
	}
	keyring_fingerprint(keyring, fingerprint);
	assert_string_equal(fingerprint, "6ba6eab121799a2f");
	keyring_destroy(keyring);
}

static void the_first_start_makes_a_private_file_and_later_ones_read_it(void **state)
{
	struct keyring *first = NULL, *second = NULL;
	const char *reason;
	struct stat status;

	(void)state;
	assert_int_equal(keyring_open(NULL, path, &first, &reason), ERR_OK);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(status.st_size, 2 * KEY_SIZE + 1);
	assert_int_equal(keyring_open(NULL, path, &second, &reason), ERR_OK);
	assert_memory_equal(keyring_key(first, KEY_DATA), keyring_key(second, KEY_DATA), KEY_SIZE);
	keyring_destroy(first);
	keyring_destroy(second);
	keyring_destroy(NULL);
}

static void two_installations_have_different_keys(void **state)
{
	struct keyring *first = NULL, *second = NULL;
	const char *reason;

	(void)state;
	assert_int_equal(keyring_open(NULL, path, &first, &reason), ERR_OK);
	unlink(path);
	assert_int_equal(keyring_open(NULL, path, &second, &reason), ERR_OK);
	assert_memory_not_equal(keyring_key(first, KEY_DATA), keyring_key(second, KEY_DATA),
				KEY_SIZE);
	keyring_destroy(first);
	keyring_destroy(second);
}

static void a_name_without_a_folder_is_in_this_one(void **state)
{
	struct keyring *keyring = NULL;
	const char *reason;
	char before[4096];

	(void)state;
	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(keyring_open(NULL, "master.key", &keyring, &reason), ERR_OK);
	assert_int_equal(chdir(before), 0);
	assert_int_equal(access(path, F_OK), 0);
	keyring_destroy(keyring);
}

static void a_line_feed_and_capitals_do_not_matter(void **state)
{
	struct keyring *keyring = NULL, *same = open_text(master);
	const char *reason;

	(void)state;
	write_file("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F\r\n", 0600);
	assert_int_equal(keyring_open(NULL, path, &keyring, &reason), ERR_OK);
	assert_memory_equal(keyring_key(keyring, KEY_DATA), keyring_key(same, KEY_DATA), KEY_SIZE);
	keyring_destroy(keyring);
	keyring_destroy(same);
}

static void a_text_that_is_no_key_is_refused(void **state)
{
	(void)state;
	assert_refused("", ERR_INVALID, "64 hexadecimal digits");
	assert_refused("00", ERR_INVALID, "64 hexadecimal digits");
	assert_refused("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00",
		       ERR_INVALID, "64 hexadecimal digits");
	assert_refused("00:102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		       ERR_INVALID, "64 hexadecimal digits");
	assert_refused("zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		       ERR_INVALID, "64 hexadecimal digits");
}

static void a_file_with_anything_else_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"000102\n",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f1\n",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\nmore\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_file(texts[i], 0600);
		assert_refused(NULL, ERR_INVALID, "does not hold 64 hexadecimal digits");
	}
}

static void a_file_that_others_may_read_is_refused(void **state)
{
	static const mode_t modes[] = { 0640, 0604, 0660, 0601 };

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		write_file(master, modes[i]);
		assert_refused(NULL, ERR_FORBIDDEN, "chmod 600");
	}
}

static void what_is_no_regular_file_is_refused(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused(NULL, ERR_INVALID, "not a regular file");
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_refused(NULL, ERR_INVALID, "not a regular file");
	rmdir(path);
}

static void another_users_file_is_refused(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	write_file(master, 0600);
	assert_int_equal(chown(path, 12345, 12345), 0);
	assert_refused(NULL, ERR_FORBIDDEN, "belongs to another user");
}

static void a_file_that_cannot_be_made_or_opened_is_refused(void **state)
{
	struct keyring *keyring = NULL;
	const char *reason = NULL;
	char too_long[5000];

	(void)state;
	assert_int_equal(keyring_open(NULL, "/nowhere/at/all/master.key", &keyring, &reason),
			 ERR_UNAVAILABLE);
	assert_non_null(strstr(reason, "cannot be created"));
	write_file("", 0600);
	snprintf(too_long, sizeof(too_long), "%s/below", path);
	assert_int_equal(keyring_open(NULL, too_long, &keyring, &reason), ERR_UNAVAILABLE);
	assert_non_null(strstr(reason, "cannot be opened"));
	assert_null(keyring);
}

static void without_permission_it_says_so(void **state)
{
	(void)state;
	write_file(master, 0000);
	/* Root may open anything, so it looks as nobody. */
	if (getuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	assert_refused(NULL, ERR_FORBIDDEN, "no permission");
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(derived_keys_never_change),
		cmocka_unit_test_teardown(
			the_first_start_makes_a_private_file_and_later_ones_read_it, remove_file),
		cmocka_unit_test_teardown(two_installations_have_different_keys, remove_file),
		cmocka_unit_test_teardown(a_name_without_a_folder_is_in_this_one, remove_file),
		cmocka_unit_test_teardown(a_line_feed_and_capitals_do_not_matter, remove_file),
		cmocka_unit_test(a_text_that_is_no_key_is_refused),
		cmocka_unit_test_teardown(a_file_with_anything_else_is_refused, remove_file),
		cmocka_unit_test_teardown(a_file_that_others_may_read_is_refused, remove_file),
		cmocka_unit_test_teardown(what_is_no_regular_file_is_refused, remove_file),
		cmocka_unit_test_teardown(another_users_file_is_refused, remove_file),
		cmocka_unit_test_teardown(a_file_that_cannot_be_made_or_opened_is_refused,
					  remove_file),
		cmocka_unit_test_teardown(without_permission_it_says_so, remove_file),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
