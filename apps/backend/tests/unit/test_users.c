/* Who manages whom: roles, invitations, grants, accounts, and the administrator that must be left. */
#include "users/users.h"

#include "auth/auth.h"

#include "support_call.h"
#include "support_stage.h"

#include <pthread.h>
#include <stdio.h>

#define USER "/api/v1/users/{id}"
#define END_SESSIONS "/api/v1/users/{id}/end-sessions"
#define ROLES "/api/v1/roles"
#define ROLE "/api/v1/roles/{name}"
#define INVITATIONS "/api/v1/invitations"
#define REGISTER "/api/v1/auth/register"

static enum err run_named(struct stage *stage, const struct principal *who, const char *method,
			  const char *path, struct text_pair value, const char *body)
{
	struct call call;
	enum err err;

	call_begin(&call, &stage->app, who);
	call.path[0] = value;
	err = call_run(&call, method, path, NULL, body);
	call_end(&call);
	return err;
}

static enum err on_user(struct stage *stage, const struct principal *who, const char *method,
			const char *path, const struct principal *whom, const char *body)
{
	return run_named(stage, who, method, path, (struct text_pair){ "id", whom->user_id }, body);
}

static enum err on_role(struct stage *stage, const struct principal *who, const char *method,
			const char *name, const char *body)
{
	return run_named(stage, who, method, *name ? ROLE : ROLES,
			 (struct text_pair){ *name ? "name" : NULL, name }, body);
}

static int64_t count(struct stage *stage, const char *sql)
{
	return stage_count(stage, sql);
}

static int64_t logged(struct stage *stage, const char *action)
{
	return count(stage, arena_printf(&stage->home.arena,
					 "SELECT count(*) FROM audit WHERE action = '%s'", action));
}

/* ---- Accounts ---- */

static void a_role_is_given_and_logged(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_ADMINISTRATOR);
	struct principal eve = stage_account(stage, "eve", ROLE_USER);

	assert_int_equal(on_user(stage, &ada, "PATCH", USER, &eve, "{\"role\":\"viewer\"}"),
			 ERR_OK);
	assert_int_equal(count(stage, "SELECT count(*) FROM account WHERE role = 'viewer'"), 1);
	assert_int_equal(logged(stage, "account.role"), 1);
	assert_int_equal(
		count(stage, "SELECT count(*) FROM rights_change WHERE account_id <> '*accounts'"),
		1);
	assert_int_equal(on_user(stage, &ada, "PATCH", USER, &eve, "{\"role\":\"emperor\"}"),
			 ERR_INVALID);
	assert_int_equal(on_user(stage, &ada, "PATCH", USER, &eve, "{}"), ERR_OK);
	assert_int_equal(logged(stage, "account.role"), 1);
}

static void whoever_is_disabled_is_signed_out(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_ADMINISTRATOR), again;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	struct claims claims = { 0 };

	memcpy(claims.user_id, eve.user_id, ID_SIZE);
	memcpy(claims.session_id, eve.session_id, ID_SIZE);
	assert_int_equal(session_load(&stage->app, &claims, &again), ERR_OK);
	assert_int_equal(on_user(stage, &ada, "PATCH", USER, &eve, "{\"disabled\":true}"), ERR_OK);
	assert_int_equal(session_load(&stage->app, &claims, &again), ERR_UNAUTHENTICATED);
	assert_int_equal(on_user(stage, &ada, "PATCH", USER, &eve, "{\"disabled\":false}"), ERR_OK);
	assert_int_equal(session_load(&stage->app, &claims, &again), ERR_UNAUTHENTICATED);
	assert_int_equal(logged(stage, "account.disable") + logged(stage, "account.enable"), 2);
}

