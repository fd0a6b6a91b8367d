#include "security/password.h"

#include "test.h"

#include <limits.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char good[] = "violet gramophone 7 ostriches";

static void the_right_password_is_verified_and_no_other(void **state)
{
	char hash[PASSWORD_HASH_SIZE], again[PASSWORD_HASH_SIZE];
	bool outdated = true;

	(void)state;
	assert_int_equal(password_hash(good, hash), ERR_OK);
	assert_memory_equal(hash, "$argon2id$v=19$m=65536,t=2,p=1$", 31);
	assert_int_equal(password_verify(good, hash, &outdated), ERR_OK);
	assert_false(outdated);
	assert_int_equal(password_verify(good, hash, NULL), ERR_OK);
	assert_int_equal(password_verify("violet gramophone 7 ostricheS", hash, &outdated),
			 ERR_UNAUTHENTICATED);
	assert_int_equal(password_verify("", hash, NULL), ERR_UNAUTHENTICATED);
	assert_int_equal(password_hash(good, again), ERR_OK);
	assert_string_not_equal(hash, again);
}

/*
 * Made by the argon2 command of the reference implementation: argon2 somesalt -id -t 2 -m 16 -p 1.
 */
static void a_hash_of_another_program_is_verified(void **state)
{
	static const char hash[] = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$"
				   "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

	(void)state;
	assert_int_equal(password_verify("password", hash, NULL), ERR_OK);
	assert_int_equal(password_verify("differentpassword", hash, NULL), ERR_UNAUTHENTICATED);
}

static void a_weaker_hash_is_verified_and_said_to_be_outdated(void **state)
{
	char hash[PASSWORD_HASH_SIZE];
	bool outdated = false;

	(void)state;
	assert_int_equal(crypto_pwhash_str_alg(hash, good, strlen(good), 1, 8 << 20,
					       crypto_pwhash_ALG_ARGON2ID13),
			 0);
	assert_int_equal(password_verify(good, hash, &outdated), ERR_OK);
	assert_true(outdated);
}

static void what_is_no_hash_verifies_nothing(void **state)
{
	(void)state;
	assert_int_equal(password_verify(good, "", NULL), ERR_UNAUTHENTICATED);
	assert_int_equal(password_verify(good, good, NULL), ERR_UNAUTHENTICATED);
	assert_int_equal(password_verify("", "", NULL), ERR_UNAUTHENTICATED);
}

static double seconds_of(const char *hash)
{
	struct timespec from, to;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	assert_int_equal(password_verify("not the password", hash, NULL), ERR_UNAUTHENTICATED);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

static void nobody_costs_as_much_as_somebody(void **state)
{
	char hash[PASSWORD_HASH_SIZE];
	double nobody = 1e9, somebody = 1e9;

	(void)state;
	assert_int_equal(password_hash(good, hash), ERR_OK);
	/* The least of several is the work itself, whatever else the machine does. */
	for (int i = 0; i < 5; i++) {
		double once = seconds_of(NULL);

		nobody = once < nobody ? once : nobody;
		once = seconds_of(hash);
		somebody = once < somebody ? once : somebody;
	}
	assert_true(nobody > 0.5 * somebody);
	assert_true(nobody < 2 * somebody);
}

static void *verify_in_thread(void *hash)
{
	return password_verify(good, hash, NULL) == ERR_OK ? hash : NULL;
}

static void many_at_once_all_get_their_answer(void **state)
{
	char hash[PASSWORD_HASH_SIZE];
	pthread_t threads[8];

	(void)state;
	assert_int_equal(password_hash(good, hash), ERR_OK);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, verify_in_thread, hash), 0);
	for (size_t i = 0; i < 8; i++) {
		void *result;

		pthread_join(threads[i], &result);
		assert_ptr_equal(result, hash);
	}
}

struct flood {
	pthread_barrier_t start;
	const char *hash;
	atomic_uint verified, refused;
};

static void *join_flood(void *context)
{
	struct flood *flood = context;
	enum err err;

	pthread_barrier_wait(&flood->start);
	err = password_verify(good, flood->hash, NULL);
	atomic_fetch_add(err == ERR_OK ? &flood->verified : &flood->refused, 1);
	return NULL;
}

/* So many more than can be served at once or may wait, all at the same moment. */
static void of_a_flood_only_some_wait(void **state)
{
	const unsigned cores = (unsigned)sysconf(_SC_NPROCESSORS_ONLN), count = cores * 4 + 32;
	pthread_t *threads = calloc(count, sizeof(*threads));
	char hash[PASSWORD_HASH_SIZE];
	struct flood flood = { .hash = hash };

	(void)state;
	assert_int_equal(password_hash(good, hash), ERR_OK);
	password_limit_waiting(2);
	pthread_barrier_init(&flood.start, NULL, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, join_flood, &flood), 0);
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	password_limit_waiting(UINT_MAX);
	pthread_barrier_destroy(&flood.start);
	free(threads);
	assert_int_equal(flood.verified + flood.refused, count);
	assert_true(flood.verified >= 1);
	assert_true(flood.refused >= 1);
	assert_int_equal(password_verify(good, hash, NULL), ERR_OK); /* and it goes on */
}

static void assert_refused(const char *password, const char *words)
{
	const char *refusal = password_refusal(password, "some.person", "else@example.org");

	if (refusal == NULL || strstr(refusal, words) == NULL)
		fail_msg("\"%s\" gives \"%s\", not \"%s\"", password,
			 refusal != NULL ? refusal : "nothing", words);
}

