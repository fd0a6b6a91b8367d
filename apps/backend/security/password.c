#include "security/password.h"

#include "base/pool.h"
#include "base/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PASSWORD_BYTES_MAX = PASSWORD_MAX * 4, /* UTF-8 */
	/* How many digits and signs around a common word do not make it a good password. */
	TRIMMINGS_MAX = 8,
	/* A password whose runs ("2345", "qwer", "aaa") are this long on average is predictable. */
	RUN_LENGTH = 3,
};

/*
 * What is verified for a user who does not exist: a hash with today's parameters that no known
 * password has. The assertions fail where the library's parameters change, since the work would
 * then differ from that of real hashes.
 */
static const char nobodys_hash[] = "$argon2id$v=19$m=65536,t=2,p=1$Zm9yIHRob3NlIHdobyBhcg$"
				   "ZSBub3QgdGhlcmU6IG5vIHRpbWUgdGVsbHMgb2YgaXQ";
_Static_assert(crypto_pwhash_MEMLIMIT_INTERACTIVE == 65536 * 1024, "m of nobodys_hash in KiB");
_Static_assert(crypto_pwhash_OPSLIMIT_INTERACTIVE == 2, "t of nobodys_hash");
_Static_assert((int)PASSWORD_HASH_SIZE == crypto_pwhash_STRBYTES, "as the header says");

/* One place per core: more at once would only take memory, 64 MiB each. */
static sem_t places;
static pthread_once_t places_once = PTHREAD_ONCE_INIT;
static atomic_uint waiting, waiting_max = UINT_MAX;

static void make_places(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	sem_init(&places, 0, cores > 0 ? (unsigned)cores : 1);
}

void password_limit_waiting(unsigned max)
{
	atomic_store(&waiting_max, max);
}

static enum err wait_for_place(void)
{
	enum err err = ERR_OK;

	if (atomic_fetch_add(&waiting, 1) >= atomic_load(&waiting_max))
		err = ERR_UNAVAILABLE;
	while (err == ERR_OK && sem_wait(&places) < 0 && errno == EINTR)
		;
	atomic_fetch_sub(&waiting, 1);
	return err;
}

static enum err take_place(void)
{
	enum err err = ERR_OK;

	pthread_once(&places_once, make_places);
	pool_wait_begin();
	if (sem_trywait(&places) != 0)
		err = wait_for_place();
	if (err != ERR_OK)
		pool_wait_end();
	return err;
}

static void leave_place(void)
{
	sem_post(&places);
	pool_wait_end();
}

enum err password_hash(const char *password, char hash[static PASSWORD_HASH_SIZE])
{
	enum err err = take_place();
	int result;

	if (err != ERR_OK)
		return err;
	result = crypto_pwhash_str_alg(
		hash, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
		crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13);
	leave_place();
	return result == 0 ? ERR_OK : ERR_UNAVAILABLE;
}

enum err password_verify(const char *password, const char *hash, bool *ret_outdated)
{
	const char *against = hash != NULL ? hash : nobodys_hash;
	enum err err = take_place();
	bool verified;

