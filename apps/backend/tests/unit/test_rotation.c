/* Sealing what is stored under a new key: all of it, once, and beside servers that do not know the key yet. */
#include "db/rotation.h"

#include "auth/auth.h"
#include "chat/conversation_store.h"
#include "chat/message_store.h"
#include "db/key_store.h"
#include "routes.h"
#include "security/data_keys.h"

#include "support_stage.h"

#include <stdio.h>
#include <string.h>

enum { CONVERSATIONS = 1200 /* more than two batches */ };

static struct rotation_result rotating(struct db *db, enum err expected)
{
	struct rotation_options options = { .statements = statement_lists };
	struct rotation_result result;

	assert_int_equal(keys_rotate(db, &options, &result), expected);
	return result;
}

static enum err run_insert(struct db *tx, void *context)
{
	const struct principal *owner = context;
	enum err err = ERR_OK;

	for (int i = 0; i < CONVERSATIONS && err == ERR_OK; i++) {
		char id[ID_SIZE], title[32];
		struct conversation conversation = { .id = id,
						     .owner_id = owner->user_id,
						     .title = title,
						     .model_id = "webplus/guide",
						     .created_at = { i + 1 },
						     .updated_at = { i + 1 } };

		snprintf(id, sizeof(id), "01a00000-0000-7000-8000-%012d", i);
		snprintf(title, sizeof(title), "Title %d", i);
		err = db_insert(tx, &conversation_schema, &conversation);
	}
	return err;
}

static void fill(struct stage *stage)
{
	struct principal ada = stage_account(stage, "ada", "user");

	assert_int_equal(db_transaction(stage->app.db, run_insert, &ada), ERR_OK);
}

/* The number of the key is the fifth byte of a sealed value, of which there are fewer than 256. */
static int64_t cells_under(struct stage *stage, const char *table, const char *column, int number)
{
	char sql[160];

	snprintf(sql, sizeof(sql),
		 "SELECT COUNT(*) FROM %s WHERE substr(%s, 1, 5) = %s0100000%03x'", table, column,
		 stage->home.options.url ? "'\\x" : "x'", (unsigned)number);
	return stage_count(stage, sql);
}

static int64_t sealed_under(struct stage *stage, int number)
{
	return cells_under(stage, "conversation", "title", number);
}

static void title_is(struct stage *stage, struct db *db, int number)
{
	static const struct statement select = { "SELECT {columns} FROM conversation WHERE id = $1",
						 &conversation_schema };
	struct conversation conversation;
	char id[ID_SIZE], title[32];

	snprintf(id, sizeof(id), "01a00000-0000-7000-8000-%012d", number);
	snprintf(title, sizeof(title), "Title %d", number);
	assert_int_equal(
		db_one(db, &select, ARGS((const char *)id), &stage->home.arena, &conversation),
		ERR_OK);
	assert_string_equal(conversation.title, title);
}

static void everything_is_sealed_anew(void **state)
{
	struct stage *stage = *state;
	struct rotation_result result;

	fill(stage);
	assert_int_equal(sealed_under(stage, 1), CONVERSATIONS);
	result = rotating(stage->app.db, ERR_OK);
	assert_int_equal(result.key_number, 2);
	assert_int_equal(result.damaged, 0);
	assert_true(result.sealed > CONVERSATIONS);
	assert_int_equal(sealed_under(stage, 2), CONVERSATIONS);
	assert_int_equal(stage_count(stage, "SELECT COUNT(*) FROM key_rotation"), 0);
	title_is(stage, stage->app.db, 0);
	title_is(stage, stage->app.db, CONVERSATIONS - 1);
	assert_int_equal(rotating(stage->app.db, ERR_OK).key_number, 3);
	assert_int_equal(sealed_under(stage, 3), CONVERSATIONS);
}

/* Bytes are sealed anew as texts are, whatever is in them. */
static void lengths_are_sealed_anew(void **state)
{
	struct stage *stage = *state;
	struct message message = { .id = "m",
				   .conversation_id = "01a00000-0000-7000-8000-000000000000",
				   .owner_id = "",
				   .role = MESSAGE_ASSISTANT,
				   .content = "abc",
				   .status = MESSAGE_STREAMING,
				   .seq = 2,
				   .lengths = { "\x03\x00", 2 } };
	const struct message_chunk chunk = {
		.message_id = "m", .first_seq = 3, .lengths = { "\x00\x01", 2 }, .text = "d"
	};

	fill(stage);
	assert_int_equal(message_insert(stage->app.db, &message), ERR_OK);
	assert_int_equal(db_insert(stage->app.db, &message_chunk_schema, &chunk), ERR_OK);
	assert_int_equal(rotating(stage->app.db, ERR_OK).damaged, 0);
	assert_int_equal(cells_under(stage, "message", "lengths", 2), 1);
	assert_int_equal(cells_under(stage, "message_chunk", "lengths", 2), 1);
	assert_int_equal(message_read_whole(stage->app.db, "m", &stage->home.arena, &message),
			 ERR_OK);
	assert_string_equal(message.content, "abcd");
	assert_int_equal(message.lengths.size, 4);
	assert_memory_equal(message.lengths.data, "\x03\x00\x00\x01", 4);
}