static void somebody_can_be_signed_out_and_deleted(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_ADMINISTRATOR);
	struct principal eve = stage_account(stage, "eve", ROLE_USER);

	assert_int_equal(on_user(stage, &ada, "GET", USER, &eve, NULL), ERR_OK);
	assert_int_equal(on_user(stage, &ada, "POST", END_SESSIONS, &eve, NULL), ERR_OK);
	assert_int_equal(count(stage, "SELECT count(*) FROM session WHERE revoked_at IS NULL"), 1);
	assert_int_equal(on_user(stage, &ada, "DELETE", USER, &eve, NULL), ERR_OK);
	assert_int_equal(on_user(stage, &ada, "GET", USER, &eve, NULL), ERR_NOT_FOUND);
	assert_int_equal(on_user(stage, &ada, "DELETE", USER, &eve, NULL), ERR_NOT_FOUND);
	assert_int_equal(on_user(stage, &ada, "POST", END_SESSIONS, &eve, NULL), ERR_NOT_FOUND);
	assert_int_equal(on_user(stage, &ada, "PATCH", USER, &eve, "{\"role\":\"user\"}"),
			 ERR_NOT_FOUND);
	assert_int_equal(logged(stage, "account.delete"), 1);
}

static void a_manager_is_not_above_an_administrator(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_ADMINISTRATOR);
	struct principal eve = stage_account(stage, "eve", ROLE_USER);

	eve.permissions |= UINT64_C(1) << PERMISSION_USERS_MANAGE;
	assert_int_equal(on_user(stage, &eve, "PATCH", USER, &ada, "{\"disabled\":true}"),
			 ERR_FORBIDDEN);
	assert_int_equal(on_user(stage, &eve, "PATCH", USER, &ada, "{\"role\":\"viewer\"}"),
			 ERR_FORBIDDEN);
	assert_int_equal(on_user(stage, &eve, "POST", END_SESSIONS, &ada, NULL), ERR_FORBIDDEN);
	assert_int_equal(on_user(stage, &eve, "DELETE", USER, &ada, NULL), ERR_FORBIDDEN);
	assert_int_equal(on_user(stage, &eve, "PATCH", USER, &eve, "{\"role\":\"administrator\"}"),
			 ERR_FORBIDDEN);
	assert_int_equal(on_user(stage, &eve, "PATCH", USER, &eve, "{\"role\":\"viewer\"}"),
			 ERR_OK);
}

static void the_list_finds_names_by_their_beginning(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_ADMINISTRATOR);
	static const char *const names[] = { "bea", "beatrix", "ben", "b-e" };
	struct call call;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)stage_account(stage, names[i], ROLE_USER);
	call_begin(&call, &stage->app, &ada);
	call_query(&call, "q", "BE");
	call_query(&call, "limit", "2");
	assert_int_equal(call_run(&call, "GET", "/api/v1/users", NULL, NULL), ERR_OK);
	assert_string_equal(call_text(&call, "next_cursor"), "beatrix");
	call_end(&call);
	call_begin(&call, &stage->app, &ada);
	call_query(&call, "q", "be");
	call_query(&call, "cursor", "beatrix");
	assert_int_equal(call_run(&call, "GET", "/api/v1/users", NULL, NULL), ERR_OK);
	assert_int_equal(json_array_size(json_object_get(call.reply, "items")), 1);
	assert_string_equal(call_text(&call, "next_cursor"), "");
	call_end(&call);
}

/* ---- The last administrator ---- */

static void the_last_administrator_stays_one(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_ADMINISTRATOR);
	struct principal bob = stage_account(stage, "bob", ROLE_ADMINISTRATOR);

	assert_int_equal(on_user(stage, &ada, "PATCH", USER, &bob, "{\"disabled\":true}"), ERR_OK);
	/* One who may not sign in does not count. */
	assert_int_equal(on_user(stage, &ada, "PATCH", USER, &ada, "{\"role\":\"user\"}"),
			 ERR_CONFLICT);
	assert_int_equal(on_user(stage, &ada, "PATCH", USER, &ada, "{\"disabled\":true}"),
			 ERR_CONFLICT);
	assert_int_equal(on_user(stage, &ada, "DELETE", USER, &ada, NULL), ERR_CONFLICT);
	assert_int_equal(on_user(stage, &ada, "PATCH", USER, &ada, "{\"role\":\"administrator\"}"),
			 ERR_OK);
	assert_int_equal(on_user(stage, &ada, "DELETE", USER, &bob, NULL), ERR_OK);
	assert_int_equal(count(stage, "SELECT count(*) FROM account WHERE deleted_at IS NULL"), 1);
	assert_int_equal(logged(stage, "account.role"), 1);
}

