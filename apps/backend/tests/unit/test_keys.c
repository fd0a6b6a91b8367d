/* API keys: what they are shown of, what they may do, and when they end. */
#include "keys/keys.h"

#include "auth/auth.h"
#include "middleware/authentication.h"

#include "support_call.h"
#include "support_stage.h"

#include <stdio.h>
#include <string.h>

#define KEYS "/api/v1/api-keys"

struct made {
	char id[ID_SIZE];
	char key[64];
};

static enum err make(struct stage *stage, const struct principal *who, const char *body,
		     struct made *ret_made)
{
	struct call call;
	enum err err;

	call_begin(&call, &stage->app, who);
	err = call_run(&call, "POST", KEYS, NULL, body);
	if (err == ERR_OK) {
		snprintf(ret_made->id, ID_SIZE, "%s", call_text(&call, "id"));
		snprintf(ret_made->key, sizeof(ret_made->key), "%s", call_text(&call, "key"));
		assert_null(call.request.reply.cache_control); /* which is: no-store */
		assert_memory_equal(call_text(&call, "prefix"), ret_made->key,
				    strlen(call_text(&call, "prefix")));
	}
	call_end(&call);
	return err;
}

static struct made a_key(struct stage *stage, const struct principal *who)
{
	struct made made;

	assert_int_equal(make(stage, who, "{\"name\":\"ci\",\"scopes\":[\"chat:read\"]}", &made),
			 ERR_OK);
	return made;
}

/* As the middleware asks, which remembers. */
static enum err asking(struct stage *stage, const struct made *made,
		       struct principal *ret_principal)
{
	return authentication_check(stage->app.authentication, made->key, ret_principal);
}

static enum err revoking(struct stage *stage, const struct principal *who, const char *id)
{
	struct call call;
	enum err err;

	call_begin(&call, &stage->app, who);
	err = call_run(&call, "DELETE", KEYS "/{id}", id, NULL);
	call_end(&call);
	return err;
}

static void a_key_is_its_owner_with_fewer_rights(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_USER), principal;
	struct made made = a_key(stage, &ada);

	assert_int_equal(asking(stage, &made, &principal), ERR_OK);
	assert_string_equal(principal.user_id, ada.user_id);
	assert_string_equal(principal.session_id, made.id);
	assert_true(principal.by_key);
	assert_true(principal.permissions == UINT64_C(1) << PERMISSION_CHAT_READ);
	assert_int_equal(authorize(&principal, PERMISSION_CHAT_WRITE), ERR_FORBIDDEN);
}

static void the_key_itself_is_not_stored(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_USER);
	struct made made = a_key(stage, &ada);

	assert_int_equal(strlen(made.key), strlen(API_KEY_PREFIX) + 43);
	assert_false(home_holds_bytes(&stage->home, made.key));
	assert_int_equal(stage_count(stage, "SELECT count(*) FROM audit WHERE action = "
					    "'key.create'"),
			 1);
}

static void a_made_up_key_is_nobodys(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_USER), principal;
	struct made made = a_key(stage, &ada), other = { .key = API_KEY_PREFIX };

	assert_int_equal(asking(stage, &other, &principal), ERR_UNAUTHENTICATED);
	made.key[10] = made.key[10] == 'A' ? 'B' : 'A';
	assert_int_equal(asking(stage, &made, &principal), ERR_UNAUTHENTICATED);
}

/* The hash is keyed: the row of one installation is no row of another. */
static void a_key_of_another_installation_is_nobodys(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_USER), principal;
	struct made made = a_key(stage, &ada);
	struct keyring *own = stage->app.keyring, *other;
	const char *reason,
		*path = arena_printf(&stage->home.arena, "%s/other.key", stage->home.folder);

	assert_int_equal(keyring_open(NULL, path, &other, &reason), ERR_OK);
	stage->app.keyring = other;
	assert_int_equal(asking(stage, &made, &principal), ERR_UNAUTHENTICATED);
	stage->app.keyring = own;
	assert_int_equal(asking(stage, &made, &principal), ERR_OK);
	keyring_destroy(other);
}

