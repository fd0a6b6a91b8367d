/* One's own account: what is changed of it, taken along, and deleted; and one's sessions. */
#include "auth/auth.h"

#include "audit/audit_store.h"
#include "auth/auth_store.h"
#include "chat/conversation_store.h"
#include "chat/message_store.h"
#include "users/users.h"

#include "support_call.h"
#include "support_stage.h"

#include <stdio.h>
#include <stdlib.h>

#define ME "/api/v1/auth/me"
#define PASSWORD "/api/v1/auth/password"
#define SESSIONS "/api/v1/sessions"

static enum err run(struct stage *stage, const struct principal *who, const char *method,
		    const char *path, const char *id, const char *body)
{
	struct call call;
	enum err err;

	call_begin(&call, &stage->app, who);
	err = call_run(&call, method, path, id, body);
	call_end(&call);
	return err;
}

/* ---- The export ---- */

/* Texts of the message and of a string are sealed under one name each, so both go through the store. */
static void add_message(struct stage *stage, const struct conversation *conversation,
			const char *content)
{
	char id[ID_SIZE];
	struct message message = { .id = id,
				   .conversation_id = conversation->id,
				   .owner_id = conversation->owner_id,
				   .role = MESSAGE_USER,
				   .status = MESSAGE_COMPLETE,
				   .content = content,
				   .created_at = { 1 },
				   .completed_at = { 1 } };

	id_make(id);
	assert_int_equal(message_insert(stage->app.db, &message), ERR_OK);
}

static void add_conversation(struct stage *stage, const struct principal *owner, const char *title,
			     int64_t updated_ms, int messages)
{
	char id[ID_SIZE];
	struct conversation conversation = { .id = id,
					     .owner_id = owner->user_id,
					     .title = title,
					     .model_id = "webplus/guide",
					     .created_at = { 1 },
					     .updated_at = { updated_ms } };

	id_make(id);
	assert_int_equal(conversation_insert(stage->app.db, &conversation), ERR_OK);
	for (int i = 0; i < messages; i++)
		add_message(stage, &conversation,
			    arena_printf(&stage->home.arena, "%s %d \xe6\xbc\xa2\"\\", title, i));
}

static void add_long_messages(struct stage *stage, const struct principal *owner, char letter,
			      size_t length, int count)
{
	char id[ID_SIZE];
	struct conversation conversation = { .id = id,
					     .owner_id = owner->user_id,
					     .title = "long",
					     .model_id = "webplus/guide",
					     .created_at = { 1 },
					     .updated_at = { 1 } };
	char *content = calloc(1, length + 1);

	memset(content, letter, length);
	id_make(id);
	assert_int_equal(conversation_insert(stage->app.db, &conversation), ERR_OK);
	for (int i = 0; i < count; i++)
		add_message(stage, &conversation, content);
	free(content);
}

static json_t *exported(struct stage *stage, const struct principal *who)
{
	struct call call;
	json_t *all;

	call_begin(&call, &stage->app, who);
	assert_int_equal(call_run(&call, "GET", "/api/v1/auth/export", NULL, NULL), ERR_OK);
	all = json_loads(call_produced(&call, &stage->home.arena), JSON_REJECT_DUPLICATES, NULL);
	assert_string_equal(call_reply_header(&call, "Content-Disposition"),
			    "attachment; filename=\"webplus-export.json\"");
	call_end(&call);
	assert_non_null(all);
	return all;
}

static json_t *conversation_of(json_t *all, size_t index)
{
	return json_array_get(json_object_get(all, "conversations"), index);
}