struct leaving {
	struct stage *stage;
	struct principal who;
	enum err err;
};

static void *leave(void *context)
{
	struct leaving *leaving = context;

	leaving->err = on_user(leaving->stage, &leaving->who, "PATCH", USER, &leaving->who,
			       "{\"role\":\"user\"}");
	return NULL;
}

enum { ADMINISTRATORS = 8 };

static void of_all_who_leave_at_once_one_stays(void **state)
{
	struct stage *stage = *state;
	struct leaving leaving[ADMINISTRATORS];
	pthread_t threads[ADMINISTRATORS];
	int left = 0;

	for (int i = 0; i < ADMINISTRATORS; i++)
		leaving[i] = (struct leaving){
			stage,
			stage_account(stage, arena_printf(&stage->home.arena, "admin%d", i),
				      ROLE_ADMINISTRATOR),
			ERR_OK
		};
	for (int i = 0; i < ADMINISTRATORS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, leave, &leaving[i]), 0);
	for (int i = 0; i < ADMINISTRATORS; i++) {
		pthread_join(threads[i], NULL);
		assert_true(leaving[i].err == ERR_OK || leaving[i].err == ERR_CONFLICT);
		left += leaving[i].err == ERR_OK;
	}
	assert_int_equal(left, ADMINISTRATORS - 1);
	assert_int_equal(count(stage, "SELECT count(*) FROM account WHERE role = 'administrator'"),
			 1);
}

/* ---- Roles ---- */

static void a_role_is_made_changed_and_deleted(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_ADMINISTRATOR), again;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	struct claims claims = { 0 };

	memcpy(claims.user_id, eve.user_id, ID_SIZE);
	memcpy(claims.session_id, eve.session_id, ID_SIZE);
	assert_int_equal(on_role(stage, &ada, "POST", "",
				 "{\"name\":\"auditor\",\"permissions\":[\"audit:read\"]}"),
			 ERR_OK);
	assert_int_equal(on_user(stage, &ada, "PATCH", USER, &eve, "{\"role\":\"auditor\"}"),
			 ERR_OK);
	assert_int_equal(session_load(&stage->app, &claims, &again), ERR_OK);
	assert_true(again.permissions == UINT64_C(1) << PERMISSION_AUDIT_READ);
	assert_int_equal(on_role(stage, &ada, "PATCH", "auditor",
				 "{\"doc\":\"Reads.\",\"permissions\":[\"chat:read\"]}"),
			 ERR_OK);
	assert_int_equal(session_load(&stage->app, &claims, &again), ERR_OK);
	assert_true(again.permissions == UINT64_C(1) << PERMISSION_CHAT_READ);
	assert_int_equal(on_role(stage, &ada, "DELETE", "auditor", NULL), ERR_CONFLICT);
	assert_int_equal(on_user(stage, &ada, "PATCH", USER, &eve, "{\"role\":\"user\"}"), ERR_OK);
	assert_int_equal(on_role(stage, &ada, "DELETE", "auditor", NULL), ERR_OK);
	assert_int_equal(on_role(stage, &ada, "DELETE", "auditor", NULL), ERR_NOT_FOUND);
	assert_int_equal(on_role(stage, &ada, "PATCH", "auditor", "{\"doc\":\"x\"}"),
			 ERR_NOT_FOUND);
	assert_int_equal(logged(stage, "role.create") + logged(stage, "role.change") +
				 logged(stage, "role.delete"),
			 3);
}

