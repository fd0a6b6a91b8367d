/* The master key: where it comes from, and another one for an installation that exists, also one from before there were roots. */
#include "master_rotation.h"

#include "audit/audit.h"
#include "auth/auth.h"
#include "auth/auth_store.h"
#include "installation.h"
#include "master_key.h"
#include "security/data_keys.h"
#include "security/encryption.h"

#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOME_KEY "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER_KEY "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ADDRESS "ada@example.org"

struct place {
	struct home home; /* its folder and its database */
	char data[128], key[160], next[160];
	struct config config;
	struct app app;
	const char *reason;
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	home_make(&place->home);
	snprintf(place->data, sizeof(place->data), "%s/data", place->home.folder);
	snprintf(place->key, sizeof(place->key), "%s/master.key", place->data);
	snprintf(place->next, sizeof(place->next), "%s/master.key.new", place->data);
	place->config = (struct config){ .data = place->data,
					 .database_url = place->home.options.url,
					 .database_checkout_ms = 5000,
					 .database_answer_ms = 10000 };
	place->app.config = &place->config;
	place->reason = "";
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	installation_close(&place->app);
	home_remove(&place->home);
	free(place);
	return 0;
}

static void open_it(struct place *place)
{
	if (installation_open(&place->app, INSTALLATION_SERVE, &place->home.arena,
			      &place->reason) != ERR_OK)
		fail_msg("%s", place->reason);
}

static void is_refused(struct place *place, const char *words)
{
	assert_int_not_equal(installation_open(&place->app, INSTALLATION_SERVE, &place->home.arena,
					       &place->reason),
			     ERR_OK);
	if (!strstr(place->reason, words))
		fail_msg("\"%s\" does not say \"%s\"", place->reason, words);
}

/* Something that is sealed, a hash by which it is found, and a row of the audit log. */
static void fill(struct place *place)
{
	uint8_t hash[LOOKUP_SIZE];
	struct account account = { .id = "01a00000-0000-7000-8000-000000000001",
				   .username = "ada",
				   .email = ADDRESS,
				   .email_hash = { hash, sizeof(hash) },
				   .password_hash = "none",
				   .role = ROLE_USER,
				   .created_at = { 1 } };
	const struct audit_entry entry = { .action = AUDIT_SETUP, .username = "ada" };
	const char *taken;

	open_it(place);
	lookup_hash(place->app.keyring, "account.email", ADDRESS, hash);
	assert_int_equal(account_insert(place->app.db, &account, &taken), ERR_OK);
	assert_int_equal(audit_write(&place->app, &entry), ERR_OK);
	installation_close(&place->app);
}

/* What was written is read, found and still a chain. */
static void is_whole(struct place *place)
{
	uint8_t hash[LOOKUP_SIZE];
	struct account account;
	FILE *out = fopen("/dev/null", "w");

	open_it(place);
	assert_int_equal(account_by_username(place->app.db, "ada", &place->home.arena, &account),
			 ERR_OK);
	assert_string_equal(account.email, ADDRESS);
	lookup_hash(place->app.keyring, "account.email", ADDRESS, hash);
	assert_memory_equal(account.email_hash.data, hash, LOOKUP_SIZE);
	assert_int_equal(audit_verify(&place->app, out), ERR_OK);
	fclose(out);
	installation_close(&place->app);
}

static void rotates(struct place *place, const char *text)
{
	FILE *out = fopen("/dev/null", "w");

	if (master_key_rotate(&place->config, text, &place->home.arena, out, &place->reason) !=
	    ERR_OK)
		fail_msg("%s", place->reason);
	fclose(out);
}

/* As it was written before there were roots: all of it derived from the master key. */
static void make_old(struct place *place)
{
	open_it(place);
	installation_close(&place->app);
	/* Nothing is sealed yet. */
	place->home.options.folder = place->data;
	home_sql(&place->home, "DELETE FROM data_key");
	home_sql(&place->home, "UPDATE installation SET root_key = NULL");
}

static void a_new_installation_stores_random_keys(void **state)
{
	struct place *place = *state;
	uint8_t derived[KEY_SIZE];
	struct keyring *bare;

	fill(place);
	assert_int_equal(master_key_open(&place->config, &place->home.arena, &bare, &place->reason),
			 ERR_OK);
	memcpy(derived, data_key(keyring_data_keys(bare), DATA_KEY_FIRST), KEY_SIZE);
	open_it(place);
	assert_memory_not_equal(data_key(keyring_data_keys(place->app.keyring), DATA_KEY_FIRST),
				derived, KEY_SIZE);
	assert_memory_not_equal(keyring_key(place->app.keyring, KEY_LOOKUP),
				keyring_key(bare, KEY_LOOKUP), KEY_SIZE);
	keyring_destroy(bare);
	installation_close(&place->app);
	is_whole(place);
}