static const char *text_of(json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static void an_export_has_everything_of_one_and_nothing_of_others(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	struct principal bob = stage_account(stage, "bob", ROLE_USER);
	json_t *all, *messages;

	add_conversation(stage, &eve, "first", 1000, 45);
	add_conversation(stage, &eve, "second", 2000, 20);
	add_conversation(stage, &eve, "empty", 3000, 0);
	add_conversation(stage, &bob, "bob's", 2500, 1);
	all = exported(stage, &eve);
	assert_string_equal(text_of(json_object_get(all, "account"), "username"), "eve");
	assert_null(json_object_get(json_object_get(all, "account"), "password_hash"));
	assert_int_equal(json_array_size(json_object_get(all, "conversations")), 3);
	assert_string_equal(
		text_of(json_object_get(conversation_of(all, 2), "conversation"), "title"),
		"empty");
	assert_int_equal(json_array_size(json_object_get(conversation_of(all, 2), "messages")), 0);
	assert_int_equal(json_array_size(json_object_get(conversation_of(all, 1), "messages")), 20);
	messages = json_object_get(conversation_of(all, 0), "messages");
	assert_int_equal(json_array_size(messages), 45);
	assert_string_equal(text_of(json_array_get(messages, 44), "content"),
			    "first 44 \xe6\xbc\xa2\"\\");
	json_decref(all);
	assert_int_equal(
		stage_count(stage, "SELECT count(*) FROM audit WHERE action = 'account.export'"),
		1);
}

static void an_export_of_nothing_is_whole(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	json_t *all = exported(stage, &eve);

	assert_int_equal(json_array_size(json_object_get(all, "conversations")), 0);
	json_decref(all);
}

/* Larger than what is sent at once. */
static void a_long_message_comes_whole(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	size_t length = REPLY_PIECE_MAX * 3 + 1;
	json_t *all, *message;

	add_long_messages(stage, &eve, 'x', length, 1);
	all = exported(stage, &eve);
	message = json_array_get(json_object_get(conversation_of(all, 0), "messages"), 0);
	assert_int_equal(json_string_length(json_object_get(message, "content")), length);
	json_decref(all);
}

/* How often the letter is in the file, of which only a piece is in memory here. */
static size_t count_in_export(struct stage *stage, const struct principal *who, char letter)
{
	struct producer *producer;
	struct call call;
	bool done = false;
	size_t count = 0;

	call_begin(&call, &stage->app, who);
	assert_int_equal(call_run(&call, "GET", "/api/v1/auth/export", NULL, NULL), ERR_OK);
	producer = call.request.reply.producer;
	while (!done) {
		struct buf piece;

		buf_init(&piece, REPLY_PIECE_MAX);
		assert_int_equal(producer->next(producer, &piece, &done), ERR_OK);
		for (size_t i = 0; i < piece.length; i++)
			count += piece.data[i] == letter;
		buf_finish(&piece);
	}
	producer->destroy(producer);
	call.request.reply.producer = NULL;
	call_end(&call);
	return count;
}

static void many_long_messages_come_all(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);

	add_long_messages(stage, &eve, '~', 1024 * 1024 + 1, 40);
	assert_int_equal(count_in_export(stage, &eve, '~'), 40 * (1024 * 1024 + 1));
}

/* Each byte takes six in the file: a few of them at once would be too much. */
static void the_longest_messages_come_one_by_one(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	enum { LONGEST = 4 * 1024 * 1024 };

	add_long_messages(stage, &eve, '\x01', LONGEST, 6);
	assert_int_equal(count_in_export(stage, &eve, '\\'), 6 * LONGEST);
}

/* ---- What else is in it ---- */

static enum err run_grant(struct db *tx, void *context)
{
	return grant_set(tx, context);
}

static void give_file(struct stage *stage, const struct principal *whom, const char *id)
{
	const char *permission = "chat:read";
	struct grant grant = { .resource_kind = "file",
			       .resource_id = id,
			       .subject_kind = "user",
			       .subject_id = whom->user_id,
			       .permissions = { &permission, 1 },
			       .created_at = { 1 } };

	assert_int_equal(db_transaction(stage->app.db, run_grant, &grant), ERR_OK);
}

static void make_key(struct stage *stage, const struct principal *who, const char *name)
{
	assert_int_equal(run(stage, who, "POST", "/api/v1/api-keys", NULL,
			     arena_printf(&stage->home.arena,
					  "{\"name\":\"%s\",\"scopes\":[\"chat:read\"]}", name)),
			 ERR_OK);
}

static size_t count_part(json_t *all, const char *part)
{
	json_t *list = json_object_get(all, part);

	assert_true(json_is_array(list));
	return json_array_size(list);
}