static void what_is_built_in_stays_as_it_is(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_ADMINISTRATOR);
	const char *viewer = "{\"name\":\"viewer\",\"permissions\":[\"chat:read\"]}";

	assert_int_equal(on_role(stage, &ada, "POST", "", viewer), ERR_CONFLICT);
	assert_int_equal(on_role(stage, &ada, "PATCH", "viewer", "{\"doc\":\"x\"}"), ERR_CONFLICT);
	assert_int_equal(on_role(stage, &ada, "DELETE", "viewer", NULL), ERR_CONFLICT);
}

static void a_name_is_taken_once(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_ADMINISTRATOR);
	const char *body = "{\"name\":\"auditor\",\"permissions\":[\"audit:read\"]}";

	assert_int_equal(on_role(stage, &ada, "POST", "", body), ERR_OK);
	assert_int_equal(on_role(stage, &ada, "POST", "", body), ERR_CONFLICT);
	assert_int_equal(on_role(stage, &ada, "POST", "", "{\"name\":\"none\",\"permissions\":[]}"),
			 ERR_INVALID);
	assert_int_equal(on_role(stage, &ada, "POST", "",
				 "{\"name\":\"fly\",\"permissions\":[\"chat:fly\"]}"),
			 ERR_INVALID);
}

static void nobody_gives_what_they_have_not(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_ADMINISTRATOR);
	struct principal eve = stage_account(stage, "eve", ROLE_USER);

	eve.permissions |= UINT64_C(1) << PERMISSION_ROLES_MANAGE;
	assert_int_equal(on_role(stage, &ada, "POST", "",
				 "{\"name\":\"auditor\",\"permissions\":[\"audit:read\"]}"),
			 ERR_OK);
	assert_int_equal(on_role(stage, &eve, "POST", "",
				 "{\"name\":\"mine\",\"permissions\":[\"settings:manage\"]}"),
			 ERR_FORBIDDEN);
	/* Not even a role that has more than they have can they change to have less. */
	assert_int_equal(
		on_role(stage, &eve, "PATCH", "auditor", "{\"permissions\":[\"chat:read\"]}"),
		ERR_FORBIDDEN);
	assert_int_equal(on_role(stage, &eve, "POST", "",
				 "{\"name\":\"reader\",\"permissions\":[\"chat:read\"]}"),
			 ERR_OK);
	assert_int_equal(
		on_role(stage, &eve, "PATCH", "reader", "{\"permissions\":[\"audit:read\"]}"),
		ERR_FORBIDDEN);
}

static void the_built_in_roles_are_listed_first(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_ADMINISTRATOR);
	struct call call;
	json_t *items;

	assert_int_equal(on_role(stage, &ada, "POST", "",
				 "{\"name\":\"auditor\",\"permissions\":[\"audit:read\"]}"),
			 ERR_OK);
	call_begin(&call, &stage->app, &ada);
	assert_int_equal(call_run(&call, "GET", ROLES, NULL, NULL), ERR_OK);
	items = json_object_get(call.reply, "items");
	assert_int_equal(json_array_size(items), 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(
			json_is_true(json_object_get(json_array_get(items, i), "built_in")), i < 4);
	call_end(&call);
}

/* ---- Invitations ---- */

struct invitation {
	char id[ID_SIZE];
	char token[64];
};

static enum err invite(struct stage *stage, const struct principal *who, const char *body,
		       struct invitation *ret_invitation)
{
	struct call call;
	enum err err;

	call_begin(&call, &stage->app, who);
	err = call_run(&call, "POST", INVITATIONS, NULL, body);
	if (err == ERR_OK) {
		snprintf(ret_invitation->id, ID_SIZE, "%s", call_text(&call, "id"));
		snprintf(ret_invitation->token, sizeof(ret_invitation->token), "%s",
			 call_text(&call, "token"));
	}
	call_end(&call);
	return err;
}

static enum err registering(struct stage *stage, const char *name, const char *token)
{
	const char *body =
		arena_printf(&stage->home.arena,
			     "{\"username\":\"%s\",\"email\":\"%s@example.com\","
			     "\"password\":\"%s\"%s%s%s}",
			     name, name, stage_password, token ? ",\"invitation\":\"" : "",
			     token ? token : "", token ? "\"" : "");