static void a_revoked_key_is_refused_at_once(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_USER);
	struct principal eve = stage_account(stage, "eve", ROLE_USER), principal;
	struct made made = a_key(stage, &ada), other = a_key(stage, &ada);

	assert_int_equal(asking(stage, &made, &principal), ERR_OK); /* it is remembered */
	assert_int_equal(asking(stage, &other, &principal), ERR_OK);
	assert_int_equal(revoking(stage, &eve, made.id), ERR_NOT_FOUND);
	assert_int_equal(revoking(stage, &ada, made.id), ERR_OK);
	assert_int_equal(asking(stage, &made, &principal), ERR_UNAUTHENTICATED);
	assert_int_equal(asking(stage, &other, &principal), ERR_OK);
	assert_int_equal(revoking(stage, &ada, made.id), ERR_NOT_FOUND);
	assert_int_equal(stage_count(stage, "SELECT count(*) FROM audit WHERE action = "
					    "'key.revoke'"),
			 1);
}

static void a_key_ends_by_itself(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_USER), principal;
	struct timestamp now = clock_now();
	struct made made;

	assert_int_equal(make(stage, &ada,
			      "{\"name\":\"ci\",\"scopes\":[\"chat:read\"],\"expires_in_days\":1}",
			      &made),
			 ERR_OK);
	assert_int_equal(key_load(&stage->app, made.key, &principal), ERR_OK);
	assert_true(principal.expires_ms <= now.ms + 61 * 1000);    /* then it is read again */
	assert_true(principal.ends_ms > now.ms + 23 * 3600 * 1000); /* its sockets go on */
	home_sql(&stage->home,
		 arena_printf(&stage->home.arena, "UPDATE api_key SET expires_at = %lld",
			      (long long)now.ms + 30000));
	assert_int_equal(key_load(&stage->app, made.key, &principal), ERR_OK);
	assert_true(principal.expires_ms == now.ms + 30000); /* and never known beyond its end */
	assert_true(principal.ends_ms == now.ms + 30000);
	home_sql(&stage->home, "UPDATE api_key SET expires_at = 1");
	assert_int_equal(key_load(&stage->app, made.key, &principal), ERR_UNAUTHENTICATED);
}

static void its_use_is_noted_once_a_minute(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_USER), principal;
	struct made made = a_key(stage, &ada);
	int64_t now = clock_now().ms, first;

	assert_int_equal(stage_count(stage, "SELECT count(*) FROM api_key WHERE last_used_at IS "
					    "NULL"),
			 1);
	assert_int_equal(key_load(&stage->app, made.key, &principal), ERR_OK);
	first = stage_count(stage, "SELECT last_used_at FROM api_key");
	assert_true(first >= now);
	assert_int_equal(key_load(&stage->app, made.key, &principal), ERR_OK);
	assert_int_equal(stage_count(stage, "SELECT last_used_at FROM api_key"), first);
	home_sql(&stage->home, "UPDATE api_key SET last_used_at = last_used_at - 60001");
	assert_int_equal(key_load(&stage->app, made.key, &principal), ERR_OK);
	assert_true(stage_count(stage, "SELECT last_used_at FROM api_key") >= first);
}

static void a_key_never_has_what_its_owner_has_not(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_USER), principal;
	struct made made;

	assert_int_equal(make(stage, &ada, "{\"name\":\"x\",\"scopes\":[\"users:manage\"]}", &made),
			 ERR_INVALID);
	assert_int_equal(make(stage, &ada, "{\"name\":\"x\",\"scopes\":[]}", &made), ERR_INVALID);
	assert_int_equal(make(stage, &ada,
			      "{\"name\":\"x\",\"scopes\":[\"chat:read\",\"chat:write\"]}", &made),
			 ERR_OK);
	home_sql(&stage->home, "UPDATE account SET role = 'viewer'");
	assert_int_equal(key_load(&stage->app, made.key, &principal), ERR_OK);
	assert_int_equal(authorize(&principal, PERMISSION_CHAT_WRITE), ERR_FORBIDDEN);
	assert_int_equal(authorize(&principal, PERMISSION_CHAT_READ), ERR_OK);
	home_sql(&stage->home, "UPDATE account SET role = 'of nobody'");
	assert_int_equal(key_load(&stage->app, made.key, &principal), ERR_OK);
	assert_true(principal.permissions == 0);
	home_sql(&stage->home, "UPDATE account SET role = 'user', disabled_at = 1");
	assert_int_equal(key_load(&stage->app, made.key, &principal), ERR_UNAUTHENTICATED);
}