	if (err != ERR_OK)
		return err;
	verified = crypto_pwhash_str_verify(against, password, strlen(password)) == 0;
	leave_place();
	if (hash == NULL || !verified)
		return ERR_UNAUTHENTICATED;
	if (ret_outdated != NULL)
		*ret_outdated =
			crypto_pwhash_str_needs_rehash(hash, crypto_pwhash_OPSLIMIT_INTERACTIVE,
						       crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0;
	return ERR_OK;
}

/* Whole passwords and the words they are made of, in lower case, sorted by byte. */
static const char *const common[] = {
#include "security/common_passwords.inc"
};

static int compare_words(const void *key, const void *row)
{
	return strcmp(key, *(const char *const *)row);
}

static bool is_listed(const char *text)
{
	return bsearch(text, common, sizeof(common) / sizeof(common[0]), sizeof(common[0]),
		       compare_words) != NULL;
}

/* Undoes the letters that people write as digits and signs. */
static void unmask(char *text)
{
	static const char masks[] = "@a4a0o3e1i!i$s5s7t";

	for (; *text != '\0'; text++)
		for (const char *mask = masks; *mask != '\0'; mask += 2)
			if (*text == mask[0])
				*text = mask[1];
}

static bool is_listed_masked(const char *text)
{
	char unmasked[PASSWORD_BYTES_MAX + 1];
	bool listed;

	if (is_listed(text))
		return true;
	memcpy(unmasked, text, strlen(text) + 1);
	unmask(unmasked);
	listed = is_listed(unmasked);
	sodium_memzero(unmasked, sizeof(unmasked));
	return listed;
}

static bool is_letter(char c)
{
	return isalpha((unsigned char)c) || (unsigned char)c >= 0x80;
}

/*
 * "password2024!": a common word with a few digits and signs around it. Cuts `lowered` to the word.
 */
static bool is_trimmed_word(char *lowered)
{
	size_t length = strlen(lowered), start = 0, end = length;

	while (start < end && !is_letter(lowered[start]))
		start++;
	while (end > start && !is_letter(lowered[end - 1]))
		end--;
	if (start == end || length - (end - start) > TRIMMINGS_MAX)
		return false;
	lowered[end] = '\0';
	return is_listed_masked(lowered + start);
}

/* Whether the text is some shorter text, two times or more, the last perhaps cut: "abcabcabca". */
static bool is_repetition(const char *text, size_t length)
{
	for (size_t period = 1; period <= length / 2; period++)
		if (memcmp(text, text + period, length - period) == 0)
			return true;
	return false;
}

/* Whether two keys are beside each other on a row, or a slanted column, of the common keyboards. */
static bool are_neighbours(char a, char b)
{
	static const char *const keys[] = {
		"`1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./", "!@#$%^&*()_+",
		"qwertzuiop",    "yxcvbnm",      "azertyuiop",  "qsdfghjklm", "wxcvbn",
		"1qaz2",         "2wsx3",        "3edc4",       "4rfv5",      "5tgb6",
		"6yhn7",         "7ujm8",        "8ik,9",       "9ol.0",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *at = strchr(keys[i], a);

		if (at != NULL && (at[1] == b || (at > keys[i] && at[-1] == b)))
			return true;
	}
	return false;
}

static bool is_predictable(const char *lowered, size_t length)
{
	size_t runs = 1;

	for (size_t i = 1; i < length; i++) {
		int step = lowered[i] - lowered[i - 1];

		if (step < -1 || step > 1)
			runs += !are_neighbours(lowered[i - 1], lowered[i]);
	}
	return runs * RUN_LENGTH <= length;
}

static const char *refuse_guessable(char *lowered, size_t length)
{
	if (is_repetition(lowered, length))
		return "This repeats itself. Use something less regular.";
	if (is_predictable(lowered, length))
		return "This is a row of neighbouring keys, letters or digits. Use something less "
		       "regular.";
	if (is_listed_masked(lowered) || is_trimmed_word(lowered))
		return "This is among the passwords that are tried first. Use another one.";
	return NULL;
}

/* Whether the password is the name, or the part of the address before the @. */
static bool is_own_name(const char *password, const char *name, size_t length)
{
	return length > 0 && strlen(password) == length && strncasecmp(password, name, length) == 0;
}

const char *password_refusal(const char *password, const char *username, const char *email)
{
	char lowered[PASSWORD_BYTES_MAX + 1];
	size_t length = strlen(password);
	const char *refusal;

	if (length < PASSWORD_MIN || utf8_count(password) < PASSWORD_MIN)
		return "Use at least 12 characters.";
	if (length > PASSWORD_BYTES_MAX || utf8_count(password) > PASSWORD_MAX)
		return "Use at most 256 characters.";
	if ((username != NULL && is_own_name(password, username, strlen(username))) ||
	    (email != NULL && (is_own_name(password, email, strlen(email)) ||
			       is_own_name(password, email, strcspn(email, "@")))))
		return "This is the user name or e-mail address. Use another one.";
	for (size_t i = 0; i <= length; i++)
		lowered[i] = (char)tolower((unsigned char)password[i]);
	refusal = refuse_guessable(lowered, length);
	sodium_memzero(lowered, sizeof(lowered));
	return refusal;
}