static void an_export_has_what_is_known_of_one(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	struct principal bob = stage_account(stage, "bob", ROLE_USER);
	json_t *all, *key;

	make_key(stage, &eve, "hers");
	make_key(stage, &bob, "his");
	for (int i = 0; i < 120; i++)
		give_file(stage, &eve, arena_printf(&stage->home.arena, "f%d", i));
	give_file(stage, &bob, "f0");
	assert_int_equal(run(stage, &eve, "DELETE", SESSIONS "/{id}", eve.session_id, NULL),
			 ERR_OK);
	all = exported(stage, &eve);
	assert_int_equal(count_part(all, "sessions"), 1); /* one that was ended */
	assert_int_equal(count_part(all, "grants"), 120);
	assert_int_equal(count_part(all, "api_keys"), 1);
	key = json_array_get(json_object_get(all, "api_keys"), 0);
	assert_string_equal(text_of(key, "name"), "hers");
	assert_null(json_object_get(key, "hash"));
	assert_int_equal(count_part(all, "audit"), 3); /* the key, the session, the export */
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(
			text_of(json_array_get(json_object_get(all, "audit"), i), "actor_id"),
			eve.user_id);
	json_decref(all);
}

/* ---- What changes meanwhile ---- */

/* Says something in each of them, which moves it in the list, and deletes one. */
static void touch_all(struct stage *stage, const struct principal *who, const char *deleted_title)
{
	struct array found = { 0 };
	struct conversation *list;
	bool more;

	assert_int_equal(conversation_page(stage->app.db, who, (struct timestamp){ INT64_MAX }, "",
					   10, &stage->home.arena, &found, &more),
			 ERR_OK);
	list = found.items;
	for (size_t i = 0; i < found.count; i++) {
		struct conversation_patch patch = { .id = list[i].id,
						    .updated_at = { 10000 - (int64_t)i },
						    .deleted_at = { 20000 } };

		conversation_patch_give(&patch, "updated_at");
		if (strcmp(list[i].title, deleted_title) == 0)
			conversation_patch_give(&patch, "deleted_at");
		assert_int_equal(conversation_update(stage->app.db, &patch), ERR_OK);
	}
}