static void an_account_has_a_hundred_at_most(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_USER);
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	struct made made;

	for (int i = 0; i < 100; i++)
		made = a_key(stage, &ada);
	assert_int_equal(make(stage, &ada, "{\"name\":\"x\",\"scopes\":[\"chat:read\"]}", &made),
			 ERR_CONFLICT);
	(void)a_key(stage, &eve);
	assert_int_equal(revoking(stage, &ada, made.id), ERR_OK);
	(void)a_key(stage, &ada);
}

static void the_list_is_ones_own_and_in_pages(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_USER);
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	char cursor[200] = "";
	size_t seen = 0;

	(void)a_key(stage, &eve);
	for (int i = 0; i < 5; i++)
		(void)a_key(stage, &ada);
	do {
		struct call call;

		call_begin(&call, &stage->app, &ada);
		call_query(&call, "limit", "2");
		if (*cursor)
			call_query(&call, "cursor", cursor);
		assert_int_equal(call_run(&call, "GET", KEYS, NULL, NULL), ERR_OK);
		seen += json_array_size(json_object_get(call.reply, "items"));
		snprintf(cursor, sizeof(cursor), "%s", call_text(&call, "next_cursor"));
		call_end(&call);
	} while (*cursor);
	assert_int_equal(seen, 5);
}

static void a_cursor_that_no_list_gave_is_refused(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_USER);
	struct call call;

	call_begin(&call, &stage->app, &ada);
	call_query(&call, "cursor", "nonsense");
	assert_int_equal(call_run(&call, "GET", KEYS, NULL, NULL), ERR_INVALID);
	call_end(&call);
}

static enum err run_purge(struct db *tx, void *context)
{
	return keys_purge(tx, *(struct timestamp *)context);
}

static int64_t keys_after(struct stage *stage, int64_t days)
{
	struct timestamp then = { clock_now().ms + days * 24 * 60 * 60 * 1000 };

	assert_int_equal(db_transaction(stage->app.db, run_purge, &then), ERR_OK);
	return stage_count(stage, "SELECT count(*) FROM api_key");
}

static void what_ended_long_ago_is_purged(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_USER);
	struct made revoked = a_key(stage, &ada), expiring;

	(void)a_key(stage, &ada); /* for ever */
	assert_int_equal(make(stage, &ada,
			      "{\"name\":\"ci\",\"scopes\":[\"chat:read\"],"
			      "\"expires_in_days\":10}",
			      &expiring),
			 ERR_OK);
	assert_int_equal(revoking(stage, &ada, revoked.id), ERR_OK);
	assert_int_equal(keys_after(stage, 89), 3);
	assert_int_equal(keys_after(stage, 91), 2);
	assert_int_equal(keys_after(stage, 99), 2);
	assert_int_equal(keys_after(stage, 101), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST(a_key_is_its_owner_with_fewer_rights),
		STAGE_TEST(the_key_itself_is_not_stored),
		STAGE_TEST(a_made_up_key_is_nobodys),
		STAGE_TEST(a_key_of_another_installation_is_nobodys),
		STAGE_TEST(a_revoked_key_is_refused_at_once),
		STAGE_TEST(a_key_ends_by_itself),
		STAGE_TEST(its_use_is_noted_once_a_minute),
		STAGE_TEST(a_key_never_has_what_its_owner_has_not),
		STAGE_TEST(an_account_has_a_hundred_at_most),
		STAGE_TEST(the_list_is_ones_own_and_in_pages),
		STAGE_TEST(a_cursor_that_no_list_gave_is_refused),
		STAGE_TEST(what_ended_long_ago_is_purged),
	};

	return RUN_TESTS(tests);
}