static void stored_keys_that_were_changed_are_refused(void **state)
{
	struct place *place = *state;

	fill(place);
	place->home.options.folder = place->data;
	home_sql(&place->home, "UPDATE data_key SET wrapped = (SELECT root_key FROM installation)");
	is_refused(place, "a stored key");
	home_sql(&place->home, "DELETE FROM data_key");
	is_refused(place, "a stored key");
}

static void an_old_installation_opens_as_before_and_rotates(void **state)
{
	struct place *place = *state;

	make_old(place);
	fill(place);
	is_whole(place);
	rotates(place, NULL);
	is_whole(place);
	assert_int_equal(home_number(&place->home, "SELECT COUNT(*) FROM data_key"), 1);
	rotates(place, NULL);
	is_whole(place);
}

static void a_new_key_takes_the_place_of_the_file(void **state)
{
	struct place *place = *state;
	char fingerprint[KEY_FINGERPRINT_SIZE], old[200];

	fill(place);
	open_it(place);
	keyring_fingerprint(place->app.keyring, fingerprint);
	installation_close(&place->app);
	rotates(place, NULL);
	assert_int_equal(access(place->next, F_OK), -1);
	is_whole(place);
	snprintf(old, sizeof(old), "%s.%s", place->key, fingerprint);
	assert_int_equal(rename(old, place->key), 0);
	is_refused(place, "the master key is not the one");
}

/* The states in which a kill can leave it: the transaction is the database's affair. */
static void a_rotation_that_was_cut_off_harms_nothing(void **state)
{
	struct place *place = *state;
	char fingerprint[KEY_FINGERPRINT_SIZE], old[200];
	struct keyring *next;

	fill(place);
	open_it(place);
	keyring_fingerprint(place->app.keyring, fingerprint);
	installation_close(&place->app);
	/* The new key is on the disk, and the database knows nothing of it. */
	assert_int_equal(
		master_key_open_next(&place->config, &place->home.arena, &next, &place->reason),
		ERR_OK);
	keyring_destroy(next);
	is_whole(place);
	assert_int_equal(access(place->next, F_OK), 0);
	rotates(place, NULL);
	/* The database is under the new key, and the file has not changed yet. */
	snprintf(old, sizeof(old), "%s.%s", place->key, fingerprint);
	assert_int_equal(rename(place->key, place->next), 0);
	assert_int_equal(link(old, place->key), 0);
	is_whole(place);
	assert_int_equal(access(place->next, F_OK), -1);
	is_whole(place);
}

static void a_key_that_is_a_setting_is_changed_for_one_that_is_given(void **state)
{
	struct place *place = *state;
	FILE *out = fopen("/dev/null", "w");

	place->config.master_key = SOME_KEY;
	fill(place);
	assert_int_not_equal(master_key_rotate(&place->config, "nonsense", &place->home.arena, out,
					       &place->reason),
			     ERR_OK);
	assert_int_not_equal(master_key_rotate(&place->config, SOME_KEY, &place->home.arena, out,
					       &place->reason),
			     ERR_OK);
	is_whole(place);
	rotates(place, OTHER_KEY "\n");
	is_refused(place, "the master key is not the one");
	place->config.master_key = OTHER_KEY;
	is_whole(place);
	fclose(out);
}

static void a_key_comes_from_a_file_elsewhere_or_a_command(void **state)
{
	struct place *place = *state;
	char path[160];

	snprintf(path, sizeof(path), "%s/elsewhere", place->home.folder);
	place->config.master_key_file = path;
	fill(place);
	assert_int_equal(access(place->key, F_OK), -1);
	assert_int_equal(access(path, F_OK), 0);
	place->config.master_key_file = NULL;
	place->config.master_key_command = arena_printf(&place->home.arena, "cat %s", path);
	is_whole(place);
	place->config.master_key_command = "echo " SOME_KEY;
	is_refused(place, "the master key is not the one");
	place->config.master_key_command = "echo nonsense";
	is_refused(place, "64 hexadecimal digits");
	place->config.master_key_command = "false";
	is_refused(place, "failed with status 1");
	place->config.master_key_file = path;
	is_refused(place, "comes from one place");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_installation_stores_random_keys),
		TEST(stored_keys_that_were_changed_are_refused),
		TEST(an_old_installation_opens_as_before_and_rotates),
		TEST(a_new_key_takes_the_place_of_the_file),
		TEST(a_rotation_that_was_cut_off_harms_nothing),
		TEST(a_key_that_is_a_setting_is_changed_for_one_that_is_given),
		TEST(a_key_comes_from_a_file_elsewhere_or_a_command),
	};

	return RUN_TESTS(tests);
}