static void what_changes_meanwhile_is_not_left_out(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	struct producer *producer;
	struct buf whole;
	struct call call;
	bool done = false, touched = false;
	json_t *all;

	add_conversation(stage, &eve, "one", 1000, 1);
	add_conversation(stage, &eve, "two", 2000, 1);
	add_conversation(stage, &eve, "three", 3000, 1);
	call_begin(&call, &stage->app, &eve);
	assert_int_equal(call_run(&call, "GET", "/api/v1/auth/export", NULL, NULL), ERR_OK);
	producer = call.request.reply.producer;
	buf_init(&whole, 1 << 20);
	while (!done) {
		assert_int_equal(producer->next(producer, &whole, &done), ERR_OK);
		if (!touched && strstr(whole.data, "\"messages\":"))
			touch_all(stage, &eve, "two");
		touched = touched || strstr(whole.data, "\"messages\":");
	}
	producer->destroy(producer);
	call.request.reply.producer = NULL;
	call_end(&call);
	all = json_loads(whole.data, JSON_REJECT_DUPLICATES, NULL);
	buf_finish(&whole);
	assert_int_equal(count_part(all, "conversations"), 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(
			json_array_size(json_object_get(conversation_of(all, i), "messages")), 1);
	assert_true(json_is_null(json_object_get(
		json_object_get(conversation_of(all, 2), "conversation"), "deleted_at")));
	assert_string_equal(
		text_of(json_object_get(conversation_of(all, 1), "conversation"), "deleted_at"),
		"1970-01-01T00:00:20.000Z");
	json_decref(all);
}

/* ---- Deletion ---- */

static const char *deletion(struct stage *stage)
{
	return arena_printf(&stage->home.arena, "{\"password\":\"%s\"}", stage_password);
}

static void an_account_goes_with_all_it_has(void **state)
{
	static const char *const tables[] = { "account",      "session", "refresh_token",
					      "conversation", "message", "api_key" };
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	struct erasing erasing = { { INT64_MAX }, 100, true };
	struct audit_filter filter;
	struct array rows = { 0 };

	add_conversation(stage, &eve, "hers", 1000, 2);
	assert_int_equal(run(stage, &eve, "POST", "/api/v1/api-keys", NULL,
			     "{\"name\":\"ci\",\"scopes\":[\"chat:read\"]}"),
			 ERR_OK);
	assert_int_equal(run(stage, &eve, "DELETE", ME, NULL, "{\"password\":\"wrong one\"}"),
			 ERR_INVALID);
	assert_int_equal(stage_count(stage, "SELECT count(*) FROM account"), 1);
	assert_int_equal(run(stage, &eve, "DELETE", ME, NULL, deletion(stage)), ERR_OK);
	while (erasing.more)
		assert_int_equal(db_transaction(stage->app.db, erasure_step, &erasing), ERR_OK);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		assert_int_equal(
			stage_count(stage, arena_printf(&stage->home.arena,
							"SELECT count(*) FROM %s", tables[i])),
			0);
	assert_int_equal(stage_count(stage,
				     "SELECT count(*) FROM audit WHERE details IS NOT NULL AND "
				     "action <> 'account.delete'"),
			 0);
	filter = (struct audit_filter){ .before = INT64_MAX,
					.action = "account.delete",
					.limit = 9 };
	assert_int_equal(audit_page(stage->app.db, &filter, &stage->home.arena, &rows), ERR_OK);
	assert_int_equal(rows.count, 2); /* and the wrong password */
	assert_string_equal(((const struct audit_row *)rows.items)->details, "{}");
	/* Another request of hers that was under way. */
	assert_int_equal(run(stage, &eve, "DELETE", ME, NULL, deletion(stage)), ERR_NOT_FOUND);
}

static void wrong_passwords_are_in_the_log(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	const char *by = arena_printf(&stage->home.arena,
				      "SELECT count(*) FROM audit WHERE outcome = 'refused' AND "
				      "actor_id = '%s' AND object_id = actor_id",
				      eve.user_id);

	assert_int_equal(run(stage, &eve, "DELETE", ME, NULL, "{\"password\":\"wrong one\"}"),
			 ERR_INVALID);
	assert_int_equal(stage_count(stage, by), 1);
	assert_int_equal(run(stage, &eve, "PATCH", ME, NULL,
			     "{\"email\":\"n@example.org\",\"password\":\"wrong one\"}"),
			 ERR_INVALID);
	assert_int_equal(stage_count(stage, by), 2);
	assert_int_equal(
		run(stage, &eve, "POST", PASSWORD, NULL,
		    "{\"current_password\":\"wrong one\",\"new_password\":\"quite another one\"}"),
		ERR_INVALID);
	assert_int_equal(stage_count(stage, by), 3);
	/* A deletion that was refused excuses no row that lost its details. */
	assert_int_equal(audit_find_deletion(stage->app.db, eve.user_id), ERR_NOT_FOUND);
}

static void the_only_administrator_cannot_go(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_ADMINISTRATOR);

	assert_int_equal(run(stage, &ada, "DELETE", ME, NULL, deletion(stage)), ERR_CONFLICT);
	(void)stage_account(stage, "bob", ROLE_ADMINISTRATOR);
	assert_int_equal(run(stage, &ada, "DELETE", ME, NULL, deletion(stage)), ERR_OK);
}

/* ---- Changes ---- */

static void the_profile_changes_in_what_is_given(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	const char *body =
		arena_printf(&stage->home.arena,
			     "{\"email\":\"New@example.org\",\"password\":\"%s\"}", stage_password);
	struct call call;

	(void)stage_account(stage, "bob", ROLE_USER);
	assert_int_equal(run(stage, &eve, "PATCH", ME, NULL, "{\"full_name\":\"Eve E.\"}"), ERR_OK);
	assert_int_equal(run(stage, &eve, "PATCH", ME, NULL, "{\"email\":\"new@example.org\"}"),
			 ERR_INVALID);
	assert_int_equal(run(stage, &eve, "PATCH", ME, NULL,
			     "{\"email\":\"new@example.org\",\"password\":\"wrong one\"}"),
			 ERR_INVALID);
	assert_int_equal(run(stage, &eve, "PATCH", ME, NULL,
			     arena_printf(&stage->home.arena,
					  "{\"email\":\"BOB@example.org\",\"password\":\"%s\"}",
					  stage_password)),
			 ERR_CONFLICT);
	call_begin(&call, &stage->app, &eve);
	assert_int_equal(call_run(&call, "PATCH", ME, NULL, body), ERR_OK);
	assert_string_equal(call_text(&call, "email"), "New@example.org");
	assert_string_equal(call_text(&call, "full_name"), "Eve E.");
	call_end(&call);
	assert_int_equal(run(stage, &eve, "PATCH", ME, NULL, "{\"full_name\":null}"), ERR_OK);
	assert_int_equal(
		stage_count(stage, "SELECT count(*) FROM account WHERE full_name IS NOT NULL"), 0);
	assert_false(home_holds_bytes(&stage->home, "New@example.org"));
}