static void assert_allowed(const char *password)
{
	const char *refusal = password_refusal(password, "some.person", "else@example.org");

	if (refusal != NULL)
		fail_msg("\"%s\" is refused: %s", password, refusal);
}

static void length_is_counted_in_characters(void **state)
{
	char long_one[PASSWORD_MAX * 4 + 2];
	unsigned seed = 1;

	(void)state;
	assert_refused("", "at least 12");
	assert_refused("v1olet gram", "at least 12");
	assert_allowed("v1olet gramo");
	/* Eleven characters in 22 bytes, and twelve in 24. */
	assert_refused("дыньгукёжшя", "at least 12");
	assert_allowed("дыньгукёжшяц");
	for (size_t i = 0; i < sizeof(long_one); i++)
		long_one[i] = (char)('!' + rand_r(&seed) % 90);
	long_one[PASSWORD_MAX] = '\0';
	assert_allowed(long_one);
	long_one[PASSWORD_MAX] = 'x';
	long_one[PASSWORD_MAX + 1] = '\0';
	assert_refused(long_one, "at most 256");
	memset(long_one, 'x', sizeof(long_one) - 1);
	long_one[sizeof(long_one) - 1] = '\0';
	assert_refused(long_one, "at most 256");
}

static void common_passwords_are_refused_in_any_dress(void **state)
{
	static const char *const passwords[] = {
		"administrator", "ADMINISTRATOR", "correcthorsebatterystaple", "iloveyousomuch",
		"p@ssw0rd1234",  "Passw0rd2024!", "!!welcome!!2026",           "thisismypassword",
		"Letmein-2024",  "1q2w3e4r5t6y",  "$uper$ecretPa$$word",       "changeme!!!!",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++)
		assert_refused(passwords[i], "tried first");
}

static void rows_of_keys_are_refused(void **state)
{
	static const char *const passwords[] = {
		"abcdefghijklmnop", "zyxwvutsrqpon", "123456789012", "qwertyuiop123",
		"QWERTYUIOPAS",     "1qaz2wsx3edc",  "asdfghjkl;'z", "poiuytrewqlk",
		"qwertzuiopas",     "abcd1234efgh",  "aaaabbbbcccc", "!@#$%^&*()_+",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++)
		assert_refused(passwords[i], "neighbouring");
}

static void repetitions_are_refused(void **state)
{
	static const char *const passwords[] = {
		"aaaaaaaaaaaa",  "abcabcabcabc",  "passwordpassword",
		"k7!zk7!zk7!zk", "xyxyxyxyxyxyx",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++)
		assert_refused(passwords[i], "repeats");
}

static void ones_own_name_is_refused(void **state)
{
	(void)state;
	assert_non_null(password_refusal("margaretmead42", "margaretmead42", NULL));
	assert_non_null(password_refusal("MargaretMead42", "margaretmead42", NULL));
	assert_non_null(password_refusal("violetta@example.org", "x", "violetta@example.org"));
	assert_non_null(password_refusal("violettaostrich", "x", "violettaostrich@example.org"));
	assert_null(password_refusal("violettaostrich!", "x", "violettaostrich@example.org"));
	assert_null(password_refusal("violettaostrich!", NULL, NULL));
	assert_null(password_refusal("violettaostrich!", "", ""));
}

static void ordinary_good_ones_are_allowed(void **state)
{
	static const char *const passwords[] = {
		good,
		"Tr0ub4dor&3xyz",
		"purple monkey dishwasher",
		"4c8f0e92b1d7",
		"mein Hund heißt Bello",
		"uE$9!kqPz#2m",
		"password is a lousy choice",
		"monkey 83746 tulip",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++)
		assert_allowed(passwords[i]);
}

static const char *const common[] = {
#include "security/common_passwords.inc"
};

static void the_list_is_sorted_lower_case_and_refuses_all_that_is_on_it(void **state)
{
	size_t count = sizeof(common) / sizeof(common[0]), whole = 0;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			assert_true(strcmp(common[i - 1], common[i]) < 0);
		assert_int_equal(strcspn(common[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
				 strlen(common[i]));
		if (strlen(common[i]) < PASSWORD_MIN)
			continue;
		whole++;
		assert_non_null(password_refusal(common[i], NULL, NULL));
	}
	assert_true(whole > 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_right_password_is_verified_and_no_other),
		cmocka_unit_test(a_hash_of_another_program_is_verified),
		cmocka_unit_test(a_weaker_hash_is_verified_and_said_to_be_outdated),
		cmocka_unit_test(what_is_no_hash_verifies_nothing),
		cmocka_unit_test(nobody_costs_as_much_as_somebody),
		cmocka_unit_test(many_at_once_all_get_their_answer),
		cmocka_unit_test(of_a_flood_only_some_wait),
		cmocka_unit_test(length_is_counted_in_characters),
		cmocka_unit_test(common_passwords_are_refused_in_any_dress),
		cmocka_unit_test(rows_of_keys_are_refused),
		cmocka_unit_test(repetitions_are_refused),
		cmocka_unit_test(ones_own_name_is_refused),
		cmocka_unit_test(ordinary_good_ones_are_allowed),
		cmocka_unit_test(the_list_is_sorted_lower_case_and_refuses_all_that_is_on_it),
	};

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	return RUN_TESTS(tests);
}