	return run_named(stage, NULL, "POST", REGISTER, (struct text_pair){ 0 }, body);
}

static void set_registration(struct stage *stage, const char *word)
{
	home_sql(&stage->home,
		 arena_printf(&stage->home.arena,
			      "DELETE FROM setting; INSERT INTO setting (name, value, updated_at) "
			      "VALUES ('registration', '%s', 1)",
			      word));
}

static void an_invitation_is_good_once_and_gives_its_role(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_ADMINISTRATOR);
	struct invitation invitation;

	set_registration(stage, "invite");
	assert_int_equal(invite(stage, &ada, "{\"role\":\"developer\"}", &invitation), ERR_OK);
	assert_false(home_holds_bytes(&stage->home, invitation.token));
	assert_int_equal(registering(stage, "eve", NULL), ERR_FORBIDDEN);
	assert_int_equal(registering(stage, "eve", "made-up"), ERR_FORBIDDEN);
	assert_int_equal(registering(stage, "ada", invitation.token), ERR_CONFLICT);
	/* One that failed has not used it. */
	assert_int_equal(registering(stage, "eve", invitation.token), ERR_OK);
	assert_int_equal(count(stage, "SELECT count(*) FROM account WHERE role = 'developer'"), 1);
	assert_int_equal(registering(stage, "bob", invitation.token), ERR_FORBIDDEN);
	set_registration(stage, "open");
	assert_int_equal(registering(stage, "bob", invitation.token), ERR_FORBIDDEN);
	assert_int_equal(registering(stage, "bob", NULL), ERR_OK);
	set_registration(stage, "closed");
	assert_int_equal(registering(stage, "carol", NULL), ERR_FORBIDDEN);
	assert_int_equal(logged(stage, "invitation.create"), 1);
}

static void an_invitation_ends_or_is_taken_back(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_ADMINISTRATOR);
	struct invitation first, second;
	struct text_pair id = { "id", second.id };

	set_registration(stage, "invite");
	assert_int_equal(invite(stage, &ada, "{}", &first), ERR_OK);
	home_sql(&stage->home, "UPDATE invitation SET expires_at = 1");
	assert_int_equal(registering(stage, "eve", first.token), ERR_FORBIDDEN);
	assert_int_equal(invite(stage, &ada, "{\"email\":\"eve@example.org\"}", &second), ERR_OK);
	assert_false(home_holds_bytes(&stage->home, "eve@example.org"));
	assert_int_equal(run_named(stage, &ada, "DELETE", INVITATIONS "/{id}", id, NULL), ERR_OK);
	assert_int_equal(run_named(stage, &ada, "DELETE", INVITATIONS "/{id}", id, NULL),
			 ERR_NOT_FOUND);
	assert_int_equal(registering(stage, "eve", second.token), ERR_FORBIDDEN);
	assert_int_equal(logged(stage, "invitation.revoke"), 1);
}

static void the_role_of_an_invitation_is_ones_own_to_give(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	struct invitation invitation;

	assert_int_equal(invite(stage, &eve, "{\"role\":\"administrator\"}", &invitation),
			 ERR_FORBIDDEN);
	assert_int_equal(invite(stage, &eve, "{\"role\":\"emperor\"}", &invitation), ERR_INVALID);
	assert_int_equal(invite(stage, &eve, "{\"role\":\"user\"}", &invitation), ERR_OK);
}

static void invitations_are_listed_until_they_are_used(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_ADMINISTRATOR);
	struct invitation invitation;
	char cursor[200] = "";
	size_t seen = 0;

	set_registration(stage, "invite");
	for (int i = 0; i < 4; i++)
		assert_int_equal(invite(stage, &ada, "{}", &invitation), ERR_OK);
	assert_int_equal(registering(stage, "eve", invitation.token), ERR_OK);
	do {
		struct call call;

		call_begin(&call, &stage->app, &ada);
		call_query(&call, "limit", "2");
		if (*cursor)
			call_query(&call, "cursor", cursor);
		assert_int_equal(call_run(&call, "GET", INVITATIONS, NULL, NULL), ERR_OK);
		seen += json_array_size(json_object_get(call.reply, "items"));
		snprintf(cursor, sizeof(cursor), "%s", call_text(&call, "next_cursor"));
		call_end(&call);
	} while (*cursor);
	assert_int_equal(seen, 3);
}