static void a_new_password_leaves_the_session_that_gave_it(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	const char *form = "{\"current_password\":\"%s\",\"new_password\":\"%s\"}";
	struct arena *arena = &stage->home.arena;

	assert_int_equal(run(stage, NULL, "POST", "/api/v1/auth/login", NULL,
			     arena_printf(arena, "{\"username\":\"eve\",\"password\":\"%s\"}",
					  stage_password)),
			 ERR_OK);
	assert_int_equal(run(stage, &eve, "POST", PASSWORD, NULL,
			     arena_printf(arena, form, "wrong one", "quite another one")),
			 ERR_INVALID);
	assert_int_equal(run(stage, &eve, "POST", PASSWORD, NULL,
			     arena_printf(arena, form, stage_password, "password1234")),
			 ERR_INVALID);
	assert_int_equal(stage_count(stage, "SELECT count(*) FROM session WHERE revoked_at IS "
					    "NULL"),
			 2);
	assert_int_equal(run(stage, &eve, "POST", PASSWORD, NULL,
			     arena_printf(arena, form, stage_password, "quite another one")),
			 ERR_OK);
	assert_int_equal(
		stage_count(stage, arena_printf(arena,
						"SELECT count(*) FROM session WHERE revoked_at IS "
						"NULL AND id = '%s'",
						eve.session_id)),
		1);
	assert_int_equal(stage_count(stage, "SELECT count(*) FROM session WHERE revoked_at IS "
					    "NULL"),
			 1);
	assert_int_equal(run(stage, &eve, "DELETE", ME, NULL, deletion(stage)), ERR_INVALID);
}

/* ---- Sessions ---- */

static void sessions_are_listed_in_pages_and_ended(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	struct principal bob = stage_account(stage, "bob", ROLE_USER);
	const char *body = arena_printf(
		&stage->home.arena, "{\"username\":\"eve\",\"password\":\"%s\"}", stage_password);
	char cursor[200] = "";
	size_t seen = 0, current = 0;

	for (int i = 0; i < 4; i++)
		assert_int_equal(run(stage, NULL, "POST", "/api/v1/auth/login", NULL, body),
				 ERR_OK);
	do {
		struct call call;
		json_t *item;
		size_t i;

		call_begin(&call, &stage->app, &eve);
		call_query(&call, "limit", "2");
		if (*cursor)
			call_query(&call, "cursor", cursor);
		assert_int_equal(call_run(&call, "GET", SESSIONS, NULL, NULL), ERR_OK);
		json_array_foreach(json_object_get(call.reply, "items"), i, item)
		{
			seen++;
			current += json_is_true(json_object_get(item, "current"));
		}
		snprintf(cursor, sizeof(cursor), "%s", call_text(&call, "next_cursor"));
		call_end(&call);
	} while (*cursor);
	assert_int_equal(seen, 5);
	assert_int_equal(current, 1);
	assert_int_equal(run(stage, &bob, "DELETE", SESSIONS "/{id}", eve.session_id, NULL),
			 ERR_NOT_FOUND);
	assert_int_equal(run(stage, &eve, "DELETE", SESSIONS "/{id}", eve.session_id, NULL),
			 ERR_OK);
	assert_int_equal(run(stage, &eve, "DELETE", SESSIONS "/{id}", eve.session_id, NULL),
			 ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST(an_export_has_everything_of_one_and_nothing_of_others),
		STAGE_TEST(an_export_of_nothing_is_whole),
		STAGE_TEST(a_long_message_comes_whole),
		STAGE_TEST(many_long_messages_come_all),
		STAGE_TEST(the_longest_messages_come_one_by_one),
		STAGE_TEST(an_export_has_what_is_known_of_one),
		STAGE_TEST(what_changes_meanwhile_is_not_left_out),
		STAGE_TEST(an_account_goes_with_all_it_has),
		STAGE_TEST(wrong_passwords_are_in_the_log),
		STAGE_TEST(the_only_administrator_cannot_go),
		STAGE_TEST(the_profile_changes_in_what_is_given),
		STAGE_TEST(a_new_password_leaves_the_session_that_gave_it),
		STAGE_TEST(sessions_are_listed_in_pages_and_ended),
	};

	return RUN_TESTS(tests);
}