static void what_does_not_open_is_counted_and_left(void **state)
{
	struct stage *stage = *state;
	struct rotation_result result;

	fill(stage);
	home_sql(&stage->home,
		 "UPDATE conversation SET title = (SELECT title FROM conversation WHERE id = "
		 "'01a00000-0000-7000-8000-000000000001') WHERE id = "
		 "'01a00000-0000-7000-8000-000000000700'");
	home_sql(
		&stage->home,
		stage->home.options.url
			? "UPDATE conversation SET title = '\\x0100000009' || substr(title, 6) "
			  "WHERE id = '01a00000-0000-7000-8000-000000000701'"
			: "UPDATE conversation SET title = CAST(x'0100000009' || substr(title, 6) AS "
			  "BLOB) WHERE id = '01a00000-0000-7000-8000-000000000701'");
	result = rotating(stage->app.db, ERR_OK);
	assert_int_equal(result.damaged, 2);
	assert_false(result.overtaken);
	assert_int_equal(sealed_under(stage, 2), CONVERSATIONS - 2);
	assert_int_equal(sealed_under(stage, 1), 1);
}

/* As after a kill: the key is stored, and one table has come as far as a row in its middle. */
static void a_rotation_that_was_cut_off_goes_on(void **state)
{
	struct stage *stage = *state;
	struct rotation_result result;
	uint32_t number;

	fill(stage);
	assert_int_equal(key_store_make(stage->app.db, &number), ERR_OK);
	home_sql(&stage->home,
		 "INSERT INTO key_rotation (table_name, data_key, last_key, rows_done) VALUES "
		 "('conversation', 2, '01a00000-0000-7000-8000-000000000999', 1000)");
	result = rotating(stage->app.db, ERR_OK);
	assert_int_equal(result.key_number, 2);
	assert_int_equal(sealed_under(stage, 2),
			 CONVERSATIONS); /* the second walk finds the rest */
	assert_int_equal(stage_count(stage, "SELECT COUNT(*) FROM data_key"), 1);
}

/* Another program with the same master key. */
static struct db *open_beside(struct stage *stage, struct keyring **ret_keyring)
{
	struct db_options options = stage->home.options;
	struct db *other;
	const char *reason;
	char path[128];

	snprintf(path, sizeof(path), "%s/master.key", stage->home.folder);
	assert_int_equal(keyring_open(NULL, path, ret_keyring, &reason), ERR_OK);
	options.keyring = *ret_keyring;
	options.loop = NULL;
	assert_int_equal(db_open(&options, &stage->home.arena, &other, &reason), ERR_OK);
	return other;
}

/* As after two that shared the rotation to key 2: one ended it and began the next, and the other one comes back late. */
static void a_rotation_that_was_overtaken_leaves_what_the_next_one_sealed(void **state)
{
	struct stage *stage = *state;
	struct rotation_result result;
	struct keyring *keyring;
	struct db *other;

	fill(stage);
	other = open_beside(stage, &keyring);
	assert_int_equal(rotating(other, ERR_OK).key_number, 2);
	assert_int_equal(rotating(other, ERR_OK).key_number, 3);
	home_sql(&stage->home,
		 "INSERT INTO key_rotation (table_name, data_key, last_key, rows_done) VALUES "
		 "('conversation', 2, '01a00000-0000-7000-8000-000000000499', 500)");
	result = rotating(stage->app.db, ERR_OK);
	assert_true(result.overtaken);
	assert_int_equal(result.key_number, 2);
	assert_int_equal(result.damaged, 0);
	assert_int_equal(sealed_under(stage, 3), CONVERSATIONS);
	db_close(other);
	keyring_destroy(keyring);
}

/* It has not heard of the rotation. */
static void a_server_learns_the_key_when_it_meets_it(void **state)
{
	struct stage *stage = *state;
	struct keyring *keyring;
	struct db *other;

	fill(stage);
	other = open_beside(stage, &keyring);
	rotating(stage->app.db, ERR_OK);
	assert_int_equal(data_keys_newest(keyring_data_keys(keyring)), 1);
	title_is(stage, other, 5);
	assert_int_equal(data_keys_newest(keyring_data_keys(keyring)), 2);
	db_close(other);
	keyring_destroy(keyring);
}

static void a_changed_key_is_refused(void **state)
{
	struct stage *stage = *state;
	uint32_t number;

	assert_int_equal(key_store_make(stage->app.db, &number), ERR_OK);
	home_sql(&stage->home, "UPDATE data_key SET id = 3");
	assert_int_equal(key_store_learn(stage->app.db), ERR_CORRUPT);
	assert_int_equal(data_keys_newest(keyring_data_keys(stage->app.keyring)), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST(everything_is_sealed_anew),
		STAGE_TEST(lengths_are_sealed_anew),
		STAGE_TEST(what_does_not_open_is_counted_and_left),
		STAGE_TEST(a_rotation_that_was_cut_off_goes_on),
		STAGE_TEST(a_rotation_that_was_overtaken_leaves_what_the_next_one_sealed),
		STAGE_TEST(a_server_learns_the_key_when_it_meets_it),
		STAGE_TEST(a_changed_key_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