/* ---- Grants ---- */

static enum err run_grant(struct db *tx, void *context)
{
	return grant_set(tx, context);
}

static void give(struct stage *stage, const char *kind, const char *subject, const char *permission)
{
	struct grant grant = { .resource_kind = "file",
			       .resource_id = "f1",
			       .subject_kind = kind,
			       .subject_id = subject,
			       .permissions = { &permission, permission ? 1 : 0 },
			       .created_at = { 1 } };

	assert_int_equal(db_transaction(stage->app.db, run_grant, &grant), ERR_OK);
}

static uint64_t granted(struct stage *stage, const struct principal *who, const char *id)
{
	uint64_t permissions;

	assert_int_equal(grants_of(stage->app.db, who, "file", id, &permissions), ERR_OK);
	return permissions;
}

static void a_grant_is_to_a_user_or_to_a_role(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	struct principal bob = stage_account(stage, "bob", "viewer");
	const uint64_t may_read = UINT64_C(1) << PERMISSION_CHAT_READ;
	const uint64_t may_write = UINT64_C(1) << PERMISSION_CHAT_WRITE;

	assert_true(granted(stage, &eve, "f1") == 0);
	give(stage, "user", eve.user_id, "chat:read");
	assert_true(granted(stage, &eve, "f1") == may_read);
	assert_true(granted(stage, &bob, "f1") == 0);
	assert_true(granted(stage, &eve, "f2") == 0);
	give(stage, "role", "user", "chat:write");
	assert_true(granted(stage, &eve, "f1") == (may_read | may_write));
	assert_true(granted(stage, &bob, "f1") == 0);
	give(stage, "user", eve.user_id, "chat:write"); /* in the place of the one before */
	give(stage, "role", "user", NULL);
	assert_true(granted(stage, &eve, "f1") == may_write);
	give(stage, "user", eve.user_id, NULL);
	assert_true(granted(stage, &eve, "f1") == 0);
	assert_int_equal(count(stage, "SELECT count(*) FROM resource_grant"), 0);
}

/* An id is no name of a role, and the other way round. */
static void the_kinds_of_grants_are_not_mixed_up(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);

	give(stage, "role", eve.user_id, "chat:read");
	give(stage, "user", "user", "chat:read");
	assert_true(granted(stage, &eve, "f1") == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST(a_role_is_given_and_logged),
		STAGE_TEST(whoever_is_disabled_is_signed_out),
		STAGE_TEST(somebody_can_be_signed_out_and_deleted),
		STAGE_TEST(a_manager_is_not_above_an_administrator),
		STAGE_TEST(the_list_finds_names_by_their_beginning),
		STAGE_TEST(the_last_administrator_stays_one),
		STAGE_TEST(of_all_who_leave_at_once_one_stays),
		STAGE_TEST(a_role_is_made_changed_and_deleted),
		STAGE_TEST(what_is_built_in_stays_as_it_is),
		STAGE_TEST(a_name_is_taken_once),
		STAGE_TEST(nobody_gives_what_they_have_not),
		STAGE_TEST(the_built_in_roles_are_listed_first),
		STAGE_TEST(an_invitation_is_good_once_and_gives_its_role),
		STAGE_TEST(an_invitation_ends_or_is_taken_back),
		STAGE_TEST(the_role_of_an_invitation_is_ones_own_to_give),
		STAGE_TEST(invitations_are_listed_until_they_are_used),
		STAGE_TEST(a_grant_is_to_a_user_or_to_a_role),
		STAGE_TEST(the_kinds_of_grants_are_not_mixed_up),
	};

	return RUN_TESTS(tests);
}
